//! What a group remembers of its events.

use super::groups::Remembered;
use hashbrown::HashMap;
use rpcscope_model::{Event, HashState, Timestamp};
use std::collections::VecDeque;
use std::sync::Arc;

/// The events of a group within the time span of its correlation.
#[derive(Debug)]
pub(super) struct Window {
    /// The latest time that was seen; events come in the order of the capture, their times may not.
    now: Timestamp,
    entries: VecDeque<(Timestamp, Option<Arc<str>>)>,
    /// How often each value stands among the entries.
    values: HashMap<Arc<str>, u64, HashState>,
    /// The sum of those that are numbers, and how many they are.
    sum: f64,
    numbers: u64,
    /// For each member that had an event: when it last had one.
    members: Vec<Option<Timestamp>>,
    /// For each member: the start of the latest chain of events of all members up to this one, and its last event.
    chains: Vec<Option<(Timestamp, u64)>>,
    /// No alert before this time.
    quiet_until: Option<Timestamp>,
    /// The last event and the rule that it was matched by, for windows that are judged when they are over.
    pub(super) last: Option<(Arc<Event>, usize)>,
}

impl Default for Window {
    fn default() -> Self {
        Self {
            now: Timestamp(i64::MIN),
            entries: VecDeque::new(),
            values: HashMap::with_hasher(HashState::default()),
            sum: 0.0,
            numbers: 0,
            members: Vec::new(),
            chains: Vec::new(),
            quiet_until: None,
            last: None,
        }
    }
}

impl Remembered for Window {
    fn entries(&self) -> usize {
        self.entries.len()
    }
}

impl Window {
    /// Adds an event, and forgets those that are more than `span_ns` older than the latest.
    pub(super) fn count(&mut self, time: Timestamp, value: Option<Arc<str>>, span_ns: u64) {
        self.now = self.now.max(time);
        while let Some((time, _)) = self.entries.front()
            && (self.now.since_ns(*time) > span_ns || self.entries.len() >= Self::MAX_ENTRIES)
        {
            if let Some((_, Some(gone))) = self.entries.pop_front() {
                self.add(&gone, -1.0);
                if let Some(count) = self.values.get_mut(&gone) {
                    *count -= 1;
                    if *count == 0 {
                        self.values.remove(&gone);
                    }
                }
            }
        }
        if let Some(value) = &value {
            self.add(value, 1.0);
            *self.values.entry(Arc::clone(value)).or_default() += 1;
        }
        self.entries.push_back((time, value));
    }

    /// Notes an event of a member. Returns how many members had one within the span.
    pub(super) fn see(&mut self, member: usize, of: usize, time: Timestamp, span_ns: u64) -> u64 {
        self.now = self.now.max(time);
        self.members.resize(of, None);
        if let Some(last) = self.members.get_mut(member) {
            *last = Some(last.map_or(time, |last| last.max(time)));
        }
        let recent = |last: &&Timestamp| self.now.since_ns(**last) <= span_ns;
        self.members.iter().flatten().filter(recent).count() as u64
    }

    /// Notes an event of a member. Returns how many members, from the first on, have had events in their order within the
    /// span, the last of them this one. `number` tells events apart: one event is one step.
    pub(super) fn follow(
        &mut self,
        member: usize,
        of: usize,
        time: Timestamp,
        number: u64,
        span_ns: u64,
    ) -> u64 {
        self.now = self.now.max(time);
        self.chains.resize(of, None);
        let chain = match member.checked_sub(1) {
            None => Some((time, number)),
            Some(before) => self.chains.get(before).copied().flatten().and_then(|(start, last)| {
                (last != number && time.since_ns(start) <= span_ns).then_some((start, number))
            }),
        };
        let Some(chain) = chain else { return 0 };
        if let Some(known) = self.chains.get_mut(member) {
            *known = Some(known.map_or(chain, |known| known.max(chain)));
        }
        member as u64 + 1
    }

