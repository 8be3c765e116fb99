//! Tunnels: from an IP payload to the IP header inside it.

use crate::ip::{self, IpPayload};
use crate::link::{self, Next};

/// What the payload of an IP packet carries, when it is a tunnel.
///
/// The announced headers may still turn out to hold no IP; the outer packet then is the innermost one.
#[inline]
pub(crate) fn inside<'a>(payload: &IpPayload<'a>) -> Option<Next<'a>> {
    match payload.protocol {
        ip::TCP => None,
        ip::UDP => in_udp(payload.bytes),
        ip::IPV4 | ip::IPV6 => Some(Next::Ip(payload.bytes)),
        ip::GRE => in_gre(payload.bytes),
        _ => None,
    }
}

/// Whether it is clear at once that the payload of an IP packet is TCP or UDP, and no tunnel.
#[inline]
pub(crate) fn is_none(protocol: u8, bytes: &[u8]) -> bool {
    match protocol {
        ip::TCP => true,
        ip::UDP => bytes.first_chunk::<4>().is_some_and(|[_, _, high, low]| {
            !matches!(u16::from_be_bytes([*high, *low]), VXLAN_PORT | VXLAN_PORT_LINUX | GENEVE_PORT)
        }),
        _ => false,
    }
}

/// VXLAN and GENEVE are told by the destination port; the source port is a hash of the inner flow.
#[inline]
fn in_udp(bytes: &[u8]) -> Option<Next<'_>> {
    let (header, rest) = bytes.split_first_chunk::<8>()?;
    match u16::from_be_bytes([header[2], header[3]]) {
        VXLAN_PORT => in_vxlan(rest),
        VXLAN_PORT_LINUX => {
            // Not assigned to VXLAN: a datagram must look like nothing else.
            let (vxlan, _) = rest.split_first_chunk::<8>()?;
            if vxlan[0] == 0x08 && vxlan[1..4] == [0; 3] && vxlan[7] == 0 { in_vxlan(rest) } else { None }
        }
        GENEVE_PORT => in_geneve(rest),
        _ => None,
    }
}

/// Reads a VXLAN header ([RFC 7348] 5): the I flag, a network identifier, then Ethernet.
fn in_vxlan(bytes: &[u8]) -> Option<Next<'_>> {
    let (header, rest) = bytes.split_first_chunk::<8>()?;
    let is_vxlan = header[0] & 0x08 != 0 && link::ether_type_of(rest).is_some_and(link::is_plausible_type);
    is_vxlan.then_some(Next::Ethernet(rest))
}

/// Reads a GENEVE header with its options ([RFC 8926] 3.4): version 0, options in units of four bytes, protocol.
fn in_geneve(bytes: &[u8]) -> Option<Next<'_>> {
    let (header, rest) = bytes.split_first_chunk::<8>()?;
    if header[0] >> 6 != 0 {
        return None;
    }
    let inner = rest.get(usize::from(header[0] & 0x3f) * 4..)?;
    match u16::from_be_bytes([header[2], header[3]]) {
        ether_type @ (link::BRIDGED_ETHERNET | link::IPV4 | link::IPV6) => {
            Some(Next::Typed(ether_type, inner))
        }
        _ => None,
    }
}

