//! The page that a run ends with.

use super::figures::{bytes_text, count_text, counted, duration_text, per_second, short_count};
use super::{
    InterfaceKey, MOST_HOSTS, MOST_NAMES, MOST_STATUSES, OperationKey, OutcomeIndex, RunFigures, Summary,
};
use crate::text::{cell, cell_right, painted, push_display, push_visible};
use crate::{Colour, address, clock};
use anstyle::{AnsiColor, Style};
use rpcscope_model::{Address, Outcome, Timestamp};
use std::time::Duration;

const PLAIN: Style = Style::new();
const DIM: Style = Style::new().dimmed();
const TITLE: Style = Style::new().bold();
const BAR: Style = AnsiColor::Cyan.on_default();
const BAD: Style = AnsiColor::Red.on_default();
const ODD: Style = AnsiColor::Yellow.on_default();

/// Rows of a table; the rest is one line.
const ROWS: usize = 10;
/// Rows of the tables of hosts.
const HOST_ROWS: usize = 5;
/// Columns of a name, wide enough for a UUID with its version.
const NAME: usize = 46;
/// Columns of a count.
const COUNT: usize = 12;
/// Columns of the longest bar.
const BAR_COLUMNS: u64 = 24;

/// Outcomes in the order of the report.
const OUTCOMES: [Outcome; Outcome::COUNT] = [
    Outcome::Replied,
    Outcome::Faulted,
    Outcome::Rejected,
    Outcome::Cancelled,
    Outcome::Lost,
    Outcome::Unanswered,
];

/// Counters that tell what the sensor could not see or had to forget. They are shown when they are not 0.
const OUT_OF_SIGHT: &[&str] = &[
    "frames_cut",
    "frames_malformed",
    "datagrams_dropped",
    "flows_evicted",
    "tcp_gaps",
    "tcp_gap_bytes",
    "smb_encrypted",
    "smb_compressed",
    "smb_sessions_evicted",
    "pipes_evicted",
    "pdus_malformed",
    "calls_evicted",
    "activities_evicted",
    "anomalies_not_reported",
];

/// A row of a table: what it counts, how often it came, and how it is painted.
struct Line {
    name: String,
    count: u64,
    style: Style,
}

/// Appends to a page.
struct Page<'o> {
    out: &'o mut Vec<u8>,
    colour: Colour,
}

impl Summary {
    /// Appends the page. It holds what was read, then what was called, and ends with what could not be seen.
    pub fn write(&self, run: &RunFigures, colour: Colour, out: &mut Vec<u8>) {
        let mut page = Page { out, colour };
        page.read(run);
        self.overview(&mut page, run);
        self.alerts(&mut page);
        if self.calls > 0 {
            let operations = self.operations.sorted(MOST_NAMES);
            let interfaces = self.interfaces.sorted(MOST_NAMES);
            let rows = interfaces.iter().map(|(key, count)| (key.to_string(), *count));
            page.bars("Interfaces", rows, self.interfaces.total());
            let rows = operations.iter().map(|(key, count)| (key.to_string(), *count));
            page.bars("Operations", rows, self.operations.total());
            page.hosts(
                &self.servers.sorted(MOST_HOSTS),
                &self.clients.sorted(MOST_HOSTS),
                [self.servers.total(), self.clients.total()],
            );
            self.outcomes(&mut page);
            page.unknown(&interfaces);
        }
        self.anomalies(&mut page);
        page.out_of_sight(run);
    }

