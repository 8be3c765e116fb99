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
    let ([source_upper, source_lower], [upper, lower]) =
        (packet.hosts.lower.halves(), packet.hosts.higher.halves());
    let hosts = add(add(source_upper, source_lower), add(upper, lower));
    let pseudo_header = add(hosts, covered.len() as u64 + u64::from(packet.protocol));
    is_right(add(pseudo_header.to_be(), words(covered)))
}

/// Whether an IPv4 header has a right checksum ([RFC 791] 3.1).
#[inline]
pub(crate) fn header_ok(header: &[u8]) -> bool {
    is_right(words(header))
}

/// Whether the sum of all words, the checksum among them, says that it is right: the 16-bit words of the sum add up to
/// 0xffff, so that it is a multiple of that.
#[inline]
fn is_right(sum: u64) -> bool {
    sum != 0 && sum.is_multiple_of(0xffff)
}

/// Adds in one's complement: what is carried out comes in again.
#[inline]
fn add(a: u64, b: u64) -> u64 {
    let (sum, carry) = a.overflowing_add(b);
    sum + u64::from(carry)
}

/// The one's complement sum of `bytes` as 64-bit words in the order of this machine: the sum of 16-bit words does not
/// depend on the order, nor on how many are added at once ([RFC 1071] 2), and needs no swapping.
#[inline]
fn words(bytes: &[u8]) -> u64 {
    let Some(last) = bytes.last_chunk::<8>() else { return only_word(bytes) };
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
    let tail = match tail.len() {
        0 => 0,
        // Those of the last eight bytes that stand before the tail are shifted out; a copy would cost more.
        length => (u64::from_le_bytes(*last) >> (64 - 8 * length)).to_le(),
    };
    words.iter().map(|word| u64::from_ne_bytes(*word)).fold(add(total, add(tail, carries)), add)
}

/// Fewer than eight bytes as a word that ends in zeros.
#[cold]
fn only_word(bytes: &[u8]) -> u64 {
    let mut word = [0; 8];
    for (to, from) in word.iter_mut().zip(bytes) {
        *to = *from;
    }
    u64::from_ne_bytes(word)
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
