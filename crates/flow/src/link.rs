//! Link layers: from the start of a frame to its IP header.

use rpcscope_model::LinkType;

/// Why no IP header was found.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Stop {
    /// The frame carries something else.
    NotIp,
    /// A header is too short or impossible.
    Malformed,
}

/// What the header just read announces.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Next<'a> {
    /// An Ethernet header.
    Ethernet(&'a [u8]),
    /// What an Ethernet type names.
    Typed(u16, &'a [u8]),
    /// A PPP protocol number.
    Ppp(&'a [u8]),
    /// An IP header of either version.
    Ip(&'a [u8]),
}

/// Finds the IP header of a frame, as its link type says.
#[inline]
pub(crate) fn ip_of_frame(link_type: LinkType, bytes: &[u8]) -> Result<&[u8], Stop> {
    // The ordinary frame, first and without a loop.
    if link_type == LinkType::ETHERNET
        && let Some((header, rest)) = bytes.split_first_chunk::<14>()
        && matches!([header[12], header[13]], [0x08, 0x00] | [0x86, 0xdd])
    {
        return Ok(rest);
    }
    ip_of_other_frame(link_type, bytes)
}

#[inline(never)]
fn ip_of_other_frame(link_type: LinkType, bytes: &[u8]) -> Result<&[u8], Stop> {
    ip_of(match link_type {
        LinkType::ETHERNET => Next::Ethernet(bytes),
        LinkType::LINUX_SLL => linux_cooked(bytes)?,
        LinkType::LINUX_SLL2 => linux_cooked_v2(bytes)?,
        LinkType::NULL | LinkType::LOOP => loopback(bytes)?,
        LinkType::RAW | LinkType::RAW_12 | LinkType::RAW_14 | LinkType::IPV4 | LinkType::IPV6 => {
            Next::Ip(bytes)
        }
        _ => return Err(Stop::NotIp),
    })
}

/// Takes off link headers until an IP header comes.
pub(crate) fn ip_of(mut next: Next<'_>) -> Result<&[u8], Stop> {
    for _ in 0..MAX_LINK_HEADERS {
        next = match next {
            Next::Ip(bytes) => return Ok(bytes),
            Next::Ethernet(bytes) => {
                let (header, rest) = bytes.split_first_chunk::<14>().ok_or(Stop::Malformed)?;
                Next::Typed(u16::from_be_bytes([header[12], header[13]]), rest)
            }
            Next::Typed(ether_type, bytes) => typed(ether_type, bytes)?,
            Next::Ppp(bytes) => ppp(bytes)?,
        };
    }
    Err(Stop::Malformed)
}

/// Whether an Ethernet type is one that is read here, or ARP: a sign that what stands before it is Ethernet.
pub(crate) fn is_plausible_type(ether_type: u16) -> bool {
    matches!(
        ether_type,
        IPV4 | IPV6 | ARP | VLAN | PROVIDER_VLAN | OLD_VLAN | MPLS | MPLS_MULTICAST | PPPOE_SESSION
    )
}

/// The type field of an Ethernet header.
pub(crate) fn ether_type_of(ethernet: &[u8]) -> Option<u16> {
    Some(u16::from_be_bytes(*ethernet.get(12..)?.first_chunk()?))
}

fn typed(ether_type: u16, bytes: &[u8]) -> Result<Next<'_>, Stop> {
    match ether_type {
        IPV4 | IPV6 => Ok(Next::Ip(bytes)),
        VLAN | PROVIDER_VLAN | OLD_VLAN => {
            // [IEEE 802.1Q] 9.6: two bytes of priority and identifier, then the type of what follows.
            let (tag, rest) = bytes.split_first_chunk::<4>().ok_or(Stop::Malformed)?;
            Ok(Next::Typed(u16::from_be_bytes([tag[2], tag[3]]), rest))
        }
        MPLS | MPLS_MULTICAST => mpls(bytes),
        PPPOE_SESSION => pppoe(bytes),
        PPP => Ok(Next::Ppp(bytes)),
        BRIDGED_ETHERNET => Ok(Next::Ethernet(bytes)),
        length if length <= MAX_802_3_LENGTH => llc(bytes.get(..usize::from(length)).unwrap_or(bytes)),
        _ => Err(Stop::NotIp),
    }
}

/// Reads an 802.2 header ([RFC 1042]): SNAP names an Ethernet type, SAP 6 is IP itself.
fn llc(bytes: &[u8]) -> Result<Next<'_>, Stop> {
    match bytes {
        // SNAP with the organisation codes of encapsulated and of bridged ([IEEE 802.1H]) Ethernet.
        [0xaa, 0xaa, 0x03, 0, 0, 0 | 0xf8, high, low, rest @ ..] => match u16::from_be_bytes([*high, *low]) {
            length if length <= MAX_802_3_LENGTH => Err(Stop::NotIp),
            ether_type => Ok(Next::Typed(ether_type, rest)),
        },
        [0x06, 0x06, 0x03, rest @ ..] => Ok(Next::Ip(rest)),
        _ => Err(Stop::NotIp),
    }
}

/// Reads the header of a PPPoE session ([RFC 2516] 4): version and type 1, code 0, session, length.
fn pppoe(bytes: &[u8]) -> Result<Next<'_>, Stop> {
    let (header, rest) = bytes.split_first_chunk::<6>().ok_or(Stop::Malformed)?;
    if header[0] != 0x11 || header[1] != 0 {
        return Err(Stop::NotIp);
    }
    let length = usize::from(u16::from_be_bytes([header[4], header[5]]));
    Ok(Next::Ppp(rest.get(..length).unwrap_or(rest)))
}

