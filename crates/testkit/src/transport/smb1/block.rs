//! Commands of SMB1: only what pipes need ([MS-CIFS] 2.2.4, [MS-SMB] 2.2.4).

use super::message::Block;
use crate::encoder::{ByteOrder, Encoder, length16, length32};

/// SMB_COM_NEGOTIATE request with one dialect.
pub(super) fn negotiate_request() -> Block {
    block(
        NEGOTIATE,
        |_| {},
        |bytes| {
            bytes.raw(b"\x02NT LM 0.12\0");
        },
    )
}

/// Its response with extended security ([MS-SMB] 2.2.4.5.2.1).
pub(super) fn negotiate_response() -> Block {
    let words = |out: &mut Encoder| {
        out.u16(0).u8(3).u16(50).u16(1).u32(16_644).u32(65_536).u32(0).u32(CAPABILITIES);
        out.u64(0).u16(0).u8(0);
    };
    block(NEGOTIATE, words, |bytes| {
        bytes.zeros(16);
    })
}

/// SMB_COM_SESSION_SETUP_ANDX request with extended security ([MS-SMB] 2.2.4.6.1).
pub(super) fn session_setup_request(offset: usize, blob: &[u8]) -> Block {
    let words = |out: &mut Encoder| {
        out.raw(&NO_ANDX)
            .u16(16_644)
            .u16(50)
            .u16(0)
            .u32(0)
            .u16(length16(blob.len()))
            .u32(0)
            .u32(CAPABILITIES);
    };
    block(SESSION_SETUP_ANDX, words, |bytes| session_bytes(bytes, offset + 27, blob))
}

/// Its response ([MS-SMB] 2.2.4.6.2).
pub(super) fn session_setup_response(offset: usize, blob: &[u8]) -> Block {
    let words = |out: &mut Encoder| {
        out.raw(&NO_ANDX).u16(0).u16(length16(blob.len()));
    };
    block(SESSION_SETUP_ANDX, words, |bytes| session_bytes(bytes, offset + 11, blob))
}

/// SMB_COM_TREE_CONNECT_ANDX request.
pub(super) fn tree_connect_request(offset: usize, path: &str) -> Block {
    let words = |out: &mut Encoder| {
        out.raw(&NO_ANDX).u16(0).u16(1);
    };
    block(TREE_CONNECT_ANDX, words, |bytes| {
        bytes.u8(0);
        align_unicode(bytes, offset + 11);
        bytes.utf16(path).u16(0).raw(b"?????\0");
    })
}

/// Its response.
pub(super) fn tree_connect_response() -> Block {
    let words = |out: &mut Encoder| {
        out.raw(&NO_ANDX).u16(1);
    };
    block(TREE_CONNECT_ANDX, words, |bytes| {
        bytes.raw(b"IPC\0\0\0\0");
    })
}

/// SMB_COM_NT_CREATE_ANDX request.
pub(super) fn create_request(offset: usize, name: &str) -> Block {
    let name_bytes = length16(name.encode_utf16().count() * 2);
    let words = |out: &mut Encoder| {
        out.raw(&NO_ANDX).u8(0).u16(name_bytes).u32(0x16).u32(0).u32(0x0002_019f).u64(0);
        out.u32(0).u32(3).u32(1).u32(0).u32(2).u8(0);
    };
    block(NT_CREATE_ANDX, words, |bytes| {
        align_unicode(bytes, offset + 51);
        bytes.utf16(name).u16(0);
    })
}

/// Its response for a pipe in message mode.
pub(super) fn create_response(fid: u16) -> Block {
    let words = |out: &mut Encoder| {
        out.raw(&NO_ANDX).u8(0).u16(fid).u32(1).zeros(32).u32(0x80).u64(4096).u64(0).u16(2).u16(0x05ff).u8(0);
    };
    block(NT_CREATE_ANDX, words, |_| {})
}

