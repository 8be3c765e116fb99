//! Which body a block has.

use super::{
    Block, Command, CreateRequest, CreateResponse, DeleteRequest, FidRequest, NegotiateRequest,
    NegotiateResponse, ReadResponse, RenameRequest, SessionSetupRequest, SessionSetupResponse,
    SetInformationRequest, TransactionData, TransactionRequest, TreeConnectRequest, TreeConnectResponse,
    WriteRequest, transaction,
};
use rpcscope_model::ParseError;

/// The body of a block. Old and new forms of a command are one where they say the same.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs)]
pub enum Body<'a> {
    NegotiateRequest(NegotiateRequest<'a>),
    NegotiateResponse(NegotiateResponse),
    SessionSetupRequest(SessionSetupRequest<'a>),
    SessionSetupResponse(SessionSetupResponse<'a>),
    LogoffRequest,
    LogoffResponse,
    TreeConnectRequest(TreeConnectRequest<'a>),
    TreeConnectResponse(TreeConnectResponse<'a>),
    TreeDisconnectRequest,
    TreeDisconnectResponse,
    CreateRequest(CreateRequest<'a>),
    CreateResponse(CreateResponse),
    /// A response to an nt transact, read as that of a create; it is one only if the request was.
    NtTransactResponse(CreateResponse),
    CloseRequest(FidRequest),
    CloseResponse,
    ReadRequest(FidRequest),
    ReadResponse(ReadResponse<'a>),
    WriteRequest(WriteRequest<'a>),
    WriteResponse,
    DeleteRequest(DeleteRequest<'a>),
    RenameRequest(RenameRequest<'a>),
    SetInformationRequest(SetInformationRequest<'a>),
    TransactionRequest(TransactionRequest<'a>),
    TransactionSecondaryRequest(TransactionData<'a>),
    TransactionResponse(TransactionData<'a>),
    /// A response without parameters: the request failed, or goes on (the header says which).
    Empty,
    /// A command that says nothing about pipes and files.
    Other,
}

impl<'a> Block<'a> {
    /// Reads the body.
    ///
    /// Parameters must be there; of data, what is there is given with its declared length.
    pub fn body(&self) -> Result<Body<'a>, ParseError> {
        if self.message.header.is_response() { self.response() } else { self.request() }
    }

    fn request(&self) -> Result<Body<'a>, ParseError> {
        Ok(match self.command {
            Command::NEGOTIATE => Body::NegotiateRequest(NegotiateRequest::parse(self)),
            Command::SESSION_SETUP_ANDX => Body::SessionSetupRequest(SessionSetupRequest::parse(self)?),
            Command::LOGOFF_ANDX => Body::LogoffRequest,
            Command::TREE_CONNECT_ANDX => Body::TreeConnectRequest(TreeConnectRequest::parse(self)?),
            Command::TREE_DISCONNECT => Body::TreeDisconnectRequest,
            Command::NT_CREATE_ANDX => Body::CreateRequest(CreateRequest::nt_create_andx(self)?),
            Command::OPEN_ANDX => Body::CreateRequest(CreateRequest::open_andx(self)?),
            Command::NT_TRANSACT => {
                transaction::nt_transact_create(self)?.map_or(Body::Other, Body::CreateRequest)
            }
            Command::CLOSE => Body::CloseRequest(FidRequest::parse(self)?),
            Command::READ | Command::READ_ANDX => Body::ReadRequest(FidRequest::parse(self)?),
            Command::WRITE => Body::WriteRequest(WriteRequest::write(self)?),
            Command::WRITE_ANDX => Body::WriteRequest(WriteRequest::write_andx(self)?),
            Command::DELETE => Body::DeleteRequest(DeleteRequest::parse(self, false)),
            Command::DELETE_DIRECTORY => Body::DeleteRequest(DeleteRequest::parse(self, true)),
            Command::RENAME => Body::RenameRequest(RenameRequest::parse(self)),
            Command::TRANSACTION2 => {
                transaction::set_file_information(self)?.map_or(Body::Other, Body::SetInformationRequest)
            }
            Command::TRANSACTION => Body::TransactionRequest(TransactionRequest::parse(self)?),
            Command::TRANSACTION_SECONDARY => {
                Body::TransactionSecondaryRequest(transaction::secondary(self)?)
            }
            _ => Body::Other,
        })
    }

    fn response(&self) -> Result<Body<'a>, ParseError> {
        if self.words.is_empty() {
            // These have no parameters even when they succeed.
            return Ok(match self.command {
                Command::CLOSE => Body::CloseResponse,
                Command::TREE_DISCONNECT => Body::TreeDisconnectResponse,
                _ => Body::Empty,
            });
        }
        Ok(match self.command {
            Command::NEGOTIATE => Body::NegotiateResponse(NegotiateResponse::parse(self)?),
            Command::SESSION_SETUP_ANDX => Body::SessionSetupResponse(SessionSetupResponse::parse(self)?),
            Command::LOGOFF_ANDX => Body::LogoffResponse,
            Command::TREE_CONNECT_ANDX => Body::TreeConnectResponse(TreeConnectResponse::parse(self)),
            Command::NT_CREATE_ANDX => Body::CreateResponse(CreateResponse::nt_create_andx(self)?),
            Command::OPEN_ANDX => Body::CreateResponse(CreateResponse::open_andx(self)?),
            Command::NT_TRANSACT => match transaction::nt_transact_created(self) {
                Ok(created) => Body::NtTransactResponse(created),
                Err(error) if self.message.bytes.len() < self.message.length => return Err(error),
                // Other functions answer with other parameters.
                Err(_) => Body::Other,
            },
            Command::READ => Body::ReadResponse(ReadResponse::read(self)?),
            Command::READ_ANDX => Body::ReadResponse(ReadResponse::read_andx(self)?),
            Command::WRITE | Command::WRITE_ANDX => Body::WriteResponse,
            Command::TRANSACTION => Body::TransactionResponse(transaction::response(self)?),
            _ => Body::Other,
        })
    }
}
