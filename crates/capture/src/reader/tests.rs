use std::fs;
use std::io::{Cursor, Write};
use std::sync::Arc;
use std::thread;

use proptest::prelude::*;

use super::*;
use crate::build::{Order, PcapFile, PcapngFile, drain, gzip, read_all, x, zstd};
use crate::fuzz::fuzz_capture;

/// A pcap file of `frames` frames of different lengths.
fn pcap_of(frames: u32) -> Vec<u8> {
    let mut file = PcapFile::new(Order::Little, 0xa1b2_c3d4, 65535, 1);
    for number in 0..frames {
        let length = usize::try_from(number % 97).expect("a length");
        file.record(number, 0, 1500, &vec![number.to_le_bytes()[0]; length], 0);
    }
    file.bytes
}

fn pcapng_of(frames: u64) -> Vec<u8> {
    let mut file = PcapngFile::new(Order::Big);
    file.interface(1, 0, &[(9, &[9])]);
    for number in 0..frames {
        file.enhanced(0, number, 1500, &number.to_le_bytes());
    }
    file.bytes
}

fn file_of(bytes: &[u8]) -> (tempfile::TempDir, Input) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("x");
    fs::write(&path, bytes).expect("a file");
    (folder, Input::File(path))
}

#[test]
fn plain_and_compressed_files_and_streams_give_the_same_frames() {
    for bytes in [pcap_of(5_000), pcapng_of(5_000)] {
        let expected = read_all(bytes.clone()).frames;
        assert_eq!(expected.len(), 5_000);
        for packed in [bytes.clone(), gzip(&bytes), zstd(&bytes)] {
            let (_folder, input) = file_of(&packed);
            let file = drain(Reader::open(&input));
            let stream = drain(Reader::from_read(Input::Stdin, Cursor::new(packed.clone())));
            for read in [file, stream, read_all(packed)] {
                assert_eq!((read.error, read.warnings), (None, Vec::new()));
                assert!(read.frames == expected);
            }
        }
    }
}

#[test]
fn members_of_a_compressed_file_are_read_as_one() {
    let bytes = pcap_of(100);
    let (first, second) = bytes.split_at(777);
    for packed in [[gzip(first), gzip(second)].concat(), [zstd(first), zstd(second)].concat()] {
        assert_eq!(read_all(packed).frames, read_all(bytes.clone()).frames);
    }
}

#[test]
fn several_files_are_numbered_as_one_capture() {
    let mut reader = Reader::from_bytes(x(), pcap_of(5)).expect("a capture");
    let mut batch = Batch::new(64);
    assert!(reader.next_batch(&mut batch).expect("frames"));
    let mut next =
        Reader::from_bytes(x(), pcap_of(3)).expect("a capture").numbered_from(reader.next_number());
    assert!(next.next_batch(&mut batch).expect("frames"));
    assert_eq!(batch.frames().map(|frame| frame.number.0).collect::<Vec<_>>(), [6, 7, 8]);
    assert_eq!(batch.frame(1).map(|frame| frame.number.0), Some(7));
    assert!(batch.frame(3).is_none());
}

#[test]
fn a_batch_holds_at_most_its_capacity_and_is_empty_at_the_end() {
    let mut reader = Reader::from_bytes(x(), pcap_of(10)).expect("a capture");
    let mut batch = Batch::new(4);
    let mut lengths = Vec::new();
    while reader.next_batch(&mut batch).expect("frames") {
        lengths.push(batch.len());
        assert_eq!(batch.frames().len(), batch.len());
    }
    assert_eq!(lengths, [4, 4, 2]);
    assert!(batch.is_empty() && batch.frames().next().is_none());
}

