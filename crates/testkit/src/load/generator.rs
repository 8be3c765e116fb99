//! Gives the frames of a load one by one.

use super::flow::Flow;
use super::hosts::{Network, Version};
use super::ledger::Ledger;
use super::mix::{Carries, Kind, Rounds, kinds};
use super::template::{Names, Template};
use super::{Load, Profile};
use crate::Rng;
use crate::encoder::length32;
use rpcscope_model::{Frame, FrameNumber, LinkType, Timestamp};
use std::ops::Range;

/// The frames of a load, in the order of time.
#[derive(Clone, Debug)]
pub struct Generator {
    load: Load,
    rng: Rng,
    /// Decides what is lost, late and doubled, so that nothing else depends on it.
    fate: Rng,
    kinds: Vec<Kind>,
    /// Bytes that flows of each kind have sent or will send.
    planned: Vec<u64>,
    network: Network,
    open: Vec<Flow>,
    /// The flow that sends, and how many frames it may send before another does.
    turn: (usize, usize),
    /// The frame that was made last.
    bytes: Vec<u8>,
    carries: Carries,
    comes_again: bool,
    time: Timestamp,
    identification: u16,
    ledger: Ledger,
}

impl Generator {
    /// Builds the conversations. The first frames are made when they are asked for.
    pub fn new(load: Load) -> Self {
        let kinds = kinds(load.profile, load.seed);
        Self {
            rng: Rng::new(load.seed ^ SCHEDULE),
            fate: Rng::new(load.seed ^ FATE),
            planned: vec![0; kinds.len()],
            kinds,
            network: Network::for_flows(load.flows),
            open: Vec::new(),
            turn: (0, 0),
            bytes: Vec::with_capacity(2048),
            carries: Carries::Else,
            comes_again: false,
            // 2026-01-02 03:04:05 UTC.
            time: Timestamp::from_parts(1_767_323_045, 0),
            identification: 0,
            ledger: Ledger::default(),
            load,
        }
    }

