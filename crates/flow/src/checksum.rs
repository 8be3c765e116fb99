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

/// Adds 64-bit words in the order of this machine, and folds the sum to 48 bits: it does not depend on the order, nor on
/// the size of the words ([RFC 1071] 2), and needs no swapping.
#[inline]
fn words(bytes: &[u8]) -> u64 {
    // Two sums side by side, since each addition waits for the carry of the one before. They do not overflow: fewer
    // than 2^64 words.
    let (blocks, rest) = bytes.as_chunks::<16>();
    let (mut even, mut odd) = (0_u128, 0_u128);
    for block in blocks {
        if let ([first, second], _) = block.as_chunks::<8>() {
            even += u128::from(u64::from_ne_bytes(*first));
            odd += u128::from(u64::from_ne_bytes(*second));
        }
    }
    let mut last = [0; 16];
    for (to, from) in last.iter_mut().zip(rest) {
        *to = *from;
    }
    let mut total = even + odd + (u128::from_ne_bytes(last) & LOW) + (u128::from_ne_bytes(last) >> 64);
    total = (total & LOW) + (total >> 64);
    total = (total & 0xffff_ffff) + (total >> 32 & 0xffff_ffff) + (total >> 64);
    #[allow(clippy::cast_possible_truncation)] // below 2^34
    let folded = total as u64;
    folded
}

/// The lower half of a 128-bit number.
const LOW: u128 = 0xffff_ffff_ffff_ffff;

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
