//! Blocks that open, read, write and close files and pipes.

use super::Block;
use crate::utf16::Text;
use crate::{ByteOrder, Data, FileChange, FileInformation, FileInformationClass, Reader, file_times};
use rpcscope_model::{CreateAction, FileTimes, ParseError, Timestamp};

/// Names an open file or pipe within a connection ([MS-CIFS] 2.2.1.6.1).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct Fid(pub u16);

/// What an open has opened ([MS-CIFS] 2.2.4.64.2 `ResourceType`). Unknown values survive.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct ResourceType(pub u16);

impl ResourceType {
    /// A file or directory.
    pub const DISK: Self = Self(0);

    /// Whether it is a named pipe, of bytes (1) or of messages (2).
    pub const fn is_pipe(self) -> bool {
        matches!(self.0, 1 | 2)
    }
}

/// A request that opens: nt create andx ([MS-CIFS] 2.2.4.64.1), open andx (2.2.4.41.1), or nt transact create (2.2.7.1.1).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CreateRequest<'a> {
    /// Name within the share: `\svcctl` or `\PIPE\svcctl`.
    pub name: Text<'a>,
    /// The directory that the name is relative to; 0 for the share.
    pub root: u32,
    /// Rights asked for.
    pub desired_access: u32,
    /// What to do if it exists or not, as in SMB 2: 0 supersede, 1 open, 2 create, 3 open if, 4 overwrite, 5 overwrite if.
    pub disposition: u32,
    /// Options, such as 1 for a directory; 0 in an open andx.
    pub options: u32,
}

impl<'a> CreateRequest<'a> {
    pub(super) fn nt_create_andx(block: &Block<'a>) -> Result<Self, ParseError> {
        let mut reader = block.parameters("smb1 nt create request")?;
        reader.skip("Reserved", 1)?;
        let name_length = usize::from(reader.u16("NameLength")?);
        reader.skip("Flags", 4)?;
        let root = reader.u32("RootDirectoryFID")?;
        let desired_access = reader.u32("DesiredAccess")?;
        reader.skip("AllocationSize", 8 + 4 + 4)?;
        let disposition = reader.u32("CreateDisposition")?;
        let options = reader.u32("CreateOptions")?;
        let name = block.texts(0).counted(block.message.header.encoding(), name_length);
        Ok(Self { name, root, desired_access, disposition, options })
    }

    pub(super) fn open_andx(block: &Block<'a>) -> Result<Self, ParseError> {
        let mut reader = block.parameters("smb1 open request")?;
        reader.skip("Flags", 2)?;
        let desired_access = rights_of(reader.u16("AccessMode")?);
        reader.skip("SearchAttrs", 2 + 2 + 4)?;
        let disposition = disposition_of(reader.u16("OpenMode")?);
        let name = block.texts(0).next(block.message.header.encoding());
        Ok(Self { name, root: 0, desired_access, disposition, options: 0 })
    }
}

/// A response that has opened: nt create andx ([MS-CIFS] 2.2.4.64.2) or open andx (2.2.4.41.2).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CreateResponse {
    /// The open file or pipe.
    pub fid: Fid,
    /// What it is.
    pub resource_type: ResourceType,
    /// What is said of it, if it is a file.
    pub file: FileInformation,
}

impl CreateResponse {
    pub(super) fn nt_create_andx(block: &Block<'_>) -> Result<Self, ParseError> {
        let mut reader = block.parameters("smb1 nt create response")?;
        reader.skip("OpLockLevel", 1)?;
        let fid = Fid(reader.u16("FID")?);
        let action = CreateAction(reader.u32("CreateDisposition")?);
        let (file, resource_type) = opened(action, &mut reader)?;
        Ok(Self { fid, resource_type, file })
    }

    pub(super) fn open_andx(block: &Block<'_>) -> Result<Self, ParseError> {
        let mut reader = block.parameters("smb1 open response")?;
        let fid = Fid(reader.u16("FID")?);
        let attributes = u32::from(reader.u16("FileAttrs")?);
        let modified = seconds(reader.u32("LastWriteTime")?);
        let size = u64::from(reader.u32("FileDataSize")?);
        reader.skip("AccessRights", 2)?;
        let resource_type = ResourceType(reader.u16("ResourceType")?);
        reader.skip("NMPipeStatus", 2)?;
        // 1 opened, 2 created, 3 truncated; the highest bit says that there is a lock.
        let action = CreateAction(u32::from(reader.u16("OpenResults")? & 0x7fff));
        let times = FileTimes { modified, ..FileTimes::default() };
        Ok(Self { fid, resource_type, file: FileInformation { action, times, attributes, size } })
    }
}

