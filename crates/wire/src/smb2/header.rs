//! The header of an SMB 2 or 3 message, and the chain that several messages of one packet make.

use crate::{ByteOrder, Reader};
use rpcscope_model::ParseError;

/// First four bytes of a message ([MS-SMB2] 2.2.1).
pub const PROTOCOL_ID: [u8; 4] = [0xfe, b'S', b'M', b'B'];

/// Length of the header, in bytes.
pub const HEADER_BYTES: usize = 64;

/// What a message asks for or answers ([MS-SMB2] 2.2.1.2). Unknown values survive.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Command(pub u16);

/// The commands, by the names of the standard.
#[allow(missing_docs)]
impl Command {
    pub const NEGOTIATE: Self = Self(0);
    pub const SESSION_SETUP: Self = Self(1);
    pub const LOGOFF: Self = Self(2);
    pub const TREE_CONNECT: Self = Self(3);
    pub const TREE_DISCONNECT: Self = Self(4);
    pub const CREATE: Self = Self(5);
    pub const CLOSE: Self = Self(6);
    pub const FLUSH: Self = Self(7);
    pub const READ: Self = Self(8);
    pub const WRITE: Self = Self(9);
    pub const LOCK: Self = Self(10);
    pub const IOCTL: Self = Self(11);
    pub const CANCEL: Self = Self(12);
    pub const ECHO: Self = Self(13);
    pub const QUERY_DIRECTORY: Self = Self(14);
    pub const CHANGE_NOTIFY: Self = Self(15);
    pub const QUERY_INFO: Self = Self(16);
    pub const SET_INFO: Self = Self(17);
    pub const OPLOCK_BREAK: Self = Self(18);
    pub const SERVER_TO_CLIENT_NOTIFICATION: Self = Self(19);
}

/// Flags of a message ([MS-SMB2] 2.2.1.2).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Flags(pub u32);

impl Flags {
    /// The message is a response (`SMB2_FLAGS_SERVER_TO_REDIR`).
    pub const RESPONSE: Self = Self(0x1);
    /// The header holds an async id in place of a tree id.
    pub const ASYNC: Self = Self(0x2);
    /// The message goes on with session, tree and file of the message before it in its compound.
    pub const RELATED: Self = Self(0x4);

    /// Whether all of `wanted` are set.
    pub const fn has(self, wanted: Self) -> bool {
        self.0 & wanted.0 == wanted.0
    }
}

/// Outcome of a request ([MS-ERREF] 2.3). Unknown values survive.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Status(pub u32);

impl Status {
    /// Success.
    pub const SUCCESS: Self = Self(0);
    /// The request takes longer; another response will follow.
    pub const PENDING: Self = Self(0x0000_0103);
    /// The answer was longer than the client allowed for; reads fetch the rest.
    pub const BUFFER_OVERFLOW: Self = Self(0x8000_0005);
    /// A session setup goes on with another message.
    pub const MORE_PROCESSING_REQUIRED: Self = Self(0xc000_0016);

    /// Whether the severity is error.
    pub const fn is_error(self) -> bool {
        self.0 >> 30 == 3
    }
}

/// The header of a message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Header {
    /// What is asked for or answered.
    pub command: Command,
    /// Flags.
    pub flags: Flags,
    /// Outcome; meaningful in responses only.
    pub status: Status,
    /// Where the next message of the compound starts, in bytes from here; 0 in the last one.
    pub next_command: u32,
    /// Pairs requests with responses, on one connection.
    pub message_id: u64,
    /// The tree, in messages that are not asynchronous.
    pub tree_id: Option<u32>,
    /// Names an asynchronous operation.
    pub async_id: Option<u64>,
    /// The session.
    pub session_id: u64,
}

impl Header {
    /// Reads a header. `bytes` starts with the protocol id.
    pub fn parse(bytes: &[u8]) -> Result<Self, ParseError> {
        const LAYER: &str = "smb2 header";
        let mut reader = Reader::new(LAYER, ByteOrder::Little, bytes);
        if reader.bytes("ProtocolId", 4)? != PROTOCOL_ID {
            return Err(ParseError::invalid(LAYER, "ProtocolId", 0, 0));
        }
        let structure_size = reader.u16("StructureSize")?;
        if usize::from(structure_size) != HEADER_BYTES {
            return Err(ParseError::invalid(LAYER, "StructureSize", 4, usize::from(structure_size)));
        }
        reader.skip("CreditCharge", 2)?;
        let status = Status(reader.u32("Status")?);
        let command = Command(reader.u16("Command")?);
        reader.skip("Credits", 2)?;
        let flags = Flags(reader.u32("Flags")?);
        let next_command = reader.u32("NextCommand")?;
        let message_id = reader.u64("MessageId")?;
        let (tree_id, async_id) = if flags.has(Flags::ASYNC) {
            (None, Some(reader.u64("AsyncId")?))
        } else {
            reader.skip("Reserved", 4)?;
            (Some(reader.u32("TreeId")?), None)
        };
        let session_id = reader.u64("SessionId")?;
        reader.skip("Signature", 16)?;
        Ok(Self { command, flags, status, next_command, message_id, tree_id, async_id, session_id })
    }

    /// Whether this is a response.
    pub const fn is_response(&self) -> bool {
        self.flags.has(Flags::RESPONSE)
    }

    /// Whether this is a response that only says that the real one will come later.
    pub fn is_interim(&self) -> bool {
        self.is_response() && self.flags.has(Flags::ASYNC) && self.status == Status::PENDING
    }

