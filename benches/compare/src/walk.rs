//! The bare walk: what reading a capture costs before anything is made of it.

use crate::Error;
use rpcscope_capture::{Batch, Input, Reader};
use std::hint::black_box;
use std::path::Path;

/// Touches the record header and the first bytes of each frame, and returns how many frames there are.
pub(crate) fn run(capture: &Path) -> Result<u64, Error> {
    let (mut frames, mut touched) = (0, 0_u64);
    let mut reader = Reader::open(&Input::File(capture.to_owned()))?;
    let mut batch = Batch::new(BATCH_FRAMES);
    while reader.next_batch(&mut batch)? {
        frames += batch.len() as u64;
        for frame in batch.frames() {
            let start = frame.bytes.get(..TOUCHED_BYTES).unwrap_or(frame.bytes);
            let (words, rest) = start.as_chunks::<8>();
            let sum =
                words.iter().fold(frame.time.0.unsigned_abs(), |sum, word| sum ^ u64::from_ne_bytes(*word));
            touched ^= rest.iter().fold(sum, |sum, byte| sum ^ u64::from(*byte));
        }
    }
    black_box(touched);
    Ok(frames)
}

/// Bytes of each frame that are read: the headers up to TCP fit, and the start of what it carries.
const TOUCHED_BYTES: usize = 64;

/// As many as rpcscope reads at once.
const BATCH_FRAMES: usize = 2048;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_capture_is_walked_and_counted() {
        let scratch = tempfile::tempdir().expect("a folder");
        let capture = scratch.path().join("two.pcap");
        let mut bytes =
            vec![0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 1, 0, 0, 0];
        for length in [3_u8, 100] {
            bytes.extend([0, 0, 0, 0, 0, 0, 0, 0, length, 0, 0, 0, length, 0, 0, 0]);
            bytes.resize(bytes.len() + usize::from(length), length);
        }
        std::fs::write(&capture, &bytes).expect("a file");
        assert_eq!(run(&capture).expect("a walk"), 2);
        std::fs::write(&capture, b"no capture").expect("a file");
        assert!(run(&capture).is_err());
    }
}
