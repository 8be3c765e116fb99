//! Messages of SMB 2 and 3: which of them open, use and close pipes and files.

mod asked;

use super::files::{self, Change, OpenFile};
use super::handle::{Handle, Scope, TreeKind, is_rpc, is_undecided};
use super::packets::Need;
use super::sessions::{FileKey, SessionKey, SmbSessions};
use super::{Boundary, malformed, tell_mapping};
use crate::bounded::Bounded;
use crate::logon::Logon;
use asked::{Asked, Inherited, Target, What, named_file, share_type, target};
use rpcscope_model::{AnomalyKind, AuthResult, Endpoint, Limits, Side, SmbAnswer};
use rpcscope_wire::Data;
use rpcscope_wire::smb2::{
    Body, Command, Compound, ControlCode, CreateResponse, FileId, Header, SessionSetupResponse, Status,
};
use std::sync::Arc;

/// Sessions that may be being set up at once on one connection.
const MAX_LOGONS: usize = 16;

/// What is known of the SMB 2 and 3 messages of one connection.
#[derive(Debug)]
pub(super) struct Smb2 {
    server: Endpoint,
    /// Requests whose answers matter, by message id.
    asked: Bounded<u64, Asked>,
    /// Sessions that are being set up.
    logons: Bounded<u64, Box<Logon>>,
    /// Sessions that this connection has used, with their incarnation.
    joined: Bounded<u64, (u64, u64)>,
}

impl Smb2 {
    pub(super) fn new(server: Endpoint, limits: &Limits) -> Self {
        Self {
            server,
            asked: Bounded::new(limits.smb_requests),
            logons: Bounded::new(MAX_LOGONS),
            joined: Bounded::new(limits.smb_requests),
        }
    }

    /// Takes a packet of `length` bytes, of which `bytes` are there.
    pub(super) fn packet(
        &mut self,
        bytes: &[u8],
        length: usize,
        shared: &mut SmbSessions,
        scope: &mut Scope<'_>,
    ) {
        let mut inherited = None;
        for message in Compound::new(bytes, length) {
            let message = match message {
                Ok(message) => message,
                Err(error) => {
                    malformed(AnomalyKind::SmbChainInvalid, error, bytes.len() < length, scope);
                    return;
                }
            };
            scope.out.stats().smb_messages += 1;
            let body = match message.body() {
                Ok(body) => body,
                Err(error) => {
                    let is_cut = message.bytes.len() < message.length;
                    malformed(AnomalyKind::SmbMalformed, error, is_cut, scope);
                    Body::Other
                }
            };
            if message.header.is_response() {
                self.response(&message.header, &body, shared, scope);
            } else {
                inherited = Some(self.request(&message.header, &body, inherited, shared, scope));
            }
        }
    }

    /// How much is needed of a packet, of which the start is there.
    pub(super) fn need(&self, bytes: &[u8], length: usize, shared: &SmbSessions) -> Need {
        let Some(Ok(message)) = Compound::new(bytes, length).next() else { return Need::Whole };
        let Header { command, next_command, session_id, tree_id, message_id, .. } = message.header;
        if next_command != 0 {
            return Need::Whole;
        }
        let (tree, target, data) = match (command, message.body()) {
            (
                Command::NEGOTIATE
                | Command::SESSION_SETUP
                | Command::TREE_CONNECT
                | Command::CREATE
                | Command::SET_INFO,
                _,
            )
            | (_, Err(_)) => return Need::Whole,
            (_, Ok(Body::WriteRequest(write))) => (tree_id, Target::File(write.file_id), write.data),
            (_, Ok(Body::IoctlRequest(ioctl))) if ioctl.control_code == ControlCode::PIPE_TRANSCEIVE => {
                return Need::Whole;
            }
            (_, Ok(Body::IoctlResponse(ioctl))) if ioctl.control_code == ControlCode::PIPE_TRANSCEIVE => {
                return Need::Whole;
            }
            (_, Ok(Body::ReadResponse(read))) => match self.asked.get(&message_id) {
                Some(Asked { tree, what: What::Read(target), .. }) => (*tree, *target, read.data),
                _ => (tree_id, Target::Unknown, read.data),
            },
            _ => return Need::Head,
        };
        let key = SessionKey { server: self.server, session_id };
        let takes = match target {
            // Only compounds have these.
            Target::CreatedBy(_) => true,
            Target::File(file_id) => match shared.file(key, FileKey::File(file_id)) {
                Some(handle) => handle.takes(&data),
                None => shared.tree(key, tree) == Some(TreeKind::Pipes) || is_rpc(&data),
            },
            Target::Unknown => shared.unseen(key, tree, &data).is_some(),
        };
        let is_file = shared.tree(key, tree) == Some(TreeKind::Other);
        if !is_file && (takes || is_undecided(&data)) { Need::Whole } else { Need::Head }
    }

