//! Frames and capture files, read with the whole sensor.

use rpcscope_capture::{Batch, CaptureError, Input, Reader};
use rpcscope_engine::{Checksums, Engine};
use rpcscope_model::{Call, Event, EventBody, EventHeader, Stats};
use rpcscope_testkit::packets::OwnedFrame;
use std::path::Path;

/// What the sensor said.
#[derive(Debug)]
pub struct Reading {
    /// All events, in order.
    pub events: Vec<Event>,
    /// The counters.
    pub stats: Stats,
}

impl Reading {
    /// The calls among the events.
    pub fn calls(&self) -> impl Iterator<Item = (&EventHeader, &Call)> {
        self.events.iter().filter_map(|event| match &event.body {
            EventBody::Call(call) => Some((&event.header, &**call)),
            _ => None,
        })
    }
}

/// Reads frames.
pub fn read_frames(frames: &[OwnedFrame]) -> Reading {
    let mut engine = Engine::new(Checksums::Accepted);
    let mut events = Vec::new();
    for (number, frame) in (1..).zip(frames) {
        engine.push(&frame.as_frame(number), &mut |event| events.push(event));
    }
    engine.finish(&mut |event| events.push(event));
    Reading { events, stats: engine.stats() }
}

/// Reads a capture file to its end.
pub fn read_file(path: &Path) -> Result<Reading, CaptureError> {
    let mut engine = Engine::new(Checksums::Accepted);
    let mut events = Vec::new();
    let mut reader = Reader::open(&Input::File(path.to_owned()))?;
    let mut batch = Batch::new(BATCH_FRAMES);
    while reader.next_batch(&mut batch)? {
        for frame in batch.frames() {
            engine.push(&frame, &mut |event| events.push(event));
        }
    }
    engine.finish(&mut |event| events.push(event));
    Ok(Reading { events, stats: engine.stats() })
}

/// Frames that are read at once.
pub(crate) const BATCH_FRAMES: usize = 1024;
