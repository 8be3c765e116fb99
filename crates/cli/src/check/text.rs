//! Findings for people.

use super::rules;
use crate::finding_text;
use crate::rule_files::{Loaded, counted};
use rpcscope_rules::Severity;
use std::fmt::Write;
use std::io::IsTerminal;

/// All findings, and how many there are.
pub(super) fn page(loaded: &Loaded) -> String {
    let mut page = String::new();
    let coloured = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    for finding in &loaded.findings {
        let text = loaded.texts.get(&finding.file).map(String::as_str);
        let _ = if coloured {
            writeln!(page, "{}", finding_text::coloured(finding, text))
        } else {
            writeln!(page, "{}", finding_text::plain(finding, text))
        };
    }
    let mut figures = vec![
        counted(loaded.texts.len(), "file"),
        counted(rules(loaded), "rule"),
        counted(loaded.count(Severity::Error), "error"),
        counted(loaded.count(Severity::Warning), "warning"),
    ];
    let notes = loaded.count(Severity::Note);
    figures.extend((notes > 0).then(|| counted(notes, "note")));
    let _ = writeln!(page, "{}", figures.join(", "));
    page
}
