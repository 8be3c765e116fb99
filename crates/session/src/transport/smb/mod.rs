//! SMB connections: from bytes to the named pipes inside, and what is done with files.
//!
//! Bytes → packets ([`packets`]) → messages ([`smb1`], [`smb2`]) → open files ([`handle`]), of which the pipes are
//! followed, and the others told of ([`files`]). Which side sends a message is told by its header, so that both directions may be looked at alone.

mod files;
mod handle;
mod join;
mod packets;
mod sessions;
mod smb1;
mod smb2;
#[cfg(test)]
mod tests;

pub(crate) use sessions::SmbSessions;

use crate::At;
use crate::logon::Logon;
use handle::Scope;
use packets::{Memory, Need, PacketFramer, PacketSink};
use rpcscope_model::{
    Anomaly, AnomalyKind, AuthResult, Endpoint, EventBody, Identity, Limits, ParseError, Secrets, Side,
    SmbAnswer, SmbMapping, Stats,
};
use rpcscope_wire::nbss::{self, PacketType};
use rpcscope_wire::{smb1 as wire1, smb2 as wire2};
use std::sync::Arc;

/// Names an open pipe, unique in a shard.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub(crate) struct PipeId(pub(crate) u64);

/// Generation of the protocol.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum SmbVersion {
    /// Version 1.
    Smb1,
    /// Versions 2 and 3.
    Smb2,
}

/// Where bytes stand in the messages of a pipe.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Boundary {
    /// They start what one write or read carried.
    Start,
    /// They go on with what was delivered before.
    Continues,
}

impl Boundary {
    const fn of(is_start: bool) -> Self {
        if is_start { Self::Start } else { Self::Continues }
    }
}

/// Who takes what happens on pipes and with files.
pub(crate) trait SmbEvents {
    /// A pipe was opened. Its name is as the client spelled it, with or without `\PIPE\`; `None` when the opening was
    /// not captured.
    fn open(&mut self, pipe: PipeId, name: Option<&str>, version: SmbVersion, at: At);
    /// Bytes that `side` has written to an open pipe.
    fn data(&mut self, pipe: PipeId, side: Side, bytes: &[u8], at: At, boundary: Boundary);
    /// Whether an open pipe is still followed: with too many, those without data for longest are forgotten.
    fn is_followed(&self, pipe: PipeId) -> bool;
    /// The next `bytes` bytes that `side` has written were not captured.
    fn lost(&mut self, pipe: PipeId, side: Side, bytes: u64, at: At);
    /// A pipe was closed, or is no longer followed.
    fn close(&mut self, pipe: PipeId, at: At);
    /// A pipe belongs to a session of this identity.
    fn identify(&mut self, pipe: PipeId, identity: &Arc<Identity>);
    /// An authentication has come to its end: `result` is what the server said, when it did.
    fn authenticated(&mut self, logon: &mut Logon, version: SmbVersion, result: Option<AuthResult>);
    /// Whether an authentication may tell its secrets.
    fn secrets(&self) -> Secrets;
    /// There is something else to tell.
    fn tell(&mut self, version: SmbVersion, at: At, body: EventBody);
    /// Notes that somebody who held `before` bytes of the budget of the shard holds `after` now.
    fn hold(&mut self, before: usize, after: usize);
    /// Whether the budget is spent.
    fn is_full(&self) -> bool;
    /// Something was unexpected.
    fn anomaly(&mut self, anomaly: Anomaly, at: At);
    /// The counters.
    fn stats(&mut self) -> &mut Stats;
}

/// One TCP connection that speaks SMB, directly or in a NetBIOS session.
#[derive(Debug)]
pub(crate) struct SmbConnection {
    framers: [PacketFramer; 2],
    messages: Messages,
}

/// What is known of a connection above its packets.
#[derive(Debug)]
struct Messages {
    smb1: smb1::Smb1,
    smb2: smb2::Smb2,
    /// That messages are encrypted was reported.
    encrypted_told: bool,
    /// That messages are compressed was reported.
    compressed_told: bool,
}

impl SmbConnection {
    /// A connection to `server` that nothing is known of.
    pub(crate) fn new(server: Endpoint, limits: &Limits) -> Self {
        Self {
            framers: Default::default(),
            messages: Messages {
                smb1: smb1::Smb1::new(limits),
                smb2: smb2::Smb2::new(server, limits),
                encrypted_told: false,
                compressed_told: false,
            },
        }
    }

    /// Takes the next bytes of one side. Returns how many of the bytes behind them are not needed: bulk data of a file
    /// that is no pipe. They must not be delivered; the next bytes are those behind them.
    pub(crate) fn data(
        &mut self,
        side: Side,
        bytes: &[u8],
        at: At,
        shared: &mut SmbSessions,
        out: &mut dyn SmbEvents,
    ) -> u64 {
        let Self { framers, messages } = self;
        framers[side.index()].push(bytes, &mut Sink { messages, at, shared, out })
    }

