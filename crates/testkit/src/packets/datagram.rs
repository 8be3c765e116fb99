//! What IP carries.

use super::Segment;
use super::checksum::transport_checksum;
use crate::encoder::{ByteOrder, Encoder, length16};
use rpcscope_model::Endpoint;

/// A TCP segment or UDP datagram with its header, not yet in IP.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Datagram {
    /// Who sends it.
    pub source: Endpoint,
    /// Who receives it; of the same IP version.
    pub destination: Endpoint,
    /// IP protocol: 6 for TCP, 17 for UDP.
    pub protocol: u8,
    /// Header and payload.
    pub bytes: Vec<u8>,
}

impl Datagram {
    /// A UDP datagram.
    pub fn udp(source: Endpoint, destination: Endpoint, payload: &[u8]) -> Self {
        let mut out = Encoder::new(ByteOrder::Big);
        out.u16(source.port).u16(destination.port).u16(length16(8 + payload.len())).u16(0).raw(payload);
        let mut datagram = Self { source, destination, protocol: UDP, bytes: out.finish() };
        // A checksum that comes out as 0 is sent as all ones (RFC 768).
        datagram.set_checksum(6, |sum| if sum == 0 { 0xffff } else { sum });
        datagram
    }

    fn set_checksum(&mut self, offset: usize, fix: impl FnOnce(u16) -> u16) {
        let sum =
            transport_checksum(self.source.address, self.destination.address, self.protocol, &self.bytes);
        self.bytes[offset..offset + 2].copy_from_slice(&fix(sum).to_be_bytes());
    }
}

impl From<&Segment> for Datagram {
    fn from(segment: &Segment) -> Self {
        let mut out = Encoder::new(ByteOrder::Big);
        out.u16(segment.source.port).u16(segment.destination.port);
        out.u32(segment.sequence).u32(segment.acknowledgement);
        // Five words of header; a window of 64,000 bytes.
        out.u8(5 << 4).u8(segment.flags).u16(64_000).u16(0).u16(0).raw(&segment.payload);
        let mut datagram = Self {
            source: segment.source,
            destination: segment.destination,
            protocol: TCP,
            bytes: out.finish(),
        };
        datagram.set_checksum(16, |sum| sum);
        datagram
    }
}

const TCP: u8 = 6;
const UDP: u8 = 17;

#[cfg(test)]
mod tests {
    use super::*;
    use rpcscope_model::Address;

    #[test]
    fn checksums_close_over_the_pseudo_header() {
        let endpoints = [[10, 0, 0, 1], [10, 0, 0, 2]].map(|ip| Endpoint::new(Address::v4(ip), 0x1234));
        let udp = Datagram::udp(endpoints[0], endpoints[1], b"abc");
        assert_eq!(udp.bytes[..6], [0x12, 0x34, 0x12, 0x34, 0, 11]);
        let again = transport_checksum(udp.source.address, udp.destination.address, UDP, &udp.bytes);
        assert_eq!(again, 0);
    }
}
