//! Blocks that set up connection, session and tree.

use super::Block;
use crate::Data;
use crate::utf16::{Encoding, Text};
use rpcscope_model::ParseError;

/// Data of a negotiate request ([MS-CIFS] 2.2.4.52.1).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NegotiateRequest<'a> {
    dialects: Data<'a>,
}

impl<'a> NegotiateRequest<'a> {
    pub(super) fn parse(block: &Block<'a>) -> Self {
        Self { dialects: block.data }
    }

    /// The names of the dialects that the client offers, such as `NT LM 0.12`, as far as they are there.
    pub fn dialects(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        let terminated = self.dialects.bytes.split_inclusive(|byte| *byte == 0);
        terminated.filter_map(|name| name.strip_suffix(&[0])?.strip_prefix(&[2]))
    }
}

/// Parameters of a negotiate response ([MS-CIFS] 2.2.4.52.2).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NegotiateResponse {
    /// Which of the dialects offered the server chose; 0xffff for none.
    pub dialect_index: u16,
}

impl NegotiateResponse {
    pub(super) fn parse(block: &Block<'_>) -> Result<Self, ParseError> {
        Ok(Self { dialect_index: block.parameters("smb1 negotiate response")?.u16("DialectIndex")? })
    }
}

/// A session setup request ([MS-CIFS] 2.2.4.53.1, [MS-SMB] 2.2.4.6.1).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SessionSetupRequest<'a> {
    /// With extended security: a token.
    Token(Data<'a>),
    /// Without: who logs on.
    Account {
        /// Name of the user; empty for an anonymous one.
        account: Text<'a>,
        /// Domain of the user.
        domain: Text<'a>,
    },
}

impl<'a> SessionSetupRequest<'a> {
    pub(super) fn parse(block: &Block<'a>) -> Result<Self, ParseError> {
        const LAYER: &str = "smb1 session setup request";
        let encoding = block.message.header.encoding();
        let mut reader = block.parameters(LAYER)?;
        reader.skip("MaxBufferSize", 2 + 2 + 2 + 4)?;
        let first_length = usize::from(reader.u16("PasswordLength")?);
        match block.word_count() {
            12 => Ok(Self::Token(block.data.take(first_length))),
            10 | 13 => {
                let second_length =
                    if block.word_count() == 13 { usize::from(reader.u16("UnicodePasswordLen")?) } else { 0 };
                let mut texts = block.texts(first_length.saturating_add(second_length));
                Ok(Self::Account { account: texts.next(encoding), domain: texts.next(encoding) })
            }
            other => Err(ParseError::invalid(LAYER, "WordCount", 0, other)),
        }
    }
}

/// A session setup response ([MS-CIFS] 2.2.4.53.2, [MS-SMB] 2.2.4.6.2).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SessionSetupResponse<'a> {
    /// Bit 0: logged on as guest.
    pub action: u16,
    /// With extended security, a token.
    pub token: Option<Data<'a>>,
}

impl<'a> SessionSetupResponse<'a> {
    /// Whether the server took the client for a guest.
    pub const fn is_guest(&self) -> bool {
        self.action & 1 != 0
    }

    pub(super) fn parse(block: &Block<'a>) -> Result<Self, ParseError> {
        let mut reader = block.parameters("smb1 session setup response")?;
        let action = reader.u16("Action")?;
        let token = match block.word_count() {
            4 => Some(block.data.take(usize::from(reader.u16("SecurityBlobLength")?))),
            _ => None,
        };
        Ok(Self { action, token })
    }
}

/// A tree connect andx request ([MS-CIFS] 2.2.4.55.1).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TreeConnectRequest<'a> {
    /// The share, as `\\server\share`.
    pub path: Text<'a>,
    /// What the client takes it for: `IPC`, `A:`, `LPT1:`, `COMM`, or `?????` for whatever it is.
    pub service: Text<'a>,
}

impl<'a> TreeConnectRequest<'a> {
    pub(super) fn parse(block: &Block<'a>) -> Result<Self, ParseError> {
        let mut reader = block.parameters("smb1 tree connect request")?;
        reader.skip("Flags", 2)?;
        let password_length = usize::from(reader.u16("PasswordLength")?);
        let mut texts = block.texts(password_length);
        let path = texts.next(block.message.header.encoding());
        Ok(Self { path, service: texts.next(Encoding::Oem) })
    }
}

/// A tree connect andx response ([MS-CIFS] 2.2.4.55.2). The tree is in the header of the message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TreeConnectResponse<'a> {
    /// What the share is: `IPC`, `A:`, `LPT1:` or `COMM`.
    pub service: Text<'a>,
    /// The file system of the share, such as `NTFS`; empty for pipes.
    pub native_file_system: Text<'a>,
}

impl<'a> TreeConnectResponse<'a> {
    pub(super) fn parse(block: &Block<'a>) -> Self {
        let mut texts = block.texts(0);
        // The service is never UTF-16, and so has no padding.
        let service = texts.next(Encoding::Oem);
        Self { service, native_file_system: texts.next(block.message.header.encoding()) }
    }

    /// Whether the share holds named pipes; `None` when the service cannot be told.
    pub fn holds_pipes(&self) -> Option<bool> {
        (self.service.complete && !self.service.is_empty())
            .then(|| self.service.bytes.eq_ignore_ascii_case(b"IPC"))
    }
}
