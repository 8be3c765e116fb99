use pcap_parser::traits::PcapNGPacketBlock;
use pcap_parser::{Block, parse_block_be, parse_block_le};
use proptest::prelude::*;

use crate::build::{Order, PcapngFile, frames_of, read_all};

const ORDERS: [Order; 2] = [Order::Little, Order::Big];

#[test]
fn all_packet_blocks_are_read_in_both_byte_orders() {
    for order in ORDERS {
        let mut file = PcapngFile::new(order);
        file.interface(1, 65535, &[]);
        file.enhanced(0, 1_700_000_000_654_321, 60, b"enhanced").simple(6, b"simple").obsolete(
            0,
            5,
            90,
            b"obsolete",
        );
        let frames = frames_of(file.bytes);
        let shown: Vec<_> =
            frames.iter().map(|f| (f.number, f.time, f.original_length, &f.bytes[..])).collect();
        assert_eq!(
            shown,
            [
                (1, 1_700_000_000_654_321_000, 60, &b"enhanced"[..]),
                // No time of its own: that of the packet before.
                (2, 1_700_000_000_654_321_000, 6, b"simple"),
                (3, 5_000, 90, b"obsolete"),
            ]
        );
    }
}

#[test]
fn every_interface_has_its_own_link_type_and_clock() {
    for order in ORDERS {
        let minus_one = order.u64(u64::MAX);
        let mut file = PcapngFile::new(order);
        file.interface(1, 0, &[])
            .interface(113, 0, &[(2, b"eth0"), (9, &[9]), (0, &[])])
            .interface(101, 0, &[(9, &[0x8a])])
            .interface(276, 0, &[(9, &[3]), (14, &minus_one)])
            // What stands behind the end of options is none.
            .interface(1, 0, &[(0, &[]), (9, &[9])]);
        for interface in 0..5 {
            file.enhanced(interface, 2048, 1, b"a");
        }
        let frames = frames_of(file.bytes);
        let shown: Vec<_> = frames.iter().map(|frame| (frame.link_type, frame.time)).collect();
        assert_eq!(
            shown,
            [(1, 2_048_000), (113, 2_048), (101, 2_000_000_000), (276, 1_048_000_000), (1, 2_048_000)]
        );
    }
}

#[test]
fn a_new_section_forgets_interfaces_and_may_change_the_byte_order() {
    let mut file = PcapngFile::new(Order::Little);
    file.interface(1, 0, &[]).enhanced(0, 1, 1, b"a");
    file.section(Order::Big).enhanced(0, 1, 1, b"lost").interface(113, 0, &[]).enhanced(0, 2, 1, b"b");
    let lost_at = file.bytes.windows(4).position(|bytes| bytes == b"lost").expect("it is there") - 28;
    let read = read_all(file.bytes);
    assert_eq!(read.error, None);
    let shown: Vec<_> =
        read.frames.iter().map(|frame| (frame.number, frame.link_type, &frame.bytes[..])).collect();
    assert_eq!(shown, [(1, 1, &b"a"[..]), (2, 113, b"b")]);
    assert_eq!(
        read.warnings,
        [format!("x: a packet at byte {lost_at} was left out: interface 0 is not described, only 0 are")]
    );
}

#[test]
fn unknown_blocks_are_skipped() {
    let mut file = PcapngFile::new(Order::Big);
    file.block(0x0bad, b"custom")
        .interface(1, 0, &[])
        .block(4, &[0; 40])
        .block(5, &[0; 12])
        .enhanced(0, 1, 1, b"a");
    file.block(10, b"secret").block(0x8000_0001, &[]);
    assert_eq!(frames_of(file.bytes).len(), 1);
}

#[test]
fn the_snap_length_of_the_interface_cuts_simple_packets() {
    let mut file = PcapngFile::new(Order::Little);
    file.interface(1, 5, &[]).simple(100, b"12345");
    let frames = frames_of(file.bytes);
    assert_eq!((frames[0].original_length, &frames[0].bytes[..]), (100, &b"12345"[..]));
}

#[test]
fn a_packet_longer_than_its_block_costs_that_packet() {
    let mut file = PcapngFile::new(Order::Little);
    file.interface(1, 0, &[]).enhanced(0, 1, 4, b"good");
    let bad_at = file.bytes.len();
    file.enhanced(0, 2, 4, b"bad.").enhanced(0, 3, 4, b"next").enhanced(7, 3, 4, b"lost");
    file.bytes[bad_at + 20] = 5;
    let read = read_all(file.bytes);
    assert_eq!(read.error, None);
    assert_eq!(read.frames.iter().map(|frame| &frame.bytes[..]).collect::<Vec<_>>(), [b"good", b"next"]);
    let expected = format!(
        "x: 2 packets were left out, the first at byte {bad_at}: \
         captured packet length 5 is impossible, at most 4 bytes can be"
    );
    assert_eq!(read.warnings, [expected]);
}

#[test]
fn a_block_without_its_padding_in_the_length_is_read() {
    let mut file = PcapngFile::new(Order::Little);
    file.interface(1, 0, &[]);
    let at = file.bytes.len();
    file.enhanced(0, 1, 5, b"12345").enhanced(0, 2, 1, b"a");
    let length = u8::try_from(28 + 5 + 4).expect("a short block");
    file.bytes[at + 4] = length;
    file.bytes[at + 36] = length;
    assert_eq!(frames_of(file.bytes).len(), 2);
}

