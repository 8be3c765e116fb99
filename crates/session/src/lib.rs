//! From ordered bytes to remote procedure calls.
//!
//! Transports turn the bytes of a connection into channels; a channel is an ordered pair of PDU streams; an
//! association pairs the PDUs of a channel into calls. One arrow: transport → channel → association → events.

mod arguments;
mod association;
mod bounded;
mod channel;
mod endpoint_map;
mod flow;
mod framer;
pub mod fuzz;
#[cfg(test)]
mod harness;
mod kept;
mod logon;
mod objects;
mod output;
mod session;
mod transport;

pub use flow::{Ends, Flow};
pub use session::{Connection, Session};
pub use transport::udp::Datagram;
pub use transport::{PROBE_BYTES, Protocol, Recognised, classify, could_become_known};

pub use rpcscope_model::At;
