//! The thread behind an outlet: opens, writes, waits and tries again.

use super::super::{Opened, Step};
use super::{Batch, Opener, OutletState, SpoolLimits, lines_in};
use crossbeam_channel::{Receiver, select};
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

/// What the thread knows.
pub(super) struct Worker {
    state: Arc<OutletState>,
    queue: Receiver<Batch>,
    woken: Receiver<()>,
    open: Opener,
    /// `None` after a failure.
    opened: Option<Box<dyn Opened>>,
    pauses: Pauses,
    /// Whether nobody will ever read again.
    ended: bool,
}

/// A batch in hand.
struct InHand {
    batch: Batch,
    /// Bytes that the destination took, perhaps to the middle of a line.
    taken: usize,
    /// Bytes that are settled: whole lines that were written or refused. Never after `taken`.
    settled: usize,
}

impl Worker {
    pub(super) fn new(
        state: Arc<OutletState>,
        limits: SpoolLimits,
        queue: Receiver<Batch>,
        woken: Receiver<()>,
        open: Opener,
    ) -> Self {
        Self { state, queue, woken, open, opened: None, pauses: Pauses::new(limits), ended: false }
    }

    /// Goes on until nobody can offer anything any more and nothing waits.
    pub(super) fn run(mut self) {
        self.attend();
        loop {
            select! {
                recv(self.queue) -> batch => match batch {
                    Ok(batch) => self.deliver(batch),
                    Err(_) => return,
                },
                recv(self.woken) -> _ => self.attend(),
                default(TICK) => self.attend(),
            }
        }
    }

    /// Writes a batch, however long that takes, unless nobody waits for it any more.
    fn deliver(&mut self, batch: Batch) {
        self.attend();
        let mut hand = InHand { batch, taken: 0, settled: 0 };
        while hand.taken < hand.batch.bytes.len() {
            if self.ended || self.is_abandoned() {
                if let Some(opened) = &mut self.opened {
                    opened.take_back(hand.taken - hand.settled);
                }
                return hand.shed(&self.state);
            }
            if hand.taken == hand.settled {
                self.reopen_if_asked();
            }
            let Some(opened) = &mut self.opened else {
                self.open();
                continue;
            };
            let lines = hand.batch.bytes.get(hand.taken..).unwrap_or(&[]);
            match opened.write(lines) {
                Ok(Step::Taken(bytes)) => {
                    hand.take(bytes, &self.state);
                    self.pauses.start_anew();
                }
                Ok(Step::Waiting) => {}
                Ok(Step::Refused(error)) => {
                    self.state.complained(&error);
                    hand.refuse(&self.state);
                }
                Ok(Step::Ended) => {
                    self.state.ended();
                    self.ended = true;
                }
                Err(error) => {
                    opened.take_back(hand.taken - hand.settled);
                    hand.taken = hand.settled;
                    self.fail(&error);
                }
            }
            self.listen_to_complaints();
        }
        self.state.queued_batches.fetch_sub(1, Relaxed);
    }

    /// Looks after the destination while no line is half written.
    fn attend(&mut self) {
        if self.ended || self.is_abandoned() {
            return;
        }
        self.reopen_if_asked();
        match &mut self.opened {
            None => self.open(),
            Some(opened) => {
                if let Err(error) = opened.tend() {
                    self.fail(&error);
                }
            }
        }
        self.listen_to_complaints();
    }

    fn reopen_if_asked(&mut self) {
        if self.state.reopen.swap(false, Relaxed)
            && let Some(opened) = &mut self.opened
            && let Err(error) = opened.reopen()
        {
            self.fail(&error);
        }
    }

    fn open(&mut self) {
        match (self.open)() {
            Ok(opened) => {
                self.opened = Some(opened);
                self.state.opened();
            }
            Err(error) => self.fail(&error),
        }
    }

    /// Closes the destination and waits before it is tried again. Being woken ends the wait.
    fn fail(&mut self, error: &io::Error) {
        self.opened = None;
        self.state.failed(error);
        if !self.is_abandoned() {
            let _woken = self.woken.recv_timeout(self.pauses.next());
        }
    }

    fn listen_to_complaints(&mut self) {
        if let Some(error) = self.opened.as_mut().and_then(|opened| opened.complaint()) {
            self.state.complained(&error);
        }
    }

    fn is_abandoned(&self) -> bool {
        self.state.abandoned.load(Relaxed)
    }
}

impl InHand {
    /// The destination took so many bytes more.
    fn take(&mut self, bytes: usize, state: &OutletState) {
        let before = self.taken;
        self.taken = self.taken.saturating_add(bytes).min(self.batch.bytes.len());
        let taken = self.batch.bytes.get(before..self.taken).unwrap_or(&[]);
        if let Some(end) = taken.iter().rposition(|byte| *byte == b'\n') {
            let settled = before + end + 1;
            state.wrote(lines_in(taken), (settled - self.settled) as u64);
            self.settled = settled;
        }
    }

    /// The destination will never take the first line that is not settled.
    fn refuse(&mut self, state: &OutletState) {
        let rest = self.batch.bytes.get(self.settled..).unwrap_or(&[]);
        let length = rest.iter().position(|byte| *byte == b'\n').map_or(rest.len(), |end| end + 1);
        state.shed(1, length as u64);
        self.settled += length;
        self.taken = self.settled;
    }

    /// Nothing more of it will be written.
    fn shed(self, state: &OutletState) {
        if self.settled == 0 {
            return state.shed_batch(&self.batch);
        }
        let rest = self.batch.bytes.get(self.settled..).unwrap_or(&[]);
        state.shed(lines_in(rest), rest.len() as u64);
        state.queued_batches.fetch_sub(1, Relaxed);
    }
}

/// How long it is waited between attempts: ever longer, until something was written.
struct Pauses {
    limits: SpoolLimits,
    next: Duration,
}

impl Pauses {
    fn new(limits: SpoolLimits) -> Self {
        Self { limits, next: limits.first_retry }
    }

    fn start_anew(&mut self) {
        self.next = self.limits.first_retry;
    }

    fn next(&mut self) -> Duration {
        let pause = self.next.min(self.limits.last_retry);
        self.next = pause.saturating_mul(2);
        pause
    }
}

/// Time after which a destination is looked after when nothing happens.
const TICK: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_a_bound_and_start_anew() {
        let mut pauses = Pauses::new(SpoolLimits::default());
        let millis: Vec<_> = (0..9).map(|_| pauses.next().as_millis()).collect();
        assert_eq!(millis, [100, 200, 400, 800, 1600, 3200, 6400, 10_000, 10_000]);
        pauses.start_anew();
        assert_eq!(pauses.next().as_millis(), 100);
    }
}
