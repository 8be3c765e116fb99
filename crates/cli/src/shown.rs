//! Events, alerts and traces as lines for those who look into why.

use crate::args::When;
use rpcscope_model::{Alert, Event};
use rpcscope_rules::Trace;
use rpcscope_sinks::{Clock, Colour, Context, Detail, Format, Memo, visible};

/// The lines of an event: those of the table, else that of JSON.
pub(crate) fn event(event: &Event) -> String {
    let context = context();
    let mut out = Vec::new();
    Format::Table.event(event, &context, &mut Memo::default(), &mut out);
    if out.is_empty() {
        Format::Eve.event(event, &context, &mut Memo::default(), &mut out);
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// The line of an alert.
pub(crate) fn alert(alert: &Alert) -> String {
    let mut out = Vec::new();
    Format::Table.alert(alert, &context(), &mut Memo::default(), &mut out);
    String::from_utf8_lossy(&out).into_owned()
}

/// The lines of a trace, with what came from the network made harmless.
pub(crate) fn trace(trace: &Trace) -> String {
    trace.to_string().lines().map(|line| visible(line) + "\n").collect()
}

/// Lines below others, each with blanks before it.
pub(crate) fn indented(lines: &str, blanks: usize) -> String {
    lines.lines().map(|line| format!("{:blanks$}{line}\n", "")).collect()
}

fn context() -> Context<'static> {
    Context { clock: Clock::Utc, detail: Detail::Everything, ..Context::default() }
}

/// Columns to lay the table out for: what `COLUMNS` says, else the width of the terminal, else a usual one.
pub(crate) fn columns() -> u16 {
    let told = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    told.or_else(|| terminal_size::terminal_size().map(|(width, _)| width.0)).unwrap_or(120)
}

/// How events are written: as asked, else as a table on a terminal, else as JSON lines.
pub(crate) fn format(asked: Option<&str>, on_terminal: bool) -> Format {
    let otherwise = if on_terminal { Format::Table } else { Format::Eve };
    asked.and_then(Format::from_name).unwrap_or(otherwise)
}

/// Whether colours are used.
pub(crate) fn colour(when: When, on_terminal: bool) -> Colour {
    match when {
        When::Always => Colour::Ansi,
        When::Auto if on_terminal && std::env::var_os("NO_COLOR").is_none() => Colour::Ansi,
        When::Auto | When::Never => Colour::Plain,
    }
}
