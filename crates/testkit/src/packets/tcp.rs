//! Messages as TCP segments.

use crate::encoder::{length16, length32};
use crate::transport::Message;
use rpcscope_model::{Address, Endpoint, Side};
use std::collections::BTreeMap;

/// Bits of the flags of a TCP header (RFC 9293 3.1).
pub mod tcp_flags {
    /// No more data comes.
    pub const FIN: u8 = 0x01;
    /// Begins a connection.
    pub const SYN: u8 = 0x02;
    /// Ends a connection at once.
    pub const RST: u8 = 0x04;
    /// Push.
    pub const PSH: u8 = 0x08;
    /// The acknowledgement number counts.
    pub const ACK: u8 = 0x10;
}

/// How a captured connection begins.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum TcpStart {
    /// SYN, SYN+ACK, ACK.
    #[default]
    Handshake,
    /// With data.
    MidStream,
}

/// How a captured connection ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum TcpEnd {
    /// FIN from both sides.
    #[default]
    Finish,
    /// RST from the client.
    Reset,
    /// Not at all.
    Open,
}

/// One TCP segment.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Segment {
    /// Which connection of the conversation.
    pub connection: usize,
    /// The message that it carries a part of or belongs to, by its place in the list; handshakes belong to the first of
    /// their connection, and its end to the last of all.
    pub message: usize,
    /// Who sends it.
    pub side: Side,
    /// Its endpoint.
    pub source: Endpoint,
    /// The other endpoint.
    pub destination: Endpoint,
    /// Number of the first byte.
    pub sequence: u32,
    /// Number of the next byte expected from the other side.
    pub acknowledgement: u32,
    /// See [`tcp_flags`].
    pub flags: u8,
    /// Data.
    pub payload: Vec<u8>,
}

/// How messages become segments.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TcpFlow {
    /// Who calls. Further connections of a conversation use the ports above.
    pub client: Endpoint,
    /// Who is called.
    pub server: Endpoint,
    /// How each connection begins.
    pub start: TcpStart,
    /// How each connection ends.
    pub end: TcpEnd,
    /// Initial sequence number of the client, that of the SYN. Near `u32::MAX`, numbers wrap.
    pub client_sequence: u32,
    /// Initial sequence number of the server.
    pub server_sequence: u32,
    /// Largest payload of a segment, in bytes.
    pub max_segment_bytes: usize,
    /// Whether the receiver acknowledges each message with an empty segment.
    pub acknowledge: bool,
}

impl Default for TcpFlow {
    fn default() -> Self {
        Self {
            client: Endpoint::new(Address::v4([10, 0, 0, 5]), 50_123),
            server: Endpoint::new(Address::v4([10, 0, 0, 9]), 49_670),
            start: TcpStart::Handshake,
            end: TcpEnd::Finish,
            client_sequence: 1_000_000,
            server_sequence: 2_000_000,
            max_segment_bytes: 1460,
            acknowledge: true,
        }
    }
}

impl TcpFlow {
    /// A flow to another port of the default server.
    pub fn to_port(port: u16) -> Self {
        let flow = Self::default();
        Self { server: Endpoint { port, ..flow.server }, ..flow }
    }

    /// A flow between these endpoints.
    pub fn between(client: Endpoint, server: Endpoint) -> Self {
        Self { client, server, ..Self::default() }
    }

    /// The segments of all connections of a conversation, in order.
    pub fn segments(&self, messages: &[Message]) -> Vec<Segment> {
        let mut connections: BTreeMap<usize, Connection> = BTreeMap::new();
        let mut segments = Vec::new();
        for (number, message) in messages.iter().enumerate() {
            let connection = connections.entry(message.connection).or_insert_with(|| {
                let mut connection = Connection::new(self, message.connection);
                connection.message = number;
                if self.start == TcpStart::Handshake {
                    connection.shake_hands(&mut segments);
                }
                connection
            });
            connection.message = number;
            for piece in message.bytes.chunks(self.max_segment_bytes.max(1)) {
                segments.push(connection.send(message.side, tcp_flags::ACK | tcp_flags::PSH, piece));
            }
            if self.acknowledge {
                segments.push(connection.send(message.side.other(), tcp_flags::ACK, &[]));
            }
        }
        for connection in connections.values_mut() {
            connection.message = messages.len().saturating_sub(1);
            connection.end(self.end, &mut segments);
        }
        segments
    }
}

