//! The bytes that were delivered last, to be compared with retransmissions.

use super::Memory;

/// The last bytes of a stream, up to [`MAX_BYTES`], in a ring where the byte at position `p` stands at `p` modulo the
/// length of the ring, a power of two.
#[derive(Debug)]
pub(super) struct History {
    ring: Vec<u8>,
    /// How many bytes before the stream's next position are in the ring.
    filled: usize,
}

impl History {
    pub(super) const fn new() -> Self {
        Self { ring: Vec::new(), filled: 0 }
    }

    /// Remembers the bytes that stand at `position`, directly behind those remembered so far.
    pub(super) fn append(&mut self, position: u64, bytes: &[u8], memory: &mut Memory) {
        let wanted = (self.filled + bytes.len()).next_power_of_two().clamp(MIN_BYTES, MAX_BYTES);
        if self.ring.len() < wanted {
            self.grow(position, wanted, memory);
        }
        let capacity = self.ring.len();
        if capacity == 0 {
            return;
        }
        let kept = bytes.get(bytes.len().saturating_sub(capacity)..).unwrap_or_default();
        let start = position.wrapping_add((bytes.len() - kept.len()) as u64);
        self.write(start, kept);
        self.filled = (self.filled + bytes.len()).min(capacity);
    }

    /// Forgets all bytes, since those that follow are not adjacent.
    pub(super) fn clear(&mut self) {
        self.filled = 0;
    }

    /// Gives the memory back.
    pub(super) fn release(&mut self, memory: &mut Memory) {
        memory.release_history(self.ring.len());
        *self = Self::new();
    }

    /// Whether `bytes` at `position` differ from what is remembered; `next` is the position behind the last byte.
    pub(super) fn differs(&self, position: u64, bytes: &[u8], next: u64) -> bool {
        let oldest = next.saturating_sub(self.filled as u64);
        let bytes = bytes.get(offset(position, oldest)..).unwrap_or_default();
        let position = position.max(oldest);
        let bytes = bytes.get(..offset(position, next)).unwrap_or(bytes);
        let (first, second) = self.split(position, bytes.len());
        bytes.get(..first.len()) != Some(first) || bytes.get(first.len()..) != Some(second)
    }

    fn grow(&mut self, position: u64, wanted: usize, memory: &mut Memory) {
        let granted = memory.grant_history(self.ring.len(), wanted, MIN_BYTES);
        if granted == self.ring.len() {
            return;
        }
        let old = Self { ring: std::mem::take(&mut self.ring), filled: self.filled };
        self.ring = vec![0; granted];
        let oldest = position.saturating_sub(old.filled as u64);
        let (first, second) = old.split(oldest, old.filled);
        self.write(oldest, first);
        self.write(oldest + first.len() as u64, second);
    }

    fn write(&mut self, position: u64, bytes: &[u8]) {
        let start = self.place(position);
        let (first, second) = bytes.split_at_checked(self.ring.len() - start).unwrap_or((bytes, &[]));
        for (start, part) in [(start, first), (0, second)] {
            if let Some(place) = self.ring.get_mut(start..start + part.len()) {
                place.copy_from_slice(part);
            }
        }
    }

    /// The bytes from `position`, in two parts when they wrap.
    fn split(&self, position: u64, length: usize) -> (&[u8], &[u8]) {
        if length == 0 {
            return (&[], &[]);
        }
        let start = self.place(position);
        let end = start + length;
        match self.ring.get(start..end) {
            Some(all) => (all, &[]),
            None => (
                self.ring.get(start..).unwrap_or_default(),
                self.ring.get(..end - self.ring.len()).unwrap_or_default(),
            ),
        }
    }

    fn place(&self, position: u64) -> usize {
        #[allow(clippy::cast_possible_truncation)] // the ring is shorter than 2^16
        let place = position as usize & self.ring.len().wrapping_sub(1);
        place
    }
}

/// Distance from `from` to `to`; 0 when `to` comes first.
fn offset(from: u64, to: u64) -> usize {
    usize::try_from(to.saturating_sub(from)).unwrap_or(usize::MAX)
}

/// Bytes remembered per direction. Retransmissions that hide an attack follow the first copy closely.
const MAX_BYTES: usize = 4096;
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
            history.append(next, &stream[usize::try_from(next).expect("small")..][..size], &mut memory);
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
        history.append(0, &[1; 100], &mut memory);
        assert!(!history.differs(0, &[2; 100], 100));
        assert_eq!(memory.used(), 0);
    }
}
