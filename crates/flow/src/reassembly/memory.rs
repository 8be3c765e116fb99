//! The memory that the reassemblers of one shard share.

use super::history::MAX_BYTES as RING_BYTES;
use rpcscope_model::{Limits, Stats};

/// Budget and counters of all reassemblers of one shard.
#[derive(Debug)]
pub struct Memory {
    /// What was counted: retransmissions, segments out of order, conflicts, gaps.
    pub stats: Stats,
    held: usize,
    history: usize,
    limit: usize,
    limit_per_stream: usize,
    /// Rings of connections that have ended, for those that begin: fresh memory of that size is dear. At most
    /// [`MAX_SPARE_RINGS`], each empty and of [`RING_BYTES`].
    spare_rings: Vec<Vec<u8>>,
}

/// Spare rings that are kept: half a megabyte for each shard.
const MAX_SPARE_RINGS: usize = 128;

impl Memory {
    /// Makes a budget: `limits.reassembly_bytes` for what is held back in all streams,
    /// `limits.reassembly_bytes_per_stream` in one, and a quarter of the first for delivered bytes that are remembered
    /// to be compared with retransmissions.
    pub fn new(limits: &Limits) -> Self {
        Self {
            stats: Stats::default(),
            held: 0,
            history: 0,
            limit: limits.reassembly_bytes,
            limit_per_stream: limits.reassembly_bytes_per_stream,
            spare_rings: Vec::new(),
        }
    }

    /// Bytes in use: what is held back, with its overhead, and what is remembered.
    pub const fn used(&self) -> usize {
        self.held + self.history
    }

    pub(super) fn hold(&mut self, bytes: usize) {
        self.held = self.held.saturating_add(bytes);
    }

    pub(super) fn release_held(&mut self, bytes: usize) {
        self.held = self.held.saturating_sub(bytes);
    }

    /// Whether a stream that holds `bytes` must let go of some.
    pub(super) const fn is_exceeded_by(&self, bytes: usize) -> bool {
        bytes > self.limit_per_stream || self.held > self.limit
    }

    /// Returns how long a history may be that has `have` bytes and wants `wanted`, and charges the difference.
    ///
    /// When half of the pool is in use, only `least` is granted to those that have none: many streams shall have some
    /// rather than few have much.
    pub(super) fn grant_history(&mut self, have: usize, wanted: usize, least: usize) -> usize {
        let pool = self.limit / 4;
        let granted = if self.history.saturating_add(wanted) <= pool / 2 {
            wanted
        } else if have == 0 && self.history.saturating_add(least) <= pool {
            least
        } else {
            have
        };
        self.history += granted - have;
        granted
    }

    /// An empty ring with room for `bytes`.
    pub(super) fn spare_ring(&mut self, bytes: usize) -> Vec<u8> {
        let spare = if bytes == RING_BYTES { self.spare_rings.pop() } else { None };
        spare.unwrap_or_else(|| Vec::with_capacity(bytes))
    }

    /// Takes a ring that is not needed any more.
    pub(super) fn take_back(&mut self, mut ring: Vec<u8>) {
        if ring.capacity() == RING_BYTES && self.spare_rings.len() < MAX_SPARE_RINGS {
            ring.clear();
            self.spare_rings.push(ring);
        }
    }

    pub(super) fn release_history(&mut self, bytes: usize) {
        self.history = self.history.saturating_sub(bytes);
    }
}
