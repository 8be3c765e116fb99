use super::*;
use crate::TcpFlags;
use Direction::{Backward, Forward};
use proptest::prelude::*;
use rpcscope_model::{FrameNumber, Limits, Timestamp};
use std::collections::BTreeMap;

/// What came out, with neighbouring data joined.
#[derive(Clone, PartialEq, Debug)]
enum Out {
    Data(Vec<u8>),
    Gap(u64),
    Conflict,
    Closed,
}

/// A connection whose output is recorded per direction.
struct Wire {
    reassembler: Reassembler,
    memory: Memory,
    at: At,
    out: [Vec<Out>; 2],
    /// What the sink answers to the next data or gap.
    skip: u64,
}

impl Wire {
    fn new(limits: Limits) -> Self {
        Self {
            reassembler: Reassembler::new(),
            memory: Memory::new(&limits),
            at: At { time: Timestamp(0), frame: FrameNumber(0) },
            out: [Vec::new(), Vec::new()],
            skip: 0,
        }
    }

    fn started(isn: u32) -> Self {
        let mut wire = Self::new(Limits::WHOLE);
        wire.reassembler.note_syn(Forward, isn);
        wire.reassembler.note_syn(Backward, isn);
        wire
    }

    fn push(&mut self, direction: Direction, segment: &TcpSegment<'_>) {
        self.at.frame.0 += 1;
        self.at.time.0 += 1_000;
        let (out, skip) = (&mut self.out, &mut self.skip);
        self.reassembler.push(direction, segment, self.at, &mut self.memory, &mut |direction, item| {
            record(&mut out[direction.index()], item, skip)
        });
    }

    fn data(&mut self, direction: Direction, sequence: u32, payload: &[u8]) {
        self.push(direction, &TcpSegment { payload, ..segment(sequence, TcpFlags::ACK) });
    }

    fn finish(&mut self) -> &[Vec<Out>; 2] {
        let (out, skip) = (&mut self.out, &mut self.skip);
        self.reassembler.finish(self.at, &mut self.memory, &mut |direction, item| {
            record(&mut out[direction.index()], item, skip)
        });
        assert_eq!(self.memory.used(), 0);
        &self.out
    }

    fn forward(&self) -> &[Out] {
        &self.out[0]
    }
}

fn record(out: &mut Vec<Out>, item: Item<'_>, skip: &mut u64) -> u64 {
    match item {
        Item::Data { bytes, .. } => {
            if let Some(Out::Data(data)) = out.last_mut() {
                data.extend(bytes);
            } else {
                out.push(Out::Data(bytes.to_vec()));
            }
        }
        Item::Gap { bytes, .. } => out.push(Out::Gap(bytes)),
        Item::Conflict { .. } => {
            out.push(Out::Conflict);
            return 77; // ignored
        }
        Item::Closed { .. } => {
            out.push(Out::Closed);
            return 77; // ignored
        }
    }
    std::mem::take(skip)
}

fn segment<'a>(sequence: u32, flags: TcpFlags) -> TcpSegment<'a> {
    let acknowledgment = None;
    TcpSegment {
        source_port: 0,
        destination_port: 0,
        sequence,
        acknowledgment,
        flags,
        payload: &[],
        missing: 0,
    }
}

fn data(bytes: &[u8]) -> Out {
    Out::Data(bytes.to_vec())
}

#[test]
fn an_idle_reassembler_is_small() {
    assert!(size_of::<Reassembler>() < 300, "{}", size_of::<Reassembler>());
}

#[test]
fn data_in_order_is_the_slice_of_its_segment() {
    let payload = b"in order".to_vec();
    let mut memory = Memory::new(&Limits::WHOLE);
    let mut reassembler = Reassembler::new();
    let at = At { time: Timestamp(5), frame: FrameNumber(3) };
    let mut same = false;
    let push = TcpSegment { payload: &payload, ..segment(9, TcpFlags::ACK) };
    reassembler.push(Backward, &push, at, &mut memory, &mut |direction, item| {
        if let Item::Data { bytes, at: when } = item {
            same = std::ptr::eq(bytes, &raw const payload[..]) && when == at && direction == Backward;
        }
        0
    });
    assert!(same);
}

