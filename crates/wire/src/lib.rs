//! Stateless parsers of the protocols that carry remote procedure calls.
//!
//! Every parser takes bytes and gives a value that borrows them. Nothing here remembers, allocates without bound,
//! panics, or does input and output. A length is believed only as far as there are bytes.

mod data;
pub mod dcerpc;
pub mod nbss;
mod reader;
pub mod smb1;
pub mod smb2;
pub mod utf16;

pub use data::Data;
pub use reader::{ByteOrder, Reader};
