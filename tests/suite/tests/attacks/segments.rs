//! Floods of segments and IP fragments that never make a whole.

use crate::frames::{Line, bound, client, server};
use crate::process::alone;
use crate::sensor::{Attack, Outcomes};
use rpcscope_model::{Endpoint, Side};
use rpcscope_testkit::Rng;
use rpcscope_testkit::packets::{Datagram, Framing, OwnedFrame};

fn pair() -> (Endpoint, Endpoint) {
    (client(1), server(1, 49_670))
}

/// A line on which accounts were bound, and on which the first byte of the next request never comes.
fn line_with_a_hole(client: Endpoint, server: Endpoint, frames: &mut Vec<OwnedFrame>) -> Line {
    let mut line = Line::new(client, server);
    frames.extend(bound().steps().iter().map(|step| line.send(step.side, &step.pdu)));
    line.skip(Side::Client, 1);
    line
}

#[test]
fn tiny_segments_behind_a_hole_cost_the_same_each() {
    alone("segments::tiny_segments_behind_a_hole_cost_the_same_each", || {
        let attack =
            Attack { name: "tiny segments with holes, one connection", planted: pair(), ..Attack::default() };
        let (mut line, mut rng) = (None, Rng::new(1));
        let outcomes = attack.run(|_, frames| {
            let line = line.get_or_insert_with(|| line_with_a_hole(pair().0, pair().1, frames));
            // Every other byte, in no order: nothing can be joined.
            let ahead = u32::try_from(rng.below(400_000)).expect("below") * 2;
            frames.push(line.at(Side::Client, ahead, &[7]));
        });
        assert!(outcomes.fullest.reassembly_bytes <= most_reassembly_bytes(&outcomes));
    });
}

#[test]
fn overlapping_segments_that_contradict_each_other_cost_the_same_each() {
    alone("segments::overlapping_segments_that_contradict_each_other_cost_the_same_each", || {
        let attack =
            Attack { name: "overlapping segments, one connection", planted: pair(), ..Attack::default() };
        let (mut line, mut rng) = (None, Rng::new(2));
        let outcomes = attack.run(|step, frames| {
            let line = line.get_or_insert_with(|| line_with_a_hole(pair().0, pair().1, frames));
            let ahead = u32::try_from(rng.below(500_000)).expect("below");
            let byte = step.to_le_bytes()[0];
            frames.push(line.at(Side::Client, ahead, &vec![byte; rng.between(1, 1400)]));
        });
        assert!(outcomes.stats.tcp_overlap_conflicts > 0);
        assert!(outcomes.fullest.reassembly_bytes <= most_reassembly_bytes(&outcomes));
    });
}

#[test]
fn segments_behind_holes_of_many_connections_hold_bounded_memory() {
    alone("segments::segments_behind_holes_of_many_connections_hold_bounded_memory", || {
        let attack = Attack { name: "held segments of 10,000 connections", ..Attack::default() };
        let mut lines: Vec<Line> = Vec::new();
        let outcomes = attack.run(|step, frames| {
            let at = usize::try_from(step % 10_000).expect("below");
            if step < 10_000 {
                lines.push(line_with_a_hole(client(step), server(step, 49_670), frames));
            }
            let ahead = u32::try_from(step / 10_000 * 1400 % 800_000).expect("below");
            frames.push(lines[at].at(Side::Client, ahead, &[7; 1400]));
        });
        assert!(outcomes.fullest.reassembly_bytes <= most_reassembly_bytes(&outcomes));
        assert!(outcomes.stats.tcp_gaps > 0);
    });
}

/// Fragments of a large datagram, without the last one.
fn fragments(source: Endpoint, number: usize, bytes: usize) -> Vec<OwnedFrame> {
    let datagram = Datagram::udp(source, server(1, 1026), &vec![5; bytes]);
    let framing = Framing { fragment_bytes: Some(512), ..Framing::default() };
    let mut frames = framing.frames_of(&datagram, number, 0);
    frames.pop();
    frames
}

#[test]
fn ip_fragments_whose_rest_never_comes_are_dropped() {
    alone("segments::ip_fragments_whose_rest_never_comes_are_dropped", || {
        let attack = Attack { name: "endless IP fragments", ..Attack::default() };
        let outcomes = attack.run(|step, frames| {
            let number = usize::try_from(step % 65_536).expect("below");
            frames.extend(fragments(client(step), number, 1500));
        });
        assert_eq!(outcomes.stats.datagrams_reassembled, 0);
        assert_eq!(outcomes.stats.datagrams_dropped, outcomes.steps);
    });
}

#[test]
fn ip_fragments_that_overlap_cost_the_same_each() {
    alone("segments::ip_fragments_that_overlap_cost_the_same_each", || {
        let attack = Attack {
            name: "overlapping IP fragments of few datagrams",
            planted: pair(),
            ..Attack::default()
        };
        let mut rng = Rng::new(3);
        let parts = fragments(pair().0, 7, 60_000);
        let outcomes = attack.run(|step, frames| {
            let mut frame = parts[rng.below(parts.len())].clone();
            // Identification: a new datagram now and then, so that many are begun.
            let id = u16::try_from(step / 1000 % 64).expect("below");
            frame.bytes[14 + 4..14 + 6].copy_from_slice(&id.to_be_bytes());
            let end = frame.bytes.len() - 1;
            frame.bytes[end] = step.to_le_bytes()[0];
            frames.push(frame);
        });
        assert!(outcomes.stats.fragments_conflicting + outcomes.stats.datagrams_dropped > 0);
    });
}

/// What is held back, and a quarter as much of what was delivered, to be compared with retransmissions.
fn most_reassembly_bytes(outcomes: &Outcomes) -> u64 {
    let held = outcomes.limits.reassembly_bytes as u64;
    held + held / 4
}
