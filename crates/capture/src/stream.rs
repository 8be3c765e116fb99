//! Reads a file or a stream window by window, decompressing it on the way.

use std::io::{self, BufReader, Cursor, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::bytes::Bytes;

/// Reads a capture window by window, decompressing it on the way.
pub(crate) struct Stream {
    source: Box<dyn Read + Send>,
    pace: Pace,
    window_bytes: usize,
    compressed: bool,
    raw_position: Arc<AtomicU64>,
    end: Option<End>,
    /// Windows that were given out; those that no batch uses any more are filled again. At most [`MAX_RETIRED`].
    retired: Vec<Arc<Bytes>>,
}

/// Whether windows are filled as far as possible before they are given out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Pace {
    /// Yes: the source is a file, and large windows cost less.
    Full,
    /// No: the source may be a running capture, and what is there should be seen now.
    AsItComes,
}

/// How a stream ended.
#[derive(Debug)]
pub(crate) enum End {
    /// As it should.
    Complete,
    /// Within compressed data.
    CutOff,
    /// With an error.
    Failed(io::Error),
}

/// Tells compressed data from its first bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Compression {
    Gzip,
    Zstd,
}

/// Whether `start` is the beginning of compressed data that can be decompressed here.
pub(crate) fn is_compressed(start: &[u8]) -> bool {
    compression(start).is_some()
}

impl Stream {
    /// Begins to read a source.
    pub(crate) fn new(
        mut source: impl Read + Send + 'static,
        pace: Pace,
        window_bytes: usize,
    ) -> io::Result<Self> {
        let mut start = Vec::new();
        source.by_ref().take(MAGIC_BYTES).read_to_end(&mut start)?;
        let compression = compression(&start);
        let raw_position = Arc::new(AtomicU64::new(0));
        let source =
            Counted { source: Cursor::new(start).chain(source), position: Arc::clone(&raw_position) };
        let source: Box<dyn Read + Send> = match compression {
            None => Box::new(source),
            Some(Compression::Gzip) => Box::new(flate2::bufread::MultiGzDecoder::new(buffered(source))),
            Some(Compression::Zstd) => Box::new(zstd::stream::read::Decoder::with_buffer(buffered(source))?),
        };
        let compressed = compression.is_some();
        let window_bytes = window_bytes.max(1);
        Ok(Self { source, pace, window_bytes, compressed, raw_position, end: None, retired: Vec::new() })
    }

    /// Reads on: the next window begins with `tail`, what was left of the one before, and has at least `needed` bytes
    /// unless the stream ends. `None` when there is nothing more.
    ///
    /// A window only grows as bytes arrive, so that a forged length does not reserve memory.
    pub(crate) fn next_window(&mut self, tail: &[u8], needed: usize) -> Option<Arc<Bytes>> {
        if self.end.is_some() {
            return None;
        }
        let mut window = self.reuse_window();
        let least = tail.len().saturating_mul(2).min(needed).max(tail.len().saturating_add(1));
        window.resize(window.len().max(self.window_bytes).max(least), 0);
        if let Some(start) = window.get_mut(..tail.len()) {
            start.copy_from_slice(tail);
        }
        let mut filled = tail.len();
        while filled < needed || self.pace == Pace::Full {
            if filled == window.len() {
                if filled >= needed {
                    break;
                }
                window.resize(window.len().saturating_mul(2).min(needed), 0);
            }
            let until = if self.compressed { filled.saturating_add(DECOMPRESSED_BYTES) } else { usize::MAX };
            let until = until.min(window.len());
            match self.source.read(window.get_mut(filled..until).unwrap_or_default()) {
                Ok(0) => {
                    self.end = Some(End::Complete);
                    break;
                }
                Ok(count) => filled = filled.saturating_add(count).min(window.len()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof && self.compressed => {
                    self.end = Some(End::CutOff);
                    break;
                }
                Err(error) => {
                    self.end = Some(End::Failed(error));
                    break;
                }
            }
        }
        let grown = filled > tail.len();
        let window = Arc::new(Bytes::new(window, filled));
        if grown {
            Some(window)
        } else {
            self.retire(window);
            None
        }
    }

    /// Takes back a window, to fill it again when its batches are done with.
    pub(crate) fn retire(&mut self, window: Arc<Bytes>) {
        if self.retired.len() >= MAX_RETIRED {
            self.retired.remove(0);
        }
        self.retired.push(window);
    }

    /// How the stream ended, once [`Self::next_window`] gave `None`. A second call gives [`End::Complete`].
    pub(crate) fn take_end(&mut self) -> End {
        self.end.replace(End::Complete).unwrap_or(End::Complete)
    }

    /// How much was read from the source, in bytes, before decompression.
    pub(crate) fn raw_position(&self) -> u64 {
        self.raw_position.load(Ordering::Relaxed)
    }

    fn reuse_window(&mut self) -> Vec<u8> {
        let free = self.retired.iter_mut().position(|window| Arc::get_mut(window).is_some());
        free.and_then(|index| Arc::into_inner(self.retired.swap_remove(index)))
            .map(Bytes::into_memory)
            // One that a huge record has blown up is given back.
            .filter(|memory| memory.len() <= self.window_bytes.saturating_mul(2))
            .unwrap_or_default()
    }
}

/// Counts what is read from a source.
struct Counted<R> {
    source: R,
    position: Arc<AtomicU64>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.source.read(buffer)?;
        self.position.fetch_add(u64::try_from(count).unwrap_or(u64::MAX), Ordering::Relaxed);
        Ok(count)
    }
}