#[test]
fn an_impossible_block_length_ends_the_file_after_what_was_read() {
    for (length, told) in [
        (3, "block total length 3 is impossible, at least 12 bytes must be"),
        (0x7fff_fff0, "block total length 2147483632 is impossible, at most 16777216 bytes can be"),
        (40, "block total length is 40 at the start and 36 at the end"),
    ] {
        let mut file = PcapngFile::new(Order::Big);
        file.interface(1, 0, &[]).enhanced(0, 1, 1, b"read");
        let at = file.bytes.len();
        file.enhanced(0, 1, 1, b"not.").enhanced(0, 1, 1, b"not.");
        file.bytes[at + 4..at + 8].copy_from_slice(&Order::Big.u32(length));
        if length == 40 {
            // What the longer block takes for its end.
            file.bytes[at + 36..at + 40].copy_from_slice(&Order::Big.u32(36));
        }
        let read = read_all(file.bytes);
        assert_eq!(read.frames.len(), 1);
        assert_eq!(read.error, Some(format!("x: damaged at byte {at}: {told}")));
    }
}

#[test]
fn a_section_of_unknown_byte_order_ends_the_file() {
    let mut file = PcapngFile::new(Order::Big);
    file.interface(1, 0, &[]).enhanced(0, 1, 1, b"read");
    let at = file.bytes.len();
    file.section(Order::Big);
    file.bytes[at + 8..at + 12].copy_from_slice(b"abcd");
    let read = read_all(file.bytes);
    assert_eq!(read.frames.len(), 1);
    assert_eq!(read.error, Some(format!("x: damaged at byte {at}: byte-order magic 61 62 63 64 is unknown")));
}

#[test]
fn a_cut_at_any_byte_delivers_the_frames_before_it() {
    let mut file = PcapngFile::new(Order::Little);
    let mut ends = vec![file.bytes.len()];
    let mut frame_ends = Vec::new();
    file.interface(1, 0, &[(9, &[9])]);
    ends.push(file.bytes.len());
    for step in 0..3 {
        match step {
            0 => file.enhanced(0, 1, 60, b"first"),
            1 => file.simple(6, b"second"),
            _ => file.obsolete(0, 1, 60, b""),
        };
        ends.push(file.bytes.len());
        frame_ends.push(file.bytes.len());
    }
    for cut in 1..=file.bytes.len() {
        let read = read_all(file.bytes[..cut].to_vec());
        assert_eq!(read.frames.len(), frame_ends.iter().filter(|end| **end <= cut).count(), "cut at {cut}");
        assert_eq!(read.error.is_some(), cut < 4, "cut at {cut}: {:?}", read.error);
        assert_eq!(
            read.warnings.is_empty(),
            cut < 4 || ends.contains(&cut),
            "cut at {cut}: {:?}",
            read.warnings
        );
    }
}

#[test]
fn interfaces_are_bounded() {
    let mut file = PcapngFile::new(Order::Little);
    for _ in 0..=super::MAX_INTERFACES {
        file.interface(1, 0, &[]);
    }
    file.enhanced(65_535, 1, 1, b"a").enhanced(65_536, 1, 1, b"b");
    let read = read_all(file.bytes);
    assert_eq!(read.frames.len(), 1);
    assert_eq!(read.warnings.len(), 1);
}

/// What pcap-parser reads: interface, units, original length and bytes of each packet.
fn oracle(bytes: &[u8], order: Order) -> Vec<(Option<u32>, u64, u32, Vec<u8>)> {
    let mut packets = Vec::new();
    let mut rest = bytes;
    while !rest.is_empty() {
        let parse = if order == Order::Big { parse_block_be } else { parse_block_le };
        let (behind, block) = parse(rest).expect("a block");
        rest = behind;
        match block {
            Block::EnhancedPacket(packet) => {
                let units = u64::from(packet.ts_high) << 32 | u64::from(packet.ts_low);
                packets.push((Some(packet.if_id), units, packet.origlen, packet.packet_data().to_vec()));
            }
            Block::SimplePacket(packet) => {
                packets.push((None, 0, packet.origlen, packet.packet_data().to_vec()))
            }
            _ => {}
        }
    }
    packets
}

proptest! {
    #[test]
    fn what_pcap_parser_reads_is_read_alike(
        big in any::<bool>(),
        blocks in prop::collection::vec(
            (0_u8..4, 0_u32..2, 0..1_u64 << 53, 0_u32..2000, prop::collection::vec(any::<u8>(), 0..100)),
            0..30,
        ),
    ) {
        let order = if big { Order::Big } else { Order::Little };
        let mut file = PcapngFile::new(order);
        file.interface(1, 0, &[(2, b"lan"), (9, &[6])]).interface(113, 0, &[(9, &[9])]);
        for (kind, interface, units, original, frame) in &blocks {
            match kind {
                0 | 1 => file.enhanced(*interface, *units, *original, frame),
                2 => file.simple(u32::try_from(frame.len()).expect("a short frame"), frame),
                _ => file.block(0x0bad_0bad, frame),
            };
        }
        let expected = oracle(&file.bytes, order);
        let frames = frames_of(file.bytes);
        prop_assert_eq!(frames.len(), expected.len());
        for (frame, (interface, units, original, bytes)) in frames.iter().zip(expected) {
            prop_assert_eq!(&frame.bytes, &bytes);
            prop_assert_eq!(frame.original_length, original);
            if let Some(interface) = interface {
                let (link_type, unit_ns) = if interface == 0 { (1, 1000) } else { (113, 1) };
                prop_assert_eq!(frame.link_type, link_type);
                prop_assert_eq!(frame.time, i64::try_from(units * unit_ns).expect("a time"));
            }
        }
    }
}