#[test]
fn segments_out_of_order_are_put_in_order_across_the_wrap_of_sequence_numbers() {
    let mut wire = Wire::started(u32::MAX - 3);
    wire.data(Forward, 5, b"ij");
    wire.data(Forward, 0, b"defg");
    assert_eq!(wire.forward(), []);
    wire.data(Forward, u32::MAX - 2, b"abc");
    assert_eq!(wire.forward(), [data(b"abcdefg")]);
    wire.data(Forward, 3, b"gh");
    assert_eq!(wire.forward(), [data(b"abcdefghij")]);
    assert_eq!(wire.memory.stats.tcp_out_of_order, 2);
    assert_eq!(wire.memory.stats.tcp_retransmissions, 0);
}

#[test]
fn data_on_a_syn_starts_behind_it() {
    let mut wire = Wire::new(Limits::WHOLE);
    wire.push(Forward, &TcpSegment { payload: b"early", ..segment(99, TcpFlags::SYN) });
    wire.data(Forward, 105, b" late");
    assert_eq!(wire.forward(), [data(b"early late")]);
}

#[test]
fn a_stream_may_start_in_the_middle_and_what_was_before_is_dropped() {
    let mut wire = Wire::new(Limits::WHOLE);
    wire.push(Forward, &segment(4999, TcpFlags::ACK));
    wire.data(Forward, 5000, b"middle");
    wire.data(Forward, 4990, b"before mid");
    assert_eq!(wire.finish()[0], [data(b"middle")]);
    assert_eq!(wire.memory.stats.tcp_retransmissions, 1);
}

#[test]
fn the_first_copy_of_a_byte_wins_and_another_is_a_conflict() {
    let mut wire = Wire::started(0);
    wire.data(Forward, 1, b"abcd");
    wire.data(Forward, 3, b"cdef");
    assert_eq!(wire.forward(), [data(b"abcdef")], "the same bytes again");
    wire.data(Forward, 3, b"cXef");
    assert_eq!(wire.forward(), [data(b"abcdef"), Out::Conflict], "against delivered bytes");
    wire.data(Forward, 9, b"ij");
    wire.data(Forward, 8, b"hIJk");
    assert_eq!(wire.forward().len(), 3, "against bytes held back");
    wire.data(Forward, 7, b"gh");
    wire.data(Forward, 7, b"gHi");
    assert_eq!(wire.forward()[3..], [data(b"ghijk"), Out::Conflict]);
    assert_eq!(wire.memory.stats.tcp_overlap_conflicts, 3);
}

#[test]
fn keep_alive_probes_are_neither_data_nor_conflicts() {
    let mut wire = Wire::started(0);
    wire.data(Forward, 1, b"abcd");
    wire.data(Forward, 4, b"\0");
    wire.data(Forward, 4, b"");
    wire.push(Forward, &segment(5, TcpFlags::FIN));
    wire.data(Forward, 5, b"\0");
    assert_eq!(wire.finish()[0], [data(b"abcd"), Out::Closed]);
    assert_eq!(wire.memory.stats, Default::default());
}

#[test]
fn a_hole_becomes_a_gap_when_the_other_side_has_received_it() {
    let mut wire = Wire::started(0);
    wire.data(Forward, 1, b"a");
    wire.data(Forward, 5, b"e");
    wire.push(Backward, &TcpSegment { acknowledgment: Some(4), ..segment(1, TcpFlags::ACK) });
    assert_eq!(wire.forward(), [data(b"a")], "not all of it");
    wire.push(Backward, &TcpSegment { acknowledgment: Some(5), ..segment(1, TcpFlags::ACK) });
    assert_eq!(wire.forward(), [data(b"a"), Out::Gap(3), data(b"e")]);
    assert_eq!((wire.memory.stats.tcp_gaps, wire.memory.stats.tcp_gap_bytes), (1, 3));
}

#[test]
fn a_hole_becomes_a_gap_after_two_seconds() {
    let mut wire = Wire::started(0);
    wire.data(Forward, 3, b"c");
    wire.at.time.0 += 1_900_000_000;
    wire.push(Backward, &segment(1, TcpFlags::ACK));
    assert_eq!(wire.forward(), []);
    wire.at.time.0 += 200_000_000;
    wire.push(Backward, &segment(1, TcpFlags::ACK));
    assert_eq!(wire.forward(), [Out::Gap(2), data(b"c")]);
}

