//! Shares of SMB servers, and what clients do with the files and pipes in them.

use crate::{FrameNumber, Identity, Text, Timestamp};
use std::sync::Arc;

/// What a share holds ([MS-SMB2] 2.2.10).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum ShareType {
    /// Files.
    Disk,
    /// Named pipes.
    Pipe,
    /// A printer.
    Print,
    /// Something else.
    Other,
}

impl ShareType {
    /// The name used in output.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Disk => "disk",
            Self::Pipe => "pipe",
            Self::Print => "print",
            Self::Other => "other",
        }
    }
}

/// The share that something is in, and over which SMB session it was reached.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Share {
    /// The session: `SessionId` of SMB 2 and 3, `UID` of SMB 1.
    pub session_id: u64,
    /// The tree connect: `TreeId` of SMB 2 and 3, `TID` of SMB 1. `None` when the message does not say.
    pub tree_id: Option<u32>,
    /// Its name, such as `\\dc1\ADMIN$`, when the tree connect was seen.
    pub path: Option<Arc<str>>,
    /// What it holds, when the tree connect was seen.
    pub share_type: Option<ShareType>,
}

/// How an SMB server answered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SmbAnswer {
    /// NTSTATUS ([MS-ERREF] 2.3). Of the error classes of old servers, `ERRDOS` is written as the NTSTATUS that stands for
    /// a Win32 error, all others as `STATUS_UNSUCCESSFUL`.
    pub status: u32,
    /// When.
    pub time: Timestamp,
    /// In which frame.
    pub frame: FrameNumber,
}

impl SmbAnswer {
    /// Whether the request failed.
    pub const fn is_error(&self) -> bool {
        self.status >> 30 == 3
    }
}

/// A client connected to a share.
#[derive(Clone, PartialEq, Debug)]
pub struct SmbMapping {
    /// The share.
    pub share: Share,
    /// What an SMB 1 server calls its kind: `A:`, `IPC`, `LPT1:` or `COMM`.
    pub service: Option<Text>,
    /// The file system, as an SMB 1 server says.
    pub native_file_system: Option<Text>,
    /// What came back; `None` when no answer was seen.
    pub answer: Option<SmbAnswer>,
    /// Who did it.
    pub identity: Option<Arc<Identity>>,
}

/// A client opened a named pipe, or was refused.
#[derive(Clone, PartialEq, Debug)]
pub struct Pipe {
    /// The share, `IPC$`.
    pub share: Share,
    /// The name as calls on it have it: `\pipe\svcctl`.
    pub endpoint: Arc<str>,
    /// The name as the client wrote it.
    pub name: Text,
    /// Rights that the client asked for ([MS-SMB2] 2.2.13.1.1).
    pub access: u32,
    /// What came back; `None` when no answer was seen.
    pub answer: Option<SmbAnswer>,
    /// Who did it.
    pub identity: Option<Arc<Identity>>,
}

/// What was done to a file.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum FileAction {
    /// It was opened, or made.
    Open,
    /// It was written for the first time since it was opened.
    Write,
    /// It got another name.
    Rename,
    /// It was deleted, or is to be when it is closed.
    Delete,
    /// It was closed after it was read or written.
    Close,
}

impl FileAction {
    /// All of them.
    pub const ALL: &'static [Self] = &[Self::Open, Self::Write, Self::Rename, Self::Delete, Self::Close];

    /// The name used in output.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Write => "write",
            Self::Rename => "rename",
            Self::Delete => "delete",
            Self::Close => "close",
        }
    }
}

/// What a client wants when a file exists, and when it does not (`CreateDisposition`, [MS-SMB2] 2.2.13).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct Disposition(pub u32);

impl Disposition {
    /// The names of the known ones, by their number.
    pub const NAMES: &'static [&'static str] = &[
        "FILE_SUPERSEDE",
        "FILE_OPEN",
        "FILE_CREATE",
        "FILE_OPEN_IF",
        "FILE_OVERWRITE",
        "FILE_OVERWRITE_IF",
    ];

    /// The name of the standard.
    pub fn name(self) -> Option<&'static str> {
        Self::NAMES.get(usize::try_from(self.0).ok()?).copied()
    }
}

/// What a server did to open a file (`CreateAction`, [MS-SMB2] 2.2.14).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct CreateAction(pub u32);

impl CreateAction {
    /// The names of the known ones, by their number.
    pub const NAMES: &'static [&'static str] = &["superseded", "opened", "created", "overwritten"];

    /// The name used in output.
    pub fn name(self) -> Option<&'static str> {
        Self::NAMES.get(usize::try_from(self.0).ok()?).copied()
    }
}

/// When something happened to a file. `None` where the server does not say.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct FileTimes {
    /// It was made.
    pub created: Option<Timestamp>,
    /// It was last read or written.
    pub accessed: Option<Timestamp>,
    /// It was last written.
    pub modified: Option<Timestamp>,
    /// Its attributes or its data changed last.
    pub changed: Option<Timestamp>,
}

/// Something was done to a file or directory of a share.
#[derive(Clone, PartialEq, Debug)]
pub struct SmbFile {
    /// What.
    pub action: FileAction,
    /// Where.
    pub share: Share,
    /// Its name within the share; empty for the top directory. After a rename, the new one.
    pub name: Text,
    /// Its name before a rename.
    pub previous_name: Option<Text>,
    /// Whether it is a directory, when somebody said so.
    pub is_directory: Option<bool>,
    /// Rights that the client asked for when it opened it ([MS-SMB2] 2.2.13.1.1).
    pub access: Option<u32>,
    /// What the client wanted when it opened it.
    pub disposition: Option<Disposition>,
    /// Whether it is deleted when it is closed, as the client asked when it opened it.
    pub delete_on_close: bool,
    /// What the server did to open it.
    pub created: Option<CreateAction>,
    /// Its size when it was opened, in bytes.
    pub size: Option<u64>,
    /// When what had happened to it, when it was opened.
    pub times: FileTimes,
    /// Bytes that were read since it was opened.
    pub bytes_read: u64,
    /// Bytes that were written since it was opened.
    pub bytes_written: u64,
    /// What came back; `None` when no answer was seen, or is not waited for.
    pub answer: Option<SmbAnswer>,
    /// Who did it.
    pub identity: Option<Arc<Identity>>,
}
