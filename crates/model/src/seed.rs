//! The seed of every hash table.

/// Seed of all hash tables.
///
/// Fixed, so that a replay is the same in every run; tables whose iteration order can be seen are sorted first, and
/// bounded, so that chosen collisions cost a bounded amount.
pub const HASH_SEED: u64 = 0x5259_1c0d_e5c0_9e77;