#[test]
fn a_hole_that_the_other_side_asks_for_is_waited_for() {
    let mut wire = Wire::started(0);
    wire.data(Forward, 3, b"c");
    wire.push(Backward, &TcpSegment { acknowledgment: Some(1), ..segment(1, TcpFlags::ACK) });
    wire.at.time.0 += 9_000_000_000;
    wire.data(Forward, 4, b"d");
    wire.data(Forward, 1, b"ab");
    assert_eq!(wire.forward(), [data(b"abcd")], "sent again after nine seconds");
    wire.data(Forward, 6, b"f");
    wire.at.time.0 += 3_000_000_000;
    wire.data(Forward, 7, b"g");
    assert_eq!(wire.forward()[1..], [Out::Gap(1), data(b"fg")], "nobody asks for the next one");
}

#[test]
fn what_arrives_late_but_first_fills_an_old_hole() {
    let mut wire = Wire::started(0);
    wire.data(Forward, 3, b"c");
    wire.at.time.0 += 9_000_000_000;
    wire.data(Forward, 1, b"ab");
    assert_eq!(wire.forward(), [data(b"abc")]);
}

#[test]
fn a_full_queue_gives_up_its_first_hole() {
    let mut wire = Wire::new(Limits { reassembly_bytes_per_stream: 1000, ..Limits::WHOLE });
    wire.reassembler.note_syn(Forward, 0);
    wire.data(Forward, 11, &[1; 500]);
    assert_eq!(wire.forward(), []);
    wire.data(Forward, 611, &[2; 500]);
    assert_eq!(wire.forward(), [Out::Gap(10), data(&[1; 500])]);
    assert_eq!(wire.finish()[0][2..], [Out::Gap(100), data(&[2; 500])]);
}

#[test]
fn streams_share_one_budget() {
    let limits = Limits { reassembly_bytes: 2000, ..Limits::WHOLE };
    let mut memory = Memory::new(&limits);
    let at = At { time: Timestamp(0), frame: FrameNumber(0) };
    let mut reassemblers: Vec<Reassembler> = (0..100).map(|_| Reassembler::new()).collect();
    let mut delivered = 0;
    for reassembler in &mut reassemblers {
        reassembler.note_syn(Forward, 0);
        let early = TcpSegment { payload: &[7; 400], ..segment(2, TcpFlags::ACK) };
        reassembler.push(Forward, &early, at, &mut memory, &mut |_, item| {
            delivered += usize::from(matches!(item, Item::Data { .. }));
            0
        });
        assert!(memory.used() <= 2000 + 500);
    }
    assert_eq!(delivered, 96, "four are held back");
    for reassembler in &mut reassemblers {
        reassembler.finish(at, &mut memory, &mut |_, _| 0);
    }
    assert_eq!(memory.used(), 0);
}

#[test]
fn fin_closes_behind_the_last_byte_and_reset_closes_both_directions() {
    let mut wire = Wire::started(0);
    wire.push(Forward, &TcpSegment { payload: b"cd", ..segment(3, TcpFlags::FIN) });
    assert_eq!(wire.forward(), []);
    wire.data(Forward, 1, b"ab");
    wire.push(Forward, &TcpSegment { payload: b"cd", ..segment(3, TcpFlags::FIN) });
    assert_eq!(wire.forward(), [data(b"abcd"), Out::Closed]);
    wire.data(Backward, 5, b"y");
    wire.push(Backward, &TcpSegment { payload: b"reason", ..segment(6, TcpFlags::RST) });
    wire.push(Backward, &segment(6, TcpFlags::RST));
    assert_eq!(wire.out[1], [Out::Gap(4), data(b"y"), Out::Closed]);
    assert_eq!(wire.forward().len(), 2, "closed once");
}

#[test]
fn a_forged_end_does_not_blind_the_sensor() {
    let mut wire = Wire::started(0);
    wire.push(Forward, &segment(1, TcpFlags::RST));
    wire.data(Forward, 1, b"still here");
    assert_eq!(wire.forward(), [Out::Closed, data(b"still here")]);
    let mut wire = Wire::started(0);
    wire.push(Forward, &segment(1 + (3 << 29), TcpFlags::RST));
    assert_eq!(wire.forward(), [], "no window is that large");
}

