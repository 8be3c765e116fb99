//! A table that cannot grow without end.

use foldhash::fast::FixedState;
use hashlink::LinkedHashMap;
use rpcscope_model::HASH_SEED;
use std::hash::Hash;

/// A map in the order of insertion. When it is full, the entry that was inserted or refreshed longest ago goes.
#[derive(Debug)]
pub(crate) struct Bounded<K, V> {
    entries: LinkedHashMap<K, V, FixedState>,
    limit: usize,
}

impl<K: Eq + Hash, V> Bounded<K, V> {
    /// An empty table of at most `limit` entries, at least one.
    pub(crate) fn new(limit: usize) -> Self {
        let hasher = FixedState::with_seed(HASH_SEED);
        Self { entries: LinkedHashMap::with_hasher(hasher), limit: limit.max(1) }
    }

    /// Adds an entry as the youngest. Returns the entry that had to go: the one of the same key, else the oldest of
    /// a full table.
    pub(crate) fn insert(&mut self, key: K, value: V) -> Option<V> {
        if let Some(old) = self.entries.insert(key, value) {
            return Some(old);
        }
        if self.entries.len() > self.limit { self.entries.pop_front().map(|(_, value)| value) } else { None }
    }

    pub(crate) fn remove(&mut self, key: &K) -> Option<V> {
        if self.entries.is_empty() { None } else { self.entries.remove(key) }
    }

    pub(crate) fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        if self.entries.is_empty() { None } else { self.entries.get_mut(key) }
    }

    /// The entry, which becomes the youngest.
    pub(crate) fn refresh(&mut self, key: &K) -> Option<&mut V> {
        self.entries.to_back(key)
    }

    /// Takes the oldest entry.
    pub(crate) fn pop_oldest(&mut self) -> Option<(K, V)> {
        self.entries.pop_front()
    }

    pub(crate) fn get(&self, key: &K) -> Option<&V> {
        if self.entries.is_empty() { None } else { self.entries.get(key) }
    }

    pub(crate) fn values(&self) -> impl Iterator<Item = &V> {
        self.entries.values()
    }

    pub(crate) fn values_mut(&mut self) -> impl Iterator<Item = &mut V> {
        self.entries.values_mut()
    }

    pub(crate) fn oldest(&self) -> Option<(&K, &V)> {
        self.entries.front()
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_table_forgets_its_oldest_entry() {
        let mut table = Bounded::new(2);
        assert_eq!(table.insert("a", 1), None);
        assert_eq!(table.insert("b", 2), None);
        table.refresh(&"a");
        assert_eq!(table.insert("c", 3), Some(2));
        assert_eq!(table.len(), 2);
        assert_eq!(table.pop_oldest(), Some(("a", 1)));
    }

    #[test]
    fn the_same_key_replaces() {
        let mut table = Bounded::new(2);
        table.insert("a", 1);
        assert_eq!(table.insert("a", 2), Some(1));
        assert_eq!(table.get(&"a"), Some(&2));
    }
}
