//! Builds one large capture from small ones.
//!
//! A copy is all captures side by side, in the order of time, as if they had been recorded together. Copies follow each
//! other, sixteen at a time mixed; each has hosts of its own, since its IPv4 addresses are changed. Checksums are left
//! as they are and no longer right, so no contestant may verify them.

use crate::Error;
use rpcscope_capture::{Batch, Input, Reader};
use rpcscope_model::LinkType;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

/// A frame of a copy.
struct Template {
    /// Time since the first frame of its capture, in microseconds.
    offset_us: u64,
    /// Which of the captures it is from.
    capture: usize,
    original_length: u32,
    bytes: Vec<u8>,
}

/// Builds a load of about `megabytes` in the file `to`.
pub(crate) fn run(to: &Path, megabytes: &OsStr, captures: &[OsString]) -> Result<(), Error> {
    let megabytes: u64 = megabytes.to_str().and_then(|number| number.parse().ok()).ok_or("not a number")?;
    let mut templates = Vec::new();
    for (capture, path) in captures.iter().enumerate() {
        read(Path::new(path), capture, &mut templates)?;
    }
    templates.sort_by_key(|template| template.offset_us);
    if templates.is_empty() {
        return Err("a load needs captures of Ethernet frames".into());
    }
    write(
        &templates,
        megabytes.saturating_mul(1_000_000),
        &mut BufWriter::with_capacity(1 << 20, File::create(to)?),
    )
}

fn read(path: &Path, capture: usize, templates: &mut Vec<Template>) -> Result<(), Error> {
    let mut reader = Reader::open(&Input::File(path.to_owned()))?;
    let mut batch = Batch::new(256);
    let mut first = None;
    while reader.next_batch(&mut batch)? {
        for frame in batch.frames().filter(|frame| frame.link_type == LinkType::ETHERNET) {
            let first = *first.get_or_insert(frame.time);
            templates.push(Template {
                offset_us: frame.time.since_ns(first) / 1000,
                capture,
                original_length: frame.original_length,
                bytes: frame.bytes.to_vec(),
            });
        }
    }
    Ok(())
}

/// Writes copies as a classic pcap file (draft-ietf-opsawg-pcap 4 and 5) until there are `target` bytes.
fn write(templates: &[Template], target: u64, to: &mut impl Write) -> Result<(), Error> {
    let span_us = templates.last().map_or(0, |last| last.offset_us) + 1_000_000;
    let mut header = [0; 24];
    for (place, word) in header.chunks_exact_mut(4).zip([0xa1b2_c3d4_u32, 0x0004_0002, 0, 0, 262_144, 1]) {
        place.copy_from_slice(&word.to_le_bytes());
    }
    to.write_all(&header)?;
    let (mut written, mut copy) = (24_u64, 0_u64);
    let mut bytes = Vec::new();
    while written < target {
        let start_us = START_US + copy / MIXED_COPIES * span_us + copy % MIXED_COPIES * 1000;
        for template in templates {
            bytes.clear();
            bytes.extend_from_slice(&template.bytes);
            move_hosts(&mut bytes, copy, template.capture);
            let at = start_us + template.offset_us;
            let length = u32::try_from(bytes.len())?;
            for word in [u32::try_from(at / 1_000_000)?, u32::try_from(at % 1_000_000)?, length] {
                to.write_all(&word.to_le_bytes())?;
            }
            to.write_all(&template.original_length.max(length).to_le_bytes())?;
            to.write_all(&bytes)?;
            written += 16 + u64::from(length);
        }
        copy += 1;
    }
    to.flush()?;
    Ok(())
}

/// Gives the IPv4 hosts of a frame other addresses: the second byte by the copy, the third by capture and copy.
fn move_hosts(frame: &mut [u8], copy: u64, capture: usize) {
    let mut type_at = 12;
    while matches!(frame.get(type_at..type_at + 2), Some([0x81, 0x00] | [0x88, 0xa8])) {
        type_at += 4;
    }
    if frame.get(type_at..type_at + 2) != Some(&[0x08, 0x00]) {
        return;
    }
    let [second, carry, ..] = copy.to_le_bytes();
    let [low, ..] = capture.to_le_bytes();
    for address in [type_at + 2 + 12, type_at + 2 + 16] {
        if let Some([_, b, c, _]) = frame.get_mut(address..address + 4) {
            *b ^= second;
            *c ^= carry ^ low;
        }
    }
}

/// Time of the first frame, in microseconds since 1970: some day in 2023.
const START_US: u64 = 1_700_000_000_000_000;

/// Copies that share a stretch of time.
const MIXED_COPIES: u64 = 16;

#[cfg(test)]
mod tests {
    use super::*;

    /// Ethernet and IPv4 up to the addresses, here 10.0.0.1 and 10.0.0.2.
    fn frame(tags: &[u8]) -> Vec<u8> {
        [&[0; 12][..], tags, &[0x08, 0x00], &[0x45; 12], &[10, 0, 0, 1], &[10, 0, 0, 2]].concat()
    }

    #[test]
    fn copies_and_captures_have_hosts_of_their_own() {
        for tags in [&[][..], &[0x81, 0x00, 0, 5], &[0x88, 0xa8, 0, 5, 0x81, 0x00, 0, 6]] {
            let mut bytes = frame(tags);
            move_hosts(&mut bytes, 0x0203, 4);
            assert_eq!(bytes[bytes.len() - 8..], [10, 3, 6, 1, 10, 3, 6, 2]);
        }
    }

    #[test]
    fn what_is_not_ipv4_stays_as_it_is() {
        for bytes in
            [vec![], vec![0; 13], [&[0; 12][..], &[0x86, 0xdd], &[7; 40]].concat(), frame(&[])[..29].to_vec()]
        {
            let mut moved = bytes.clone();
            move_hosts(&mut moved, 1, 1);
            assert_eq!(moved, bytes);
        }
    }

    #[test]
    fn a_load_has_the_size_asked_for_and_can_be_read() {
        let scratch = tempfile::tempdir().expect("a folder");
        let (one, load) = (scratch.path().join("one.pcap"), scratch.path().join("load.pcap"));
        let template = |offset_us, bytes| Template { offset_us, capture: 0, original_length: 90, bytes };
        let templates = [template(0, frame(&[])), template(1_500_000, frame(&[0x81, 0x00, 0, 5]))];
        write(&templates, 100, &mut File::create(&one).expect("a file")).expect("written");
        run(&load, OsStr::new("1"), &[one.into()]).expect("a load");
        let mut read_back = Vec::new();
        read(&load, 0, &mut read_back).expect("a capture");
        let bytes = std::fs::metadata(&load).expect("a file").len();
        assert!((1_000_000..1_000_200).contains(&bytes), "{bytes}");
        let first: Vec<_> =
            read_back[..4].iter().map(|frame| (frame.offset_us, frame.original_length)).collect();
        assert_eq!(first, [(0, 90), (1_500_000, 90), (1000, 90), (1_501_000, 90)]);
        assert_eq!(read_back[2].bytes[26..], [10, 1, 0, 1, 10, 1, 0, 2]);
    }
}
