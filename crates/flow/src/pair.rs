//! Two hosts, in an order and with a hash that both directions of a conversation have in common.

use crate::Direction;
use rpcscope_model::{Address, HASH_SEED};

/// Two hosts that talk to each other, or one that talks to itself.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Pair {
    /// The lower address.
    pub lower: Address,
    /// The higher address.
    pub higher: Address,
}

impl Pair {
    /// The pair of a packet, and which way it goes there: a host sends forward to itself.
    #[inline]
    pub fn of(source: Address, destination: Address) -> (Self, Direction) {
        if source <= destination {
            (Self { lower: source, higher: destination }, Direction::Forward)
        } else {
            (Self { lower: destination, higher: source }, Direction::Backward)
        }
    }

    /// Who sends in a direction.
    #[inline]
    pub const fn sender(&self, direction: Direction) -> Address {
        match direction {
            Direction::Forward => self.lower,
            Direction::Backward => self.higher,
        }
    }

    /// A hash by which both directions meet in one shard: the same in every run, since what a shard sees decides what it says.
    ///
    /// Well mixed in all bits, also for addresses that differ in one bit only.
    #[inline]
    pub fn hash(&self) -> u64 {
        folded_multiply(self.hash_with(0, &[HASH_SEED, MIX_NEAR, MIX_FAR, MIX_LAST]), MIX_LAST)
    }

    /// A hash of a connection between the hosts, by the ports of its lower and higher end, that only whoever knows the
    /// secret can foretell.
    #[inline]
    pub fn hash_connection(&self, [lower, higher]: [u16; 2], secret: &[u64; 4]) -> u64 {
        self.hash_with(u64::from(lower) << 16 | u64::from(higher), secret)
    }

    #[inline]
    fn hash_with(&self, ports: u64, [a, b, c, d]: &[u64; 4]) -> u64 {
        let ([low_upper, low_lower], [high_upper, high_lower]) = (self.lower.halves(), self.higher.halves());
        let near = folded_multiply(low_lower ^ a, high_lower ^ b);
        let far = folded_multiply(low_upper ^ c, high_upper ^ d ^ ports);
        near ^ far.rotate_left(32)
    }
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

    fn pair_hash(source: Address, destination: Address) -> u64 {
        Pair::of(source, destination).0.hash()
    }

    #[test]
    fn both_directions_have_one_pair() {
        let (a, b) = (Address::v4([10, 0, 0, 5]), Address::v6([7; 16]));
        let ((there, forward), (back, backward)) = (Pair::of(a, b), Pair::of(b, a));
        assert_eq!(there, back);
        assert_eq!((there.sender(forward), there.sender(backward)), (a, b));
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
        let pairs = (0..=255).map(|host| Pair::of(Address::v4([192, 168, 7, host]), server).0);
        for pair in pairs.filter(|pair| pair.hash() % 32 == 5) {
            for port in 50_000..51_000 {
                let hash = pair.hash_connection([port, 445], &[MIX_LAST, MIX_FAR, HASH_SEED, MIX_NEAR]);
                places[0][usize::try_from((hash >> 32) % 16).expect("below 16")] += 1;
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
