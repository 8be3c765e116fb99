//! The header of an SMB 1 message.

use crate::utf16::Encoding;
use crate::{ByteOrder, Reader};
use rpcscope_model::ParseError;

/// First four bytes of a message ([MS-CIFS] 2.2.3.1).
pub const PROTOCOL_ID: [u8; 4] = [0xff, b'S', b'M', b'B'];

/// Length of the header, in bytes.
pub const HEADER_BYTES: usize = 32;

/// What a message, or one block of its chain, asks for or answers ([MS-CIFS] 2.2.2.1). Unknown values survive.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Command(pub u8);

/// The commands that matter here, by the names of the standard.
#[allow(missing_docs)]
impl Command {
    pub const DELETE_DIRECTORY: Self = Self(0x01);
    pub const CLOSE: Self = Self(0x04);
    pub const DELETE: Self = Self(0x06);
    pub const RENAME: Self = Self(0x07);
    pub const READ: Self = Self(0x0a);
    pub const WRITE: Self = Self(0x0b);
    pub const LOCKING_ANDX: Self = Self(0x24);
    pub const TRANSACTION: Self = Self(0x25);
    pub const TRANSACTION_SECONDARY: Self = Self(0x26);
    pub const OPEN_ANDX: Self = Self(0x2d);
    pub const READ_ANDX: Self = Self(0x2e);
    pub const WRITE_ANDX: Self = Self(0x2f);
    pub const TRANSACTION2: Self = Self(0x32);
    pub const TREE_DISCONNECT: Self = Self(0x71);
    pub const NEGOTIATE: Self = Self(0x72);
    pub const SESSION_SETUP_ANDX: Self = Self(0x73);
    pub const LOGOFF_ANDX: Self = Self(0x74);
    pub const TREE_CONNECT_ANDX: Self = Self(0x75);
    pub const NT_TRANSACT: Self = Self(0xa0);
    pub const NT_CREATE_ANDX: Self = Self(0xa2);
    /// Ends a chain.
    pub const NO_ANDX: Self = Self(0xff);

    /// Whether the parameters begin with the place of a further block.
    pub const fn is_andx(self) -> bool {
        matches!(
            self,
            Self::LOCKING_ANDX
                | Self::OPEN_ANDX
                | Self::READ_ANDX
                | Self::WRITE_ANDX
                | Self::SESSION_SETUP_ANDX
                | Self::LOGOFF_ANDX
                | Self::TREE_CONNECT_ANDX
                | Self::NT_CREATE_ANDX
        )
    }
}

/// Outcome of a request, in one of two forms.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Status {
    /// An NTSTATUS ([MS-ERREF] 2.3).
    Nt(u32),
    /// A class and a code ([MS-CIFS] 2.2.2.4).
    Dos {
        /// 0 success, 1 DOS, 2 server, 3 hardware, 0xff bad command.
        class: u8,
        /// What went wrong, within the class.
        code: u16,
    },
}

impl Status {
    /// Whether the request failed. Warnings, such as more data, are no failures, nor is that more is to come.
    pub const fn is_error(self) -> bool {
        match self {
            Self::Nt(status) => status >> 30 == 3 && !self.is_more_processing(),
            Self::Dos { class, .. } => class != 0 && !self.is_more_data(),
        }
    }

    /// Whether a session setup goes on (`STATUS_MORE_PROCESSING_REQUIRED`).
    pub const fn is_more_processing(self) -> bool {
        matches!(self, Self::Nt(0xc000_0016))
    }

    /// Whether the answer was longer than the client allowed for, so that reads fetch the rest
    /// (`STATUS_BUFFER_OVERFLOW`, `ERRDOS` `ERRmoredata`).
    pub const fn is_more_data(self) -> bool {
        matches!(self, Self::Nt(0x8000_0005) | Self::Dos { class: 1, code: 234 })
    }
}

