//! The bytes that were delivered last, to be compared with retransmissions.

use super::Memory;

/// The last bytes of a stream, up to [`MAX_BYTES`]: first they fill the ring from its start, then the youngest take the
/// place of the oldest.
#[derive(Debug)]
pub(super) struct History {
    /// Nothing but bytes of the stream.
    ring: Vec<u8>,
    /// Bytes that the ring may have.
    granted: usize,
    /// Where the oldest byte stands; 0 until the ring is full.
    oldest: usize,
}

impl History {
    pub(super) const fn new() -> Self {
        Self { ring: Vec::new(), granted: 0, oldest: 0 }
    }

    /// Remembers bytes that stand directly behind those remembered so far.
    pub(super) fn append(&mut self, bytes: &[u8], memory: &mut Memory) {
        if self.ring.len() + bytes.len() <= self.granted {
            self.ring.extend_from_slice(bytes);
            return;
        }
        let wanted = if self.ring.len() + bytes.len() > MIN_BYTES { MAX_BYTES } else { MIN_BYTES };
        if self.granted < wanted {
            self.grow(wanted, memory);
        }
        // What would be overwritten by the rest of the same bytes is left out.
        let bytes = bytes.get(bytes.len().saturating_sub(self.granted)..).unwrap_or_default();
        let room = self.granted - self.ring.len();
        let (fitting, rest) = bytes.split_at_checked(room).unwrap_or((bytes, &[]));
        if !fitting.is_empty() {
            self.ring.extend_from_slice(fitting);
        }
        if rest.is_empty() {
            return;
        }
        let (first, second) = rest.split_at_checked(self.ring.len() - self.oldest).unwrap_or((rest, &[]));
        if let Some(place) = self.ring.get_mut(self.oldest..self.oldest + first.len()) {
            place.copy_from_slice(first);
        }
        if let Some(place) = self.ring.get_mut(..second.len())
            && !second.is_empty()
        {
            place.copy_from_slice(second);
        }
        self.oldest += rest.len();
        if self.oldest >= self.granted {
            self.oldest -= self.granted;
        }
    }

    /// Forgets all bytes, since those that follow are not adjacent.
    pub(super) fn clear(&mut self) {
        self.ring.clear();
        self.oldest = 0;
    }

    /// Gives the memory back.
    pub(super) fn release(&mut self, memory: &mut Memory) {
        memory.release_history(self.granted);
        let Self { ring, .. } = std::mem::replace(self, Self::new());
        memory.take_back(ring);
    }

    /// Whether `bytes` at `position` differ from what is remembered; `next` is the position behind the last byte.
    pub(super) fn differs(&self, position: u64, bytes: &[u8], next: u64) -> bool {
        if self.ring.is_empty() {
            return false;
        }
        let oldest = next.saturating_sub(self.ring.len() as u64);
        let bytes = bytes.get(offset(position, oldest)..).unwrap_or_default();
        let position = position.max(oldest);
        let bytes = bytes.get(..offset(position, next)).unwrap_or(bytes);
        let (first, second) = self.part(offset(oldest, position), bytes.len());
        bytes.get(..first.len()) != Some(first) || bytes.get(first.len()..) != Some(second)
    }

    fn grow(&mut self, wanted: usize, memory: &mut Memory) {
        let granted = memory.grant_history(self.granted, wanted, MIN_BYTES);
        if granted > self.granted {
            let mut ring = memory.spare_ring(granted);
            let (young, old) = self.ring.split_at_checked(self.oldest).unwrap_or_default();
            ring.extend_from_slice(old);
            ring.extend_from_slice(young);
            *self = Self { ring, granted, oldest: 0 };
        }
    }

    /// `length` bytes from the one that is `skipped` behind the oldest, in two parts when they wrap.
    fn part(&self, skipped: usize, length: usize) -> (&[u8], &[u8]) {
        let (young, old) = self.ring.split_at_checked(self.oldest).unwrap_or_default();
        match old.get(skipped..) {
            Some(first) => match first.get(..length) {
                Some(all) => (all, &[]),
                None => (first, young.get(..length - first.len()).unwrap_or_default()),
            },
            None => {
                let young = young.get(skipped - old.len()..).unwrap_or_default();
                (young.get(..length).unwrap_or(young), &[])
            }
        }
    }
}

/// Distance from `from` to `to`; 0 when `to` comes first.
fn offset(from: u64, to: u64) -> usize {
    usize::try_from(to.saturating_sub(from)).unwrap_or(usize::MAX)
}

/// Bytes remembered per direction. Retransmissions that hide an attack follow the first copy closely.
pub(super) const MAX_BYTES: usize = 4096;

/// Bytes remembered of a direction that sends little.
const MIN_BYTES: usize = 512;

#[cfg(test)]
mod tests {
    use super::*;
    use rpcscope_model::Limits;

    #[test]
    fn the_last_4096_bytes_are_compared_and_older_ones_are_not() {
        let mut memory = Memory::new(&Limits::WHOLE);
        let mut history = History::new();
        let stream: Vec<u8> = (0..=255).cycle().take(20_000).collect();
        let mut next = 7;
        for size in [1, 500, 12, 3000, 2000, 5000, 9, 1460] {
            history.append(&stream[usize::try_from(next).expect("small")..][..size], &mut memory);
            next += size as u64;
        }
        let at = usize::try_from(next).expect("small");
        assert!(!history.differs(0, &stream, next), "bytes of both sides of the window are not compared");
        for (place, found) in [(at - 1, true), (at - 4096, true), (at - 4097, false), (at, false)] {
            let mut wrong = stream.clone();
            wrong[place] ^= 1;
            assert_eq!(history.differs(0, &wrong, next), found, "{place}");
        }
        history.release(&mut memory);
        assert_eq!(memory.used(), 0);
    }

    #[test]
    fn without_memory_nothing_is_remembered() {
        let mut memory = Memory::new(&Limits { reassembly_bytes: 0, ..Limits::WHOLE });
        let mut history = History::new();
        history.append(&[1; 100], &mut memory);
        assert!(!history.differs(0, &[2; 100], 100));
        assert_eq!(memory.used(), 0);
    }
}
