//! Conversations and packets for tests and benchmarks, built without the parsers, so that a mistake in a parser cannot
//! hide behind the same mistake here.
//!
//! The way down: a [`conversation`] is a list of PDUs ([`pdu`]); a [`transport`] puts them into messages of one or more
//! connections; [`packets`] cuts these into segments, disturbs them, and wraps them into frames; [`capture`] writes frames
//! as a file. Everything is the same, byte for byte, for the same seed.
//!
//! A [`scenario`] says all of that in a few lines of YAML; [`stub`] knows the arguments of the operations that scenarios
//! call most; [`token`] makes what authentication services exchange. A [`load`] is a capture as large as wanted, for
//! measurements.

pub mod capture;
pub mod conversation;
mod encoder;
pub mod load;
mod ntlm;
pub mod packets;
pub mod pdu;
mod rng;
pub mod scenario;
pub mod stub;
pub mod token;
pub mod transport;

pub use encoder::{ByteOrder, Encoder};
pub use ntlm::Ntlm;
pub use rng::Rng;
