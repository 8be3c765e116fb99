//! Link layers and the tags between them and IP.

use crate::encoder::{ByteOrder, Encoder, length16};
use rpcscope_model::LinkType;

/// What stands at the start of a frame.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Link {
    /// Ethernet II with tags, outermost first.
    Ethernet(Vec<Tag>),
    /// Linux cooked capture.
    LinuxCooked,
    /// Linux cooked capture, version 2.
    LinuxCooked2,
    /// IP without a link header.
    Raw,
    /// BSD loopback in this byte order.
    Null(ByteOrder),
    /// OpenBSD loopback.
    Loop,
}

/// What stands between Ethernet and IP.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Tag {
    /// 802.1Q tag with this VLAN.
    Vlan(u16),
    /// 802.1ad service tag with this VLAN.
    ServiceVlan(u16),
    /// MPLS label; the last of several is the bottom of the stack.
    Mpls(u32),
    /// PPPoE session.
    Pppoe(u16),
}

impl Link {
    /// Ethernet without tags.
    pub const ETHERNET: Self = Self::Ethernet(Vec::new());

    /// How captures number it.
    pub const fn link_type(&self) -> LinkType {
        match self {
            Self::Ethernet(_) => LinkType::ETHERNET,
            Self::LinuxCooked => LinkType::LINUX_SLL,
            Self::LinuxCooked2 => LinkType::LINUX_SLL2,
            Self::Raw => LinkType::RAW,
            Self::Null(_) => LinkType::NULL,
            Self::Loop => LinkType::LOOP,
        }
    }

    /// The frame of an IP packet.
    pub fn frame(&self, packet: &[u8]) -> Vec<u8> {
        let v6 = packet.first().is_some_and(|byte| byte >> 4 == 6);
        let ethertype = if v6 { IPV6 } else { IPV4 };
        let mut out = Encoder::new(ByteOrder::Big);
        match self {
            Self::Ethernet(tags) => {
                out.raw(&SERVER_MAC).raw(&CLIENT_MAC);
                write_tags(&mut out, tags, packet.len(), v6);
            }
            Self::LinuxCooked => {
                out.u16(0).u16(1).u16(6).raw(&CLIENT_MAC).u16(0).u16(ethertype);
            }
            Self::LinuxCooked2 => {
                out.u16(ethertype).u16(0).u32(2).u16(1).u8(0).u8(6).raw(&CLIENT_MAC).u16(0);
            }
            Self::Raw => {}
            Self::Null(order) => {
                let mut family = Encoder::new(*order);
                family.u32(if v6 { BSD_INET6 } else { BSD_INET });
                out.raw(&family.finish());
            }
            Self::Loop => {
                out.u32(if v6 { BSD_INET6 } else { BSD_INET });
            }
        }
        out.raw(packet);
        out.finish()
    }
}

/// Each tag is announced by the type before it; what comes after an MPLS stack shows itself by its first byte.
fn write_tags(out: &mut Encoder, tags: &[Tag], packet_bytes: usize, v6: bool) {
    let mut announced = false;
    for (position, tag) in tags.iter().enumerate() {
        let ethertype = match tag {
            Tag::Vlan(_) => 0x8100,
            Tag::ServiceVlan(_) => 0x88a8,
            Tag::Mpls(_) => 0x8847,
            Tag::Pppoe(_) => 0x8864,
        };
        if !announced {
            out.u16(ethertype);
        }
        match tag {
            Tag::Vlan(vlan) | Tag::ServiceVlan(vlan) => {
                out.u16(*vlan);
            }
            Tag::Mpls(label) => {
                let bottom = !matches!(tags.get(position + 1), Some(Tag::Mpls(_)));
                out.u32(label << 12 | u32::from(bottom) << 8 | 64);
                announced = true;
            }
            Tag::Pppoe(session) => {
                // The length counts the protocol number of PPP.
                out.u8(0x11).u8(0).u16(*session).u16(length16(packet_bytes + 2));
                out.u16(if v6 { 0x0057 } else { 0x0021 });
                announced = true;
            }
        }
    }
    if !announced {
        out.u16(if v6 { IPV6 } else { IPV4 });
    }
}

const IPV4: u16 = 0x0800;
const IPV6: u16 = 0x86dd;
const BSD_INET: u32 = 2;
/// As FreeBSD numbers it; other systems use 24 or 30.
const BSD_INET6: u32 = 28;
const SERVER_MAC: [u8; 6] = [2, 0, 0, 0, 0, 9];
const CLIENT_MAC: [u8; 6] = [2, 0, 0, 0, 0, 5];

#[cfg(test)]
mod tests {
    use super::*;

    fn header(tags: Vec<Tag>) -> Vec<u8> {
        let mut frame = Link::Ethernet(tags).frame(&[0x45, 1]);
        frame.split_off(12)
    }

    #[test]
    fn tags_announce_each_other() {
        assert_eq!(header(vec![]), [8, 0, 0x45, 1]);
        let qinq = header(vec![Tag::ServiceVlan(5), Tag::Vlan(6)]);
        assert_eq!(qinq, [0x88, 0xa8, 0, 5, 0x81, 0, 0, 6, 8, 0, 0x45, 1]);
        let mpls = header(vec![Tag::Mpls(1), Tag::Mpls(2)]);
        assert_eq!(mpls, [0x88, 0x47, 0, 0, 0x10, 64, 0, 0, 0x21, 64, 0x45, 1]);
        let pppoe = header(vec![Tag::Vlan(6), Tag::Pppoe(7)]);
        assert_eq!(pppoe, [0x81, 0, 0, 6, 0x88, 0x64, 0x11, 0, 0, 7, 0, 4, 0, 0x21, 0x45, 1]);
    }

    #[test]
    fn cooked_and_loopback_headers_have_their_length() {
        let lengths =
            [Link::LinuxCooked, Link::LinuxCooked2, Link::Raw, Link::Loop, Link::Null(ByteOrder::Little)]
                .map(|link| link.frame(&[0x60]).len() - 1);
        assert_eq!(lengths, [16, 20, 0, 4, 4]);
        assert_eq!(Link::Null(ByteOrder::Little).frame(&[0x60]), [28, 0, 0, 0, 0x60]);
    }
}
