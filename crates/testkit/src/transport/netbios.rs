//! How SMB messages are framed in TCP.

use super::Message;
use crate::encoder::{ByteOrder, Encoder, length32};
use rpcscope_model::Side;

/// Direct hosting or NetBIOS. Both put type and length before each message.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum SmbFraming {
    /// Direct TCP, port 445 ([MS-SMB2] 2.1).
    #[default]
    Direct,
    /// NetBIOS session service, port 139: the names are exchanged first (RFC 1002 4.3).
    NetBios,
}

impl SmbFraming {
    /// Session request and positive session response, if this framing has them.
    pub(super) fn opening(self) -> Vec<Message> {
        match self {
            Self::Direct => Vec::new(),
            Self::NetBios => {
                let mut names = encoded_name("*SMBSERVER", b' ');
                names.extend(encoded_name("CLIENT", 0));
                let request = frame(SESSION_REQUEST, &names);
                let response = frame(POSITIVE_SESSION_RESPONSE, &[]);
                vec![Message::new(Side::Client, request), Message::new(Side::Server, response)]
            }
        }
    }
}

/// Puts the four-byte header before an SMB message.
pub(super) fn session_message(smb: &[u8]) -> Vec<u8> {
    frame(SESSION_MESSAGE, smb)
}

fn frame(kind: u8, body: &[u8]) -> Vec<u8> {
    let mut out = Encoder::new(ByteOrder::Big);
    // The type stands in the upper byte, the length in the 24 bits below ([MS-SMB2] 2.1).
    out.u32(u32::from(kind) << 24 | length32(body.len())).raw(body);
    out.finish()
}

/// First-level encoding of a NetBIOS name (RFC 1001 14.1): two letters for each of its 16 bytes.
fn encoded_name(name: &str, suffix: u8) -> Vec<u8> {
    let padded = name.bytes().chain(std::iter::repeat(b' ')).take(15).chain([suffix]);
    let letters = padded.flat_map(|byte| [b'A' + (byte >> 4), b'A' + (byte & 15)]);
    [32].into_iter().chain(letters).chain([0]).collect()
}

const SESSION_MESSAGE: u8 = 0x00;
const SESSION_REQUEST: u8 = 0x81;
const POSITIVE_SESSION_RESPONSE: u8 = 0x82;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn netbios_begins_with_names() {
        let opening = SmbFraming::NetBios.opening();
        assert_eq!(opening[0].bytes[..8], [0x81, 0, 0, 68, 32, b'C', b'K', b'F']);
        assert_eq!(opening[1].bytes, [0x82, 0, 0, 0]);
        assert_eq!(session_message(&[1, 2]), [0, 0, 0, 2, 1, 2]);
        assert!(SmbFraming::Direct.opening().is_empty());
    }
}