/// Reads a GRE header ([RFC 2784], [RFC 2890]; source routes [RFC 1701]; version 1 [RFC 2637] 4.1).
fn in_gre(bytes: &[u8]) -> Option<Next<'_>> {
    let (header, mut rest) = bytes.split_first_chunk::<4>()?;
    let flags = u16::from_be_bytes([header[0], header[1]]);
    let protocol = u16::from_be_bytes([header[2], header[3]]);
    let has = |flag: u16| flags & flag != 0;
    if flags & GRE_VERSION == 1 {
        // Key: length of the payload and call identifier. Without a sequence number it is an acknowledgment only.
        if protocol != link::PPP || !has(GRE_KEY) || !has(GRE_SEQUENCE) {
            return None;
        }
        let (key, behind) = rest.split_first_chunk::<4>()?;
        let behind = behind.get(if has(GRE_ACKNOWLEDGMENT_V1) { 8 } else { 4 }..)?;
        let length = usize::from(u16::from_be_bytes([key[0], key[1]]));
        return Some(Next::Ppp(behind.get(..length).unwrap_or(behind)));
    }
    if flags & GRE_VERSION != 0 {
        return None;
    }
    for present in [has(GRE_CHECKSUM | GRE_ROUTING), has(GRE_KEY), has(GRE_SEQUENCE)] {
        if present {
            rest = rest.get(4..)?;
        }
    }
    if has(GRE_ROUTING) {
        rest = after_source_routes(rest)?;
    }
    match protocol {
        ERSPAN if has(GRE_SEQUENCE) => in_erspan(rest),
        // Type I has no header of its own.
        ERSPAN => Some(Next::Ethernet(rest)),
        ERSPAN_III => in_erspan(rest),
        ether_type => Some(Next::Typed(ether_type, rest)),
    }
}

/// Passes over source route entries: address family, offset, length, that many bytes; all zero ends the list.
fn after_source_routes(mut bytes: &[u8]) -> Option<&[u8]> {
    for _ in 0..MAX_SOURCE_ROUTES {
        let (entry, rest) = bytes.split_first_chunk::<4>()?;
        bytes = rest.get(usize::from(entry[3])..)?;
        if entry[..2] == [0, 0] && entry[3] == 0 {
            return Some(bytes);
        }
    }
    None
}

/// Reads an ERSPAN header, whose first four bits tell its version (draft-foschiano-erspan 4).
fn in_erspan(bytes: &[u8]) -> Option<Next<'_>> {
    match bytes.first()? >> 4 {
        // Type II: 8 bytes.
        1 => Some(Next::Ethernet(bytes.get(8..)?)),
        // Type III: 12 bytes, the last bit of which announces 8 more; five bits before tell Ethernet (0) from IP (2).
        2 => {
            let (header, rest) = bytes.split_first_chunk::<12>()?;
            let rest = if header[11] & 1 == 1 { rest.get(8..)? } else { rest };
            match header[10] >> 2 & 0x1f {
                0 => Some(Next::Ethernet(rest)),
                2 => Some(Next::Ip(rest)),
                _ => None,
            }
        }
        _ => None,
    }
}

const VXLAN_PORT: u16 = 4789;
/// The port that Linux used before one was assigned, and still the default of its `vxlan` module.
const VXLAN_PORT_LINUX: u16 = 8472;
const GENEVE_PORT: u16 = 6081;

const GRE_CHECKSUM: u16 = 0x8000;
const GRE_ROUTING: u16 = 0x4000;
const GRE_KEY: u16 = 0x2000;
const GRE_SEQUENCE: u16 = 0x1000;
const GRE_ACKNOWLEDGMENT_V1: u16 = 0x0080;
const GRE_VERSION: u16 = 0x0007;
/// GRE protocols of ERSPAN: types I and II, and type III.
const ERSPAN: u16 = 0x88be;
const ERSPAN_III: u16 = 0x22eb;

/// Source routes of one GRE header.
const MAX_SOURCE_ROUTES: usize = 16;

#[cfg(test)]
mod tests {
    use crate::Decoder;
    use crate::frames::{
        DATA, INNER, OUTER, ethernet, frame, holds_inner_packet, inner, inner_ethernet, ipv4, ipv4_fragment,
        ipv6, udp,
    };
    use rpcscope_model::{Limits, LinkType};

    fn carries(protocol: u8, parts: &[&[u8]]) -> bool {
        holds_inner_packet(LinkType::ETHERNET, &ethernet(0x0800, &ipv4(OUTER, protocol, &parts.concat())))
    }

