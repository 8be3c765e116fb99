//! Blocks of the pcapng format, as they are written: little-endian, times in nanoseconds.
//!
//! Source: draft-ietf-opsawg-pcapng.

use rpcscope_model::{KeptFrame, LinkType, Timestamp};

/// Appends the beginning of a file: a section header block with a comment (section 4.1).
pub(super) fn push_section(out: &mut Vec<u8>, comment: &str) {
    block(out, SECTION_HEADER, |out| {
        push_u32(out, BYTE_ORDER_MAGIC);
        // Version 1.0; the length of the section is not given.
        push_u16(out, 1);
        push_u16(out, 0);
        out.extend_from_slice(&u64::MAX.to_le_bytes());
        option(out, COMMENT, comment.as_bytes());
        option(out, USER_APPLICATION, b"rpcscope");
        end_of_options(out);
    });
}

/// Appends an interface description block (section 4.2). No snap length is given: it is not known.
pub(super) fn push_interface(out: &mut Vec<u8>, link_type: LinkType) {
    block(out, INTERFACE_DESCRIPTION, |out| {
        push_u16(out, link_type.0);
        push_u16(out, 0);
        push_u32(out, 0);
        option(out, TIME_RESOLUTION, &[NANOSECONDS]);
        end_of_options(out);
    });
}

/// Appends an enhanced packet block (section 4.3).
pub(super) fn push_packet(out: &mut Vec<u8>, interface: u32, frame: &KeptFrame, comments: &[String]) {
    block(out, ENHANCED_PACKET, |out| {
        push_u32(out, interface);
        push_time(out, frame.time);
        push_length(out, frame.bytes.len());
        push_u32(out, frame.original_length);
        out.extend_from_slice(&frame.bytes);
        pad(out, frame.bytes.len());
        if !comments.is_empty() {
            comments.iter().for_each(|comment| option(out, COMMENT, comment.as_bytes()));
            end_of_options(out);
        }
    });
}

/// Appends a comment that belongs to no frame, in an interface statistics block (section 4.6) of the first interface.
pub(super) fn push_comment(out: &mut Vec<u8>, time: Timestamp, comment: &str) {
    block(out, INTERFACE_STATISTICS, |out| {
        push_u32(out, 0);
        push_time(out, time);
        option(out, COMMENT, comment.as_bytes());
        end_of_options(out);
    });
}

/// Appends a block: type, length, body, length again.
fn block(out: &mut Vec<u8>, kind: u32, body: impl FnOnce(&mut Vec<u8>)) {
    let start = out.len();
    push_u32(out, kind);
    push_u32(out, 0);
    body(out);
    let length = u32::try_from(out.len() - start + 4).unwrap_or(u32::MAX);
    push_u32(out, length);
    if let Some(place) = out.get_mut(start + 4..start + 8) {
        place.copy_from_slice(&length.to_le_bytes());
    }
}

/// Appends an option (section 3.5): code, length, value padded to 32 bits. A longer value is cut.
fn option(out: &mut Vec<u8>, code: u16, value: &[u8]) {
    let length = u16::try_from(value.len()).unwrap_or(u16::MAX);
    let value = value.get(..usize::from(length)).unwrap_or(value);
    push_u16(out, code);
    push_u16(out, length);
    out.extend_from_slice(value);
    pad(out, value.len());
}

fn end_of_options(out: &mut Vec<u8>) {
    push_u32(out, 0);
}

/// Appends the halves of a time, the higher one first. Times before 1970 cannot be told.
fn push_time(out: &mut Vec<u8>, time: Timestamp) {
    let [high, low] = {
        let units = time.0.max(0).unsigned_abs();
        [units >> 32, units & u64::from(u32::MAX)]
    };
    for half in [high, low] {
        push_u32(out, u32::try_from(half).unwrap_or(u32::MAX));
    }
}

fn push_length(out: &mut Vec<u8>, length: usize) {
    push_u32(out, u32::try_from(length).unwrap_or(u32::MAX));
}