    /// The next frame; nothing when the load is complete.
    pub fn next_frame(&mut self) -> Option<Frame<'_>> {
        if std::mem::take(&mut self.comes_again) {
            self.ledger.duplicated += 1;
        } else {
            while !self.make_frame()? {}
        }
        self.count();
        let length = length32(self.bytes.len());
        Some(Frame {
            number: FrameNumber(self.ledger.frames),
            time: self.time,
            link_type: LinkType::ETHERNET,
            original_length: length,
            bytes: &self.bytes,
        })
    }

    /// What the frames so far hold, and what the flows that were opened so far plant.
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// Makes the next frame, and says whether it was captured. Nothing when there is none.
    fn make_frame(&mut self) -> Option<bool> {
        loop {
            self.open_flows();
            if self.open.is_empty() {
                return None;
            }
            if self.turn.1 == 0 {
                self.turn = (self.rng.below(self.open.len()), self.rng.between(1, LONGEST_BURST));
            }
            let at = self.turn.0;
            let flow = &mut self.open[at];
            let (kind, names) = (&self.kinds[flow.kind], flow.names);
            let template = &kind.templates[flow.template].0;
            let (rng, per_mille) = (&mut self.fate, self.load.reordered_per_mille);
            let Some(step) = flow.step(template, || happens(per_mille, rng)) else {
                self.open.swap_remove(at);
                self.turn.1 = 0;
                continue;
            };
            self.turn.1 -= 1;
            self.identification = self.identification.wrapping_add(1);
            template.write(step.place, step.rounds, &names, self.identification, &mut self.bytes);
            self.carries = kind.carries;
            self.pass_time();
            if happens(self.load.lost_per_mille, &mut self.fate) {
                self.ledger.lost += 1;
                return Some(false);
            }
            self.ledger.reordered += u64::from(step.is_late);
            self.comes_again = happens(self.load.duplicated_per_mille, &mut self.fate);
            return Some(true);
        }
    }

    /// Opens flows until as many are open as wanted, or all that are needed were opened.
    fn open_flows(&mut self) {
        while self.open.len() < self.load.flows.max(1) {
            let filled = match self.load.profile {
                Profile::ManyFlows | Profile::OpenCalls | Profile::OpenPipes => {
                    self.ledger.flows >= self.load.flows as u64
                }
                Profile::Mixed | Profile::Rpc => self.planned.iter().sum::<u64>() >= self.load.bytes,
            };
            if filled {
                return;
            }
            self.open_flow();
        }
    }

    /// Opens a flow of the kind that has the least of its share.
    fn open_flow(&mut self) {
        let place =
            |kind: &usize| self.planned[*kind].saturating_mul(1_000_000) / self.kinds[*kind].share.max(1);
        let number = (0..self.kinds.len()).min_by_key(place).expect("every profile has kinds");
        let kind = &self.kinds[number];
        let chosen = self.rng.below(kind.templates.len());
        let (template, planted) = &kind.templates[chosen];
        let over_v6 = template.allows_v6() && self.rng.chance(self.load.ipv6_percent);
        let version = if over_v6 { Version::V6 } else { Version::V4 };
        let (hosts, port) = self.network.next(version, kind.realm);
        let tagged = self.rng.chance(self.load.vlan_percent);
        let vlan = tagged.then(|| u16::try_from(self.rng.between(1, 4094)).expect("twelve bits"));
        let numbers = self.rng.next_u64();
        let initial =
            [numbers >> 32, numbers & 0xffff_ffff].map(|half| u32::try_from(half).expect("32 bits"));
        // Never 0, which is no session.
        let session = u32::try_from(self.ledger.flows % u64::from(u32::MAX) + 1).expect("32 bits");
        let names = Names { hosts, port, initial, session, vlan };

        // Those that began before the load did.
        let joins = kind.carries == Carries::Else
            && self.ledger.flows < self.load.flows as u64
            && self.rng.chance(self.load.joined_percent);
        let last = template.len() - 1;
        let place = if joins { self.rng.below(last + 1) } else { 0 };
        let mut bytes = captured_bytes(template, place..template.len(), version, tagged);
        let mut times = 1;
        if let Some(repeated) = template.repeated().filter(|repeated| place < repeated.end) {
            let of_round = captured_bytes(template, repeated, version, tagged).max(1);
            times = match kind.rounds {
                Rounds::UpTo(exponent) => {
                    // No flow has more than a sixteenth of what its kind has.
                    let most = self.load.bytes / 16_000_000 * kind.share / of_round;
                    1 << self.rng.between(0, exponent.min(most.max(1).ilog2()) as usize)
                }
                Rounds::Fill => {
                    let share = self.load.bytes / self.load.flows.max(1) as u64;
                    u32::try_from(share.saturating_sub(bytes) / of_round + 1).unwrap_or(u32::MAX)
                }
            };
            bytes += of_round * u64::from(times - 1);
        }
        self.planned[number] += bytes;
        self.ledger.flows += 1;
        self.ledger.planted.add(planted);
        self.open.push(Flow::new(number, chosen, names, place, times));
    }

    /// Frames follow each other as they do on a link of 2 Gbit/s with some pauses.
    fn pass_time(&mut self) {
        let nanoseconds = 4 * self.bytes.len() + self.rng.below(2000);
        self.time = Timestamp(self.time.0.saturating_add(i64::from(length32(nanoseconds))));
    }

    fn count(&mut self) {
        let bytes = self.bytes.len() as u64;
        self.ledger.frames += 1;
        self.ledger.frame_bytes += bytes;
        if self.carries == Carries::Rpc {
            self.ledger.rpc_frames += 1;
            self.ledger.rpc_bytes += bytes;
        }
    }
}

/// Bytes of frames in the capture, each with its record.
fn captured_bytes(template: &Template, frames: Range<usize>, version: Version, tagged: bool) -> u64 {
    RECORD_BYTES * frames.len() as u64 + template.frame_bytes(frames, version, tagged)
}

/// True in so many of 1,000 cases.
fn happens(per_mille: u16, rng: &mut Rng) -> bool {
    rng.below(1000) < usize::from(per_mille)
}

/// Frames that one flow sends before another does, at most.
const LONGEST_BURST: usize = 4;
/// Length of what stands before each frame of a pcap file.
const RECORD_BYTES: u64 = 16;
/// Makes the numbers that schedule frames unlike those that templates are made of.
const SCHEDULE: u64 = 0x5eed_0f10_ad00_0000;
const FATE: u64 = 0xfa7e_0f10_ad00_0000;
