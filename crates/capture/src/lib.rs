//! Where frames come from: capture files and streams, read in batches, and live interfaces ([`live`]).
//!
//! ```text
//! inputs::expand ──► Input ──► Reader::open ──► Reader::next_batch ──► Batch ──► Frame
//!  what was typed              by content        by windows            shared    borrowed
//! ```
//!
//! Everything is read through windows of bounded size that stay in the processor's cache; frames borrow their bytes
//! from the window. A [`Batch`] keeps its window alive, so that it can be handed to other threads.

mod batch;
mod bytes;
mod damage;
mod error;
mod format;
pub mod fuzz;
pub mod inputs;
pub mod live;
mod pcap;
mod pcapng;
mod reader;
mod stream;
mod warning;
mod words;

#[cfg(test)]
mod build;

pub use batch::{Batch, Frames};
pub use damage::Damage;
pub use error::CaptureError;
pub use inputs::Input;
pub use reader::Reader;
pub use warning::Warning;

/// Longest record or block that is read, in bytes; longer ones are taken for damage.
///
/// One record has to be in memory at a time. Without the bound, a forged length in a compressed file of a few kilobytes
/// could ask for gigabytes. 16 MiB is what Wireshark allows for a pcapng block.
pub const MAX_RECORD_BYTES: u32 = 16 << 20;
