//! Messages of SMB 1: which of them open, use and close pipes and files.

mod asked;
mod trees;

use super::files::{Change, Files, OpenFile};
use super::handle::{Handle, Scope, TreeKind, is_rpc, is_undecided};
use super::join::{Parts, Progress};
use super::packets::{Memory, Need};
use super::{Boundary, malformed};
use crate::bounded::Bounded;
use crate::logon::Logon;
use asked::{Asked, File, FileKey, RequestKey, answer};
use rpcscope_model::{AnomalyKind, AuthResult, Identity, Limits, Side, SmbFile};
use rpcscope_wire::Data;
use rpcscope_wire::smb1::{
    Body, Command, CreateResponse, Fid, Header, Message, SessionSetupRequest, SessionSetupResponse,
    TransactionData, TransactionRequest,
};
use std::sync::Arc;
use trees::Trees;

/// What is known of the SMB 1 messages of one connection.
#[derive(Debug)]
pub(super) struct Smb1 {
    trees: Trees,
    files: Bounded<FileKey, File>,
    /// Open files that are no pipes.
    opened: Files<Fid>,
    asked: Bounded<RequestKey, Asked>,
    parts: Parts<RequestKey>,
    /// The session that is being set up: clients do so one after the other.
    logon: Option<Box<Logon>>,
    /// Who the users of the connection are, by their UID.
    users: Bounded<u16, Arc<Identity>>,
}

/// Users remembered on one connection: terminal servers have many.
const MAX_USERS: usize = 64;

impl Smb1 {
    pub(super) fn new(limits: &Limits) -> Self {
        Self {
            trees: Trees::new(),
            files: Bounded::new(limits.pipes),
            opened: Files::new(limits.smb_files),
            asked: Bounded::new(limits.smb_requests),
            parts: Parts::new(),
            logon: None,
            users: Bounded::new(MAX_USERS),
        }
    }

    /// Takes a packet of `length` bytes, of which `bytes` are there.
    pub(super) fn packet(&mut self, bytes: &[u8], length: usize, memory: &mut Memory, scope: &mut Scope<'_>) {
        scope.out.stats().smb_messages += 1;
        let is_cut = bytes.len() < length;
        let message = match Message::parse(bytes, length) {
            Ok(message) => message,
            Err(error) => return malformed(AnomalyKind::SmbMalformed, error, is_cut, scope),
        };
        // An answer comes with the user and the tree that the blocks before it have set up.
        let mut key = RequestKey::of(&message.header);
        for block in message.blocks() {
            let block = match block {
                Ok(block) => block,
                Err(error) => return malformed(AnomalyKind::SmbChainInvalid, error, is_cut, scope),
            };
            match block.body() {
                Ok(body) if message.header.is_response() => {
                    self.response(&message.header, key, &body, memory, scope);
                }
                Ok(body) => self.request(&message.header, key, &body, memory, scope),
                Err(error) => malformed(AnomalyKind::SmbMalformed, error, is_cut, scope),
            }
            if matches!(block.command, Command::SESSION_SETUP_ANDX | Command::TREE_CONNECT_ANDX) {
                key = RequestKey { uid: 0, tid: 0, ..key };
            }
        }
    }

    /// How much is needed of a packet, of which the start is there.
    pub(super) fn need(&self, bytes: &[u8], length: usize) -> Need {
        let Ok(message) = Message::parse(bytes, length) else { return Need::Whole };
        let mut blocks = message.blocks();
        let Some(Ok(block)) = blocks.next() else { return Need::Whole };
        let (file, data) = match block.body() {
            Ok(Body::WriteRequest(write)) => (Some(FileKey::Fid(write.fid)), write.data),
            Ok(Body::ReadResponse(read)) => match self.asked.get(&RequestKey::of(&message.header)) {
                Some(Asked::Read(fid)) => (Some(FileKey::Fid(*fid)), read.data),
                Some(_) => return Need::Head,
                None => (self.unseen(message.header.tid, &read.data), read.data),
            },
            // Transactions of other kinds, which list directories and the like.
            Ok(Body::Other | Body::Empty) if !block.command.is_andx() => return Need::Head,
            _ => return Need::Whole,
        };
        if blocks.next().is_some() {
            return Need::Whole;
        }
        let tree = self.trees.kind(message.header.tid);
        let takes = match file.and_then(|file| self.files.get(&file)) {
            Some(file) => file.handle.takes(&data),
            None => tree == Some(TreeKind::Pipes) || is_rpc(&data),
        };
        let is_file = tree == Some(TreeKind::Other);
        if !is_file && (takes || is_undecided(&data)) { Need::Whole } else { Need::Head }
    }

