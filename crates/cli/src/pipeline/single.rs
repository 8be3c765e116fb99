//! Everything on one thread.

use super::writer::Writer;
use super::{BATCH_FRAMES, Findings, Plan};
use crate::feed::Feed;
use crate::output::Output;
use indicatif::ProgressBar;
use rpcscope_capture::Batch;
use rpcscope_engine::Engine;
use rpcscope_model::{Event, Timestamp};
use rpcscope_rules::Correlator;

/// Bytes of output that are collected before they are written.
const WRITE_BYTES: usize = 64 << 10;

pub(super) fn run(plan: &Plan<'_>, feed: &mut Feed, bar: &ProgressBar, output: &mut Output) -> Findings {
    let mut engine = Engine::new(plan.checksums).with_secrets(plan.secrets);
    let mut correlator = None;
    if let Some(rules) = &plan.rules {
        engine = engine.with_rules(rules);
        correlator = Some(Correlator::new(rules.clone()));
    }
    let mut writer = Writer::new(plan);
    let mut batch = Batch::new(BATCH_FRAMES);
    let mut last = Timestamp::default();
    let mut tell = |writer: &mut Writer<'_>, event: Event, hits: &[usize]| {
        writer.event(event, hits);
        if let Some(correlator) = &mut correlator {
            writer.settle(correlator);
        }
    };
    while !output.is_stopped() && feed.next_batch(&mut batch) {
        for frame in batch.frames() {
            last = frame.time;
            engine.push_judged(&frame, &mut |event, hits| tell(&mut writer, event, hits));
        }
        if writer.bytes.len() >= WRITE_BYTES {
            output.write(&writer.bytes);
            writer.bytes.clear();
        }
        bar.set_position(feed.position());
    }
    engine.finish_judged(&mut |event, hits| tell(&mut writer, event, hits));
    let mut stats = engine.stats();
    if let Some(correlator) = &mut correlator {
        writer.finish(correlator);
        stats.correlation_groups_evicted += correlator.groups_evicted();
    }
    stats.alerts += writer.alerts;
    output.write(&writer.bytes);
    Findings { stats, summary: writer.summary, last }
}
