//! Which body a message has.

use super::{
    CloseRequest, Command, CreateRequest, CreateResponse, IoctlRequest, IoctlResponse, Message,
    NegotiateRequest, NegotiateResponse, ReadRequest, ReadResponse, SessionSetupRequest,
    SessionSetupResponse, SetInfoRequest, TreeConnectRequest, TreeConnectResponse, WriteRequest,
    WriteResponse,
};
use crate::{ByteOrder, Reader};
use rpcscope_model::ParseError;

/// The body of a message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs)]
pub enum Body<'a> {
    NegotiateRequest(NegotiateRequest<'a>),
    NegotiateResponse(NegotiateResponse<'a>),
    SessionSetupRequest(SessionSetupRequest<'a>),
    SessionSetupResponse(SessionSetupResponse<'a>),
    LogoffRequest,
    LogoffResponse,
    TreeConnectRequest(TreeConnectRequest<'a>),
    TreeConnectResponse(TreeConnectResponse),
    TreeDisconnectRequest,
    TreeDisconnectResponse,
    CreateRequest(CreateRequest<'a>),
    CreateResponse(CreateResponse),
    CloseRequest(CloseRequest),
    CloseResponse,
    ReadRequest(ReadRequest),
    ReadResponse(ReadResponse<'a>),
    WriteRequest(WriteRequest<'a>),
    WriteResponse(WriteResponse),
    IoctlRequest(IoctlRequest<'a>),
    IoctlResponse(IoctlResponse<'a>),
    SetInfoRequest(SetInfoRequest<'a>),
    SetInfoResponse,
    /// The request failed, or its answer will come later; the header says which.
    ErrorResponse,
    /// A command that says nothing about pipes and files.
    Other,
}

impl<'a> Message<'a> {
    /// Reads the body.
    ///
    /// Fixed fields must be there; of fields of variable length, what is there is given with their declared length.
    pub fn body(&self) -> Result<Body<'a>, ParseError> {
        if self.header.is_response() { self.response() } else { self.request() }
    }

    fn request(&self) -> Result<Body<'a>, ParseError> {
        Ok(match self.header.command {
            Command::NEGOTIATE => Body::NegotiateRequest(NegotiateRequest::parse(self)?),
            Command::SESSION_SETUP => Body::SessionSetupRequest(SessionSetupRequest::parse(self)?),
            Command::LOGOFF => Body::LogoffRequest,
            Command::TREE_CONNECT => Body::TreeConnectRequest(TreeConnectRequest::parse(self)?),
            Command::TREE_DISCONNECT => Body::TreeDisconnectRequest,
            Command::CREATE => Body::CreateRequest(CreateRequest::parse(self)?),
            Command::CLOSE => Body::CloseRequest(CloseRequest::parse(self)?),
            Command::READ => Body::ReadRequest(ReadRequest::parse(self)?),
            Command::WRITE => Body::WriteRequest(WriteRequest::parse(self)?),
            Command::IOCTL => Body::IoctlRequest(IoctlRequest::parse(self)?),
            Command::SET_INFO => Body::SetInfoRequest(SetInfoRequest::parse(self)?),
            _ => Body::Other,
        })
    }

    fn response(&self) -> Result<Body<'a>, ParseError> {
        if self.is_error_response()? {
            return Ok(Body::ErrorResponse);
        }
        Ok(match self.header.command {
            Command::NEGOTIATE => Body::NegotiateResponse(NegotiateResponse::parse(self)?),
            Command::SESSION_SETUP => Body::SessionSetupResponse(SessionSetupResponse::parse(self)?),
            Command::LOGOFF => Body::LogoffResponse,
            Command::TREE_CONNECT => Body::TreeConnectResponse(TreeConnectResponse::parse(self)?),
            Command::TREE_DISCONNECT => Body::TreeDisconnectResponse,
            Command::CREATE => Body::CreateResponse(CreateResponse::parse(self)?),
            Command::CLOSE => Body::CloseResponse,
            Command::READ => Body::ReadResponse(ReadResponse::parse(self)?),
            Command::WRITE => Body::WriteResponse(WriteResponse::parse(self)?),
            Command::IOCTL => Body::IoctlResponse(IoctlResponse::parse(self)?),
            Command::SET_INFO => Body::SetInfoResponse,
            _ => Body::Other,
        })
    }

    /// Whether the body is that of an error ([MS-SMB2] 2.2.2).
    ///
    /// The status alone does not tell: a warning such as `STATUS_BUFFER_OVERFLOW` comes with the usual body. An error
    /// body has a structure size of 9, and so have three others, of which only session setup matters here.
    fn is_error_response(&self) -> Result<bool, ParseError> {
        use super::Status;
        let status = self.header.status;
        if status == Status::SUCCESS {
            return Ok(false);
        }
        if self.header.command == Command::SESSION_SETUP {
            return Ok(status != Status::MORE_PROCESSING_REQUIRED);
        }
        // Some servers send no body at all.
        if status.is_error() && self.length == super::HEADER_BYTES {
            return Ok(true);
        }
        let mut reader = Reader::new("smb2 response", ByteOrder::Little, self.bytes);
        reader.seek(super::HEADER_BYTES);
        let structure_size = reader.u16("StructureSize")?;
        Ok(structure_size == 9 || status.is_error() && self.header.command != Command::IOCTL)
    }
}
