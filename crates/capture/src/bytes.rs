//! The bytes that frames are borrowed from.

use std::ops::Deref;

/// A stretch of a capture, shared by the reader and the batches whose frames stand in it.
pub(crate) struct Bytes {
    /// More than was read: what is behind `filled` is left over from an earlier use and means nothing.
    bytes: Vec<u8>,
    /// How many of `bytes` were read; at most their number.
    filled: usize,
}

impl Bytes {
    /// The first `filled` of `bytes`.
    pub(crate) fn new(bytes: Vec<u8>, filled: usize) -> Self {
        let filled = filled.min(bytes.len());
        Self { bytes, filled }
    }

    /// A whole capture in memory.
    pub(crate) fn whole(bytes: Vec<u8>) -> Self {
        let filled = bytes.len();
        Self { bytes, filled }
    }

    /// The memory, to be filled again.
    pub(crate) fn into_memory(self) -> Vec<u8> {
        self.bytes
    }
}

impl Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.bytes.get(..self.filled).unwrap_or_default()
    }
}
