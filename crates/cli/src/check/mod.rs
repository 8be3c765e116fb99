//! `rpcscope check`: what is wrong with rules, before they run.

use crate::args::Check;
use crate::exit::{DONE, Exit, FOUND, UNREADABLE};
use crate::output::Output;
use crate::rule_files::{self, Loaded, Strictness, counted};
use crate::{finding_text, messages, settings};
use rpcscope_rules::Severity;
use std::fmt::Write;
use std::io::IsTerminal;

pub(crate) fn run(arguments: &Check) -> Exit {
    let paths = rule_files::or_usual(&arguments.rules);
    let loaded = match settings::load(arguments.settings.as_deref(), &paths) {
        Ok(settings) => rule_files::load(&paths, &settings),
        Err(exit) => return exit,
    };
    let loaded = match loaded {
        Ok(loaded) => loaded,
        Err(failed) => return rule_files::tell_unreadable(&failed),
    };
    let mut output = Output::stdout();
    output.write(page(&loaded).as_bytes());
    if let Some(error) = output.failure() {
        messages::error(&format_args!("standard output: cannot write: {error}"), None);
        return UNREADABLE;
    }
    let strictness = if arguments.strict { Strictness::Strict } else { Strictness::Lenient };
    let wrong = match strictness {
        Strictness::Strict => loaded.findings.len(),
        Strictness::Lenient => loaded.count(Severity::Error),
    };
    if wrong > 0 { FOUND } else { DONE }
}

/// All findings, and how many there are.
fn page(loaded: &Loaded) -> String {
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
    let rules = loaded.rules.rules().len() + loaded.rules.correlations().len();
    let figures = [
        counted(loaded.texts.len(), "file"),
        counted(rules, "rule"),
        counted(loaded.count(Severity::Error), "error"),
        counted(loaded.count(Severity::Warning), "warning"),
    ];
    let _ = writeln!(page, "{}", figures.join(", "));
    page
}
