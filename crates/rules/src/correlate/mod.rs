//! Runs correlations over the ordered stream of events: what several events say together; and counts the alerts of rules
//! that may alert only so often.
//!
//! The clock is the capture's. A correlation that only has lower bounds is judged with each event, over those of the
//! span before it; once it has alerted for a group it starts anew, and is quiet for a span. A correlation with an upper
//! bound is judged when its window is over, which begins with the first event of the group.

mod groups;
mod moved;
mod rate;
mod window;

use crate::field::Field;
use crate::sigma::{Alias, Correlation, CorrelationKind};
use crate::value::Fields;
use crate::{Comparison, Number, RuleSet, Told};
pub use moved::Moved;

use groups::{Groups, Key, Remembered};
use rate::Rate;
use rpcscope_model::{Alert, Correlated, Event, Side, Timestamp};
use std::sync::Arc;
use window::Window;

/// Runs the correlations of a rule set over one ordered stream of events.
#[derive(Debug)]
pub struct Correlator {
    rules: Arc<RuleSet>,
    /// For each position of a rule or correlation: the correlations that it is a member of, and which one.
    members: Vec<Vec<(usize, usize)>>,
    groups: Groups<Window>,
    rates: Groups<Rate>,
    now: Timestamp,
    /// Events so far.
    number: u64,
}

/// A rule that holds for an event: its position, and that of the rule that the event was matched by, which is another
/// one when a correlation of it holds.
#[derive(Clone, Copy)]
struct Hit {
    position: usize,
    base: usize,
}

impl Correlator {
    /// Has seen no event.
    pub fn new(rules: Arc<RuleSet>) -> Self {
        Self {
            members: members(&rules),
            rules,
            groups: Groups::new(),
            rates: Groups::new(),
            now: Timestamp(i64::MIN),
            number: 0,
        }
    }

    /// Goes on with other rules. What was counted for rules and correlations that are among them stays.
    pub fn reload(&mut self, rules: Arc<RuleSet>) -> Moved {
        let moved = Moved::new(&self.rules, &rules);
        let (old_rules, new_rules) = (self.rules.rules().len(), rules.rules().len());
        self.rates.retain(|of, _| moved.get(of));
        self.groups.retain(|of, window| {
            let to = moved.get(old_rules + of)?.checked_sub(new_rules)?;
            window.last = window.last.take().and_then(|(event, base)| Some((event, moved.get(base)?)));
            Some(to)
        });
        self.members = members(&rules);
        self.rules = rules;
        moved
    }

    /// Takes an event with the rule that holds for it, and adds what correlations say of it to `alerts`. Several rules of
    /// one event come one after the other.
    pub fn hit(&mut self, position: usize, event: &Arc<Event>, alerts: &mut Vec<Told>) {
        self.now = self.now.max(event.header.time);
        self.close_windows(Some(self.now), alerts);
        self.forget_over();
        self.number += 1;
        if let Some(alert) = self.rated(position, event) {
            alerts.push(Told { position, alert });
        }
        self.take(Hit { position, base: position }, event, alerts);
    }

    /// The stream is over: judges what waits for the end of its window.
    pub fn finish(&mut self, alerts: &mut Vec<Told>) {
        self.close_windows(None, alerts);
    }

    /// Groups that were forgotten because there were too many.
    pub const fn groups_evicted(&self) -> u64 {
        self.groups.evicted + self.rates.evicted
    }

    /// The alert of a rule that may alert only so often, if it may now.
    fn rated(&mut self, position: usize, event: &Arc<Event>) -> Option<Alert> {
        let rule = self.rules.rules().get(position).filter(|_| self.rules.alerts(position))?;
        let threshold = rule.threshold.as_ref()?;
        let sender = rule.text.as_ref().map_or(Side::Client, |text| text.sender);
        let key = Key { of: position, values: rate::tracked(threshold.track, sender, event) };
        let may =
            self.rates.with(key, event.header.time, None, |rate| rate.event(threshold, event.header.time));
        may.then(|| Alert {
            rule: Arc::clone(&rule.signature),
            event: Arc::clone(event),
            correlated: None,
            capture: None,
        })
    }

