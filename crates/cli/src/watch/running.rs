//! What the threads of a running sensor see of each other.

use rpcscope_capture::live::LiveCounters;
use rpcscope_model::{Sizes, Stats};
use rpcscope_rules::RuleSet;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What the threads of a running sensor see of each other. Looked at once for many packets.
#[derive(Debug)]
pub(super) struct Running {
    stop: AtomicBool,
    /// Counts how often the rules were changed.
    generation: AtomicU64,
    rules: Mutex<Option<Arc<RuleSet>>>,
    /// What each thread has counted: readers first, then workers.
    counted: Box<[Mutex<Counted>]>,
    sockets: Box<[Mutex<LiveCounters>]>,
    /// How often each thread went round its loop, in the same order.
    turns: Box<[AtomicU64]>,
    /// Packets that a worker did not take in time.
    pub(super) packets_shed: AtomicU64,
    /// Pieces of carved sessions that were not written in time.
    pub(super) pieces_shed: AtomicU64,
    /// Parcels that the teller did not take in time.
    pub(super) batches_shed: AtomicU64,
}

/// What a thread has counted.
#[derive(Clone, Copy, Default, Debug)]
pub(super) struct Counted {
    pub(super) stats: Stats,
    pub(super) sizes: Sizes,
}

impl Running {
    pub(super) fn new(sockets: usize, workers: usize, rules: Option<Arc<RuleSet>>) -> Self {
        Self {
            stop: AtomicBool::new(false),
            generation: AtomicU64::new(0),
            rules: Mutex::new(rules),
            counted: (0..sockets + workers).map(|_| Mutex::default()).collect(),
            sockets: (0..sockets).map(|_| Mutex::default()).collect(),
            turns: (0..sockets + workers).map(|_| AtomicU64::new(0)).collect(),
            packets_shed: AtomicU64::new(0),
            pieces_shed: AtomicU64::new(0),
            batches_shed: AtomicU64::new(0),
        }
    }

    /// Tells all threads to come to an end.
    pub(super) fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// Changes the rules.
    pub(super) fn change_rules(&self, rules: Option<Arc<RuleSet>>) {
        *lock(&self.rules) = rules;
        self.generation.fetch_add(1, Ordering::Release);
    }

    /// The rules with their generation, when it is another one than `known`.
    pub(super) fn changed_rules(&self, known: u64) -> Option<(u64, Option<Arc<RuleSet>>)> {
        if self.generation.load(Ordering::Acquire) == known {
            return None;
        }
        let rules = lock(&self.rules);
        Some((self.generation.load(Ordering::Acquire), rules.clone()))
    }

    /// Publishes what a thread has counted: readers by the number of their socket, workers after them.
    pub(super) fn publish(&self, thread: usize, counted: Counted) {
        if let Some(published) = self.counted.get(thread) {
            *lock(published) = counted;
        }
    }

    /// Publishes what the kernel counted for a socket.
    pub(super) fn publish_counters(&self, socket: usize, counters: LiveCounters) {
        if let Some(published) = self.sockets.get(socket) {
            *lock(published) = counters;
        }
    }

    /// Notes that a thread is at work.
    pub(super) fn turn(&self, thread: usize) {
        if let Some(turns) = self.turns.get(thread) {
            turns.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// How often each thread went round its loop.
    pub(super) fn turns(&self) -> Vec<u64> {
        self.turns.iter().map(|turns| turns.load(Ordering::Relaxed)).collect()
    }

    /// What all threads have counted.
    pub(super) fn counted(&self) -> Counted {
        let mut sum = Counted::default();
        for published in &self.counted {
            let counted = *lock(published);
            sum.stats.add(&counted.stats);
            sum.sizes.add(&counted.sizes);
        }
        sum
    }

    /// How many sockets there are.
    pub(super) fn sockets(&self) -> usize {
        self.sockets.len()
    }

    /// What the kernel counted, by socket.
    pub(super) fn counters(&self) -> Vec<LiveCounters> {
        self.sockets.iter().map(|counters| *lock(counters)).collect()
    }
}

/// What is guarded stays whole when a thread panics: it is replaced, never changed in place.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
