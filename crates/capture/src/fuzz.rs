//! The body of the fuzz target `capture`.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::io::{self, Read};

use crate::stream::Pace;
use crate::{Batch, CaptureError, Input, Reader};

/// Reads arbitrary bytes as a capture to its end, once as a whole and once streamed in small pieces.
///
/// # Panics
///
/// When both ways do not give the same frames, warnings and error, or when frame numbers have gaps.
pub fn fuzz_capture(bytes: &[u8]) {
    let input = Input::File("fuzz".into());
    let whole = outcome(Reader::from_bytes(input.clone(), bytes.to_vec()), 64);
    let pieces = Pieces { bytes: bytes.to_vec(), at: 0, next: 1 };
    let streamed = outcome(Reader::streamed(input, pieces, Pace::AsItComes, 48, None), 3);
    if whole.loses_the_end || streamed.loses_the_end {
        // How much is lost before the damage depends on how much is read at once.
        assert!(whole.error.is_some() && streamed.error.is_some(), "damage goes unnoticed as {whole:?}");
    } else {
        assert_eq!(whole, streamed, "a capture reads differently as a stream");
    }
}

/// Everything that was read, small enough to compare.
#[derive(PartialEq, Debug)]
struct Outcome {
    frames: u64,
    /// A hash of the frames.
    hash: u64,
    warnings: Vec<String>,
    error: Option<String>,
    /// Compressed data were damaged.
    loses_the_end: bool,
}

fn outcome(reader: Result<Reader, CaptureError>, batch_frames: usize) -> Outcome {
    let mut frames = 0_u64;
    let mut hash = DefaultHasher::new();
    let (warnings, error) = match reader {
        Err(error) => (Vec::new(), Some(error)),
        Ok(mut reader) => {
            let mut batch = Batch::new(batch_frames);
            let error = loop {
                match reader.next_batch(&mut batch) {
                    Ok(true) => {}
                    Ok(false) => break None,
                    Err(error) => break Some(error),
                }
                for frame in &batch {
                    frames = frames.saturating_add(1);
                    assert_eq!(frame.number.0, frames, "frame numbers have a gap");
                    (frame.time, frame.link_type, frame.original_length, frame.bytes).hash(&mut hash);
                }
            };
            assert!(matches!(reader.next_batch(&mut batch), Ok(false)), "a capture goes on after its end");
            (reader.warnings().iter().map(ToString::to_string).collect(), error)
        }
    };
    let loses_the_end = matches!(
        &error,
        Some(CaptureError::ReadFailed { cause, .. }) if cause.kind() != io::ErrorKind::UnexpectedEof
    );
    let error = error.map(|error| error.to_string());
    Outcome { frames, hash: hash.finish(), warnings, error, loses_the_end }
}

/// Gives its bytes in pieces of 1 to 7.
struct Pieces {
    bytes: Vec<u8>,
    at: usize,
    next: usize,
}

impl Read for Pieces {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let piece = rest.get(..self.next.min(buffer.len())).unwrap_or(rest);
        let count = (&*piece).read(buffer)?;
        self.at = self.at.saturating_add(count);
        self.next = self.next % 7 + 1;
        Ok(count)
    }
}
