//! RTS PDUs, which control RPC over HTTP version 2 ([MS-RPCH] 2.2.3, 2.2.4).

use super::{Format, flags, frame, ptype};
use crate::encoder::{ByteOrder, Encoder, length16, length32};
use rpcscope_model::CallId;
use std::net::IpAddr;
use uuid::Uuid;

/// Bits of the flags of an RTS header ([MS-RPCH] 2.2.3.6.1).
pub mod rts_flags {
    /// No special meaning.
    pub const NONE: u16 = 0x00;
    /// The sender is still alive.
    pub const PING: u16 = 0x01;
    /// A command that the other flags do not describe.
    pub const OTHER_CMD: u16 = 0x02;
    /// A channel is being replaced.
    pub const RECYCLE_CHANNEL: u16 = 0x04;
    /// About the IN channel.
    pub const IN_CHANNEL: u16 = 0x08;
    /// About the OUT channel.
    pub const OUT_CHANNEL: u16 = 0x10;
    /// Last PDU of a channel.
    pub const EOF: u16 = 0x20;
    /// Echo request or answer.
    pub const ECHO: u16 = 0x40;
}

/// Who a PDU is forwarded to ([MS-RPCH] 2.2.3.3).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Destination {
    /// The client.
    Client,
    /// The inbound proxy.
    InProxy,
    /// The server.
    Server,
    /// The outbound proxy.
    OutProxy,
}

/// The client's address as the inbound proxy sees it ([MS-RPCH] 2.2.3.2).
pub type ClientAddress = IpAddr;

/// One command ([MS-RPCH] 2.2.3.5). Sizes are bytes, times milliseconds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum RtsCommand {
    /// Size of a receive window.
    ReceiveWindowSize(u32),
    /// Bytes received, window still open, and the cookie of the channel.
    FlowControlAck(u32, u32, Uuid),
    /// Keep-alive interval of a connection.
    ConnectionTimeout(u32),
    /// Names a virtual connection or a channel.
    Cookie(Uuid),
    /// Bytes that a channel may carry.
    ChannelLifetime(u32),
    /// Keep-alive interval that the client wants.
    ClientKeepalive(u32),
    /// Version of RPC over HTTP.
    Version(u32),
    /// Nothing.
    Empty,
    /// This many bytes of padding.
    Padding(u16),
    /// A successor channel was not established.
    NegativeAnce,
    /// A successor channel was established.
    Ance,
    /// Address of the client.
    ClientAddress(ClientAddress),
    /// Association group of the client.
    AssociationGroupId(Uuid),
    /// Who the PDU is for.
    Destination(Destination),
    /// Bytes of pings that the outbound proxy sent.
    PingTrafficSentNotify(u32),
}

/// An RTS PDU. Always little-endian, call id 0.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Rts {
    /// Flags of the RTS header.
    pub flags: u16,
    /// Commands, in order.
    pub commands: Vec<RtsCommand>,
}

impl Rts {
    /// CONN/A1, client to outbound proxy: begins a virtual connection ([MS-RPCH] 2.2.4.2).
    pub fn conn_a1(connection: Uuid, out_channel: Uuid) -> Self {
        use RtsCommand::{Cookie, ReceiveWindowSize, Version};
        let commands = [Version(1), Cookie(connection), Cookie(out_channel), ReceiveWindowSize(WINDOW)];
        Self::new(rts_flags::NONE, commands)
    }

    /// CONN/A2, outbound proxy to server ([MS-RPCH] 2.2.4.3).
    pub fn conn_a2(connection: Uuid, out_channel: Uuid) -> Self {
        use RtsCommand::{ChannelLifetime, Cookie, ReceiveWindowSize, Version};
        let cookies = [Version(1), Cookie(connection), Cookie(out_channel)];
        let sizes = [ChannelLifetime(LIFETIME), ReceiveWindowSize(WINDOW)];
        Self::new(rts_flags::OUT_CHANNEL, cookies.into_iter().chain(sizes))
    }

