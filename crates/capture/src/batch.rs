//! Frames in handy numbers.

use std::iter::FusedIterator;
use std::num::NonZeroUsize;
use std::slice;
use std::sync::Arc;

use rpcscope_model::{Frame, FrameNumber, LinkType, Timestamp};

use crate::bytes::Bytes;

/// A number of frames that follow each other in a capture, with what keeps their bytes alive.
///
/// Made once and refilled by [`Reader::next_batch`](crate::Reader::next_batch), which reuses its memory. Can be sent to
/// another thread, or shared behind an `Arc`; the frames are borrowed from it.
pub struct Batch {
    bytes: Option<Arc<Bytes>>,
    records: Vec<Record>,
    first_number: FrameNumber,
    capacity: NonZeroUsize,
}

/// Where a frame stands in the bytes of its batch. Its number follows from its place in the batch.
pub(crate) struct Record {
    pub(crate) time: Timestamp,
    pub(crate) start: usize,
    pub(crate) captured_length: u32,
    pub(crate) original_length: u32,
    pub(crate) link_type: LinkType,
}

impl Batch {
    /// Makes an empty batch for up to `capacity` frames; a capacity of 0 is taken for 1.
    ///
    /// Handing a batch of 64 frames or more to another thread costs little per frame; 256 to 1024 are a good number.
    pub fn new(capacity: usize) -> Self {
        let capacity = NonZeroUsize::new(capacity).unwrap_or(NonZeroUsize::MIN);
        Self {
            bytes: None,
            records: Vec::with_capacity(capacity.get()),
            first_number: FrameNumber(1),
            capacity,
        }
    }

    /// Forgets all frames and lets go of their bytes, but keeps the memory for the next ones.
    pub fn clear(&mut self) {
        self.records.clear();
        self.bytes = None;
    }

    /// Makes room for the frames of `bytes` that begin with number `first_number`.
    pub(crate) fn refill(&mut self, first_number: FrameNumber) -> Sink<'_> {
        self.clear();
        self.first_number = first_number;
        Sink { records: &mut self.records, capacity: self.capacity }
    }

    /// Keeps the bytes that the records point into.
    pub(crate) fn keep(&mut self, bytes: &Arc<Bytes>) {
        self.bytes = Some(Arc::clone(bytes));
    }

    /// How many frames there are.
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// Whether there are no frames.
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// How many frames fit.
    pub fn capacity(&self) -> usize {
        self.capacity.get()
    }

    /// The frame at `index`, from 0.
    pub fn frame(&self, index: usize) -> Option<Frame<'_>> {
        let record = self.records.get(index)?;
        let number = self.first_number.0.saturating_add(u64::try_from(index).unwrap_or(u64::MAX));
        Some(record.frame(FrameNumber(number), self.bytes()))
    }

    /// All frames, in the order of the capture.
    pub fn frames(&self) -> Frames<'_> {
        Frames { bytes: self.bytes(), records: self.records.iter(), next_number: self.first_number }
    }

    fn bytes(&self) -> &[u8] {
        self.bytes.as_ref().map_or(&[], |bytes| bytes)
    }
}

/// The frames of a [`Batch`].
pub struct Frames<'a> {
    bytes: &'a [u8],
    records: slice::Iter<'a, Record>,
    next_number: FrameNumber,
}

impl<'a> Iterator for Frames<'a> {
    type Item = Frame<'a>;

    #[inline]
    fn next(&mut self) -> Option<Frame<'a>> {
        let record = self.records.next()?;
        let number = self.next_number;
        self.next_number = FrameNumber(number.0.saturating_add(1));
        Some(record.frame(number, self.bytes))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.records.size_hint()
    }
}

impl ExactSizeIterator for Frames<'_> {}
impl FusedIterator for Frames<'_> {}

impl<'a> IntoIterator for &'a Batch {
    type Item = Frame<'a>;
    type IntoIter = Frames<'a>;

    fn into_iter(self) -> Frames<'a> {
        self.frames()
    }
}

impl Record {
    #[inline]
    fn frame<'a>(&self, number: FrameNumber, bytes: &'a [u8]) -> Frame<'a> {
        let end = self.start.saturating_add(self.captured_length as usize);
        Frame {
            number,
            time: self.time,
            link_type: self.link_type,
            original_length: self.original_length,
            bytes: bytes.get(self.start..end).unwrap_or_default(),
        }
    }
}

/// Takes the records of one batch.
pub(crate) struct Sink<'a> {
    records: &'a mut Vec<Record>,
    capacity: NonZeroUsize,
}

impl Sink<'_> {
    #[inline(always)]
    pub(crate) fn push(&mut self, record: Record) {
        self.records.push(record);
    }

    #[inline(always)]
    pub(crate) fn is_full(&self) -> bool {
        self.records.len() >= self.capacity.get()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    pub(crate) fn len(&self) -> usize {
        self.records.len()
    }
}