#[test]
fn bytes_before_a_lost_fin_are_a_gap() {
    let mut wire = Wire::started(0);
    wire.push(Forward, &segment(5, TcpFlags::FIN));
    assert_eq!(wire.finish()[0], [Out::Gap(4), Out::Closed]);
}

#[test]
fn bytes_cut_off_by_the_snap_length_are_a_gap_in_their_place() {
    let mut wire = Wire::started(0);
    let cut =
        |sequence, payload, missing| TcpSegment { payload, missing, ..segment(sequence, TcpFlags::ACK) };
    wire.push(Forward, &cut(11, b"k", 4));
    wire.push(Forward, &cut(1, b"ab", 8));
    wire.push(Forward, &cut(16, b"", 3));
    wire.data(Forward, 19, b"s");
    let expected = [data(b"ab"), Out::Gap(8), data(b"k"), Out::Gap(4), Out::Gap(3), data(b"s")];
    assert_eq!(wire.forward(), expected);
    assert_eq!(wire.memory.stats.tcp_gaps, 3);
}

#[test]
fn skipped_bytes_are_neither_delivered_nor_missed() {
    let mut wire = Wire::started(0);
    wire.skip = 100;
    wire.data(Forward, 1, b"head");
    wire.data(Forward, 5, &[1; 40]);
    // 20 bytes are never captured.
    wire.data(Forward, 65, &[1; 30]);
    wire.data(Forward, 95, b"skipped..\0next");
    assert_eq!(wire.finish()[0], [data(b"headnext")]);
    assert_eq!(wire.memory.stats, Default::default());
}

#[test]
fn a_skip_reaches_over_what_is_held_back() {
    let mut wire = Wire::started(0);
    wire.data(Forward, 5, b"efgh");
    wire.data(Forward, 11, b"kl");
    wire.skip = 5;
    wire.data(Forward, 1, b"ab");
    assert_eq!(wire.finish()[0], [data(b"abh"), Out::Gap(2), data(b"kl")]);
}

#[test]
fn a_skip_may_be_longer_than_sequence_numbers_go() {
    const LENGTH: u64 = 6 << 30;
    const STEP: u64 = 1 << 20;
    let mut wire = Wire::started(0);
    wire.skip = LENGTH;
    wire.data(Forward, 1, b"a");
    let mut sent = 0;
    while sent < LENGTH {
        let sequence = u32::try_from((2 + sent) & 0xffff_ffff).expect("masked");
        let missing = u32::try_from(STEP - 1).expect("small");
        let bulk = TcpSegment { payload: b"-", missing, ..segment(sequence, TcpFlags::ACK) };
        assert!(!wire.reassembler.is_reopened_by(Forward, &bulk));
        wire.push(Forward, &bulk);
        sent += STEP;
    }
    let sequence = u32::try_from((2 + sent) & 0xffff_ffff).expect("masked");
    wire.data(Forward, sequence, b"b");
    assert_eq!(wire.finish()[0], [data(b"ab")]);
    assert_eq!(wire.memory.stats, Default::default());
}

#[test]
fn a_later_connection_is_told_by_its_syn_or_by_a_jump() {
    let mut wire = Wire::new(Limits::WHOLE);
    assert!(!wire.reassembler.is_reopened_by(Forward, &segment(7, TcpFlags::SYN)), "nothing to reopen");
    wire.reassembler.note_syn(Forward, 7);
    wire.data(Forward, 8, b"data");
    assert!(!wire.reassembler.is_reopened_by(Forward, &segment(7, TcpFlags::SYN)), "sent again");
    assert!(wire.reassembler.is_reopened_by(Forward, &segment(8, TcpFlags::SYN)));
    assert!(!wire.reassembler.is_reopened_by(Backward, &segment(8, TcpFlags::SYN)), "the other direction");
    for (sequence, reopened) in
        [(12, false), (12 + (1 << 30), false), (13 + (1 << 30), true), (0xb000_0000, true)]
    {
        let jump = TcpSegment { payload: b"x", ..segment(sequence, TcpFlags::ACK) };
        assert_eq!(wire.reassembler.is_reopened_by(Forward, &jump), reopened, "{sequence:#x}");
        assert!(!wire.reassembler.is_reopened_by(Forward, &segment(sequence, TcpFlags::ACK)), "no data");
    }
}

