//! Bodies that set up connection, session and tree.

use super::Message;
use crate::utf16::{Encoding, Text};
use crate::{ByteOrder, Data, Reader};
use rpcscope_model::ParseError;

/// Body of a negotiate request ([MS-SMB2] 2.2.3).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NegotiateRequest<'a> {
    /// How many dialects the client says it offers.
    pub dialect_count: u16,
    dialects: Data<'a>,
}

impl<'a> NegotiateRequest<'a> {
    pub(super) fn parse(message: &Message<'a>) -> Result<Self, ParseError> {
        let mut reader = message.reader("smb2 negotiate request", 36)?;
        let dialect_count = reader.u16("DialectCount")?;
        reader.skip("SecurityMode", 32)?;
        let dialects = message.field(reader.position(), usize::from(dialect_count).saturating_mul(2));
        Ok(Self { dialect_count, dialects })
    }

    /// The dialects that the client offers, as far as they are there.
    pub fn dialects(&self) -> impl Iterator<Item = u16> + use<'a> {
        self.dialects.bytes.chunks_exact(2).filter_map(|pair| Some(u16::from_le_bytes(*pair.first_chunk()?)))
    }
}

/// Body of a negotiate response ([MS-SMB2] 2.2.4).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NegotiateResponse<'a> {
    /// The dialect that the server chose: 0x0202, 0x0210, 0x0300, 0x0302, 0x0311, or 0x02ff for a second negotiation.
    pub dialect: u16,
    /// The server's security token.
    pub security_buffer: Data<'a>,
}

impl<'a> NegotiateResponse<'a> {
    pub(super) fn parse(message: &Message<'a>) -> Result<Self, ParseError> {
        let mut reader = message.reader("smb2 negotiate response", 65)?;
        reader.skip("SecurityMode", 2)?;
        let dialect = reader.u16("DialectRevision")?;
        // Negotiate contexts, server id, capabilities, sizes, times.
        reader.skip("NegotiateContextCount", 2 + 16 + 16 + 16)?;
        let security_buffer = message.short_field(&mut reader, "SecurityBuffer")?;
        Ok(Self { dialect, security_buffer })
    }
}

/// Body of a session setup request ([MS-SMB2] 2.2.5).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SessionSetupRequest<'a> {
    /// Bit 0 binds this connection to a session of another one (multichannel).
    pub flags: u8,
    /// The client's security token.
    pub security_buffer: Data<'a>,
    /// A session of the same client that this one replaces; 0 for none.
    pub previous_session_id: u64,
}

impl<'a> SessionSetupRequest<'a> {
    pub(super) fn parse(message: &Message<'a>) -> Result<Self, ParseError> {
        let mut reader = message.reader("smb2 session setup request", 25)?;
        let flags = reader.u8("Flags")?;
        reader.skip("SecurityMode", 1 + 4 + 4)?;
        let security_buffer = message.short_field(&mut reader, "SecurityBuffer")?;
        let previous_session_id = reader.u64("PreviousSessionId")?;
        Ok(Self { flags, security_buffer, previous_session_id })
    }

    /// Whether the request adds this connection to a session that already is.
    pub const fn binds(&self) -> bool {
        self.flags & 1 != 0
    }
}

/// Body of a session setup response ([MS-SMB2] 2.2.6).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SessionSetupResponse<'a> {
    /// 1 guest, 2 anonymous, 4 all further messages are encrypted.
    pub session_flags: u16,
    /// The server's security token.
    pub security_buffer: Data<'a>,
}

impl<'a> SessionSetupResponse<'a> {
    /// Whether the server took the client for a guest.
    pub const fn is_guest(&self) -> bool {
        self.session_flags & 1 != 0
    }

    pub(super) fn parse(message: &Message<'a>) -> Result<Self, ParseError> {
        let mut reader = message.reader("smb2 session setup response", 9)?;
        let session_flags = reader.u16("SessionFlags")?;
        let security_buffer = message.short_field(&mut reader, "SecurityBuffer")?;
        Ok(Self { session_flags, security_buffer })
    }
}

/// Body of a tree connect request ([MS-SMB2] 2.2.9).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TreeConnectRequest<'a> {
    /// The share, as `\\server\share`.
    pub path: Text<'a>,
}

impl<'a> TreeConnectRequest<'a> {
    pub(super) fn parse(message: &Message<'a>) -> Result<Self, ParseError> {
        let mut reader = message.reader("smb2 tree connect request", 9)?;
        reader.skip("Flags", 2)?;
        let path = message.short_field(&mut reader, "Path")?;
        Ok(Self { path: Text::of(path, Encoding::Utf16) })
    }
}

/// What a share holds ([MS-SMB2] 2.2.10). Unknown values survive.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct ShareType(pub u8);

impl ShareType {
    /// Files.
    pub const DISK: Self = Self(1);
    /// Named pipes.
    pub const PIPE: Self = Self(2);
    /// A printer.
    pub const PRINT: Self = Self(3);
}

/// Body of a tree connect response ([MS-SMB2] 2.2.10).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TreeConnectResponse {
    /// What the share holds.
    pub share_type: ShareType,
}

impl TreeConnectResponse {
    pub(super) fn parse(message: &Message<'_>) -> Result<Self, ParseError> {
        let mut reader = message.reader("smb2 tree connect response", 16)?;
        Ok(Self { share_type: ShareType(reader.u8("ShareType")?) })
    }
}

impl<'a> Message<'a> {
    /// Reads the body of a message, which begins with `structure_size`.
    pub(super) fn reader(&self, layer: &'static str, structure_size: u16) -> Result<Reader<'a>, ParseError> {
        let mut reader = Reader::new(layer, ByteOrder::Little, self.bytes);
        reader.seek(super::HEADER_BYTES);
        let found = reader.u16("StructureSize")?;
        if found != structure_size {
            return Err(ParseError::invalid(layer, "StructureSize", super::HEADER_BYTES, usize::from(found)));
        }
        Ok(reader)
    }

    /// The field of `length` bytes at `offset` from the header.
    pub(super) fn field(&self, offset: usize, length: usize) -> Data<'a> {
        Data::locate(self.bytes, self.length, offset, length)
    }

    /// The field whose offset and length, 16 bits each, come next.
    pub(super) fn short_field(
        &self,
        reader: &mut Reader<'a>,
        name: &'static str,
    ) -> Result<Data<'a>, ParseError> {
        let offset = reader.u16(name)?;
        let length = reader.u16(name)?;
        Ok(self.field(usize::from(offset), usize::from(length)))
    }

    /// The field whose offset and length, 32 bits each, come next.
    pub(super) fn long_field(
        &self,
        reader: &mut Reader<'a>,
        name: &'static str,
    ) -> Result<Data<'a>, ParseError> {
        let offset = reader.u32(name)?;
        let length = reader.u32(name)?;
        let size = |value| usize::try_from(value).unwrap_or(usize::MAX);
        Ok(self.field(size(offset), size(length)))
    }
}