/// The header of a message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Header {
    /// What is asked for or answered by the first block.
    pub command: Command,
    /// Outcome; meaningful in responses only.
    pub status: Status,
    /// `SMB_Header.Flags`.
    pub flags: u8,
    /// `SMB_Header.Flags2`.
    pub flags2: u16,
    /// The tree.
    pub tid: u16,
    /// The client's process, high and low half.
    pub pid: u32,
    /// The user.
    pub uid: u16,
    /// Pairs requests with responses, within process, tree and user.
    pub mid: u16,
}

impl Header {
    /// Reads a header. `bytes` starts with the protocol id.
    pub fn parse(bytes: &[u8]) -> Result<Self, ParseError> {
        const LAYER: &str = "smb1 header";
        const NT_STATUS: u16 = 0x4000;
        let mut reader = Reader::new(LAYER, ByteOrder::Little, bytes);
        if reader.bytes("Protocol", 4)? != PROTOCOL_ID {
            return Err(ParseError::invalid(LAYER, "Protocol", 0, 0));
        }
        let command = Command(reader.u8("Command")?);
        let status = reader.u32("Status")?;
        let flags = reader.u8("Flags")?;
        let flags2 = reader.u16("Flags2")?;
        let pid_high = reader.u16("PIDHigh")?;
        reader.skip("SecurityFeatures", 10)?;
        let tid = reader.u16("TID")?;
        let pid_low = reader.u16("PIDLow")?;
        let uid = reader.u16("UID")?;
        let mid = reader.u16("MID")?;
        let status = if flags2 & NT_STATUS != 0 {
            Status::Nt(status)
        } else {
            let [class, _, low, high] = status.to_le_bytes();
            Status::Dos { class, code: u16::from_le_bytes([low, high]) }
        };
        let pid = u32::from(pid_high) << 16 | u32::from(pid_low);
        Ok(Self { command, status, flags, flags2, tid, pid, uid, mid })
    }

    /// Whether this is a response.
    pub const fn is_response(&self) -> bool {
        self.flags & 0x80 != 0
    }

    /// How the texts of the message are encoded.
    pub const fn encoding(&self) -> Encoding {
        if self.flags2 & 0x8000 != 0 { Encoding::Utf16 } else { Encoding::Oem }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: [u8; 32] = [
        0xff, b'S', b'M', b'B', 0xa2, // protocol, command (nt create andx)
        0x22, 0x00, 0x00, 0xc0, // status
        0x98, 0x07, 0xc8, // flags (response), flags2 (Unicode, NT status, extended security)
        0x01, 0x00, // high half of the process
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, // security features, reserved
        0x00, 0x08, 0xfe, 0xff, 0x64, 0x00, 0x40, 0x01, // tree, process, user, multiplex id
    ];

    #[test]
    fn ids_and_nt_status_are_read() {
        let header = Header::parse(&HEADER).expect("a header");
        assert_eq!(header.command, Command::NT_CREATE_ANDX);
        assert_eq!(header.status, Status::Nt(0xc000_0022));
        assert_eq!((header.tid, header.pid, header.uid, header.mid), (0x800, 0x1_fffe, 100, 0x140));
        assert!(header.is_response() && header.status.is_error());
        assert_eq!(header.encoding(), Encoding::Utf16);
    }

    #[test]
    fn dos_errors_and_oem_text_are_told_from_the_flags() {
        let mut bytes = HEADER;
        bytes[5..12].copy_from_slice(&[1, 0, 234, 0, 0x80, 0, 0]); // ERRDOS, ERRmoredata; flags
        let header = Header::parse(&bytes).expect("a header");
        assert_eq!(header.status, Status::Dos { class: 1, code: 234 });
        assert!(header.status.is_more_data() && !header.status.is_error());
        assert_eq!(header.encoding(), Encoding::Oem);
    }

    #[test]
    fn a_short_header_is_refused() {
        let error = Header::parse(&HEADER[..31]).expect_err("too short");
        assert_eq!(error.to_string(), "smb1 header: MID at byte 30: need 2 bytes, have 1");
    }
}
