//! IP defragmentation, for both versions.

use crate::ip::{self, IpPayload};
use hashbrown::HashMap;
use rpcscope_model::{Address, HashState, KeptFrame, Stats, Timestamp};
use std::collections::VecDeque;

/// What the fragments of one datagram have in common ([RFC 791] 3.2, [RFC 8200] 4.5).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) struct FragmentKey {
    pub(crate) source: Address,
    pub(crate) destination: Address,
    pub(crate) id: u32,
    pub(crate) protocol: u8,
}

/// A fragment of an IP datagram.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fragment<'a> {
    pub(crate) key: FragmentKey,
    /// Protocol of the datagram; the first fragment's is believed.
    pub(crate) protocol: u8,
    /// Place in the datagram, in bytes; a multiple of 8.
    pub(crate) offset: usize,
    /// Whether more fragments follow this one.
    pub(crate) more: bool,
    pub(crate) bytes: &'a [u8],
    /// Whether the snap length cut it; it then cannot complete a datagram.
    pub(crate) cut: bool,
}

/// A datagram put together.
#[derive(Debug)]
pub(crate) struct Whole {
    key: FragmentKey,
    protocol: u8,
    pub(crate) bytes: Vec<u8>,
}

impl Whole {
    pub(crate) fn payload(&self) -> IpPayload<'_> {
        IpPayload {
            source: self.key.source,
            destination: self.key.destination,
            protocol: self.protocol,
            bytes: &self.bytes,
            length: self.bytes.len(),
        }
    }

    /// Whether `protocol` may be an extension header: always for IPv6, and for IPsec authentication.
    pub(crate) fn has_extensions(&self) -> bool {
        self.key.protocol == ip::KEY_PROTOCOL_V6 || self.protocol == ip::AUTHENTICATION
    }
}

/// The datagrams that wait for fragments.
#[derive(Debug)]
pub(crate) struct Defragmenter {
    waiting: HashMap<FragmentKey, Datagram, HashState>,
    /// Keys and serial numbers in the order of arrival; entries of datagrams that are gone stay until they come to the
    /// front, or until they outnumber the living.
    order: VecDeque<(FragmentKey, u64)>,
    next_serial: u64,
    held_bytes: usize,
    max_datagrams: usize,
    /// A buffer to use again.
    spare: Vec<u8>,
}

/// A datagram that waits for fragments.
#[derive(Debug)]
struct Datagram {
    serial: u64,
    since: Timestamp,
    protocol: Option<u8>,
    bytes: Vec<u8>,
    /// One bit for each block of eight bytes that has come; offsets are multiples of eight, so only the last block of
    /// a datagram can be shorter.
    present: Vec<u64>,
    blocks: usize,
    total: Option<usize>,
    /// The frames of the fragments, when they are kept.
    frames: Vec<KeptFrame>,
    frame_bytes: usize,
}

impl Defragmenter {
    pub(crate) fn new(max_datagrams: usize) -> Self {
        Self {
            waiting: HashMap::with_hasher(HashState::default()),
            order: VecDeque::new(),
            next_serial: 0,
            held_bytes: 0,
            max_datagrams: max_datagrams.max(1),
            spare: Vec::new(),
        }
    }

    /// Adds a fragment, and returns the datagram when it is complete.
    ///
    /// The first copy of a byte wins. A fragment beyond 65,535 bytes or beyond the end that another one set is ignored.
    ///
    /// `frames` are those that the fragment came in, or none: they are kept with it, and those of all fragments come back
    /// with the datagram.
    pub(crate) fn insert(
        &mut self,
        fragment: &Fragment<'_>,
        time: Timestamp,
        frames: &mut Vec<KeptFrame>,
        stats: &mut Stats,
    ) -> Option<Whole> {
        stats.fragments += 1;
        self.expire(time, stats);
        let mut bytes = fragment.bytes;
        if fragment.more {
            // All but the last fragment have whole blocks; hosts ignore what is beyond.
            bytes = bytes.get(..bytes.len() & !7).unwrap_or(bytes);
        }
        let end = fragment.offset.saturating_add(bytes.len());
        if fragment.cut || bytes.is_empty() || end > MAX_DATAGRAM {
            return None;
        }
        if !self.waiting.contains_key(&fragment.key) {
            self.begin(fragment.key, time, stats);
        }
        let datagram = self.waiting.get_mut(&fragment.key)?;
        let held_before = datagram.held();
        let fits = datagram.add(fragment, bytes, end, stats);
        datagram.keep(frames);
        self.held_bytes = (self.held_bytes + datagram.held()).saturating_sub(held_before);
        if fits && datagram.is_complete() {
            let datagram = self.waiting.remove(&fragment.key)?;
            self.held_bytes = self.held_bytes.saturating_sub(datagram.held());
            stats.datagrams_reassembled += 1;
            *frames = datagram.frames;
            let mut bytes = datagram.bytes;
            bytes.truncate(datagram.total.unwrap_or_default());
            return Some(Whole {
                key: fragment.key,
                protocol: datagram.protocol.unwrap_or(fragment.protocol),
                bytes,
            });
        }
        while self.held_bytes > MAX_HELD_BYTES && self.waiting.len() > 1 {
            self.drop_oldest(stats);
        }
        None
    }