/// SMB_COM_WRITE_ANDX request.
pub(super) fn write_request(offset: usize, fid: u16, data: &[u8]) -> Block {
    let words = |out: &mut Encoder| {
        out.raw(&NO_ANDX).u16(fid).u32(0).u32(0).u16(0).u16(0).u16(0);
        out.u16(length16(data.len())).u16(length16(offset + 32)).u32(0);
    };
    block(WRITE_ANDX, words, |bytes| {
        bytes.u8(0).raw(data);
    })
}

/// Its response.
pub(super) fn write_response(written: usize) -> Block {
    let words = |out: &mut Encoder| {
        out.raw(&NO_ANDX).u16(length16(written)).u16(0).u32(0);
    };
    block(WRITE_ANDX, words, |_| {})
}

/// SMB_COM_READ_ANDX request.
pub(super) fn read_request(fid: u16, max_bytes: usize) -> Block {
    let max_bytes = u16::try_from(max_bytes).unwrap_or(u16::MAX);
    let words = |out: &mut Encoder| {
        out.raw(&NO_ANDX).u16(fid).u32(0).u16(max_bytes).u16(0).u32(0).u16(0).u32(0);
    };
    block(READ_ANDX, words, |_| {})
}

/// Its response.
pub(super) fn read_response(offset: usize, data: &[u8]) -> Block {
    let words = |out: &mut Encoder| {
        out.raw(&NO_ANDX).u16(0).u16(0).u16(0).u16(length16(data.len())).u16(length16(offset + 28)).zeros(10);
    };
    block(READ_ANDX, words, |bytes| {
        bytes.u8(0).raw(data);
    })
}

/// SMB_COM_TRANSACTION request with TransactNmPipe; `data` may be the first part of `total_bytes`.
pub(super) fn transact_request(
    offset: usize,
    fid: u16,
    data: &[u8],
    total_bytes: usize,
    max_bytes: usize,
) -> Block {
    let max_bytes = u16::try_from(max_bytes).unwrap_or(u16::MAX);
    // One byte aligns the name, two bytes align the data after it.
    let data_offset = offset + 35 + 1 + PIPE_NAME.len() * 2 + 2 + 2;
    let words = |out: &mut Encoder| {
        out.u16(0).u16(length16(total_bytes)).u16(0).u16(max_bytes).u8(0).u8(0).u16(0).u32(0).u16(0);
        out.u16(0).u16(length16(data_offset)).u16(length16(data.len())).u16(length16(data_offset));
        out.u8(2).u8(0).u16(TRANSACT_NM_PIPE).u16(fid);
    };
    block(TRANSACTION, words, |bytes| {
        bytes.u8(0).utf16(PIPE_NAME).u16(0).u16(0).raw(data);
    })
}

/// SMB_COM_TRANSACTION_SECONDARY request: `data` stands at `displacement` in the whole.
pub(super) fn transact_secondary(
    offset: usize,
    data: &[u8],
    displacement: usize,
    total_bytes: usize,
) -> Block {
    let data_offset = length16(offset + 20);
    let words = |out: &mut Encoder| {
        out.u16(0).u16(length16(total_bytes)).u16(0).u16(data_offset).u16(0);
        out.u16(length16(data.len())).u16(data_offset).u16(length16(displacement));
    };
    block(TRANSACTION_SECONDARY, words, |bytes| {
        bytes.u8(0).raw(data);
    })
}

/// The server's word that it waits for secondary requests.
pub(super) fn transact_interim() -> Block {
    block(TRANSACTION, |_| {}, |_| {})
}

/// SMB_COM_TRANSACTION response; may be one of several, like the requests.
pub(super) fn transact_response(
    offset: usize,
    data: &[u8],
    displacement: usize,
    total_bytes: usize,
) -> Block {
    let data_offset = length16(offset + 24);
    let words = |out: &mut Encoder| {
        out.u16(0).u16(length16(total_bytes)).u16(0).u16(0).u16(data_offset).u16(0);
        out.u16(length16(data.len())).u16(data_offset).u16(length16(displacement)).u8(0).u8(0);
    };
    block(TRANSACTION, words, |bytes| {
        bytes.u8(0).raw(data);
    })
}