/// One connection while it is written.
struct Connection {
    number: usize,
    message: usize,
    endpoints: [Endpoint; 2],
    /// Next sequence number of each side, by [`Side::index`].
    next: [u32; 2],
}

impl Connection {
    fn new(flow: &TcpFlow, number: usize) -> Self {
        let client = Endpoint { port: flow.client.port.wrapping_add(length16(number)), ..flow.client };
        // Connections of one conversation get unlike sequence numbers.
        let apart = length32(number).wrapping_mul(0x0123_4567);
        // A connection that is joined in mid-stream starts with the byte after the SYN.
        let after_syn = u32::from(flow.start == TcpStart::MidStream);
        let next = [flow.client_sequence, flow.server_sequence]
            .map(|initial| initial.wrapping_add(apart).wrapping_add(after_syn));
        Self { number, message: 0, endpoints: [client, flow.server], next }
    }

    fn send(&mut self, side: Side, flags: u8, payload: &[u8]) -> Segment {
        let (own, other) = (side.index(), side.other().index());
        let acknowledged = flags & tcp_flags::ACK != 0;
        let segment = Segment {
            connection: self.number,
            message: self.message,
            side,
            source: self.endpoints[own],
            destination: self.endpoints[other],
            sequence: self.next[own],
            acknowledgement: if acknowledged { self.next[other] } else { 0 },
            flags,
            payload: payload.to_vec(),
        };
        let flag_bytes = u32::from(flags & (tcp_flags::SYN | tcp_flags::FIN) != 0);
        self.next[own] = self.next[own].wrapping_add(length32(payload.len())).wrapping_add(flag_bytes);
        segment
    }

    fn shake_hands(&mut self, segments: &mut Vec<Segment>) {
        segments.push(self.send(Side::Client, tcp_flags::SYN, &[]));
        segments.push(self.send(Side::Server, tcp_flags::SYN | tcp_flags::ACK, &[]));
        segments.push(self.send(Side::Client, tcp_flags::ACK, &[]));
    }

    fn end(&mut self, end: TcpEnd, segments: &mut Vec<Segment>) {
        match end {
            TcpEnd::Finish => {
                segments.push(self.send(Side::Client, tcp_flags::FIN | tcp_flags::ACK, &[]));
                segments.push(self.send(Side::Server, tcp_flags::FIN | tcp_flags::ACK, &[]));
                segments.push(self.send(Side::Client, tcp_flags::ACK, &[]));
            }
            TcpEnd::Reset => segments.push(self.send(Side::Client, tcp_flags::RST | tcp_flags::ACK, &[])),
            TcpEnd::Open => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages() -> [Message; 2] {
        [Message::new(Side::Client, vec![1, 2, 3]), Message::new(Side::Server, vec![4])]
    }

    #[test]
    fn sequence_numbers_wrap() {
        let flow = TcpFlow { client_sequence: u32::MAX - 1, max_segment_bytes: 1, ..TcpFlow::default() };
        let segments = flow.segments(&messages());
        let client: Vec<u32> = segments
            .iter()
            .filter(|segment| segment.side == Side::Client && !segment.payload.is_empty())
            .map(|segment| segment.sequence)
            .collect();
        assert_eq!(client, [u32::MAX, 0, 1]);
        assert_eq!(segments.last().map(|last| last.acknowledgement), Some(2_000_003));
    }

    #[test]
    fn mid_stream_has_data_only() {
        let start = TcpStart::MidStream;
        let flow = TcpFlow { start, end: TcpEnd::Open, acknowledge: false, ..TcpFlow::default() };
        let segments = flow.segments(&messages());
        assert_eq!(segments.len(), 2);
        assert_eq!((segments[1].sequence, segments[1].acknowledgement), (2_000_001, 1_000_004));
    }

    #[test]
    fn second_connection_has_its_own_port_and_handshake() {
        let [first, mut second] = messages();
        second.connection = 1;
        let segments = TcpFlow::default().segments(&[first, second]);
        let syns: Vec<u16> = segments
            .iter()
            .filter(|segment| segment.flags == tcp_flags::SYN)
            .map(|segment| segment.source.port)
            .collect();
        assert_eq!(syns, [50_123, 50_124]);
    }
}
