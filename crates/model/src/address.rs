//! Network addresses in one size, so that hashing and comparing them costs the same for IPv4 and IPv6.

use std::cmp::Ordering;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// An IPv4 or IPv6 address.
///
/// IPv4 is stored as an IPv4-mapped IPv6 address (`::ffff:a.b.c.d`) and shown as IPv4.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Address {
    // Two numbers and not one of 128 bits, which would have to lie at multiples of 16: an endpoint takes 24 bytes so, not 32.
    upper: u64,
    lower: u64,
}

impl Address {
    /// Makes an address from the four bytes of an IPv4 header field.
    pub const fn v4(bytes: [u8; 4]) -> Self {
        Self { upper: 0, lower: 0xffff_0000_0000 | u32::from_be_bytes(bytes) as u64 }
    }

    /// Makes an address from the sixteen bytes of an IPv6 header field.
    pub const fn v6(bytes: [u8; 16]) -> Self {
        let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] = bytes;
        Self {
            upper: u64::from_be_bytes([a, b, c, d, e, f, g, h]),
            lower: u64::from_be_bytes([i, j, k, l, m, n, o, p]),
        }
    }

    /// The address as one number, by which addresses are ordered.
    #[inline]
    pub const fn bits(self) -> u128 {
        (self.upper as u128) << 64 | self.lower as u128
    }

    /// The upper and the lower 64 bits of that number.
    #[inline]
    pub const fn halves(self) -> [u64; 2] {
        [self.upper, self.lower]
    }

    /// The address in the standard library's type.
    pub fn to_ip(self) -> IpAddr {
        let v6 = Ipv6Addr::from(self.bits());
        match v6.to_ipv4_mapped() {
            Some(v4) => IpAddr::V4(v4),
            None => IpAddr::V6(v6),
        }
    }
}

impl Ord for Address {
    #[inline]
    fn cmp(&self, other: &Self) -> Ordering {
        self.bits().cmp(&other.bits())
    }
}

impl PartialOrd for Address {
    #[inline]
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl From<IpAddr> for Address {
    fn from(ip: IpAddr) -> Self {
        match ip {
            IpAddr::V4(v4) => v4.into(),
            IpAddr::V6(v6) => Self::v6(v6.octets()),
        }
    }
}

impl From<Ipv4Addr> for Address {
    fn from(ip: Ipv4Addr) -> Self {
        Self::v4(ip.octets())
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.to_ip().fmt(f)
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// An address with a TCP or UDP port.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Endpoint {
    /// Network address.
    pub address: Address,
    /// TCP or UDP port.
    pub port: u16,
}

impl Endpoint {
    /// Joins an address and a port.
    pub const fn new(address: Address, port: u16) -> Self {
        Self { address, port }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.address.to_ip() {
            IpAddr::V4(ip) => write!(f, "{ip}:{}", self.port),
            IpAddr::V6(ip) => write!(f, "[{ip}]:{}", self.port),
        }
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ipv4_is_shown_as_ipv4() {
        let address = Address::v4([10, 0, 0, 9]);
        assert_eq!(address.to_string(), "10.0.0.9");
        assert_eq!(Endpoint::new(address, 135).to_string(), "10.0.0.9:135");
        assert_eq!(Address::from("10.0.0.9".parse::<IpAddr>().expect("an address")), address);
    }

    #[test]
    fn ipv6_is_shown_in_brackets_with_a_port() {
        let address = Address::from("fe80::1".parse::<IpAddr>().expect("an address"));
        assert_eq!(address.to_string(), "fe80::1");
        assert_eq!(Endpoint::new(address, 445).to_string(), "[fe80::1]:445");
    }
}
