//! Blocks of transactions, by which a client writes to a pipe and reads its answer in one.
//!
//! A transaction that is too long for one message goes on in others, in both directions: each tells the totals, and
//! where in the whole its part belongs (its displacement).

use super::{Block, CreateRequest, CreateResponse, Fid, SetInformationRequest};
use crate::utf16::{Encoding, Text};
use crate::{ByteOrder, Data, Reader};
use rpcscope_model::{CreateAction, ParseError};

/// What a transaction does to a pipe ([MS-CIFS] 2.2.5, first setup word). Unknown values survive.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct PipeFunction(pub u16);

/// The functions, by the names of the standard.
#[allow(missing_docs)]
impl PipeFunction {
    pub const RAW_READ: Self = Self(0x11);
    pub const PEEK: Self = Self(0x23);
    pub const TRANSACT: Self = Self(0x26);
    pub const RAW_WRITE: Self = Self(0x31);
    pub const READ: Self = Self(0x36);
    pub const WRITE: Self = Self(0x37);
    pub const WAIT: Self = Self(0x53);
    pub const CALL: Self = Self(0x54);

    /// Whether the data of the request is written to the pipe.
    pub const fn writes(self) -> bool {
        matches!(self, Self::TRANSACT | Self::RAW_WRITE | Self::WRITE)
    }

    /// Whether the data of the response was read from the pipe.
    pub const fn reads(self) -> bool {
        matches!(self, Self::TRANSACT | Self::RAW_READ | Self::READ)
    }
}

/// A part of the data of a transaction.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TransactionData<'a> {
    /// Bytes of data in the whole transaction. Later parts may lower it.
    pub total: usize,
    /// Where in the whole this part belongs, in bytes.
    pub displacement: usize,
    /// This part.
    pub data: Data<'a>,
}

/// A transaction request ([MS-CIFS] 2.2.4.33.1).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TransactionRequest<'a> {
    /// What it is for: `\PIPE\`, `\PIPE\LANMAN`, `\MAILSLOT\…`.
    pub name: Text<'a>,
    /// The function and the pipe, when there are setup words for them.
    pub pipe: Option<(PipeFunction, Fid)>,
    /// Parameters, none for named pipes.
    pub parameters: Data<'a>,
    /// Data.
    pub data: TransactionData<'a>,
}

impl<'a> TransactionRequest<'a> {
    pub(super) fn parse(block: &Block<'a>) -> Result<Self, ParseError> {
        let mut reader = block.parameters("smb1 transaction request")?;
        reader.skip("TotalParameterCount", 2)?;
        let total = usize::from(reader.u16("TotalDataCount")?);
        // Most parameters, data and setup words that the client takes; flags and timeout.
        reader.skip("MaxParameterCount", 2 + 2 + 2 + 2 + 4 + 2)?;
        let parameters = part(block, &mut reader, "Parameter")?;
        let data = part(block, &mut reader, "Data")?;
        let setup_count = reader.u8("SetupCount")?;
        reader.skip("Reserved", 1)?;
        let pipe = if setup_count >= 2 {
            Some((PipeFunction(reader.u16("Setup")?), Fid(reader.u16("Setup")?)))
        } else {
            None
        };
        let name = block.texts(0).next(block.message.header.encoding());
        Ok(Self { name, pipe, parameters, data: TransactionData { total, displacement: 0, data } })
    }
}

/// A transaction secondary request ([MS-CIFS] 2.2.4.34.1).
pub(super) fn secondary<'a>(block: &Block<'a>) -> Result<TransactionData<'a>, ParseError> {
    let mut reader = block.parameters("smb1 transaction secondary")?;
    reader.skip("TotalParameterCount", 2)?;
    let total = usize::from(reader.u16("TotalDataCount")?);
    reader.skip("ParameterCount", 6)?;
    let data = part(block, &mut reader, "Data")?;
    let displacement = usize::from(reader.u16("DataDisplacement")?);
    Ok(TransactionData { total, displacement, data })
}

/// A transaction response ([MS-CIFS] 2.2.4.33.2).
pub(super) fn response<'a>(block: &Block<'a>) -> Result<TransactionData<'a>, ParseError> {
    let mut reader = block.parameters("smb1 transaction response")?;
    reader.skip("TotalParameterCount", 2)?;
    let total = usize::from(reader.u16("TotalDataCount")?);
    reader.skip("Reserved", 2 + 6)?;
    let data = part(block, &mut reader, "Data")?;
    let displacement = usize::from(reader.u16("DataDisplacement")?);
    Ok(TransactionData { total, displacement, data })
}