#[test]
fn batches_stay_valid_in_other_threads_while_reading_goes_on() {
    let bytes = pcap_of(2_000);
    let expected = read_all(bytes.clone()).frames;
    for packed in [bytes.clone(), zstd(&bytes)] {
        let mut reader =
            Reader::streamed(x(), Cursor::new(packed), Pace::Full, 4096, None).expect("a capture");
        let mut batches = Vec::new();
        loop {
            let mut batch = Batch::new(100);
            if !reader.next_batch(&mut batch).expect("frames") {
                break;
            }
            batches.push(Arc::new(batch));
        }
        let threads: Vec<_> = batches
            .into_iter()
            .map(|batch| {
                thread::spawn(move || batch.frames().map(|frame| frame.bytes.to_vec()).collect::<Vec<_>>())
            })
            .collect();
        let frames: Vec<_> =
            threads.into_iter().flat_map(|thread| thread.join().expect("a thread")).collect();
        assert!(frames.iter().eq(expected.iter().map(|frame| &frame.bytes)));
    }
}

#[test]
fn a_record_larger_than_a_window_is_read() {
    let mut file = PcapFile::new(Order::Little, 0xa1b2_c3d4, 65535, 1);
    let large = vec![9; 200_000];
    file.record(1, 0, 200_000, &large, 0).record(2, 0, 1, b"a", 0);
    let read = drain(Reader::streamed(x(), Cursor::new(file.bytes), Pace::Full, 64, None));
    assert_eq!(read.frames.iter().map(|frame| frame.bytes.len()).collect::<Vec<_>>(), [200_000, 1]);
}

#[test]
fn what_a_pipe_has_is_delivered_before_more_is_waited_for() {
    /// Gives one record at a time, and panics when asked for more than the reader has to have.
    struct Pipe(Vec<Vec<u8>>);
    impl Read for Pipe {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            assert!(!self.0.is_empty(), "the reader waits for more although it has a frame");
            self.0.remove(0).as_slice().read(buffer)
        }
    }
    let bytes = pcap_of(3);
    let pieces = vec![bytes[..4].to_vec(), bytes[4..24].to_vec(), bytes[24..40].to_vec()];
    let mut reader = Reader::from_read(Input::Stdin, Pipe(pieces)).expect("a capture");
    let mut batch = Batch::new(64);
    assert!(reader.next_batch(&mut batch).expect("a frame"));
    assert_eq!(batch.len(), 1);
}

#[test]
fn position_runs_up_to_size() {
    let bytes = pcap_of(5_000);
    for packed in [bytes.clone(), gzip(&bytes), zstd(&bytes)] {
        let (_folder, input) = file_of(&packed);
        let mut reader = Reader::open(&input).expect("a capture");
        assert_eq!(reader.size(), Some(packed.len() as u64));
        let mut batch = Batch::new(16);
        let mut last = reader.position();
        while reader.next_batch(&mut batch).expect("frames") {
            assert!(reader.position() >= last);
            last = reader.position();
        }
        assert_eq!(last, packed.len() as u64);
    }
    assert_eq!(Reader::from_read(Input::Stdin, Cursor::new(bytes)).expect("a capture").size(), None);
}

#[test]
fn compressed_data_that_end_early_are_a_warning() {
    let bytes = pcap_of(5_000);
    for packed in [gzip(&bytes), zstd(&bytes)] {
        let read = read_all(packed[..packed.len() - 3].to_vec());
        assert_eq!(read.error, None);
        let [warning] = &read.warnings[..] else { panic!("one warning, not {:?}", read.warnings) };
        assert!(warning.starts_with("x: the compressed data end too early, after "), "{warning}");
    }
}

#[test]
fn compressed_data_that_are_damaged_are_an_error_with_the_offset_and_the_cause() {
    let bytes = pcap_of(5_000);
    let mut packed = gzip(&bytes);
    let at = packed.len() - 6; // in the checksum
    packed[at] ^= 1;
    let read = read_all(packed);
    assert_eq!(read.frames.len(), 5_000);
    assert!(
        read.error.expect("an error").starts_with(&format!("x: cannot read on at byte {}: ", bytes.len()))
    );
}

#[test]
fn frames_well_before_damage_in_compressed_data_are_read() {
    let bytes = pcap_of(5_000);
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(&bytes).and_then(|()| encoder.flush()).expect("compressed");
    let mut packed = encoder.get_ref().clone();
    packed.push(0b111); // the last block, of a type that does not exist
    let read = read_all(packed);
    assert!(read.error.expect("an error").ends_with("corrupt deflate stream"));
    let expected = read_all(bytes).frames;
    assert!(read.frames.len() > expected.len() - 1_000, "{} frames", read.frames.len());
    assert!(read.frames == expected[..read.frames.len()]);
}

