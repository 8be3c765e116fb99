//! A table that cannot grow without end.

use hashlink::LinkedHashMap;
use rpcscope_model::HashState;
use std::hash::Hash;

/// A map in the order of insertion. When it is full, the entry that was inserted or refreshed longest ago goes.
#[derive(Debug)]
pub(crate) struct Bounded<K, V> {
    entries: Entries<K, V>,
    limit: usize,
}

/// Entries, the oldest first. Nearly all tables of nearly all connections have one or two: those are searched one by
/// one and cost a single allocation, a hash table would cost three.
#[derive(Debug)]
enum Entries<K, V> {
    /// At most [`FEW`].
    Few(Vec<(K, V)>),
    /// There were more at some time.
    Many(Box<LinkedHashMap<K, V, HashState>>),
}

impl<K: Eq + Hash, V> Bounded<K, V> {
    /// An empty table of at most `limit` entries, at least one.
    pub(crate) fn new(limit: usize) -> Self {
        Self { entries: Entries::Few(Vec::new()), limit: limit.max(1) }
    }

    /// Adds an entry as the youngest. Returns the entry that had to go: the one of the same key, else the oldest of
    /// a full table.
    pub(crate) fn insert(&mut self, key: K, value: V) -> Option<V> {
        let old = match &mut self.entries {
            Entries::Few(few) => {
                let old = position(few, &key).map(|at| few.remove(at).1);
                if few.is_empty() {
                    few.reserve_exact(1);
                }
                few.push((key, value));
                old
            }
            Entries::Many(many) => many.insert(key, value),
        };
        if old.is_some() {
            return old;
        }
        if self.len() > self.limit {
            return self.pop_oldest().map(|(_, value)| value);
        }
        if let Entries::Few(few) = &mut self.entries
            && few.len() > FEW
        {
            let mut many = LinkedHashMap::with_hasher(HashState::default());
            many.extend(few.drain(..));
            self.entries = Entries::Many(Box::new(many));
        }
        None
    }

    pub(crate) fn remove(&mut self, key: &K) -> Option<V> {
        match &mut self.entries {
            Entries::Few(few) => position(few, key).map(|at| few.remove(at).1),
            Entries::Many(many) => many.remove(key),
        }
    }

    pub(crate) fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        match &mut self.entries {
            Entries::Few(few) => few.iter_mut().find(|(known, _)| known == key).map(|(_, value)| value),
            Entries::Many(many) => many.get_mut(key),
        }
    }

    /// The entry, which becomes the youngest.
    pub(crate) fn refresh(&mut self, key: &K) -> Option<&mut V> {
        match &mut self.entries {
            Entries::Few(few) => {
                let at = position(few, key)?;
                few.get_mut(at..)?.rotate_left(1);
                few.last_mut().map(|(_, value)| value)
            }
            Entries::Many(many) => many.to_back(key),
        }
    }

    /// Takes the oldest entry.
    pub(crate) fn pop_oldest(&mut self) -> Option<(K, V)> {
        match &mut self.entries {
            Entries::Few(few) => (!few.is_empty()).then(|| few.remove(0)),
            Entries::Many(many) => many.pop_front(),
        }
    }

    pub(crate) fn get(&self, key: &K) -> Option<&V> {
        match &self.entries {
            Entries::Few(few) => few.iter().find(|(known, _)| known == key).map(|(_, value)| value),
            Entries::Many(many) => many.get(key),
        }
    }

    pub(crate) fn values(&self) -> impl Iterator<Item = &V> {
        let (few, many) = match &self.entries {
            Entries::Few(few) => (Some(few), None),
            Entries::Many(many) => (None, Some(many)),
        };
        let many = many.into_iter().flat_map(|many| many.values());
        few.into_iter().flatten().map(|(_, value)| value).chain(many)
    }

    pub(crate) fn values_mut(&mut self) -> impl Iterator<Item = &mut V> {
        let (few, many) = match &mut self.entries {
            Entries::Few(few) => (Some(few), None),
            Entries::Many(many) => (None, Some(many)),
        };
        let many = many.into_iter().flat_map(|many| many.values_mut());
        few.into_iter().flatten().map(|(_, value)| value).chain(many)
    }

    pub(crate) fn oldest(&self) -> Option<(&K, &V)> {
        match &self.entries {
            Entries::Few(few) => few.first().map(|(key, value)| (key, value)),
            Entries::Many(many) => many.front(),
        }
    }

    pub(crate) fn len(&self) -> usize {
        match &self.entries {
            Entries::Few(few) => few.len(),
            Entries::Many(many) => many.len(),
        }
    }
}

fn position<K: Eq, V>(few: &[(K, V)], key: &K) -> Option<usize> {
    few.iter().position(|(known, _)| known == key)
}

/// Entries up to which looking at one after the other is the fastest way.
const FEW: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

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

    /// What a table is to be: pairs, the oldest first.
    fn expected_insert(pairs: &mut Vec<(u8, u16)>, limit: usize, key: u8, value: u16) -> Option<u16> {
        let same = pairs.iter().position(|(known, _)| *known == key).map(|at| pairs.remove(at).1);
        pairs.push((key, value));
        same.or_else(|| (pairs.len() > limit).then(|| pairs.remove(0).1))
    }

    proptest! {
        #[test]
        fn small_and_large_tables_keep_the_same_order(
            limit in 1_usize..20,
            steps in proptest::collection::vec((0_u8..5, 0_u8..24, any::<u16>()), 0..200),
        ) {
            let mut table = Bounded::new(limit);
            let mut pairs: Vec<(u8, u16)> = Vec::new();
            for (step, key, value) in steps {
                let at = pairs.iter().position(|(known, _)| *known == key);
                match step {
                    0 => prop_assert_eq!(table.remove(&key), at.map(|at| pairs.remove(at).1)),
                    1 => {
                        if let Some(at) = at {
                            let pair = pairs.remove(at);
                            pairs.push(pair);
                        }
                        prop_assert_eq!(table.refresh(&key).map(|value| *value), at.map(|_| pairs[pairs.len() - 1].1));
                    }
                    2 => prop_assert_eq!(table.pop_oldest(), (!pairs.is_empty()).then(|| pairs.remove(0))),
                    _ => {
                        let gone = expected_insert(&mut pairs, limit, key, value);
                        prop_assert_eq!(table.insert(key, value), gone);
                    }
                }
                prop_assert_eq!(table.len(), pairs.len());
                prop_assert_eq!(table.oldest(), pairs.first().map(|(key, value)| (key, value)));
                prop_assert!(table.values().eq(pairs.iter().map(|(_, value)| value)));
                let found = pairs.iter().find(|(known, _)| *known == key).map(|(_, value)| *value);
                prop_assert_eq!(table.get(&key).copied(), found);
                prop_assert_eq!(table.get_mut(&key).copied(), found);
                prop_assert_eq!(table.values_mut().count(), pairs.len());
            }
        }
    }
}
