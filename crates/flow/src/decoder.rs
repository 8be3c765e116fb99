//! From a frame to the innermost IP payload.

use crate::defrag::{Defragmenter, Fragment};
use crate::ip::{self, Ip, IpPayload};
use crate::link::{self, Stop};
use crate::{Direction, Pair, tunnel};
use rpcscope_model::{Address, Frame, FrameNumber, KeptFrame, Limits, Stats, Timestamp};

/// The payload of an IP packet, innermost of all tunnels, put together from its fragments.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Packet<'a> {
    /// When the frame was captured that completed it.
    pub time: Timestamp,
    /// Number of that frame.
    pub frame: FrameNumber,
    /// Who sent it and to whom.
    pub hosts: Pair,
    /// Which of the two sent it.
    pub direction: Direction,
    /// The protocol of `payload`, as IANA numbers it; never an IPv6 extension header but ESP.
    pub protocol: u8,
    /// What was captured of the payload, without padding.
    pub payload: &'a [u8],
    /// Length of the payload in bytes, as the IP header says; more than `payload` when the snap length cut the frame.
    pub length: usize,
}

impl Packet<'_> {
    /// Who sent it.
    #[inline]
    pub const fn source(&self) -> Address {
        self.hosts.sender(self.direction)
    }

    /// To whom.
    #[inline]
    pub const fn destination(&self) -> Address {
        self.hosts.sender(self.direction.other())
    }
}

/// Takes off link layers and tunnels, and puts IP datagrams together.
#[derive(Debug)]
pub struct Decoder {
    stats: Stats,
    pub(crate) defragmenter: Defragmenter,
    /// The bytes of the datagram that was put together last.
    whole: Vec<u8>,
}

impl Decoder {
    /// Makes a decoder that holds fragments of at most `limits.ip_datagrams` datagrams.
    pub fn new(limits: &Limits) -> Self {
        Self {
            stats: Stats::default(),
            defragmenter: Defragmenter::new(limits.ip_datagrams),
            whole: Vec::new(),
        }
    }

    /// Finds the innermost IP packet of a frame.
    ///
    /// `None` when there is none, or when it is a fragment of a datagram that is not complete yet. The payload is
    /// borrowed from the frame, or from the decoder when it was put together from fragments. A tunnel that holds no IP,
    /// or more than eight tunnels in each other, give the innermost packet that could be read.
    #[inline]
    pub fn decode<'a>(&'a mut self, frame: &Frame<'a>) -> Option<Packet<'a>> {
        self.decode_with(frame, None)
    }

