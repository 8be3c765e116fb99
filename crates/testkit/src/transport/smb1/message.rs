//! SMB1 messages: header, words, bytes, and AndX chains ([MS-CIFS] 2.2.3).

use crate::encoder::{ByteOrder, Encoder, length16};

/// What differs between headers ([MS-CIFS] 2.2.3.1).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Header {
    /// Whether the server sends it.
    pub response: bool,
    /// Status of a response; 0 in a request.
    pub status: u32,
    /// Tree connect.
    pub tree_id: u16,
    /// User, that is session.
    pub user_id: u16,
    /// Pairs request and response.
    pub multiplex_id: u16,
}

/// One command. In an AndX command the words begin with four bytes that the chain fills in.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Block {
    /// Command ([MS-CIFS] 2.2.2.1).
    pub command: u8,
    /// Parameters; an even number of bytes.
    pub words: Vec<u8>,
    /// Data.
    pub bytes: Vec<u8>,
}

/// One message of one command, or an AndX chain of several.
///
/// Offsets in a block count from the header, so each block is built from the offset at which it stands.
pub fn message(header: Header, blocks: &[&dyn Fn(usize) -> Block]) -> Vec<u8> {
    let mut written: Vec<(usize, Block)> = Vec::new();
    let mut offset = HEADER_BYTES;
    for build in blocks {
        let block = build(offset);
        let length = 1 + block.words.len() + 2 + block.bytes.len();
        written.push((offset, block));
        offset += length;
    }
    for position in 1..written.len() {
        let (offset, command) = (length16(written[position].0), written[position].1.command);
        let [low, high] = offset.to_le_bytes();
        written[position - 1].1.words[..4].copy_from_slice(&[command, 0, low, high]);
    }
    let mut out = Encoder::new(ByteOrder::Little);
    out.raw(b"\xffSMB").u8(written.first().map_or(0, |(_, block)| block.command)).u32(header.status);
    out.u8(if header.response { 0x98 } else { 0x18 }).u16(FLAGS2).zeros(12);
    out.u16(header.tree_id).u16(PROCESS).u16(header.user_id).u16(header.multiplex_id);
    for (_, block) in &written {
        out.u8(length16(block.words.len() / 2).to_le_bytes()[0]).raw(&block.words);
        out.u16(length16(block.bytes.len())).raw(&block.bytes);
    }
    out.finish()
}

/// Length of the header, in bytes.
pub(super) const HEADER_BYTES: usize = 32;
/// Long names, extended security, NT status, Unicode.
const FLAGS2: u16 = 0xc801;
const PROCESS: u16 = 0xfeff;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chained_blocks_point_at_each_other() {
        let first = |_| Block { command: 0x2f, words: vec![0xff, 0, 0, 0, 1, 1], bytes: vec![7; 5] };
        let second = |offset: usize| {
            let here = length16(offset).to_le_bytes();
            Block { command: 0x2e, words: vec![0xff, 0, 0, 0], bytes: here.to_vec() }
        };
        let header = Header { tree_id: 0x0102, multiplex_id: 9, ..Header::default() };
        let bytes = message(header, &[&first, &second]);
        assert_eq!(bytes[..5], *b"\xffSMB\x2f");
        assert_eq!((bytes[24], bytes[25], bytes[30]), (2, 1, 9));
        // words: 3, then command and offset of the next block
        assert_eq!(bytes[32..37], [3, 0x2e, 0, 46, 0]);
        assert_eq!(bytes[46..], [2, 0xff, 0, 0, 0, 2, 0, 46, 0]);
    }
}