#[test]
fn a_million_one_byte_segments_out_of_order_take_bounded_memory() {
    const COUNT: u32 = 1 << 20;
    let mut wire = Wire::started(0);
    let mut delivered = 0;
    for index in 0..COUNT {
        // Every second byte is missing, and the others come in blocks of 4096, each from its end to its start.
        wire.data(Forward, 3 + 2 * (index ^ 0xfff), b"x");
        assert!(wire.memory.used() < 1 << 20);
        delivered += wire.out[0].drain(..).filter(|item| matches!(item, Out::Data(_))).count();
    }
    delivered += wire.finish()[0].iter().filter(|item| matches!(item, Out::Data(_))).count();
    assert_eq!(delivered, 1 << 20);
    assert_eq!(wire.memory.stats.tcp_gap_bytes, u64::from(COUNT) + 1);
}

/// One segment of a random script: direction, place, length, and what the bytes are mixed with.
type Sent = (bool, u32, usize, u8);

/// The true byte of a stream.
fn byte_at(place: u32) -> u8 {
    place.wrapping_mul(167).wrapping_add(place >> 8).to_le_bytes()[0]
}

/// The items that a map of first copies stands for, from its start to the last byte.
fn items_of(map: &BTreeMap<u32, u8>) -> Vec<Out> {
    let mut out = Vec::new();
    let mut next = 0;
    for (&place, &byte) in map {
        if place > next {
            out.push(Out::Gap(u64::from(place - next)));
        }
        if let Some(Out::Data(bytes)) = out.last_mut() {
            bytes.push(byte);
        } else {
            out.push(Out::Data(vec![byte]));
        }
        next = place + 1;
    }
    out
}

/// Joins data that a conflict parted, and drops the conflicts.
fn without_conflicts(out: &[Out]) -> Vec<Out> {
    let mut joined: Vec<Out> = Vec::new();
    for item in out {
        match (joined.last_mut(), item) {
            (_, Out::Conflict) => {}
            (Some(Out::Data(bytes)), Out::Data(more)) => bytes.extend(more),
            _ => joined.push(item.clone()),
        }
    }
    joined
}

