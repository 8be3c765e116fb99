//! Cuts one direction of an SMB connection into packets, and finds the next one after a loss.

use rpcscope_wire::nbss::{HEADER_BYTES, Header, PLAUSIBLE_BYTES, PacketType};

/// Most bytes of one packet that are looked at: the largest fragment of a pipe, many times over.
const MAX_PACKET_BYTES: usize = (1 << 20) + 4096;

/// Bytes of a packet after which it is known whether the rest is needed.
const HEAD_BYTES: usize = 256;

/// Capacity that an empty buffer may keep, in bytes.
const KEPT_CAPACITY: usize = 8192;

/// How much of a packet is needed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Need {
    /// All of it.
    Whole,
    /// What is there; the rest is bulk data of a file.
    Head,
}

/// Who takes packets.
pub(super) trait PacketSink {
    /// How much is needed of a packet of `length` bytes, of which `head` is there.
    fn need(&self, head: &[u8], length: usize) -> Need;
    /// Takes a packet of `length` bytes, or what is there of it.
    fn packet(&mut self, bytes: &[u8], length: usize);
    /// Notes that a header was impossible although its place was known.
    fn lost_step(&mut self);
    /// The memory that all connections of the shard hold packets in.
    fn memory(&mut self) -> &mut Memory;
}

/// Bytes that all connections of a shard may hold back together.
#[derive(Debug)]
pub(super) struct Memory {
    held: usize,
    limit: usize,
}

impl Memory {
    pub(super) const fn new(limit: usize) -> Self {
        Self { held: 0, limit }
    }

    /// Changes the size of one buffer. Returns whether the whole is within its limit.
    pub(super) fn resize(&mut self, before: usize, after: usize) -> bool {
        self.held = self.held.saturating_sub(before).saturating_add(after);
        self.held <= self.limit
    }
}

/// One direction of an SMB connection, from bytes to packets.
///
/// In step, each header's length leads to the next. Out of step, after nonsense or after a gap of unknown content,
/// reading goes on in two phases: a candidate is a header with a protocol id of SMB behind it; it is believed when the
/// bytes behind its packet are again a header, or end with it. The first byte behind a gap, and the first of a
/// connection, is a likely start: there, a candidate needs no second phase.
#[derive(Debug, Default)]
pub(super) struct PacketFramer {
    /// Bytes that wait for more, from the header of their packet on.
    held: Vec<u8>,
    /// Nothing can be told of the held bytes before there are this many.
    wanted: usize,
    /// The packet that is held is needed whole.
    whole: bool,
    /// Bytes still to come of a packet that is done with.
    discard: u64,
    step: Step,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
enum Step {
    /// The next byte may start a packet: the stream starts, or was torn, here.
    #[default]
    Fresh,
    /// The next byte starts a packet.
    In,
    /// Where the next packet starts is not known.
    Out,
}

impl PacketFramer {
    /// Takes the next bytes. Returns how many of the bytes behind them are not needed; they must not come here.
    pub(super) fn push(&mut self, bytes: &[u8], sink: &mut impl PacketSink) -> u64 {
        let bytes = self.pass_discarded(bytes);
        let before = self.held.len();
        if before == 0 {
            let used = self.cut(bytes, sink);
            self.held.extend_from_slice(bytes.get(used..).unwrap_or_default());
        } else {
            self.held.extend_from_slice(bytes);
            if self.held.len() >= self.wanted {
                let mut held = std::mem::take(&mut self.held);
                let used = self.cut(&held, sink);
                held.drain(..used);
                self.held = held;
            }
        }
        if !sink.memory().resize(before, self.held.len()) && !self.held.is_empty() {
            self.give_up(sink);
        }
        if self.held.is_empty() && self.held.capacity() > KEPT_CAPACITY {
            self.held = Vec::new();
        }
        std::mem::take(&mut self.discard)
    }

    /// Notes that the next `missing` bytes were never captured.
    pub(super) fn gap(&mut self, missing: u64, sink: &mut impl PacketSink) {
        let beyond = missing.saturating_sub(self.discard);
        self.discard = self.discard.saturating_sub(missing);
        if beyond == 0 {
            return;
        }
        self.give_up(sink);
        if self.discard >= beyond {
            self.discard -= beyond;
        } else {
            self.discard = 0;
            self.step = Step::Fresh;
        }
    }