    /// Takes back a buffer that is no longer needed.
    pub(crate) fn recycle(&mut self, mut buffer: Vec<u8>) {
        buffer.clear();
        self.spare = buffer;
    }

    /// Forgets all datagrams and returns how many they were.
    pub(crate) fn clear(&mut self) -> u64 {
        let count = self.waiting.len() as u64;
        self.waiting.clear();
        self.order.clear();
        self.held_bytes = 0;
        count
    }

    fn begin(&mut self, key: FragmentKey, time: Timestamp, stats: &mut Stats) {
        while self.waiting.len() >= self.max_datagrams {
            self.drop_oldest(stats);
        }
        if self.order.len() > 2 * self.waiting.len() + 64 {
            let waiting = &self.waiting;
            self.order.retain(|(key, serial)| waiting.get(key).is_some_and(|d| d.serial == *serial));
        }
        let serial = self.next_serial;
        self.next_serial += 1;
        self.order.push_back((key, serial));
        let datagram = Datagram {
            serial,
            since: time,
            protocol: None,
            bytes: std::mem::take(&mut self.spare),
            present: Vec::new(),
            blocks: 0,
            total: None,
            frames: Vec::new(),
            frame_bytes: 0,
        };
        self.held_bytes += datagram.held();
        self.waiting.insert(key, datagram);
    }

    /// Drops datagrams whose first fragment is too old.
    fn expire(&mut self, now: Timestamp, stats: &mut Stats) {
        while let Some((key, serial)) = self.order.front() {
            match self.waiting.get(key) {
                Some(datagram) if datagram.serial == *serial => {
                    if now.since_ns(datagram.since) <= TIMEOUT_NS {
                        return;
                    }
                    self.drop_oldest(stats);
                }
                _ => {
                    self.order.pop_front();
                }
            }
        }
    }

    fn drop_oldest(&mut self, stats: &mut Stats) {
        while let Some((key, serial)) = self.order.pop_front() {
            if self.waiting.get(&key).is_some_and(|datagram| datagram.serial == serial)
                && let Some(datagram) = self.waiting.remove(&key)
            {
                self.held_bytes = self.held_bytes.saturating_sub(datagram.held());
                stats.datagrams_dropped += 1;
                return;
            }
        }
    }
}

impl Datagram {
    /// Adds the bytes that are not there yet; `false` when the fragment contradicts the known end of the datagram.
    fn add(&mut self, fragment: &Fragment<'_>, bytes: &[u8], end: usize, stats: &mut Stats) -> bool {
        let contradicts_end = match self.total {
            Some(total) => end > total || (!fragment.more && end != total),
            None => !fragment.more && end < self.bytes.len(),
        };
        if contradicts_end {
            stats.fragments_conflicting += 1;
            return false;
        }
        if !fragment.more {
            self.total = Some(end);
        }
        if fragment.offset == 0 {
            self.protocol.get_or_insert(fragment.protocol);
        }
        if self.bytes.len() < end {
            self.bytes.resize(end, 0);
            self.present.resize(end.div_ceil(512), 0);
        }
        let mut conflicting = false;
        let first = fragment.offset / 8;
        let places = self.bytes.get_mut(fragment.offset..end).unwrap_or_default().chunks_mut(8);
        for (block, (place, new)) in (first..).zip(places.zip(bytes.chunks(8))) {
            let Some(word) = self.present.get_mut(block / 64) else { break };
            let bit = 1 << (block % 64);
            if *word & bit == 0 {
                *word |= bit;
                self.blocks += 1;
                place.copy_from_slice(new);
            } else {
                conflicting |= *place != *new;
            }
        }
        stats.fragments_conflicting += u64::from(conflicting);
        true
    }

