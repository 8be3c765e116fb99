//! The SMB2 header and chains of messages ([MS-SMB2] 2.2.1).

use crate::encoder::{ByteOrder, Encoder, length32};

/// What differs between headers.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Header {
    /// Command ([MS-SMB2] 2.2.1.2).
    pub command: u16,
    /// Status of a response; 0 in a request.
    pub status: u32,
    /// See [`FLAG_RESPONSE`] and the constants after it.
    pub flags: u32,
    /// Pairs request and response.
    pub message_id: u64,
    /// Replaces process and tree when [`FLAG_ASYNC`] is set.
    pub async_id: u64,
    /// Tree connect.
    pub tree_id: u32,
    /// Session.
    pub session_id: u64,
}

impl Header {
    fn encode(&self, next_command: u32) -> Vec<u8> {
        let mut out = Encoder::new(ByteOrder::Little);
        out.raw(b"\xfeSMB").u16(64).u16(1).u32(self.status).u16(self.command).u16(CREDITS);
        out.u32(self.flags).u32(next_command).u64(self.message_id);
        if self.flags & FLAG_ASYNC == 0 {
            out.u32(PROCESS).u32(self.tree_id);
        } else {
            out.u64(self.async_id);
        }
        out.u64(self.session_id).zeros(16);
        out.finish()
    }
}

/// Joins messages to a compound; one message stands alone. Each but the last is padded to 8 bytes.
pub fn compound(messages: &[(Header, Vec<u8>)]) -> Vec<u8> {
    let mut out = Vec::new();
    for (position, (header, body)) in messages.iter().enumerate() {
        let length = HEADER_BYTES + body.len();
        let padded = length.next_multiple_of(8);
        if position + 1 == messages.len() {
            out.extend(header.encode(0));
            out.extend(body);
        } else {
            out.extend(header.encode(length32(padded)));
            out.extend(body);
            out.resize(out.len() + padded - length, 0);
        }
    }
    out
}

/// The message comes from the server.
pub const FLAG_RESPONSE: u32 = 0x01;
/// The header has an async id instead of a tree.
pub const FLAG_ASYNC: u32 = 0x02;
/// The message of a compound uses session, tree and file of the one before.
pub const FLAG_RELATED: u32 = 0x04;

/// Length of the header, in bytes.
const HEADER_BYTES: usize = 64;
/// Credits asked for and granted.
const CREDITS: u16 = 31;
/// Process id that Windows sends.
const PROCESS: u32 = 0xfeff;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn header_has_64_bytes_in_the_order_of_the_standard() {
        let header = Header {
            command: 8,
            status: 0x103,
            message_id: 7,
            tree_id: 5,
            session_id: 9,
            ..Header::default()
        };
        let bytes = compound(&[(header, vec![1])]);
        assert_eq!(bytes.len(), 65);
        assert_eq!(bytes[..16], *b"\xfeSMB\x40\0\x01\0\x03\x01\0\0\x08\0\x1f\0");
        assert_eq!((bytes[24], bytes[36], bytes[40]), (7, 5, 9));
        let parked = Header { flags: FLAG_ASYNC, async_id: 0x11, ..header };
        assert_eq!(compound(&[(parked, vec![])])[32..40], [0x11, 0, 0, 0, 0, 0, 0, 0]);
    }

    #[test]
    fn compounds_are_aligned_and_linked() {
        let bytes = compound(&[(Header::default(), vec![1; 3]), (Header::default(), vec![2])]);
        assert_eq!(bytes[20..24], [72, 0, 0, 0]);
        assert_eq!(bytes[72..76], *b"\xfeSMB");
        assert_eq!(bytes[92..96], [0; 4]);
        assert_eq!(bytes.len(), 137);
    }
}
