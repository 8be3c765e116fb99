//! Places every UUID in a slot of its own (hash and displace), so that a lookup compares one UUID, whether it is known or not.

use super::hash::{BUCKETS, EMPTY, SLOTS, bucket, mix, slot};

/// Displacement of each bucket, and the position of the UUID that each slot holds.
pub(crate) struct PerfectHash {
    pub(crate) displacements: Vec<u16>,
    pub(crate) slots: Vec<u16>,
}

/// Places `uuids`, which have to be distinct; `None` when they do not fit and `src/hash.rs` needs larger tables.
pub(crate) fn place(uuids: &[u128]) -> Option<PerfectHash> {
    let mut buckets = vec![Vec::new(); BUCKETS];
    for (position, uuid) in uuids.iter().enumerate() {
        let mixed = mix(*uuid);
        buckets[bucket(mixed)].push((u16::try_from(position).ok()?, mixed));
    }
    let mut order: Vec<usize> = (0..BUCKETS).collect();
    // The fullest buckets first, while there is room.
    order.sort_by_key(|bucket| std::cmp::Reverse(buckets[*bucket].len()));

    let mut hash = PerfectHash { displacements: vec![0; BUCKETS], slots: vec![EMPTY; SLOTS] };
    for bucket in order {
        let members = &buckets[bucket];
        let (displacement, taken) = (0..=u16::MAX).find_map(|displacement| {
            let mut taken: Vec<usize> = members.iter().map(|(_, mixed)| slot(*mixed, displacement)).collect();
            if taken.iter().any(|slot| hash.slots[*slot] != EMPTY) {
                return None;
            }
            let placed = taken.clone();
            taken.sort_unstable();
            taken.dedup();
            (taken.len() == placed.len()).then_some((displacement, placed))
        })?;
        hash.displacements[bucket] = displacement;
        for ((position, _), slot) in members.iter().zip(taken) {
            hash.slots[slot] = *position;
        }
    }
    Some(hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_uuid_gets_a_slot_of_its_own() {
        // Alike in all bits but a few, as families of interfaces are.
        let uuids: Vec<u128> = (0..2000u128).map(|n| n << 96 | 0xc000_0000_0000_0046).collect();
        let hash = place(&uuids).expect("2,000 UUIDs fit");
        for (position, uuid) in uuids.iter().enumerate() {
            let mixed = mix(*uuid);
            let found = hash.slots[slot(mixed, hash.displacements[bucket(mixed)])];
            assert_eq!(usize::from(found), position);
        }
    }

    #[test]
    fn more_uuids_than_slots_do_not_fit() {
        let uuids: Vec<u128> = (0..=SLOTS as u128).collect();
        assert!(place(&uuids).is_none());
    }
}