    fn keep(&mut self, frames: &mut Vec<KeptFrame>) {
        for frame in frames.drain(..) {
            let bytes = frame.bytes.len() + size_of::<KeptFrame>();
            if self.frame_bytes + bytes <= MAX_FRAME_BYTES {
                self.frame_bytes += bytes;
                self.frames.push(frame);
            }
        }
    }

    fn is_complete(&self) -> bool {
        self.total.is_some_and(|total| self.blocks == total.div_ceil(8))
    }

    /// Memory in use, in bytes.
    fn held(&self) -> usize {
        self.bytes.capacity() + self.present.capacity() * 8 + self.frame_bytes + size_of::<Self>()
    }
}

/// Longest payload of a datagram, in bytes.
const MAX_DATAGRAM: usize = 65_535;

/// Capture time after which an incomplete datagram is dropped, as most hosts do.
const TIMEOUT_NS: u64 = 30_000_000_000;

/// Memory for incomplete datagrams, in bytes. Without it, fragments at the far end of datagrams would take 64 KiB each.
const MAX_HELD_BYTES: usize = 16 << 20;

/// Bytes of the frames of one datagram that are kept. A fragment can be sent again and again.
const MAX_FRAME_BYTES: usize = 512 << 10;

#[cfg(test)]
mod tests {
    use crate::Decoder;
    use crate::frames::{INNER, OUTER, frame, ipv4_fragment, ipv6, udp};
    use proptest::prelude::*;
    use rpcscope_model::{Frame, FrameNumber, Limits, LinkType, Timestamp};

    /// The field of an IPv4 header for a fragment at `offset` bytes.
    fn field(offset: usize, more: bool) -> u16 {
        u16::try_from(offset / 8).expect("small") | if more { 0x2000 } else { 0 }
    }

    fn v4(id: u16, offset: usize, more: bool, bytes: &[u8]) -> Vec<u8> {
        ipv4_fragment(INNER, 17, id, field(offset, more), bytes)
    }

    /// Makes a fragment of an offset, of the flag for more, and of bytes.
    type Make<'a> = &'a dyn Fn(usize, bool, &[u8]) -> Vec<u8>;

    fn v6(id: u8, offset: usize, more: bool, bytes: &[u8]) -> Vec<u8> {
        let field = u16::try_from(offset).expect("small") | u16::from(more);
        let [high, low] = field.to_be_bytes();
        // Next header UDP, reserved, offset and flag, identification.
        ipv6(44, &[&[17, 0, high, low, 0, 0, 0, id], bytes].concat())
    }

    fn decode(decoder: &mut Decoder, bytes: &[u8]) -> Option<Vec<u8>> {
        decoder.decode(&frame(LinkType::RAW, bytes)).map(|packet| packet.payload.to_vec())
    }

    fn data(length: usize) -> Vec<u8> {
        udp(135, &(0..=255).cycle().take(length).collect::<Vec<u8>>())
    }