/// Reads a PPP protocol number ([RFC 1661] 2 and 6.5): address and control may be left out, and an odd first byte
/// is the whole number.
fn ppp(bytes: &[u8]) -> Result<Next<'_>, Stop> {
    let bytes = bytes.strip_prefix(&[0xff, 0x03]).unwrap_or(bytes);
    match bytes {
        [0x21 | 0x57, rest @ ..] | [0x00, 0x21 | 0x57, rest @ ..] => Ok(Next::Ip(rest)),
        // [RFC 3032] 4.3: MPLS, unicast and multicast.
        [0x02, 0x81 | 0x83, rest @ ..] => mpls(rest),
        [] => Err(Stop::Malformed),
        _ => Err(Stop::NotIp),
    }
}

/// Takes off an MPLS label stack ([RFC 3032] 2.1) and guesses what it carries, since nothing says so.
///
/// The first four bits tell IP by its version. Zero is the control word of an Ethernet pseudowire ([RFC 4448] 4.6),
/// or the start of a MAC address when there is none; a plausible Ethernet type in its place decides.
fn mpls(mut bytes: &[u8]) -> Result<Next<'_>, Stop> {
    for _ in 0..MAX_LABELS {
        let (label, rest) = bytes.split_first_chunk::<4>().ok_or(Stop::Malformed)?;
        bytes = rest;
        if label[2] & 1 == 0 {
            continue;
        }
        let is_ethernet = |bytes: &[u8]| ether_type_of(bytes).is_some_and(is_plausible_type);
        return match bytes.first().map(|first| first >> 4) {
            Some(4) if !is_ethernet(bytes) || is_v4(bytes) => Ok(Next::Ip(bytes)),
            Some(6) if !is_ethernet(bytes) || is_v6(bytes) => Ok(Next::Ip(bytes)),
            Some(0) => match bytes.get(4..) {
                Some(behind) if is_ethernet(behind) || !is_ethernet(bytes) => Ok(Next::Ethernet(behind)),
                _ => Ok(Next::Ethernet(bytes)),
            },
            // A control channel, not data ([RFC 4385] 5).
            Some(1) if !is_ethernet(bytes) => Err(Stop::NotIp),
            Some(_) => Ok(Next::Ethernet(bytes)),
            None => Err(Stop::Malformed),
        };
    }
    Err(Stop::Malformed)
}

/// Whether the checksum says that this is an IPv4 header, where it could be a MAC address as well.
fn is_v4(bytes: &[u8]) -> bool {
    let header_bytes = bytes.first().map_or(0, |first| usize::from(first & 15) * 4);
    header_bytes >= 20 && bytes.get(..header_bytes).is_some_and(crate::checksum::header_ok)
}

/// Whether the length says that this is an IPv6 header, where it could be a MAC address as well.
fn is_v6(bytes: &[u8]) -> bool {
    bytes.split_first_chunk::<40>().is_some_and(|(header, payload)| {
        usize::from(u16::from_be_bytes([header[4], header[5]])) == payload.len()
    })
}

/// Reads a Linux cooked header (`LINKTYPE_LINUX_SLL`): the protocol is in its last two bytes.
fn linux_cooked(bytes: &[u8]) -> Result<Next<'_>, Stop> {
    let (header, rest) = bytes.split_first_chunk::<16>().ok_or(Stop::Malformed)?;
    cooked([header[2], header[3]], [header[14], header[15]], rest)
}

/// Reads a Linux cooked header of version 2 (`LINKTYPE_LINUX_SLL2`): the protocol is in its first two bytes.
fn linux_cooked_v2(bytes: &[u8]) -> Result<Next<'_>, Stop> {
    let (header, rest) = bytes.split_first_chunk::<20>().ok_or(Stop::Malformed)?;
    cooked([header[8], header[9]], [header[0], header[1]], rest)
}

