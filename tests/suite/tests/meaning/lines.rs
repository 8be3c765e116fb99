//! Events as they are written, read back.

use rpcscope_model::Event;
use rpcscope_sinks::{Context, Format, Memo};
use rpcscope_suite::reading::read_file;
use serde_json::Value;
use std::path::Path;

/// All events of a capture, as EVE JSON says them.
pub(crate) fn lines(capture: &Path) -> Vec<Value> {
    let reading = read_file(capture).unwrap_or_else(|error| panic!("{}: {error}", capture.display()));
    reading.events.iter().map(line).collect()
}

fn line(event: &Event) -> Value {
    let mut bytes = Vec::new();
    Format::Eve.event(event, &Context::default(), &mut Memo::default(), &mut bytes);
    serde_json::from_slice(&bytes).expect("one JSON object")
}

/// Name of the operation of a call.
pub(crate) fn procedure(line: &Value) -> Option<&str> {
    (line["dcerpc"]["request"] == "REQUEST").then(|| line["dcerpc"]["interfaces"][0]["procedure"].as_str())?
}

/// Whether a text in a value, or in a part of it, has `word` in it; a flag is `true` or `false`.
pub(crate) fn says(value: &Value, word: &str) -> bool {
    match value {
        Value::String(text) => text.contains(word),
        Value::Array(items) => items.iter().any(|item| says(item, word)),
        Value::Object(members) => members.values().any(|member| says(member, word)),
        Value::Bool(flag) => word == if *flag { "true" } else { "false" },
        Value::Number(_) | Value::Null => false,
    }
}
