//! A small language for conversations: a few lines of YAML become a capture.
//!
//! ```
//! let capture = rpcscope_testkit::scenario::forge(r"
//! - host: {client: 10.0.0.5, server: 10.0.0.9}
//! - bind: {transport: ncacn_np, interface: svcctl, auth: {ntlm: {user: CORP\alice}, level: pkt_privacy}}
//! - call: {op: RCreateServiceW, args: {name: evil, binary_path: 'cmd /c calc'}}
//! - reply: {fault: access_denied}
//! ").expect("a scenario without mistakes");
//! assert!(capture.len() > 2000);
//! ```
//!
//! docs/WRITING-TESTS.md describes all items and keys. The same text gives the same bytes in every run and on every
//! machine. Names of interfaces and operations are those of the catalogue, which the testkit may import for it: a wrong
//! name there is a wrong fact, not a mistake in a parser that could hide behind the same mistake here.

mod arguments;
mod bind;
mod call;
mod carrier;
mod connection;
mod contexts;
mod document;
mod error;
mod fields;
mod file;
mod forge;
mod list;
mod names;
mod network;
mod security;
mod text;

pub use error::{Place, ScenarioError, ScenarioErrors};
pub use list::list;

pub(crate) use fields::{parse_hex, parse_number};

use crate::capture::{Pcap, Pcapng};
use crate::packets::OwnedFrame;

/// Kind of a capture file.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum CaptureFormat {
    /// pcap, with times in nanoseconds. All frames are of one link layer.
    #[default]
    Pcap,
    /// pcapng, with times in microseconds.
    Pcapng,
}

/// The capture that a scenario describes, as a pcap file.
pub fn forge(text: &str) -> Result<Vec<u8>, ScenarioErrors> {
    forge_as(text, CaptureFormat::Pcap)
}

/// The capture that a scenario describes.
pub fn forge_as(text: &str, format: CaptureFormat) -> Result<Vec<u8>, ScenarioErrors> {
    let frames = frames(text)?;
    match format {
        CaptureFormat::Pcapng => Ok(Pcapng::default().encode(&frames)),
        CaptureFormat::Pcap => {
            if frames.windows(2).any(|pair| pair[0].link_type != pair[1].link_type) {
                let error = ScenarioError::new(
                    Place::START,
                    "a pcap file has one link layer, these frames have several",
                )
                .hint("write a pcapng file: `-o sample.pcapng`");
                return Err(ScenarioErrors(vec![error]));
            }
            Ok(Pcap { nanoseconds: true, ..Pcap::default() }.encode(&frames))
        }
    }
}

/// The frames that a scenario describes.
pub fn frames(text: &str) -> Result<Vec<OwnedFrame>, ScenarioErrors> {
    frames_of(&document::parse(text).map_err(|error| ScenarioErrors(vec![error]))?)
}

/// The frames of a scenario that is part of another document. Places of mistakes are those of that document.
pub fn frames_of(scenario: &rpcscope_text::Node) -> Result<Vec<OwnedFrame>, ScenarioErrors> {
    forge::Forge::frames(scenario)
}