    /// CONN/A3, outbound proxy to client ([MS-RPCH] 2.2.4.4).
    pub fn conn_a3() -> Self {
        Self::new(rts_flags::NONE, [RtsCommand::ConnectionTimeout(TIMEOUT)])
    }

    /// CONN/B1, client to inbound proxy: adds the IN channel ([MS-RPCH] 2.2.4.5).
    pub fn conn_b1(connection: Uuid, in_channel: Uuid, group: Uuid) -> Self {
        use RtsCommand::{AssociationGroupId, ChannelLifetime, ClientKeepalive, Cookie, Version};
        let cookies = [Version(1), Cookie(connection), Cookie(in_channel)];
        let rest = [ChannelLifetime(LIFETIME), ClientKeepalive(KEEPALIVE), AssociationGroupId(group)];
        Self::new(rts_flags::NONE, cookies.into_iter().chain(rest))
    }

    /// CONN/B2, inbound proxy to server ([MS-RPCH] 2.2.4.6).
    pub fn conn_b2(connection: Uuid, in_channel: Uuid, group: Uuid, client: ClientAddress) -> Self {
        use RtsCommand::{AssociationGroupId, ConnectionTimeout, Cookie, ReceiveWindowSize, Version};
        let cookies = [Version(1), Cookie(connection), Cookie(in_channel), ReceiveWindowSize(WINDOW)];
        let rest = [ConnectionTimeout(TIMEOUT), AssociationGroupId(group), RtsCommand::ClientAddress(client)];
        Self::new(rts_flags::IN_CHANNEL, cookies.into_iter().chain(rest))
    }

    /// CONN/B3, server to inbound proxy ([MS-RPCH] 2.2.4.7).
    pub fn conn_b3() -> Self {
        Self::new(rts_flags::NONE, [RtsCommand::ReceiveWindowSize(WINDOW), RtsCommand::Version(1)])
    }

    /// CONN/C1, server to outbound proxy: the connection stands ([MS-RPCH] 2.2.4.8).
    pub fn conn_c1() -> Self {
        use RtsCommand::{ConnectionTimeout, ReceiveWindowSize, Version};
        Self::new(rts_flags::NONE, [Version(1), ReceiveWindowSize(WINDOW), ConnectionTimeout(TIMEOUT)])
    }

    /// CONN/C2, outbound proxy to client ([MS-RPCH] 2.2.4.9). Its bytes are those of CONN/C1.
    pub fn conn_c2() -> Self {
        Self::conn_c1()
    }

    /// Acknowledges `received` bytes on a channel ([MS-RPCH] 2.2.4.50).
    pub fn flow_control_ack(received: u32, channel: Uuid) -> Self {
        Self::new(rts_flags::OTHER_CMD, [RtsCommand::FlowControlAck(received, WINDOW, channel)])
    }

    /// The same, forwarded to `destination` ([MS-RPCH] 2.2.4.51).
    pub fn flow_control_ack_to(destination: Destination, received: u32, channel: Uuid) -> Self {
        let ack = RtsCommand::FlowControlAck(received, WINDOW, channel);
        Self::new(rts_flags::OTHER_CMD, [RtsCommand::Destination(destination), ack])
    }

    /// Shows that the sender lives ([MS-RPCH] 2.2.4.49).
    pub fn ping() -> Self {
        Self::new(rts_flags::PING, [])
    }

    /// A PDU of any commands.
    pub fn new(flags: u16, commands: impl IntoIterator<Item = RtsCommand>) -> Self {
        Self { flags, commands: commands.into_iter().collect() }
    }

    /// The PDU.
    pub fn encode(&self) -> Vec<u8> {
        let mut body = Encoder::new(ByteOrder::Little);
        body.u16(self.flags).u16(length16(self.commands.len()));
        self.commands.iter().for_each(|command| command.write(&mut body));
        frame(Format::LITTLE, ptype::RTS, flags::FIRST | flags::LAST, CallId(0), &body.finish(), None)
    }
}

