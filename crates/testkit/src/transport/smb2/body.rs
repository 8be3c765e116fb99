//! Bodies of SMB2 messages: only what pipes need ([MS-SMB2] 2.2.3 to 2.2.32).

use crate::encoder::{ByteOrder, Encoder, length16, length32};

/// NEGOTIATE request with one dialect, and contexts when it is 0x0311 ([MS-SMB2] 2.2.3).
pub(super) fn negotiate_request(dialect: u16) -> Vec<u8> {
    body(|out| {
        out.u16(36).u16(1).u16(1).u16(0).u32(0).zeros(16);
        if dialect < CONTEXTS_SINCE {
            out.zeros(8).u16(dialect);
            return;
        }
        // The contexts stand at the next multiple of 8 behind the dialect.
        out.u32(104).u16(3).u16(0).u16(dialect).zeros(2);
        write_contexts(out);
    })
}

/// NEGOTIATE response, with contexts when the dialect is 0x0311 ([MS-SMB2] 2.2.4).
pub(super) fn negotiate_response(dialect: u16) -> Vec<u8> {
    let contexts = dialect >= CONTEXTS_SINCE;
    body(|out| {
        out.u16(65).u16(1).u16(dialect).u16(if contexts { 3 } else { 0 }).zeros(16);
        out.u32(0).u32(MAX_BYTES).u32(MAX_BYTES).u32(MAX_BYTES).zeros(16).u16(128).u16(0);
        out.u32(if contexts { 128 } else { 0 });
        if contexts {
            write_contexts(out);
        }
    })
}

/// Preauthentication integrity with SHA-512, AES-128-GCM, LZ77 ([MS-SMB2] 2.2.3.1.1 to 2.2.3.1.3).
fn write_contexts(out: &mut Encoder) {
    // Type, length, reserved; the data; zeros up to a multiple of 8, but not behind the last.
    out.u16(1).u16(38).u32(0).u16(1).u16(32).u16(1).raw(&[0x5a; 32]).zeros(2);
    out.u16(2).u16(4).u32(0).u16(1).u16(2).zeros(4);
    out.u16(3).u16(10).u32(0).u16(1).u16(0).u32(0).u16(2);
}

/// SESSION_SETUP request, which may bind a further connection to the session ([MS-SMB2] 2.2.5).
pub(super) fn session_setup_request(blob: &[u8], binding: bool) -> Vec<u8> {
    body(|out| {
        out.u16(25)
            .u8(u8::from(binding))
            .u8(1)
            .u32(0)
            .u32(0)
            .u16(88)
            .u16(length16(blob.len()))
            .u64(0)
            .raw(blob);
    })
}

/// SESSION_SETUP response ([MS-SMB2] 2.2.6).
pub(super) fn session_setup_response(blob: &[u8]) -> Vec<u8> {
    body(|out| {
        out.u16(9).u16(0).u16(72).u16(length16(blob.len())).raw(blob);
    })
}

/// TREE_CONNECT request ([MS-SMB2] 2.2.9).
pub(super) fn tree_connect_request(path: &str) -> Vec<u8> {
    body(|out| {
        out.u16(9).u16(0).u16(72).u16(length16(utf16_bytes(path))).utf16(path);
    })
}

/// What a share holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Share {
    /// Named pipes.
    Pipes,
    /// Files.
    Files,
}

impl Share {
    pub(super) fn named(name: &str) -> Self {
        if name.eq_ignore_ascii_case("IPC$") { Self::Pipes } else { Self::Files }
    }
}

/// TREE_CONNECT response ([MS-SMB2] 2.2.10).
pub(super) fn tree_connect_response(share: Share) -> Vec<u8> {
    let share_type = match share {
        Share::Files => 1,
        Share::Pipes => 2,
    };
    body(|out| {
        out.u16(16).u8(share_type).u8(0).u32(0x30).u32(0).u32(0x001f_01ff);
    })
}

/// CREATE request ([MS-SMB2] 2.2.13).
pub(super) fn create_request(name: &str, disposition: u32) -> Vec<u8> {
    body(|out| {
        // No oplock, impersonation; read and write; shared.
        out.u16(57).u8(0).u8(0).u32(2).u64(0).u64(0).u32(0x0012_019f).u32(0).u32(3).u32(disposition).u32(0);
        out.u16(120).u16(length16(utf16_bytes(name))).u32(0).u32(0).utf16(name);
    })
}

/// CREATE response ([MS-SMB2] 2.2.14).
pub(super) fn create_response(file_id: [u8; 16], disposition: u32) -> Vec<u8> {
    // FILE_OPENED or FILE_CREATED; bytes that are allocated.
    let (action, allocated) = if disposition == FILE_OPEN { (1, 4096) } else { (2, 0) };
    body(|out| {
        out.u16(89).u8(0).u8(0).u32(action).zeros(32).u64(allocated).u64(0).u32(0x80).u32(0);
        out.raw(&file_id).u32(0).u32(0);
    })
}

/// CLOSE request ([MS-SMB2] 2.2.15).
pub(super) fn close_request(file_id: [u8; 16]) -> Vec<u8> {
    body(|out| {
        out.u16(24).u16(0).u32(0).raw(&file_id);
    })
}