    /// The same, with the frames of the other fragments that the packet was put together from, in the order in which they
    /// came; `fragments` is empty for a packet that came in one frame.
    pub fn decode_keeping<'a>(
        &'a mut self,
        frame: &Frame<'a>,
        fragments: &mut Vec<KeptFrame>,
    ) -> Option<Packet<'a>> {
        fragments.clear();
        self.decode_with(frame, Some(fragments))
    }

    /// Forgets the datagrams that are not complete, and counts them.
    pub fn finish(&mut self) {
        self.stats.datagrams_dropped += self.defragmenter.clear();
    }

    /// What was counted so far.
    pub fn stats(&self) -> &Stats {
        &self.stats
    }

    #[inline(always)]
    fn decode_with<'a>(
        &'a mut self,
        frame: &Frame<'a>,
        fragments: Option<&mut Vec<KeptFrame>>,
    ) -> Option<Packet<'a>> {
        self.stats.frames += 1;
        self.stats.bytes += frame.bytes.len() as u64;
        if (frame.original_length as usize) > frame.bytes.len() {
            self.stats.frames_cut += 1;
        }
        let header = match link::ip_of_frame(frame.link_type, frame.bytes) {
            Ok(header) => header,
            Err(stop) => {
                self.stats.count(stop);
                return None;
            }
        };
        let payload = match ip::read_ordinary(header, &mut self.stats) {
            Some(payload) => payload,
            None => self.decode_ip(header, frame, fragments)?,
        };
        let (hosts, direction) = Pair::of(payload.source, payload.destination);
        Some(Packet {
            time: frame.time,
            frame: frame.number,
            hosts,
            direction,
            protocol: payload.protocol,
            payload: payload.bytes,
            length: payload.length,
        })
    }

    /// Reads any IP packet.
    #[inline(never)]
    fn decode_ip<'a>(
        &'a mut self,
        header: &'a [u8],
        frame: &Frame<'_>,
        fragments: Option<&mut Vec<KeptFrame>>,
    ) -> Option<IpPayload<'a>> {
        let mut tunnels = 0;
        let innermost = match ip::read(header, &mut self.stats) {
            Ok(Ip::Whole(payload)) => descend(payload, &mut tunnels, &mut self.stats),
            Ok(fragment @ Ip::Fragment(_)) => fragment,
            Err(stop) => {
                self.stats.count(stop);
                return None;
            }
        };
        match innermost {
            Ip::Whole(payload) => Some(payload),
            Ip::Fragment(fragment) => self.complete(&fragment, tunnels, frame, fragments),
        }
    }

    /// Adds a fragment; the datagram that it completes may again be a tunnel, and hold fragments.
    #[cold]
    fn complete(
        &mut self,
        fragment: &Fragment<'_>,
        mut tunnels: u8,
        frame: &Frame<'_>,
        fragments: Option<&mut Vec<KeptFrame>>,
    ) -> Option<IpPayload<'_>> {
        // Frames of a fragment, of the datagram that it completes, of that which this one completes.
        let mut frames: Vec<KeptFrame> = fragments.iter().map(|_| frame.into()).collect();
        let mut datagram = self.defragmenter.insert(fragment, frame.time, &mut frames, &mut self.stats)?;
        for _ in 0..=MAX_TUNNELS {
            let payload = datagram.payload();
            let innermost = if datagram.has_extensions() {
                match ip::after_extensions(payload, ip::KEY_PROTOCOL_V6) {
                    Ok(Ip::Whole(payload)) => descend(payload, &mut tunnels, &mut self.stats),
                    Ok(fragment @ Ip::Fragment(_)) => fragment,
                    Err(stop) => {
                        self.stats.count(stop);
                        return None;
                    }
                }
            } else {
                descend(payload, &mut tunnels, &mut self.stats)
            };
            match innermost {
                Ip::Whole(inner) => {
                    // The payload moves with its buffer into the decoder: its place there is the same.
                    let start = inner.bytes.as_ptr().addr().wrapping_sub(datagram.bytes.as_ptr().addr());
                    let (length, header) = (inner.bytes.len(), IpPayload { bytes: &[], ..inner });
                    self.defragmenter.recycle(std::mem::replace(&mut self.whole, datagram.bytes));
                    let bytes =
                        self.whole.get(start..).and_then(|rest| rest.get(..length)).unwrap_or_default();
                    if let Some(fragments) = fragments {
                        frames.retain(|part| part.number != frame.number);
                        *fragments = frames;
                    }
                    return Some(IpPayload { bytes, ..header });
                }
                Ip::Fragment(fragment) => {
                    datagram =
                        self.defragmenter.insert(&fragment, frame.time, &mut frames, &mut self.stats)?;
                }
            }
        }
        None
    }
}

/// Takes off tunnels, as many as there are or as the bound allows.
#[inline]
fn descend<'a>(mut payload: IpPayload<'a>, tunnels: &mut u8, stats: &mut Stats) -> Ip<'a> {
    while let Some(next) = tunnel::inside(&payload) {
        if *tunnels >= MAX_TUNNELS {
            break;
        }
        match link::ip_of(next).and_then(|header| ip::read(header, stats)) {
            Ok(inner) => {
                *tunnels += 1;
                stats.tunnels += 1;
                match inner {
                    Ip::Whole(inner) => payload = inner,
                    fragment @ Ip::Fragment(_) => return fragment,
                }
            }
            Err(stop) => {
                // UDP ports only suggest a tunnel; the other protocols promise one.
                if stop == Stop::Malformed && payload.protocol != ip::UDP {
                    stats.count(stop);
                }
                break;
            }
        }
    }
    Ip::Whole(payload)
}

