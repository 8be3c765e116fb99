//! Findings as a person reads them: place, cause, the line with a caret, hint.

use anstyle::{AnsiColor, Style};
use rpcscope_rules::{Finding, Place, Severity};
use rpcscope_text::caret;
use std::fmt::{self, Display};

/// A finding without colours; `text` is that of its file.
pub(crate) fn plain<'a>(finding: &'a Finding, text: Option<&'a str>) -> impl Display + 'a {
    Shown { finding, text, severity: Style::new(), quiet: Style::new() }
}

/// A finding in colours.
pub(crate) fn coloured<'a>(finding: &'a Finding, text: Option<&'a str>) -> impl Display + 'a {
    let colour = match finding.severity {
        Severity::Error => AnsiColor::Red,
        Severity::Warning => AnsiColor::Yellow,
        Severity::Note => AnsiColor::Cyan,
    };
    Shown { finding, text, severity: colour.on_default().bold(), quiet: Style::new().dimmed() }
}

struct Shown<'a> {
    finding: &'a Finding,
    text: Option<&'a str>,
    severity: Style,
    quiet: Style,
}

impl Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Finding { file, place, severity, cause, hint, .. } = self.finding;
        let Place { line, column } = place;
        let (style, quiet) = (self.severity, self.quiet);
        write!(f, "{file}:{line}:{column}: {style}{}{style:#}: {cause}", severity.name())?;
        if let Some((line, caret)) = self.text.and_then(|text| caret(text, *place)) {
            write!(f, "\n    {quiet}{line}{quiet:#}\n    {style}{caret}{style:#}")?;
        }
        match hint {
            Some(hint) => write!(f, "\n  hint: {hint}"),
            None => Ok(()),
        }
    }
}
