//! The frames of flows that nobody has asked for yet.

use hashlink::LinkedHashMap;
use rpcscope_model::{HashState, KeptFrame, Limits};
use std::collections::VecDeque;

/// The last frames of each flow, and its first ones: a session without its beginning says neither who is on it nor which
/// interface it bound. Bounded in all; the flow that was silent for longest is forgotten first.
#[derive(Debug)]
pub(super) struct Rings {
    flows: LinkedHashMap<u64, Ring, HashState>,
    bytes: usize,
    limits: RingLimits,
    /// Bytes that were forgotten because all flows together had too many.
    pub(super) evicted_bytes: u64,
}

/// How much is remembered.
#[derive(Clone, Copy, Debug)]
pub(super) struct RingLimits {
    /// Of all flows.
    pub(super) bytes: usize,
    /// Of one.
    pub(super) bytes_per_flow: usize,
    pub(super) frames_per_flow: usize,
}

/// The frames of one flow.
#[derive(Debug, Default)]
struct Ring {
    /// The first ones, up to a quarter of all.
    head: Vec<KeptFrame>,
    /// The last ones.
    tail: VecDeque<KeptFrame>,
    head_bytes: usize,
    tail_bytes: usize,
}

impl RingLimits {
    /// For flows that are followed.
    pub(super) const fn followed(limits: &Limits) -> Self {
        Self {
            bytes: limits.carve_bytes - limits.carve_bytes / OPENING_PART,
            bytes_per_flow: limits.carve_bytes_per_flow,
            frames_per_flow: limits.carve_frames_per_flow,
        }
    }

    /// For connections of which it is not known yet whether they will be followed: their handshake, and little more.
    /// Apart from the others, so that a flood of half-open connections takes nothing from these.
    pub(super) const fn opening(limits: &Limits) -> Self {
        Self {
            bytes: limits.carve_bytes / OPENING_PART,
            bytes_per_flow: OPENING_BYTES,
            frames_per_flow: OPENING_FRAMES,
        }
    }
}

impl Rings {
    pub(super) fn new(limits: RingLimits) -> Self {
        let flows = LinkedHashMap::with_hasher(HashState::default());
        Self { flows, bytes: 0, limits, evicted_bytes: 0 }
    }

    /// Remembers a frame of a flow.
    pub(super) fn push(&mut self, flow: u64, frame: KeptFrame) {
        if self.flows.to_back(&flow).is_none() {
            self.flows.insert(flow, Ring::default());
            self.bytes += FLOW_COST;
        }
        let Some(ring) = self.flows.get_mut(&flow) else { return };
        let before = ring.cost();
        ring.push(frame, &self.limits);
        self.bytes = (self.bytes + ring.cost()).saturating_sub(before);
        while self.bytes > self.limits.bytes
            && let Some((_, silent)) = self.flows.pop_front()
        {
            self.bytes = self.bytes.saturating_sub(silent.cost() + FLOW_COST);
            let frames = silent.head.iter().chain(&silent.tail);
            self.evicted_bytes += frames.map(|frame| frame.bytes.len() as u64).sum::<u64>();
        }
    }

    /// The frames of a flow, in order, which are forgotten here.
    pub(super) fn take(&mut self, flow: u64) -> impl Iterator<Item = KeptFrame> + use<> {
        let ring = self.flows.remove(&flow);
        if let Some(ring) = &ring {
            self.bytes = self.bytes.saturating_sub(ring.cost() + FLOW_COST);
        }
        let Ring { head, tail, .. } = ring.unwrap_or_default();
        head.into_iter().chain(tail)
    }

    /// Bytes in use.
    #[cfg(test)]
    pub(super) const fn bytes(&self) -> usize {
        self.bytes
    }
}

impl Ring {
    fn push(&mut self, frame: KeptFrame, limits: &RingLimits) {
        let cost = cost(&frame);
        let in_head = self.tail.is_empty()
            && self.head_bytes + cost <= limits.bytes_per_flow / HEAD_PART
            && self.head.len() < limits.frames_per_flow / HEAD_PART;
        if in_head {
            self.head_bytes += cost;
            self.head.push(frame);
            return;
        }
        self.tail_bytes += cost;
        self.tail.push_back(frame);
        while (self.cost() > limits.bytes_per_flow
            || self.head.len() + self.tail.len() > limits.frames_per_flow)
            && let Some(oldest) = self.tail.pop_front()
        {
            self.tail_bytes = self.tail_bytes.saturating_sub(self::cost(&oldest));
        }
    }

