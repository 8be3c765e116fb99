//! The groups of all correlations, in bounded memory.

use hashbrown::HashMap;
use rpcscope_model::{HashState, Timestamp};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What the events of a group have in common: the rule or correlation, and the value of each field of its `group-by`;
/// `None` when an event does not have the field.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Key {
    pub(super) of: usize,
    pub(super) values: Vec<Option<Box<str>>>,
}

/// What is remembered of a group.
pub(super) trait Remembered: Default {
    /// Events that it remembers one by one.
    fn entries(&self) -> usize;
}

/// The groups. When there are too many, or they remember too many events, those are forgotten that had no event for the
/// longest time.
#[derive(Debug)]
pub(super) struct Groups<T> {
    table: HashMap<Arc<Key>, Group<T>, HashState>,
    /// The groups by when they last had an event.
    by_age: BTreeMap<u64, Arc<Key>>,
    /// The groups whose window has an end, by that; the number tells those apart that end together.
    by_end: BTreeMap<(Timestamp, u64), Arc<Key>>,
    /// Events so far, which tells ages.
    now: u64,
    /// Events that are remembered.
    entries: usize,
    /// Groups forgotten.
    pub(super) evicted: u64,
}

#[derive(Debug)]
struct Group<T> {
    window: T,
    last_seen: u64,
    /// The latest time of its events.
    time: Timestamp,
    /// When its window is over, if it is judged then.
    end: Option<(Timestamp, u64)>,
}

impl<T: Remembered> Groups<T> {
    pub(super) fn new() -> Self {
        Self {
            table: HashMap::with_hasher(HashState::default()),
            by_age: BTreeMap::new(),
            by_end: BTreeMap::new(),
            now: 0,
            entries: 0,
            evicted: 0,
        }
    }

    /// Lets `change` work on the window of a group that has an event at `time`. It is made when there is none, and then has
    /// the end given.
    pub(super) fn with<R>(
        &mut self,
        key: Key,
        time: Timestamp,
        end: Option<Timestamp>,
        change: impl FnOnce(&mut T) -> R,
    ) -> R {
        self.now += 1;
        let (key, now) = (Arc::new(key), self.now);
        let by_end = &mut self.by_end;
        let group = self.table.entry(Arc::clone(&key)).or_insert_with(|| {
            let end = end.map(|end| (end, now));
            by_end.extend(end.map(|end| (end, Arc::clone(&key))));
            Group { window: T::default(), last_seen: 0, time, end }
        });
        self.by_age.remove(&group.last_seen);
        group.last_seen = now;
        group.time = group.time.max(time);
        self.by_age.insert(now, key);
        let before = group.window.entries();
        let result = change(&mut group.window);
        self.entries = self.entries - before + group.window.entries();
        while self.table.len() > MAX_GROUPS || (self.entries > MAX_ENTRIES && self.table.len() > 1) {
            let Some((_, oldest)) = self.by_age.first_key_value() else { break };
            let oldest = Arc::clone(oldest);
            self.remove(&oldest);
            self.evicted += 1;
        }
        result
    }

    /// Takes out the group whose window ended first, if it ended before `now`; without a time, whenever it ends.
    pub(super) fn take_ended(&mut self, now: Option<Timestamp>) -> Option<(Arc<Key>, T)> {
        let ((end, _), key) = self.by_end.first_key_value()?;
        if now.is_some_and(|now| now <= *end) {
            return None;
        }
        let key = Arc::clone(key);
        let window = self.remove(&key)?;
        Some((key, window))
    }

    /// Forgets groups that had no event for so long that what is remembered of them counts no more, as `is_over` says of a
    /// rule or correlation and a time; a few of those that had none for longest. Without it, groups of hosts that are never
    /// seen again would fill the table and stay.
    pub(super) fn forget_over(&mut self, is_over: impl Fn(usize, Timestamp) -> bool) {
        for _ in 0..FORGOTTEN_AT_ONCE {
            let Some((_, oldest)) = self.by_age.first_key_value() else { return };
            let oldest = Arc::clone(oldest);
            if !self.table.get(&*oldest).is_some_and(|group| is_over(oldest.of, group.time)) {
                return;
            }
            self.remove(&oldest);
        }
    }

    /// Renames rules and correlations, and forgets the groups of those that have no new name.
    pub(super) fn retain(&mut self, mut name: impl FnMut(usize, &mut T) -> Option<usize>) {
        let by_age = std::mem::take(&mut self.by_age);
        self.by_end.clear();
        let mut renamed = Vec::new();
        for (age, old) in by_age {
            let Some(mut group) = self.table.remove(&old) else { continue };
            self.entries -= group.window.entries();
            let Some(of) = name(old.of, &mut group.window) else { continue };
            let key = Arc::new(Key { of, values: old.values.clone() });
            self.entries += group.window.entries();
            self.by_age.insert(age, Arc::clone(&key));
            self.by_end.extend(group.end.map(|end| (end, Arc::clone(&key))));
            renamed.push((key, group));
        }
        // Not earlier: a new name may be another's old one.
        self.table.extend(renamed);
    }

    fn remove(&mut self, key: &Key) -> Option<T> {
        let group = self.table.remove(key)?;
        self.by_age.remove(&group.last_seen);
        if let Some(end) = group.end {
            self.by_end.remove(&end);
        }
        self.entries -= group.window.entries();
        Some(group.window)
    }
}

/// Groups that may be forgotten with each event: more than come with it.
const FORGOTTEN_AT_ONCE: usize = 4;
/// Groups of all correlations. A scan with forged addresses could otherwise grow memory without end.
const MAX_GROUPS: usize = 1 << 16;
/// Events that all groups remember together.
const MAX_ENTRIES: usize = 1 << 20;

#[cfg(test)]
mod tests {
    use super::super::window::Window;
    use super::*;

    #[test]
    fn groups_that_count_no_more_are_forgotten_from_the_oldest_on() {
        let mut groups = Groups::new();
        let key = |number: usize| Key { of: number, values: Vec::new() };
        for number in 0..10 {
            let time = Timestamp(i64::try_from(number).expect("a small number"));
            groups.with(key(number), time, None, |window: &mut Window| window.count(time, None, u64::MAX));
        }
        groups.forget_over(|_, time| time < Timestamp(6));
        assert_eq!((groups.table.len(), groups.entries), (6, 6), "a few at a time");
        groups.forget_over(|of, time| of != 5 && time < Timestamp(6));
        assert_eq!((groups.table.len(), groups.by_age.len(), groups.evicted), (5, 5, 0));
    }

    #[test]
    fn the_group_without_events_for_the_longest_time_is_forgotten() {
        let mut groups = Groups::new();
        let key = |number: usize| Key { of: 0, values: vec![Some(number.to_string().into())] };
        let add = |window: &mut Window| {
            window.count(Timestamp(0), None, u64::MAX);
            window.entries()
        };
        assert_eq!(groups.with(key(0), Timestamp(0), None, add), 1);
        for number in 1..MAX_GROUPS {
            groups.with(key(number), Timestamp(0), None, add);
        }
        assert_eq!((groups.with(key(0), Timestamp(0), None, add), groups.evicted), (2, 0));
        groups.with(key(MAX_GROUPS), Timestamp(0), None, add);
        assert_eq!(groups.evicted, 1);
        assert_eq!(groups.with(key(0), Timestamp(0), None, add), 3);
        assert_eq!(groups.with(key(1), Timestamp(0), None, add), 1);
        assert_eq!(groups.table.len(), groups.by_age.len());
    }
}
