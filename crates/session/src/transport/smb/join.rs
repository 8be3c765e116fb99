//! Puts together the data of a transaction that comes in several messages.

use super::packets::Memory;
use rpcscope_model::Side;
use rpcscope_wire::Data;
use rpcscope_wire::smb1::TransactionData;

/// Bytes that one connection may hold back of parts that came before earlier ones.
const MAX_AHEAD_BYTES: usize = 64 << 10;

/// How far one direction of a transaction has come.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(super) struct Progress {
    /// Bytes from the start of the data that have been taken.
    taken: usize,
    /// Bytes of all of it.
    total: usize,
}

impl Progress {
    /// Whether nothing was taken yet.
    pub(super) const fn is_start(&self) -> bool {
        self.taken == 0
    }

    /// Whether everything was taken.
    pub(super) const fn is_complete(&self) -> bool {
        self.taken >= self.total
    }

    /// Takes a part, or the rest of one that was taken before. `None` when an earlier part is missing.
    fn take<'a>(&mut self, displacement: usize, data: Data<'a>) -> Option<Data<'a>> {
        let known = self.taken.checked_sub(displacement)?;
        let new = data.skip(known);
        self.taken = self.taken.saturating_add(new.length);
        Some(new)
    }
}

/// A part that came before an earlier one of its transaction.
#[derive(Debug)]
struct Ahead<K> {
    key: K,
    side: Side,
    displacement: usize,
    bytes: Box<[u8]>,
    length: usize,
}

/// The parts of one connection that came before earlier ones.
#[derive(Debug)]
pub(super) struct Parts<K> {
    ahead: Vec<Ahead<K>>,
    ahead_bytes: usize,
}

impl<K: Copy + PartialEq> Parts<K> {
    pub(super) const fn new() -> Self {
        Self { ahead: Vec::new(), ahead_bytes: 0 }
    }

    /// Takes a part of the data that `side` sends in transaction `key`. Calls `deliver` with all data that can now be
    /// told in order, and whether it is the first.
    pub(super) fn push(
        &mut self,
        (key, side): (K, Side),
        progress: &mut Progress,
        part: &TransactionData<'_>,
        memory: &mut Memory,
        mut deliver: impl FnMut(Data<'_>, bool),
    ) {
        // Each message tells the total anew; it may shrink.
        progress.total = part.total;
        if !take(progress, part.displacement, part.data, &mut deliver) {
            self.hold(key, side, part, memory);
            return;
        }
        while let Some(place) = self
            .ahead
            .iter()
            .position(|ahead| ahead.key == key && ahead.side == side && ahead.displacement <= progress.taken)
        {
            let ahead = self.ahead.swap_remove(place);
            self.release(ahead.bytes.len(), memory);
            let data = Data { bytes: &ahead.bytes, length: ahead.length };
            take(progress, ahead.displacement, data, &mut deliver);
        }
    }

    /// Forgets the parts of a transaction that is done with.
    pub(super) fn forget(&mut self, key: K, memory: &mut Memory) {
        if self.ahead.is_empty() {
            return;
        }
        let before = self.ahead_bytes;
        self.ahead.retain(|ahead| ahead.key != key);
        self.ahead_bytes = self.ahead.iter().map(Ahead::cost).sum();
        memory.resize(before, self.ahead_bytes);
    }

    /// Forgets everything, at the end of the connection.
    pub(super) fn finish(&mut self, memory: &mut Memory) {
        memory.resize(self.ahead_bytes, 0);
        *self = Self::new();
    }

    fn hold(&mut self, key: K, side: Side, part: &TransactionData<'_>, memory: &mut Memory) {
        let ahead = Ahead {
            key,
            side,
            displacement: part.displacement,
            bytes: part.data.bytes.into(),
            length: part.data.length,
        };
        if self.ahead_bytes.saturating_add(ahead.cost()) > MAX_AHEAD_BYTES {
            return;
        }
        let cost = ahead.cost();
        if memory.resize(0, cost) {
            self.ahead_bytes += cost;
            self.ahead.push(ahead);
        } else {
            memory.resize(cost, 0);
        }
    }

    fn release(&mut self, bytes: usize, memory: &mut Memory) {
        let cost = bytes.saturating_add(PART_COST);
        self.ahead_bytes = self.ahead_bytes.saturating_sub(cost);
        memory.resize(cost, 0);
    }
}

/// Takes a part, and calls `deliver` with what is new of it. Returns false when an earlier part is missing.
fn take(
    progress: &mut Progress,
    displacement: usize,
    data: Data<'_>,
    deliver: &mut impl FnMut(Data<'_>, bool),
) -> bool {
    let is_start = progress.is_start();
    let new = progress.take(displacement, data);
    if let Some(new) = new
        && new.length > 0
    {
        deliver(new, is_start);
    }
    new.is_some()
}

/// What a held part costs beside its bytes, so that empty parts are not free.
const PART_COST: usize = 512;

impl<K> Ahead<K> {
    fn cost(&self) -> usize {
        self.bytes.len().saturating_add(PART_COST)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn part(total: usize, displacement: usize, bytes: &[u8]) -> TransactionData<'_> {
        TransactionData { total, displacement, data: Data { bytes, length: bytes.len() } }
    }

    proptest! {
        #[test]
        fn parts_in_any_order_give_the_whole(
            cuts in proptest::collection::vec(1_usize..40, 1..12),
            order in any::<prop::sample::Index>(),
            overlap in 0_usize..5,
        ) {
            let total: usize = cuts.iter().sum();
            let whole: Vec<u8> = (0..total).map(|at| u8::try_from(at % 251).expect("small")).collect();
            let mut ranges = Vec::new();
            let mut at = 0;
            for cut in &cuts {
                ranges.push((at, (at + cut + overlap).min(total)));
                at += cut;
            }
            let turn = order.index(ranges.len());
            ranges.rotate_left(turn);
            let (mut parts, mut progress) = (Parts::new(), Progress::default());
            let mut memory = Memory::new(1 << 20);
            let mut found = Vec::new();
            for (from, to) in ranges {
                parts.push((1, Side::Client), &mut progress, &part(total, from, &whole[from..to]), &mut memory, |data, first| {
                    assert_eq!(first, found.is_empty());
                    found.extend_from_slice(data.bytes);
                });
            }
            prop_assert_eq!(found, whole);
            prop_assert!(progress.is_complete());
            prop_assert_eq!(parts.ahead_bytes, 0);
        }
    }

    #[test]
    fn parts_that_never_fit_are_bounded() {
        let (mut parts, mut progress) = (Parts::new(), Progress::default());
        let mut memory = Memory::new(1 << 20);
        let bytes = [0; 1000];
        for displacement in 1..10_000 {
            parts.push(
                (1, Side::Client),
                &mut progress,
                &part(60_000, displacement, &bytes),
                &mut memory,
                |_, _| panic!("the first byte never came"),
            );
        }
        assert!(parts.ahead_bytes <= MAX_AHEAD_BYTES && !parts.ahead.is_empty());
        parts.forget(1, &mut memory);
        assert_eq!((parts.ahead_bytes, parts.ahead.len()), (0, 0));
    }
}
