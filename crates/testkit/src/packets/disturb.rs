//! What a network or an adversary does to segments on their way. The streams stay the same, but for what is dropped.

use super::{Segment, tcp_flags};
use crate::encoder::length32;
use crate::rng::Rng;
use rpcscope_model::Side;

/// What a segment that overlaps earlier ones says about their bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Overlap {
    /// The same.
    #[default]
    Same,
    /// Something else. The first copy is the true one.
    Conflicting,
}

/// How segments are disturbed. The default does nothing.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Disturbance {
    /// Decides all that is left to chance.
    pub seed: u64,
    /// Cuts payloads into pieces of random sizes up to this many bytes.
    pub cut: Option<usize>,
    /// How many of 100 segments with data start with bytes that were sent before.
    pub overlap_percent: u8,
    /// What these bytes are.
    pub overlap: Overlap,
    /// How many of 100 segments with data are sent twice.
    pub duplicate_percent: u8,
    /// Segments of one direction that may change places; they never overtake data or acknowledgements of the other
    /// direction. 0 or 1 keeps order.
    pub reorder_window: usize,
    /// The direction in which they do; `None` is both.
    pub reorder_side: Option<Side>,
    /// How many of 100 segments with data are lost.
    pub drop_percent: u8,
    /// Segments that are lost, by their place in the undisturbed list.
    pub drop: Vec<usize>,
}

impl Disturbance {
    /// Everything but loss: cuts, repeats, overlaps with the same bytes, changes order. A reader must find the same streams.
    pub fn harmless(seed: u64) -> Self {
        Self {
            seed,
            cut: Some(64),
            overlap_percent: 10,
            duplicate_percent: 10,
            reorder_window: 4,
            ..Self::default()
        }
    }

    /// The disturbed segments.
    pub fn apply(&self, segments: Vec<Segment>) -> Vec<Segment> {
        let mut rng = Rng::new(self.seed);
        let mut segments: Vec<Segment> = segments
            .into_iter()
            .enumerate()
            .filter(|(place, _)| !self.drop.contains(place))
            .map(|(_, segment)| segment)
            .collect();
        if let Some(most) = self.cut {
            segments = segments.into_iter().flat_map(|segment| cut(segment, most, &mut rng)).collect();
        }
        segments.retain(|segment| segment.payload.is_empty() || !rng.chance(self.drop_percent));
        self.overlap(&mut segments, &mut rng);
        let mut segments = self.duplicate(segments, &mut rng);
        self.reorder(&mut segments, &mut rng);
        segments
    }

    fn overlap(&self, segments: &mut [Segment], rng: &mut Rng) {
        for at in 1..segments.len() {
            let (before, from_here) = segments.split_at_mut(at);
            let (earlier, segment) = (&before[at - 1], &mut from_here[0]);
            let ends_at = earlier.sequence.wrapping_add(length32(earlier.payload.len()));
            let continues = earlier.connection == segment.connection
                && earlier.side == segment.side
                && ends_at == segment.sequence;
            let syn = earlier.flags & tcp_flags::SYN != 0;
            if continues && !syn && !segment.payload.is_empty() && rng.chance(self.overlap_percent) {
                let count = rng.between(0, earlier.payload.len());
                let mut payload = earlier.payload[earlier.payload.len() - count..].to_vec();
                if self.overlap == Overlap::Conflicting {
                    payload.iter_mut().for_each(|byte| *byte = !*byte);
                }
                payload.append(&mut segment.payload);
                segment.payload = payload;
                segment.sequence = segment.sequence.wrapping_sub(length32(count));
            }
        }
    }

    fn duplicate(&self, segments: Vec<Segment>, rng: &mut Rng) -> Vec<Segment> {
        let mut result = Vec::with_capacity(segments.len());
        for segment in segments {
            let twice = !segment.payload.is_empty() && rng.chance(self.duplicate_percent);
            if twice {
                result.push(segment.clone());
            }
            result.push(segment);
        }
        result
    }

    /// Shuffles runs of at most `reorder_window` segments with data of one direction of one connection.
    fn reorder(&self, segments: &mut [Segment], rng: &mut Rng) {
        if self.reorder_window < 2 || self.overlap_conflicts() {
            return;
        }
        let mut run: Vec<usize> = Vec::new();
        for at in 0..segments.len() {
            if segments[at].payload.is_empty() {
                // What the other side has acknowledged arrived before.
                let acknowledges = |first: &usize| {
                    segments[*first].connection == segments[at].connection
                        && segments[*first].side != segments[at].side
                };
                if run.first().is_some_and(acknowledges) {
                    self.shuffle(segments, &run, rng);
                    run.clear();
                }
                continue;
            }
            let same = run.first().is_none_or(|first| {
                (segments[*first].connection, segments[*first].side)
                    == (segments[at].connection, segments[at].side)
            });
            if !same || run.len() == self.reorder_window {
                self.shuffle(segments, &run, rng);
                run.clear();
            }
            run.push(at);
        }
        self.shuffle(segments, &run, rng);
    }