impl RtsCommand {
    fn write(&self, out: &mut Encoder) {
        match self {
            Self::ReceiveWindowSize(bytes) => out.u32(0).u32(*bytes),
            Self::FlowControlAck(received, window, cookie) => {
                out.u32(1).u32(*received).u32(*window).uuid(*cookie)
            }
            Self::ConnectionTimeout(ms) => out.u32(2).u32(*ms),
            Self::Cookie(cookie) => out.u32(3).uuid(*cookie),
            Self::ChannelLifetime(bytes) => out.u32(4).u32(*bytes),
            Self::ClientKeepalive(ms) => out.u32(5).u32(*ms),
            Self::Version(version) => out.u32(6).u32(*version),
            Self::Empty => out.u32(7),
            Self::Padding(count) => out.u32(8).u32(length32(usize::from(*count))).zeros(usize::from(*count)),
            Self::NegativeAnce => out.u32(9),
            Self::Ance => out.u32(10),
            // The address is followed by 12 bytes of padding.
            Self::ClientAddress(IpAddr::V4(ip)) => out.u32(11).u32(0).raw(&ip.octets()).zeros(12),
            Self::ClientAddress(IpAddr::V6(ip)) => out.u32(11).u32(1).raw(&ip.octets()).zeros(12),
            Self::AssociationGroupId(group) => out.u32(12).uuid(*group),
            Self::Destination(destination) => out.u32(13).u32(match destination {
                Destination::Client => 0,
                Destination::InProxy => 1,
                Destination::Server => 2,
                Destination::OutProxy => 3,
            }),
            Self::PingTrafficSentNotify(bytes) => out.u32(14).u32(*bytes),
        };
    }
}

/// Receive window that all parties offer, in bytes.
const WINDOW: u32 = 65_536;
/// Bytes that a channel may carry.
const LIFETIME: u32 = 1_073_741_824;
/// Keep-alive of connections, in milliseconds.
const TIMEOUT: u32 = 120_000;
/// Keep-alive that the client asks for, in milliseconds.
const KEEPALIVE: u32 = 300_000;

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    #[test]
    fn conn_a1_is_76_bytes_as_the_out_channel_promises() {
        let pdu = Rts::conn_a1(Uuid::from_u128(1), Uuid::from_u128(2)).encode();
        assert_eq!(pdu.len(), 76);
        assert_eq!(pdu[..20], [5, 0, 20, 3, 0x10, 0, 0, 0, 76, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0]);
        assert_eq!(pdu[20..32], [6, 0, 0, 0, 1, 0, 0, 0, 3, 0, 0, 0]);
        assert_eq!((pdu[47], pdu[67]), (1, 2));
        assert_eq!(pdu[68..], [0, 0, 0, 0, 0, 0, 1, 0]);
    }

    #[test]
    fn sizes_and_flags_are_those_of_the_standard() {
        let [a, b, c] = [1, 2, 3].map(Uuid::from_u128);
        let client = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let sizes: Vec<_> = [
            Rts::conn_a2(a, b),
            Rts::conn_a3(),
            Rts::conn_b1(a, b, c),
            Rts::conn_b2(a, b, c, client),
            Rts::conn_b3(),
            Rts::conn_c1(),
            Rts::flow_control_ack(1, a),
            Rts::ping(),
        ]
        .map(|rts| (rts.encode().len(), rts.flags, rts.commands.len()))
        .into();
        let expected = [
            (84, 16, 5),
            (28, 0, 1),
            (104, 0, 6),
            (128, 8, 7),
            (36, 0, 2),
            (44, 0, 3),
            (48, 2, 1),
            (20, 1, 0),
        ];
        assert_eq!(sizes, expected);
    }
}