fn part<'a>(block: &Block<'a>, reader: &mut Reader<'a>, field: &'static str) -> Result<Data<'a>, ParseError> {
    let length = reader.u16(field)?;
    let offset = reader.u16(field)?;
    Ok(block.part(usize::from(offset), usize::from(length)))
}

/// Reads a transaction2 request ([MS-CIFS] 2.2.4.46.1) that sets information of a file; `None` for other subcommands.
pub(super) fn set_file_information<'a>(
    block: &Block<'a>,
) -> Result<Option<SetInformationRequest<'a>>, ParseError> {
    const SET_FILE_INFORMATION: u16 = 8;
    let mut reader = block.parameters("smb1 transaction2 request")?;
    // Totals; most parameters, data and setup words that the client takes; flags and timeout.
    reader.skip("TotalParameterCount", 2 + 2 + 2 + 2 + 2 + 2 + 4 + 2)?;
    let parameters = part(block, &mut reader, "Parameter")?;
    let data = part(block, &mut reader, "Data")?;
    reader.skip("SetupCount", 2)?;
    if reader.u16("Subcommand")? != SET_FILE_INFORMATION {
        return Ok(None);
    }
    SetInformationRequest::parse(parameters, data).map(Some)
}

/// Reads an nt transact request that creates ([MS-CIFS] 2.2.4.62.1, 2.2.7.1.1); `None` for other functions.
pub(super) fn nt_transact_create<'a>(block: &Block<'a>) -> Result<Option<CreateRequest<'a>>, ParseError> {
    const LAYER: &str = "smb1 nt transact create request";
    const CREATE: u16 = 1;
    let mut reader = block.parameters(LAYER)?;
    reader.skip("MaxSetupCount", 1 + 2 + 4 + 4 + 4 + 4)?;
    let parameters = long_part(block, &mut reader)?;
    reader.skip("DataCount", 8 + 1)?;
    if reader.u16("Function")? != CREATE {
        return Ok(None);
    }
    let mut reader = Reader::new(LAYER, ByteOrder::Little, parameters.bytes);
    reader.skip("Flags", 4)?;
    let root = reader.u32("RootDirectoryFID")?;
    let desired_access = reader.u32("DesiredAccess")?;
    reader.skip("AllocationSize", 8 + 4 + 4)?;
    let disposition = reader.u32("CreateDisposition")?;
    let options = reader.u32("CreateOptions")?;
    reader.skip("SecurityDescriptorLength", 4 + 4)?;
    let name_length = usize::try_from(reader.u32("NameLength")?).unwrap_or(usize::MAX);
    reader.skip("ImpersonationLevel", 4 + 1)?;
    let encoding = block.message.header.encoding();
    let name = parameters.skip(reader.position());
    // Clients differ in whether they align the name, which would start at an odd offset; no name starts with a zero.
    let padding = usize::from(encoding == Encoding::Utf16 && name.bytes.first() == Some(&0));
    let name = Text::of(name.skip(padding).take(name_length), encoding);
    Ok(Some(CreateRequest { name, root, desired_access, disposition, options }))
}

/// Reads an nt transact response as that of a create ([MS-CIFS] 2.2.4.62.2, 2.2.7.1.2). Only the request tells whether
/// it is one.
pub(super) fn nt_transact_created(block: &Block<'_>) -> Result<CreateResponse, ParseError> {
    const LAYER: &str = "smb1 nt transact create response";
    let mut reader = block.parameters(LAYER)?;
    reader.skip("Reserved", 3 + 4 + 4)?;
    let parameters = long_part(block, &mut reader)?;
    let mut reader = Reader::new(LAYER, ByteOrder::Little, parameters.bytes);
    reader.skip("OpLockLevel", 2)?;
    let fid = Fid(reader.u16("FID")?);
    let action = CreateAction(reader.u32("CreateAction")?);
    reader.skip("EAErrorOffset", 4)?;
    let (file, resource_type) = super::file::opened(action, &mut reader)?;
    Ok(CreateResponse { fid, resource_type, file })
}

fn long_part<'a>(block: &Block<'a>, reader: &mut Reader<'a>) -> Result<Data<'a>, ParseError> {
    let length = usize::try_from(reader.u32("ParameterCount")?).unwrap_or(usize::MAX);
    let offset = usize::try_from(reader.u32("ParameterOffset")?).unwrap_or(usize::MAX);
    Ok(block.part(offset, length))
}
