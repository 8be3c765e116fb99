//! An open file that is a pipe, or may turn out to be one.

use super::{Boundary, PipeId, SmbEvents, SmbVersion};
use crate::At;
use rpcscope_model::{AnomalyKind, Share, ShareType, Side};
use rpcscope_wire::Data;
use rpcscope_wire::dcerpc::{HEADER_BYTES, Header};

/// What a tree holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum TreeKind {
    /// Named pipes.
    Pipes,
    /// Files or printers.
    Other,
}

impl TreeKind {
    /// What a share holds, when that is known.
    pub(super) fn of(share: &Share) -> Option<Self> {
        Some(if share.share_type? == ShareType::Pipe { Self::Pipes } else { Self::Other })
    }
}

/// Where and when something happens to a pipe or a file.
pub(super) struct Scope<'a> {
    pub(super) at: At,
    pub(super) version: SmbVersion,
    /// Pipes opened in the shard so far.
    pub(super) pipes: &'a mut u64,
    pub(super) out: &'a mut dyn SmbEvents,
}

/// An open file.
///
/// It is a pipe when its tree or the answer to its create say so. When neither was captured, it becomes one when data
/// that begins like a PDU is written to it or read from it.
#[derive(Debug, Default)]
pub(super) struct Handle {
    /// The pipe, once its opening was reported.
    pipe: Option<PipeId>,
    /// It is known to be a pipe.
    certain: bool,
    /// Its name, when the create was captured.
    name: Option<Box<str>>,
    /// The server's last answer was cut short; the next one goes on with it.
    continues: bool,
}

impl Handle {
    /// A file that a create asks for.
    pub(super) fn named(name: &str) -> Self {
        Self { name: Some(name.into()), ..Self::default() }
    }

    /// Notes what the tree tells.
    pub(super) fn on_tree(mut self, tree: Option<TreeKind>) -> Self {
        self.certain |= tree == Some(TreeKind::Pipes);
        self
    }

    /// Notes that it is a pipe, and reports its opening; once more when it has been forgotten meanwhile.
    pub(super) fn open(&mut self, scope: &mut Scope<'_>) -> PipeId {
        self.certain = true;
        if let Some(pipe) = self.pipe.filter(|pipe| scope.out.is_followed(*pipe)) {
            return pipe;
        }
        *scope.pipes = scope.pipes.wrapping_add(1);
        let pipe = PipeId(*scope.pipes);
        self.pipe = Some(pipe);
        scope.out.open(pipe, self.name.as_deref(), scope.version, scope.at);
        pipe
    }

    /// Reports what a client wrote, if this is a pipe.
    pub(super) fn write(&mut self, data: Data<'_>, boundary: Boundary, scope: &mut Scope<'_>) {
        if self.takes(&data) {
            let pipe = self.open(scope);
            deliver(pipe, Side::Client, data, boundary, scope);
        }
    }

    /// Reports what a client read, if this is a pipe. `more` says that the answer was cut short, and that another
    /// read will fetch the rest.
    pub(super) fn read(&mut self, data: Data<'_>, boundary: Boundary, more: bool, scope: &mut Scope<'_>) {
        if self.takes(&data) {
            let pipe = self.open(scope);
            let boundary = if self.continues { Boundary::Continues } else { boundary };
            self.continues = more;
            deliver(pipe, Side::Server, data, boundary, scope);
        }
    }

    /// Reports that it was closed.
    pub(super) fn close(self, scope: &mut Scope<'_>) {
        if let Some(pipe) = self.pipe {
            scope.out.close(pipe, scope.at);
        }
    }

    /// Reports that it is no longer followed.
    pub(super) fn evict(self, scope: &mut Scope<'_>) {
        if self.pipe.is_some() {
            scope.out.stats().pipes_evicted += 1;
            scope.out.anomaly(AnomalyKind::SmbPipesEvicted.into(), scope.at);
        }
        self.close(scope);
    }

    /// The pipe, once its opening was reported.
    pub(super) const fn pipe(&self) -> Option<PipeId> {
        self.pipe
    }

    /// Whether it is known to be a pipe, whatever its data.
    pub(super) const fn is_certain(&self) -> bool {
        self.certain
    }

    /// Whether an answer without a request could belong here.
    pub(super) fn may_answer(&self, data: &Data<'_>) -> bool {
        self.pipe.is_some() && (self.continues || is_rpc(data))
    }

    /// Whether data belongs to a pipe, given all of it; with its first bytes only, whether it may.
    pub(super) fn takes(&self, data: &Data<'_>) -> bool {
        self.certain || is_rpc(data)
    }
}

/// Whether data begins like a PDU.
pub(super) fn is_rpc(data: &Data<'_>) -> bool {
    Header::is_plausible(data.bytes).is_some()
}

/// Whether there is too little of the data to say whether it begins like a PDU.
pub(super) const fn is_undecided(data: &Data<'_>) -> bool {
    data.bytes.len() < HEADER_BYTES && data.length >= HEADER_BYTES
}

fn deliver(pipe: PipeId, side: Side, data: Data<'_>, boundary: Boundary, scope: &mut Scope<'_>) {
    if !data.bytes.is_empty() {
        scope.out.data(pipe, side, data.bytes, scope.at, boundary);
    }
    if data.missing() > 0 {
        scope.out.lost(pipe, side, data.missing() as u64, scope.at);
    }
}