    fn take(&mut self, hit: Hit, event: &Arc<Event>, alerts: &mut Vec<Told>) {
        let of = self.members.get(hit.position).cloned().unwrap_or_default();
        for (at, member) in of {
            self.feed(at, member, hit.base, event, alerts);
        }
    }

    /// Gives an event to a correlation.
    fn feed(&mut self, at: usize, member: usize, base: usize, event: &Arc<Event>, alerts: &mut Vec<Told>) {
        let rules = Arc::clone(&self.rules);
        let Some(correlation) = rules.correlations().get(at) else { return };
        let values: Vec<Option<Box<str>>> =
            correlation.group_by.iter().map(|alias| value(alias, base, event).map(Box::from)).collect();
        let key = Key { of: at, values: values.clone() };
        let counted = counted_value(correlation, base, event);
        if counts_values(correlation.kind) && counted.is_none() {
            return;
        }
        let (time, span, number) = (event.header.time, correlation.timespan_ns, self.number);
        let waits = is_judged_at_its_end(correlation);
        let end = i64::try_from(span).map_or(i64::MAX, |span| time.0.saturating_add(span));
        let count = self.groups.with(key, time, waits.then_some(Timestamp(end)), |window| {
            if waits {
                // The window is over with its span, not with what comes later.
                window.count(time, counted, u64::MAX);
                window.last = Some((Arc::clone(event), base));
                return None;
            }
            if window.is_quiet(time) {
                return None;
            }
            let of = correlation.members.len();
            let measured = match correlation.kind {
                CorrelationKind::Temporal => Measure::of(window.see(member, of, time, span)),
                CorrelationKind::TemporalOrdered => {
                    Measure::of(window.follow(member, of, time, number, span))
                }
                kind => {
                    window.count(time, counted.clone(), span);
                    measure(kind, window, counted.as_deref())
                }
            };
            let holds = holds(correlation, measured.value);
            if holds {
                window.rest(time, span);
            }
            holds.then_some(measured.shown)
        });
        if let Some(count) = count {
            self.fire(at, base, Correlated { count, group: group(correlation, &values) }, event, alerts);
        }
    }

    /// Forgets what lies so far back that it counts no more.
    fn forget_over(&mut self) {
        let Self { rules, groups, rates, now, .. } = self;
        let is_over =
            |time: Timestamp, span_ns: u64| now.since_ns(time) > span_ns.saturating_add(LATENESS_NS);
        groups.forget_over(|of, time| {
            rules.correlations().get(of).is_none_or(|correlation| is_over(time, correlation.timespan_ns))
        });
        rates.forget_over(|of, time| {
            let threshold = rules.rules().get(of).and_then(|rule| rule.threshold.as_ref());
            threshold.is_none_or(|threshold| is_over(time, u64::from(threshold.seconds) * 1_000_000_000))
        });
    }

    /// Judges windows that were over before `now`; without a time, all.
    fn close_windows(&mut self, now: Option<Timestamp>, alerts: &mut Vec<Told>) {
        while let Some((key, window)) = self.groups.take_ended(now) {
            let rules = Arc::clone(&self.rules);
            let Some(correlation) = rules.correlations().get(key.of) else { continue };
            let Some((event, base)) = &window.last else { continue };
            let measured = measure(correlation.kind, &window, None);
            if holds(correlation, measured.value) {
                let correlated = Correlated { count: measured.shown, group: group(correlation, &key.values) };
                self.fire(key.of, *base, correlated, event, alerts);
            }
        }
    }

    /// A correlation holds: tells it, and lets those know that are about it.
    fn fire(
        &mut self,
        at: usize,
        base: usize,
        correlated: Correlated,
        event: &Arc<Event>,
        alerts: &mut Vec<Told>,
    ) {
        let position = self.rules.rules().len() + at;
        if self.rules.alerts(position)
            && let Some(correlation) = self.rules.correlations().get(at)
        {
            let rule = Arc::clone(&correlation.signature);
            let alert = Alert { rule, event: Arc::clone(event), correlated: Some(correlated), capture: None };
            alerts.push(Told { position, alert });
        }
        // Correlations come after those that they are about: this ends.
        self.take(Hit { position, base }, event, alerts);
    }
}