    /// Notes that the connection ends.
    pub(super) fn finish(&mut self, memory: &mut Memory, scope: &mut Scope<'_>) {
        self.parts.finish(memory);
        if let Some(mut logon) = self.logon.take() {
            scope.out.authenticated(&mut logon, scope.version, None);
        }
        self.trees.finish(scope);
        while let Some((_, asked)) = self.asked.pop_oldest() {
            asked.failed(None, scope);
        }
        self.opened.end(scope);
        while let Some((_, file)) = self.files.pop_oldest() {
            file.handle.close(scope);
        }
    }

    fn request(
        &mut self,
        header: &Header,
        key: RequestKey,
        body: &Body<'_>,
        memory: &mut Memory,
        scope: &mut Scope<'_>,
    ) {
        match body {
            Body::SessionSetupRequest(setup) => {
                let logon = self.logon.get_or_insert_default();
                match setup {
                    SessionSetupRequest::Token(token) => {
                        logon.token(Side::Client, None, token.bytes, scope.at, scope.out.secrets());
                    }
                    SessionSetupRequest::Account { account, domain } => {
                        logon.account(*account, *domain, scope.at);
                    }
                }
            }
            Body::TreeConnectRequest(connect) => self.trees.connect(header, connect, scope),
            Body::CreateRequest(create) => {
                let asked = Asked::create(create, self.trees.share(header), scope);
                self.ask(key, asked, memory, scope);
            }
            Body::CloseRequest(close) => self.ask(key, Asked::Close(close.fid, scope.at), memory, scope),
            Body::SetInformationRequest(set) => {
                if let Some(change) = &set.change {
                    let asked = Asked::Change(set.fid, Change::of(change), scope.at);
                    self.ask(key, asked, memory, scope);
                }
            }
            Body::DeleteRequest(delete) => {
                let file = asked::deletion(delete, self.trees.share(header));
                self.ask_named(header, key, file, memory, scope);
            }
            Body::RenameRequest(rename) => {
                let file = asked::renaming(rename, self.trees.share(header));
                self.ask_named(header, key, file, memory, scope);
            }
            Body::ReadRequest(read) => self.ask(key, Asked::Read(read.fid), memory, scope),
            Body::WriteRequest(write) => {
                self.opened.wrote(write.fid, write.data.length, scope);
                if let Some(handle) = self.file(FileKey::Fid(write.fid), header, &write.data, false, scope) {
                    handle.write(write.data, Boundary::Start, scope);
                }
            }
            Body::TransactionRequest(transaction) => {
                self.transaction(header, key, transaction, memory, scope)
            }
            Body::TransactionSecondaryRequest(part) => {
                if let Some(Asked::Transaction { fid, function, mut request, response }) =
                    self.asked.remove(&key)
                {
                    if function.writes() {
                        self.written(header, (key, fid), &mut request, part, memory, scope);
                    }
                    self.asked.insert(key, Asked::Transaction { fid, function, request, response });
                }
            }
            _ => {}
        }
    }

    fn response(
        &mut self,
        header: &Header,
        key: RequestKey,
        body: &Body<'_>,
        memory: &mut Memory,
        scope: &mut Scope<'_>,
    ) {
        if header.status.is_error() {
            if header.command == Command::SESSION_SETUP_ANDX
                && let Some(mut logon) = self.logon.take()
            {
                scope.out.authenticated(&mut logon, scope.version, Some(AuthResult::Rejected));
            }
            if header.command == Command::TREE_CONNECT_ANDX {
                self.trees.refused(header, self.users.get(&header.uid), answer(header, scope), scope);
            }
            if let Some(asked) = self.asked.remove(&key) {
                self.refused(header, asked, scope);
            }
            self.parts.forget(key, memory);
            return;
        }
        let more = header.status.is_more_data();
        match body {
            Body::SessionSetupResponse(setup) => self.set_up(header, setup, scope),
            Body::TreeConnectResponse(response) => {
                let identity = self.users.get(&header.uid);
                self.trees.connected(header, response, identity, answer(header, scope), scope);
            }
            Body::TreeDisconnectResponse => {
                self.trees.remove(header.tid);
                self.opened.end_of(|share| share.tree_id == Some(header.tid.into()), scope);
                self.close_all(|file| file.tid == header.tid, scope);
            }
            Body::LogoffResponse => {
                self.users.remove(&header.uid);
                self.opened.end_of(|share| share.session_id == header.uid.into(), scope);
                self.close_all(|file| file.uid == header.uid, scope);
            }
            Body::CreateResponse(response) => match self.asked.remove(&key) {
                Some(Asked::Create(handle, file)) => {
                    self.created(header, handle, Some(file), response, scope);
                }
                None if response.resource_type.is_pipe() => {
                    self.created(header, Handle::default(), None, response, scope);
                }
                _ => {}
            },
            Body::NtTransactResponse(response) => {
                if let Some(Asked::Create(handle, file)) = self.asked.remove(&key) {
                    self.created(header, handle, Some(file), response, scope);
                }
            }
            Body::CloseResponse => {
                if let Some(Asked::Close(fid, asked)) = self.asked.remove(&key) {
                    self.opened.close(fid, asked, answer(header, scope), scope);
                    if let Some(file) = self.files.remove(&FileKey::Fid(fid)) {
                        file.handle.close(scope);
                    }
                }
            }
            Body::ReadResponse(response) => {
                let file = match self.asked.remove(&key) {
                    Some(Asked::Read(fid)) => {
                        self.opened.read(fid, response.data.length);
                        Some(FileKey::Fid(fid))
                    }
                    Some(_) => None,
                    None => self.unseen(header.tid, &response.data),
                };
                if let Some(handle) =
                    file.and_then(|file| self.file(file, header, &response.data, false, scope))
                {
                    handle.read(response.data, Boundary::Start, more, scope);
                }
            }
            Body::TransactionResponse(part) => self.answered(header, key, part, more, memory, scope),
            // The answers to these have no body.
            Body::Empty | Body::Other
                if matches!(self.asked.get(&key), Some(Asked::Change(..) | Asked::Named(..))) =>
            {
                if let Some(asked) = self.asked.remove(&key) {
                    self.refused(header, asked, scope);
                }
            }
            _ => {}
        }
    }

