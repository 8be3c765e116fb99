//! Hashes of two hosts, and of two endpoints, that do not depend on their order.

use rpcscope_model::{Address, HASH_SEED};

/// Hashes an unordered pair of addresses, so that both directions of a conversation meet in one shard.
///
/// Well mixed in all 64 bits, also for addresses that differ in one bit only.
#[inline]
pub fn pair_hash(a: Address, b: Address) -> u64 {
    let (low, high) = if a <= b { (a, b) } else { (b, a) };
    let ([low_upper, low_lower], [high_upper, high_lower]) = (low.halves(), high.halves());
    let near = folded_multiply(low_lower ^ HASH_SEED, high_lower ^ MIX_NEAR);
    let far = folded_multiply(low_upper ^ MIX_FAR, high_upper ^ MIX_LAST);
    folded_multiply(near ^ far.rotate_left(32), MIX_LAST)
}

/// Hashes a connection between two hosts, whose [`pair_hash`] is `pair`, by the ports of the lower and the higher end.
///
/// Well mixed in all 64 bits, also among connections whose pairs have some bits in common.
#[inline]
pub fn connection_hash(pair: u64, ports: [u16; 2]) -> u64 {
    let [lower, higher] = ports.map(u64::from);
    folded_multiply(pair ^ (lower << 16 | higher), MIX_NEAR)
}

/// Multiplies to 128 bits and folds the halves together: one instruction that mixes all input bits.
#[inline]
fn folded_multiply(a: u64, b: u64) -> u64 {
    let (lower, upper) = a.carrying_mul(b, 0);
    lower ^ upper
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

    #[test]
    fn connections_of_one_shard_spread_evenly_over_its_table() {
        // Clients of one server, one port after the other: of these, the pairs that meet in one shard of 32.
        let mut places = [[0_u32; 16]; 2];
        let server = Address::v4([192, 168, 1, 1]);
        let pairs = (0..=255).map(|host| pair_hash(Address::v4([192, 168, 7, host]), server));
        for pair in pairs.filter(|pair| pair % 32 == 5) {
            for port in 50_000..51_000 {
                let hash = connection_hash(pair, [port, 445]);
                places[0][usize::try_from(hash % 16).expect("below 16")] += 1;
                places[1][usize::try_from(hash >> 60).expect("below 16")] += 1;
            }
        }
        for places in places {
            let mean = places.iter().sum::<u32>() / 16;
            assert!(mean > 100, "{places:?}");
            assert!(places.iter().all(|count| count.abs_diff(mean) < mean / 4), "{places:?}");
        }
    }
}