    /// How many calls and binds, over what, when.
    fn overview(&self, page: &mut Page<'_>, run: &RunFigures) {
        if self.calls == 0 && self.binds.all == 0 {
            page.text(ODD, "No remote procedure calls were seen.\n");
            return;
        }
        page.text(TITLE, &counted(self.calls, "call"));
        let mut transports: Vec<_> =
            self.transports.iter().map(|(transport, count)| (*transport, *count)).collect();
        transports.sort_unstable();
        if !transports.is_empty() {
            let list: Vec<_> = transports
                .iter()
                .map(|(transport, count)| {
                    use rpcscope_model::Transport::{NcacnNpSmb1, NcacnNpSmb2};
                    let smb = match transport {
                        NcacnNpSmb1 => "/smb1",
                        NcacnNpSmb2 => "/smb2",
                        _ => "",
                    };
                    format!("{} {}{smb}", count_text(*count), transport.name())
                })
                .collect();
            page.text(DIM, &format!("  {}", list.join(" · ")));
        }
        page.text(PLAIN, "\n");
        let mut notes = vec![counted(self.binds.all, "bind")];
        let mut note = |count: u64, what: &str| {
            if count > 0 {
                notes.push(format!("{} {what}", count_text(count)));
            }
        };
        note(self.binds.rejected, "rejected");
        note(self.binds.faulted, "faulted");
        note(self.binds.unanswered, "unanswered");
        let mut calls = Vec::new();
        if self.calls_sealed > 0 {
            calls.push(format!("{} sealed", counted(self.calls_sealed, "call")));
        }
        if self.calls_inferred > 0 {
            calls.push(format!("{} named without a bind (~)", counted(self.calls_inferred, "call")));
        }
        if run.stats.flows > 0 {
            let flows = counted(run.stats.flows, "flow");
            calls.push(format!("{} of {flows} carried RPC or SMB", count_text(run.stats.flows_followed)));
        }
        let notes = std::iter::once(notes.join(", ")).chain(calls).collect::<Vec<_>>().join(" · ");
        page.text(DIM, &format!("{notes}\n"));
        if let Some((first, last)) = self.span {
            page.span(first, last);
        }
    }

    /// What became of the calls, with the statuses of faults.
    fn outcomes(&self, page: &mut Page<'_>) {
        page.title("Outcomes");
        for (outcome, count) in OUTCOMES.iter().zip(self.outcomes) {
            if count == 0 {
                continue;
            }
            let style = match outcome {
                Outcome::Replied => PLAIN,
                Outcome::Faulted | Outcome::Rejected => BAD,
                Outcome::Cancelled | Outcome::Lost | Outcome::Unanswered | Outcome::Pending => ODD,
            };
            page.row(&Line { name: outcome.name().to_owned(), count, style }, self.calls, None);
        }
        let statuses = self.statuses.sorted(MOST_STATUSES);
        if statuses.is_empty() {
            return;
        }
        page.title("Faults");
        let lines = statuses.iter().map(|(status, count)| {
            let name = match rpcscope_catalog::status_name(*status) {
                Some(name) => format!("{name} ({status:#010x})"),
                None => format!("{status:#010x}"),
            };
            Line { name, count: *count, style: PLAIN }
        });
        page.rows(lines, self.statuses.total(), ROWS, None);
    }

    /// The rules that alerted, the worst first, and of equally bad ones the most frequent.
    fn alerts(&self, page: &mut Page<'_>) {
        let mut alerts: Vec<_> = self.alerts.iter().collect();
        if alerts.is_empty() {
            return;
        }
        alerts.sort_by_key(|(rule, count)| (rule.severity, std::cmp::Reverse(**count)));
        page.title("Alerts");
        for (rule, count) in alerts {
            let style = match rule.severity {
                0 | 1 => BAD,
                2 => ODD,
                _ => PLAIN,
            };
            page.alerts(*count, rule.level, style, &rule.title);
        }
    }

    fn anomalies(&self, page: &mut Page<'_>) {
        let mut anomalies: Vec<_> = self.anomalies.iter().map(|(kind, count)| (*kind, *count)).collect();
        if anomalies.is_empty() {
            return;
        }
        anomalies.sort_unstable_by(|(kind, count), (other_kind, other)| {
            other.cmp(count).then_with(|| kind.name().cmp(other_kind.name()))
        });
        page.title("Anomalies");
        for (kind, count) in anomalies {
            page.explained(count, kind.name(), kind.meaning());
        }
    }
}

