//! What hash tables are seeded with.

use std::hash::BuildHasher;

/// The hashing of every table.
///
/// Seeded anew for each process and each table, so that nobody can choose keys that collide. What is told never depends on
/// it: tables that are walked are sorted first, or keep the order in which entries came.
pub use foldhash::fast::RandomState as HashState;

/// Numbers that nobody outside of the process can know, others each time.
pub fn secret<const N: usize>() -> [u64; N] {
    let state = std::hash::RandomState::new();
    std::array::from_fn(|at| state.hash_one(at))
}

/// What hashes are seeded with that decide what is told: the same in every run.
pub const HASH_SEED: u64 = 0x5259_1c0d_e5c0_9e77;
