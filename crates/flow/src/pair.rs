//! A hash of two addresses that does not depend on their order.

use rpcscope_model::{Address, HASH_SEED};

/// Hashes an unordered pair of addresses, so that both directions of a conversation meet in one shard.
///
/// Well mixed in all 64 bits, also for addresses that differ in one bit only.
pub fn pair_hash(a: Address, b: Address) -> u64 {
    let (low, high) = if a <= b { (a.bits(), b.bits()) } else { (b.bits(), a.bits()) };
    let near = folded_multiply(lower(low) ^ HASH_SEED, lower(high) ^ MIX_NEAR);
    let far = folded_multiply(upper(low) ^ MIX_FAR, upper(high) ^ MIX_LAST);
    folded_multiply(near ^ far.rotate_left(32), MIX_LAST)
}

/// Multiplies to 128 bits and folds the halves together: one instruction that mixes all input bits.
fn folded_multiply(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    lower(product) ^ upper(product)
}

const fn lower(number: u128) -> u64 {
    #[allow(clippy::cast_possible_truncation)] // the lower half is wanted
    let half = number as u64;
    half
}

const fn upper(number: u128) -> u64 {
    lower(number >> 64)
}

/// Odd constants with as many ones as zeros: digits of pi.
const MIX_NEAR: u64 = 0x2438_6a88_85a3_08d3;
const MIX_FAR: u64 = 0x1319_8a2e_0370_7345;
const MIX_LAST: u64 = 0xa409_3822_299f_31d1;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_orders_hash_alike() {
        let (a, b) = (Address::v4([10, 0, 0, 5]), Address::v6([7; 16]));
        assert_eq!(pair_hash(a, b), pair_hash(b, a));
        assert_ne!(pair_hash(a, b), pair_hash(a, a));
    }

    #[test]
    fn neighbouring_hosts_spread_evenly_over_shards() {
        // Hosts of one subnet that all talk to one server, and pairs whose exclusive-or is the same.
        let mut shards = [0_u32; 16];
        let server = Address::v4([192, 168, 1, 1]);
        for host in 0..=255 {
            for net in 0..16 {
                let hash = pair_hash(Address::v4([192, 168, net, host]), server);
                shards[usize::try_from(hash % 16).expect("below 16")] += 1;
            }
        }
        assert!(shards.iter().all(|count| (200..=312).contains(count)), "{shards:?}");
    }
}