    #[test]
    fn ip_in_ip_of_all_versions_is_taken_off() {
        assert!(carries(4, &[&inner()]));
        assert!(holds_inner_packet(LinkType::RAW, &ipv6(4, &inner())));
        let mut decoder = Decoder::new(&Limits::WHOLE);
        let bytes = ipv4(OUTER, 41, &ipv6(6, &[0; 20]));
        let packet = decoder.decode(&frame(LinkType::RAW, &bytes)).expect("a packet");
        assert_eq!((packet.source().to_string(), packet.protocol), ("fdfd:".repeat(7) + "fdfd", 6));
        assert_eq!(decoder.stats().tunnels, 1);
    }

    #[test]
    fn gre_has_any_of_its_optional_fields() {
        let (checksum, key, sequence) = ([0, 0, 0, 0], [0, 0, 0, 7], [0, 0, 0, 8]);
        assert!(carries(47, &[&[0x00, 0x00, 0x08, 0x00], &inner()]));
        assert!(carries(47, &[&[0xb0, 0x00, 0x65, 0x58], &checksum, &key, &sequence, &inner_ethernet()]));
        assert!(carries(47, &[&[0x20, 0x00, 0x88, 0x47], &key, &[0, 1, 1, 64], &inner()]));
        let routes = [
            0x08, 0x00, 0x00, 0x04, 10, 0, 0, 1, // source route of one IPv4 address
            0x00, 0x00, 0x00, 0x00, // end of the list
        ];
        assert!(carries(47, &[&[0x40, 0x00, 0x08, 0x00], &checksum, &routes, &inner()]));
    }

    #[test]
    fn pptp_carries_ppp_in_gre_of_version_1() {
        let length = u8::try_from(inner().len() + 4).expect("short");
        let key = [0x00, length, 0x00, 0x2a]; // length, call
        let (sequence, acknowledgment) = ([0, 0, 0, 1], [0, 0, 0, 2]);
        let ppp = [0xff, 0x03, 0x00, 0x21];
        assert!(carries(47, &[&[0x30, 0x01, 0x88, 0x0b], &key, &sequence, &ppp, &inner()]));
        assert!(carries(47, &[&[0x30, 0x81, 0x88, 0x0b], &key, &sequence, &acknowledgment, &ppp, &inner()]));
        assert!(!carries(47, &[&[0x20, 0x81, 0x88, 0x0b], &key, &acknowledgment]), "no payload");
    }

    #[test]
    fn erspan_of_all_types_carries_ethernet() {
        let sequence = [0, 0, 0, 1];
        assert!(carries(47, &[&[0x00, 0x00, 0x88, 0xbe], &inner_ethernet()]), "type I");
        let type_ii = [0x10, 0x01, 0x00, 0x64, 0, 0, 0, 1]; // version 1, VLAN, session, index
        assert!(carries(47, &[&[0x10, 0x00, 0x88, 0xbe], &sequence, &type_ii, &inner_ethernet()]));
        let mut type_iii = [
            0x20, 0x01, 0x00, 0x64, // version 2, VLAN, session
            0, 0, 0, 9, // timestamp
            0, 0, 0x00, 0x00, // security group, frame type 0, no platform header
        ];
        assert!(carries(47, &[&[0x10, 0x00, 0x22, 0xeb], &sequence, &type_iii, &inner_ethernet()]));
        type_iii[11] = 1;
        let platform = [0x0c, 0, 0, 0, 0, 0, 0, 0];
        assert!(carries(
            47,
            &[&[0x10, 0x00, 0x22, 0xeb], &sequence, &type_iii, &platform, &inner_ethernet()]
        ));
        type_iii[10..].copy_from_slice(&[2 << 2, 0]);
        assert!(carries(47, &[&[0x10, 0x00, 0x22, 0xeb], &sequence, &type_iii, &inner()]), "frame type IP");
    }

