//! The bytes that frames are borrowed from.

use std::ops::{Deref, Range};

use memmap2::Mmap;

use crate::map;

/// A stretch of a capture, shared by the reader and the batches whose frames stand in it.
pub(crate) enum Bytes {
    /// A whole mapped file.
    Map(Mmap),
    /// A part of a streamed capture, or a whole one in memory.
    Buffer {
        /// More than was read: what is behind `filled` is left over from an earlier use and means nothing.
        bytes: Vec<u8>,
        /// How many of `bytes` were read; at most their number.
        filled: usize,
    },
}

impl Bytes {
    /// A whole capture in memory.
    pub(crate) fn whole(bytes: Vec<u8>) -> Self {
        let filled = bytes.len();
        Self::Buffer { bytes, filled }
    }

    /// Says that `part` has been walked and will hardly be looked at again.
    pub(crate) fn release(&self, part: Range<usize>) {
        if let Self::Map(map) = self {
            map::release(map, part);
        }
    }
}

impl Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Map(map) => map,
            Self::Buffer { bytes, filled } => bytes.get(..*filled).unwrap_or_default(),
        }
    }
}
