//! What other engines say of the same Sigma rules and events.
//!
//! `tests/verdicts.rs` compares the verdicts of `rpcscope-rules` with those of two published engines, the oracles, on
//! published and generated [rules](rule) and on [events](event) that are drawn from them. A difference is a bug of
//! ours unless [`faults::FAULTS`] says which fault of the oracle makes it.

pub mod engine;
pub mod event;
pub mod faults;
pub mod random;
pub mod rule;
mod sample;

pub use sample::sample;
