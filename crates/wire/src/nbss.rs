//! The NetBIOS session service, which frames SMB messages on TCP.
//!
//! Source: [RFC1002] 4.3 for port 139, [MS-SMB2] 2.1 for direct TCP (port 445). Both put four bytes before each
//! message. Port 139 has a type, seven flag bits of which the lowest is the 17th bit of the length, and 16 bits of
//! length; direct TCP has a zero and 24 bits of length. As the other flag bits must be zero, reading 24 bits suits both.

use crate::{ByteOrder, Reader, smb1, smb2};
use rpcscope_model::ParseError;

/// Length of the header, in bytes.
pub const HEADER_BYTES: usize = 4;

/// What a packet is. Unknown values survive.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct PacketType(pub u8);

/// The packet types of [RFC1002] 4.3.1.
#[allow(missing_docs)]
impl PacketType {
    pub const SESSION_MESSAGE: Self = Self(0x00);
    pub const SESSION_REQUEST: Self = Self(0x81);
    pub const POSITIVE_SESSION_RESPONSE: Self = Self(0x82);
    pub const NEGATIVE_SESSION_RESPONSE: Self = Self(0x83);
    pub const RETARGET_SESSION_RESPONSE: Self = Self(0x84);
    pub const SESSION_KEEPALIVE: Self = Self(0x85);
}

/// The header of one packet.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Header {
    /// What the packet is.
    pub packet_type: PacketType,
    /// Bytes that follow the header, 0 to 16,777,215.
    pub length: usize,
}

impl Header {
    /// Reads a header.
    pub fn parse(bytes: &[u8]) -> Result<Self, ParseError> {
        let word = Reader::new("nbss", ByteOrder::Big, bytes).u32("header")?;
        let [packet_type, high, middle, low] = word.to_be_bytes();
        let length = usize::from(high) << 16 | usize::from(middle) << 8 | usize::from(low);
        Ok(Self { packet_type: PacketType(packet_type), length })
    }

    /// Reads a header that can stand in an SMB conversation: a session message that begins with one of SMB's
    /// protocol ids, or another packet of its fixed or usual length.
    ///
    /// `None` when the bytes are impossible or too few to tell ([`PLAUSIBLE_BYTES`] are always enough).
    pub fn plausible(bytes: &[u8]) -> Option<Self> {
        let header = Self::parse(bytes).ok()?;
        let possible = match header.packet_type {
            PacketType::SESSION_MESSAGE => header.holds_smb(bytes.get(HEADER_BYTES..)?),
            // Two NetBIOS names, each of 34 bytes, longer with a scope.
            PacketType::SESSION_REQUEST => (68..=512).contains(&header.length),
            PacketType::POSITIVE_SESSION_RESPONSE | PacketType::SESSION_KEEPALIVE => header.length == 0,
            PacketType::NEGATIVE_SESSION_RESPONSE => header.length == 1,
            PacketType::RETARGET_SESSION_RESPONSE => header.length == 6,
            _ => false,
        };
        possible.then_some(header)
    }

    /// Whether `message` begins with a protocol id of SMB and the packet can hold that protocol's header.
    fn holds_smb(&self, message: &[u8]) -> bool {
        let Some(id) = message.first_chunk::<4>() else {
            return false;
        };
        let header_bytes = match *id {
            smb1::PROTOCOL_ID => smb1::HEADER_BYTES + 3,
            smb2::PROTOCOL_ID => smb2::HEADER_BYTES,
            smb2::TRANSFORM_ID => smb2::TRANSFORM_BYTES,
            smb2::COMPRESSION_ID => smb2::COMPRESSION_BYTES,
            _ => return false,
        };
        self.length >= header_bytes
    }
}

/// Bytes that are enough for [`Header::plausible`] to tell.
pub const PLAUSIBLE_BYTES: usize = HEADER_BYTES + 4;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn direct_tcp_has_24_bits_of_length() {
        let header = Header::parse(&[0, 0x12, 0x34, 0x56, 0xfe]).expect("a header");
        assert_eq!(header, Header { packet_type: PacketType::SESSION_MESSAGE, length: 0x123456 });
    }

    #[test]
    fn a_header_needs_four_bytes() {
        let error = Header::parse(&[0, 0, 1]).expect_err("too short");
        assert_eq!(error.to_string(), "nbss: header at byte 0: need 4 bytes, have 3");
    }

    #[test]
    fn a_session_message_is_plausible_when_it_holds_smb() {
        assert!(Header::plausible(&[0, 0, 0, 64, 0xfe, b'S', b'M', b'B']).is_some());
        assert!(
            Header::plausible(&[0, 0, 0, 63, 0xfe, b'S', b'M', b'B']).is_none(),
            "shorter than its header"
        );
        assert!(Header::plausible(&[0, 0, 0, 35, 0xff, b'S', b'M', b'B']).is_some());
        assert!(Header::plausible(&[0, 0, 0, 64, 0xf0, b'S', b'M', b'B']).is_none());
        assert!(Header::plausible(&[0, 0, 0, 64, 0xfe, b'S', b'M']).is_none(), "too few bytes to tell");
    }

    #[test]
    fn netbios_packets_are_plausible_with_their_lengths() {
        assert!(Header::plausible(&[0x81, 0, 0, 68]).is_some());
        assert!(Header::plausible(&[0x82, 0, 0, 0]).is_some());
        assert!(Header::plausible(&[0x83, 0, 0, 1]).is_some());
        assert!(Header::plausible(&[0x85, 0, 0, 0]).is_some());
        assert!(Header::plausible(&[0x82, 0, 0, 1]).is_none());
        assert!(Header::plausible(&[0x86, 0, 0, 0]).is_none());
    }
}
