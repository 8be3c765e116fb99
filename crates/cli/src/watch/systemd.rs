//! What a service manager is told. Without one, nothing happens.

use sd_notify::NotifyState;
use std::time::Duration;

/// The sensor is at work.
pub(super) fn ready(status: &str) {
    tell(&[NotifyState::Ready, NotifyState::Status(status)]);
}

/// Rules are loaded again; [`ready`] follows.
pub(super) fn reloading() {
    match NotifyState::monotonic_usec_now() {
        Ok(now) => tell(&[NotifyState::Reloading, now]),
        Err(_) => tell(&[NotifyState::Reloading]),
    }
}

/// How it goes.
pub(super) fn status(status: &str) {
    tell(&[NotifyState::Status(status)]);
}

/// All threads are at work.
pub(super) fn alive() {
    tell(&[NotifyState::Watchdog]);
}

/// The sensor comes to its end.
pub(super) fn stopping() {
    tell(&[NotifyState::Stopping]);
}

/// How often [`alive`] is to be told, if at all: in half the time that the manager waits.
pub(super) fn alive_each() -> Option<Duration> {
    sd_notify::watchdog_enabled().map(|timeout| timeout / 2)
}

/// A manager that does not hear is nothing to worry about: it will ask, or has gone.
fn tell(states: &[NotifyState<'_>]) {
    let _ = sd_notify::notify(states);
}
