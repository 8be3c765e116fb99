//! Whether a test holds, and why not.

use super::plan::{Plan, Tests};
use super::sample_run::{Frames, Unread, replay};
use crate::rule_files::counted;
use crate::shown;
use rpcscope_rules::{Nearest, Place, RuleSet, Sample, Told};
use std::fmt::Write;
use std::sync::Arc;

/// What came of one test.
pub(crate) struct Verdict {
    /// What is not as it should be; nothing when the test holds.
    pub(crate) failures: Vec<Failure>,
    /// Alerts of the rules under test.
    pub(crate) alerts: u64,
    /// Alerts of each expectation, in their order.
    pub(crate) of_expected: Vec<u64>,
    /// Which rules under test alerted.
    pub(crate) fired: Vec<usize>,
    /// Whether the frames could be read.
    pub(crate) was_read: bool,
}

/// One thing that is not as it should be.
pub(crate) struct Failure {
    /// Where the test says how it should be.
    pub(crate) place: Place,
    /// What is and what should be, in one line.
    pub(crate) cause: String,
    /// What was seen, line by line.
    pub(crate) detail: String,
}

/// Replays the frames of a test, and compares what the rules say with what they are to say.
pub(crate) fn judge(plan: &Plan, tests: &Tests, sample: &Sample) -> Verdict {
    let rules = &plan.loaded.rules;
    let frames = tests.frames(sample);
    let told = match replay(&frames, rules, &mut |_, _| {}) {
        Ok(told) => told,
        Err(Unread { place, cause, detail }) => {
            let failure = Failure { place: place.unwrap_or(sample.place), cause, detail };
            return Verdict {
                failures: vec![failure],
                alerts: 0,
                of_expected: vec![0; sample.expected.len()],
                fired: Vec::new(),
                was_read: false,
            };
        }
    };
    let told: Vec<Told> =
        told.into_iter().filter(|told| tests.rules.binary_search(&told.position).is_ok()).collect();
    let mut fired: Vec<usize> = told.iter().map(|told| told.position).collect();
    fired.sort_unstable();
    fired.dedup();
    let alerts = told.len() as u64;
    let of_expected: Vec<u64> = sample
        .expected
        .iter()
        .map(|expected| told.iter().filter(|told| expected.suits(told, rules)).count() as u64)
        .collect();
    let mut verdict =
        Verdict { failures: Vec::new(), alerts, of_expected: of_expected.clone(), fired, was_read: true };
    let mut fail = |place: Place, wanted: String, seen: u64, too_few: bool| {
        let cause = format!("{wanted}, there {} {seen}", if seen == 1 { "is" } else { "are" });
        let detail = if too_few { missing(plan, tests, &frames, &told) } else { alert_lines(&told) };
        verdict.failures.push(Failure { place, cause, detail });
    };
    match sample.match_count {
        Some((place, wanted)) if wanted != alerts => {
            fail(place, format!("{} expected", alerts_text(wanted)), alerts, alerts < wanted);
        }
        None if sample.expected.is_empty() && alerts == 0 => {
            fail(sample.place, "an alert expected".to_owned(), 0, true);
        }
        _ => {}
    }
    for (expected, seen) in sample.expected.iter().zip(of_expected) {
        if !expected.is_met_by(seen) {
            let wanted = expected.count.map_or_else(|| "an alert".to_owned(), alerts_text);
            let too_few = expected.count.is_none_or(|wanted| seen < wanted);
            fail(expected.place, format!("{wanted} of {expected} expected"), seen, too_few);
        }
    }
    verdict
}

fn alerts_text(count: u64) -> String {
    match count {
        0 => "no alert".to_owned(),
        count => counted(usize::try_from(count).unwrap_or(usize::MAX), "alert"),
    }
}

/// The alerts that came, one line each.
fn alert_lines(told: &[Told]) -> String {
    let mut lines: String = told.iter().take(MOST_ALERTS).map(|told| shown::alert(&told.alert)).collect();
    if told.len() > MOST_ALERTS {
        let _ = writeln!(lines, "and {} more", told.len() - MOST_ALERTS);
    }
    lines
}

/// What the events that came nearest had, for each rule under test that did not alert.
fn missing(plan: &Plan, tests: &Tests, frames: &Frames<'_>, told: &[Told]) -> String {
    let rules = &plan.loaded.rules;
    let silent = |position: &&usize| told.iter().all(|told| told.position != **position);
    let silent: Vec<usize> = tests.rules.iter().filter(silent).copied().collect();
    let mut nearest: Vec<Nearest> = silent.iter().map(|_| Nearest::new(1)).collect();
    let watched = replay(frames, rules, &mut |event, watch| {
        for (position, nearest) in silent.iter().zip(&mut nearest) {
            nearest.event(watch, *position, event);
        }
    });
    let mut text = alert_lines(told);
    if tests.rules.is_empty() {
        text.push_str("no rule under test is loaded: `rpcscope check` tells why\n");
    }
    if watched.is_err() {
        return text;
    }
    for (position, nearest) in silent.into_iter().zip(&nearest) {
        text.push_str(&why_not(rules, position, nearest));
    }
    text
}

/// Why a rule did not alert.
fn why_not(rules: &Arc<RuleSet>, position: usize, nearest: &Nearest) -> String {
    let title = rules.description(position).map_or("", |(meta, ..)| meta.title.as_str());
    let mut text = String::new();
    if rules.rules().get(position).is_none() {
        let _ = writeln!(text, "{title}: a correlation of rules that did not alert often enough");
        return text;
    }
    match nearest.events().next() {
        Some(near) => {
            let _ = writeln!(text, "{title}: this came nearest");
            text.push_str(&shown::event(&near.event));
            text.push_str(&shown::trace(&near.trace));
        }
        None => {
            let events = counted(usize::try_from(nearest.looked_at).unwrap_or(usize::MAX), "event");
            let _ = writeln!(text, "{title}: of {events} that it looked at, none came near");
        }
    }
    text
}

/// Alerts that a failure lists.
const MOST_ALERTS: usize = 10;
