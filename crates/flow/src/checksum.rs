//! The Internet checksum ([RFC 1071]).

use crate::Packet;
use crate::ip::{TCP, UDP};

/// Whether the TCP or UDP checksum of a packet is right.
///
/// True as well when there is nothing to check: other protocols, packets that the snap length cut, and UDP datagrams
/// sent without a checksum. Captures taken on the sending host show wrong checksums, since the network card fills them
/// in; they say nothing about the data.
pub fn checksum_ok(packet: &Packet<'_>) -> bool {
    let covered = match packet.protocol {
        TCP => packet.payload,
        UDP => {
            let Some(header) = packet.payload.first_chunk::<8>() else { return true };
            if header[6..8] == [0, 0] {
                return true;
            }
            match usize::from(u16::from_be_bytes([header[4], header[5]])) {
                0 => packet.payload,
                length => packet.payload.get(..length).unwrap_or(packet.payload),
            }
        }
        _ => return true,
    };
    if packet.payload.len() < packet.length {
        return true;
    }
    // The prefix ::ffff: of a mapped IPv4 address adds 0xffff, which is zero in one's complement: both versions of
    // the pseudo header ([RFC 793] 3.1, [RFC 8200] 8.1) are this one sum.
    let pseudo_header = words(&packet.source.bits().to_be_bytes())
        + words(&packet.destination.bits().to_be_bytes())
        + in_memory_order(covered.len())
        + in_memory_order(usize::from(packet.protocol));
    fold(pseudo_header + words(covered)) == 0xffff
}

/// The one's complement sum of `bytes`, as 16-bit words. 0xffff means that a checksum among them is right.
#[inline]
pub(crate) fn sum(bytes: &[u8]) -> u16 {
    fold(words(bytes))
}

/// Adds 64-bit words in the order of this machine, and folds the sum to 34 bits: it does not depend on the order, nor on
/// the size of the words ([RFC 1071] 2), and needs no swapping.
#[inline]
fn words(bytes: &[u8]) -> u64 {
    let (blocks, rest) = bytes.as_chunks::<64>();
    let (mut total, mut carries) = (0_u64, 0_u64);
    for block in blocks {
        // One chain of additions with carry.
        let (words, _) = block.as_chunks::<8>();
        let mut carry = false;
        for word in words {
            (total, carry) = total.carrying_add(u64::from_ne_bytes(*word), carry);
        }
        carries += u64::from(carry);
    }
    let (words, tail) = rest.as_chunks::<8>();
    for word in words {
        let (sum, carry) = total.overflowing_add(u64::from_ne_bytes(*word));
        (total, carries) = (sum, carries + u64::from(carry));
    }
    let (total, carry) = total.overflowing_add(last_word(bytes, tail));
    (total & 0xffff_ffff) + (total >> 32) + carries + u64::from(carry)
}

/// `tail`, the end of `bytes` and fewer than eight, as a word that ends in zeros.
#[inline]
fn last_word(bytes: &[u8], tail: &[u8]) -> u64 {
    if tail.is_empty() {
        return 0;
    }
    if let Some(last) = bytes.last_chunk::<8>() {
        // Those before the tail are shifted out; a copy of a few bytes would cost more.
        let word = u64::from_le_bytes(*last) >> (64 - 8 * tail.len());
        return u64::from_ne_bytes(word.to_le_bytes());
    }
    let mut word = [0; 8];
    for (to, from) in word.iter_mut().zip(tail) {
        *to = *from;
    }
    u64::from_ne_bytes(word)
}

/// A 32-bit number as it would stand in a header, read in the order of this machine.
fn in_memory_order(number: usize) -> u64 {
    u64::from(u32::try_from(number).unwrap_or(u32::MAX).to_be())
}

#[inline]
fn fold(mut total: u64) -> u16 {
    while total > 0xffff {
        total = (total & 0xffff) + (total >> 16);
    }
    #[allow(clippy::cast_possible_truncation)] // at most 0xffff after the loop
    let folded = total as u16;
    folded
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frames::packet;
    use etherparse::PacketBuilder;

    fn built(
        builder: etherparse::PacketBuilderStep<etherparse::IpHeaders>,
        udp: bool,
        data: &[u8],
    ) -> Vec<u8> {
        let mut bytes = Vec::new();
        if udp {
            builder.udp(1, 2).write(&mut bytes, data).expect("a packet");
        } else {
            builder.tcp(1, 2, 3, 4).write(&mut bytes, data).expect("a packet");
        }
        bytes
    }

    #[test]
    fn right_checksums_are_accepted_and_any_changed_byte_is_found() {
        for length in [0, 1, 2, 3, 5, 1000] {
            let data: Vec<u8> = (0..=255).cycle().take(length).collect();
            for udp in [false, true] {
                for bytes in [
                    built(PacketBuilder::ipv4([10, 1, 2, 3], [10, 4, 5, 6], 9), udp, &data),
                    built(PacketBuilder::ipv6([0xfd; 16], [0xfe; 16], 9), udp, &data),
                ] {
                    let whole = packet(&bytes);
                    assert!(checksum_ok(&whole));
                    let mut wrong = whole.payload.to_vec();
                    wrong[1] ^= 0x10;
                    assert!(!checksum_ok(&Packet { payload: &wrong, ..whole }));
                    assert!(checksum_ok(&Packet { length: whole.length + 1, ..whole }), "cut");
                }
            }
        }
    }

    #[test]
    fn udp_without_checksum_is_right() {
        let mut bytes = built(PacketBuilder::ipv4([10, 1, 2, 3], [10, 4, 5, 6], 9), true, b"data");
        bytes[26..28].fill(0);
        assert!(checksum_ok(&packet(&bytes)));
    }
}
