//! What the operator is told, on standard error.

use anstyle::{AnsiColor, Style};
use std::fmt::Display;
use std::io::Write;

const ERROR: Style = AnsiColor::Red.on_default().bold();
const WARNING: Style = AnsiColor::Yellow.on_default().bold();

/// Says what went wrong, and what can be done.
pub(crate) fn error(what: &dyn Display, hint: Option<&str>) {
    say(ERROR, "error", what, hint);
}

/// Says what is not as it should be, although the program goes on.
pub(crate) fn warning(what: &dyn Display) {
    say(WARNING, "warning", what, None);
}

/// Says what was found in a file.
pub(crate) fn finding(finding: &dyn Display) {
    let _ = writeln!(anstream::stderr().lock(), "{finding}");
}

/// Says what was done, when that is not seen otherwise.
pub(crate) fn note(what: &dyn Display) {
    let _ = writeln!(anstream::stderr().lock(), "{what}");
}

fn say(style: Style, kind: &str, what: &dyn Display, hint: Option<&str>) {
    let mut stderr = anstream::stderr().lock();
    // Nobody is left to hear that standard error is closed.
    let _ = writeln!(stderr, "{style}{kind}{style:#}: {what}");
    if let Some(hint) = hint {
        let _ = writeln!(stderr, "  hint: {hint}");
    }
}
