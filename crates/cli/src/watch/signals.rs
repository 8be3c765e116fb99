//! What the sensor is asked to do while it runs.

use crossbeam_channel::{Receiver, bounded};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGUSR1, SIGUSR2};
use signal_hook::flag;
use signal_hook::iterator::Signals;
use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::thread;

/// What the sensor is asked to do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Signal {
    /// To load rules and settings again, and to open output files anew.
    Reload,
    /// To say how full its tables are.
    Tell,
    /// To come to its end.
    End,
}

/// Signals that are caught and wait to be listened to.
pub(super) struct Caught(Signals);

/// Catches signals from here on. A second request to end is obeyed at once.
pub(super) fn catch() -> io::Result<Caught> {
    let ends = Arc::new(AtomicBool::new(false));
    for signal in [SIGTERM, SIGINT] {
        // The order counts: the first request arms the second.
        flag::register_conditional_shutdown(signal, INTERRUPTED, Arc::clone(&ends))?;
        flag::register(signal, Arc::clone(&ends))?;
    }
    Signals::new([SIGHUP, SIGUSR1, SIGUSR2, SIGTERM, SIGINT]).map(Caught)
}

impl Caught {
    /// Listens to them, in a thread that ends with the program.
    pub(super) fn listen(self) -> io::Result<Receiver<Signal>> {
        let Self(mut signals) = self;
        let (to, from) = bounded(MOST_WAITING);
        thread::Builder::new().name("signals".into()).spawn(move || {
            for signal in signals.forever() {
                let signal = match signal {
                    // Suricata reloads rules with USR2, others with HUP.
                    SIGHUP | SIGUSR2 => Signal::Reload,
                    SIGUSR1 => Signal::Tell,
                    _ => Signal::End,
                };
                // When so many wait, one more of the same says nothing new.
                let _ = to.try_send(signal);
            }
        })?;
        Ok(from)
    }
}

/// Exit status of a program that was interrupted, as shells give it.
const INTERRUPTED: i32 = 130;
/// Signals that may wait.
const MOST_WAITING: usize = 64;