    fn shuffle(&self, segments: &mut [Segment], run: &[usize], rng: &mut Rng) {
        let Some(first) = run.first() else { return };
        if self.reorder_side.is_some_and(|side| side != segments[*first].side) {
            return;
        }
        for last in (1..run.len()).rev() {
            segments.swap(run[last], run[rng.below(last + 1)]);
        }
    }

    /// Bytes that conflict must come after the true ones, so order is kept.
    fn overlap_conflicts(&self) -> bool {
        self.overlap == Overlap::Conflicting && self.overlap_percent > 0
    }
}

fn cut(segment: Segment, most: usize, rng: &mut Rng) -> Vec<Segment> {
    if segment.payload.is_empty() {
        return vec![segment];
    }
    let mut pieces = Vec::new();
    let mut offset = 0;
    while offset < segment.payload.len() {
        let end = segment.payload.len().min(offset + rng.between(1, most.max(1)));
        pieces.push(Segment {
            sequence: segment.sequence.wrapping_add(length32(offset)),
            payload: segment.payload[offset..end].to_vec(),
            ..segment
        });
        offset = end;
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packets::TcpFlow;
    use crate::transport::{Message, stream};

    fn messages() -> Vec<Message> {
        let mut rng = Rng::new(9);
        let sides = [Side::Client, Side::Client, Side::Server].into_iter().cycle();
        sides.take(30).map(|side| Message::new(side, rng.bytes(150))).collect()
    }

    /// A naive reassembler: the first copy of each byte, by its sequence number.
    fn reassemble(segments: &[Segment], side: Side, start: u32) -> Vec<u8> {
        let mut bytes = std::collections::BTreeMap::new();
        for segment in segments.iter().filter(|segment| segment.side == side) {
            for (place, byte) in segment.payload.iter().enumerate() {
                let at = segment.sequence.wrapping_add(length32(place)).wrapping_sub(start);
                bytes.entry(at).or_insert(*byte);
            }
        }
        bytes.into_values().collect()
    }

    fn check(disturbance: &Disturbance) {
        let messages = messages();
        let flow = TcpFlow { client_sequence: u32::MAX - 1000, ..TcpFlow::default() };
        let plain = flow.segments(&messages);
        let disturbed = disturbance.apply(plain.clone());
        assert_ne!(disturbed, plain);
        for (side, initial) in [(Side::Client, flow.client_sequence), (Side::Server, flow.server_sequence)] {
            let start = initial.wrapping_add(1);
            assert!(
                reassemble(&disturbed, side, start) == stream(&messages, 0, side),
                "{disturbance:?} {side:?}"
            );
        }
    }

    #[test]
    fn harmless_disturbances_keep_the_streams() {
        (0..50).for_each(|seed| check(&Disturbance::harmless(seed)));
    }

    #[test]
    fn conflicting_copies_come_after_the_true_ones() {
        for seed in 0..50 {
            let conflicting = Overlap::Conflicting;
            let disturbance =
                Disturbance { overlap: conflicting, overlap_percent: 50, ..Disturbance::harmless(seed) };
            check(&disturbance);
        }
    }

    #[test]
    fn one_seed_gives_one_result() {
        let plain = TcpFlow::default().segments(&messages());
        let apply = |seed| Disturbance::harmless(seed).apply(plain.clone());
        assert_eq!(apply(3), apply(3));
        assert_ne!(apply(3), apply(4));
    }

    #[test]
    fn only_the_chosen_direction_is_reordered() {
        let plain = TcpFlow::default().segments(&messages());
        let reordered = Disturbance {
            reorder_window: 8,
            cut: Some(20),
            reorder_side: Some(Side::Client),
            ..Disturbance::default()
        };
        let segments = reordered.apply(plain);
        let sorted = |side| {
            let of_side =
                segments.iter().filter(|segment| segment.side == side && !segment.payload.is_empty());
            of_side.map(|segment| segment.sequence).is_sorted()
        };
        assert_eq!((sorted(Side::Client), sorted(Side::Server)), (false, true));
    }

    #[test]
    fn chosen_segments_are_lost() {
        let plain = TcpFlow::default().segments(&messages());
        let lost = Disturbance { drop: vec![0, 3], ..Disturbance::default() }.apply(plain.clone());
        assert_eq!(lost.len(), plain.len() - 2);
        assert_eq!(lost[0], plain[1]);
        let some = Disturbance { drop_percent: 30, ..Disturbance::default() }.apply(plain.clone());
        assert!(some.len() < plain.len());
    }
}
