//! Who talks to whom.

use super::template::length_word;
use crate::packets::checksum::complement;
use rpcscope_model::Side;

/// Version of IP.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Version {
    V4,
    V6,
}

impl Version {
    pub(super) fn header_bytes(self) -> usize {
        match self {
            Self::V4 => 20,
            Self::V6 => 40,
        }
    }
}

/// Client and server of a flow: an address each, whose four bytes are the end of an IPv6 address.
#[derive(Clone, Copy, Debug)]
pub(super) struct Hosts {
    version: Version,
    addresses: [u32; 2],
    /// Sum of the words of both addresses.
    sum: u32,
}

impl Hosts {
    fn new(version: Version, addresses: [u32; 2]) -> Self {
        let words = addresses.map(|address| (address >> 16) + (address & 0xffff));
        let prefixes = match version {
            Version::V4 => 0,
            Version::V6 => 2 * PREFIX_WORD,
        };
        Self { version, addresses, sum: words[0] + words[1] + prefixes }
    }

    /// Writes the Ethernet addresses: locally administered ones that follow from the IP addresses.
    pub(super) fn write_link(&self, from: Side, out: &mut Vec<u8>) {
        for side in [from.other(), from] {
            out.extend([2, 0]);
            out.extend(self.addresses[side.index()].to_be_bytes());
        }
    }

    /// Writes Ethernet type and IP header, and returns their length in bytes.
    pub(super) fn write_ip(
        &self,
        from: Side,
        protocol: u8,
        length: usize,
        identification: u16,
        out: &mut Vec<u8>,
    ) -> usize {
        let start = out.len();
        let ends = [self.addresses[from.index()], self.addresses[from.other().index()]];
        match self.version {
            Version::V4 => {
                let length = length_word(20 + length);
                out.extend([0x08, 0x00]);
                // Version and length of the header; do not fragment.
                let (first, identification) = (0x4500, u32::from(identification));
                let (flags, hops) = (0x4000, u32::from(HOPS) << 8 | u32::from(protocol));
                let sum = first + length + identification + flags + hops + self.sum;
                let checksum = u32::from(complement(sum));
                let words = [first << 16 | length, identification << 16 | flags, hops << 16 | checksum];
                for word in words.into_iter().chain(ends) {
                    out.extend(word.to_be_bytes());
                }
            }
            Version::V6 => {
                out.extend([0x86, 0xdd]);
                let hops = u32::from(protocol) << 8 | u32::from(HOPS);
                for word in [6 << 28, length_word(length) << 16 | hops] {
                    out.extend(word.to_be_bytes());
                }
                for end in ends {
                    for word in [PREFIX_WORD << 16, 0, 0, end] {
                        out.extend(word.to_be_bytes());
                    }
                }
            }
        }
        out.len() - start
    }

    /// Sum of the pseudo-header (RFC 9293 3.1, RFC 8200 8.1), the same for both versions but for the addresses.
    pub(super) fn pseudo_header(&self, protocol: u8, length: usize) -> u32 {
        self.sum + u32::from(protocol) + length_word(length)
    }
}

/// Where a server is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Realm {
    /// In the network that is watched.
    Inside,
    /// Somewhere in the Internet.
    Outside,
}

/// The hosts of a network, given out so that no two flows of the same time are between the same two: what belongs to
/// a pair of hosts, such as the id of an SMB session, is the same in all copies of a conversation.
#[derive(Clone, Debug)]
pub(super) struct Network {
    servers: u64,
    flows: u64,
}

impl Network {
    /// A network large enough for this many flows at once.
    pub(super) fn for_flows(flows: usize) -> Self {
        Self { servers: (flows as u64 / 40).clamp(16, 4000), flows: 0 }
    }

    /// The hosts and the client's port of the next flow.
    pub(super) fn next(&mut self, version: Version, realm: Realm) -> (Hosts, u16) {
        let number = self.flows;
        self.flows += 1;
        // With a multiple of servers as clients, all pairs come before one comes again.
        let clients = 20 * self.servers;
        let client = number % clients;
        let server = (client + number / clients) % self.servers;
        let ports = PORTS / super::template::MOST_CONNECTIONS as u64;
        let port = FIRST_PORT + number % ports * super::template::MOST_CONNECTIONS as u64;
        let realm = match realm {
            Realm::Inside => FIRST_SERVER,
            Realm::Outside => FIRST_OUTSIDE,
        };
        let word = |number: u64| u32::try_from(number).expect("a small number");
        let addresses = [FIRST_CLIENT + word(client), realm + word(server)];
        (Hosts::new(version, addresses), u16::try_from(port).expect("a port"))
    }
}

/// 10.16.0.1 and what follows.
const FIRST_CLIENT: u32 = 0x0a10_0001;
/// 10.1.0.1.
const FIRST_SERVER: u32 = 0x0a01_0001;
/// 198.18.0.1, of the network for benchmarks (RFC 2544 C.2.2).
const FIRST_OUTSIDE: u32 = 0xc612_0001;
/// First word of IPv6 addresses, fd00::/96 (RFC 4193).
const PREFIX_WORD: u32 = 0xfd00;
const FIRST_PORT: u64 = 1024;
const PORTS: u64 = 65_536 - FIRST_PORT;
/// Time to live or hop limit.
const HOPS: u8 = 64;

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn no_pair_of_hosts_comes_twice_among_the_flows_of_a_time() {
        let mut network = Network::for_flows(1000);
        let pairs: Vec<[u32; 2]> =
            (0..12_000).map(|_| network.next(Version::V4, Realm::Inside).0.addresses).collect();
        for window in pairs.chunks(4000) {
            assert_eq!(window.iter().collect::<BTreeSet<_>>().len(), window.len());
        }
    }
}