    #[test]
    fn vxlan_and_geneve_are_told_by_port_and_form() {
        let vxlan = [0x08, 0, 0, 0, 0, 0, 1, 0]; // flag I, network 1
        assert!(carries(17, &[&udp(4789, &[&vxlan, &inner_ethernet()[..]].concat())]));
        assert!(carries(17, &[&udp(8472, &[&vxlan, &inner_ethernet()[..]].concat())]));
        let policy = [0x88, 0, 0, 9, 0, 0, 1, 0]; // flags G and I, group policy
        assert!(carries(17, &[&udp(4789, &[&policy, &inner_ethernet()[..]].concat())]));
        assert!(!carries(17, &[&udp(8472, &[&policy, &inner_ethernet()[..]].concat())]), "not plausible");
        let geneve = [
            0x02, 0x00, 0x65, 0x58, 0, 0, 1, 0, // version 0, 8 bytes of options, Ethernet, network 1
            0x01, 0x03, 0x80, 0x01, 0, 0, 0, 0, // an option
        ];
        assert!(carries(17, &[&udp(6081, &[&geneve, &inner_ethernet()[..]].concat())]));
        assert!(carries(17, &[&udp(6081, &[&[0, 0, 0x08, 0, 0, 0, 1, 0], &inner()[..]].concat())]));
    }

    #[test]
    fn datagrams_that_only_use_the_port_of_a_tunnel_stay_what_they_are() {
        let mut decoder = Decoder::new(&Limits::WHOLE);
        for port in [4789, 8472, 6081] {
            for data in [&b""[..], DATA, &[8; 40], &[0xff; 4]] {
                let payload = udp(port, data);
                let bytes = ipv4(INNER, 17, &payload);
                let packet = decoder.decode(&frame(LinkType::RAW, &bytes)).expect("a packet");
                assert_eq!((packet.protocol, packet.payload), (17, &payload[..]));
            }
        }
        assert_eq!((decoder.stats().tunnels, decoder.stats().frames_malformed), (0, 0));
    }

    #[test]
    fn the_number_of_tunnels_is_bounded() {
        let mut bytes = inner();
        for _ in 0..12 {
            bytes = ipv4(OUTER, 4, &bytes);
        }
        let mut decoder = Decoder::new(&Limits::WHOLE);
        let packet = decoder.decode(&frame(LinkType::RAW, &bytes)).expect("a packet");
        assert_eq!(packet.protocol, 4);
        assert_eq!(decoder.stats().tunnels, 8);
    }

    #[test]
    fn a_tunnel_that_holds_no_ip_gives_the_outer_packet() {
        let arp = [&[0x00, 0x00, 0x65, 0x58][..], &ethernet(0x0806, &[0; 28])].concat();
        let bytes = ipv4(OUTER, 47, &arp);
        let mut decoder = Decoder::new(&Limits::WHOLE);
        let packet = decoder.decode(&frame(LinkType::RAW, &bytes)).expect("a packet");
        assert_eq!((packet.protocol, packet.payload), (47, &arp[..]));
    }

    #[test]
    fn fragments_of_tunnels_and_in_tunnels_are_put_together() {
        let gre = [&[0x00, 0x00, 0x08, 0x00][..], &inner()].concat();
        let (start, end) = gre.split_at(24);
        let outer = [ipv4_fragment(OUTER, 47, 5, 0x2000, start), ipv4_fragment(OUTER, 47, 5, 3, end)];
        let payload = udp(135, DATA);
        let (start, end) = payload.split_at(8);
        let inside = [
            ipv4(OUTER, 4, &ipv4_fragment(INNER, 17, 6, 0x2000, start)),
            ipv4(OUTER, 4, &ipv4_fragment(INNER, 17, 6, 1, end)),
        ];
        for frames in [outer, inside] {
            let mut decoder = Decoder::new(&Limits::WHOLE);
            assert_eq!(decoder.decode(&frame(LinkType::RAW, &frames[0])), None);
            let packet = decoder.decode(&frame(LinkType::RAW, &frames[1])).expect("a packet");
            assert_eq!((packet.protocol, packet.payload), (17, &payload[..]));
            assert_eq!(packet.source().to_string(), "10.0.0.5");
            assert_eq!(decoder.stats().datagrams_reassembled, 1);
        }
    }
}