    /// Notes that the connection ends.
    pub(super) fn finish(&mut self, shared: &mut SmbSessions, scope: &mut Scope<'_>) {
        while let Some((_, asked)) = self.asked.pop_oldest() {
            asked.what.forget(scope);
        }
        while let Some((_, mut logon)) = self.logons.pop_oldest() {
            scope.out.authenticated(&mut logon, scope.version, None);
        }
        while let Some((session_id, (_, incarnation))) = self.joined.pop_oldest() {
            shared.leave(SessionKey { server: self.server, session_id }, incarnation, scope);
        }
    }

    fn request(
        &mut self,
        header: &Header,
        body: &Body<'_>,
        before: Option<Inherited>,
        shared: &mut SmbSessions,
        scope: &mut Scope<'_>,
    ) -> Inherited {
        let mut now = match before {
            Some(before) if header.is_related() => before,
            _ => Inherited { session_id: header.session_id, tree: header.tree_id, target: Target::Unknown },
        };
        let key = SessionKey { server: self.server, session_id: now.session_id };
        match body {
            Body::SessionSetupRequest(setup) => {
                let mut logon = self.logons.remove(&header.session_id).unwrap_or_default();
                logon.token(Side::Client, None, setup.security_buffer.bytes, scope.at, scope.out.secrets());
                self.ask(header, &now, What::Session { begins: header.session_id == 0, logon }, scope);
            }
            Body::LogoffRequest | Body::TreeDisconnectRequest => self.ask(header, &now, What::Nothing, scope),
            Body::TreeConnectRequest(connect) => {
                let mapping = files::mapping(now.session_id, Some(&connect.path));
                self.ask(header, &now, What::Tree(mapping), scope);
            }
            Body::CreateRequest(create) => {
                now.target = Target::CreatedBy(header.message_id);
                let what = What::create(create, shared.share(key, now.tree), scope);
                self.ask(header, &now, what, scope);
            }
            Body::SetInfoRequest(set) => {
                now.target = target(set.file_id, now.target);
                if let Some(change) = &set.change {
                    self.ask(header, &now, What::Change(now.target, Change::of(change)), scope);
                }
            }
            Body::CloseRequest(close) => {
                now.target = target(close.file_id, now.target);
                self.ask(header, &now, What::Close(now.target), scope);
            }
            Body::ReadRequest(read) => {
                now.target = target(read.file_id, now.target);
                self.ask(header, &now, What::Read(now.target), scope);
            }
            Body::WriteRequest(write) => {
                now.target = target(write.file_id, now.target);
                self.write(&now, write.data, shared, scope);
            }
            Body::IoctlRequest(ioctl) => {
                now.target = target(ioctl.file_id, now.target);
                if ioctl.control_code == ControlCode::PIPE_TRANSCEIVE {
                    self.write(&now, ioctl.input, shared, scope);
                    self.ask(header, &now, What::Transceive(now.target), scope);
                }
            }
            _ => {}
        }
        now
    }

