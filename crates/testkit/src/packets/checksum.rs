//! The Internet checksum (RFC 1071).

use super::ip::{address_bytes, is_v4};
use crate::encoder::{ByteOrder, Encoder, length32};
use rpcscope_model::Address;

/// The checksum of bytes in which the checksum field is 0.
pub(super) fn checksum(bytes: &[u8]) -> u16 {
    complement(sum(bytes))
}

/// The sum of 16-bit words of which the checksum is the complement. Sums of parts that begin at even places add up.
pub(crate) fn sum(bytes: &[u8]) -> u32 {
    let mut sum: u32 = 0;
    for pair in bytes.chunks(2) {
        let word = u16::from_be_bytes([pair[0], pair.get(1).copied().unwrap_or(0)]);
        sum += u32::from(word);
        // Folding at once keeps the sum below 2^17.
        sum = (sum & 0xffff) + (sum >> 16);
    }
    sum
}

/// The checksum for a sum.
pub(crate) fn complement(sum: u32) -> u16 {
    let once = (sum & 0xffff) + (sum >> 16);
    let twice = (once & 0xffff) + (once >> 16);
    !u16::try_from(twice & 0xffff).expect("16 bits")
}

/// The checksum of a TCP or UDP datagram with its pseudo-header (RFC 9293 3.1, RFC 8200 8.1).
pub(super) fn transport_checksum(source: Address, destination: Address, protocol: u8, bytes: &[u8]) -> u16 {
    let mut out = Encoder::new(ByteOrder::Big);
    out.raw(&address_bytes(source)).raw(&address_bytes(destination));
    if is_v4(source) {
        out.u8(0).u8(protocol).u16(crate::encoder::length16(bytes.len()));
    } else {
        out.u32(length32(bytes.len())).zeros(3).u8(protocol);
    }
    out.raw(bytes);
    checksum(&out.finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn example_of_rfc_1071_comes_out() {
        assert_eq!(checksum(&[0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7]), !0xddf2);
        assert_eq!(checksum(&[0xff]), !0xff00);
    }
}
