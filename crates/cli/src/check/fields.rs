//! `check --fields`: all fields that rules can name.

use rpcscope_rules::{FieldId, LogSource, log_sources};
use serde_json::{Value, json};
use std::fmt::Write;

/// A section for each log source.
pub(super) fn text() -> String {
    let mut page = String::new();
    for source in log_sources().iter().filter(|source| is_shown(source)) {
        let fields: Vec<_> = fields(source).collect();
        let width = fields.iter().map(|(_, names)| names.join(", ").len()).max().unwrap_or(0).min(MOST_WIDTH);
        let gap = if page.is_empty() { "" } else { "\n" };
        let _ = writeln!(page, "{gap}{source}");
        for (id, names) in fields {
            let kind = kind(id);
            let _ = writeln!(page, "  {:width$}  {kind:9}  {}", names.join(", "), id.meaning());
            if let Some(words) = id.words() {
                let _ = writeln!(page, "  {:width$}  {:9}  one of {}", "", "", words.join(", "));
            }
        }
        if has_arguments(source) {
            let meaning = "An argument by its name; docs/reference/arguments.md lists them.";
            let _ = writeln!(page, "  {:width$}  {:9}  {meaning}", "args.NAME", "any");
        }
    }
    page
}

/// One array of log sources.
pub(super) fn json() -> String {
    let sources: Vec<Value> = log_sources()
        .iter()
        .filter(|source| is_shown(source))
        .map(|source| {
            let fields: Vec<Value> = fields(source)
                .map(|(id, names)| {
                    json!({"names": names, "kind": kind(id), "words": id.words(), "meaning": id.meaning()})
                })
                .collect();
            json!({
                "product": source.product,
                "service": source.service,
                "category": source.category,
                "fields": fields,
                "arguments": has_arguments(source),
            })
        })
        .collect();
    format!("{:#}\n", Value::Array(sources))
}

fn fields(source: &'static LogSource) -> impl Iterator<Item = (FieldId, &'static [&'static str])> {
    let of_source = |id: &FieldId| id.events().iter().any(|event| source.events.contains(event));
    let named = FieldId::ALL.iter().copied().filter(of_source).map(|id| (id, id.names(source.naming)));
    named.filter(|(_, names)| !names.is_empty())
}

/// The one of all events repeats those of each.
fn is_shown(source: &LogSource) -> bool {
    source.service.is_some() || source.category.is_some()
}

fn has_arguments(source: &LogSource) -> bool {
    rpcscope_rules::Field::named("args.x", source).is_some()
}

fn kind(id: FieldId) -> String {
    format!("{:?}", id.kind()).to_ascii_lowercase()
}

/// Columns for the names, beyond which a row is wider than the others.
const MOST_WIDTH: usize = 34;
