//! The SMB 2 and 3 sessions of one shard, which may each run over several connections (multichannel).

use super::files::Files;
use super::handle::{Handle, Scope, TreeKind, is_rpc};
use super::packets::Memory;
use crate::bounded::Bounded;
use rpcscope_model::{Endpoint, Identity, Limits, Share};
use rpcscope_wire::Data;
use rpcscope_wire::smb2::FileId;
use std::sync::Arc;

/// Trees remembered in one session.
const MAX_TREES: usize = 256;

/// Names a session: servers number theirs alike, and so may two behind one address.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) struct SessionKey {
    pub(super) server: Endpoint,
    pub(super) session_id: u64,
}

/// Names an open file within its session.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) enum FileKey {
    /// As the server does.
    File(FileId),
    /// Whatever answers of this tree come from, whose requests were not captured.
    Unseen(Option<u32>),
}

/// What is known of one session.
#[derive(Debug)]
struct SmbSession {
    trees: Bounded<u32, Share>,
    /// Open files that are no pipes.
    opened: Files<FileId>,
    files: Bounded<FileKey, (FileKey, Option<u32>, Handle)>,
    /// How many of the files have been reported as pipes.
    pipes: usize,
    /// Connections that have used it and have not ended.
    connections: u32,
    /// Tells it from an earlier session of the same number.
    incarnation: u64,
    /// Who set it up, when that was seen.
    identity: Option<Arc<Identity>>,
}

impl SmbSession {
    fn entries(&self) -> usize {
        self.trees.len() + self.files.len() + 1
    }
}

/// The SMB sessions of one shard.
#[derive(Debug)]
pub(crate) struct SmbSessions {
    sessions: Bounded<SessionKey, SmbSession>,
    /// Sessions, trees and files of all of them.
    entries: usize,
    max_entries: usize,
    max_files: usize,
    max_opened: usize,
    incarnations: u64,
    pub(super) pipes: u64,
    pub(super) memory: Memory,
}

