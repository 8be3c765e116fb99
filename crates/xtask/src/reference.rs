//! Reference pages that are made from tables in the code.

use rpcscope_model::{AnomalyKind, Health, Sizes, Stats};
use rpcscope_rules::{FieldId, Naming};
use rpcscope_wire::stub;
use std::fmt::Write;
use std::path::Path;

/// Pages, by their path in the project.
fn pages() -> [(&'static str, String); 5] {
    [
        ("docs/reference/anomalies.md", anomalies()),
        ("docs/reference/arguments.md", arguments()),
        ("docs/reference/counters.md", counters()),
        ("docs/reference/fields.md", fields()),
        ("docs/reference/lints.md", lints()),
    ]
}

/// Writes all pages.
pub(crate) fn generate(root: &Path) -> Result<(), String> {
    for (path, text) in pages() {
        let path = root.join(path);
        let failed = |error: std::io::Error| format!("{}: {error}", path.display());
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(failed)?;
        }
        std::fs::write(&path, text).map_err(failed)?;
    }
    Ok(())
}

fn anomalies() -> String {
    let mut page = heading("Anomalies", "crates/model/src/anomaly.rs");
    page.push_str("| name | layer | meaning |\n|---|---|---|\n");
    for kind in AnomalyKind::ALL {
        let _ = writeln!(page, "| `{}` | {} | {} |", kind.name(), kind.layer().name(), kind.meaning());
    }
    page
}

/// One section for each interface, by name, and a row for each operation.
fn arguments() -> String {
    let mut interfaces = stub::interfaces().to_vec();
    interfaces.sort_by_key(|interface| (interface.name.to_lowercase(), interface.uuid));
    let operations: usize = interfaces.iter().map(|interface| interface.operations.len()).sum();
    let mut page = heading("Arguments", "crates/wire/src/stub/");
    let _ = writeln!(
        page,
        "What `args` of a call can hold, when its stub is in clear: {operations} operations of {} interfaces. An argument \
         that the client or the server left out is left out; see [EVENTS.md](../EVENTS.md#args) for how values are \
         written.\n",
        interfaces.len()
    );
    page.push_str("Direction: → the request is decoded, ← the response is.\n");
    for interface in interfaces {
        let _ = writeln!(page, "\n## {}\n\n`{}`\n", interface.name, interface.uuid);
        page.push_str("| opnum | operation | | arguments |\n|---|---|---|---|\n");
        for operation in interface.operations {
            let direction = match (operation.reads_request(), operation.reads_response()) {
                (true, true) => "→ ←",
                (true, false) => "→",
                (false, _) => "←",
            };
            let fields: Vec<String> = operation.fields.iter().map(|field| format!("`{field}`")).collect();
            let fields = fields.join(" ");
            let _ = writeln!(page, "| {} | {} | {direction} | {fields} |", operation.opnum, operation.name);
        }
    }
    page
}

fn counters() -> String {
    let mut page = heading("Counters", "crates/model/src/stats.rs");
    page.push_str("| name | meaning |\n|---|---|\n");
    for (name, meaning, _) in Stats::default().rows() {
        let _ = writeln!(page, "| `{name}` | {meaning} |");
    }
    page.push_str("\n## Of a sensor that watches interfaces\n\n| name | meaning |\n|---|---|\n");
    for (name, meaning, _) in Health::default().rows() {
        let _ = writeln!(page, "| `{name}` | {meaning} |");
    }
    page.push_str(
        "\n## Sizes of tables\n\nIn `sizes`. They rise and fall.\n\n| name | meaning |\n|---|---|\n",
    );
    for (name, meaning, _) in Sizes::default().rows() {
        let _ = writeln!(page, "| `{name}` | {meaning} |");
    }
    page
}

/// One row for each field, with its names in each language.
fn fields() -> String {
    let mut page = heading("Fields", "crates/rules/src/field/");
    page.push_str(
        "What rules and filters can name. *Known*: as soon as the request of a call is complete, or when its outcome is \
         known. Names after the first are aliases. Arguments of calls are `args.` and their [name](arguments.md).\n\n\
         | name | events | kind | known | meaning | RPC Firewall | Zeek |\n|---|---|---|---|---|---|---|\n",
    );
    let names = |id: FieldId, naming| {
        let names = id.names(naming).iter().map(|name| format!("`{name}`"));
        names.collect::<Vec<_>>().join(" ")
    };
    for id in FieldId::ALL.iter().copied() {
        let events: Vec<&str> = id.events().iter().map(|event| event.name()).collect();
        let kind = format!("{:?}", id.kind()).to_lowercase();
        let words = id.words().map(|words| format!(" One of `{}`.", words.join("`, `"))).unwrap_or_default();
        let _ = writeln!(
            page,
            "| {} | {} | {kind} | {} | {}{words} | {} | {} |",
            names(id, Naming::Rpcscope),
            events.join(" "),
            format!("{:?}", id.known()).to_lowercase(),
            id.meaning(),
            names(id, Naming::RpcFirewall),
            names(id, Naming::Zeek),
        );
    }
    page
}

fn lints() -> String {
    let mut page = heading("Lints", "crates/rules/src/lint/");
    page.push_str("What `rpcscope check` looks for in rules that can be loaded.\n\n| name | severity | meaning |\n|---|---|---|\n");
    for lint in rpcscope_rules::lints() {
        let _ = writeln!(page, "| `{}` | {} | {} |", lint.name, lint.severity.name(), lint.meaning);
    }
    page
}

fn heading(title: &str, source: &str) -> String {
    format!("# {title}\n\nMade from `{source}` by `cargo xtask generate`; do not edit.\n\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pages_are_what_the_code_says() {
        for (path, text) in pages() {
            let found = std::fs::read_to_string(crate::root().join(path)).unwrap_or_default();
            assert_eq!(found, text, "{path} is stale: run `cargo xtask generate`");
        }
    }
}
