//! What a load holds: the truth that a reader of it is held against.

use std::collections::BTreeMap;
use std::fmt;
use uuid::Uuid;

/// What was put into a load.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Ledger {
    /// Frames, with those that come twice, without those that are lost.
    pub frames: u64,
    /// Bytes of these frames.
    pub frame_bytes: u64,
    /// Frames among them that carry RPC, or belong to a connection that does.
    pub rpc_frames: u64,
    /// Bytes of these.
    pub rpc_bytes: u64,
    /// Frames that are lost: counted here and nowhere else.
    pub lost: u64,
    /// Frames that come twice.
    pub duplicated: u64,
    /// Frames that come after the one that was sent after them.
    pub reordered: u64,
    /// Conversations, each of one or more connections.
    pub flows: u64,
    /// What was said by RPC.
    pub planted: Planted,
}

/// Calls and binds. Loss takes none away: it is what was said, not what arrived.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Planted {
    /// Calls by the interface that a bind or the header names; `None` when the load has no bind for them.
    pub calls: BTreeMap<Option<Uuid>, u64>,
    /// Binds and alter_contexts.
    pub binds: u64,
}

impl Planted {
    /// All calls.
    pub fn all_calls(&self) -> u64 {
        self.calls.values().sum()
    }

    pub(super) fn call(&mut self, interface: Option<Uuid>) {
        *self.calls.entry(interface).or_default() += 1;
    }

    pub(super) fn add(&mut self, other: &Self) {
        self.binds += other.binds;
        for (interface, calls) in &other.calls {
            *self.calls.entry(*interface).or_default() += calls;
        }
    }
}

impl fmt::Display for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let percent = |part: u64, whole: u64| part * 1000 / whole.max(1);
        let rpc = percent(self.rpc_bytes, self.frame_bytes);
        writeln!(
            f,
            "{} frames of {} bytes on average in {} flows",
            self.frames,
            self.frame_bytes / self.frames.max(1),
            self.flows
        )?;
        writeln!(
            f,
            "RPC: {}.{} % of bytes, {} frames, {} calls of {} interfaces, {} binds",
            rpc / 10,
            rpc % 10,
            self.rpc_frames,
            self.planted.all_calls(),
            self.planted.calls.keys().flatten().count(),
            self.planted.binds
        )?;
        write!(f, "{} frames lost, {} duplicated, {} late", self.lost, self.duplicated, self.reordered)
    }
}