/// SMB_COM_CLOSE request.
pub(super) fn close_request(fid: u16) -> Block {
    let words = |out: &mut Encoder| {
        out.u16(fid).u32(length32(0));
    };
    block(CLOSE, words, |_| {})
}

/// Its response.
pub(super) fn close_response() -> Block {
    block(CLOSE, |_| {}, |_| {})
}

fn block(command: u8, words: impl FnOnce(&mut Encoder), bytes: impl FnOnce(&mut Encoder)) -> Block {
    let mut parts = [Encoder::new(ByteOrder::Little), Encoder::new(ByteOrder::Little)];
    words(&mut parts[0]);
    bytes(&mut parts[1]);
    let [words, bytes] = parts.map(Encoder::finish);
    Block { command, words, bytes }
}

/// Blob and the names of system and LAN manager, both empty.
fn session_bytes(out: &mut Encoder, offset: usize, blob: &[u8]) {
    out.raw(blob);
    align_unicode(out, offset);
    out.u16(0).u16(0);
}

/// Text in UTF-16 starts at an even offset from the header; `offset` is where the bytes of the block start.
fn align_unicode(out: &mut Encoder, offset: usize) {
    if (offset + out.len()) % 2 == 1 {
        out.u8(0);
    }
}

const CLOSE: u8 = 0x04;
const TRANSACTION: u8 = 0x25;
const TRANSACTION_SECONDARY: u8 = 0x26;
const READ_ANDX: u8 = 0x2e;
const WRITE_ANDX: u8 = 0x2f;
const NEGOTIATE: u8 = 0x72;
const SESSION_SETUP_ANDX: u8 = 0x73;
const TREE_CONNECT_ANDX: u8 = 0x75;
const NT_CREATE_ANDX: u8 = 0xa2;

const TRANSACT_NM_PIPE: u16 = 0x0026;
const PIPE_NAME: &str = "\\PIPE\\";
/// Nothing follows in the chain.
const NO_ANDX: [u8; 4] = [0xff, 0, 0, 0];
/// Unicode, large files, NT messages, RPC, NT status, large reads and writes, extended security.
const CAPABILITIES: u32 = 0x8000_c07c;

#[cfg(test)]
mod tests {
    use super::super::message::{HEADER_BYTES, Header, message};
    use super::*;

    /// The byte at the offset that the field at `field` of a lone block's message holds.
    fn byte_at(build: &dyn Fn(usize) -> Block, field: usize) -> u8 {
        let bytes = message(Header::default(), &[build]);
        let at = HEADER_BYTES + 1 + field;
        bytes[usize::from(u16::from_le_bytes([bytes[at], bytes[at + 1]]))]
    }

    #[test]
    fn data_stands_where_the_offset_field_says() {
        assert_eq!(byte_at(&|offset| write_request(offset, 1, &[0xdd]), 22), 0xdd);
        assert_eq!(byte_at(&|offset| read_response(offset, &[0xdd]), 12), 0xdd);
        assert_eq!(byte_at(&|offset| transact_request(offset, 1, &[0xdd], 1, 9), 24), 0xdd);
        assert_eq!(byte_at(&|offset| transact_secondary(offset, &[0xdd], 0, 1), 12), 0xdd);
        assert_eq!(byte_at(&|offset| transact_response(offset, &[0xdd], 0, 1), 14), 0xdd);
    }

    #[test]
    fn word_counts_are_those_of_the_standard() {
        let counts = [
            (negotiate_response(), 17),
            (session_setup_request(32, &[]), 12),
            (session_setup_response(32, &[]), 4),
            (tree_connect_request(32, ""), 4),
            (create_request(32, ""), 24),
            (create_response(1), 34),
            (write_request(32, 1, &[]), 14),
            (write_response(1), 6),
            (read_request(1, 1), 12),
            (read_response(32, &[]), 12),
            (transact_request(32, 1, &[], 0, 0), 16),
            (transact_secondary(32, &[], 0, 0), 8),
            (transact_response(32, &[], 0, 0), 10),
            (close_request(1), 3),
        ];
        for (block, words) in counts {
            assert_eq!(block.words.len(), words * 2, "command {:#x}", block.command);
        }
    }
}
