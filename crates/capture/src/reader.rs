//! Reads one capture.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;

use rpcscope_model::FrameNumber;

use crate::batch::Batch;
use crate::bytes::Bytes;
use crate::format::{Detected, Format, Stop};
use crate::stream::{End, Pace, Stream, WINDOW_BYTES, is_compressed};
use crate::{CaptureError, Input, Warning};

/// Reads the frames of one capture in their order.
pub struct Reader {
    input: Input,
    /// What comes next; `None` at the end.
    format: Option<Format>,
    /// The part of the capture that is in memory: what was read last, or all of one that is in memory anyway.
    window: Arc<Bytes>,
    /// Offset of the window in the capture.
    base: u64,
    /// Where the next record begins in the window.
    at: usize,
    /// Where further windows come from; `None` when the window is all.
    stream: Option<Stream>,
    /// Length of what is read, before decompression.
    size: Option<u64>,
    next_number: FrameNumber,
    /// At most three: one kind each.
    warnings: Vec<Warning>,
}

impl Reader {
    /// Opens a capture and tells its format and compression by its content. Its frames are numbered from 1.
    pub fn open(input: &Input) -> Result<Self, CaptureError> {
        match input {
            Input::Stdin => Self::from_read(input.clone(), io::stdin()),
            Input::File(path) => Self::open_file(input, path),
        }
    }

    /// Reads a capture from anything that can be read, as it comes: a batch holds what is there, and is not waited for
    /// to become full. `input` is what messages call it.
    pub fn from_read(input: Input, source: impl Read + Send + 'static) -> Result<Self, CaptureError> {
        Self::streamed(input, source, Pace::AsItComes, WINDOW_BYTES, None)
    }

    /// Reads a capture that is in memory. `input` is what messages call it.
    pub fn from_bytes(input: Input, bytes: Vec<u8>) -> Result<Self, CaptureError> {
        let size = u64::try_from(bytes.len()).ok();
        if is_compressed(&bytes) {
            return Self::streamed(input, io::Cursor::new(bytes), Pace::Full, WINDOW_BYTES, size);
        }
        Self::new(input, Bytes::whole(bytes), None, size)
    }

    /// Numbers the frames from `first` on, to read several files as one capture: [`Self::next_number`] of the reader
    /// before.
    #[must_use]
    pub fn numbered_from(mut self, first: FrameNumber) -> Self {
        self.next_number = first;
        self
    }

    /// Streams a capture through windows of about `window_bytes`.
    pub(crate) fn streamed(
        input: Input,
        source: impl Read + Send + 'static,
        pace: Pace,
        window_bytes: usize,
        size: Option<u64>,
    ) -> Result<Self, CaptureError> {
        match Stream::new(source, pace, window_bytes) {
            Ok(stream) => Self::new(input, Bytes::whole(Vec::new()), Some(stream), size),
            Err(cause) => Err(CaptureError::ReadFailed { input, offset: 0, cause }),
        }
    }

    /// Refills `batch` with the frames that come next; `false` when there are none and the capture has ended.
    ///
    /// An error comes after all frames before it were delivered, and ends the capture: further calls give `false`.
    pub fn next_batch(&mut self, batch: &mut Batch) -> Result<bool, CaptureError> {
        let mut sink = batch.refill(self.next_number);
        while let Some(format) = &mut self.format {
            match format.walk(&self.window, self.base, &mut self.at, &mut sink) {
                Stop::Full => break,
                // Whatever it is, the next call meets it again, with an empty batch.
                Stop::Short { .. } | Stop::Damaged(_) if !sink.is_empty() => break,
                Stop::Short { needed } => {
                    if !self.next_window(needed) {
                        self.end(needed)?;
                    }
                }
                Stop::Damaged(damage) => {
                    self.close();
                    let (input, offset) = (self.input.clone(), self.offset());
                    return Err(CaptureError::Damaged { input, offset, damage });
                }
            }
        }
        let frames = sink.len();
        if frames > 0 {
            batch.keep(&self.window);
        }
        let frames = u64::try_from(frames).unwrap_or(u64::MAX);
        self.next_number = FrameNumber(self.next_number.0.saturating_add(frames));
        Ok(frames > 0)
    }

    /// What is read.
    pub fn input(&self) -> &Input {
        &self.input
    }

    /// The number that the next frame will have.
    pub fn next_number(&self) -> FrameNumber {
        self.next_number
    }

    /// What was not as it should be, so far; complete when [`Self::next_batch`] has said that the capture ended.
    pub fn warnings(&self) -> Vec<Warning> {
        let mut warnings = self.warnings.clone();
        warnings.extend(self.skipped());
        warnings
    }

    /// How much was read, in bytes of the file; of a compressed one, compressed bytes.
    pub fn position(&self) -> u64 {
        match &self.stream {
            Some(stream) => stream.raw_position(),
            None => self.offset(),
        }
    }