    fn response(
        &mut self,
        header: &Header,
        body: &Body<'_>,
        shared: &mut SmbSessions,
        scope: &mut Scope<'_>,
    ) {
        if header.status == Status::PENDING {
            return;
        }
        let asked = match self.asked.get(&header.message_id) {
            // Later answers of its compound still refer to it.
            Some(Asked { what: What::Created(_), .. }) | None => None,
            Some(_) => self.asked.remove(&header.message_id),
        };
        let session_id = asked.as_ref().map_or(header.session_id, |asked| asked.session_id);
        let tree = asked.as_ref().map_or(header.tree_id, |asked| asked.tree);
        let key = SessionKey { server: self.server, session_id };
        let more = header.status == Status::BUFFER_OVERFLOW;
        let Status(status) = header.status;
        let answer = SmbAnswer { status, time: scope.at.time, frame: scope.at.frame };
        let asked_at = asked.as_ref().map_or(scope.at, |asked| asked.at);
        match (body, asked.map(|asked| asked.what)) {
            (Body::SessionSetupResponse(setup), Some(What::Session { begins, logon })) => {
                let key = SessionKey { server: self.server, session_id: header.session_id };
                if begins {
                    // A server that was restarted numbers its sessions from the start.
                    shared.end(key, scope);
                }
                self.set_up(header, key, setup, logon, shared, scope);
            }
            (_, Some(What::Session { mut logon, .. })) => {
                scope.out.authenticated(&mut logon, scope.version, Some(AuthResult::Rejected));
            }
            (Body::LogoffResponse, _) => shared.end(key, scope),
            (Body::TreeConnectResponse(response), asked) => {
                let mut mapping = match asked {
                    Some(What::Tree(mapping)) => mapping,
                    _ => files::mapping(header.session_id, None),
                };
                let key = SessionKey { server: self.server, session_id: header.session_id };
                mapping.share.session_id = header.session_id;
                mapping.share.tree_id = header.tree_id;
                mapping.share.share_type = Some(share_type(response.share_type));
                mapping.identity = shared.identity(key).cloned();
                if let Some(tree) = header.tree_id {
                    self.join(key, shared, scope);
                    shared.add_tree(key, tree, mapping.share.clone(), scope);
                }
                tell_mapping(mapping, Some((asked_at, answer)), scope);
            }
            (_, Some(What::Tree(mut mapping))) => {
                mapping.identity = shared.identity(key).cloned();
                tell_mapping(mapping, Some((asked_at, answer)), scope);
            }
            (Body::TreeDisconnectResponse, _) => {
                if let Some(tree) = tree {
                    shared.remove_tree(key, tree, scope);
                }
            }
            (Body::CreateResponse(response), Some(What::Create { handle, mut file, inherited })) => {
                file.identify(shared.identity(key));
                self.created((key, tree), response, handle, file, answer, shared, scope);
                if inherited {
                    let what = What::Created(response.file_id);
                    self.asked.insert(header.message_id, Asked { at: asked_at, session_id, tree, what });
                }
            }
            (_, Some(What::Create { handle, mut file, .. })) => {
                file.identify(shared.identity(key));
                if handle.is_certain() {
                    file.was_pipe(Some(answer), scope);
                } else {
                    file.failed(Some(answer), scope);
                }
                handle.close(scope);
            }
            (_, Some(What::Change(target, change))) => {
                if let Some(file_id) = self.resolve(target)
                    && let Some(opened) = shared.opened(key)
                {
                    opened.change(file_id, &change, asked_at, Some(answer), scope);
                }
            }
            (Body::CloseResponse, Some(What::Close(target))) => {
                if let Some(file_id) = self.resolve(target) {
                    shared.close(key, FileKey::File(file_id), scope);
                    if let Some(opened) = shared.opened(key) {
                        opened.close(file_id, asked_at, answer, scope);
                    }
                }
            }
            (Body::ReadResponse(response), Some(What::Read(target))) => {
                let file = self.resolve(target);
                let length = response.data.length;
                let is_file = file.is_some_and(|file_id| {
                    shared.opened(key).is_some_and(|opened| opened.read(file_id, length))
                });
                if !(is_file && shared.tree(key, tree) == Some(TreeKind::Other)) {
                    self.read((key, file.map(FileKey::File), tree), response.data, more, shared, scope);
                }
            }
            (Body::ReadResponse(response), None) => {
                self.read((key, None, tree), response.data, more, shared, scope);
            }
            (Body::IoctlResponse(response), asked) => {
                let target = match asked {
                    Some(What::Transceive(target)) => Some(target),
                    None => Some(Target::Unknown),
                    Some(_) => None,
                };
                if let Some(target) = target
                    && response.control_code == ControlCode::PIPE_TRANSCEIVE
                {
                    let file = self.resolve(target).or_else(|| named_file(response)).map(FileKey::File);
                    self.read((key, file, tree), response.output, more, shared, scope);
                }
            }
            _ => {}
        }
    }