    /// Gives up what is held, at the end of the stream.
    pub(super) fn finish(&mut self, sink: &mut impl PacketSink) {
        self.give_up(sink);
    }

    /// Hands over what is there of the packet that is held; its rest will be passed over.
    fn give_up(&mut self, sink: &mut impl PacketSink) {
        let held = std::mem::take(&mut self.held);
        sink.memory().resize(held.len(), 0);
        self.wanted = 0;
        self.whole = false;
        match Header::plausible(&held) {
            Some(header) if self.step != Step::Out => {
                deliver(&header, held.get(HEADER_BYTES..).unwrap_or_default(), sink);
                let length = header.length.saturating_add(HEADER_BYTES);
                self.discard = length.saturating_sub(held.len()) as u64;
                self.step = Step::In;
            }
            _ if held.is_empty() => {}
            _ => self.step = Step::Out,
        }
    }

    fn pass_discarded<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        let passed = usize::try_from(self.discard).unwrap_or(usize::MAX).min(bytes.len());
        self.discard -= passed as u64;
        bytes.get(passed..).unwrap_or_default()
    }

    /// Hands over the packets in `bytes`. Returns how many bytes are done with.
    fn cut(&mut self, bytes: &[u8], sink: &mut impl PacketSink) -> usize {
        let mut at = 0;
        loop {
            let rest = bytes.get(at..).unwrap_or_default();
            self.wanted = PLAUSIBLE_BYTES;
            if self.step == Step::Out {
                let (passed, found) = resynchronise(rest);
                at += passed;
                match found {
                    Candidate::Believed => self.step = Step::In,
                    Candidate::Wants(wanted) => {
                        self.wanted = wanted;
                        return at;
                    }
                }
                continue;
            }
            let Some(header) = Header::plausible(rest) else {
                if rest.len() >= PLAUSIBLE_BYTES || !may_become_plausible(rest) {
                    if self.step == Step::In {
                        sink.lost_step();
                    }
                    self.step = Step::Out;
                    continue;
                }
                return at;
            };
            self.step = Step::In;
            let length = header.length.saturating_add(HEADER_BYTES);
            if let Some(packet) = rest.get(HEADER_BYTES..length) {
                deliver(&header, packet, sink);
                self.whole = false;
                at += length;
                continue;
            }
            // The rest of the packet is still to come.
            let start = rest.get(HEADER_BYTES..).unwrap_or_default();
            if !self.whole && start.len() >= HEAD_BYTES {
                self.whole = sink.need(start, header.length) == Need::Whole;
                if !self.whole {
                    return self.pass_over(&header, start, bytes, sink);
                }
            }
            let kept = length.min(MAX_PACKET_BYTES);
            if rest.len() >= kept {
                return self.pass_over(&header, start, bytes, sink);
            }
            self.wanted = if self.whole { kept } else { (HEADER_BYTES + HEAD_BYTES).min(kept) };
            return at;
        }
    }

    /// Hands over the `start` of a packet, at the end of `bytes`, and passes over its rest.
    fn pass_over(
        &mut self,
        header: &Header,
        start: &[u8],
        bytes: &[u8],
        sink: &mut impl PacketSink,
    ) -> usize {
        deliver(header, start, sink);
        self.discard = header.length.saturating_sub(start.len()) as u64;
        self.whole = false;
        bytes.len()
    }
}

fn deliver(header: &Header, bytes: &[u8], sink: &mut impl PacketSink) {
    if header.packet_type == PacketType::SESSION_MESSAGE {
        sink.packet(bytes, header.length);
    }
}

/// Whether these first bytes, too few to tell, could be those of a header.
fn may_become_plausible(bytes: &[u8]) -> bool {
    match bytes {
        [] | [0 | 0x81..=0x85] | [0 | 0x81..=0x85, _] | [0 | 0x81..=0x85, _, _] => true,
        [0, _, _, _, id @ ..] => matches!(id, [] | [0xfc..=0xff] | [0xfc..=0xff, b'S', ..]),
        _ => false,
    }
}

