//! The thread that writes carved sessions. A folder that is slow or full holds up nobody else.

use crate::messages;
use crossbeam_channel::{Receiver, RecvTimeoutError};
use rpcscope_model::{Carved, Stats};
use rpcscope_sinks::Carver;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Writes what is carved until nobody carves any more; `counted` is what was counted so far.
pub(super) fn write(mut carver: Carver, pieces: &Receiver<Vec<Carved>>, counted: &Mutex<Stats>) {
    loop {
        match pieces.recv_timeout(FLUSHED_EACH) {
            Ok(carved) => carved.into_iter().for_each(|carved| carver.take(carved)),
            Err(RecvTimeoutError::Timeout) => carver.flush(),
            Err(RecvTimeoutError::Disconnected) => break,
        }
        count(&mut carver, counted);
    }
    carver.finish();
    count(&mut carver, counted);
}

fn count(carver: &mut Carver, counted: &Mutex<Stats>) {
    counted.lock().unwrap_or_else(PoisonError::into_inner).add(&carver.take_stats());
    if let Some(failure) = carver.take_failure() {
        messages::warning(&failure);
    }
}

/// How long what is carved waits to be written when nothing follows.
const FLUSHED_EACH: Duration = Duration::from_secs(1);
/// Batches of pieces that may wait.
pub(super) const BATCHES: usize = 1024;
