//! Shares that the client of a connection has connected to.

use super::super::files::{mapping, text};
use super::super::handle::{Scope, TreeKind};
use super::super::tell_mapping;
use crate::At;
use crate::bounded::Bounded;
use rpcscope_model::{Identity, Share, ShareType, SmbAnswer, SmbMapping};
use rpcscope_wire::smb1::{Header, TreeConnectRequest, TreeConnectResponse};
use rpcscope_wire::utf16;
use std::sync::Arc;

/// Trees remembered on one connection.
const MAX_TREES: usize = 256;

/// The trees of one connection.
#[derive(Debug)]
pub(super) struct Trees {
    known: Bounded<u16, Share>,
    /// Shares that are being connected to, by multiplex id and process, and when that was asked for. Only the answer
    /// says which tree it is.
    asked: Bounded<(u16, u32), (Box<SmbMapping>, At)>,
}

impl Trees {
    pub(super) fn new() -> Self {
        Self { known: Bounded::new(MAX_TREES), asked: Bounded::new(MAX_TREES) }
    }

    /// Takes a request to connect to a share.
    pub(super) fn connect(
        &mut self,
        header: &Header,
        connect: &TreeConnectRequest<'_>,
        scope: &mut Scope<'_>,
    ) {
        let mapping = mapping(header.uid.into(), Some(&connect.path));
        if let Some((oldest, _)) = self.asked.insert((header.mid, header.pid), (mapping, scope.at)) {
            tell_mapping(oldest, None, scope);
        }
    }

    /// Takes the answer of a server that connects a client to a share.
    pub(super) fn connected(
        &mut self,
        header: &Header,
        response: &TreeConnectResponse<'_>,
        identity: Option<&Arc<Identity>>,
        answer: SmbAnswer,
        scope: &mut Scope<'_>,
    ) {
        let asked = self.asked.remove(&(header.mid, header.pid));
        let (mut mapping, asked) = asked.unwrap_or_else(|| (mapping(0, None), scope.at));
        mapping.share.session_id = header.uid.into();
        mapping.share.tree_id = Some(header.tid.into());
        mapping.share.share_type = share_type(response);
        mapping.service = told(&response.service);
        mapping.native_file_system = told(&response.native_file_system);
        mapping.identity = identity.cloned();
        if mapping.share.share_type.is_some() {
            self.known.insert(header.tid, mapping.share.clone());
        }
        tell_mapping(mapping, Some((asked, answer)), scope);
    }

    /// Takes the answer of a server that refuses.
    pub(super) fn refused(
        &mut self,
        header: &Header,
        identity: Option<&Arc<Identity>>,
        answer: SmbAnswer,
        scope: &mut Scope<'_>,
    ) {
        if let Some((mut mapping, asked)) = self.asked.remove(&(header.mid, header.pid)) {
            mapping.identity = identity.cloned();
            tell_mapping(mapping, Some((asked, answer)), scope);
        }
    }

    /// Forgets a tree.
    pub(super) fn remove(&mut self, tid: u16) {
        self.known.remove(&tid);
    }

    /// Notes that the connection ends.
    pub(super) fn finish(&mut self, scope: &mut Scope<'_>) {
        while let Some((_, (mapping, _))) = self.asked.pop_oldest() {
            tell_mapping(mapping, None, scope);
        }
    }

    /// What a tree holds, when that was seen.
    pub(super) fn kind(&self, tid: u16) -> Option<TreeKind> {
        TreeKind::of(self.known.get(&tid)?)
    }

    /// The share that a message is about, as far as it is known.
    pub(super) fn share(&self, header: &Header) -> Share {
        let unknown = || Share { tree_id: Some(header.tid.into()), ..Share::default() };
        let known = self.known.get(&header.tid).cloned().unwrap_or_else(unknown);
        Share { session_id: header.uid.into(), ..known }
    }
}

/// What a share holds, when the server says so.
fn share_type(response: &TreeConnectResponse<'_>) -> Option<ShareType> {
    Some(match (response.holds_pipes()?, response.service.bytes) {
        (true, _) => ShareType::Pipe,
        (false, b"A:") => ShareType::Disk,
        (false, b"LPT1:") => ShareType::Print,
        (false, _) => ShareType::Other,
    })
}

fn told(wire: &utf16::Text<'_>) -> Option<rpcscope_model::Text> {
    (!wire.is_empty()).then(|| text(wire))
}
