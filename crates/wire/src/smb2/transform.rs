//! The headers that stand before encrypted and compressed messages.

use crate::{ByteOrder, Reader};
use rpcscope_model::ParseError;

/// First four bytes of an encrypted message ([MS-SMB2] 2.2.41).
pub const TRANSFORM_ID: [u8; 4] = [0xfd, b'S', b'M', b'B'];

/// Length of the header of an encrypted message, in bytes.
pub const TRANSFORM_BYTES: usize = 52;

/// First four bytes of a compressed message ([MS-SMB2] 2.2.42).
pub const COMPRESSION_ID: [u8; 4] = [0xfc, b'S', b'M', b'B'];

/// Length of the header of a compressed message, in bytes.
pub const COMPRESSION_BYTES: usize = 16;

/// Header of an encrypted message ([MS-SMB2] 2.2.41).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Transform {
    /// Length of the message before encryption, in bytes.
    pub original_message_size: u32,
    /// 1 when encrypted; the number of the cipher in SMB 3.0.
    pub flags: u16,
    /// The session whose key was used.
    pub session_id: u64,
}

impl Transform {
    /// Reads the header. `bytes` starts with the protocol id.
    pub fn parse(bytes: &[u8]) -> Result<Self, ParseError> {
        const LAYER: &str = "smb2 transform";
        let mut reader = Reader::new(LAYER, ByteOrder::Little, bytes);
        if reader.bytes("ProtocolId", 4)? != TRANSFORM_ID {
            return Err(ParseError::invalid(LAYER, "ProtocolId", 0, 0));
        }
        reader.skip("Signature", 16)?;
        reader.skip("Nonce", 16)?;
        let original_message_size = reader.u32("OriginalMessageSize")?;
        reader.skip("Reserved", 2)?;
        let flags = reader.u16("Flags")?;
        let session_id = reader.u64("SessionId")?;
        Ok(Self { original_message_size, flags, session_id })
    }
}

/// Header of a compressed message ([MS-SMB2] 2.2.42).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Compression {
    /// Length of the compressed part before compression, in bytes.
    pub original_size: u32,
    /// 0 none, 1 LZNT1, 2 LZ77, 3 LZ77 with Huffman, 4 a repeated pattern.
    pub algorithm: u16,
    /// 1 when several payloads are chained.
    pub flags: u16,
}

impl Compression {
    /// Reads the header. `bytes` starts with the protocol id.
    pub fn parse(bytes: &[u8]) -> Result<Self, ParseError> {
        const LAYER: &str = "smb2 compression";
        let mut reader = Reader::new(LAYER, ByteOrder::Little, bytes);
        if reader.bytes("ProtocolId", 4)? != COMPRESSION_ID {
            return Err(ParseError::invalid(LAYER, "ProtocolId", 0, 0));
        }
        let original_size = reader.u32("OriginalCompressedSegmentSize")?;
        let algorithm = reader.u16("CompressionAlgorithm")?;
        let flags = reader.u16("Flags")?;
        Ok(Self { original_size, algorithm, flags })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_encrypted_message_names_its_session() {
        let mut bytes = vec![0xfd, b'S', b'M', b'B'];
        bytes.extend([0xaa; 32]); // signature, nonce
        bytes.extend([0x50, 0, 0, 0]); // original message size
        bytes.extend([0, 0, 1, 0]); // reserved, flags
        bytes.extend([0x11, 0, 0, 0, 0, 0x40, 0, 0]); // session id
        let transform = Transform::parse(&bytes).expect("a header");
        assert_eq!(bytes.len(), TRANSFORM_BYTES);
        assert_eq!((transform.original_message_size, transform.flags), (80, 1));
        assert_eq!(transform.session_id, 0x0000_4000_0000_0011);
        assert!(Transform::parse(&bytes[..51]).is_err());
    }

    #[test]
    fn a_compressed_message_names_its_algorithm() {
        let bytes = [0xfc, b'S', b'M', b'B', 0, 16, 0, 0, 3, 0, 1, 0, 0, 0, 0, 0];
        let compression = Compression::parse(&bytes).expect("a header");
        assert_eq!((compression.original_size, compression.algorithm, compression.flags), (4096, 3, 1));
    }
}