fn buffered<R: Read>(source: R) -> BufReader<R> {
    BufReader::with_capacity(COMPRESSED_BUFFER_BYTES, source)
}

fn compression(start: &[u8]) -> Option<Compression> {
    match start {
        [0x1f, 0x8b, ..] => Some(Compression::Gzip),
        // Also the skippable frames that may stand before the first one, as parallel compressors write them.
        [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Some(Compression::Zstd),
        _ => None,
    }
}

/// Size of a window, in bytes, unless a single record is larger. Bounds the memory of a batch in flight.
pub(crate) const WINDOW_BYTES: usize = 256 << 10;

/// Windows remembered for reuse; those of further batches in flight are freed instead.
const MAX_RETIRED: usize = 64;

/// Enough to tell compressed data from a capture.
const MAGIC_BYTES: u64 = 4;

const COMPRESSED_BUFFER_BYTES: usize = 128 << 10;

/// Decompressed at once, in bytes. What a decompressor gives in the same turn in which it meets damage is lost.
const DECOMPRESSED_BYTES: usize = 16 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    fn stream_of(bytes: &'static [u8], pace: Pace, window_bytes: usize) -> Stream {
        Stream::new(bytes, pace, window_bytes).expect("a stream")
    }

    #[test]
    fn a_window_begins_with_what_was_left_of_the_one_before() {
        let mut stream = stream_of(b"0123456789", Pace::Full, 4);
        assert_eq!(&**stream.next_window(b"", 1).expect("a window"), b"0123");
        assert_eq!(&**stream.next_window(b"23", 3).expect("a window"), b"2345");
        assert_eq!(&**stream.next_window(b"2345", 6).expect("a window"), b"234567");
        assert_eq!(&**stream.next_window(b"", 1000).expect("a window"), b"89");
        assert!(stream.next_window(b"89", 1000).is_none());
    }

    #[test]
    fn a_forged_length_reserves_little_more_than_there_is() {
        let mut stream = stream_of(&[7; 1000], Pace::AsItComes, 16);
        let window = stream.next_window(b"", 1 << 24).expect("a window");
        assert_eq!(window.len(), 1000);
        let reserved = Arc::into_inner(window).expect("nobody else holds it").into_memory().len();
        assert!(reserved <= 2048, "{reserved} bytes were reserved");
    }

    #[test]
    fn a_window_is_reused_once_nobody_holds_it() {
        let mut stream = stream_of(&[7; 64], Pace::Full, 16);
        let (held, free) =
            (stream.next_window(b"", 1).expect("a window"), stream.next_window(b"", 1).expect("a window"));
        let (held_at, free_at) = (held.as_ptr(), free.as_ptr());
        stream.retire(Arc::clone(&held));
        stream.retire(free);
        assert_eq!(stream.next_window(b"", 1).expect("a window").as_ptr(), free_at);
        assert_ne!(stream.next_window(b"", 1).expect("a window").as_ptr(), held_at);
    }

    #[test]
    fn a_failing_source_gives_what_it_had_and_then_its_error() {
        struct Failing;
        impl Read for Failing {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::Error::other("the disk is gone"))
            }
        }
        let mut stream = Stream::new((&b"01234567"[..]).chain(Failing), Pace::Full, 100).expect("a stream");
        assert_eq!(&**stream.next_window(b"", 1).expect("a window"), b"01234567");
        assert!(stream.next_window(b"", 1).is_none());
        assert!(matches!(stream.take_end(), End::Failed(error) if error.to_string() == "the disk is gone"));
    }
}
