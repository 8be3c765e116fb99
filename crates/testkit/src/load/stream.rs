//! Builds templates of one TCP connection.

use super::template::{CLIENT, SERVER, Template};
use crate::packets::{TcpEnd, TcpFlow, tcp_flags};
use crate::transport::Message;
use rpcscope_model::{Endpoint, Side};
use std::ops::Range;

/// What the two sides of a connection say to each other.
#[derive(Clone, Debug)]
pub(super) struct Stream {
    port: u16,
    messages: Vec<Message>,
    repeated: Option<Range<usize>>,
}

impl Stream {
    /// A connection to this port.
    pub(super) fn to(port: u16) -> Self {
        Self { port, messages: Vec::new(), repeated: None }
    }

    /// The client says this.
    pub(super) fn client(self, bytes: impl AsRef<[u8]>) -> Self {
        self.say(Side::Client, bytes.as_ref())
    }

    /// The server says this.
    pub(super) fn server(self, bytes: impl AsRef<[u8]>) -> Self {
        self.say(Side::Server, bytes.as_ref())
    }

    /// All of these.
    pub(super) fn messages(mut self, messages: impl IntoIterator<Item = Message>) -> Self {
        for message in messages {
            self = self.say(message.side, &message.bytes);
        }
        self
    }

    /// What `part` adds may be repeated. There is one such part.
    pub(super) fn repeat(self, part: impl FnOnce(Self) -> Self) -> Self {
        let from = self.messages.len();
        let stream = part(self);
        Self { repeated: Some(from..stream.messages.len()), ..stream }
    }

    /// The template, with handshake and end.
    pub(super) fn template(&self) -> Template {
        self.ending(TcpEnd::Finish)
    }

    /// The template of a connection that does not end.
    pub(super) fn unfinished(&self) -> Template {
        self.ending(TcpEnd::Open)
    }

    fn ending(&self, end: TcpEnd) -> Template {
        let flow = TcpFlow::between(Endpoint::new(CLIENT, 50_000), Endpoint::new(SERVER, self.port));
        let mut segments = TcpFlow { end, ..flow }.segments(&self.messages);
        // What is answered at once is acknowledged with the answer.
        segments.retain(|segment| {
            let short = |message: &Message| message.bytes.len() < SEGMENT_BYTES;
            let bare = segment.payload.is_empty() && segment.flags == tcp_flags::ACK;
            let is_answered =
                self.messages.get(segment.message + 1).is_some_and(|next| next.side == segment.side);
            let within = self.messages[segment.message].side != segment.side;
            !(bare && within && is_answered && short(&self.messages[segment.message]))
        });
        Template::of_segments(&segments, self.repeated.clone())
    }

    /// Receivers acknowledge every other full segment.
    fn say(mut self, side: Side, bytes: &[u8]) -> Self {
        let pieces = bytes.chunks(2 * SEGMENT_BYTES).map(|piece| Message::new(side, piece.to_vec()));
        self.messages.extend(pieces);
        self
    }
}

/// Payload of a full segment, in bytes.
const SEGMENT_BYTES: usize = 1460;