    /// Takes what a create has opened: a pipe, a file, or what may be either.
    #[allow(clippy::too_many_arguments)]
    fn created(
        &mut self,
        (key, tree): (SessionKey, Option<u32>),
        response: &CreateResponse,
        handle: Handle,
        mut file: Box<OpenFile>,
        answer: SmbAnswer,
        shared: &mut SmbSessions,
        scope: &mut Scope<'_>,
    ) {
        let kind = shared.tree(key, tree);
        let mut handle = handle.on_tree(kind);
        self.join(key, shared, scope);
        // Of an unknown share it may be a pipe; of those, servers tell no times.
        let is_file = kind == Some(TreeKind::Other) || response.file.times.created.is_some();
        if is_file && !handle.is_certain() {
            file.opened(&response.file, answer, scope);
            if let Some(opened) = shared.opened(key) {
                opened.insert(response.file_id, file, scope);
            }
            if kind == Some(TreeKind::Other) {
                return;
            }
        } else if handle.is_certain() {
            file.was_pipe(Some(answer), scope);
        }
        if handle.is_certain() {
            let pipe = handle.open(scope);
            if let Some(identity) = shared.identity(key) {
                scope.out.identify(pipe, identity);
            }
        }
        shared.add_file(key, FileKey::File(response.file_id), tree, handle, scope);
    }

    /// Takes a step in setting up a session.
    fn set_up(
        &mut self,
        header: &Header,
        key: SessionKey,
        setup: &SessionSetupResponse<'_>,
        mut logon: Box<Logon>,
        shared: &mut SmbSessions,
        scope: &mut Scope<'_>,
    ) {
        logon.token(Side::Server, None, setup.security_buffer.bytes, scope.at, scope.out.secrets());
        if header.status == Status::MORE_PROCESSING_REQUIRED {
            if let Some(mut oldest) = self.logons.insert(header.session_id, logon) {
                scope.out.authenticated(&mut oldest, scope.version, None);
            }
            return;
        }
        if setup.is_guest() {
            logon.mark_guest();
        }
        scope.out.authenticated(&mut logon, scope.version, Some(AuthResult::Accepted));
        if let Some(identity) = logon.identity() {
            self.join(key, shared, scope);
            shared.identify(key, Arc::clone(identity));
        }
    }

    /// Remembers a request. The oldest of too many is forgotten.
    fn ask(&mut self, header: &Header, now: &Inherited, what: What, scope: &mut Scope<'_>) {
        let asked = Asked { at: scope.at, session_id: now.session_id, tree: now.tree, what };
        if let Some(forgotten) = self.asked.insert(header.message_id, asked) {
            forgotten.what.forget(scope);
        }
        // What it opens must be known when the answers come.
        let target = self.asked.get(&header.message_id).and_then(|asked| asked.what.target());
        if let Some(Target::CreatedBy(create)) = target {
            self.inherit(create);
        }
    }