impl Page<'_> {
    /// What was read, and how fast.
    fn read(&mut self, run: &RunFigures) {
        let stats = &run.stats;
        self.text(TITLE, &format!("\nRead {}", counted(run.files, "capture")));
        if run.files_failed > 0 {
            self.text(BAD, &format!(", {} unreadable", count_text(run.files_failed)));
        }
        if run.warnings > 0 {
            self.text(ODD, &format!(", {}", counted(run.warnings, "warning")));
        }
        self.text(PLAIN, &format!(": {}, {}", counted(stats.frames, "frame"), bytes_text(stats.bytes)));
        self.text(PLAIN, &format!(" in {}", duration_text(run.elapsed)));
        if let (Some(bytes), Some(frames)) =
            (per_second(stats.bytes, run.elapsed), per_second(stats.frames, run.elapsed))
        {
            self.text(DIM, &format!(" ({}/s, {} frames/s)", bytes_text(bytes), short_count(frames)));
        }
        self.text(PLAIN, "\n");
    }

    /// From when to when.
    fn span(&mut self, first: Timestamp, last: Timestamp) {
        let length = Duration::from_nanos(last.since_ns(first));
        painted(self.out, DIM, self.colour, |out| {
            clock::push_seconds(out, first);
            out.extend_from_slice(" to ".as_bytes());
            clock::push_seconds(out, last);
            push_display(out, format_args!(" UTC ({})", duration_text(length)));
        });
        self.text(PLAIN, "\n");
    }

    /// A table with bars.
    fn bars(&mut self, title: &str, rows: impl Iterator<Item = (String, u64)>, total: u64) {
        self.title(title);
        let mut rows = rows.map(|(name, count)| Line { name, count, style: PLAIN }).peekable();
        let longest = rows.peek().map_or(0, |line| line.count);
        self.rows(rows, total, ROWS, Some(longest));
    }

    /// The first `most` rows, and the rest as one.
    fn rows(&mut self, lines: impl Iterator<Item = Line>, total: u64, most: usize, longest: Option<u64>) {
        let mut lines = lines.peekable();
        let mut rest = total;
        for line in lines.by_ref().take(most) {
            rest = rest.saturating_sub(line.count);
            self.row(&line, total, longest);
        }
        let more = lines.count() as u64;
        if rest > 0 {
            let name = if more > 0 { format!("{} more", count_text(more)) } else { "others".to_owned() };
            self.row(&Line { name, count: rest, style: DIM }, total, longest.map(|_| 0));
        }
    }

    /// One row: name, count, share, bar.
    fn row(&mut self, line: &Line, total: u64, longest: Option<u64>) {
        self.text(PLAIN, "  ");
        cell(self.out, NAME, line.style, self.colour, |out| out.extend_from_slice(line.name.as_bytes()));
        cell_right(self.out, COUNT, |out| out.extend_from_slice(count_text(line.count).as_bytes()));
        painted(self.out, DIM, self.colour, |out| {
            cell_right(out, 9, |out| out.extend_from_slice(share(line.count, total).as_bytes()));
        });
        if let Some(longest) = longest.filter(|longest| *longest > 0) {
            self.text(PLAIN, "  ");
            self.text(BAR, &bar(line.count, longest));
        }
        self.text(PLAIN, "\n");
    }

    /// Who was called, beside who called.
    fn hosts(&mut self, servers: &[(Address, u64)], clients: &[(Address, u64)], totals: [u64; 2]) {
        const HOST: usize = 36;
        const CALLS: usize = 10;
        self.text(PLAIN, "\n");
        for title in ["Servers", "Clients"] {
            cell(self.out, HOST + CALLS + 6, TITLE, self.colour, |out| {
                out.extend_from_slice(title.as_bytes())
            });
        }
        self.end_line();
        let [mut rest_of_servers, mut rest_of_clients] = totals;
        for row in 0..=HOST_ROWS.min(servers.len().max(clients.len())) {
            let start = self.out.len();
            for (hosts, rest) in [(servers, &mut rest_of_servers), (clients, &mut rest_of_clients)] {
                let host = hosts.get(row).filter(|_| row < HOST_ROWS);
                let others = hosts.len().saturating_sub(row);
                let count = match host {
                    Some((_, count)) => *count,
                    None => *rest,
                };
                *rest -= count.min(*rest);
                self.text(PLAIN, "  ");
                let style = if host.is_none() && count > 0 { DIM } else { PLAIN };
                cell(self.out, HOST, style, self.colour, |out| match host {
                    Some((address, _)) => address::push(out, *address),
                    None if count == 0 => {}
                    None if others > 0 => {
                        push_display(out, format_args!("{} more", count_text(others as u64)))
                    }
                    None => out.extend_from_slice(b"others"),
                });
                cell_right(self.out, CALLS, |out| {
                    if count > 0 {
                        out.extend_from_slice(count_text(count).as_bytes());
                    }
                });
                self.text(PLAIN, "    ");
            }
            self.end_line();
            if self.out.get(start..).is_some_and(|line| line.trim_ascii().is_empty()) {
                self.out.truncate(start);
            }
        }
    }

    /// Interfaces that the catalogue does not name.
    fn unknown(&mut self, interfaces: &[(InterfaceKey, u64)]) {
        let unknown =
            interfaces.iter().filter(|(key, _)| matches!(key, InterfaceKey::Unnamed(_))).collect::<Vec<_>>();
        if unknown.is_empty() {
            return;
        }
        self.title("Interfaces without a name");
        let total = unknown.iter().map(|(_, count)| count).sum();
        let lines =
            unknown.iter().map(|(key, count)| Line { name: key.to_string(), count: *count, style: ODD });
        self.rows(lines, total, ROWS, None);
    }

    fn out_of_sight(&mut self, run: &RunFigures) {
        let rows = run.stats.rows();
        let mut titled = false;
        for (name, meaning, count) in rows {
            if count > 0 && OUT_OF_SIGHT.contains(&name) {
                if !titled {
                    self.title("What could not be seen");
                    titled = true;
                }
                self.explained(count, name, meaning);
            }
        }
    }

    /// A count, what was counted, and what that means.
    fn explained(&mut self, count: u64, name: &str, meaning: &str) {
        cell_right(self.out, COUNT, |out| out.extend_from_slice(count_text(count).as_bytes()));
        self.text(PLAIN, "  ");
        cell(self.out, 24, ODD, self.colour, |out| out.extend_from_slice(name.as_bytes()));
        self.text(PLAIN, "  ");
        self.text(DIM, meaning);
        self.text(PLAIN, "\n");
    }

    /// How often a rule alerted.
    fn alerts(&mut self, count: u64, level: &str, style: Style, title: &str) {
        cell_right(self.out, COUNT, |out| out.extend_from_slice(count_text(count).as_bytes()));
        self.text(PLAIN, "  ");
        cell(self.out, "informational".len(), style, self.colour, |out| {
            out.extend_from_slice(level.as_bytes());
        });
        self.text(PLAIN, "  ");
        push_visible(self.out, title);
        self.text(PLAIN, "\n");
    }

    fn title(&mut self, title: &str) {
        self.text(PLAIN, "\n");
        self.text(TITLE, title);
        self.text(PLAIN, "\n");
    }

    fn text(&mut self, style: Style, text: &str) {
        painted(self.out, style, self.colour, |out| out.extend_from_slice(text.as_bytes()));
    }

    /// Ends a line without the blanks that padded its last cell.
    fn end_line(&mut self) {
        let length = self
            .out
            .trim_ascii_end()
            .len()
            .max(self.out.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1));
        self.out.truncate(length);
        self.out.push(b'\n');
    }
}

