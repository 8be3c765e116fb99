//! Bodies of file system controls, which also carry a write and a read of a pipe in one.

use super::{FileId, Message};
use crate::Data;
use rpcscope_model::ParseError;

/// Which control ([MS-SMB2] 2.2.31). Unknown values survive.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct ControlCode(pub u32);

impl ControlCode {
    /// Writes to a pipe and reads the answer ([MS-FSCC] 2.3, `FSCTL_PIPE_TRANSCEIVE`).
    pub const PIPE_TRANSCEIVE: Self = Self(0x0011_c017);
    /// Waits for an instance of a pipe (`FSCTL_PIPE_WAIT`).
    pub const PIPE_WAIT: Self = Self(0x0011_0018);
    /// Looks at what can be read from a pipe (`FSCTL_PIPE_PEEK`).
    pub const PIPE_PEEK: Self = Self(0x0011_400c);
}

/// Body of an ioctl request ([MS-SMB2] 2.2.31).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct IoctlRequest<'a> {
    /// Which control.
    pub control_code: ControlCode,
    /// On what.
    pub file_id: FileId,
    /// What goes to the server.
    pub input: Data<'a>,
    /// Most bytes that the client takes as output.
    pub max_output_response: u32,
}

impl<'a> IoctlRequest<'a> {
    pub(super) fn parse(message: &Message<'a>) -> Result<Self, ParseError> {
        let mut reader = message.reader("smb2 ioctl request", 57)?;
        reader.skip("Reserved", 2)?;
        let control_code = ControlCode(reader.u32("CtlCode")?);
        let file_id = FileId::read(&mut reader)?;
        let input = message.long_field(&mut reader, "Input")?;
        reader.skip("MaxInputResponse", 4 + 8)?;
        let max_output_response = reader.u32("MaxOutputResponse")?;
        Ok(Self { control_code, file_id, input, max_output_response })
    }
}

/// Body of an ioctl response ([MS-SMB2] 2.2.32).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct IoctlResponse<'a> {
    /// Which control.
    pub control_code: ControlCode,
    /// On what.
    pub file_id: FileId,
    /// The input that some servers send back; never an answer.
    pub input: Data<'a>,
    /// The answer.
    pub output: Data<'a>,
}

impl<'a> IoctlResponse<'a> {
    pub(super) fn parse(message: &Message<'a>) -> Result<Self, ParseError> {
        let mut reader = message.reader("smb2 ioctl response", 49)?;
        reader.skip("Reserved", 2)?;
        let control_code = ControlCode(reader.u32("CtlCode")?);
        let file_id = FileId::read(&mut reader)?;
        let input = message.long_field(&mut reader, "Input")?;
        let output = message.long_field(&mut reader, "Output")?;
        Ok(Self { control_code, file_id, input, output })
    }
}