    /// Takes the answer to something that has no other answer than a status.
    fn refused(&mut self, header: &Header, asked: Asked, scope: &mut Scope<'_>) {
        let answer = Some(answer(header, scope));
        match asked {
            Asked::Change(fid, change, asked) => self.opened.change(fid, &change, asked, answer, scope),
            Asked::Create(handle, mut file) => {
                file.identify(self.users.get(&header.uid));
                Asked::Create(handle, file).failed(answer, scope);
            }
            asked => asked.failed(answer, scope),
        }
    }

    /// Takes a step in setting up a session.
    fn set_up(&mut self, header: &Header, setup: &SessionSetupResponse<'_>, scope: &mut Scope<'_>) {
        let Some(logon) = &mut self.logon else { return };
        if let Some(token) = setup.token {
            logon.token(Side::Server, None, token.bytes, scope.at, scope.out.secrets());
        }
        if header.status.is_more_processing() {
            return;
        }
        if setup.is_guest() {
            logon.mark_guest();
        }
        scope.out.authenticated(logon, scope.version, Some(AuthResult::Accepted));
        if let Some(identity) = logon.identity() {
            self.users.insert(header.uid, Arc::clone(identity));
        }
        self.logon = None;
    }

    /// Takes a transaction, or its first part.
    fn transaction(
        &mut self,
        header: &Header,
        key: RequestKey,
        transaction: &TransactionRequest<'_>,
        memory: &mut Memory,
        scope: &mut Scope<'_>,
    ) {
        let Some((function, fid)) = transaction.pipe else {
            return self.ask(key, Asked::Nothing, memory, scope);
        };
        let mut request = Progress::default();
        self.ask(key, Asked::Nothing, memory, scope);
        if function.writes() {
            self.written(header, (key, fid), &mut request, &transaction.data, memory, scope);
        }
        let asked = Asked::Transaction { fid, function, request, response: Progress::default() };
        self.asked.insert(key, asked);
    }

    /// Takes a part of what a transaction writes.
    fn written(
        &mut self,
        header: &Header,
        (key, fid): (RequestKey, Fid),
        progress: &mut Progress,
        part: &TransactionData<'_>,
        memory: &mut Memory,
        scope: &mut Scope<'_>,
    ) {
        // Only pipes have such transactions.
        if self.file(FileKey::Fid(fid), header, &part.data, true, scope).is_none() {
            return;
        }
        let Self { files, parts, .. } = self;
        let Some(file) = files.get_mut(&FileKey::Fid(fid)) else { return };
        parts.push((key, Side::Client), progress, part, memory, |data, is_start| {
            file.handle.write(data, Boundary::of(is_start), scope);
        });
    }

