//! Rules and events for measurements.

use rpcscope_capture::{Batch, Reader, inputs};
use rpcscope_engine::{Checksums, Engine};
use rpcscope_model::{Event, Phase};
use rpcscope_rules::{Loader, Placeholders, RuleSet};
use std::path::Path;
use std::sync::Arc;

/// As many rules, as people write them. The same for the same number.
pub fn rules(count: usize) -> Arc<RuleSet> {
    let mut loader = Loader::new(Placeholders::new());
    for file in rpcscope_testkit::load::rules(count) {
        loader.add(&file.name, &file.text);
    }
    let (rules, findings) = loader.finish();
    assert!(findings.is_empty(), "{}", findings[0]);
    Arc::new(rules)
}

/// The events of all captures that come with the project, as a rule set wants them told.
pub fn events(rules: &Arc<RuleSet>) -> Vec<Event> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../pcaps");
    let mut events = Vec::new();
    for input in inputs::expand([folder]).into_iter().flatten() {
        let mut reader = Reader::open(&input).expect("a capture of our own");
        let mut engine = Engine::new(Checksums::Accepted).with_rules(rules);
        let mut batch = Batch::new(512);
        let mut keep = |event: Event| events.push(event);
        while reader.next_batch(&mut batch).expect("frames") {
            batch.frames().for_each(|frame| engine.push(&frame, &mut keep));
        }
        engine.finish(&mut keep);
    }
    events
}

/// How many of the events are calls that were told with their outcome.
pub fn calls(events: &[Event]) -> usize {
    let is_call = |event: &&Event| matches!(event.body, rpcscope_model::EventBody::Call(_));
    events.iter().filter(is_call).filter(|event| event.header.phase == Phase::Settled).count()
}