impl SmbSessions {
    /// Remembers nothing yet.
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            sessions: Bounded::new(limits.smb_sessions),
            entries: 0,
            max_entries: limits.smb_sessions.saturating_mul(2).saturating_add(limits.pipes),
            max_files: limits.pipes,
            max_opened: limits.smb_files,
            incarnations: 0,
            pipes: 0,
            memory: Memory::new(limits.reassembly_bytes),
        }
    }

    /// How many sessions are followed.
    pub(crate) fn len(&self) -> usize {
        self.sessions.len()
    }

    /// Who set a session up, when that was seen.
    pub(super) fn identity(&self, key: SessionKey) -> Option<&Arc<Identity>> {
        self.sessions.get(&key)?.identity.as_ref()
    }

    /// Notes who has set a session up. It must have been joined.
    pub(super) fn identify(&mut self, key: SessionKey, identity: Arc<Identity>) {
        if let Some(session) = self.sessions.get_mut(&key) {
            session.identity = Some(identity);
        }
    }

    /// What a tree holds, when that was seen.
    pub(super) fn tree(&self, key: SessionKey, tree: Option<u32>) -> Option<TreeKind> {
        TreeKind::of(self.sessions.get(&key)?.trees.get(&tree?)?)
    }

    /// The share that a tree is, as far as it is known.
    pub(super) fn share(&self, key: SessionKey, tree: Option<u32>) -> Share {
        let known = self.sessions.get(&key).and_then(|session| session.trees.get(&tree?)).cloned();
        known.unwrap_or(Share { session_id: key.session_id, tree_id: tree, ..Share::default() })
    }

    /// The open files of a session that are no pipes.
    pub(super) fn opened(&mut self, key: SessionKey) -> Option<&mut Files<FileId>> {
        self.sessions.get_mut(&key).map(|session| &mut session.opened)
    }

    /// An open file.
    pub(super) fn file(&self, key: SessionKey, file: FileKey) -> Option<&Handle> {
        self.sessions.get(&key)?.files.get(&file).map(|(.., handle)| handle)
    }

    /// Where an answer belongs whose request was not captured: to the only open pipe, else to a pipe of its own.
    pub(super) fn unseen(&self, key: SessionKey, tree: Option<u32>, data: &Data<'_>) -> Option<FileKey> {
        /// Files looked through for the only pipe: those that are no pipes are few.
        const MAX_LOOKED_AT: usize = 16;
        let own = FileKey::Unseen(tree);
        let Some(session) = self.sessions.get(&key) else {
            return is_rpc(data).then_some(own);
        };
        if session.pipes == 1 {
            let mut files = session.files.values().take(MAX_LOOKED_AT);
            if let Some((file, _, handle)) = files.find(|(.., handle)| handle.pipe().is_some()) {
                return handle.may_answer(data).then_some(*file);
            }
        }
        let continues = session.files.get(&own).is_some_and(|(.., handle)| handle.may_answer(data));
        (continues || is_rpc(data)).then_some(own)
    }

    /// Lets a connection use a session, which is begun when it is not known. Returns its incarnation; `joined` is the
    /// one that the connection uses already.
    pub(super) fn join(&mut self, key: SessionKey, joined: Option<u64>, scope: &mut Scope<'_>) -> u64 {
        if self.sessions.get(&key).is_none() {
            self.incarnations = self.incarnations.wrapping_add(1);
            let session = SmbSession {
                trees: Bounded::new(MAX_TREES),
                files: Bounded::new(self.max_files),
                opened: Files::new(self.max_opened),
                pipes: 0,
                connections: 0,
                incarnation: self.incarnations,
                identity: None,
            };
            self.entries += session.entries();
            if let Some(oldest) = self.sessions.insert(key, session) {
                self.evict(oldest, scope);
            }
        }
        let Some(session) = self.sessions.get_mut(&key) else { return 0 };
        if joined != Some(session.incarnation) {
            session.connections = session.connections.saturating_add(1);
        }
        session.incarnation
    }

    /// Notes that a connection no longer uses a session; the last one ends it.
    pub(super) fn leave(&mut self, key: SessionKey, incarnation: u64, scope: &mut Scope<'_>) {
        let Some(session) = self.sessions.get_mut(&key) else { return };
        if session.incarnation != incarnation {
            return;
        }
        session.connections = session.connections.saturating_sub(1);
        if session.connections == 0 {
            self.end(key, scope);
        }
    }

    /// Ends a session with all its pipes.
    pub(super) fn end(&mut self, key: SessionKey, scope: &mut Scope<'_>) {
        if let Some(mut session) = self.sessions.remove(&key) {
            self.entries = self.entries.saturating_sub(session.entries());
            session.opened.end(scope);
            while let Some((_, (.., handle))) = session.files.pop_oldest() {
                handle.close(scope);
            }
        }
    }

    /// Notes what a tree is. The session must have been joined.
    pub(super) fn add_tree(&mut self, key: SessionKey, tree: u32, share: Share, scope: &mut Scope<'_>) {
        self.change(key, scope, |session, _| {
            session.trees.insert(tree, share);
        });
    }

    /// Forgets a tree and closes its pipes.
    pub(super) fn remove_tree(&mut self, key: SessionKey, tree: u32, scope: &mut Scope<'_>) {
        self.change(key, scope, |session, scope| {
            session.trees.remove(&tree);
            session.opened.end_of(|share| share.tree_id == Some(tree), scope);
            let gone: Vec<_> = session
                .files
                .values()
                .filter(|(_, of, _)| *of == Some(tree))
                .map(|(file, ..)| *file)
                .collect();
            for file in gone {
                session.close(file, scope);
            }
        });
    }

    /// Adds an open file. The session must have been joined.
    pub(super) fn add_file(
        &mut self,
        key: SessionKey,
        file: FileKey,
        tree: Option<u32>,
        handle: Handle,
        scope: &mut Scope<'_>,
    ) {
        self.sessions.refresh(&key);
        self.change(key, scope, |session, scope| {
            session.close(file, scope);
            session.pipes += usize::from(handle.pipe().is_some());
            if let Some((.., oldest)) = session.files.insert(file, (file, tree, handle)) {
                session.pipes -= usize::from(oldest.pipe().is_some());
                oldest.evict(scope);
            }
        });
    }

    /// Closes a file.
    pub(super) fn close(&mut self, key: SessionKey, file: FileKey, scope: &mut Scope<'_>) {
        self.change(key, scope, |session, scope| session.close(file, scope));
    }

    /// Does something with an open file. Returns whether there is one.
    pub(super) fn with_file(
        &mut self,
        key: SessionKey,
        file: FileKey,
        act: impl FnOnce(&mut Handle),
    ) -> bool {
        let Some(session) = self.sessions.get_mut(&key) else { return false };
        let Some((.., handle)) = session.files.get_mut(&file) else { return false };
        let before = handle.pipe().is_some();
        act(handle);
        session.pipes += usize::from(handle.pipe().is_some() && !before);
        true
    }

    /// Changes a session and keeps the count of entries; when there are too many, the oldest session goes.
    fn change(
        &mut self,
        key: SessionKey,
        scope: &mut Scope<'_>,
        act: impl FnOnce(&mut SmbSession, &mut Scope<'_>),
    ) {
        let Some(session) = self.sessions.get_mut(&key) else { return };
        let before = session.entries();
        act(session, scope);
        self.entries = self.entries.saturating_sub(before).saturating_add(session.entries());
        while self.entries > self.max_entries && self.sessions.len() > 1 {
            let Some((_, oldest)) = self.sessions.pop_oldest() else { return };
            self.evict(oldest, scope);
        }
    }

    fn evict(&mut self, mut session: SmbSession, scope: &mut Scope<'_>) {
        self.entries = self.entries.saturating_sub(session.entries());
        scope.out.stats().smb_sessions_evicted += 1;
        session.opened.end(scope);
        while let Some((_, (.., handle))) = session.files.pop_oldest() {
            handle.evict(scope);
        }
    }
}

impl SmbSession {
    fn close(&mut self, file: FileKey, scope: &mut Scope<'_>) {
        if let Some((.., handle)) = self.files.remove(&file) {
            self.pipes -= usize::from(handle.pipe().is_some());
            handle.close(scope);
        }
    }
}
