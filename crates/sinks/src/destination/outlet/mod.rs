//! Feeds a destination from a thread of its own, behind a bounded queue.

mod state;
mod worker;

pub use state::{Condition, Figures, OutletState};

use super::{Destination, Opened, Surroundings};
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, TrySendError, bounded};
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::thread;
use std::time::Duration;
use worker::Worker;

/// How much waits for a destination, and how often it is tried again.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SpoolLimits {
    /// Bytes of lines that wait at most. Without it, a peer that is gone for a night would fill the memory.
    pub bytes: usize,
    /// Batches of lines that wait at most.
    pub batches: usize,
    /// Time before it is tried again after the first failure; twice as long after each further one.
    pub first_retry: Duration,
    /// Longest time before it is tried again.
    pub last_retry: Duration,
}

impl Default for SpoolLimits {
    fn default() -> Self {
        Self {
            bytes: 64 << 20,
            batches: 65_536,
            first_retry: Duration::from_millis(100),
            last_retry: Duration::from_secs(10),
        }
    }
}

/// Whole lines that travel together. What is offered, is queued and is shed is a batch.
struct Batch {
    bytes: Arc<[u8]>,
    lines: u64,
}

/// A destination that takes lines for as long as the sensor runs.
///
/// At any time, what was offered is what was written, what was shed, and what waits:
/// [`OutletState::figures`] tells all three.
#[derive(Debug)]
pub struct Outlet {
    batches: Sender<Batch>,
    state: Arc<OutletState>,
    /// Disconnected when the thread is over.
    over: Receiver<()>,
    limits: SpoolLimits,
}

impl Outlet {
    /// Starts the thread, which opens the destination at once and, when that fails, again and again.
    ///
    /// Fails when the system gives no thread.
    pub fn spawn(
        destination: Destination,
        surroundings: Surroundings,
        limits: SpoolLimits,
    ) -> io::Result<Self> {
        let name = destination.to_string();
        let now = surroundings.now.clone();
        let open = move || destination.target().open(&surroundings);
        Self::spawn_with(name, now, limits, Box::new(open))
    }

    fn spawn_with(name: String, now: super::Now, limits: SpoolLimits, open: Opener) -> io::Result<Self> {
        let (batches, queue) = bounded(limits.batches);
        let (wake, woken) = bounded(1);
        let (is_over, over) = bounded(0);
        let state = Arc::new(OutletState::new(name, now, wake));
        let worker = Worker::new(Arc::clone(&state), limits, queue, woken, open);
        thread::Builder::new().name("outlet".into()).spawn(move || {
            let _is_over: Sender<()> = is_over;
            worker.run();
        })?;
        Ok(Self { batches, state, over, limits })
    }

    /// Hands over whole lines. Never waits: when the queue is full, they are shed as a whole and counted.
    ///
    /// Nothing is a batch that is longer than the queue may be, so such a one is always shed.
    pub fn offer(&self, lines: impl Into<Arc<[u8]>>) {
        let bytes: Arc<[u8]> = lines.into();
        if bytes.is_empty() {
            return;
        }
        let bytes = if bytes.ends_with(b"\n") { bytes } else { [&*bytes, b"\n"].concat().into() };
        let batch = Batch { lines: lines_in(&bytes), bytes };
        let state = &self.state;
        let length = batch.bytes.len() as u64;
        // What is counted first cannot be counted off before by the thread.
        let before = state.queued_bytes.fetch_add(length, Relaxed);
        state.queued_lines.fetch_add(batch.lines, Relaxed);
        state.queued_batches.fetch_add(1, Relaxed);
        if before.saturating_add(length) > self.limits.bytes as u64 {
            return state.shed_batch(&batch);
        }
        match self.batches.try_send(batch) {
            Ok(()) => {}
            Err(TrySendError::Full(batch) | TrySendError::Disconnected(batch)) => state.shed_batch(&batch),
        }
    }

    /// Opens anew what somebody may have moved away, as soon as no line is half written. Does not wait for it.
    pub fn reopen(&self) {
        self.state.reopen.store(true, Relaxed);
        self.state.wake();
    }

    /// How it goes, for other threads.
    pub fn state(&self) -> Arc<OutletState> {
        Arc::clone(&self.state)
    }

    /// Writes what waits, as far as that can be done within `deadline`, and ends the thread.
    ///
    /// What still waits then is shed. A thread that the system holds, in a write that does not come back, is left behind
    /// half a second later; what it had in its hands is told as waiting.
    pub fn close(self, deadline: Duration) -> Figures {
        let Self { batches, state, over, limits: _ } = self;
        drop(batches);
        state.wake();
        if over.recv_timeout(deadline) == Err(RecvTimeoutError::Timeout) {
            state.abandoned.store(true, Relaxed);
            state.wake();
            let _left_behind = over.recv_timeout(GRACE);
        }
        state.figures()
    }
}

/// Opens a destination.
type Opener = Box<dyn FnMut() -> io::Result<Box<dyn Opened>> + Send>;

/// Lines in `bytes`, which end with a line's end.
fn lines_in(bytes: &[u8]) -> u64 {
    bytes.iter().filter(|byte| **byte == b'\n').count() as u64
}

/// Time that the thread has to notice that nobody waits for it. A write to a socket comes back within less.
const GRACE: Duration = Duration::from_millis(500);

#[cfg(test)]
mod tests;
