//! Bodies that open, read, write and close files and pipes.

use super::Message;
use crate::utf16::{Encoding, Text};
use crate::{Data, FileChange, FileInformation, FileInformationClass, Reader, file_times};
use rpcscope_model::{CreateAction, ParseError};

/// Names an open file or pipe within a session ([MS-SMB2] 2.2.14.1).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct FileId {
    /// Survives a reconnect.
    pub persistent: u64,
    /// Names the open within the session.
    pub volatile: u64,
}

impl FileId {
    /// The file of the message before it in a compound ([MS-SMB2] 3.3.5.2.7.2).
    pub const INHERITED: Self = Self { persistent: u64::MAX, volatile: u64::MAX };

    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, ParseError> {
        Ok(Self { persistent: reader.u64("FileId")?, volatile: reader.u64("FileId")? })
    }

    /// Whether it stands for the file of the message before it.
    pub fn is_inherited(&self) -> bool {
        *self == Self::INHERITED
    }
}

/// Body of a create request ([MS-SMB2] 2.2.13).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CreateRequest<'a> {
    /// Name within the share: `svcctl`, not `\PIPE\svcctl`.
    pub name: Text<'a>,
    /// How far the server may act as the client: 0 anonymous, 1 identification, 2 impersonation, 3 delegate.
    pub impersonation_level: u32,
    /// Rights asked for.
    pub desired_access: u32,
    /// 0 supersede, 1 open, 2 create, 3 open if, 4 overwrite, 5 overwrite if.
    pub disposition: u32,
    /// Options, such as 1 for a directory.
    pub options: u32,
}

impl<'a> CreateRequest<'a> {
    pub(super) fn parse(message: &Message<'a>) -> Result<Self, ParseError> {
        let mut reader = message.reader("smb2 create request", 57)?;
        reader.skip("RequestedOplockLevel", 2)?;
        let impersonation_level = reader.u32("ImpersonationLevel")?;
        reader.skip("SmbCreateFlags", 16)?;
        let desired_access = reader.u32("DesiredAccess")?;
        reader.skip("FileAttributes", 8)?;
        let disposition = reader.u32("CreateDisposition")?;
        let options = reader.u32("CreateOptions")?;
        let name = Text::of(message.short_field(&mut reader, "Name")?, Encoding::Utf16);
        Ok(Self { name, impersonation_level, desired_access, disposition, options })
    }
}

/// Body of a create response ([MS-SMB2] 2.2.14).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CreateResponse {
    /// What was opened. All zero for a pipe, of which servers say nothing.
    pub file: FileInformation,
    /// The open file.
    pub file_id: FileId,
}

impl CreateResponse {
    pub(super) fn parse(message: &Message<'_>) -> Result<Self, ParseError> {
        let mut reader = message.reader("smb2 create response", 89)?;
        reader.skip("OplockLevel", 2)?;
        let action = CreateAction(reader.u32("CreateAction")?);
        let times = file_times(&mut reader)?;
        reader.skip("AllocationSize", 8)?;
        let size = reader.u64("EndofFile")?;
        let attributes = reader.u32("FileAttributes")?;
        reader.skip("Reserved2", 4)?;
        let file_id = FileId::read(&mut reader)?;
        Ok(Self { file: FileInformation { action, times, attributes, size }, file_id })
    }
}

/// Body of a close request ([MS-SMB2] 2.2.15).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CloseRequest {
    /// What to close.
    pub file_id: FileId,
}

impl CloseRequest {
    pub(super) fn parse(message: &Message<'_>) -> Result<Self, ParseError> {
        let mut reader = message.reader("smb2 close request", 24)?;
        reader.skip("Flags", 6)?;
        Ok(Self { file_id: FileId::read(&mut reader)? })
    }
}

/// Body of a set info request ([MS-SMB2] 2.2.39).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SetInfoRequest<'a> {
    /// Of what.
    pub file_id: FileId,
    /// What becomes of it; `None` when something else is set, or too little is there to tell.
    pub change: Option<FileChange<'a>>,
}

impl<'a> SetInfoRequest<'a> {
    pub(super) fn parse(message: &Message<'a>) -> Result<Self, ParseError> {
        /// Length of the handle of a directory, in bytes.
        const ROOT_BYTES: usize = 8;
        const FILE: u8 = 1;
        let mut reader = message.reader("smb2 set info request", 33)?;
        let info_type = reader.u8("InfoType")?;
        let class = FileInformationClass(reader.u8("FileInfoClass")?.into());
        let length = usize::try_from(reader.u32("BufferLength")?).unwrap_or(usize::MAX);
        let offset = usize::from(reader.u16("BufferOffset")?);
        reader.skip("Reserved", 2 + 4)?;
        let file_id = FileId::read(&mut reader)?;
        let buffer = message.field(offset, length);
        let change = if info_type == FILE { FileChange::read(class, buffer, ROOT_BYTES) } else { None };
        Ok(Self { file_id, change })
    }
}

/// Body of a read request ([MS-SMB2] 2.2.19).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ReadRequest {
    /// How many bytes to read at most.
    pub length: u32,
    /// Where in the file; 0 for pipes.
    pub offset: u64,
    /// What to read.
    pub file_id: FileId,
}

impl ReadRequest {
    pub(super) fn parse(message: &Message<'_>) -> Result<Self, ParseError> {
        let mut reader = message.reader("smb2 read request", 49)?;
        reader.skip("Padding", 2)?;
        let length = reader.u32("Length")?;
        let offset = reader.u64("Offset")?;
        let file_id = FileId::read(&mut reader)?;
        Ok(Self { length, offset, file_id })
    }
}

/// Body of a read response ([MS-SMB2] 2.2.20). Which file was read is in the request only.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ReadResponse<'a> {
    /// What was read.
    pub data: Data<'a>,
}

impl<'a> ReadResponse<'a> {
    pub(super) fn parse(message: &Message<'a>) -> Result<Self, ParseError> {
        let mut reader = message.reader("smb2 read response", 17)?;
        let offset = usize::from(reader.u8("DataOffset")?);
        reader.skip("Reserved", 1)?;
        let length = usize::try_from(reader.u32("DataLength")?).unwrap_or(usize::MAX);
        Ok(Self { data: message.field(offset, length) })
    }
}

/// Body of a write request ([MS-SMB2] 2.2.21).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct WriteRequest<'a> {
    /// Where in the file; 0 for pipes.
    pub offset: u64,
    /// What to write to.
    pub file_id: FileId,
    /// What to write.
    pub data: Data<'a>,
}

impl<'a> WriteRequest<'a> {
    pub(super) fn parse(message: &Message<'a>) -> Result<Self, ParseError> {
        let mut reader = message.reader("smb2 write request", 49)?;
        let data_offset = usize::from(reader.u16("DataOffset")?);
        let length = usize::try_from(reader.u32("Length")?).unwrap_or(usize::MAX);
        let offset = reader.u64("Offset")?;
        let file_id = FileId::read(&mut reader)?;
        Ok(Self { offset, file_id, data: message.field(data_offset, length) })
    }
}

/// Body of a write response ([MS-SMB2] 2.2.22).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct WriteResponse {
    /// Bytes written.
    pub count: u32,
}

impl WriteResponse {
    pub(super) fn parse(message: &Message<'_>) -> Result<Self, ParseError> {
        let mut reader = message.reader("smb2 write response", 17)?;
        reader.skip("Reserved", 2)?;
        Ok(Self { count: reader.u32("Count")? })
    }
}