/// Counts frames that could not be read.
trait CountStop {
    fn count(&mut self, stop: Stop);
}

impl CountStop for Stats {
    fn count(&mut self, stop: Stop) {
        match stop {
            Stop::NotIp => self.frames_not_ip += 1,
            Stop::Malformed => self.frames_malformed += 1,
        }
    }
}

/// Tunnels taken off one frame. Networks nest two or three; without a bound, a frame of nothing but headers would cost
/// time in proportion to its length.
const MAX_TUNNELS: u8 = 8;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frames::{INNER, ethernet, frame, inner, ipv4, ipv6, samples, udp};
    use etherparse::{LaxSlicedPacket, PacketBuilder};
    use proptest::prelude::*;
    use rpcscope_model::LinkType;

    fn decoded(bytes: &[u8]) -> Option<(u8, Vec<u8>, usize)> {
        let mut decoder = Decoder::new(&Limits::WHOLE);
        let packet = decoder.decode(&frame(LinkType::ETHERNET, bytes))?;
        Some((packet.protocol, packet.payload.to_vec(), packet.length))
    }

    #[test]
    fn frames_and_what_was_cut_are_counted() {
        let bytes = ethernet(0x0800, &inner());
        let mut decoder = Decoder::new(&Limits::WHOLE);
        let whole = frame(LinkType::ETHERNET, &bytes);
        let cut = Frame { bytes: &bytes[..40], ..whole };
        let packet = decoder.decode(&cut).expect("a packet");
        assert_eq!((packet.payload.len(), packet.length), (6, inner().len() - 20));
        assert_eq!((packet.time, packet.frame), (whole.time, whole.number));
        assert!(decoder.decode(&whole).is_some());
        let stats = decoder.stats();
        assert_eq!((stats.frames, stats.bytes, stats.frames_cut), (2, bytes.len() as u64 + 40, 1));
    }

    #[test]
    fn wrong_header_checksums_are_counted_and_accepted() {
        let mut bytes = inner();
        bytes[8] ^= 1;
        let mut decoder = Decoder::new(&Limits::WHOLE);
        assert!(decoder.decode(&frame(LinkType::RAW, &bytes)).is_some());
        assert_eq!(decoder.stats().checksums_wrong, 1);
    }

    #[test]
    fn lengths_of_zero_mean_all_there_is() {
        let mut v4 = inner();
        v4[2..4].fill(0);
        let mut v6 = ipv6(17, &udp(1, b"abc"));
        v6[4..6].fill(0);
        for bytes in [ethernet(0x0800, &v4), ethernet(0x86dd, &v6)] {
            let (protocol, payload, length) = decoded(&bytes).expect("a packet");
            assert_eq!((protocol, payload.len()), (17, length));
        }
    }

    #[test]
    fn lengths_shorter_than_the_header_are_malformed() {
        let mut bytes = inner();
        bytes[2..4].copy_from_slice(&[0, 19]);
        assert_eq!(decoded(&ethernet(0x0800, &bytes)), None);
    }

    #[test]
    fn extension_headers_are_taken_off_up_to_encryption() {
        let udp = udp(135, b"data");
        let chain = [
            &[43, 0, 1, 4, 0, 0, 0, 0][..],                     // hop-by-hop, then routing
            &[60, 1, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], // routing, then destination options
            &[51, 0, 1, 4, 0, 0, 0, 0],                         // destination options, then authentication
            &[17, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1],             // authentication of 12 bytes, then UDP
            &udp,
        ]
        .concat();
        let whole = decoded(&ethernet(0x86dd, &ipv6(0, &chain)));
        assert_eq!(whole, Some((17, udp.clone(), udp.len())));
        let encrypted = [&[50, 0, 1, 4, 0, 0, 0, 0], &[9; 20][..]].concat();
        assert_eq!(decoded(&ethernet(0x86dd, &ipv6(60, &encrypted))), Some((50, vec![9; 20], 20)));
        let authenticated = [&[17, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1], &udp[..]].concat();
        assert_eq!(
            decoded(&ethernet(0x0800, &ipv4(INNER, 51, &authenticated))),
            Some((17, udp.clone(), udp.len()))
        );
    }

    #[test]
    fn extension_headers_without_end_are_malformed() {
        let mut decoder = Decoder::new(&Limits::WHOLE);
        let bytes = ipv6(60, &[60, 0, 1, 4, 0, 0, 0, 0].repeat(100));
        assert_eq!(decoder.decode(&frame(LinkType::RAW, &bytes)), None);
        assert_eq!(decoder.stats().frames_malformed, 1);
    }

    /// Protocol, payload and claimed length by etherparse, which knows neither tunnels nor zero lengths.
    fn oracle(bytes: &[u8]) -> Option<(u8, Vec<u8>)> {
        let sliced = LaxSlicedPacket::from_ethernet(bytes).ok()?;
        let payload = sliced.ip_payload()?;
        (!payload.fragmented).then(|| (payload.ip_number.0, payload.payload.to_vec()))
    }

    proptest! {
        #[test]
        fn ordinary_frames_are_read_as_etherparse_reads_them(
            is_v6 in any::<bool>(), vlan in any::<bool>(), is_tcp in any::<bool>(),
            hosts in any::<[[u8; 4]; 2]>(), options in 0_usize..10, port in 1_u16..4000,
            data in proptest::collection::vec(any::<u8>(), 0..100), kept in 0_usize..200, padding in 0_usize..20,
        ) {
            let link = PacketBuilder::ethernet2([1; 6], [2; 6]);
            let v6 = |host: [u8; 4]| { let mut all = [0xfd; 16]; all[12..].copy_from_slice(&host); all };
            let mut v4 = etherparse::Ipv4Header::new(0, 9, etherparse::IpNumber::TCP, hosts[0], hosts[1]).expect("short");
            v4.options = etherparse::Ipv4Options::try_from(&vec![1; options * 4][..]).expect("at most 40");
            let header = if is_v6 {
                let mut header = etherparse::Ipv6Header::default();
                (header.source, header.destination) = (v6(hosts[0]), v6(hosts[1]));
                etherparse::IpHeaders::Ipv6(header, etherparse::Ipv6Extensions::default())
            } else {
                etherparse::IpHeaders::Ipv4(v4, etherparse::Ipv4Extensions::default())
            };
            let ip = if vlan { link.single_vlan(5.try_into().expect("small")).ip(header) } else { link.ip(header) };
            let mut bytes = Vec::new();
            if is_tcp {
                ip.tcp(port, 135, 7, 8).write(&mut bytes, &data).expect("a frame");
            } else {
                ip.udp(port, 135).write(&mut bytes, &data).expect("a frame");
            }
            bytes.extend(vec![0; padding]);
            bytes.truncate(kept.max(14 + 4 + 60));
            let found = decoded(&bytes).map(|(protocol, payload, _)| (protocol, payload));
            prop_assert_eq!(found, oracle(&bytes));
        }

        /// Frames with bytes changed: what both read, both read alike.
        #[test]
        fn changed_frames_are_read_as_etherparse_reads_them(
            start in proptest::sample::select(samples()[..3].to_vec()),
            changes in proptest::collection::vec((14_usize..60, any::<u8>()), 0..4),
        ) {
            let mut bytes = start;
            for (place, value) in changes {
                if let Some(byte) = bytes.get_mut(place) {
                    *byte = value;
                }
            }
            if let (Some((protocol, payload, length)), Some(expected)) = (decoded(&bytes), oracle(&bytes))
                && payload.len() == length
                && !matches!(expected.0, 4 | 41 | 47 | 51 | 0 | 43 | 44 | 60 | 135 | 139 | 140)
            {
                prop_assert_eq!((protocol, payload), expected);
            }
        }
    }
}
