//! Scenarios that count what they plant.

use super::ledger::Planted;
use super::template::{CLIENT, SERVER, Template};
use crate::packets::{Datagram, OwnedFrame};
use crate::scenario;
use rpcscope_model::{Address, Endpoint};
use std::fmt::Write;
use uuid::Uuid;

/// A scenario while it is written, and the calls and binds in it.
#[derive(Clone, Debug)]
pub(super) struct Script {
    text: String,
    planted: Planted,
    /// The interface that calls go to, if the capture says which.
    interface: Option<Uuid>,
}

impl Script {
    /// A scenario in which `seed` decides what is left to chance. In one of four, each message is acknowledged by a
    /// segment of its own; in the others, by the next message.
    pub(super) fn new(seed: u64) -> Self {
        let acknowledge = seed.is_multiple_of(4);
        let text = format!("- seed: {}\n- network: {{acknowledge: {acknowledge}}}\n", seed >> 1);
        Self { text, planted: Planted::default(), interface: None }
    }

    /// A bind to an interface of the catalogue, and more keys of the item, if there are: `auth: ntlm`.
    pub(super) fn bind(mut self, interface: &str, more: &str) -> Self {
        // SPNEGO takes another leg in an alter_context.
        self.planted.binds += if more.contains("spnego") { 2 } else { 1 };
        self.unseen_bind(interface, more).seen(interface)
    }

    /// The same where the capture starts behind the bind.
    pub(super) fn unseen_bind(mut self, interface: &str, more: &str) -> Self {
        self.interface = None;
        self.item("bind", "interface", interface, more)
    }

    /// An activity of the connectionless protocol, which has no bind.
    pub(super) fn activity(mut self, interface: &str) -> Self {
        self.text.push_str("- network: {}\n");
        self.item("bind", "interface", interface, "transport: ncadg_ip_udp").seen(interface)
    }

    /// An alter_context that adds an interface, and selects it.
    pub(super) fn alter(mut self, id: u16, interface: &str) -> Self {
        self.planted.binds += 1;
        // Writing to a string cannot fail.
        let _ = writeln!(self.text, "- alter_context: {{contexts: [{{id: {id}, interface: {interface}}}]}}");
        self.seen(interface)
    }

    /// A call, and more keys of the item: `args: {name: Spooler}`.
    pub(super) fn call(mut self, operation: &str, more: &str) -> Self {
        self.planted.call(self.interface);
        self.item("call", "op", operation, more)
    }

    /// Calls of these operations with what is usual.
    pub(super) fn calls(self, operations: &[&str]) -> Self {
        operations.iter().fold(self, |script, operation| script.call(operation, ""))
    }

    /// The answer to the last call.
    pub(super) fn reply(mut self, answer: &str) -> Self {
        let _ = writeln!(self.text, "- reply: {answer}");
        self
    }

    /// The part again and again.
    pub(super) fn times(self, count: usize, part: impl FnMut(Self, usize) -> Self) -> Self {
        (0..count).fold(self, part)
    }

    /// The template, and what is planted with each copy of it.
    ///
    /// # Panics
    /// When the scenario has a mistake, which the message tells.
    pub(super) fn template(&self) -> (Template, Planted) {
        let frames = scenario::frames(&self.text).unwrap_or_else(|errors| panic!("{errors}\n{}", self.text));
        let datagrams: Vec<Datagram> = frames.iter().map(datagram).collect();
        (Template::of_datagrams(&datagrams), self.planted.clone())
    }

    fn item(mut self, kind: &str, key: &str, name: &str, more: &str) -> Self {
        let separator = if more.is_empty() { "" } else { ", " };
        let _ = writeln!(self.text, "- {kind}: {{{key}: {name}{separator}{more}}}");
        self
    }

    fn seen(mut self, interface: &str) -> Self {
        let bears = |known: &&rpcscope_catalog::Interface| {
            known.name.is_some_and(|name| name.eq_ignore_ascii_case(interface))
        };
        // A name that one interface bears and others have as an alias means the one.
        let named = || rpcscope_catalog::interfaces_named(interface);
        let known = named().find(bears).or_else(|| named().next());
        self.interface = Some(known.unwrap_or_else(|| panic!("no interface is named {interface}")).uuid);
        self
    }
}

/// What a frame of a scenario carries: Ethernet and IPv4 without options.
fn datagram(frame: &OwnedFrame) -> Datagram {
    let (header, bytes) = frame.bytes[14..].split_at(20);
    let address = |at: usize| Address::v4([header[at], header[at + 1], header[at + 2], header[at + 3]]);
    let (source, destination) = (address(12), address(16));
    assert!([source, destination].iter().all(|end| [CLIENT, SERVER].contains(end)), "hosts as usual");
    let port = |at: usize| u16::from_be_bytes([bytes[at], bytes[at + 1]]);
    Datagram {
        source: Endpoint::new(source, port(0)),
        destination: Endpoint::new(destination, port(2)),
        protocol: header[9],
        bytes: bytes.to_vec(),
    }
}
