//! Counts per key in bounded memory, whose result does not depend on the order in which keys came.
//!
//! A table that is full cannot forget its oldest key, nor its rarest: which one that is depends on the order of
//! events. It keeps the keys of lowest rank, where the rank is a fixed number mixed from the key. A key that belongs to
//! the lowest of all is also among the lowest of each part, so that it is never forgotten and its count is exact,
//! however the events were split.

use hashbrown::HashMap;
use rpcscope_model::HASH_SEED;
use std::hash::{BuildHasher, Hash};

type State = foldhash::quality::FixedState;

/// Says which keys are kept first when there are too many.
pub(super) trait Rank {
    /// Whether the number of such keys is bounded by something that no peer controls. Such keys are kept first.
    fn is_bounded(&self) -> bool {
        false
    }
}

/// Counts per key.
#[derive(Clone, Debug)]
pub(super) struct Tally<K> {
    /// Keys of rank up to `ceiling` that came, each with all its occurrences.
    counts: HashMap<K, u64, State>,
    /// Occurrences of all keys, those not kept included.
    total: u64,
    /// Highest rank that is still kept; it only falls.
    ceiling: (bool, u64),
}

impl<K> Default for Tally<K> {
    fn default() -> Self {
        Self {
            counts: HashMap::with_hasher(State::with_seed(HASH_SEED)),
            total: 0,
            ceiling: (true, u64::MAX),
        }
    }
}

impl<K: Copy + Eq + Hash + Ord + Rank> Tally<K> {
    /// Counts `key`, keeping at most twice `most` keys.
    pub(super) fn add(&mut self, key: K, times: u64, most: usize) {
        self.total += times;
        if let Some(count) = self.counts.get_mut(&key) {
            *count += times;
        } else if self.rank(&key) <= self.ceiling {
            self.counts.insert(key, times);
            if self.counts.len() >= most.saturating_mul(2) {
                self.prune(most);
            }
        }
    }

    /// Adds the counts of another tally.
    pub(super) fn merge(&mut self, other: &Self, most: usize) {
        self.ceiling = self.ceiling.min(other.ceiling);
        let ceiling = self.ceiling;
        let state = self.counts.hasher().clone();
        self.counts.retain(|key, _| rank(&state, key) <= ceiling);
        let kept: u64 = other.counts.values().sum();
        for (key, count) in &other.counts {
            self.add(*key, *count, most);
        }
        self.total += other.total - kept;
    }

    /// Occurrences of all keys.
    pub(super) fn total(&self) -> u64 {
        self.total
    }

    /// The `most` keys of lowest rank with their counts, most frequent first, equal ones by key.
    pub(super) fn sorted(&self, most: usize) -> Vec<(K, u64)> {
        let mut rows: Vec<_> = self.counts.iter().map(|(key, count)| (*key, *count)).collect();
        if rows.len() > most {
            rows.select_nth_unstable_by_key(most, |(key, _)| (self.rank(key), *key));
            rows.truncate(most);
        }
        rows.sort_unstable_by(|(key, count), (other_key, other)| other.cmp(count).then(key.cmp(other_key)));
        rows
    }

    /// Forgets all but the `most` keys of lowest rank, and those of equal rank.
    fn prune(&mut self, most: usize) {
        let mut ranks: Vec<_> = self.counts.keys().map(|key| self.rank(key)).collect();
        if most == 0 || ranks.len() <= most {
            return;
        }
        let (_, ceiling, _) = ranks.select_nth_unstable(most - 1);
        let ceiling = *ceiling;
        self.ceiling = ceiling;
        let state = self.counts.hasher().clone();
        self.counts.retain(|key, _| rank(&state, key) <= ceiling);
    }

    fn rank(&self, key: &K) -> (bool, u64) {
        rank(self.counts.hasher(), key)
    }
}

fn rank<K: Hash + Rank>(state: &State, key: &K) -> (bool, u64) {
    (!key.is_bounded(), state.hash_one(key))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
    struct Key(u32);

    impl Rank for Key {
        fn is_bounded(&self) -> bool {
            self.0 < 4
        }
    }

    const MOST: usize = 8;

    fn tally(keys: impl IntoIterator<Item = u32>) -> Tally<Key> {
        let mut tally = Tally::default();
        keys.into_iter().for_each(|key| tally.add(Key(key), 1, MOST));
        tally
    }

    #[test]
    fn memory_is_bounded_and_nothing_is_lost_from_the_total() {
        let tally = tally(0..100_000);
        assert!(tally.counts.len() < 2 * MOST);
        assert_eq!(tally.sorted(MOST).len(), MOST);
        assert_eq!(tally.total(), 100_000);
    }

    #[test]
    fn keys_that_no_peer_controls_are_kept_in_a_flood() {
        let rows = tally((4..10_000).chain(0..4)).sorted(MOST);
        assert!((0..4).all(|key| rows.contains(&(Key(key), 1))));
    }

    proptest! {
        #[test]
        fn result_does_not_depend_on_order_or_split(
            keys in proptest::collection::vec(0u32..60, 0..300),
            cut in 0usize..300,
        ) {
            let (left, right) = keys.split_at(cut.min(keys.len()));
            let whole = tally(keys.iter().copied());
            let mut joined = tally(right.iter().rev().copied());
            joined.merge(&tally(left.iter().copied()), MOST);
            prop_assert_eq!(whole.sorted(MOST), joined.sorted(MOST));
            prop_assert_eq!(whole.total(), joined.total());
            for (key, count) in whole.sorted(MOST) {
                prop_assert_eq!(count, keys.iter().filter(|other| **other == key.0).count() as u64);
            }
        }
    }
}