    /// Whether the group is still quiet, because it alerted not long ago.
    pub(super) fn is_quiet(&self, time: Timestamp) -> bool {
        self.quiet_until.is_some_and(|until| time < until)
    }

    /// Forgets all events, and is quiet for a span.
    pub(super) fn rest(&mut self, time: Timestamp, span_ns: u64) {
        let until = i64::try_from(span_ns).map_or(i64::MAX, |span| time.0.saturating_add(span));
        *self = Self { now: self.now, quiet_until: Some(Timestamp(until)), ..Self::default() };
    }

    /// Different values among them.
    pub(super) fn distinct(&self) -> usize {
        self.values.len()
    }

    /// How much of a hundred of the events have a value.
    pub(super) fn share(&self, value: &str) -> f64 {
        let count = self.values.get(value).copied().unwrap_or_default();
        // Counts are below 2^53.
        100.0 * count as f64 / self.entries.len().max(1) as f64
    }

    /// The sum of the values that are numbers, and how many there are.
    pub(super) const fn sum(&self) -> (f64, u64) {
        (self.sum, self.numbers)
    }

    /// Adds or takes away a value, if it is a number.
    fn add(&mut self, value: &str, sign: f64) {
        if let Some(number) = value.parse::<f64>().ok().filter(|number| number.is_finite()) {
            self.sum += sign * number;
            self.numbers = if sign > 0.0 { self.numbers + 1 } else { self.numbers - 1 };
        }
    }

    /// Events that a group remembers. Without a bound, a rule that counts to a million would.
    pub(super) const MAX_ENTRIES: usize = 1 << 16;
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000;

    fn at(seconds: i64) -> Timestamp {
        Timestamp(seconds * 1_000_000_000)
    }

    #[test]
    fn events_older_than_the_span_are_forgotten() {
        let mut window = Window::default();
        for (seconds, value) in [(0, "a"), (5, "b"), (10, "a"), (11, "c")] {
            window.count(at(seconds), Some(value.into()), 10 * SECOND);
        }
        assert_eq!((window.entries(), window.distinct()), (3, 3));
        window.count(at(16), Some("c".into()), 10 * SECOND);
        assert_eq!((window.entries(), window.distinct()), (3, 2));
        assert!((window.share("c") - 66.6).abs() < 0.1);
    }

    #[test]
    fn a_late_event_does_not_turn_the_clock_back() {
        let mut window = Window::default();
        window.count(at(20), None, 10 * SECOND);
        window.count(at(5), None, 10 * SECOND);
        assert_eq!(window.entries(), 2);
        window.count(at(21), None, 10 * SECOND);
        assert_eq!(window.entries(), 3);
        window.count(at(31), None, 10 * SECOND);
        assert_eq!(window.entries(), 2);
    }

    #[test]
    fn members_are_followed_in_their_order() {
        let mut window = Window::default();
        let span = 10 * SECOND;
        assert_eq!(window.follow(1, 3, at(0), 1, span), 0);
        assert_eq!(window.follow(0, 3, at(1), 2, span), 1);
        assert_eq!(window.follow(1, 3, at(1), 2, span), 0, "one event is one step");
        assert_eq!(window.follow(1, 3, at(2), 3, span), 2);
        assert_eq!(window.follow(2, 3, at(12), 4, span), 0, "too late");
        assert_eq!(window.follow(0, 3, at(13), 5, span), 1);
        assert_eq!(window.follow(1, 3, at(14), 6, span), 2);
        assert_eq!(window.follow(2, 3, at(15), 7, span), 3);
    }

    #[test]
    fn sums_leave_out_what_is_no_number() {
        let mut window = Window::default();
        for value in ["3", "4.5", "x", "3"] {
            window.count(at(0), Some(value.into()), SECOND);
        }
        assert_eq!(window.sum(), (10.5, 3));
    }
}
