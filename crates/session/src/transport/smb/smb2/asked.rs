//! Requests that wait for their answer.

use super::super::files::{Change, Creation, OpenFile};
use super::super::handle::{Handle, Scope, TreeKind};
use super::super::tell_mapping;
use crate::At;
use crate::logon::Logon;
use rpcscope_model::{Share, SmbMapping};
use rpcscope_wire::smb2::{CreateRequest, FileId, IoctlResponse, ShareType};

/// A request that waits for its answer.
#[derive(Debug)]
pub(super) struct Asked {
    /// When it came.
    pub(super) at: At,
    pub(super) session_id: u64,
    pub(super) tree: Option<u32>,
    pub(super) what: What,
}

#[derive(Debug)]
pub(super) enum What {
    Session {
        /// Not one of more steps to set up, or to set up anew, a session that has a number.
        begins: bool,
        logon: Box<Logon>,
    },
    Tree(Box<SmbMapping>),
    Create {
        handle: Handle,
        file: Box<OpenFile>,
        /// Another request of its compound uses what it opens.
        inherited: bool,
    },
    /// What a create, answered already, has opened: kept for the other answers of its compound.
    Created(FileId),
    Read(Target),
    Transceive(Target),
    Change(Target, Change),
    Close(Target),
    /// Something of which nothing is to be told.
    Nothing,
}

/// What a request of a compound is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Target {
    File(FileId),
    /// What the create with this message id opens.
    CreatedBy(u64),
    Unknown,
}

/// What a related request inherits from the one before it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Inherited {
    pub(super) session_id: u64,
    pub(super) tree: Option<u32>,
    pub(super) target: Target,
}

impl What {
    /// A create that asks for something in `share`.
    pub(super) fn create(create: &CreateRequest<'_>, share: Share, scope: &Scope<'_>) -> Self {
        let CreateRequest { name, desired_access: access, disposition, options, .. } = *create;
        let tree = TreeKind::of(&share);
        let creation = Creation { name, access, disposition, options };
        let file = OpenFile::asked(&creation, share, scope.at);
        Self::Create { handle: Handle::named(file.name()).on_tree(tree), file, inherited: false }
    }

    /// Reports what its answer would have told of, when no answer will come.
    pub(super) fn forget(self, scope: &mut Scope<'_>) {
        match self {
            Self::Create { handle, file, .. } => {
                if handle.is_certain() {
                    file.was_pipe(None, scope);
                } else {
                    file.failed(None, scope);
                }
                handle.close(scope);
            }
            Self::Tree(mapping) => tell_mapping(mapping, None, scope),
            Self::Session { mut logon, .. } => scope.out.authenticated(&mut logon, scope.version, None),
            _ => {}
        }
    }

    pub(super) const fn target(&self) -> Option<Target> {
        match self {
            Self::Read(target) | Self::Transceive(target) | Self::Change(target, _) | Self::Close(target) => {
                Some(*target)
            }
            _ => None,
        }
    }
}

/// What a file id in a request stands for.
pub(super) fn target(file_id: FileId, inherited: Target) -> Target {
    if file_id.is_inherited() { inherited } else { Target::File(file_id) }
}

/// The file that an ioctl response names.
pub(super) fn named_file(response: &IoctlResponse<'_>) -> Option<FileId> {
    let file_id = response.file_id;
    let is_named = !file_id.is_inherited() && (file_id.persistent | file_id.volatile) != 0;
    is_named.then_some(file_id)
}

/// What a share holds.
pub(super) const fn share_type(share_type: ShareType) -> rpcscope_model::ShareType {
    match share_type {
        ShareType::DISK => rpcscope_model::ShareType::Disk,
        ShareType::PIPE => rpcscope_model::ShareType::Pipe,
        ShareType::PRINT => rpcscope_model::ShareType::Print,
        _ => rpcscope_model::ShareType::Other,
    }
}
