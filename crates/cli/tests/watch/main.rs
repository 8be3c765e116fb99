//! `rpcscope watch`, the binary, over virtual interfaces; each test in a network namespace of its own.
//!
//! Needs root, `unshare` and `ip`; says that it is skipped otherwise.

mod faults;
mod interfaces;
mod network;
mod outputs;
mod replayed;
mod sandbox;
mod sensor;
mod signals;
mod traffic;

#[path = "../support/mod.rs"]
mod support;