/// CLOSE response ([MS-SMB2] 2.2.16).
pub(super) fn close_response() -> Vec<u8> {
    body(|out| {
        out.u16(60).u16(0).u32(0).zeros(52);
    })
}

/// READ request ([MS-SMB2] 2.2.19).
pub(super) fn read_request(file_id: [u8; 16], max_bytes: usize) -> Vec<u8> {
    body(|out| {
        out.u16(49).u8(0x50).u8(0).u32(length32(max_bytes)).u64(0).raw(&file_id);
        out.u32(0).u32(0).u32(0).u16(0).u16(0).u8(0);
    })
}

/// READ response ([MS-SMB2] 2.2.20).
pub(super) fn read_response(data: &[u8]) -> Vec<u8> {
    body(|out| {
        out.u16(17).u8(80).u8(0).u32(length32(data.len())).u32(0).u32(0).raw(data);
    })
}

/// WRITE request ([MS-SMB2] 2.2.21).
pub(super) fn write_request(file_id: [u8; 16], data: &[u8]) -> Vec<u8> {
    body(|out| {
        out.u16(49).u16(112).u32(length32(data.len())).u64(0).raw(&file_id);
        out.u32(0).u32(0).u16(0).u16(0).u32(0).raw(data);
    })
}

/// WRITE response ([MS-SMB2] 2.2.22).
pub(super) fn write_response(written: usize) -> Vec<u8> {
    body(|out| {
        out.u16(17).u16(0).u32(length32(written)).u32(0).u16(0).u16(0);
    })
}

/// IOCTL request that writes and reads ([MS-SMB2] 2.2.31).
pub(super) fn transceive_request(file_id: [u8; 16], data: &[u8], max_bytes: usize) -> Vec<u8> {
    body(|out| {
        out.u16(57).u16(0).u32(FSCTL_PIPE_TRANSCEIVE).raw(&file_id);
        out.u32(120).u32(length32(data.len())).u32(0).u32(120).u32(0).u32(length32(max_bytes));
        out.u32(1).u32(0).raw(data);
    })
}

/// IOCTL response ([MS-SMB2] 2.2.32).
pub(super) fn transceive_response(file_id: [u8; 16], data: &[u8]) -> Vec<u8> {
    body(|out| {
        out.u16(49).u16(0).u32(FSCTL_PIPE_TRANSCEIVE).raw(&file_id);
        out.u32(112).u32(0).u32(112).u32(length32(data.len())).u32(0).u32(0).raw(data);
    })
}

/// ERROR response without data; also the interim response of an asynchronous request ([MS-SMB2] 2.2.2).
pub(super) fn error_response() -> Vec<u8> {
    body(|out| {
        out.u16(9).u8(0).u8(0).u32(0).u8(0);
    })
}

fn body(write: impl FnOnce(&mut Encoder)) -> Vec<u8> {
    let mut out = Encoder::new(ByteOrder::Little);
    write(&mut out);
    out.finish()
}

fn utf16_bytes(text: &str) -> usize {
    text.encode_utf16().count() * 2
}

/// CreateDisposition of what exists ([MS-SMB2] 2.2.13).
pub(super) const FILE_OPEN: u32 = 1;
/// First dialect with negotiation contexts.
const CONTEXTS_SINCE: u16 = 0x0311;
const FSCTL_PIPE_TRANSCEIVE: u32 = 0x0011_c017;
/// Largest transaction, read and write, in bytes.
const MAX_BYTES: u32 = 1 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_stands_where_the_offset_field_says() {
        // Offsets count from the header, which is 64 bytes long.
        let id = [9; 16];
        assert_eq!(write_request(id, &[0xdd])[112 - 64..], [0xdd]);
        assert_eq!(read_response(&[0xdd])[80 - 64..], [0xdd]);
        assert_eq!(transceive_request(id, &[0xdd], 9)[120 - 64..], [0xdd]);
        assert_eq!(transceive_response(id, &[0xdd])[112 - 64..], [0xdd]);
        assert_eq!(create_request("A", FILE_OPEN)[120 - 64..], [b'A', 0]);
        assert_eq!(tree_connect_request("A")[72 - 64..], [b'A', 0]);
        assert_eq!(session_setup_request(&[7], false)[88 - 64..], [7]);
        assert_eq!(session_setup_response(&[7])[72 - 64..], [7]);
    }

    #[test]
    fn fixed_parts_have_the_size_they_state() {
        // StructureSize counts one byte of a variable part.
        let id = [9; 16];
        for (bytes, size) in [
            (negotiate_response(0x0302), 64),
            (create_response(id, FILE_OPEN), 88),
            (close_request(id), 24),
            (close_response(), 60),
            (read_request(id, 1), 49),
            (write_response(1), 16),
            (tree_connect_response(Share::Files), 16),
            (error_response(), 9),
        ] {
            assert_eq!(bytes.len(), size);
            assert!(usize::from(bytes[0]).abs_diff(size) <= 1);
        }
    }
}
