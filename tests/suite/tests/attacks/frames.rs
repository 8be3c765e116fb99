//! Frames of floods.

use rpcscope_model::{Address, Endpoint, Side};
use rpcscope_suite::scenario::SAMR;
use rpcscope_testkit::conversation::{Answer, Conversation};
use rpcscope_testkit::packets::{Datagram, Framing, OwnedFrame, Segment, TcpEnd, TcpFlow, tcp_flags};
use rpcscope_testkit::pdu::Offer;
use rpcscope_testkit::transport::Message;

/// Client `number` of many, with a port that no planted call has.
pub(crate) fn client(number: u64) -> Endpoint {
    let [.., b, c, d] = number.to_be_bytes();
    Endpoint::new(Address::v4([10, b, c, d]), 50_000)
}

/// Server `number` of many.
pub(crate) fn server(number: u64, port: u16) -> Endpoint {
    let [.., b, c, d] = number.to_be_bytes();
    Endpoint::new(Address::v4([11, b, c, d]), port)
}

/// A connection that nobody ends, on which nobody acknowledges.
pub(crate) fn open_flow(client: Endpoint, server: Endpoint) -> TcpFlow {
    TcpFlow { end: TcpEnd::Open, acknowledge: false, ..TcpFlow::between(client, server) }
}

/// All frames of a connection.
pub(crate) fn connection(flow: &TcpFlow, messages: &[Message]) -> Vec<OwnedFrame> {
    Framing::default().segments(&flow.segments(messages))
}

/// An association of the interface of accounts.
pub(crate) fn bound() -> Conversation {
    Conversation::new().bind(&[(Offer::ndr(0, SAMR), Answer::NDR)])
}

/// One connection that is written segment by segment, without end.
pub(crate) struct Line {
    client: Endpoint,
    server: Endpoint,
    /// The next number of the client, and of the server.
    next: [u32; 2],
}

impl Line {
    /// A connection on which nothing was sent. Its first segment stands for the middle of it.
    pub(crate) fn new(client: Endpoint, server: Endpoint) -> Self {
        Self { client, server, next: [1_000_000, 2_000_000] }
    }

    /// The frame of the next segment.
    pub(crate) fn send(&mut self, side: Side, payload: &[u8]) -> OwnedFrame {
        let frame = self.at(side, 0, payload);
        self.skip(side, payload.len());
        frame
    }

    /// The frame of a segment that stands `ahead` bytes after the next one.
    pub(crate) fn at(&self, side: Side, ahead: u32, payload: &[u8]) -> OwnedFrame {
        let ends = match side {
            Side::Client => [self.client, self.server],
            Side::Server => [self.server, self.client],
        };
        let segment = Segment {
            connection: 0,
            message: 0,
            side,
            source: ends[0],
            destination: ends[1],
            sequence: self.next[side.index()].wrapping_add(ahead),
            acknowledgement: self.next[side.other().index()],
            flags: tcp_flags::ACK | tcp_flags::PSH,
            payload: payload.to_vec(),
        };
        let mut frames = Framing::default().frames_of(&Datagram::from(&segment), 0, 0);
        frames.pop().expect("one frame")
    }

    /// Passes over bytes that are not sent.
    pub(crate) fn skip(&mut self, side: Side, bytes: usize) {
        let next = &mut self.next[side.index()];
        *next = next.wrapping_add(u32::try_from(bytes).expect("a short segment"));
    }
}