/// Reads times, attributes, sizes and kind of what was opened ([MS-CIFS] 2.2.4.64.2, 2.2.7.1.2).
pub(super) fn opened(
    action: CreateAction,
    reader: &mut Reader<'_>,
) -> Result<(FileInformation, ResourceType), ParseError> {
    let times = file_times(reader)?;
    let attributes = reader.u32("ExtFileAttributes")?;
    reader.skip("AllocationSize", 8)?;
    let size = reader.u64("EndOfFile")?;
    let resource_type = ResourceType(reader.u16("ResourceType")?);
    Ok((FileInformation { action, times, attributes, size }, resource_type))
}

/// The rights that the access mode of an open andx stands for ([MS-CIFS] 2.2.4.41.1): read, write, both or execute.
const fn rights_of(access_mode: u16) -> u32 {
    // The generic rights of files ([MS-SMB2] 2.2.13.1.1), spelled out.
    match access_mode & 0x07 {
        0 => 0x0012_0089,
        1 => 0x0012_0116,
        2 => 0x0012_019f,
        _ => 0x0012_00a0,
    }
}

/// What the open mode of an open andx asks for ([MS-CIFS] 2.2.4.41.1): the low half for a file that exists (0 fail, 1
/// open, 2 truncate), the next bit for one that does not.
const fn disposition_of(open_mode: u16) -> u32 {
    match (open_mode & 0x03, open_mode & 0x10 != 0) {
        (0, _) => 2,
        (1, false) => 1,
        (1, true) => 3,
        (_, false) => 4,
        (_, true) => 5,
    }
}

/// A UTIME: seconds since 1970 ([MS-CIFS] 2.2.1.4.3), 0 for none.
fn seconds(time: u32) -> Option<Timestamp> {
    (time != 0).then(|| Timestamp::from_parts(time.into(), 0))
}

/// A request that deletes by name: delete ([MS-CIFS] 2.2.4.7.1), which takes wildcards, or delete directory (2.2.4.2.1).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct DeleteRequest<'a> {
    /// What to delete, within the share.
    pub name: Text<'a>,
    /// Whether it is a directory.
    pub is_directory: bool,
}

impl<'a> DeleteRequest<'a> {
    pub(super) fn parse(block: &Block<'a>, is_directory: bool) -> Self {
        let name = block.texts(BUFFER_FORMAT_BYTES).next(block.message.header.encoding());
        Self { name, is_directory }
    }
}

/// A request that renames by name: rename ([MS-CIFS] 2.2.4.8.1).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RenameRequest<'a> {
    /// What to rename, within the share.
    pub old: Text<'a>,
    /// What to call it.
    pub new: Text<'a>,
}

impl<'a> RenameRequest<'a> {
    pub(super) fn parse(block: &Block<'a>) -> Self {
        let encoding = block.message.header.encoding();
        let mut texts = block.texts(BUFFER_FORMAT_BYTES);
        let old = texts.next(encoding);
        texts.skip(BUFFER_FORMAT_BYTES);
        Self { old, new: texts.next(encoding) }
    }
}

/// A request that sets information of an open file ([MS-CIFS] 2.2.6.9.1).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SetInformationRequest<'a> {
    /// Of what.
    pub fid: Fid,
    /// What becomes of it; `None` when something else is set, or too little is there to tell.
    pub change: Option<FileChange<'a>>,
}

