//! Findings for programs.

use super::rules;
use crate::rule_files::Loaded;
use rpcscope_rules::Severity;
use serde_json::{Value, json};

/// One object with figures and all findings.
pub(super) fn page(loaded: &Loaded) -> String {
    let findings: Vec<Value> = loaded
        .findings
        .iter()
        .map(|finding| {
            json!({
                "file": &*finding.file,
                "line": finding.place.line,
                "column": finding.place.column,
                "severity": finding.severity.name(),
                "lint": finding.lint,
                "cause": finding.cause,
                "hint": finding.hint,
            })
        })
        .collect();
    let page = json!({
        "files": loaded.texts.len(),
        "rules": rules(loaded),
        "errors": loaded.count(Severity::Error),
        "warnings": loaded.count(Severity::Warning),
        "notes": loaded.count(Severity::Note),
        "findings": findings,
    });
    format!("{page:#}\n")
}
