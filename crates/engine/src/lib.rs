//! One sensor without input and output: frames in, events out.
//!
//! ```text
//! frame ──► Decoder ──► packet ──► Shard ──► events
//!          one for all            one of SHARDS, by the pair of addresses
//! ```
//!
//! The number of shards is fixed and has nothing to do with the number of threads: what a shard sees, and so what it
//! says and what it forgets, is the same however many threads share the work.

mod engine;
mod index;
mod keep;
mod shard;
mod table;
mod watch;

pub use engine::{Engine, fuzz_engine, sort_final_events};
pub use shard::{Checksums, Shard};

use rpcscope_flow::Packet;
use rpcscope_model::Limits;

/// Number of shards. More than any machine has use for threads; each costs little when it is idle.
pub const SHARDS: usize = 32;

/// The shard that takes a packet: all packets between two hosts meet in one.
#[inline]
pub fn shard_of(packet: &Packet<'_>) -> usize {
    #[allow(clippy::cast_possible_truncation)] // below SHARDS
    let shard = (packet.hosts.hash() % SHARDS as u64) as usize;
    shard
}

/// The limits of one shard.
pub const fn shard_limits() -> Limits {
    Limits::shared_by(SHARDS)
}