impl<'a> SetInformationRequest<'a> {
    pub(super) fn parse(parameters: Data<'a>, data: Data<'a>) -> Result<Self, ParseError> {
        /// Length of the handle of a directory, in bytes.
        const ROOT_BYTES: usize = 4;
        /// Levels from here on are the classes of [MS-FSCC] ([MS-SMB] 2.2.2.3.5).
        const PASS_THROUGH: u16 = 1000;
        const SET_FILE_DISPOSITION_INFO: u16 = 0x0102;
        let mut reader = Reader::new("smb1 set file information", ByteOrder::Little, parameters.bytes);
        let fid = Fid(reader.u16("FID")?);
        let class = match reader.u16("InformationLevel")? {
            SET_FILE_DISPOSITION_INFO => Some(FileInformationClass::DISPOSITION),
            level => level.checked_sub(PASS_THROUGH).map(FileInformationClass),
        };
        Ok(Self { fid, change: class.and_then(|class| FileChange::read(class, data, ROOT_BYTES)) })
    }
}

/// A request that closes ([MS-CIFS] 2.2.4.5.1) or reads ([MS-CIFS] 2.2.4.11.1, 2.2.4.42.1).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FidRequest {
    /// What to close or read.
    pub fid: Fid,
}

impl FidRequest {
    pub(super) fn parse(block: &Block<'_>) -> Result<Self, ParseError> {
        Ok(Self { fid: Fid(block.parameters("smb1 file request")?.u16("FID")?) })
    }
}

/// A response with what was read: read andx ([MS-CIFS] 2.2.4.42.2, [MS-SMB] 2.2.4.2.2) or read ([MS-CIFS] 2.2.4.11.2).
/// Which file it was is in the request only.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ReadResponse<'a> {
    /// What was read.
    pub data: Data<'a>,
}

impl<'a> ReadResponse<'a> {
    pub(super) fn read_andx(block: &Block<'a>) -> Result<Self, ParseError> {
        let mut reader = block.parameters("smb1 read response")?;
        reader.skip("Available", 6)?;
        let low = reader.u16("DataLength")?;
        let offset = usize::from(reader.u16("DataOffset")?);
        let high = reader.u16("DataLengthHigh")?;
        Ok(Self { data: block.part(offset, joined(high, low)) })
    }

    pub(super) fn read(block: &Block<'a>) -> Result<Self, ParseError> {
        let count = block.parameters("smb1 read response")?.u16("CountOfBytesReturned")?;
        Ok(Self { data: block.data.skip(BUFFER_HEADER_BYTES).take(usize::from(count)) })
    }
}

/// A request that writes: write andx ([MS-CIFS] 2.2.4.43.1, [MS-SMB] 2.2.4.3.1) or write ([MS-CIFS] 2.2.4.12.1).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct WriteRequest<'a> {
    /// What to write to.
    pub fid: Fid,
    /// What to write. For a pipe, without the length that old clients put before the first bytes of a message.
    pub data: Data<'a>,
}

impl<'a> WriteRequest<'a> {
    pub(super) fn write_andx(block: &Block<'a>) -> Result<Self, ParseError> {
        // RAW_MODE and MSG_START together: the message is preceded by its length, in 16 bits ([MS-CIFS] 2.2.4.43.1).
        const LENGTH_FIRST: u16 = 0x0004 | 0x0008;
        let mut reader = block.parameters("smb1 write request")?;
        let fid = Fid(reader.u16("FID")?);
        reader.skip("Offset", 4 + 4)?;
        let write_mode = reader.u16("WriteMode")?;
        reader.skip("Remaining", 2)?;
        let high = reader.u16("DataLengthHigh")?;
        let low = reader.u16("DataLength")?;
        let offset = usize::from(reader.u16("DataOffset")?);
        let data = block.part(offset, joined(high, low));
        let data = if write_mode & LENGTH_FIRST == LENGTH_FIRST { data.skip(2) } else { data };
        Ok(Self { fid, data })
    }

    pub(super) fn write(block: &Block<'a>) -> Result<Self, ParseError> {
        let mut reader: Reader<'a> = block.parameters("smb1 write request")?;
        let fid = Fid(reader.u16("FID")?);
        let count = usize::from(reader.u16("CountOfBytesToWrite")?);
        Ok(Self { fid, data: block.data.skip(BUFFER_HEADER_BYTES).take(count) })
    }
}

/// Buffer format, which stands before a name ([MS-CIFS] 2.2.2.5).
const BUFFER_FORMAT_BYTES: usize = 1;

/// Buffer format and length, which stand before the data of the old read and write.
const BUFFER_HEADER_BYTES: usize = 3;

fn joined(high: u16, low: u16) -> usize {
    usize::from(high) << 16 | usize::from(low)
}