    /// Notes that the next `bytes` bytes of one side were never captured.
    pub(crate) fn gap(
        &mut self,
        side: Side,
        bytes: u64,
        at: At,
        shared: &mut SmbSessions,
        out: &mut dyn SmbEvents,
    ) {
        let Self { framers, messages } = self;
        framers[side.index()].gap(bytes, &mut Sink { messages, at, shared, out });
    }

    /// Closes the pipes that no other connection can use, and gives back what is held. Must be called before a
    /// connection is dropped.
    pub(crate) fn finish(&mut self, at: At, shared: &mut SmbSessions, out: &mut dyn SmbEvents) {
        let Self { framers, messages } = self;
        for framer in framers {
            framer.finish(&mut Sink { messages, at, shared, out });
        }
        let SmbSessions { pipes, memory, .. } = shared;
        messages.smb1.finish(memory, &mut Scope { at, version: SmbVersion::Smb1, pipes, out });
        let mut pipes = shared.pipes;
        let mut scope = Scope { at, version: SmbVersion::Smb2, pipes: &mut pipes, out };
        messages.smb2.finish(shared, &mut scope);
    }
}

/// Takes the packets of a connection.
struct Sink<'a> {
    messages: &'a mut Messages,
    at: At,
    shared: &'a mut SmbSessions,
    out: &'a mut dyn SmbEvents,
}

impl PacketSink for Sink<'_> {
    fn need(&self, head: &[u8], length: usize) -> Need {
        match head.first_chunk::<4>() {
            Some(&wire2::PROTOCOL_ID) => self.messages.smb2.need(head, length, self.shared),
            Some(&wire1::PROTOCOL_ID) => self.messages.smb1.need(head, length),
            _ => Need::Head,
        }
    }

    fn packet(&mut self, bytes: &[u8], length: usize) {
        let Self { messages, at, shared, out } = self;
        let at = *at;
        match bytes.first_chunk::<4>() {
            Some(&wire2::PROTOCOL_ID) => {
                // Counted apart, as sessions and pipes change together.
                let mut pipes = shared.pipes;
                let mut scope = Scope { at, version: SmbVersion::Smb2, pipes: &mut pipes, out: *out };
                messages.smb2.packet(bytes, length, shared, &mut scope);
                shared.pipes = pipes;
            }
            Some(&wire1::PROTOCOL_ID) => {
                let SmbSessions { pipes, memory, .. } = &mut **shared;
                let mut scope = Scope { at, version: SmbVersion::Smb1, pipes, out: *out };
                messages.smb1.packet(bytes, length, memory, &mut scope);
            }
            Some(&wire2::TRANSFORM_ID) => {
                out.stats().smb_encrypted += 1;
                if !std::mem::replace(&mut messages.encrypted_told, true) {
                    out.anomaly(AnomalyKind::SmbEncrypted.into(), at);
                }
            }
            Some(&wire2::COMPRESSION_ID) => {
                out.stats().smb_compressed += 1;
                if !std::mem::replace(&mut messages.compressed_told, true) {
                    out.anomaly(AnomalyKind::SmbCompressed.into(), at);
                }
            }
            _ => {}
        }
    }

    fn lost_step(&mut self) {
        self.out.anomaly(AnomalyKind::NbssInvalid.into(), self.at);
    }

    fn memory(&mut self) -> &mut Memory {
        &mut self.shared.memory
    }
}

/// Reports a connection to a share: what came back, and when it was asked for, when an answer was seen.
fn tell_mapping(mut mapping: Box<SmbMapping>, answered: Option<(At, SmbAnswer)>, scope: &mut Scope<'_>) {
    let asked = answered.map_or(scope.at, |(asked, _)| asked);
    mapping.answer = answered.map(|(_, answer)| answer);
    scope.out.tell(scope.version, asked, EventBody::SmbMapping(mapping));
}

/// Reports what could not be read, unless the end of it is missing: then nothing is wrong with it.
fn malformed(kind: AnomalyKind, error: ParseError, is_cut: bool, scope: &mut Scope<'_>) {
    if !is_cut {
        scope.out.anomaly(Anomaly { error: Some(error), ..kind.into() }, scope.at);
    }
}

/// Which side sends these bytes, if they start a packet of SMB.
///
/// An encrypted or compressed message does not tell; it is taken for the client's, who speaks first.
pub(crate) fn recognise(bytes: &[u8]) -> Option<Side> {
    let header = nbss::Header::plausible(bytes)?;
    match header.packet_type {
        PacketType::SESSION_MESSAGE => {
            let message = bytes.get(nbss::HEADER_BYTES..)?;
            let is_response = match *message.first_chunk::<4>()? {
                // The flags are within the first 20 bytes of the header.
                wire2::PROTOCOL_ID => message.get(16)? & 1 != 0,
                wire1::PROTOCOL_ID => message.get(9)? & 0x80 != 0,
                _ => false,
            };
            Some(if is_response { Side::Server } else { Side::Client })
        }
        PacketType::SESSION_REQUEST => Some(Side::Client),
        _ => None,
    }
}
