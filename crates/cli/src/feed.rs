//! Frames of one capture, which may be several files.

use crate::messages;
use rpcscope_capture::{Batch, Input, Reader};
use rpcscope_model::{FrameNumber, Timestamp};
use std::collections::VecDeque;

/// Reads inputs one after the other as one capture. What cannot be read is said and counted, and the rest is read.
pub(crate) struct Feed {
    inputs: VecDeque<Input>,
    reader: Option<Reader>,
    /// Frames that were read before they were asked for.
    ahead: Option<Batch>,
    next_number: FrameNumber,
    /// Bytes of inputs that were read to their end.
    done_bytes: u64,
    pub(crate) figures: FeedFigures,
}

/// What became of the inputs.
#[derive(Clone, Copy, Default, Debug)]
pub(crate) struct FeedFigures {
    /// Inputs that were opened.
    pub(crate) read: u64,
    /// Inputs that could not be read, or not to their end.
    pub(crate) failed: u64,
    /// Warnings that were given.
    pub(crate) warnings: u64,
}

impl FeedFigures {
    /// Adds the figures of another capture.
    pub(crate) fn add(&mut self, other: Self) {
        self.read += other.read;
        self.failed += other.failed;
        self.warnings += other.warnings;
    }
}

impl Feed {
    pub(crate) fn new(inputs: impl IntoIterator<Item = Input>) -> Self {
        Self {
            inputs: inputs.into_iter().collect(),
            reader: None,
            ahead: None,
            next_number: FrameNumber(1),
            done_bytes: 0,
            figures: FeedFigures::default(),
        }
    }

    /// Time of the first frame, when there is one. To be asked before the first batch of `capacity` frames is taken.
    pub(crate) fn first_time(&mut self, capacity: usize) -> Option<Timestamp> {
        let mut batch = Batch::new(capacity);
        if !self.next_batch(&mut batch) {
            return None;
        }
        let time = batch.frame(0).map(|frame| frame.time);
        self.ahead = Some(batch);
        time
    }

    /// Refills `batch` with the frames that come next; false at the end.
    pub(crate) fn next_batch(&mut self, batch: &mut Batch) -> bool {
        if let Some(ahead) = self.ahead.take() {
            *batch = ahead;
            return true;
        }
        loop {
            let Some(reader) = &mut self.reader else {
                let Some(input) = self.inputs.pop_front() else { return false };
                match Reader::open(&input) {
                    Ok(reader) => {
                        self.figures.read += 1;
                        self.reader = Some(reader.numbered_from(self.next_number));
                    }
                    Err(error) => self.fail(&error),
                }
                continue;
            };
            match reader.next_batch(batch) {
                Ok(true) => return true,
                Ok(false) => {}
                Err(error) => self.fail(&error),
            }
            self.end();
        }
    }

    /// Bytes read so far, of all inputs.
    pub(crate) fn position(&self) -> u64 {
        self.done_bytes + self.reader.as_ref().map_or(0, Reader::position)
    }

    fn fail(&mut self, error: &rpcscope_capture::CaptureError) {
        messages::error(error, error.hint());
        self.figures.failed += 1;
    }

    fn end(&mut self) {
        let Some(reader) = self.reader.take() else { return };
        for warning in reader.warnings() {
            messages::warning(&warning);
            self.figures.warnings += 1;
        }
        self.next_number = reader.next_number();
        self.done_bytes += reader.position();
    }
}
