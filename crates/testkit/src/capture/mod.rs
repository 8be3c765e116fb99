//! Frames as the bytes of a capture file.

mod pcap;
mod pcapng;

pub use pcap::Pcap;
pub use pcapng::{Pcapng, Resolution};