enum Candidate {
    /// The next byte starts a packet.
    Believed,
    /// This many bytes are needed, from the next one on, to tell.
    Wants(usize),
}

/// Looks for a believable packet. Returns how many bytes stand before the best candidate, and what it is.
fn resynchronise(bytes: &[u8]) -> (usize, Candidate) {
    /// Where in a packet the letters of the protocol id stand.
    const LETTERS_AT: usize = HEADER_BYTES + 1;
    let mut from = 0;
    while let Some(offset) = memchr::memmem::find(bytes.get(from..).unwrap_or_default(), b"SMB") {
        let letters = from + offset;
        from = letters + 1;
        let Some(start) = letters.checked_sub(LETTERS_AT) else { continue };
        let rest = bytes.get(start..).unwrap_or_default();
        let Some(header) = Header::plausible(rest) else { continue };
        let length = header.length.saturating_add(HEADER_BYTES);
        match rest.get(length..) {
            // A packet that is too long to be kept cannot be confirmed.
            None if length > MAX_PACKET_BYTES => {}
            None => return (start, Candidate::Wants(length)),
            Some([]) => return (start, Candidate::Believed),
            Some(next) if Header::plausible(next).is_some() => return (start, Candidate::Believed),
            Some(next) if next.len() < PLAUSIBLE_BYTES && may_become_plausible(next) => {
                return (start, Candidate::Wants(length.saturating_add(PLAUSIBLE_BYTES)));
            }
            Some(_) => {}
        }
    }
    // The last bytes may be the first of a header.
    (bytes.len().saturating_sub(PLAUSIBLE_BYTES - 1), Candidate::Wants(PLAUSIBLE_BYTES))
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Log {
        packets: Vec<(usize, usize)>,
        lost_steps: usize,
        need: Need,
        memory: Memory,
    }

    impl Log {
        fn new(need: Need) -> Self {
            Self { packets: Vec::new(), lost_steps: 0, need, memory: Memory::new(1 << 20) }
        }
    }

    impl PacketSink for Log {
        fn need(&self, _: &[u8], _: usize) -> Need {
            self.need
        }
        fn packet(&mut self, bytes: &[u8], length: usize) {
            self.packets.push((bytes.len(), length));
        }
        fn lost_step(&mut self) {
            self.lost_steps += 1;
        }
        fn memory(&mut self) -> &mut Memory {
            &mut self.memory
        }
    }

    /// A packet of `length` bytes behind its header.
    fn packet(length: usize) -> Vec<u8> {
        let [_, high, middle, low] = u32::try_from(length).expect("small").to_be_bytes();
        let mut bytes = vec![0, high, middle, low, 0xfe, b'S', b'M', b'B', 64, 0];
        bytes.resize(HEADER_BYTES + length, 0x53);
        bytes
    }

    const KEEPALIVE: [u8; 4] = [0x85, 0, 0, 0];

    #[test]
    fn packets_come_out_however_the_stream_is_cut() {
        let stream = [packet(100), KEEPALIVE.to_vec(), packet(64), packet(700), packet(80)].concat();
        for size in 1..stream.len() {
            let (mut framer, mut log) = (PacketFramer::default(), Log::new(Need::Whole));
            for chunk in stream.chunks(size) {
                assert_eq!(framer.push(chunk, &mut log), 0);
            }
            assert_eq!(log.packets, [(100, 100), (64, 64), (700, 700), (80, 80)], "chunks of {size}");
            assert_eq!((log.lost_steps, log.memory.held), (0, 0));
        }
    }

    #[test]
    fn the_rest_of_a_packet_that_is_not_needed_is_passed_over() {
        let (mut framer, mut log) = (PacketFramer::default(), Log::new(Need::Head));
        let bulk = packet(100_000);
        assert_eq!(framer.push(&bulk[..300], &mut log), 100_004 - 300);
        assert_eq!(framer.push(&packet(64), &mut log), 0);
        assert_eq!(log.packets, [(296, 100_000), (64, 64)]);
    }

    #[test]
    fn a_packet_beyond_the_limit_is_cut() {
        let (mut framer, mut log) = (PacketFramer::default(), Log::new(Need::Whole));
        let bulk = packet(3 << 20);
        let mut passed = 0;
        for chunk in bulk.chunks(65_536) {
            passed = framer.push(chunk, &mut log);
            if passed > 0 {
                break;
            }
        }
        let (there, length) = log.packets[0];
        assert_eq!(length, 3 << 20);
        assert!((1 << 20..(1 << 20) + (1 << 17)).contains(&there));
        assert_eq!(passed, (length - there) as u64);
        assert_eq!(log.memory.held, 0);
    }

    #[test]
    fn a_shard_that_holds_too_much_takes_what_is_there() {
        let (mut framer, mut log) = (PacketFramer::default(), Log::new(Need::Whole));
        log.memory = Memory::new(500);
        let bulk = packet(1000);
        assert_eq!(framer.push(&bulk[..400], &mut log), 0);
        assert_eq!(framer.push(&bulk[400..600], &mut log), 404);
        assert_eq!(framer.push(&packet(64), &mut log), 0);
        assert_eq!(log.packets, [(596, 1000), (64, 64)]);
        assert_eq!(log.memory.held, 0);
    }

    #[test]
    fn a_gap_inside_a_packet_costs_that_packet_only() {
        for missing in [50, 60] {
            let (mut framer, mut log) = (PacketFramer::default(), Log::new(Need::Whole));
            let bytes = packet(100);
            framer.push(&bytes[..44], &mut log);
            framer.gap(missing, &mut log);
            let missing = usize::try_from(missing).expect("small");
            framer.push(&bytes[44 + missing..], &mut log);
            framer.push(&packet(64), &mut log);
            assert_eq!(log.packets, [(40, 100), (64, 64)], "gap of {missing}");
        }
    }

    #[test]
    fn a_gap_inside_bulk_data_does_not_lose_step() {
        let (mut framer, mut log) = (PacketFramer::default(), Log::new(Need::Whole));
        framer.push(&packet(100)[..44], &mut log);
        framer.gap(10, &mut log);
        framer.gap(20, &mut log);
        assert_eq!(framer.push(&packet(100)[74..80], &mut log), 24);
        framer.push(&packet(64), &mut log);
        assert_eq!(log.packets, [(40, 100), (64, 64)]);
    }

    #[test]
    fn after_a_gap_a_packet_is_believed_when_the_next_confirms_it_or_it_ends_there() {
        let noise = vec![7; 33];
        let false_start = packet(70)[..40].to_vec();
        let stream = [noise, false_start, packet(90), packet(64)].concat();
        let (mut framer, mut log) = (PacketFramer::default(), Log::new(Need::Whole));
        framer.gap(1000, &mut log);
        framer.push(&stream, &mut log);
        assert_eq!(log.packets, [(90, 90), (64, 64)]);
        framer.gap(1000, &mut log);
        framer.push(&[vec![9; 11], packet(77)].concat(), &mut log);
        assert_eq!(log.packets.last(), Some(&(77, 77)));
    }

    #[test]
    fn a_packet_that_starts_right_behind_a_gap_is_believed_at_once() {
        let (mut framer, mut log) = (PacketFramer::default(), Log::new(Need::Whole));
        framer.gap(1000, &mut log);
        framer.push(&packet(90)[..50], &mut log);
        framer.gap(44, &mut log);
        framer.push(&packet(64), &mut log);
        assert_eq!(log.packets, [(46, 90), (64, 64)]);
    }

    #[test]
    fn an_impossible_header_in_step_is_told_and_passed_over() {
        let (mut framer, mut log) = (PacketFramer::default(), Log::new(Need::Whole));
        framer.push(&packet(64), &mut log);
        framer.push(&[b"nonsense".to_vec(), packet(65), packet(66)].concat(), &mut log);
        assert_eq!(log.packets, [(64, 64), (65, 65), (66, 66)]);
        assert_eq!(log.lost_steps, 1);
    }
}
