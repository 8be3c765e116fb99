//! The Netlogon secure channel ([MS-NRPC] 2.2.1.3.1).

use crate::encoder::{ByteOrder, Encoder};

/// Who sets up a secure channel.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SecureChannel {
    /// NetBIOS name of the domain.
    pub domain: String,
    /// NetBIOS name of the computer.
    pub computer: String,
}

impl SecureChannel {
    /// NL_AUTH_MESSAGE of the client, with the NetBIOS names in the OEM character set.
    pub fn request(&self) -> Vec<u8> {
        let mut out = Encoder::new(ByteOrder::Little);
        // Flags: a domain name and a computer name follow.
        out.u32(0).u32(3);
        out.raw(self.domain.as_bytes()).u8(0).raw(self.computer.as_bytes()).u8(0);
        out.finish()
    }

    /// NL_AUTH_MESSAGE of the server, without names.
    pub fn reply(&self) -> Vec<u8> {
        let mut out = Encoder::new(ByteOrder::Little);
        out.u32(1).u32(0).u32(0);
        out.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_type_and_flags() {
        let channel = SecureChannel { domain: "CORP".to_owned(), computer: "WS1".to_owned() };
        assert_eq!(channel.request(), *b"\0\0\0\0\x03\0\0\0CORP\0WS1\0");
        assert_eq!(channel.reply()[..4], [1, 0, 0, 0]);
    }
}