impl std::fmt::Display for InterfaceKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Named(name, _) => f.write_str(name),
            Self::Unnamed(syntax) => syntax.fmt(f),
            Self::Unknown => f.write_str("(bind not seen)"),
        }
    }
}

impl std::fmt::Display for OperationKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.interface {
            // The full UUID stands in the tables of interfaces; here it would push the opnum out of the column.
            InterfaceKey::Unnamed(syntax) => {
                let digits = syntax.uuid.hyphenated().to_string();
                write!(f, "{}…", digits.get(..8).unwrap_or(&digits))?;
            }
            interface => interface.fmt(f)?,
        }
        match (self.procedure, self.opnum) {
            (Some(procedure), _) => write!(f, ".{procedure}"),
            (None, Some(opnum)) => write!(f, " opnum {}", opnum.0),
            (None, None) => f.write_str(" request lost"),
        }
    }
}

/// A share in percent with one decimal.
fn share(count: u64, total: u64) -> String {
    if total == 0 {
        return String::new();
    }
    let permille = u128::from(count) * 1000 / u128::from(total);
    match permille {
        0 => "<0.1 %".to_owned(),
        _ => format!("{}.{} %", permille / 10, permille % 10),
    }
}

/// A bar of blocks, precise to an eighth of a column.
fn bar(count: u64, longest: u64) -> String {
    const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    let eighths = u128::from(count) * u128::from(BAR_COLUMNS) * 8 / u128::from(longest.max(1));
    let eighths = usize::try_from(eighths).unwrap_or(0).max(usize::from(count > 0));
    let mut text = "█".repeat(eighths / 8);
    text.push_str(EIGHTHS.get(eighths % 8).copied().unwrap_or_default());
    text
}