/// What a cooked header announces: an Ethernet type, 802.2, or for netlink something else altogether.
fn cooked(hardware: [u8; 2], protocol: [u8; 2], rest: &[u8]) -> Result<Next<'_>, Stop> {
    const NETLINK: u16 = 824;
    const ETH_P_802_2: u16 = 4;
    match (u16::from_be_bytes(hardware), u16::from_be_bytes(protocol)) {
        (NETLINK, _) => Err(Stop::NotIp),
        (_, ETH_P_802_2) => llc(rest),
        (_, protocol) if protocol <= MAX_802_3_LENGTH => Err(Stop::NotIp),
        (_, ether_type) => Ok(Next::Typed(ether_type, rest)),
    }
}

/// Reads an address family of four bytes (`LINKTYPE_NULL`, `LINKTYPE_LOOP`), in either byte order.
///
/// IPv6 has another number on each system: 10 Linux, 23 Windows, 24 NetBSD, 28 FreeBSD, 30 Darwin.
fn loopback(bytes: &[u8]) -> Result<Next<'_>, Stop> {
    let (family, rest) = bytes.split_first_chunk::<4>().ok_or(Stop::Malformed)?;
    match family {
        [0, 0, 0, 2 | 10 | 23 | 24 | 28 | 30] | [2 | 10 | 23 | 24 | 28 | 30, 0, 0, 0] => Ok(Next::Ip(rest)),
        _ => Err(Stop::NotIp),
    }
}

/// Ethernet types (IANA and IEEE).
pub(crate) const IPV4: u16 = 0x0800;
pub(crate) const IPV6: u16 = 0x86dd;
pub(crate) const BRIDGED_ETHERNET: u16 = 0x6558;
const ARP: u16 = 0x0806;
const VLAN: u16 = 0x8100;
const PROVIDER_VLAN: u16 = 0x88a8;
const OLD_VLAN: u16 = 0x9100;
const MPLS: u16 = 0x8847;
const MPLS_MULTICAST: u16 = 0x8848;
const PPPOE_SESSION: u16 = 0x8864;
pub(crate) const PPP: u16 = 0x880b;

/// Up to this, the field is the length of an 802.3 frame ([IEEE 802.3] 3.2.6).
const MAX_802_3_LENGTH: u16 = 1500;

/// Link headers taken off in a row. Real stacks have up to six; without a bound, a frame of nothing but tags would
/// cost time in proportion to its length.
const MAX_LINK_HEADERS: usize = 16;