    /// Whether session, tree and file are those of the message before it in its compound.
    pub const fn is_related(&self) -> bool {
        self.flags.has(Flags::RELATED)
    }
}

/// One message of a packet, or what is there of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Message<'a> {
    /// The header.
    pub header: Header,
    /// The message from its header on; offsets within bodies count from here.
    pub bytes: &'a [u8],
    /// Length of the whole message with padding, in bytes.
    pub length: usize,
}

/// The messages of one packet ([MS-SMB2] 2.2.1 `NextCommand`, 3.2.4.1.4).
///
/// A message that cannot be read, or a `NextCommand` that cannot be, is an error and ends the iteration. So does the end
/// of what is there. Padding between messages is allowed and not asked for.
#[derive(Clone, Debug)]
pub struct Compound<'a> {
    bytes: &'a [u8],
    length: usize,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    First,
    Further,
    /// The last `NextCommand` was impossible.
    Broken(u32),
    End,
}

impl<'a> Compound<'a> {
    /// Reads the messages of a packet of `length` bytes, of which `bytes` are there.
    pub fn new(bytes: &'a [u8], length: usize) -> Self {
        Self { bytes: bytes.get(..length).unwrap_or(bytes), length, state: State::First }
    }
}

impl<'a> Iterator for Compound<'a> {
    type Item = Result<Message<'a>, ParseError>;

    fn next(&mut self) -> Option<Self::Item> {
        match self.state {
            State::End => return None,
            State::Broken(value) => {
                self.state = State::End;
                let value = usize::try_from(value).unwrap_or(usize::MAX);
                return Some(Err(ParseError::invalid("smb2 header", "NextCommand", 20, value)));
            }
            State::Further if self.bytes.is_empty() => {
                self.state = State::End;
                return None;
            }
            State::First | State::Further => {}
        }
        let header = match Header::parse(self.bytes) {
            Ok(header) => header,
            Err(error) => {
                self.state = State::End;
                return Some(Err(error));
            }
        };
        let next = usize::try_from(header.next_command).unwrap_or(usize::MAX);
        let (mut bytes, mut length) = (self.bytes, self.length);
        self.state = if next == 0 {
            State::End
        } else if next < HEADER_BYTES || next.saturating_add(HEADER_BYTES) > self.length {
            State::Broken(header.next_command)
        } else {
            bytes = self.bytes.get(..next).unwrap_or(self.bytes);
            length = next;
            self.bytes = self.bytes.get(next..).unwrap_or_default();
            self.length = self.length.saturating_sub(next);
            State::Further
        };
        Some(Ok(Message { header, bytes, length }))
    }
}

#[cfg(test)]
mod tests {
    use super::super::build::message;
    use super::*;

    #[test]
    fn a_sync_header_has_a_tree_and_an_async_one_has_not() {
        let sync = Header::parse(&message(Command::READ, 0, 9, &[])).expect("a header");
        assert_eq!((sync.command, sync.message_id, sync.tree_id), (Command::READ, 9, Some(5)));
        assert_eq!((sync.session_id, sync.async_id, sync.is_response()), (0x11, None, false));
        let later = Header::parse(&message(Command::READ, 3, 9, &[])).expect("a header");
        assert_eq!((later.tree_id, later.async_id), (None, Some(5 << 32)));
    }

    #[test]
    fn an_interim_response_is_told_from_a_final_one() {
        let mut bytes = message(Command::READ, 3, 9, &[]);
        assert!(!Header::parse(&bytes).expect("a header").is_interim());
        bytes[8..12].copy_from_slice(&0x103_u32.to_le_bytes());
        assert!(Header::parse(&bytes).expect("a header").is_interim());
    }

    fn compound(gap: usize) -> Vec<u8> {
        let mut first = message(Command::CREATE, 0, 1, &[0; 10]);
        first.resize(first.len() + gap, 0);
        let next = u32::try_from(first.len()).expect("small");
        first[20..24].copy_from_slice(&next.to_le_bytes());
        first.extend(message(Command::READ, 4, 2, &[0; 8]));
        first
    }

    #[test]
    fn a_compound_is_walked_padded_or_not() {
        for gap in [0, 6] {
            let bytes = compound(gap);
            let found: Vec<_> = Compound::new(&bytes, bytes.len()).map(|m| m.expect("a message")).collect();
            assert_eq!(found.len(), 2);
            assert_eq!((found[0].header.command, found[0].length), (Command::CREATE, 74 + gap));
            assert_eq!((found[1].header.command, found[1].length), (Command::READ, 72));
            assert!(found[1].header.is_related());
        }
    }

    #[test]
    fn an_impossible_next_command_costs_the_rest_only() {
        for next in [1_u32, 63, 1000, u32::MAX] {
            let mut bytes = compound(0);
            bytes[20..24].copy_from_slice(&next.to_le_bytes());
            let found: Vec<_> = Compound::new(&bytes, bytes.len()).collect();
            assert_eq!(found.len(), 2, "{next}");
            assert!(found[0].is_ok());
            let error = found[1].expect_err("an impossible offset");
            assert_eq!((error.field, error.had), ("NextCommand", next as usize));
        }
    }

    #[test]
    fn what_is_there_of_a_cut_compound_is_read() {
        let bytes = compound(6);
        let found: Vec<_> = Compound::new(&bytes[..70], bytes.len()).map(|m| m.expect("a message")).collect();
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].bytes.len(), found[0].length), (70, 80));
    }
}
