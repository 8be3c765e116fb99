//! `rpcscope explain`: why a rule holds for events of a capture, or does not.

use crate::args::Explain;
use crate::exit::{Exit, UNREADABLE, WRONG_USE};
use crate::output::{self, Output};
use crate::rule_files::{self, Strictness, counted};
use crate::testing::sample_run::{Frames, replay};
use crate::{messages, shown};
use rpcscope_rules::{Correlation, CorrelationKind, Nearest, RuleSet, Told};
use std::fmt::Write;
use std::path::PathBuf;
use std::sync::Arc;

pub(crate) fn run(arguments: &Explain) -> Exit {
    let (paths, wanted) = match (&arguments.rules[..], &arguments.rule) {
        // Without other files, the rule is a file.
        ([], rule) if PathBuf::from(rule).exists() => (vec![PathBuf::from(rule)], None),
        ([], rule) => (rule_files::paths(&[]), Some(rule)),
        (paths, rule) => (paths.to_vec(), Some(rule)),
    };
    let rules = match rule_files::load_to_run(&paths, arguments.settings.as_deref(), Strictness::Lenient) {
        Ok(rules) => rules,
        Err(exit) => return exit,
    };
    let positions = explained(&rules, wanted.map(String::as_str));
    if positions.is_empty() {
        let what = match wanted {
            Some(name) => format!("no rule `{name}`"),
            None => format!("no rule of `{}` is loaded", arguments.rule),
        };
        let hint = Some("name the file of a rule, or an id, signature id or title with `-r` for where it is");
        messages::error(&what, hint);
        return WRONG_USE;
    }
    let mut nearest: Vec<Nearest> = positions.iter().map(|_| Nearest::new(arguments.events)).collect();
    let told = replay(&Frames::Capture(arguments.capture.clone()), &rules, &mut |event, watch| {
        for (position, nearest) in positions.iter().zip(&mut nearest) {
            nearest.event(watch, *position, event);
        }
    });
    let told = match told {
        Ok(told) => told,
        Err(unread) => {
            messages::error(&unread.cause, unread.detail.trim_end().strip_prefix("hint: "));
            return UNREADABLE;
        }
    };
    let mut page = String::new();
    for (position, nearest) in positions.iter().zip(&nearest) {
        page.push_str(&explanation(&rules, *position, nearest, &told));
    }
    let mut output = Output::stdout();
    output.write(page.as_bytes());
    output.finish(output::STANDARD)
}

/// The rules and correlations that are explained: those of a name, else all; members of correlations with them.
fn explained(rules: &RuleSet, name: Option<&str>) -> Vec<usize> {
    let count = rules.rules().len() + rules.correlations().len();
    let mut positions: Vec<usize> =
        (0..count).filter(|position| name.is_none_or(|name| rules.is_called(*position, name))).collect();
    let mut at = 0;
    while let Some(position) = positions.get(at).copied() {
        let correlation =
            position.checked_sub(rules.rules().len()).and_then(|at| rules.correlations().get(at));
        for member in correlation.map(|correlation| correlation.members.as_slice()).unwrap_or_default() {
            if !positions.contains(member) {
                positions.push(*member);
            }
        }
        at += 1;
    }
    positions.sort_unstable();
    positions
}

fn explanation(rules: &Arc<RuleSet>, position: usize, nearest: &Nearest, told: &[Told]) -> String {
    let mut page = String::new();
    let Some((meta, file, _)) = rules.description(position) else { return page };
    let _ = writeln!(page, "{} ({file}:{})", meta.title, meta.place.line);
    let correlation = position.checked_sub(rules.rules().len()).and_then(|at| rules.correlations().get(at));
    if let Some(correlation) = correlation {
        let alerts: Vec<&Told> = told.iter().filter(|told| told.position == position).collect();
        let _ = writeln!(page, "  {}", wants(rules, correlation));
        let _ = writeln!(page, "  it held {}\n", times(alerts.len()));
        for told in alerts {
            page.push_str(&shown::indented(&shown::alert(&told.alert), 2));
        }
        return page;
    }
    let looked_at = counted(usize::try_from(nearest.looked_at).unwrap_or(usize::MAX), "event");
    let _ = writeln!(page, "  it looked at {looked_at}, and held for {}\n", number(nearest.held));
    let mut shown_any = false;
    for near in nearest.events() {
        shown_any = true;
        page.push_str(&shown::indented(&shown::event(&near.event), 2));
        page.push_str(&shown::indented(&shown::trace(&near.trace), 4));
        page.push('\n');
    }
    if !shown_any {
        let _ = match nearest.looked_at {
            0 => writeln!(page, "  the capture has no event of {}\n", rules.rules()[position].source),
            _ => writeln!(page, "  none came near: no condition held for any of them\n"),
        };
    }
    page
}

/// What a correlation wants, in words.
fn wants(rules: &RuleSet, correlation: &Correlation) -> String {
    let titles: Vec<&str> = correlation
        .members
        .iter()
        .filter_map(|member| Some(rules.description(*member)?.0.title.as_str()))
        .collect();
    let bounds: Vec<String> = correlation
        .criteria
        .iter()
        .map(|bound| format!("{} {}", bound.comparison.sign(), bound.number))
        .collect();
    let what = match correlation.kind {
        CorrelationKind::Temporal => "all of".to_owned(),
        CorrelationKind::TemporalOrdered => "in this order".to_owned(),
        kind => format!("{} {} of", kind.name(), bounds.join(" and ")),
    };
    let group: Vec<&str> = correlation.group_by.iter().map(|alias| alias.name.as_str()).collect();
    let same =
        if group.is_empty() { String::new() } else { format!(" with the same {}", group.join(" and ")) };
    let seconds = correlation.timespan_ns / 1_000_000_000;
    format!("wants {what} `{}`{same} within {seconds} s", titles.join("`, `"))
}

fn number(count: u64) -> String {
    if count == 0 { "none".to_owned() } else { count.to_string() }
}

fn times(count: usize) -> String {
    match count {
        0 => "never".to_owned(),
        1 => "once".to_owned(),
        count => format!("{count} times"),
    }
}
