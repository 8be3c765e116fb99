//! Tunnels: an IP packet inside another.

use super::ip::with_header;
use super::{Datagram, Link};
use crate::encoder::{ByteOrder, Encoder};
use rpcscope_model::{Address, Endpoint};

/// How a packet is wrapped. Outer addresses are IPv4, from the documentation range.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Tunnel {
    /// IP in IP.
    IpInIp,
    /// GRE with IP, and a key if there is one (RFC 2784, RFC 2890).
    Gre(Option<u32>),
    /// GRE with Ethernet.
    GreEthernet,
    /// ERSPAN type I: Ethernet in GRE without a header of its own.
    Erspan1,
    /// ERSPAN type II with its session.
    Erspan2(u16),
    /// ERSPAN type III with its session.
    Erspan3(u16),
    /// VXLAN with its network (RFC 7348).
    Vxlan(u32),
    /// GENEVE with its network (RFC 8926) and one option.
    Geneve(u32),
}

impl Tunnel {
    /// The packet that carries `packet`. `number` counts packets where the tunnel does.
    pub fn wrap(self, packet: &[u8], number: u32) -> Vec<u8> {
        let v6 = packet.first().is_some_and(|byte| byte >> 4 == 6);
        let ethernet = || Link::ETHERNET.frame(packet);
        let mut out = Encoder::new(ByteOrder::Big);
        match self {
            Self::IpInIp => {
                return with_header(OUTER_SOURCE, OUTER_DESTINATION, if v6 { 41 } else { 4 }, packet);
            }
            Self::Gre(key) => {
                out.u16(if key.is_some() { GRE_KEY } else { 0 }).u16(if v6 { 0x86dd } else { 0x0800 });
                if let Some(key) = key {
                    out.u32(key);
                }
                out.raw(packet);
            }
            Self::GreEthernet => {
                out.u16(0).u16(0x6558).raw(&ethernet());
            }
            Self::Erspan1 => {
                out.u16(0).u16(0x88be).raw(&ethernet());
            }
            Self::Erspan2(session) => {
                out.u16(GRE_SEQUENCE).u16(0x88be).u32(number);
                // Version 1, VLAN 0; session; index 0.
                out.u16(1 << 12).u16(session & 0x03ff).u32(0).raw(&ethernet());
            }
            Self::Erspan3(session) => {
                out.u16(GRE_SEQUENCE).u16(0x22eb).u32(number);
                // Version 2, VLAN 0; session; time; security group; frame type Ethernet.
                out.u16(2 << 12).u16(session & 0x03ff).u32(number).u16(0).u16(0).raw(&ethernet());
            }
            Self::Vxlan(network) => {
                out.u32(0x0800_0000).u32(network << 8).raw(&ethernet());
                return udp(VXLAN_PORT, &out.finish());
            }
            Self::Geneve(network) => {
                // Two words of options: class 0x0102, type 3, one word of data.
                out.u8(2).u8(0).u16(0x6558).u32(network << 8).u16(0x0102).u8(3).u8(1).u32(0).raw(&ethernet());
                return udp(GENEVE_PORT, &out.finish());
            }
        }
        with_header(OUTER_SOURCE, OUTER_DESTINATION, GRE, &out.finish())
    }
}

fn udp(port: u16, payload: &[u8]) -> Vec<u8> {
    let (source, destination) = (Endpoint::new(OUTER_SOURCE, 54_321), Endpoint::new(OUTER_DESTINATION, port));
    let datagram = Datagram::udp(source, destination, payload);
    with_header(OUTER_SOURCE, OUTER_DESTINATION, datagram.protocol, &datagram.bytes)
}

const OUTER_SOURCE: Address = Address::v4([192, 0, 2, 1]);
const OUTER_DESTINATION: Address = Address::v4([192, 0, 2, 2]);
/// IP protocol of GRE.
const GRE: u8 = 47;
const GRE_KEY: u16 = 0x2000;
const GRE_SEQUENCE: u16 = 0x1000;
const VXLAN_PORT: u16 = 4789;
const GENEVE_PORT: u16 = 6081;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_inner_packet_stands_behind_its_headers() {
        let inner = [0x45, 7, 7];
        for (tunnel, header_bytes) in [
            (Tunnel::IpInIp, 20),
            (Tunnel::Gre(None), 24),
            (Tunnel::Gre(Some(1)), 28),
            (Tunnel::GreEthernet, 38),
            (Tunnel::Erspan1, 38),
            (Tunnel::Erspan2(1), 50),
            (Tunnel::Erspan3(1), 54),
            (Tunnel::Vxlan(1), 50),
            (Tunnel::Geneve(1), 58),
        ] {
            let wrapped = tunnel.wrap(&inner, 0);
            assert_eq!(wrapped[header_bytes..], inner, "{tunnel:?}");
            assert_eq!(usize::from(u16::from_be_bytes([wrapped[2], wrapped[3]])), wrapped.len());
        }
    }
}
