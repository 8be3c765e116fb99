//! Bodies of the fuzz targets: any bytes, read as a script of what a hostile network may do.

use crate::{
    At, Decoder, Direction, Item, Memory, Packet, Reassembler, TcpFlags, TcpSegment, UdpDatagram, checksum_ok,
};
use rpcscope_model::{Frame, FrameNumber, Limits, LinkType, Timestamp};

/// Decodes frames of any link type: one byte chooses the link type, two give the length (big-endian), then the frame.
///
/// # Panics
/// When a bound does not hold; that is a finding.
pub fn fuzz_decode(mut bytes: &[u8]) {
    let mut decoder = Decoder::new(&Limits { ip_datagrams: 8, ..Limits::WHOLE });
    let mut number = 0;
    while let Some((&[choice, high, low], rest)) = bytes.split_first_chunk::<3>() {
        let length = usize::from(u16::from_be_bytes([high, low])).min(rest.len());
        let (frame, rest) = rest.split_at_checked(length).unwrap_or((rest, &[]));
        bytes = rest;
        number += 1;
        let link_type = LINK_TYPES.get(usize::from(choice) % LINK_TYPES.len()).copied();
        let packet = decoder.decode(&Frame {
            number: FrameNumber(number),
            time: Timestamp::from_parts(i64::from(choice), 0),
            link_type: link_type.unwrap_or(LinkType::ETHERNET),
            original_length: 65_535,
            bytes: frame,
        });
        if let Some(packet) = packet {
            assert!(packet.payload.len() <= packet.length.min(65_535 + 40));
            read_transport(&packet);
        }
    }
    decoder.finish();
}

fn read_transport(packet: &Packet<'_>) {
    let right = checksum_ok(packet);
    assert!(right || packet.payload.len() == packet.length, "cut packets are not checked");
    if let Some(segment) = TcpSegment::parse(packet) {
        assert!(segment.payload.len() <= packet.payload.len());
    }
    if let Some(datagram) = UdpDatagram::parse(packet) {
        assert!(datagram.payload.len() <= packet.payload.len());
    }
}

/// Feeds one connection: eight bytes describe a segment, its payload follows.
///
/// Byte 0: bit 0 direction, bit 1 ACK, bits 2 to 4 FIN SYN RST, bit 5 far sequence numbers, bit 6 a cut payload, bit 7
/// time passes. Byte 1: what the consumer skips. Bytes 2 and 3: sequence number. 4 and 5: acknowledgment number. 6 and 7:
/// length.
///
/// # Panics
/// When a bound does not hold; that is a finding.
pub fn fuzz_reassemble(mut bytes: &[u8]) {
    let limits = Limits { reassembly_bytes: 1 << 16, reassembly_bytes_per_stream: 1 << 14, ..Limits::WHOLE };
    let mut memory = Memory::new(&limits);
    let mut reassembler = Reassembler::new();
    let mut at = At { time: Timestamp(0), frame: FrameNumber(0) };
    let mut closed = [0_u32; 2];
    while let Some((&[what, skip, s1, s2, a1, a2, l1, l2], rest)) = bytes.split_first_chunk::<8>() {
        let length = usize::from(u16::from_be_bytes([l1, l2]) & 0x7ff).min(rest.len());
        let (payload, rest) = rest.split_at_checked(length).unwrap_or((rest, &[]));
        bytes = rest;
        let scale = if what & 0x20 == 0 { 1 } else { 0x0001_0001 };
        let segment = TcpSegment {
            source_port: 0,
            destination_port: 0,
            sequence: u32::from(u16::from_be_bytes([s1, s2])).wrapping_mul(scale),
            acknowledgment: (what & 2 != 0)
                .then(|| u32::from(u16::from_be_bytes([a1, a2])).wrapping_mul(scale)),
            flags: TcpFlags(what >> 2 & 7),
            payload,
            missing: if what & 0x40 == 0 { 0 } else { u32::from(l2) },
        };
        at.frame.0 += 1;
        at.time.0 += if what & 0x80 == 0 { 1_000_000 } else { 2_500_000_000 };
        let direction = if what & 1 == 0 { Direction::Forward } else { Direction::Backward };
        let _ = reassembler.is_reopened_by(direction, &segment);
        let skip = if skip < 200 { 0 } else { u64::from(skip) << (skip & 0x1f) };
        reassembler.push(direction, &segment, at, &mut memory, &mut |direction, item| {
            check(direction, item, &mut closed);
            skip
        });
        assert!(memory.used() <= (1 << 14) * 2 + (1 << 14), "both streams within their limits, and history");
    }
    reassembler.finish(at, &mut memory, &mut |direction, item| {
        check(direction, item, &mut closed);
        0
    });
    assert_eq!(memory.used(), 0);
}

fn check(direction: Direction, item: Item<'_>, closed: &mut [u32; 2]) {
    match item {
        Item::Data { bytes, .. } => assert!(!bytes.is_empty()),
        Item::Gap { bytes, .. } => assert!(bytes > 0),
        Item::Conflict { .. } => {}
        Item::Closed { .. } => {
            if let Some(count) = closed.get_mut(direction.index()) {
                *count += 1;
                assert_eq!(*count, 1, "closed once");
            }
        }
    }
}

const LINK_TYPES: [LinkType; 11] = [
    LinkType::ETHERNET,
    LinkType::NULL,
    LinkType::RAW,
    LinkType::RAW_12,
    LinkType::RAW_14,
    LinkType::LOOP,
    LinkType::LINUX_SLL,
    LinkType::LINUX_SLL2,
    LinkType::IPV4,
    LinkType::IPV6,
    LinkType(147),
];

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_script_of_segments_keeps_the_bounds(script in proptest::collection::vec(any::<u8>(), 0..4000)) {
            fuzz_reassemble(&script);
        }

        #[test]
        fn any_bytes_can_be_decoded(script in proptest::collection::vec(any::<u8>(), 0..4000)) {
            fuzz_decode(&script);
        }

        /// Frames that begin like real ones and go on with any bytes get deeper into the decoder.
        #[test]
        fn any_bytes_behind_real_headers_can_be_decoded(
            start in proptest::sample::select(crate::frames::samples()),
            kept in 0_usize..200,
            rest in proptest::collection::vec(any::<u8>(), 0..200),
        ) {
            let kept = start.get(..kept).unwrap_or(&start);
            let length = u16::try_from(kept.len() + rest.len()).expect("short");
            let [high, low] = length.to_be_bytes();
            for link_type in 0..11 {
                fuzz_decode(&[&[link_type, high, low], kept, &rest].concat());
            }
        }
    }
}