proptest! {
    /// Cut anywhere, doubled, shuffled within a window and dropped: the naive map of bytes gives the same.
    #[test]
    fn honest_segments_give_what_a_byte_map_gives(
        isn in any::<u32>(),
        lengths in proptest::collection::vec((1_usize..300, any::<bool>()), 1..60),
        order in proptest::collection::vec((0_usize..8, 0_u8..10), 120),
    ) {
        let mut sent: Vec<(Direction, u32, Vec<u8>)> = Vec::new();
        let mut places = [0_u32; 2];
        for (length, is_forward) in lengths {
            let direction = if is_forward { Forward } else { Backward };
            let place = &mut places[direction.index()];
            let end = *place + u32::try_from(length).expect("small");
            sent.push((direction, *place, (*place..end).map(byte_at).collect()));
            *place = end;
        }
        for (index, (distance, fate)) in order.into_iter().enumerate() {
            let other = (index + distance).min(sent.len() - 1);
            match fate {
                _ if index >= sent.len() => {}
                0 => drop(sent.remove(index.min(sent.len() - 1))),
                1 => sent.insert(index, sent[other].clone()),
                _ => sent.swap(index, other),
            }
            if sent.is_empty() {
                break;
            }
        }
        let mut wire = Wire::started(isn);
        let mut maps = [BTreeMap::new(), BTreeMap::new()];
        for (direction, place, bytes) in &sent {
            wire.data(*direction, isn.wrapping_add(1).wrapping_add(*place), bytes);
            maps[direction.index()].extend((*place..).zip(bytes.iter().copied()));
        }
        let out = wire.finish();
        prop_assert_eq!(&out[0], &items_of(&maps[0]));
        prop_assert_eq!(&out[1], &items_of(&maps[1]));
        prop_assert_eq!(wire.memory.stats.tcp_overlap_conflicts, 0);
    }

    /// Overlapping and contradicting segments: the first copy of each byte is delivered, and every segment that
    /// contradicts one is reported. The streams are shorter than the history, so no conflict may be missed.
    #[test]
    fn dishonest_segments_give_what_a_byte_map_gives(
        isn in any::<u32>(),
        script in proptest::collection::vec(
            (any::<bool>(), 0_u32..600, 2_usize..40, prop_oneof![4 => Just(0_u8), 1 => 1_u8..4]), 1..80,
        ),
    ) {
        let mut wire = Wire::started(isn);
        let mut maps: [BTreeMap<u32, u8>; 2] = Default::default();
        let mut conflicts = 0;
        for (is_forward, place, length, mixed) in script as Vec<Sent> {
            let direction = if is_forward { Forward } else { Backward };
            let end = place + u32::try_from(length).expect("small");
            let bytes: Vec<u8> = (place..end).map(|place| byte_at(place) ^ mixed).collect();
            wire.data(direction, isn.wrapping_add(1).wrapping_add(place), &bytes);
            let mut contradicts = false;
            for (place, byte) in (place..).zip(bytes) {
                contradicts |= *maps[direction.index()].entry(place).or_insert(byte) != byte;
            }
            conflicts += u64::from(contradicts);
        }
        wire.finish();
        prop_assert_eq!(without_conflicts(&wire.out[0]), items_of(&maps[0]));
        prop_assert_eq!(without_conflicts(&wire.out[1]), items_of(&maps[1]));
        prop_assert_eq!(wire.memory.stats.tcp_overlap_conflicts, conflicts);
        let reported = wire.out.iter().flatten().filter(|item| **item == Out::Conflict).count();
        prop_assert_eq!(reported as u64, conflicts);
    }

    /// With acknowledgments, time, small limits and skips, holes are given up early; but each byte of the stream comes
    /// out once, in its place, as it is, or as part of a gap or of a skip.
    #[test]
    fn each_byte_comes_out_once_and_in_its_place(
        isn in any::<u32>(),
        limit in 200_usize..3000,
        script in proptest::collection::vec(
            (0_u32..3000, 1_usize..200, any::<u8>(), proptest::option::of(0_u32..3000), 0_u64..3), 1..100,
        ),
    ) {
        let limits = Limits { reassembly_bytes: 5000, reassembly_bytes_per_stream: limit, ..Limits::WHOLE };
        let mut memory = Memory::new(&limits);
        let mut reassembler = Reassembler::new();
        reassembler.note_syn(Forward, isn);
        let mut at = At { time: Timestamp(0), frame: FrameNumber(0) };
        let mut place: u64 = 0;
        let mut wrong = None;
        let mut sink = |answer: u64, item: Item<'_>| {
            match item {
                Item::Data { bytes, .. } => {
                    for byte in bytes {
                        if *byte != byte_at(u32::try_from(place).expect("small")) {
                            wrong.get_or_insert(place);
                        }
                        place += 1;
                    }
                }
                Item::Gap { bytes, .. } => place += bytes,
                Item::Conflict { .. } | Item::Closed { .. } => return 0,
            }
            place += answer;
            answer
        };
        for (start, length, chance, acknowledgment, seconds) in script {
            at.time.0 += i64::try_from(seconds).expect("small") * 1_000_000_000;
            let end = start + u32::try_from(length).expect("small");
            let payload: Vec<u8> = (start..end).map(byte_at).collect();
            let first = isn.wrapping_add(1);
            let push = TcpSegment { payload: &payload, ..segment(first.wrapping_add(start), TcpFlags::ACK) };
            let answer = if chance < 30 { u64::from(chance) * 10 } else { 0 };
            reassembler.push(Forward, &push, at, &mut memory, &mut |_, item| sink(answer, item));
            let acknowledgment = acknowledgment.map(|place| first.wrapping_add(place));
            let back = TcpSegment { acknowledgment, ..segment(1, TcpFlags::ACK) };
            reassembler.push(Backward, &back, at, &mut memory, &mut |_, item| sink(0, item));
            prop_assert!(memory.used() <= limit + 5000 / 4);
        }
        reassembler.finish(at, &mut memory, &mut |_, item| sink(0, item));
        prop_assert_eq!(wrong, None);
        prop_assert_eq!(memory.used(), 0);
    }
}