fn pad(out: &mut Vec<u8>, length: usize) {
    out.extend(std::iter::repeat_n(0, length.next_multiple_of(4) - length));
}

fn push_u32(out: &mut Vec<u8>, value: u32) {
    out.extend_from_slice(&value.to_le_bytes());
}

fn push_u16(out: &mut Vec<u8>, value: u16) {
    out.extend_from_slice(&value.to_le_bytes());
}

const SECTION_HEADER: u32 = 0x0a0d_0d0a;
const INTERFACE_DESCRIPTION: u32 = 1;
const INTERFACE_STATISTICS: u32 = 5;
const ENHANCED_PACKET: u32 = 6;

const BYTE_ORDER_MAGIC: u32 = 0x1a2b_3c4d;

/// Options: `opt_comment`, `shb_userappl`, `if_tsresol`.
const COMMENT: u16 = 1;
const USER_APPLICATION: u16 = 4;
const TIME_RESOLUTION: u16 = 9;

/// Times in units of 10⁻⁹ seconds.
const NANOSECONDS: u8 = 9;

#[cfg(test)]
mod tests {
    use super::*;
    use rpcscope_model::FrameNumber;

    #[test]
    fn blocks_are_laid_out_as_the_format_says() {
        let mut out = Vec::new();
        push_section(&mut out, "abc");
        let header = [
            0x0a, 0x0d, 0x0d, 0x0a, 52, 0, 0, 0, 0x4d, 0x3c, 0x2b, 0x1a, 1, 0, 0, 0, // type to version
            255, 255, 255, 255, 255, 255, 255, 255, // length of the section
            1, 0, 3, 0, b'a', b'b', b'c', 0, // comment
            4, 0, 8, 0, b'r', b'p', b'c', b's', b'c', b'o', b'p', b'e', // application
            0, 0, 0, 0, 52, 0, 0, 0,
        ];
        assert_eq!(out, header);
        out.clear();
        push_interface(&mut out, LinkType(276));
        let interface = [
            1, 0, 0, 0, 32, 0, 0, 0, 0x14, 1, 0, 0, 0, 0, 0, 0, // type, length, link type, snap length
            9, 0, 1, 0, 9, 0, 0, 0, 0, 0, 0, 0, 32, 0, 0, 0,
        ];
        assert_eq!(out, interface);
        out.clear();
        let frame = KeptFrame {
            number: FrameNumber(7),
            time: Timestamp(0x0102_0304_0506_0708),
            link_type: LinkType(1),
            original_length: 9,
            bytes: [0xee; 5].into(),
        };
        push_packet(&mut out, 2, &frame, &["x".to_owned(), "y".to_owned()]);
        let packet = [
            6, 0, 0, 0, 60, 0, 0, 0, 2, 0, 0, 0, 4, 3, 2, 1, 8, 7, 6,
            5, // type, length, interface, time
            5, 0, 0, 0, 9, 0, 0, 0, 0xee, 0xee, 0xee, 0xee, 0xee, 0, 0, 0, // lengths, bytes
            1, 0, 1, 0, b'x', 0, 0, 0, 1, 0, 1, 0, b'y', 0, 0, 0, 0, 0, 0, 0, 60, 0, 0, 0,
        ];
        assert_eq!(out, packet);
        out.clear();
        push_comment(&mut out, Timestamp(-1), "four");
        let comment = [
            5, 0, 0, 0, 36, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
            0, // type, length, interface, time
            1, 0, 4, 0, b'f', b'o', b'u', b'r', 0, 0, 0, 0, 36, 0, 0, 0,
        ];
        assert_eq!(out, comment);
    }

    #[test]
    fn comments_that_are_too_long_are_cut() {
        let mut out = Vec::new();
        push_comment(&mut out, Timestamp(0), &"x".repeat(100_000));
        assert_eq!(out.len() % 4, 0);
        assert_eq!(out.get(20..24), Some(&[1, 0, 255, 255][..]));
    }
}
