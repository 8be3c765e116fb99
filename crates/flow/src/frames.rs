//! Frames for tests, built layer by layer.

use crate::{Decoder, Packet};
use rpcscope_model::{Frame, FrameNumber, Limits, LinkType, Timestamp};

pub(crate) const INNER: [[u8; 4]; 2] = [[10, 0, 0, 5], [10, 0, 0, 9]];
pub(crate) const OUTER: [[u8; 4]; 2] = [[192, 0, 2, 1], [192, 0, 2, 2]];

/// Data that every tunnel test looks for.
pub(crate) const DATA: &[u8] = b"inner data";

pub(crate) fn frame(link_type: LinkType, bytes: &[u8]) -> Frame<'_> {
    let original_length = u32::try_from(bytes.len()).expect("short");
    Frame { number: FrameNumber(7), time: Timestamp(9), link_type, original_length, bytes }
}

/// The packet of raw IP bytes that are neither a tunnel nor a fragment.
pub(crate) fn packet(ip: &[u8]) -> Packet<'_> {
    let mut decoder = Decoder::new(&Limits::WHOLE);
    let packet = decoder.decode(&frame(LinkType::RAW, ip)).expect("a packet");
    let start = packet.payload.as_ptr().addr() - ip.as_ptr().addr();
    Packet { payload: &ip[start..start + packet.payload.len()], ..packet }
}

/// An IPv4 packet; `fragment` is the field of flags and offset.
pub(crate) fn ipv4_fragment(
    hosts: [[u8; 4]; 2],
    protocol: u8,
    id: u16,
    fragment: u16,
    payload: &[u8],
) -> Vec<u8> {
    let mut header = vec![0x45, 0]; // version, header length, service
    header.extend(u16::try_from(payload.len() + 20).expect("short").to_be_bytes());
    header.extend(id.to_be_bytes());
    header.extend(fragment.to_be_bytes());
    header.extend([64, protocol, 0, 0]); // time to live, protocol, checksum
    header.extend(hosts.concat());
    let sum = header.chunks(2).fold(0_u32, |sum, word| sum + u32::from(word[0]) * 256 + u32::from(word[1]));
    let folded = (sum & 0xffff) + (sum >> 16);
    let checksum = !u16::try_from((folded & 0xffff) + (folded >> 16)).expect("folded");
    header[10..12].copy_from_slice(&checksum.to_be_bytes());
    [&header, payload].concat()
}

pub(crate) fn ipv4(hosts: [[u8; 4]; 2], protocol: u8, payload: &[u8]) -> Vec<u8> {
    ipv4_fragment(hosts, protocol, 1, 0, payload)
}

pub(crate) fn ipv6(next_header: u8, payload: &[u8]) -> Vec<u8> {
    let mut header = vec![0x60, 0, 0, 0]; // version, class, flow label
    header.extend(u16::try_from(payload.len()).expect("short").to_be_bytes());
    header.extend([next_header, 64]); // next header, hop limit
    header.extend([0xfd; 16]);
    header.extend([0xfe; 16]);
    [&header, payload].concat()
}

pub(crate) fn udp(destination_port: u16, payload: &[u8]) -> Vec<u8> {
    let mut header = vec![0xc0, 0x01]; // source port
    header.extend(destination_port.to_be_bytes());
    header.extend(u16::try_from(payload.len() + 8).expect("short").to_be_bytes());
    header.extend([0, 0]); // no checksum
    [&header, payload].concat()
}

pub(crate) fn ethernet(ether_type: u16, payload: &[u8]) -> Vec<u8> {
    let mut header = vec![0x02, 0, 0, 0, 0, 2, 0x00, 0x0c, 0x29, 0, 0, 1]; // destination, source
    header.extend(ether_type.to_be_bytes());
    [&header, payload].concat()
}

/// The packet that all tunnel tests put inside.
pub(crate) fn inner() -> Vec<u8> {
    ipv4(INNER, 17, &udp(135, DATA))
}

/// The inner packet with an Ethernet header.
pub(crate) fn inner_ethernet() -> Vec<u8> {
    ethernet(0x0800, &inner())
}

/// One Ethernet frame of each kind.
pub(crate) fn samples() -> Vec<Vec<u8>> {
    let gre = |header: &[u8], payload: &[u8]| ethernet(0x0800, &ipv4(OUTER, 47, &[header, payload].concat()));
    vec![
        inner_ethernet(),
        inner(),
        ethernet(0x86dd, &ipv6(17, &udp(135, DATA))),
        ethernet(0x86dd, &ipv6(44, &[&[17, 0, 0, 1, 0, 0, 0, 9], &udp(135, &[0; 64])[..]].concat())),
        ethernet(0x0800, &ipv4_fragment(INNER, 17, 3, 0x2000, &udp(135, &[0; 64]))),
        ethernet(0x8100, &[&[0, 1, 0x08, 0x00], &inner()[..]].concat()),
        ethernet(0x8847, &[&[0, 1, 1, 64], &inner()[..]].concat()),
        ethernet(0x8864, &[&[0x11, 0, 0, 1, 0, 60, 0, 0x21], &inner()[..]].concat()),
        gre(&[0x70, 0, 0x65, 0x58, 0, 0, 0, 1, 0, 0, 0, 2], &inner_ethernet()),
        gre(&[0x10, 0, 0x88, 0xbe, 0, 0, 0, 1, 0x10, 0, 0, 0, 0, 0, 0, 0], &inner_ethernet()),
        gre(&[0x10, 0, 0x22, 0xeb, 0, 0, 0, 1, 0x20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], &inner_ethernet()),
        gre(&[0x30, 1, 0x88, 0x0b, 0, 60, 0, 1, 0, 0, 0, 2, 0xff, 3, 0, 0x21], &inner()),
        ethernet(
            0x0800,
            &ipv4(OUTER, 17, &udp(4789, &[&[8, 0, 0, 0, 0, 0, 1, 0], &inner_ethernet()[..]].concat())),
        ),
        ethernet(
            0x0800,
            &ipv4(OUTER, 17, &udp(6081, &[&[0, 0, 0x65, 0x58, 0, 0, 1, 0], &inner_ethernet()[..]].concat())),
        ),
    ]
}

/// Whether a frame is decoded to the inner packet, and nothing was wrong on the way.
pub(crate) fn holds_inner_packet(link_type: LinkType, bytes: &[u8]) -> bool {
    let mut decoder = Decoder::new(&Limits::WHOLE);
    let packet = decoder.decode(&frame(link_type, bytes));
    let is_inner = packet.is_some_and(|packet| {
        packet.source() == INNER[0].into_address()
            && packet.destination() == INNER[1].into_address()
            && packet.protocol == 17
            && packet.payload == udp(135, DATA)
            && packet.length == packet.payload.len()
    });
    let stats = decoder.stats();
    is_inner && stats.frames_malformed == 0 && stats.frames_not_ip == 0 && stats.checksums_wrong == 0
}

trait IntoAddress {
    fn into_address(self) -> rpcscope_model::Address;
}

impl IntoAddress for [u8; 4] {
    fn into_address(self) -> rpcscope_model::Address {
        rpcscope_model::Address::v4(self)
    }
}
