//! The hash of interface UUIDs. The build script places the UUIDs with it and the lookup finds them with it.

/// Buckets of the first step; a power of two.
pub(crate) const BUCKETS: usize = 1024;
/// Slots of the second step; a power of two, and more than there are interfaces.
pub(crate) const SLOTS: usize = 4096;
/// A slot that holds nothing.
pub(crate) const EMPTY: u16 = u16::MAX;

/// Mixes both halves of a UUID. Many UUIDs share one half, so that each bit has to depend on both.
pub(crate) const fn mix(uuid: u128) -> u64 {
    let [high, low] = halves(uuid ^ 0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c834);
    let [high, low] = halves(high as u128 * low as u128);
    high ^ low
}

/// The bucket of a mixed UUID.
#[expect(clippy::cast_possible_truncation, reason = "below BUCKETS")]
pub(crate) const fn bucket(mixed: u64) -> usize {
    (mixed % BUCKETS as u64) as usize
}

/// The slot of a mixed UUID, given the displacement of its bucket.
#[expect(clippy::cast_possible_truncation, reason = "below SLOTS")]
pub(crate) const fn slot(mixed: u64, displacement: u16) -> usize {
    let spread = (mixed ^ displacement as u64).wrapping_mul(0x9fb2_1c65_1e98_df25);
    (spread >> (64 - SLOTS.trailing_zeros())) as usize
}

#[expect(clippy::cast_possible_truncation, reason = "each half is 64 bits")]
const fn halves(value: u128) -> [u64; 2] {
    [(value >> 64) as u64, value as u64]
}
