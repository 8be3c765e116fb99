//! Findings as SARIF 2.1.0 (OASIS), which code hosts show beside the lines.

use super::{slashed, untested};
use crate::rule_files::Loaded;
use rpcscope_rules::{Finding, LOADER, Severity, lints};
use serde_json::{Value, json};
use std::fmt::Write;

/// One log with one run.
pub(super) fn page(loaded: &Loaded) -> String {
    let lints = all_lints();
    let rules: Vec<Value> = lints
        .iter()
        .map(|(name, severity, meaning)| {
            json!({
                "id": name,
                "shortDescription": {"text": meaning},
                "defaultConfiguration": {"level": severity.name()},
            })
        })
        .collect();
    let results: Vec<Value> = loaded.findings.iter().map(|finding| result(finding, &lints)).collect();
    let log = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {"name": "rpcscope", "version": env!("CARGO_PKG_VERSION"), "rules": rules}},
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    });
    format!("{log:#}\n")
}

/// Names, severities and meanings of everything that is looked for.
fn all_lints() -> Vec<(&'static str, Severity, &'static str)> {
    let mut all = vec![(LOADER, Severity::Error, "What cannot be read, or names what there is not.")];
    all.extend(lints().iter().map(|lint| (lint.name, lint.severity, lint.meaning)));
    all.push(("test", Severity::Error, "What is wrong in a file of tests."));
    all.push((untested::NAME, Severity::Note, untested::MEANING));
    all
}

fn result(finding: &Finding, lints: &[(&str, Severity, &str)]) -> Value {
    let text = match &finding.hint {
        Some(hint) => format!("{}\nhint: {hint}", finding.cause),
        None => finding.cause.clone(),
    };
    let index = lints.iter().position(|(name, ..)| *name == finding.lint);
    json!({
        "ruleId": finding.lint,
        "ruleIndex": index.map_or(json!(-1), |index| json!(index)),
        "level": finding.severity.name(),
        "message": {"text": text},
        "locations": [{
            "physicalLocation": {
                "artifactLocation": {"uri": uri(&finding.file)},
                "region": {"startLine": finding.place.line, "startColumn": finding.place.column},
            },
        }],
    })
}

/// A path as a reference to a URI: what has a meaning there is escaped ([RFC 3986] 2.1).
fn uri(path: &str) -> String {
    let mut uri = String::new();
    for byte in slashed(path).bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            let _ = write!(uri, "%{byte:02X}");
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_become_references() {
        assert_eq!(uri("rules/a b.yml"), "rules/a%20b.yml");
        assert_eq!(uri("rules/ä#1.yml"), "rules/%C3%A4%231.yml");
    }
}