/// Labels of one MPLS stack.
const MAX_LABELS: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Decoder;
    use crate::frames::{ethernet, frame, holds_inner_packet, inner, inner_ethernet};
    use rpcscope_model::Limits;

    /// Whether Ethernet with this type and payload leads to the inner packet.
    fn leads_to_ip(ether_type: u16, header: &[u8], payload: &[u8]) -> bool {
        holds_inner_packet(LinkType::ETHERNET, &ethernet(ether_type, &[header, payload].concat()))
    }

    #[test]
    fn ethernet_padding_is_not_payload() {
        assert!(leads_to_ip(IPV4, &[], &[&inner()[..], &[0; 20]].concat()));
    }

    #[test]
    fn vlan_tags_are_stacked_in_any_order() {
        assert!(leads_to_ip(VLAN, &[0x60, 0x01, 0x08, 0x00], &inner()));
        let stacked = [
            0x00, 0x05, 0x91, 0x00, // provider tag, then an old one
            0x00, 0x06, 0x81, 0x00, // then a customer's
            0x00, 0x07, 0x08, 0x00, // then IPv4
        ];
        assert!(leads_to_ip(PROVIDER_VLAN, &stacked, &inner()));
    }

    #[test]
    fn ieee_802_3_carries_ip_in_snap_and_by_its_own_service_access_point() {
        let length = u16::try_from(inner().len()).expect("short");
        let snap = [
            0xaa, 0xaa, 0x03, // SNAP, unnumbered information
            0x00, 0x00, 0x00, // encapsulated Ethernet
            0x08, 0x00, // IPv4
        ];
        assert!(leads_to_ip(length + 8, &snap, &[&inner()[..], &[0; 9]].concat()));
        assert!(leads_to_ip(length + 3, &[0x06, 0x06, 0x03], &inner()));
        assert!(!leads_to_ip(length + 3, &[0x42, 0x42, 0x03], &inner()), "spanning tree");
    }

    #[test]
    fn pppoe_sessions_carry_ppp_with_long_and_short_protocol_numbers() {
        let length = u8::try_from(inner().len()).expect("short");
        let header = [
            0x11,
            0x00, // version 1, type 1, session data
            0x00,
            0x2a,
            0x00,
            length + 2, // session, length
        ];
        assert!(leads_to_ip(PPPOE_SESSION, &[&header[..], &[0x00, 0x21]].concat(), &inner()));
        assert!(leads_to_ip(PPPOE_SESSION, &[&header[..], &[0x21]].concat(), &inner()));
        assert!(
            !leads_to_ip(PPPOE_SESSION, &[&header[..], &[0xc0, 0x21]].concat(), &inner()),
            "link control"
        );
    }

    #[test]
    fn mpls_carries_ip_or_an_ethernet_pseudowire() {
        let labels = [
            0x00, 0x01, 0x00, 0x40, // label 16
            0x00, 0x02, 0x01, 0x40, // label 32, bottom of the stack
        ];
        assert!(leads_to_ip(MPLS, &labels, &inner()));
        assert!(leads_to_ip(MPLS_MULTICAST, &labels[4..], &inner()));
        assert!(
            leads_to_ip(MPLS, &labels, &inner_ethernet()),
            "a MAC address that starts like a control word"
        );
        let control_word = [0x00, 0x00, 0x00, 0x09];
        assert!(leads_to_ip(MPLS, &[&labels[..], &control_word].concat(), &inner_ethernet()));
        for first in [0x10, 0x45, 0x60, 0xa0] {
            let mut ethernet = inner_ethernet();
            ethernet[0] = first;
            assert!(leads_to_ip(MPLS, &labels, &ethernet), "a MAC address that starts with {first:#x}");
        }
        assert!(!leads_to_ip(MPLS, &labels[..4], &[]), "no bottom of the stack");
    }

    #[test]
    fn linux_cooked_frames_name_an_ethernet_type() {
        let version_1 = [
            0x00, 0x00, 0x00, 0x01, 0x00, 0x06, // sent to us, Ethernet, address length
            1, 2, 3, 4, 5, 6, 0, 0, // address
            0x08, 0x00, // IPv4
        ];
        assert!(holds_inner_packet(LinkType::LINUX_SLL, &[&version_1[..], &inner()].concat()));
        let version_2 = [
            0x81, 0x00, 0x00, 0x00, // VLAN, reserved
            0x00, 0x00, 0x00, 0x02, 0x00, 0x01, // interface, Ethernet
            0x00, 0x06, 1, 2, 3, 4, 5, 6, 0, 0, // sent to us, address
            0x00, 0x07, 0x08, 0x00, // tag, IPv4
        ];
        assert!(holds_inner_packet(LinkType::LINUX_SLL2, &[&version_2[..], &inner()].concat()));
        let mut netlink = version_1;
        netlink[2..4].copy_from_slice(&824_u16.to_be_bytes());
        assert!(!holds_inner_packet(LinkType::LINUX_SLL, &[&netlink[..], &inner()].concat()));
    }

    #[test]
    fn loopback_frames_name_an_address_family_in_either_byte_order() {
        for (link_type, family) in [
            (LinkType::NULL, [2, 0, 0, 0]),
            (LinkType::NULL, [0, 0, 0, 2]),
            (LinkType::LOOP, [0, 0, 0, 2]),
            (LinkType::NULL, [30, 0, 0, 0]),
        ] {
            assert!(holds_inner_packet(link_type, &[&family[..], &inner()].concat()), "{family:?}");
        }
        assert!(!holds_inner_packet(LinkType::NULL, &[&[7, 0, 0, 0], &inner()[..]].concat()));
    }

    #[test]
    fn raw_frames_start_with_ip() {
        for link_type in [LinkType::RAW, LinkType::RAW_12, LinkType::RAW_14, LinkType::IPV4, LinkType::IPV6] {
            assert!(holds_inner_packet(link_type, &inner()));
        }
    }

    #[test]
    fn other_frames_are_counted_as_not_ip_and_broken_ones_as_malformed() {
        let mut decoder = Decoder::new(&Limits::WHOLE);
        let arp = ethernet(ARP, &[0; 28]);
        for (link_type, bytes) in
            [(LinkType::ETHERNET, &arp[..]), (LinkType(105), &arp[..]), (LinkType::ETHERNET, &arp[..13])]
        {
            assert_eq!(decoder.decode(&frame(link_type, bytes)), None);
        }
        let tags = ethernet(VLAN, &[0x81, 0x00].repeat(500));
        assert_eq!(decoder.decode(&frame(LinkType::ETHERNET, &tags)), None, "tags without end");
        let stats = decoder.stats();
        assert_eq!((stats.frames, stats.frames_not_ip, stats.frames_malformed), (4, 2, 2));
    }
}
