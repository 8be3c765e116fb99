//! The table of TCP connections of one shard.

use crate::index::Index;
use crate::watch::State;
use rpcscope_flow::{Direction, Pair};
use rpcscope_model::{Endpoint, FrameNumber, Timestamp, secret};

/// The two ends of a connection, the lower one first, so that both directions have one key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct FlowKey {
    hosts: Pair,
    /// Of the lower and of the higher end.
    ports: [u16; 2],
}

impl FlowKey {
    /// The key of a segment that goes in a direction between two hosts, and which way it goes between the ends: those of
    /// one host are ordered by their ports.
    #[inline]
    pub(crate) fn of(
        hosts: Pair,
        direction: Direction,
        [source, destination]: [u16; 2],
    ) -> (Self, Direction) {
        let is_turned = hosts.lower == hosts.higher && source > destination;
        let direction = if is_turned { direction.other() } else { direction };
        let ports = match direction {
            Direction::Forward => [source, destination],
            Direction::Backward => [destination, source],
        };
        (Self { hosts, ports }, direction)
    }

    /// Who sends in a direction.
    pub(crate) const fn sender(&self, direction: Direction) -> Endpoint {
        Endpoint::new(self.hosts.sender(direction), self.ports[direction.index()])
    }

    #[inline]
    fn hash(&self, secret: &[u64; 4]) -> u32 {
        u32::try_from(self.hosts.hash_connection(self.ports, secret) >> 32).unwrap_or_default()
    }
}

/// One connection. All of it is in one cache line: each frame of a busy network looks at another one.
#[derive(Debug)]
#[repr(align(64))]
pub(crate) struct Entry {
    pub(crate) key: FlowKey,
    /// First frame of the connection; names it.
    pub(crate) opened: FrameNumber,
    pub(crate) state: State,
}

/// All connections of a shard, found by key, forgotten by age.
///
/// Ages are not kept in order: that would cost every packet. A hand goes round the entries instead, a few steps for
/// each packet, and takes out those that were idle for too long; when the table is full, it takes the oldest of the
/// next few.
#[derive(Debug)]
pub(crate) struct FlowTable {
    entries: Vec<Entry>,
    /// When each of `entries` was last seen, at the same position. Apart from them, since the hand looks at nothing
    /// else: it passes eight in a cache line.
    last_seen: Vec<Timestamp>,
    /// Positions in `entries`.
    index: Index,
    /// What keys are hashed with: whoever knew it could have all connections meet in one place of the index.
    secret: [u64; 4],
    hand: usize,
    /// Where [`FlowTable::find_old`] goes on.
    kind_hand: usize,
    limit: usize,
    idle_ns: i64,
    /// By how much earlier connections of no interest are forgotten: they count as last seen so much before they were.
    haste_ns: i64,
}

/// Entries that are looked at to find the oldest one of a full table.
const EVICTION_SAMPLE: usize = 16;

/// Entries that are looked at to find some of a kind.
const MOST_LOOKED_AT: usize = 4096;

impl FlowTable {
    /// An empty table of at most `limit` connections, which are forgotten when they were idle for so many seconds; those
    /// that are only watched, for `watched_idle_seconds`.
    pub(crate) fn new(limit: usize, idle_seconds: u32, watched_idle_seconds: u32) -> Self {
        Self {
            entries: Vec::new(),
            last_seen: Vec::new(),
            index: Index::default(),
            secret: secret(),
            hand: 0,
            kind_hand: 0,
            limit: limit.clamp(1, u32::MAX as usize),
            idle_ns: i64::from(idle_seconds) * 1_000_000_000,
            haste_ns: i64::from(idle_seconds.saturating_sub(watched_idle_seconds)) * 1_000_000_000,
        }
    }

    /// Where the entry of a connection stands.
    #[inline]
    pub(crate) fn find(&self, key: &FlowKey) -> Option<usize> {
        let position = self.index.find(key.hash(&self.secret), |position| {
            self.entries.get(position as usize).is_some_and(|entry| entry.key == *key)
        })?;
        Some(position as usize)
    }

    pub(crate) fn entry(&mut self, position: usize) -> Option<&mut Entry> {
        self.entries.get_mut(position)
    }