    const fn cost(&self) -> usize {
        self.head_bytes + self.tail_bytes
    }
}

/// Memory for a frame, in bytes.
fn cost(frame: &KeptFrame) -> usize {
    frame.bytes.len() + size_of::<KeptFrame>()
}

/// Memory for a flow beside its frames, in bytes.
const FLOW_COST: usize = size_of::<Ring>() + 4 * size_of::<u64>();

/// The first frames of a flow take so small a part of what it may have: negotiation, logon and bind fit in 64 KiB.
const HEAD_PART: usize = 4;

/// Connections that may never be followed take so small a part of all.
const OPENING_PART: usize = 8;

/// Of one such connection: a handshake with its repetitions, or first bytes that come one by one.
const OPENING_BYTES: usize = 16 << 10;
const OPENING_FRAMES: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;
    use rpcscope_model::{Frame, FrameNumber, LinkType, Timestamp};

    fn frame(number: u64, length: usize) -> KeptFrame {
        let bytes = vec![7; length];
        KeptFrame::from(&Frame {
            number: FrameNumber(number),
            time: Timestamp(0),
            link_type: LinkType::ETHERNET,
            original_length: 0,
            bytes: &bytes,
        })
    }

    fn limits(bytes: usize) -> RingLimits {
        RingLimits { bytes, bytes_per_flow: 16 << 10, frames_per_flow: 16 }
    }

    fn numbers(rings: &mut Rings, flow: u64) -> Vec<u64> {
        rings.take(flow).map(|frame| frame.number.0).collect()
    }

    #[test]
    fn a_flow_keeps_its_first_frames_and_its_last_ones() {
        let mut rings = Rings::new(limits(1 << 20));
        (1..=100).for_each(|number| rings.push(1, frame(number, 60)));
        let expected: Vec<u64> = (1..=4).chain(89..=100).collect();
        assert_eq!(numbers(&mut rings, 1), expected);
        assert_eq!((numbers(&mut rings, 1), rings.bytes()), (vec![], 0));
    }

    #[test]
    fn a_flow_has_a_bound_of_bytes() {
        let mut rings = Rings::new(limits(1 << 20));
        (1..=100).for_each(|number| rings.push(1, frame(number, 2000)));
        assert!(rings.bytes() <= (16 << 10) + FLOW_COST);
        let kept = numbers(&mut rings, 1);
        assert_eq!((kept.first(), kept.last(), kept.len()), (Some(&1), Some(&100), 8));
    }

    #[test]
    fn a_frame_that_is_larger_than_a_flow_may_be_is_not_remembered() {
        let mut rings = Rings::new(limits(1 << 20));
        rings.push(1, frame(1, 100));
        rings.push(1, frame(2, 1 << 20));
        rings.push(1, frame(3, 100));
        assert_eq!(numbers(&mut rings, 1), [1, 3]);
    }

    #[test]
    fn the_flow_that_was_silent_for_longest_is_forgotten_first() {
        let mut rings = Rings::new(limits(40_000));
        for number in 1..=10 {
            rings.push(1, frame(number, 1000));
            rings.push(2, frame(100 + number, 1000));
            rings.push(1, frame(200 + number, 1000));
        }
        assert_eq!(rings.evicted_bytes, 0);
        (1..=14).for_each(|number| rings.push(3, frame(300 + number, 1000)));
        assert_eq!(rings.evicted_bytes, 10_000, "the second, since the first was heard after it");
        assert_eq!(numbers(&mut rings, 2), [0; 0]);
        assert_eq!(numbers(&mut rings, 1).len(), 15);
        assert_eq!(numbers(&mut rings, 3).len(), 14);
        assert_eq!(rings.bytes(), 0);
    }

    #[test]
    fn many_flows_of_one_frame_are_bounded() {
        let mut rings = Rings::new(limits(10 << 10));
        (1..=10_000).for_each(|flow| rings.push(flow, frame(flow, 0)));
        assert!(rings.bytes() <= 10 << 10);
        assert!(rings.flows.len() <= (10 << 10) / FLOW_COST);
    }
}