/// For each position of a rule or correlation: the correlations that it is a member of, and which one.
fn members(rules: &RuleSet) -> Vec<Vec<(usize, usize)>> {
    let correlations = rules.correlations();
    let mut members = vec![Vec::new(); rules.rules().len() + correlations.len()];
    for (at, correlation) in correlations.iter().enumerate() {
        for (number, position) in correlation.members.iter().enumerate() {
            if let Some(of) = members.get_mut(*position) {
                of.push((at, number));
            }
        }
    }
    members
}

/// What is compared with the bounds, and what is told.
struct Measure {
    value: Number,
    shown: u64,
}

impl Measure {
    fn of(count: u64) -> Self {
        Self { value: Number::Whole(count.into()), shown: count }
    }
}

fn measure(kind: CorrelationKind, window: &Window, newest: Option<&str>) -> Measure {
    let events = window.entries() as u64;
    match kind {
        CorrelationKind::ValueCount => Measure::of(window.distinct() as u64),
        CorrelationKind::ValueSum => Measure { value: Number::Real(window.sum().0), shown: events },
        CorrelationKind::ValueAverage => {
            let (sum, count) = window.sum();
            Measure { value: Number::Real(sum / count.max(1) as f64), shown: events }
        }
        CorrelationKind::ValuePercentile => {
            let share = newest.map_or(100.0, |newest| window.share(newest));
            Measure { value: Number::Real(share), shown: events }
        }
        CorrelationKind::EventCount | CorrelationKind::Temporal | CorrelationKind::TemporalOrdered => {
            Measure::of(events)
        }
    }
}

/// Whether a value is within all bounds. Without bounds, all members must have had events.
fn holds(correlation: &Correlation, value: Number) -> bool {
    if correlation.criteria.is_empty() {
        return value == Number::Whole(correlation.members.len() as i128);
    }
    let within = |bound: &crate::Criterion| {
        value.compare(bound.number).is_some_and(|order| bound.comparison.holds(order))
    };
    correlation.criteria.iter().all(within)
}

/// Whether more events could make a correlation hold no more, so that it must wait for the last one.
fn is_judged_at_its_end(correlation: &Correlation) -> bool {
    use CorrelationKind::{EventCount, ValueCount, ValueSum};
    let counts = matches!(correlation.kind, EventCount | ValueCount | ValueSum);
    let grows = |bound: &crate::Criterion| {
        matches!(bound.comparison, Comparison::Greater | Comparison::GreaterOrEqual)
    };
    counts && !correlation.criteria.iter().all(grows)
}

const fn counts_values(kind: CorrelationKind) -> bool {
    use CorrelationKind::{ValueAverage, ValueCount, ValuePercentile, ValueSum};
    matches!(kind, ValueCount | ValueSum | ValueAverage | ValuePercentile)
}

/// The value that is counted: of several fields, all of them together.
fn counted_value(correlation: &Correlation, base: usize, event: &Event) -> Option<Arc<str>> {
    if !counts_values(correlation.kind) {
        return None;
    }
    let values: Vec<String> =
        correlation.field.iter().map(|alias| value(alias, base, event)).collect::<Option<_>>()?;
    Some(values.join("\u{1f}").into())
}

/// The value of a field in an event that a rule was matched by, as it is shown.
fn value(alias: &Alias, base: usize, event: &Event) -> Option<String> {
    let field: &Field = alias.fields.iter().find(|(rule, _)| *rule == base).map(|(_, field)| field)?;
    let values = event.values(field);
    let shown = values.iter().find(|value| value.is_shown())?.to_string();
    let cut = shown.char_indices().nth(MAX_VALUE_CHARS).map_or(shown.len(), |(at, _)| at);
    Some(shown.get(..cut).unwrap_or_default().to_owned())
}

fn group(correlation: &Correlation, values: &[Option<Box<str>>]) -> Vec<(String, String)> {
    let names = correlation.group_by.iter().map(|alias| alias.name.clone());
    names.zip(values).filter_map(|(name, value)| Some((name, value.as_ref()?.to_string()))).collect()
}

/// Events that a group counts at most: a bound above it never holds.
pub(crate) const MOST_EVENTS: usize = Window::MAX_ENTRIES;

/// How late an event may come behind others: their order is that of frames, and of connections that end, not of times.
const LATENESS_NS: u64 = 60_000_000_000;

/// Characters by which values are told apart. Longer ones could fill memory.
const MAX_VALUE_CHARS: usize = 512;