    fn inherit(&mut self, create: u64) {
        if let Some(Asked { what: What::Create { inherited, .. }, .. }) = self.asked.get_mut(&create) {
            *inherited = true;
        }
    }

    /// Takes data that a client writes to `now.target`.
    fn write(&mut self, now: &Inherited, data: Data<'_>, shared: &mut SmbSessions, scope: &mut Scope<'_>) {
        let key = SessionKey { server: self.server, session_id: now.session_id };
        if let Target::CreatedBy(create) = now.target
            && let Some(Asked { what: What::Create { handle, file, inherited }, .. }) =
                self.asked.get_mut(&create)
        {
            *inherited = true;
            handle.write(data, Boundary::Start, scope);
            file.wrote(data.length, scope);
            return;
        }
        let Some(file_id) = self.resolve(now.target) else { return };
        let is_file = shared.opened(key).is_some_and(|opened| opened.wrote(file_id, data.length, scope));
        if is_file && shared.tree(key, now.tree) == Some(TreeKind::Other) {
            return;
        }
        let file = FileKey::File(file_id);
        let known = shared.with_file(key, file, |handle| handle.write(data, Boundary::Start, scope));
        if !known {
            self.begin(key, file, now.tree, &data, shared, scope, |handle, scope| {
                handle.write(data, Boundary::Start, scope);
            });
        } else {
            self.join(key, shared, scope);
        }
    }

    /// Takes data that a client read from a file; `None` when the request was not captured.
    fn read(
        &mut self,
        (key, file, tree): (SessionKey, Option<FileKey>, Option<u32>),
        data: Data<'_>,
        more: bool,
        shared: &mut SmbSessions,
        scope: &mut Scope<'_>,
    ) {
        let Some(file) = file.or_else(|| shared.unseen(key, tree, &data)) else { return };
        let known = shared.with_file(key, file, |handle| handle.read(data, Boundary::Start, more, scope));
        if !known {
            self.begin(key, file, tree, &data, shared, scope, |handle, scope| {
                handle.read(data, Boundary::Start, more, scope);
            });
        }
    }

    /// Begins to follow a file whose create was not captured, if it is a pipe.
    #[allow(clippy::too_many_arguments)]
    fn begin(
        &mut self,
        key: SessionKey,
        file: FileKey,
        tree: Option<u32>,
        data: &Data<'_>,
        shared: &mut SmbSessions,
        scope: &mut Scope<'_>,
        act: impl FnOnce(&mut Handle, &mut Scope<'_>),
    ) {
        let kind = shared.tree(key, tree);
        let mut handle = Handle::default().on_tree(kind);
        if kind == Some(TreeKind::Other) || !handle.takes(data) {
            return;
        }
        act(&mut handle, scope);
        self.join(key, shared, scope);
        shared.add_file(key, file, tree, handle, scope);
    }

    /// Notes that this connection uses a session, so that its end does not end the session of another.
    fn join(&mut self, key: SessionKey, shared: &mut SmbSessions, scope: &mut Scope<'_>) {
        let joined = self.joined.get(&key.session_id).map(|(_, incarnation)| *incarnation);
        let incarnation = shared.join(key, joined, scope);
        if joined == Some(incarnation) {
            return;
        }
        if let Some((session_id, incarnation)) =
            self.joined.insert(key.session_id, (key.session_id, incarnation))
            && session_id != key.session_id
        {
            shared.leave(SessionKey { session_id, ..key }, incarnation, scope);
        }
    }

    fn resolve(&self, target: Target) -> Option<FileId> {
        match target {
            Target::File(file_id) => Some(file_id),
            Target::CreatedBy(create) => match self.asked.get(&create)?.what {
                What::Created(file_id) => Some(file_id),
                _ => None,
            },
            Target::Unknown => None,
        }
    }
}
