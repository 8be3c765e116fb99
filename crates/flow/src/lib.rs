//! From link-layer frames to ordered bytes.
//!
//! [`Decoder`] takes a frame and returns the innermost IP payload, without link layers, tunnels and fragmentation.
//! [`TcpSegment`] and [`UdpDatagram`] read its transport header, and [`Reassembler`] puts the segments of one TCP
//! connection in order. No clock, no allocation per frame: time is what the capture says.

mod checksum;
mod decoder;
mod defrag;
mod fuzz;
mod ip;
mod link;
mod pair;
mod reassembly;
mod tcp;
mod tunnel;
mod udp;

#[cfg(test)]
mod frames;

pub use checksum::checksum_ok;
pub use decoder::{Decoder, Packet};
pub use fuzz::{fuzz_decode, fuzz_reassemble};
pub use pair::Pair;
pub use reassembly::{At, Direction, Item, Memory, Reassembler};
pub use tcp::{TcpFlags, TcpSegment};
pub use udp::UdpDatagram;
