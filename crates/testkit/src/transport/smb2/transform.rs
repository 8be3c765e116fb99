//! Headers of encrypted and compressed messages ([MS-SMB2] 2.2.41, 2.2.42).

use crate::encoder::{ByteOrder, Encoder, length32};
use crate::rng::Rng;

/// An encrypted message: header, then random bytes in the place of the cipher text.
pub(super) fn encrypted(message: &[u8], session_id: u64, rng: &mut Rng) -> Vec<u8> {
    let mut out = Encoder::new(ByteOrder::Little);
    // Signature; nonce, of which AES-GCM uses 12 bytes; original size; reserved; flag Encrypted.
    out.raw(b"\xfdSMB").raw(&rng.bytes(16)).raw(&rng.bytes(12)).zeros(4);
    out.u32(length32(message.len())).u16(0).u16(1).u64(session_id).raw(&rng.bytes(message.len()));
    out.finish()
}

/// A message compressed with plain LZ77 in which nothing repeats, without a chain.
pub(super) fn compressed(message: &[u8]) -> Vec<u8> {
    let mut out = Encoder::new(ByteOrder::Little);
    // Original size, algorithm, no flags, offset of the compressed part.
    out.raw(b"\xfcSMB").u32(length32(message.len())).u16(LZ77).u16(0).u32(0).raw(&literals(message));
    out.finish()
}

/// Plain LZ77 that consists of literals: 32 of them follow each word of zero bits ([MS-XCA] 2.3).
fn literals(bytes: &[u8]) -> Vec<u8> {
    let mut out = Encoder::new(ByteOrder::Little);
    for chunk in bytes.chunks(32) {
        // Bits behind the end are ones, as a compressor writes them.
        let flags = if chunk.len() == 32 { 0 } else { u32::MAX >> chunk.len() };
        out.u32(flags).raw(chunk);
    }
    if bytes.len().is_multiple_of(32) {
        out.u32(u32::MAX);
    }
    out.finish()
}

/// CompressionAlgorithm LZ77 ([MS-SMB2] 2.2.3.1.3).
const LZ77: u16 = 2;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_say_the_size_of_what_they_hide() {
        let message = [7; 40];
        let hidden = encrypted(&message, 0x1122, &mut Rng::new(1));
        assert_eq!(hidden.len(), 52 + 40);
        assert_eq!(hidden[36..46], [40, 0, 0, 0, 0, 0, 1, 0, 0x22, 0x11]);
        assert!(hidden[52..] != message);
        let packed = compressed(&message);
        assert_eq!(packed[..16], *b"\xfcSMB\x28\0\0\0\x02\0\0\0\0\0\0\0");
        // 32 literals, then 8 and 24 bits that are set.
        assert_eq!(packed[16..21], [0, 0, 0, 0, 7]);
        assert_eq!(packed[52..], [0xff, 0xff, 0xff, 0, 7, 7, 7, 7, 7, 7, 7, 7]);
    }
}
