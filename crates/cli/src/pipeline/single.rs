//! Everything on one thread.

use super::{BATCH_FRAMES, Findings, Plan, Writer};
use crate::feed::Feed;
use crate::output::Output;
use indicatif::ProgressBar;
use rpcscope_capture::Batch;
use rpcscope_engine::Engine;
use rpcscope_model::Timestamp;

/// Bytes of output that are collected before they are written.
const WRITE_BYTES: usize = 64 << 10;

pub(super) fn run(plan: &Plan<'_>, feed: &mut Feed, bar: &ProgressBar, output: &mut Output) -> Findings {
    let mut engine = Engine::new(plan.checksums).with_secrets(plan.secrets);
    let mut writer = Writer::new(plan);
    let mut batch = Batch::new(BATCH_FRAMES);
    let mut last = Timestamp::default();
    while !output.is_stopped() && feed.next_batch(&mut batch) {
        for frame in batch.frames() {
            last = frame.time;
            engine.push(&frame, &mut |event| writer.event(&event));
        }
        if writer.bytes.len() >= WRITE_BYTES {
            output.write(&writer.bytes);
            writer.bytes.clear();
        }
        bar.set_position(feed.position());
    }
    engine.finish(&mut |event| writer.event(&event));
    output.write(&writer.bytes);
    Findings { stats: engine.stats(), summary: writer.summary, last }
}