    /// How much there is to read, in bytes of the file, or `None` when only the end will tell.
    pub fn size(&self) -> Option<u64> {
        self.size
    }

    fn open_file(input: &Input, path: &Path) -> Result<Self, CaptureError> {
        let unreadable = |cause| CaptureError::Unreadable { input: input.clone(), cause };
        let file = File::open(path).map_err(unreadable)?;
        let metadata = file.metadata().map_err(unreadable)?;
        if metadata.is_dir() {
            return Err(unreadable(io::ErrorKind::IsADirectory.into()));
        }
        if !metadata.is_file() {
            return Self::from_read(input.clone(), file);
        }
        // Files of the kernel say that they are empty although they are not.
        let size = Some(metadata.len()).filter(|size| *size > 0);
        Self::streamed(input.clone(), file, Pace::Full, WINDOW_BYTES, size)
    }

    fn new(
        input: Input,
        window: Bytes,
        stream: Option<Stream>,
        size: Option<u64>,
    ) -> Result<Self, CaptureError> {
        let mut reader = Self {
            input,
            format: None,
            window: Arc::new(window),
            base: 0,
            at: 0,
            stream,
            size,
            next_number: FrameNumber(1),
            warnings: Vec::new(),
        };
        reader.detect()?;
        Ok(reader)
    }

    fn detect(&mut self) -> Result<(), CaptureError> {
        loop {
            match Format::detect(&self.window) {
                Detected::Format { format, at } => {
                    self.format = Some(format);
                    self.at = at;
                    return Ok(());
                }
                Detected::Short { needed } => {
                    if !self.next_window(needed) {
                        return self.end(needed);
                    }
                }
                Detected::Nothing => {
                    if self.window.len() >= CaptureError::SHOWN_BYTES
                        || !self.next_window(CaptureError::SHOWN_BYTES)
                    {
                        return Err(self.not_a_capture());
                    }
                }
            }
        }
    }

    /// Says what the first bytes are, or what kept them from being read.
    ///
    /// Bytes that are enough to tell count for more than an error behind them, which a smaller window had not met yet.
    fn not_a_capture(&mut self) -> CaptureError {
        let (input, offset) = (self.input.clone(), self.offset());
        let told = self.window.len() >= CaptureError::SHOWN_BYTES;
        match self.stream.as_mut().map(Stream::take_end) {
            Some(End::Failed(cause)) if !told => CaptureError::ReadFailed { input, offset, cause },
            Some(End::CutOff) if !told => {
                CaptureError::ReadFailed { input, offset, cause: io::ErrorKind::UnexpectedEof.into() }
            }
            _ if self.window.is_empty() => CaptureError::Empty { input },
            _ => {
                let start = self.window.iter().take(CaptureError::SHOWN_BYTES).copied().collect();
                CaptureError::NotACapture { input, start }
            }
        }
    }

    /// Moves on to a window with more bytes, or `false` at the end.
    fn next_window(&mut self, needed: usize) -> bool {
        let Some(stream) = &mut self.stream else { return false };
        let tail = self.window.get(self.at..).unwrap_or_default();
        let Some(next) = stream.next_window(tail, needed) else { return false };
        self.base = self.offset();
        self.at = 0;
        let walked = std::mem::replace(&mut self.window, next);
        if let Some(stream) = &mut self.stream {
            stream.retire(walked);
        }
        true
    }

    /// Ends the capture where the next record or header needs `needed` bytes.
    fn end(&mut self, needed: usize) -> Result<(), CaptureError> {
        self.close();
        let (input, offset) = (self.input.clone(), self.offset());
        let had = self.window.len().saturating_sub(self.at);
        match self.stream.as_mut().map_or(End::Complete, Stream::take_end) {
            End::Failed(cause) => return Err(CaptureError::ReadFailed { input, offset, cause }),
            End::CutOff => self.warnings.push(Warning::CompressionCutOff { input, offset }),
            End::Complete if had == 0 => {}
            End::Complete => {
                let number = |bytes| u64::try_from(bytes).unwrap_or(u64::MAX);
                self.warnings.push(Warning::CutOff {
                    input,
                    offset,
                    needed: number(needed),
                    had: number(had),
                });
            }
        }
        Ok(())
    }

    /// Ends the capture, keeping what the format has to say.
    fn close(&mut self) {
        let skipped = self.skipped();
        self.warnings.extend(skipped);
        self.format = None;
    }

    fn skipped(&self) -> Option<Warning> {
        let skipped = self.format.as_ref()?.skipped()?;
        let (offset, damage, packets) = (skipped.offset, skipped.damage, skipped.packets);
        Some(Warning::PacketsSkipped { input: self.input.clone(), offset, damage, packets })
    }

    /// Where the next record begins in the capture.
    fn offset(&self) -> u64 {
        self.base.saturating_add(u64::try_from(self.at).unwrap_or(u64::MAX))
    }
}

#[cfg(test)]
mod tests;
