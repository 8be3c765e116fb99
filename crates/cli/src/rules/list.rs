//! `rpcscope rules list`: a line for each rule.

use super::{source, techniques};
use crate::args::ListFormat;
use crate::rule_files::Loaded;
use rpcscope_rules::{Level, Status};
use rpcscope_sinks::visible;
use serde_json::{Value, json};
use std::fmt::Write;

/// All rules, in the order of their files.
pub(super) fn page(loaded: &Loaded, format: ListFormat) -> String {
    let mut rules: Vec<_> = loaded.rules.described().collect();
    rules.sort_by(|a, b| (a.1, a.2.place).cmp(&(b.1, b.2.place)));
    match format {
        ListFormat::Json => {
            let rules: Vec<Value> = rules.iter().map(|(position, ..)| object(loaded, *position)).collect();
            format!("{:#}\n", Value::Array(rules))
        }
        ListFormat::Table => {
            let mut rows = vec![HEADINGS.map(str::to_owned)];
            rows.extend(rules.iter().map(|(position, file, meta)| {
                let sid = loaded.rules.description(*position).map(|(_, _, sid)| sid).unwrap_or_default();
                [
                    meta.level.map_or("-", Level::name).to_owned(),
                    meta.id.clone().unwrap_or_else(|| sid.to_string()),
                    meta.title.clone(),
                    source(&loaded.rules, *position),
                    techniques(&loaded.rules, *position).join(" "),
                    file.to_string(),
                ]
            }));
            table(&rows)
        }
    }
}

/// Rows with their columns aligned.
fn table(rows: &[[String; COLUMNS]]) -> String {
    let rows: Vec<Vec<String>> =
        rows.iter().map(|row| row.iter().map(|cell| visible(cell)).collect()).collect();
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..COLUMNS).map(width).collect();
    let mut page = String::new();
    for row in &rows {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(&widths) {
            let _ = write!(line, "{cell:width$}  ");
        }
        let _ = writeln!(page, "{}", line.trim_end());
    }
    page
}

fn object(loaded: &Loaded, position: usize) -> Value {
    let Some((meta, file, sid)) = loaded.rules.description(position) else { return Value::Null };
    json!({
        "title": meta.title,
        "id": meta.id,
        "sid": sid,
        "name": meta.name,
        "level": meta.level.map(Level::name),
        "status": meta.status.map(Status::name),
        "source": source(&loaded.rules, position),
        "techniques": techniques(&loaded.rules, position),
        "tags": meta.tags,
        "alerts": loaded.rules.alerts(position),
        "file": &**file,
        "line": meta.place.line,
    })
}

const COLUMNS: usize = 6;
const HEADINGS: [&str; COLUMNS] = ["LEVEL", "ID", "TITLE", "SOURCE", "TECHNIQUES", "FILE"];
