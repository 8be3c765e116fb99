//! Stateless parsers of the protocols that carry remote procedure calls.
//!
//! Every parser takes bytes and gives a value that borrows them. Nothing here remembers, allocates without bound,
//! panics, or does input and output. A length is believed only as far as there are bytes.

pub mod auth;
mod data;
pub mod dcerpc;
pub mod dcom;
mod file_information;
pub mod nbss;
pub mod ndr;
mod reader;
pub mod smb1;
pub mod smb2;
pub mod stub;
pub mod utf16;
pub mod wmi;

pub use data::Data;
pub(crate) use file_information::file_times;
pub use file_information::{FileChange, FileInformation, FileInformationClass};
pub use reader::{ByteOrder, Reader};
