//! SMB versions 2 and 3.
//!
//! Source: [MS-SMB2] 2.2. A packet holds one message or a compound of several; a message has a header and a body. All
//! integers have their least significant byte first; offsets count from the header of their message.

mod body;
mod file;
mod header;
mod ioctl;
mod session;
mod transform;

pub use body::Body;
pub use file::{
    CloseRequest, CreateRequest, CreateResponse, FileId, ReadRequest, ReadResponse, SetInfoRequest,
    WriteRequest, WriteResponse,
};
pub use header::{Command, Compound, Flags, HEADER_BYTES, Header, Message, PROTOCOL_ID, Status};
pub use ioctl::{ControlCode, IoctlRequest, IoctlResponse};
pub use session::{
    NegotiateRequest, NegotiateResponse, SessionSetupRequest, SessionSetupResponse, ShareType,
    TreeConnectRequest, TreeConnectResponse,
};
pub use transform::{
    COMPRESSION_BYTES, COMPRESSION_ID, Compression, TRANSFORM_BYTES, TRANSFORM_ID, Transform,
};

/// Reads arbitrary bytes as a packet of SMB 2 or 3, whole and cut: the body of a fuzz target.
pub fn fuzz_smb2(bytes: &[u8]) {
    let _ = Transform::parse(bytes);
    let _ = Compression::parse(bytes);
    let mut end = 0_usize;
    for message in Compound::new(bytes, bytes.len()).flatten() {
        assert!(message.bytes.len() <= message.length, "a message is longer than it says");
        end = end.saturating_add(message.length);
        assert!(end <= bytes.len(), "messages overlap or leave their packet");
        match message.body() {
            Ok(Body::NegotiateRequest(body)) => {
                assert!(body.dialects().count() <= usize::from(body.dialect_count))
            }
            Ok(Body::CreateRequest(body)) => assert!(body.name.chars().count() <= bytes.len()),
            Ok(Body::WriteRequest(body)) => {
                assert_eq!(body.data.missing(), 0, "a whole message misses nothing")
            }
            _ => {}
        }
    }
    for message in Compound::new(bytes, usize::MAX).flatten() {
        let _ = message.body();
    }
}

/// Messages made by hand, for tests.
#[cfg(test)]
pub(crate) mod build {
    use super::{Command, HEADER_BYTES, PROTOCOL_ID};

    /// A message of session 0x11 and tree 5 (an async id of 5 << 32 when `flags` say async).
    pub(crate) fn message(command: Command, flags: u32, message_id: u64, body: &[u8]) -> Vec<u8> {
        let mut bytes = PROTOCOL_ID.to_vec();
        bytes.extend([64, 0, 1, 0]); // structure size, credit charge
        bytes.extend([0; 4]); // status
        bytes.extend(command.0.to_le_bytes());
        bytes.extend([1, 0]); // credits
        bytes.extend(flags.to_le_bytes());
        bytes.extend([0; 4]); // next command
        bytes.extend(message_id.to_le_bytes());
        bytes.extend([0; 4]); // reserved
        bytes.extend(5_u32.to_le_bytes()); // tree id
        bytes.extend(0x11_u64.to_le_bytes()); // session id
        bytes.extend([0; 16]); // signature
        assert_eq!(bytes.len(), HEADER_BYTES);
        bytes.extend(body);
        bytes
    }
}

#[cfg(test)]
mod tests;
