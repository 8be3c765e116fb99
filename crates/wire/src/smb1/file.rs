//! Blocks that open, read, write and close files and pipes.

use super::Block;
use crate::utf16::Text;
use crate::{Data, Reader};
use rpcscope_model::ParseError;

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
    /// Rights asked for; the access mode in an open andx.
    pub desired_access: u32,
    /// What to do if it exists or not; the open mode in an open andx.
    pub disposition: u32,
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
        let name = block.texts(0).counted(block.message.header.encoding(), name_length);
        Ok(Self { name, root, desired_access, disposition })
    }

    pub(super) fn open_andx(block: &Block<'a>) -> Result<Self, ParseError> {
        let mut reader = block.parameters("smb1 open request")?;
        reader.skip("Flags", 2)?;
        let desired_access = u32::from(reader.u16("AccessMode")?);
        reader.skip("SearchAttrs", 2 + 2 + 4)?;
        let disposition = u32::from(reader.u16("OpenMode")?);
        let name = block.texts(0).next(block.message.header.encoding());
        Ok(Self { name, root: 0, desired_access, disposition })
    }
}

/// A response that has opened: nt create andx ([MS-CIFS] 2.2.4.64.2) or open andx (2.2.4.41.2).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CreateResponse {
    /// The open file or pipe.
    pub fid: Fid,
    /// What it is.
    pub resource_type: ResourceType,
}

impl CreateResponse {
    pub(super) fn nt_create_andx(block: &Block<'_>) -> Result<Self, ParseError> {
        let mut reader = block.parameters("smb1 nt create response")?;
        reader.skip("OpLockLevel", 1)?;
        let fid = Fid(reader.u16("FID")?);
        reader.skip("CreateDisposition", 4 + 32 + 4 + 8 + 8)?;
        Ok(Self { fid, resource_type: ResourceType(reader.u16("ResourceType")?) })
    }

    pub(super) fn open_andx(block: &Block<'_>) -> Result<Self, ParseError> {
        let mut reader = block.parameters("smb1 open response")?;
        let fid = Fid(reader.u16("FID")?);
        reader.skip("FileAttrs", 2 + 4 + 4 + 2)?;
        Ok(Self { fid, resource_type: ResourceType(reader.u16("ResourceType")?) })
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

/// Buffer format and length, which stand before the data of the old read and write.
const BUFFER_HEADER_BYTES: usize = 3;

fn joined(high: u16, low: u16) -> usize {
    usize::from(high) << 16 | usize::from(low)
}
