//! Loads: captures as large as wanted, for benchmarks and long runs, the same for the same seed.
//!
//! ```text
//! kinds of conversations ──► templates ──► flows, many at once ──► frames ──► pcap
//! web, files, rpc …          built once    hosts, ports, numbers   lost, late,
//!                                          of their own            twice
//! ```
//!
//! Conversations are built once, by the rest of this crate, and kept as frames without addresses, ports and numbers. A
//! flow is a conversation between two hosts; writing its next frame is a copy, a few words, and a checksum that is
//! mostly known beforehand. So a load costs little to make and no memory to speak of, whatever its size.
//!
//! ```
//! use rpcscope_testkit::load::{Generator, Load, Profile};
//!
//! let mut generator = Generator::new(Load::new(Profile::Rpc, 1_000_000, 7));
//! let mut frames = 0;
//! while generator.next_frame().is_some() {
//!     frames += 1;
//! }
//! assert_eq!(generator.ledger().frames, frames);
//! ```

mod files;
mod flow;
mod generator;
mod growth;
mod hosts;
mod ledger;
mod mix;
mod rpc;
mod rules;
mod script;
mod services;
mod stream;
mod template;
mod web;

pub use generator::Generator;
pub use growth::{CALLS as OPEN_CALLS_OF_A_FLOW, PIPES as OPEN_PIPES_OF_A_FLOW};
pub use ledger::{Ledger, Planted};
pub use rules::{RuleFile, rules, suricata_rules};

use crate::capture::Pcap;
use rpcscope_model::LinkType;
use std::io::{self, Write};

/// What a load is made of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Profile {
    /// What a network of a company carries: the web, file shares, databases, directories, names, and 2 % of the bytes
    /// RPC, over all its transports.
    Mixed,
    /// RPC, but for 3 % of the bytes.
    Rpc,
    /// Connections of which nothing is of interest, all of them open from the first frame to the last.
    ManyFlows,
    /// Associations with [`OPEN_CALLS_OF_A_FLOW`] calls each that are never answered.
    OpenCalls,
    /// SMB connections with [`OPEN_PIPES_OF_A_FLOW`] pipes each that are never closed.
    OpenPipes,
}

impl Profile {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Mixed, Self::Rpc, Self::ManyFlows, Self::OpenCalls, Self::OpenPipes];

    /// Its name on a command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Mixed => "mixed",
            Self::Rpc => "rpc",
            Self::ManyFlows => "many-flows",
            Self::OpenCalls => "open-calls",
            Self::OpenPipes => "open-pipes",
        }
    }

    /// Conversations that are under way at once.
    const fn usual_flows(self) -> usize {
        match self {
            Self::Mixed => 4000,
            Self::Rpc => 1000,
            Self::ManyFlows | Self::OpenCalls | Self::OpenPipes => 10_000,
        }
    }
}

/// A load that is wanted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Load {
    /// What it is made of.
    pub profile: Profile,
    /// Length of the capture, in bytes. Conversations are brought to their end, so that it is met within some percent;
    /// without meaning for profiles that count what is open.
    pub bytes: u64,
    /// Decides all that is left to chance.
    pub seed: u64,
    /// Conversations that are under way at once, until the load comes to its end.
    pub flows: usize,
    /// How many of 100 conversations are over IPv6, if they can be.
    pub ipv6_percent: u8,
    /// How many of 100 conversations are in a VLAN.
    pub vlan_percent: u8,
    /// How many of 100 conversations that are under way at the start, and are no RPC, began before it.
    pub joined_percent: u8,
    /// How many of 1,000 frames are lost.
    pub lost_per_mille: u16,
    /// How many of 1,000 frames come twice.
    pub duplicated_per_mille: u16,
    /// How many of 1,000 segments with data come after the next one of their direction.
    pub reordered_per_mille: u16,
}

impl Load {
    /// A load without loss, disorder and VLANs; one conversation of ten is over IPv6.
    pub const fn new(profile: Profile, bytes: u64, seed: u64) -> Self {
        Self {
            profile,
            bytes,
            seed,
            flows: profile.usual_flows(),
            ipv6_percent: 10,
            vlan_percent: 0,
            joined_percent: match profile {
                Profile::Mixed => 50,
                _ => 0,
            },
            lost_per_mille: 0,
            duplicated_per_mille: 0,
            reordered_per_mille: 0,
        }
    }

    /// Writes the load as a pcap file with times in nanoseconds, and tells what it holds.
    pub fn write(self, to: &mut impl Write) -> io::Result<Ledger> {
        let pcap = Pcap { nanoseconds: true, ..Pcap::default() };
        to.write_all(&pcap.header(LinkType::ETHERNET))?;
        let mut generator = Generator::new(self);
        while let Some(frame) = generator.next_frame() {
            to.write_all(&pcap.record(frame.time, frame.bytes.len(), frame.original_length))?;
            to.write_all(frame.bytes)?;
        }
        to.flush()?;
        Ok(generator.ledger().clone())
    }
}
