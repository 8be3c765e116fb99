//! Conversations as messages of one or more connections.

mod http_v1;
mod http_v2;
mod netbios;
mod pipe;
pub mod smb1;
pub mod smb2;

pub use http_v1::HttpV1;
pub use http_v2::HttpV2;
pub use netbios::SmbFraming;
pub use pipe::{PipeStyle, SmbStart};
pub use smb1::Smb1;
pub use smb2::{Smb2, SmbAuthentication, SmbProtection};

use crate::conversation::Step;
use rpcscope_model::Side;

/// Bytes that one side sends at once. They need not be one TCP segment.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Message {
    /// Which connection, from 0. Only RPC over HTTP version 2 has more than one.
    pub connection: usize,
    /// Who sends it.
    pub side: Side,
    /// The bytes; one datagram over UDP.
    pub bytes: Vec<u8>,
}

impl Message {
    /// A message of the first connection.
    pub const fn new(side: Side, bytes: Vec<u8>) -> Self {
        Self { connection: 0, side, bytes }
    }
}

/// A message and the step of a script that it belongs to.
pub type Placed = (usize, Message);

/// Puts messages into the order of their steps: an answer may come after later requests.
fn by_step(mut messages: Vec<Placed>) -> Vec<Placed> {
    messages.sort_by_key(|(step, _)| *step);
    messages
}

/// PDUs straight over TCP, or, in the connectionless protocol, one to a datagram.
pub fn plain(steps: &[Step]) -> Vec<Message> {
    steps.iter().map(|step| Message::new(step.side, step.pdu.clone())).collect()
}

/// All bytes of one side of one connection: what a reassembler should give.
pub fn stream(messages: &[Message], connection: usize, side: Side) -> Vec<u8> {
    let wanted = messages.iter().filter(|message| message.connection == connection && message.side == side);
    wanted.flat_map(|message| message.bytes.iter().copied()).collect()
}
