//! Rules and events for measurements.

use rpcscope_capture::{Batch, Reader, inputs};
use rpcscope_engine::{Checksums, Engine};
use rpcscope_model::{Event, Phase};
use rpcscope_rules::{Loader, Placeholders, RuleSet};
use std::fmt::Write;
use std::path::Path;
use std::sync::Arc;

/// As many rules, as people write them: most for an operation of an interface, some for an interface, a class, a pipe, a
/// share, or a text in what was sent. The same for the same number.
pub fn rules(count: usize) -> Arc<RuleSet> {
    let interfaces = rpcscope_catalog::interfaces();
    let operations: Vec<(String, u16)> = interfaces
        .iter()
        .flat_map(|interface| {
            let operations = u16::try_from(interface.procedures().count()).unwrap_or(u16::MAX);
            (0..operations).map(move |opnum| (interface.uuid.to_string(), opnum))
        })
        .collect();
    let mut loader = Loader::new(Placeholders::new());
    let mut text = String::new();
    for number in 0..count {
        // Steps that share no factor with the number of operations: rules are spread over all interfaces.
        let any_interface = interfaces[number.wrapping_mul(7919) % interfaces.len()].uuid;
        let (interface, opnum) = &operations[number.wrapping_mul(7919) % operations.len()];
        let sid = 1_000_000 + number;
        let (service, selection) = match number % 10 {
            0..=5 => (
                "call",
                format!("{{interface: {interface}, opnum: {opnum}, args.service|contains: x{number}}}"),
            ),
            6 => ("call", format!("{{interface: {any_interface}, user: user{number}}}")),
            7 => ("activation", format!("{{clsid: 00000000-0000-0000-0000-{number:012}}}")),
            8 => ("pipe", format!("{{pipe: pipe{number}}}")),
            _ => {
                let _ = writeln!(
                    text,
                    "alert tcp any any -> any any (msg:\"T{number}\"; flow:to_server; dcerpc.stub_data; \
                     content:\"needle{number:06}\"; sid:{sid};)"
                );
                continue;
            }
        };
        let rule = format!(
            "title: T{sid}\nlogsource: {{product: rpcscope, service: {service}}}\n\
             detection: {{s: {selection}, condition: s}}\nrpcscope: {{sid: {sid}}}\n"
        );
        loader.add(&format!("{sid}.yml"), &rule);
    }
    loader.add("rules.rules", &text);
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
