//! SMB version 1.
//!
//! Source: [MS-CIFS] 2.2, [MS-SMB] 2.2. A message has a header and one block, or several that AndX commands chain. A
//! block has a command, parameters in words and data in bytes. All integers have their least significant byte first;
//! offsets count from the header.

mod body;
mod chain;
mod file;
mod header;
mod session;
mod transaction;

pub use body::Body;
pub use chain::{Block, Chain, MAX_BLOCKS, Message};
pub use file::{
    CreateRequest, CreateResponse, DeleteRequest, Fid, FidRequest, ReadResponse, RenameRequest, ResourceType,
    SetInformationRequest, WriteRequest,
};
pub use header::{Command, HEADER_BYTES, Header, PROTOCOL_ID, Status};
pub use session::{
    NegotiateRequest, NegotiateResponse, SessionSetupRequest, SessionSetupResponse, TreeConnectRequest,
    TreeConnectResponse,
};
pub use transaction::{PipeFunction, TransactionData, TransactionRequest};

/// Reads arbitrary bytes as a message of SMB 1, whole and cut: the body of a fuzz target.
pub fn fuzz_smb1(bytes: &[u8]) {
    for length in [bytes.len(), bytes.len().saturating_mul(2)] {
        let Ok(message) = Message::parse(bytes, length) else { return };
        let mut blocks = 0;
        for block in message.blocks() {
            blocks += 1;
            assert!(blocks <= usize::from(MAX_BLOCKS) + 1, "a chain has no end");
            let Ok(block) = block else { continue };
            match block.body() {
                Ok(Body::NegotiateRequest(body)) => assert!(body.dialects().count() <= bytes.len()),
                Ok(Body::CreateRequest(body)) => assert!(body.name.chars().count() <= bytes.len()),
                Ok(Body::WriteRequest(body)) => assert!(body.data.bytes.len() <= body.data.length),
                Ok(Body::TransactionRequest(body)) => assert!(body.data.data.length <= length),
                _ => {}
            }
        }
    }
}

/// Messages made by hand, for tests.
#[cfg(test)]
pub(crate) mod build {
    use super::{Command, HEADER_BYTES, PROTOCOL_ID};

    /// The header of a message of tree 0x800, process 0xfffe and user 100, with UTF-16 and NTSTATUS.
    pub(crate) fn message(command: Command, response: bool, mid: u16) -> Vec<u8> {
        let mut bytes = PROTOCOL_ID.to_vec();
        bytes.push(command.0);
        bytes.extend([0; 4]); // status
        bytes.push(if response { 0x98 } else { 0x18 }); // flags
        bytes.extend([0x07, 0xc8]); // flags2
        bytes.extend([0; 12]); // high half of the process, security features, reserved
        bytes.extend([0x00, 0x08, 0xfe, 0xff, 0x64, 0x00]); // tree, process, user
        bytes.extend(mid.to_le_bytes());
        assert_eq!(bytes.len(), HEADER_BYTES);
        bytes
    }

    /// A block with these parameters and this data.
    pub(crate) fn block(words: &[u8], data: &[u8]) -> Vec<u8> {
        assert_eq!(words.len() % 2, 0, "parameters are words");
        let mut bytes = vec![u8::try_from(words.len() / 2).expect("few words")];
        bytes.extend(words);
        bytes.extend(u16::try_from(data.len()).expect("little data").to_le_bytes());
        bytes.extend(data);
        bytes
    }
}

#[cfg(test)]
mod tests;