    /// Takes a part of the answer to a transaction.
    fn answered(
        &mut self,
        header: &Header,
        key: RequestKey,
        part: &TransactionData<'_>,
        more: bool,
        memory: &mut Memory,
        scope: &mut Scope<'_>,
    ) {
        let (fid, function, request, mut progress) = match self.asked.remove(&key) {
            Some(Asked::Transaction { fid, function, request, response }) => {
                (fid, function, request, response)
            }
            Some(_) => return,
            None => {
                let file = self.unseen(header.tid, &part.data);
                if let Some(handle) = file.and_then(|file| self.file(file, header, &part.data, false, scope))
                {
                    handle.read(part.data, Boundary::of(part.displacement == 0), more, scope);
                }
                return;
            }
        };
        if !function.reads() {
            return;
        }
        if self.file(FileKey::Fid(fid), header, &part.data, true, scope).is_none() {
            return;
        }
        let Self { files, parts, asked, .. } = self;
        let Some(file) = files.get_mut(&FileKey::Fid(fid)) else { return };
        parts.push((key, Side::Server), &mut progress, part, memory, |data, is_start| {
            file.handle.read(data, Boundary::of(is_start), more, scope);
        });
        if progress.is_complete() {
            parts.forget(key, memory);
        } else {
            asked.insert(key, Asked::Transaction { fid, function, request, response: progress });
        }
    }

    /// Takes what a create has opened. `file` is what it asked for, when that was captured.
    fn created(
        &mut self,
        header: &Header,
        handle: Handle,
        file: Option<Box<OpenFile>>,
        response: &CreateResponse,
        scope: &mut Scope<'_>,
    ) {
        let tree = self.trees.kind(header.tid);
        let mut handle = handle.on_tree(tree);
        let is_file =
            tree == Some(TreeKind::Other) || !(response.resource_type.is_pipe() || handle.is_certain());
        if let Some(mut file) = file {
            file.identify(self.users.get(&header.uid));
            if is_file {
                file.opened(&response.file, answer(header, scope), scope);
                self.opened.insert(response.fid, file, scope);
            } else {
                file.was_pipe(Some(answer(header, scope)), scope);
            }
        }
        if is_file {
            return;
        }
        let pipe = handle.open(scope);
        if let Some(identity) = self.users.get(&header.uid) {
            scope.out.identify(pipe, identity);
        }
        self.insert(FileKey::Fid(response.fid), header, handle, scope);
    }

    /// The open file `key`. One that was not seen before is begun if it is a pipe: `certain` says that it is one,
    /// else its tree or the data tell.
    fn file(
        &mut self,
        key: FileKey,
        header: &Header,
        data: &Data<'_>,
        certain: bool,
        scope: &mut Scope<'_>,
    ) -> Option<&mut Handle> {
        if self.files.get(&key).is_none() {
            let tree = self.trees.kind(header.tid);
            let tree = if certain { Some(TreeKind::Pipes) } else { tree };
            let handle = Handle::default().on_tree(tree);
            if tree == Some(TreeKind::Other) || !handle.takes(data) {
                return None;
            }
            self.insert(key, header, handle, scope);
        }
        self.files.get_mut(&key).map(|file| &mut file.handle)
    }

    fn insert(&mut self, key: FileKey, header: &Header, handle: Handle, scope: &mut Scope<'_>) {
        if let Some(before) = self.files.remove(&key) {
            before.handle.close(scope);
        }
        if let Some(oldest) = self.files.insert(key, File { key, tid: header.tid, uid: header.uid, handle }) {
            oldest.handle.evict(scope);
        }
    }

    fn close_all(&mut self, is_gone: impl Fn(&File) -> bool, scope: &mut Scope<'_>) {
        let gone: Vec<_> = self.files.values().filter(|file| is_gone(file)).map(|file| file.key).collect();
        for file in gone.iter().filter_map(|key| self.files.remove(key)).collect::<Vec<_>>() {
            file.handle.close(scope);
        }
    }

    /// Where an answer belongs whose request was not captured: to the only open pipe, else to a pipe of its own.
    fn unseen(&self, tid: u16, data: &Data<'_>) -> Option<FileKey> {
        let own = FileKey::Unseen(tid);
        if self.files.len() == 1
            && let Some(only) = self.files.values().next()
        {
            return only.handle.may_answer(data).then_some(only.key);
        }
        let continues = self.files.get(&own).is_some_and(|file| file.handle.may_answer(data));
        (continues || is_rpc(data)).then_some(own)
    }

    /// Remembers a request. The oldest of too many is forgotten.
    fn ask(&mut self, key: RequestKey, asked: Asked, memory: &mut Memory, scope: &mut Scope<'_>) {
        self.parts.forget(key, memory);
        if let Some(forgotten) = self.asked.insert(key, asked) {
            forgotten.failed(None, scope);
        }
    }

    /// Remembers a request that does something to a file by its name.
    fn ask_named(
        &mut self,
        header: &Header,
        key: RequestKey,
        mut file: SmbFile,
        memory: &mut Memory,
        scope: &mut Scope<'_>,
    ) {
        file.identity = self.users.get(&header.uid).cloned();
        self.ask(key, Asked::Named(Box::new(file), scope.at), memory, scope);
    }
}