#[test]
fn compressed_data_that_are_no_capture_are_named_although_they_are_damaged_behind() {
    let packed = gzip(&[0; 100]);
    for cut in [packed.len() - 1, packed.len() - 8] {
        let packed = packed[..cut].to_vec();
        let told = Some("x: not a capture: it starts with 00 00 00 00 00 00 00 00 (`........`)");
        assert_eq!(read_all(packed.clone()).error.as_deref(), told);
        assert_eq!(drain(Reader::from_read(x(), Cursor::new(packed))).error.as_deref(), told);
    }
}

#[test]
fn what_is_no_capture_is_named() {
    for (bytes, told) in [
        (&b""[..], "x: not a capture: it is empty"),
        (b"# Notes\non it", "x: not a capture: it starts with 23 20 4e 6f 74 65 73 0a (`# Notes.`)"),
        (b"a", "x: not a capture: it starts with 61 (`a`)"),
        (
            b"\x0a\x0d\x0d\x0a\0\0\0\x1cabcd",
            "x: not a capture: it starts with 0a 0d 0d 0a 00 00 00 1c (`........`)",
        ),
    ] {
        assert_eq!(read_all(bytes.to_vec()).error.as_deref(), Some(told));
        assert_eq!(drain(Reader::from_read(x(), bytes)).error.as_deref(), Some(told));
        if !bytes.is_empty() {
            assert_eq!(read_all(gzip(bytes)).error.as_deref(), Some(told));
            assert_eq!(read_all(zstd(bytes)).error.as_deref(), Some(told));
        }
    }
}

#[test]
fn files_that_cannot_be_opened_are_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let missing = Input::File(folder.path().join("missing.pcap"));
    let error = Reader::open(&missing).err().expect("an error").to_string();
    assert!(error.starts_with(&format!("{missing}: cannot open: ")), "{error}");
    assert!(Reader::open(&Input::File(folder.path().to_owned())).is_err());
}

#[test]
fn an_empty_file_is_an_error() {
    let (_folder, input) = file_of(b"");
    assert!(matches!(Reader::open(&input), Err(CaptureError::Empty { .. })));
}

#[test]
fn captures_are_read_alike_as_a_whole_and_as_a_stream_wherever_they_are_cut() {
    for bytes in [pcap_of(4), pcapng_of(4)] {
        for cut in 0..=bytes.len() {
            fuzz_capture(&bytes[..cut]);
        }
        for packed in [gzip(&bytes), zstd(&bytes)] {
            for cut in 0..=packed.len() {
                // Where a decompressor stops within a cut block is its own affair; it must only not panic.
                read_all(packed[..cut].to_vec());
            }
        }
    }
}

/// A capture of which some bytes are changed.
fn damaged(capture: Vec<u8>, changes: &[(prop::sample::Index, u8)]) -> Vec<u8> {
    let mut bytes = capture;
    for (index, value) in changes {
        let index = index.index(bytes.len());
        bytes[index] = *value;
    }
    bytes
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
        for magic in [&[][..], &[0xd4, 0xc3, 0xb2, 0xa1], &[0xa1, 0xb2, 0x3c, 0x4d], &[0x34, 0xcd, 0xb2, 0xa1]] {
            fuzz_capture(&[magic, &bytes].concat());
        }
        for order in [Order::Little, Order::Big] {
            let mut section = PcapngFile::new(order).bytes;
            section.extend(&bytes);
            fuzz_capture(&section);
        }
        for magic in [&[0x1f, 0x8b, 8, 0][..], &[0x28, 0xb5, 0x2f, 0xfd]] {
            read_all([magic, &bytes].concat());
        }
    }

    #[test]
    fn damaged_captures_never_panic(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..20),
    ) {
        fuzz_capture(&damaged(pcap_of(20), &changes));
        fuzz_capture(&damaged(pcapng_of(20), &changes));
        read_all(damaged(gzip(&pcap_of(20)), &changes));
        read_all(damaged(zstd(&pcap_of(20)), &changes));
    }
}