    /// The entry of a connection that is seen `now`.
    #[inline]
    pub(crate) fn see(&mut self, position: usize, now: Timestamp) -> Option<&mut Entry> {
        let entry = self.entries.get_mut(position)?;
        *self.last_seen.get_mut(position)? = match entry.state {
            State::Watched(_) => Timestamp(now.0.saturating_sub(self.haste_ns)),
            State::Probed(_) | State::Followed(_) => now,
        };
        Some(entry)
    }

    /// Adds a connection that is not there yet. Returns where it stands.
    pub(crate) fn insert(&mut self, entry: Entry, now: Timestamp) -> usize {
        let position = self.entries.len();
        self.index.insert(entry.key.hash(&self.secret), narrow(position));
        self.entries.push(entry);
        self.last_seen.push(now);
        self.see(position, now);
        position
    }

    /// Takes out an entry that has to go before another one comes: when the table is full, an old one.
    pub(crate) fn make_room(&mut self) -> Option<(Entry, Timestamp)> {
        if self.entries.len() < self.limit {
            return None;
        }
        let oldest = (0..EVICTION_SAMPLE.min(self.entries.len()))
            .map(|step| (self.hand + step) % self.entries.len())
            .min_by_key(|position| self.last_seen.get(*position))?;
        self.hand = (self.hand + EVICTION_SAMPLE) % self.entries.len();
        self.take(oldest)
    }

    /// An old entry of some kind: the oldest of the next few of that kind, with when it was last seen.
    ///
    /// Where one in eight is of the kind, it looks at about a hundred entries; at [`MOST_LOOKED_AT`] it gives up.
    pub(crate) fn find_old(&mut self, is_kind: impl Fn(&Entry) -> bool) -> Option<(&mut Entry, Timestamp)> {
        let length = self.entries.len();
        let start = self.kind_hand.checked_rem(length)?;
        let mut found: Option<(Timestamp, usize)> = None;
        let (mut left, mut looked_at) = (EVICTION_SAMPLE, 0);
        while left > 0 && looked_at < length.min(MOST_LOOKED_AT) {
            let position = (start + looked_at) % length;
            looked_at += 1;
            if let (Some(entry), Some(last_seen)) = (self.entries.get(position), self.last_seen.get(position))
                && is_kind(entry)
            {
                left -= 1;
                let this = (*last_seen, position);
                found = Some(found.map_or(this, |oldest| oldest.min(this)));
            }
        }
        self.kind_hand = (start + looked_at) % length;
        let (last_seen, position) = found?;
        Some((self.entries.get_mut(position)?, last_seen))
    }

    /// Lets the hand go on, and takes from `steps` how far it went. It stops at an entry that has been idle for too long:
    /// returns it, and since when.
    #[inline]
    pub(crate) fn pass(&mut self, now: Timestamp, steps: &mut usize) -> Option<(Entry, Timestamp)> {
        let oldest = Timestamp(now.0.saturating_sub(self.idle_ns));
        while *steps > 0 && !self.last_seen.is_empty() {
            if self.hand >= self.last_seen.len() {
                self.hand = 0;
            }
            let ahead = self.last_seen.get(self.hand..).unwrap_or_default();
            let ahead = ahead.get(..*steps).unwrap_or(ahead);
            // Below zero for what is older than `oldest` or later than `now`: even when one difference wraps, the other
            // does not. All at once, since there is hardly ever one.
            let apart =
                |last_seen: &Timestamp| last_seen.0.wrapping_sub(oldest.0) | now.0.wrapping_sub(last_seen.0);
            if ahead.iter().fold(0, |any, last_seen| any | apart(last_seen)) >= 0 {
                self.hand += ahead.len();
                *steps -= ahead.len();
                continue;
            }
            let passed = ahead.iter().position(|last_seen| apart(last_seen) < 0).unwrap_or_default();
            self.hand += passed;
            *steps -= passed + 1;
            match self.last_seen.get_mut(self.hand) {
                // The clock was set back: it counts as seen now, else it would outlive all that comes.
                Some(last_seen) if *last_seen > now => {
                    *last_seen = now;
                    self.hand += 1;
                }
                _ => return self.take(self.hand),
            }
        }
        None
    }

