//! Messages of SMB 1: which of them open, use and close pipes.

use super::handle::{Handle, Scope, TreeKind, is_rpc, is_undecided};
use super::join::{Parts, Progress};
use super::packets::{Memory, Need};
use super::{Boundary, malformed};
use crate::bounded::Bounded;
use crate::logon::Logon;
use rpcscope_model::{AnomalyKind, AuthResult, Identity, Limits, Side};
use rpcscope_wire::Data;
use rpcscope_wire::smb1::{
    Body, Command, CreateResponse, Fid, Header, Message, PipeFunction, SessionSetupRequest,
    SessionSetupResponse, TransactionData, TransactionRequest,
};
use std::sync::Arc;

/// Trees remembered on one connection.
const MAX_TREES: usize = 256;

/// What is known of the SMB 1 messages of one connection.
#[derive(Debug)]
pub(super) struct Smb1 {
    trees: Bounded<u16, TreeKind>,
    files: Bounded<FileKey, File>,
    asked: Bounded<RequestKey, Asked>,
    parts: Parts<RequestKey>,
    /// The session that is being set up: clients do so one after the other.
    logon: Option<Box<Logon>>,
    /// Who the users of the connection are, by their UID.
    users: Bounded<u16, Arc<Identity>>,
}

/// Users remembered on one connection: terminal servers have many.
const MAX_USERS: usize = 64;

/// Names an open file within the connection.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum FileKey {
    /// As the server does.
    Fid(Fid),
    /// Whatever answers of this tree come from, whose requests were not captured.
    Unseen(u16),
}

#[derive(Debug)]
struct File {
    key: FileKey,
    tid: u16,
    uid: u16,
    handle: Handle,
}

/// Pairs requests with responses ([MS-CIFS] 3.2.4.1.5).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
struct RequestKey {
    mid: u16,
    pid: u32,
    uid: u16,
    tid: u16,
}

/// A request that waits for its answer.
#[derive(Debug)]
enum Asked {
    Create(Handle),
    Read(Fid),
    Close(Fid),
    Transaction {
        fid: Fid,
        function: PipeFunction,
        request: Progress,
        response: Progress,
    },
    /// Something about files, which are no pipes.
    Nothing,
}

impl Smb1 {
    pub(super) fn new(limits: &Limits) -> Self {
        Self {
            trees: Bounded::new(MAX_TREES),
            files: Bounded::new(limits.pipes),
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
        let tree = self.trees.get(&message.header.tid).copied();
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
        let is_file = self.trees.get(&header.tid) == Some(&TreeKind::Other);
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
            Body::CreateRequest(create) => {
                let handle = Handle::named(create.name.to_string());
                self.ask(key, if is_file { Asked::Nothing } else { Asked::Create(handle) }, memory);
            }
            Body::CloseRequest(close) => self.ask(key, Asked::Close(close.fid), memory),
            Body::ReadRequest(read) => {
                self.ask(key, if is_file { Asked::Nothing } else { Asked::Read(read.fid) }, memory);
            }
            Body::WriteRequest(write) => {
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
            self.asked.remove(&key);
            self.parts.forget(key, memory);
            return;
        }
        let more = header.status.is_more_data();
        match body {
            Body::SessionSetupResponse(setup) => self.set_up(header, setup, scope),
            Body::TreeConnectResponse(response) => {
                if let Some(holds_pipes) = response.holds_pipes() {
                    let kind = if holds_pipes { TreeKind::Pipes } else { TreeKind::Other };
                    self.trees.insert(header.tid, kind);
                }
            }
            Body::TreeDisconnectResponse => {
                self.trees.remove(&header.tid);
                self.close_all(|file| file.tid == header.tid, scope);
            }
            Body::LogoffResponse => {
                self.users.remove(&header.uid);
                self.close_all(|file| file.uid == header.uid, scope);
            }
            Body::CreateResponse(response) => match self.asked.remove(&key) {
                Some(Asked::Create(handle)) => self.opened(header, handle, response, scope),
                None if response.resource_type.is_pipe() => {
                    self.opened(header, Handle::default(), response, scope);
                }
                _ => {}
            },
            Body::NtTransactResponse(response) => {
                if let Some(Asked::Create(handle)) = self.asked.remove(&key) {
                    self.opened(header, handle, response, scope);
                }
            }
            Body::CloseResponse => {
                if let Some(Asked::Close(fid)) = self.asked.remove(&key)
                    && let Some(file) = self.files.remove(&FileKey::Fid(fid))
                {
                    file.handle.close(scope);
                }
            }
            Body::ReadResponse(response) => {
                let file = match self.asked.remove(&key) {
                    Some(Asked::Read(fid)) => Some(FileKey::Fid(fid)),
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
            _ => {}
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
            return self.ask(key, Asked::Nothing, memory);
        };
        let mut request = Progress::default();
        self.ask(key, Asked::Nothing, memory);
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
            file.handle.write(data, boundary(is_start), scope);
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
                    handle.read(part.data, boundary(part.displacement == 0), more, scope);
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
            file.handle.read(data, boundary(is_start), more, scope);
        });
        if progress.is_complete() {
            parts.forget(key, memory);
        } else {
            asked.insert(key, Asked::Transaction { fid, function, request, response: progress });
        }
    }

    /// Notes that a create has succeeded.
    fn opened(&mut self, header: &Header, handle: Handle, response: &CreateResponse, scope: &mut Scope<'_>) {
        let tree = self.trees.get(&header.tid).copied();
        let mut handle = handle.on_tree(tree);
        if tree == Some(TreeKind::Other) || !(response.resource_type.is_pipe() || handle.is_certain()) {
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
            let tree = self.trees.get(&header.tid).copied();
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
    fn ask(&mut self, key: RequestKey, asked: Asked, memory: &mut Memory) {
        self.parts.forget(key, memory);
        self.asked.insert(key, asked);
    }
}

impl RequestKey {
    const fn of(header: &Header) -> Self {
        Self { mid: header.mid, pid: header.pid, uid: header.uid, tid: header.tid }
    }
}

const fn boundary(is_start: bool) -> Boundary {
    if is_start { Boundary::Start } else { Boundary::Continues }
}
