//! How an outlet goes: counters that any thread may read.

use super::super::Now;
use super::Batch;
use crossbeam_channel::Sender;
use rpcscope_model::Timestamp;
use std::fmt;
use std::io;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::sync::{Mutex, PoisonError};

/// What an outlet has done. All numbers grow, but for what waits.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Figures {
    /// Lines that the system took to their end. What it then does with them, it does not tell: a connection may break
    /// with lines in it that were counted.
    pub written_lines: u64,
    /// Bytes of these lines, without what syslog puts before them.
    pub written_bytes: u64,
    /// Batches that were shed as a whole, since too much waited.
    pub shed_batches: u64,
    /// Lines that were not and will not be written.
    pub shed_lines: u64,
    /// Bytes of these lines.
    pub shed_bytes: u64,
    /// Times that opening, writing, putting aside or removing failed.
    pub errors: u64,
    /// Times that it was opened.
    pub openings: u64,
    /// Batches that wait.
    pub queued_batches: u64,
    /// Lines that wait.
    pub queued_lines: u64,
    /// Bytes that wait.
    pub queued_bytes: u64,
}

/// Whether a destination takes lines.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Condition {
    /// It has not been opened yet.
    Starting,
    /// It is open.
    Open {
        /// Since when.
        since: Timestamp,
    },
    /// It cannot be opened or written to; tried again and again.
    Failed {
        /// Since when. Goes on through attempts that fail.
        since: Timestamp,
    },
    /// The reader of standard output went away. Everything is shed.
    Ended,
}

/// How an outlet goes. Shared by its thread and all that want to know.
pub struct OutletState {
    name: String,
    now: Now,
    wake: Sender<()>,
    pub(super) reopen: AtomicBool,
    pub(super) abandoned: AtomicBool,
    pub(super) queued_batches: AtomicU64,
    pub(super) queued_lines: AtomicU64,
    pub(super) queued_bytes: AtomicU64,
    written_lines: AtomicU64,
    written_bytes: AtomicU64,
    shed_batches: AtomicU64,
    shed_lines: AtomicU64,
    shed_bytes: AtomicU64,
    errors: AtomicU64,
    openings: AtomicU64,
    told: Mutex<Told>,
}

struct Told {
    condition: Condition,
    last_error: Option<String>,
}

impl OutletState {
    pub(super) fn new(name: String, now: Now, wake: Sender<()>) -> Self {
        let zero = || AtomicU64::new(0);
        Self {
            name,
            now,
            wake,
            reopen: AtomicBool::new(false),
            abandoned: AtomicBool::new(false),
            queued_batches: zero(),
            queued_lines: zero(),
            queued_bytes: zero(),
            written_lines: zero(),
            written_bytes: zero(),
            shed_batches: zero(),
            shed_lines: zero(),
            shed_bytes: zero(),
            errors: zero(),
            openings: zero(),
            told: Mutex::new(Told { condition: Condition::Starting, last_error: None }),
        }
    }

    /// What messages call the destination.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What was done so far. The numbers are read one after the other while the thread goes on.
    pub fn figures(&self) -> Figures {
        Figures {
            written_lines: self.written_lines.load(Relaxed),
            written_bytes: self.written_bytes.load(Relaxed),
            shed_batches: self.shed_batches.load(Relaxed),
            shed_lines: self.shed_lines.load(Relaxed),
            shed_bytes: self.shed_bytes.load(Relaxed),
            errors: self.errors.load(Relaxed),
            openings: self.openings.load(Relaxed),
            queued_batches: self.queued_batches.load(Relaxed),
            queued_lines: self.queued_lines.load(Relaxed),
            queued_bytes: self.queued_bytes.load(Relaxed),
        }
    }

    /// Whether it takes lines, and since when.
    pub fn condition(&self) -> Condition {
        self.told(|told| told.condition)
    }

    /// What went wrong last. Stays when all is well again.
    pub fn last_error(&self) -> Option<String> {
        self.told(|told| told.last_error.clone())
    }

    /// Wakes the thread, whatever it waits for.
    pub(super) fn wake(&self) {
        // When the channel is full, it is being woken already.
        let _woken = self.wake.try_send(());
    }

    pub(super) fn opened(&self) {
        self.openings.fetch_add(1, Relaxed);
        let since = (self.now)();
        self.told(|told| told.condition = Condition::Open { since });
    }

    /// Counts an error that stops it for now.
    pub(super) fn failed(&self, error: &io::Error) {
        self.complained(error);
        let now = (self.now)();
        self.told(|told| {
            if !matches!(told.condition, Condition::Failed { .. }) {
                told.condition = Condition::Failed { since: now };
            }
        });
    }

    /// Counts an error that does not stop it.
    pub(super) fn complained(&self, error: &io::Error) {
        self.errors.fetch_add(1, Relaxed);
        self.told(|told| told.last_error = Some(error.to_string()));
    }

    pub(super) fn ended(&self) {
        self.told(|told| told.condition = Condition::Ended);
    }

    /// Counts lines of a batch that is in hand as written.
    pub(super) fn wrote(&self, lines: u64, bytes: u64) {
        self.written_lines.fetch_add(lines, Relaxed);
        self.written_bytes.fetch_add(bytes, Relaxed);
        self.no_longer_queued(lines, bytes);
    }

    /// Counts lines of a batch that is in hand as shed.
    pub(super) fn shed(&self, lines: u64, bytes: u64) {
        self.shed_lines.fetch_add(lines, Relaxed);
        self.shed_bytes.fetch_add(bytes, Relaxed);
        self.no_longer_queued(lines, bytes);
    }

    /// Counts a queued batch as shed as a whole.
    pub(super) fn shed_batch(&self, batch: &Batch) {
        self.shed_batches.fetch_add(1, Relaxed);
        self.shed(batch.lines, batch.bytes.len() as u64);
        self.queued_batches.fetch_sub(1, Relaxed);
    }

    fn no_longer_queued(&self, lines: u64, bytes: u64) {
        self.queued_lines.fetch_sub(lines, Relaxed);
        self.queued_bytes.fetch_sub(bytes, Relaxed);
    }

    fn told<T>(&self, about: impl FnOnce(&mut Told) -> T) -> T {
        about(&mut self.told.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl fmt::Debug for OutletState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OutletState")
            .field("name", &self.name)
            .field("condition", &self.condition())
            .field("figures", &self.figures())
            .finish_non_exhaustive()
    }
}
