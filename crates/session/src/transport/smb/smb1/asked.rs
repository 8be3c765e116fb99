//! Requests that wait for their answer, and what they are about.

use super::super::files::{Change, Creation, OpenFile, named, text};
use super::super::handle::{Handle, Scope, TreeKind};
use super::super::join::Progress;
use crate::At;
use rpcscope_model::{EventBody, FileAction, Share, SmbAnswer, SmbFile};
use rpcscope_wire::smb1::{CreateRequest, DeleteRequest, Fid, Header, PipeFunction, RenameRequest, Status};

/// Names an open file within the connection.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) enum FileKey {
    /// As the server does.
    Fid(Fid),
    /// Whatever answers of this tree come from, whose requests were not captured.
    Unseen(u16),
}

#[derive(Debug)]
pub(super) struct File {
    pub(super) key: FileKey,
    pub(super) tid: u16,
    pub(super) uid: u16,
    pub(super) handle: Handle,
}

/// Pairs requests with responses ([MS-CIFS] 3.2.4.1.5).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) struct RequestKey {
    pub(super) mid: u16,
    pub(super) pid: u32,
    pub(super) uid: u16,
    pub(super) tid: u16,
}

impl RequestKey {
    pub(super) const fn of(header: &Header) -> Self {
        Self { mid: header.mid, pid: header.pid, uid: header.uid, tid: header.tid }
    }
}

/// A request that waits for its answer.
#[derive(Debug)]
pub(super) enum Asked {
    Create(Handle, Box<OpenFile>),
    Read(Fid),
    Close(Fid, At),
    Change(Fid, Change, At),
    /// Something that is done to a file by its name.
    Named(Box<SmbFile>, At),
    Transaction {
        fid: Fid,
        function: PipeFunction,
        request: Progress,
        response: Progress,
    },
    /// Something of which nothing is to be told.
    Nothing,
}

impl Asked {
    /// A create that asks for something in `share`.
    pub(super) fn create(create: &CreateRequest<'_>, share: Share, scope: &Scope<'_>) -> Self {
        let CreateRequest { name, desired_access: access, disposition, options, .. } = *create;
        let tree = TreeKind::of(&share);
        let creation = Creation { name, access, disposition, options };
        let file = OpenFile::asked(&creation, share, scope.at);
        Self::Create(Handle::named(file.name()).on_tree(tree), file)
    }

    /// Reports what its answer would have told of, when no answer will come, or none that says more than `answer`.
    pub(super) fn failed(self, answer: Option<SmbAnswer>, scope: &mut Scope<'_>) {
        match self {
            Self::Create(handle, file) => {
                if handle.is_certain() {
                    file.was_pipe(answer, scope);
                } else {
                    file.failed(answer, scope);
                }
            }
            Self::Named(mut file, at) => {
                file.answer = answer;
                scope.out.tell(scope.version, at, EventBody::SmbFile(file));
            }
            _ => {}
        }
    }
}

/// A deletion by name, to be told when it is answered.
pub(super) fn deletion(delete: &DeleteRequest<'_>, share: Share) -> SmbFile {
    let file = named(FileAction::Delete, share, text(&delete.name));
    SmbFile { is_directory: Some(delete.is_directory), ..file }
}

/// A renaming by name, to be told when it is answered.
pub(super) fn renaming(rename: &RenameRequest<'_>, share: Share) -> SmbFile {
    let file = named(FileAction::Rename, share, text(&rename.new));
    SmbFile { previous_name: Some(text(&rename.old)), ..file }
}

/// How the server answers, and when.
pub(super) const fn answer(header: &Header, scope: &Scope<'_>) -> SmbAnswer {
    SmbAnswer { status: status(header.status), time: scope.at.time, frame: scope.at.frame }
}

/// The NTSTATUS that stands for a status.
const fn status(status: Status) -> u32 {
    /// `ERRDOS`, whose codes are those of Win32 ([MS-CIFS] 2.2.2.4).
    const ERRDOS: u8 = 1;
    /// `STATUS_UNSUCCESSFUL`.
    const UNSUCCESSFUL: u32 = 0xc000_0001;
    match status {
        Status::Nt(status) => status,
        Status::Dos { class: 0, .. } => 0,
        // NTSTATUS_FROM_WIN32 ([MS-ERREF] 2.3).
        Status::Dos { class: ERRDOS, code } => 0xc007_0000 | code as u32,
        Status::Dos { .. } => UNSUCCESSFUL,
    }
}