    #[test]
    fn three_fragments_make_a_datagram_in_all_orders_and_both_versions() {
        let whole = data(50);
        let cut = |make: Make<'_>| {
            [make(0, true, &whole[..16]), make(16, true, &whole[16..48]), make(48, false, &whole[48..])]
        };
        for fragments in [cut(&|o, m, b| v4(9, o, m, b)), cut(&|o, m, b| v6(9, o, m, b))] {
            for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
                let mut decoder = Decoder::new(&Limits::WHOLE);
                assert_eq!(decode(&mut decoder, &fragments[order[0]]), None);
                assert_eq!(decode(&mut decoder, &fragments[order[1]]), None);
                assert_eq!(decode(&mut decoder, &fragments[order[2]]).as_ref(), Some(&whole), "{order:?}");
                let stats = decoder.stats();
                assert_eq!(
                    (stats.fragments, stats.datagrams_reassembled, stats.fragments_conflicting),
                    (3, 1, 0)
                );
            }
        }
    }

    #[test]
    fn extension_headers_behind_fragments_are_taken_off() {
        let options = [17, 0, 1, 4, 0, 0, 0, 0]; // then UDP, 8 bytes, padding
        let whole = [&options[..], &data(20)].concat();
        let part = |offset: u8, more: u8, bytes: &[u8]| {
            ipv6(44, &[&[60, 0, 0, offset | more, 0, 0, 0, 1], bytes].concat())
        };
        let mut decoder = Decoder::new(&Limits::WHOLE);
        assert_eq!(decode(&mut decoder, &part(0, 1, &whole[..16])), None);
        assert_eq!(decode(&mut decoder, &part(16, 0, &whole[16..])), Some(data(20)));
    }

    #[test]
    fn an_atomic_fragment_is_a_whole_packet() {
        let mut decoder = Decoder::new(&Limits::WHOLE);
        assert_eq!(decode(&mut decoder, &v6(1, 0, false, &data(4))), Some(data(4)));
        assert_eq!(decoder.stats().fragments, 0);
    }

    #[test]
    fn datagrams_differ_by_addresses_identification_and_protocol() {
        let whole = data(24);
        let mut decoder = Decoder::new(&Limits::WHOLE);
        assert_eq!(decode(&mut decoder, &v4(1, 0, true, &whole[..16])), None);
        for other in [
            v4(2, 16, false, &[0; 16]),
            ipv4_fragment(INNER, 6, 1, field(16, false), &[0; 16]),
            ipv4_fragment(OUTER, 17, 1, field(16, false), &[0; 16]),
        ] {
            assert_eq!(decode(&mut decoder, &other), None);
        }
        assert_eq!(decode(&mut decoder, &v4(1, 16, false, &whole[16..])), Some(whole));
        decoder.finish();
        assert_eq!(decoder.stats().datagrams_dropped, 3);
    }

    #[test]
    fn the_first_copy_of_a_byte_wins_and_a_second_end_is_ignored() {
        let whole = data(40);
        let mut decoder = Decoder::new(&Limits::WHOLE);
        assert_eq!(decode(&mut decoder, &v4(1, 8, true, &whole[8..24])), None);
        assert_eq!(decode(&mut decoder, &v4(1, 16, true, &[0xee; 24])), None, "overlaps");
        assert_eq!(
            decode(&mut decoder, &v4(1, 24, false, &[0xee; 8])),
            None,
            "an end before bytes that came"
        );
        assert_eq!(decode(&mut decoder, &v4(1, 40, false, &whole[40..])), None);
        assert_eq!(decode(&mut decoder, &v4(1, 48, true, &[0xee; 8])), None, "bytes behind the end");
        let complete = decode(&mut decoder, &v4(1, 0, true, &whole[..8])).expect("a datagram");
        assert_eq!(complete, [&whole[..24], &[0xee; 16], &whole[40..]].concat());
        assert_eq!(decoder.stats().fragments_conflicting, 3);
    }

    #[test]
    fn fragments_that_are_cut_or_too_long_are_ignored() {
        let mut decoder = Decoder::new(&Limits::WHOLE);
        let cut = v4(1, 0, true, &[0; 64]);
        assert_eq!(decode(&mut decoder, &cut[..60]), None);
        assert_eq!(decode(&mut decoder, &v4(1, 65_528, false, &[0; 64])), None);
        assert_eq!(decode(&mut decoder, &v4(1, 0, true, &[0; 7])), None, "less than a block");
        decoder.finish();
        assert_eq!((decoder.stats().fragments, decoder.stats().datagrams_dropped), (3, 0));
    }

    #[test]
    fn the_frames_of_all_fragments_come_with_the_datagram() {
        let whole = data(50);
        let frames =
            [v4(9, 0, true, &whole[..16]), v4(9, 48, false, &whole[48..]), v4(9, 16, true, &whole[16..48])];
        let mut decoder = Decoder::new(&Limits::WHOLE);
        let mut fragments = Vec::new();
        let at = |number: usize| {
            let bytes = &frames[number];
            Frame { number: FrameNumber(number as u64), ..frame(LinkType::RAW, bytes) }
        };
        for number in 0..2 {
            assert_eq!(decoder.decode_keeping(&at(number), &mut fragments), None);
            assert_eq!(fragments, []);
        }
        let packet = decoder.decode_keeping(&at(2), &mut fragments);
        assert_eq!(packet.map(|packet| packet.payload.to_vec()), Some(whole.clone()));
        let kept: Vec<&[u8]> = fragments.iter().map(|frame| &*frame.bytes).collect();
        assert_eq!(kept, [&frames[0][..], &frames[1]], "the last one is at hand");
        let ordinary = ipv4_fragment(INNER, 17, 1, 0, &whole);
        assert!(decoder.decode_keeping(&frame(LinkType::RAW, &ordinary), &mut fragments).is_some());
        assert_eq!(fragments, [], "an ordinary packet has no other frames");
    }

    #[test]
    fn a_fragment_that_is_sent_again_and_again_takes_bounded_memory() {
        let mut decoder = Decoder::new(&Limits::WHOLE);
        let bytes = v4(1, 0, true, &[1; 1024]);
        for _ in 0..10_000 {
            assert_eq!(decoder.decode_keeping(&frame(LinkType::RAW, &bytes), &mut Vec::new()), None);
        }
        assert!(decoder.defragmenter.held_bytes <= super::MAX_FRAME_BYTES + 4096);
    }

    #[test]
    fn a_datagram_is_given_up_after_thirty_seconds() {
        let at =
            |seconds, bytes| Frame { time: Timestamp::from_parts(seconds, 0), ..frame(LinkType::RAW, bytes) };
        let mut decoder = Decoder::new(&Limits::WHOLE);
        let (start, end) = (v4(1, 0, true, &[0; 8]), v4(1, 8, false, &[0; 8]));
        assert_eq!(decoder.decode(&at(0, &start)), None);
        assert_eq!(decoder.decode(&at(31, &end)), None, "too late");
        assert_eq!(decoder.stats().datagrams_dropped, 1);
        assert!(decoder.decode(&at(61, &start)).is_some(), "with the end of the second datagram");
    }

    #[test]
    fn the_oldest_datagram_is_dropped_when_there_are_too_many() {
        let mut decoder = Decoder::new(&Limits { ip_datagrams: 2, ..Limits::WHOLE });
        for id in 1..=3 {
            assert_eq!(decode(&mut decoder, &v4(id, 0, true, &[1; 8])), None);
        }
        assert_eq!(decoder.stats().datagrams_dropped, 1);
        assert!(decode(&mut decoder, &v4(3, 8, false, &[1; 8])).is_some());
        assert!(decode(&mut decoder, &v4(2, 8, false, &[1; 8])).is_some());
        assert!(decode(&mut decoder, &v4(1, 8, false, &[1; 8])).is_none());
    }

    #[test]
    fn a_flood_of_far_fragments_takes_bounded_memory() {
        let mut decoder = Decoder::new(&Limits { ip_datagrams: 1 << 20, ..Limits::WHOLE });
        for id in 0..20_000 {
            assert_eq!(decode(&mut decoder, &v4(id, 65_000, true, &[1; 8])), None);
        }
        let defragmenter = &decoder.defragmenter;
        assert!(defragmenter.held_bytes <= super::MAX_HELD_BYTES);
        assert!(defragmenter.waiting.len() * 65_000 <= super::MAX_HELD_BYTES);
        assert!(defragmenter.order.len() < 2 * defragmenter.waiting.len() + 70);
    }

    proptest! {
        /// Against a map from each byte's place to its first copy.
        #[test]
        fn any_fragments_give_what_a_byte_map_gives(
            fragments in proptest::collection::vec((0_usize..12, 1_usize..5, any::<bool>(), any::<u8>()), 1..40),
        ) {
            let mut decoder = Decoder::new(&Limits::WHOLE);
            let (mut map, mut total) = (std::collections::BTreeMap::new(), None);
            for (place, blocks, more, fill) in fragments {
                // The only fragment of a datagram is none.
                let more = more || place == 0;
                let (start, mut end) = (place * 8, (place + blocks) * 8);
                if !more {
                    end -= usize::from(fill % 8);
                }
                let bytes: Vec<u8> = (start..end).map(|at| fill.wrapping_add(u8::try_from(at).expect("small"))).collect();
                let decoded = decode(&mut decoder, &v4(7, start, more, &bytes));
                let highest = map.keys().next_back().map_or(0, |last| last + 1);
                let refused = match total {
                    Some(total) => end > total || (!more && end != total),
                    None => !more && end < highest,
                };
                if !refused {
                    for (at, byte) in (start..end).zip(bytes) {
                        map.entry(at).or_insert(byte);
                    }
                    if !more {
                        total = Some(end);
                    }
                }
                if total == Some(map.len()) {
                    let expected: Vec<u8> = std::mem::take(&mut map).into_values().collect();
                    prop_assert_eq!(decoded, Some(expected));
                    total = None;
                } else {
                    prop_assert_eq!(decoded, None);
                }
            }
        }
    }
}
