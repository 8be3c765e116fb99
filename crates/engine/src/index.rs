//! Where the entries of a table stand, found by the hash of their key.

/// Positions of entries, by hash.
///
/// A slot has all that decides whether to look at the entry, so that a search usually touches one cache line here and
/// that of its entry. Slots are searched one after the other from the place that the hash names to the first free one;
/// what is taken out leaves no mark. It knows the hashes: to grow, it does not have to look at any entry.
#[derive(Debug, Default)]
pub(crate) struct Index {
    /// None, or a power of two of them, at most three in four in use.
    slots: Vec<Slot>,
    used: usize,
}

#[derive(Clone, Copy, Debug)]
struct Slot {
    hash: u32,
    /// [`NOWHERE`] when the slot is free.
    position: u32,
}

/// No entry stands there.
const NOWHERE: u32 = u32::MAX;

const FREE: Slot = Slot { hash: 0, position: NOWHERE };

const LEAST_SLOTS: usize = 16;

impl Index {
    /// The position of an entry with this hash for which `is_it` holds.
    #[inline]
    pub(crate) fn find(&self, hash: u32, is_it: impl Fn(u32) -> bool) -> Option<u32> {
        let mut place = self.home(hash);
        loop {
            let slot = self.slots.get(place)?;
            if slot.hash == hash && is_it(slot.position) {
                return Some(slot.position);
            }
            if slot.position == NOWHERE {
                return None;
            }
            place = self.behind(place);
        }
    }

    /// Adds an entry that stands at `position`, which is below `u32::MAX`.
    pub(crate) fn insert(&mut self, hash: u32, position: u32) {
        if (self.used + 1) * 4 > self.slots.len() * 3 {
            let slots = vec![FREE; (self.slots.len() * 2).max(LEAST_SLOTS)];
            for slot in std::mem::replace(&mut self.slots, slots) {
                if slot.position != NOWHERE {
                    self.put(slot);
                }
            }
        }
        self.put(Slot { hash, position });
        self.used += 1;
    }

    /// Notes that an entry stands at `to` now.
    pub(crate) fn moved(&mut self, hash: u32, from: u32, to: u32) {
        if let Some(slot) = self.place_of(hash, from).and_then(|place| self.slots.get_mut(place)) {
            slot.position = to;
        }
    }

    /// Takes out the entry that stands at `position`.
    pub(crate) fn remove(&mut self, hash: u32, position: u32) {
        let Some(mut hole) = self.place_of(hash, position) else { return };
        self.used -= 1;
        // Those behind it that would not be found over the hole move into it, up to the next free slot.
        let mut place = self.behind(hole);
        while let Some(slot) = self.slots.get(place).copied().filter(|slot| slot.position != NOWHERE) {
            if self.distance(self.home(slot.hash), place) >= self.distance(hole, place) {
                self.set(hole, slot);
                hole = place;
            }
            place = self.behind(place);
        }
        self.set(hole, FREE);
    }

    /// Takes out all.
    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    fn put(&mut self, slot: Slot) {
        let mut place = self.home(slot.hash);
        while self.slots.get(place).is_some_and(|taken| taken.position != NOWHERE) {
            place = self.behind(place);
        }
        self.set(place, slot);
    }

    fn set(&mut self, place: usize, slot: Slot) {
        if let Some(there) = self.slots.get_mut(place) {
            *there = slot;
        }
    }

    fn place_of(&self, hash: u32, position: u32) -> Option<usize> {
        let mut place = self.home(hash);
        loop {
            match self.slots.get(place)?.position {
                NOWHERE => return None,
                found if found == position => return Some(place),
                _ => place = self.behind(place),
            }
        }
    }

    /// Where the search for a hash begins.
    #[inline]
    fn home(&self, hash: u32) -> usize {
        hash as usize & self.slots.len().wrapping_sub(1)
    }

    #[inline]
    fn behind(&self, place: usize) -> usize {
        (place + 1) & self.slots.len().wrapping_sub(1)
    }

    /// How far a search has to go from one place to another.
    fn distance(&self, from: usize, to: usize) -> usize {
        to.wrapping_sub(from) & self.slots.len().wrapping_sub(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    #[test]
    fn nothing_is_found_in_an_empty_index() {
        assert_eq!(Index::default().find(7, |_| true), None);
    }

    proptest! {
        /// Hashes of few different bits, so that many meet, some of them at the end of the slots.
        #[test]
        fn what_was_added_is_found_until_it_is_taken_out(
            steps in proptest::collection::vec((0_u32..40, 0_u32..3), 0..300),
        ) {
            let mut index = Index::default();
            // Hashes by position.
            let mut expected: BTreeMap<u32, u32> = BTreeMap::new();
            for (next, (number, what)) in (0..).zip(steps) {
                let hash = number.wrapping_sub(20).wrapping_mul(0x0101_0001);
                let some = expected.iter().nth(number as usize % expected.len().max(1));
                match (what, some.map(|(position, hash)| (*position, *hash))) {
                    (1, Some((position, hash))) => {
                        index.remove(hash, position);
                        expected.remove(&position);
                    }
                    (2, Some((position, hash))) => {
                        index.moved(hash, position, next);
                        expected.remove(&position);
                        expected.insert(next, hash);
                    }
                    _ => {
                        index.insert(hash, next);
                        expected.insert(next, hash);
                    }
                }
                prop_assert_eq!(index.used, expected.len());
                for position in 0..=next {
                    let hash = expected.get(&position).copied();
                    let found = index.find(hash.unwrap_or(number), |at| at == position);
                    prop_assert_eq!(found.is_some(), hash.is_some());
                }
            }
        }
    }
}
