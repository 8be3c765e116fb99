//! Everything on one thread.

use super::writer::Writer;
use super::{BATCH_FRAMES, Findings, Plan, Results};
use crate::feed::Feed;
use indicatif::ProgressBar;
use rpcscope_capture::Batch;
use rpcscope_engine::Engine;
use rpcscope_model::{CarveId, Carved, Event, Timestamp};
use rpcscope_rules::Correlator;

/// Bytes of output that are collected before they are written.
const WRITE_BYTES: usize = 64 << 10;

pub(super) fn run(
    plan: &Plan<'_>,
    feed: &mut Feed,
    bar: &ProgressBar,
    results: &mut Results<'_>,
) -> Findings {
    let mut engine = Engine::new(plan.checksums).with_secrets(plan.secrets);
    let mut correlator = None;
    if let Some(rules) = &plan.rules {
        engine = engine.with_rules(rules);
        correlator = Some(Correlator::new(rules.clone()));
    }
    if let Some(session_bytes) = plan.carve_bytes {
        engine = engine.with_carving(session_bytes);
    }
    let mut writer = Writer::new(plan);
    let mut batch = Batch::new(BATCH_FRAMES);
    let mut last = Timestamp::default();
    let mut carved: Vec<Carved> = Vec::new();
    let mut tell = |writer: &mut Writer<'_>, event: Event, hits: &[usize], carve: Option<CarveId>| {
        writer.event(event, hits, carve);
        if let Some(correlator) = &mut correlator {
            writer.settle(correlator);
        }
    };
    while !results.output.is_stopped() && feed.next_batch(&mut batch) {
        if plan.carve_bytes.is_some() {
            for frame in batch.frames() {
                last = frame.time;
                let mut sink = |event: Event, hits: &[usize], carve| tell(&mut writer, event, hits, carve);
                engine.push_carving(&frame, &mut sink, &mut |piece| carved.push(piece));
            }
            results.carve(carved.drain(..));
        } else {
            for frame in batch.frames() {
                last = frame.time;
                engine.push_judged(&frame, &mut |event, hits| tell(&mut writer, event, hits, None));
            }
        }
        if writer.bytes.len() >= WRITE_BYTES {
            results.output.write(&writer.bytes);
            writer.bytes.clear();
        }
        bar.set_position(feed.position());
    }
    let mut sink = |event: Event, hits: &[usize], carve| tell(&mut writer, event, hits, carve);
    engine.finish_carving(&mut sink, &mut |piece| carved.push(piece));
    results.carve(carved);
    let mut stats = engine.stats();
    if let Some(correlator) = &mut correlator {
        writer.finish(correlator);
        stats.correlation_groups_evicted += correlator.groups_evicted();
    }
    stats.alerts += writer.alerts;
    results.output.write(&writer.bytes);
    Findings { stats, summary: writer.summary, last }
}