    /// Takes out all entries, in the order in which their connections began.
    pub(crate) fn take_all(&mut self) -> Vec<(Entry, Timestamp)> {
        self.index.clear();
        let entries = std::mem::take(&mut self.entries);
        let last_seen = std::mem::take(&mut self.last_seen);
        let mut all: Vec<_> = entries.into_iter().zip(last_seen).collect();
        all.sort_by_key(|(entry, _)| entry.opened);
        all
    }

    /// How many connections are remembered.
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    fn take(&mut self, position: usize) -> Option<(Entry, Timestamp)> {
        let hash = self.entries.get(position)?.key.hash(&self.secret);
        self.index.remove(hash, narrow(position));
        // The last entry takes the free place.
        let (entry, last_seen) = (self.entries.swap_remove(position), self.last_seen.swap_remove(position));
        if let Some(moved) = self.entries.get(position) {
            self.index.moved(moved.key.hash(&self.secret), narrow(self.entries.len()), narrow(position));
        }
        Some((entry, last_seen))
    }
}

/// A position as the index has it; all are below the limit of the table, which fits.
fn narrow(position: usize) -> u32 {
    u32::try_from(position).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rpcscope_model::Address;

    fn entry(port: u16) -> Entry {
        let host = Address::v4([10, 0, 0, 1]);
        let (key, _) = FlowKey::of(Pair { lower: host, higher: host }, Direction::Forward, [port, 445]);
        Entry { key, opened: FrameNumber(u64::from(port)), state: State::default() }
    }

    fn second(seconds: i64) -> Timestamp {
        Timestamp::from_parts(seconds, 0)
    }

    #[test]
    fn a_connection_of_no_interest_is_forgotten_sooner() {
        let mut table = FlowTable::new(8, 60, 10);
        table.insert(entry(1), second(100));
        let mut steps = 8;
        assert!(table.pass(second(110), &mut steps).is_none());
        table.see(0, second(105));
        let (mut early, mut due) = (8, 8);
        assert!(table.pass(second(115), &mut early).is_none(), "it was seen since");
        assert!(table.pass(second(116), &mut due).is_some());
    }

    #[test]
    fn an_entry_takes_one_cache_line() {
        assert_eq!(size_of::<Entry>(), 64);
    }

    #[test]
    fn both_directions_have_one_key() {
        for (host, other) in [(1, 2), (2, 1), (1, 1)] {
            let a = Endpoint::new(Address::v4([10, 0, 0, host]), 50000);
            let b = Endpoint::new(Address::v4([10, 0, 0, other]), 135);
            let key = |source: Endpoint, destination: Endpoint| {
                let (hosts, direction) = Pair::of(source.address, destination.address);
                FlowKey::of(hosts, direction, [source.port, destination.port])
            };
            let ((there, forward), (back, backward)) = (key(a, b), key(b, a));
            assert_eq!(there, back);
            assert_eq!((there.sender(forward), there.sender(backward)), (a, b));
            assert_eq!(forward, Direction::of(a, b));
        }
    }

    #[test]
    fn entries_stay_findable_whatever_is_taken_out() {
        let mut table = FlowTable::new(1000, 60, 60);
        for port in 0..500 {
            table.insert(entry(port), second(i64::from(port)));
        }
        // The hand takes out what is idle at second 300: everything older than second 240.
        let mut gone = 0;
        let mut steps = 5000;
        while table.pass(second(300), &mut steps).is_some() {
            gone += 1;
        }
        assert_eq!(steps, 0);
        assert_eq!(gone, 240);
        for port in 0..500 {
            let key = entry(port).key;
            let position = table.find(&key);
            assert_eq!(position.is_some(), port >= 240, "port {port}");
            if let Some(position) = position {
                assert_eq!(
                    table.entry(position).map(|entry| entry.opened),
                    Some(FrameNumber(u64::from(port)))
                );
            }
        }
    }

    #[test]
    fn a_full_table_gives_up_an_old_entry() {
        let mut table = FlowTable::new(8, 60, 60);
        for port in 0..8 {
            assert!(table.make_room().is_none());
            table.insert(entry(port), second(100 - i64::from(port)));
        }
        assert_eq!(
            table.make_room().map(|(entry, seen)| (entry.opened, seen)),
            Some((FrameNumber(7), second(93)))
        );
        assert_eq!(table.len(), 7);
    }
}
