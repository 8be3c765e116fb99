//! IPv4 and IPv6 headers, and fragments.

use super::Datagram;
use super::checksum::checksum;
use crate::encoder::{ByteOrder, Encoder, length16};
use rpcscope_model::Address;
use std::net::IpAddr;

/// The IP packets of a datagram; several when its bytes are more than `fragment_bytes`.
///
/// The IP version is that of the source address. `fragment_bytes` is rounded down to a multiple of 8, as both versions
/// demand, but to no less than 8.
pub fn ip_packets(datagram: &Datagram, identification: u16, fragment_bytes: Option<usize>) -> Vec<Vec<u8>> {
    let size = fragment_bytes.map_or(usize::MAX, |bytes| (bytes & !7).max(8));
    let count = datagram.bytes.len().div_ceil(size).max(1);
    if count == 1 {
        return vec![packet(datagram, identification, None, &datagram.bytes)];
    }
    let pieces = datagram.bytes.chunks(size).enumerate();
    let packets = pieces.map(|(number, piece)| {
        let place = Place { offset_bytes: length16(number * size), more: number + 1 < count };
        packet(datagram, identification, Some(place), piece)
    });
    packets.collect()
}

/// Puts an IP header before `payload`.
pub(super) fn with_header(source: Address, destination: Address, protocol: u8, payload: &[u8]) -> Vec<u8> {
    let endpoint = |address| rpcscope_model::Endpoint::new(address, 0);
    let (source, destination) = (endpoint(source), endpoint(destination));
    let datagram = Datagram { source, destination, protocol, bytes: payload.to_vec() };
    packet(&datagram, 0, None, payload)
}

/// Whether an address is shown as IPv4.
pub(super) fn is_v4(address: Address) -> bool {
    address.to_ip().is_ipv4()
}

/// The address as it stands in a header.
pub(super) fn address_bytes(address: Address) -> Vec<u8> {
    match address.to_ip() {
        IpAddr::V4(ip) => ip.octets().to_vec(),
        IpAddr::V6(ip) => ip.octets().to_vec(),
    }
}

/// Where a fragment belongs.
#[derive(Clone, Copy)]
struct Place {
    offset_bytes: u16,
    more: bool,
}

fn packet(datagram: &Datagram, identification: u16, place: Option<Place>, payload: &[u8]) -> Vec<u8> {
    let [source, destination] = [datagram.source, datagram.destination].map(|end| address_bytes(end.address));
    let mut out = Encoder::new(ByteOrder::Big);
    if is_v4(datagram.source.address) {
        // Flags and offset: don't fragment, or more fragments and the offset in units of 8 bytes.
        let fragment = place.map_or(0x4000, |place| (u16::from(place.more) << 13) | (place.offset_bytes / 8));
        out.u8(0x45).u8(0).u16(length16(20 + payload.len())).u16(identification).u16(fragment);
        out.u8(HOPS).u8(datagram.protocol).u16(0).raw(&source).raw(&destination);
        let mut header = out.finish();
        let sum = checksum(&header).to_be_bytes();
        header[10..12].copy_from_slice(&sum);
        header.extend_from_slice(payload);
        return header;
    }
    let extension = if place.is_some() { 8 } else { 0 };
    let next = if place.is_some() { FRAGMENT_HEADER } else { datagram.protocol };
    out.u32(6 << 28).u16(length16(extension + payload.len())).u8(next).u8(HOPS);
    out.raw(&source).raw(&destination);
    if let Some(place) = place {
        out.u8(datagram.protocol).u8(0).u16(place.offset_bytes | u16::from(place.more));
        out.u32(u32::from(identification));
    }
    out.raw(payload);
    out.finish()
}

/// Time to live or hop limit.
const HOPS: u8 = 64;
/// IPv6 extension header of fragments (RFC 8200 4.5).
const FRAGMENT_HEADER: u8 = 44;

#[cfg(test)]
mod tests {
    use super::*;
    use rpcscope_model::Endpoint;

    fn datagram(source: Address) -> Datagram {
        let endpoint = Endpoint::new(source, 9);
        Datagram { source: endpoint, destination: endpoint, protocol: 17, bytes: (0..20).collect() }
    }

    #[test]
    fn ipv4_fragments_say_where_they_belong() {
        let packets = ip_packets(&datagram(Address::v4([10, 0, 0, 1])), 7, Some(10));
        let places: Vec<_> = packets.iter().map(|packet| ([packet[6], packet[7]], packet[20])).collect();
        assert_eq!(places, [([0x20, 0], 0), ([0x20, 1], 8), ([0, 2], 16)]);
        assert_eq!(checksum(&packets[0][..20]), 0);
    }

    #[test]
    fn ipv6_fragments_have_an_extension_header() {
        let packets = ip_packets(&datagram(Address::v6([0x20; 16])), 7, Some(16));
        assert_eq!(packets[0][4..8], [0, 24, 44, 64]);
        assert_eq!(packets[0][40..48], [17, 0, 0, 1, 0, 0, 0, 7]);
        assert_eq!(packets[1][40..49], [17, 0, 0, 16, 0, 0, 0, 7, 16]);
        let whole = ip_packets(&datagram(Address::v6([0x20; 16])), 7, None);
        assert_eq!((whole.len(), whole[0][6]), (1, 17));
    }
}
