//! The classic pcap file format.
//!
//! Source: draft-ietf-opsawg-pcap, sections 4 (file header) and 5 (packet record).

use rpcscope_model::{LinkType, Timestamp};

use crate::batch::{Record, Sink};
use crate::format::{Detected, Format, Stop};
use crate::words::words;
use crate::{Damage, MAX_RECORD_BYTES};

/// A classic pcap file.
pub(crate) struct Pcap {
    big_endian: bool,
    /// Nanoseconds in one unit of the second timestamp field.
    unit_ns: i64,
    /// Length of the header before each frame.
    record_header_bytes: usize,
    /// Longest frame that is believed, in bytes.
    longest_frame: u32,
    link_type: LinkType,
}

impl Pcap {
    /// Tells a classic pcap file from its first bytes.
    pub(crate) fn detect(start: &[u8]) -> Detected {
        let Some(magic) = start.first_chunk::<4>() else { return Detected::Nothing };
        let little = KINDS.iter().find(|kind| u32::from_le_bytes(*magic) == kind.magic);
        let big = KINDS.iter().find(|kind| u32::from_be_bytes(*magic) == kind.magic);
        let (kind, big_endian) = match (little, big) {
            (Some(kind), _) => (kind, false),
            (None, Some(kind)) => (kind, true),
            (None, None) => return Detected::Nothing,
        };
        let header = if big_endian { words::<true, 6>(start) } else { words::<false, 6>(start) };
        let Some([_, _version, _zone, _accuracy, snap_length, link_type]) = header else {
            return Detected::Short { needed: FILE_HEADER_BYTES };
        };
        let [_, _, high, low] = link_type.to_be_bytes();
        let pcap = Self {
            big_endian,
            unit_ns: kind.unit_ns,
            record_header_bytes: kind.record_header_bytes,
            longest_frame: snap_length.clamp(ALWAYS_ALLOWED_BYTES, MAX_RECORD_BYTES),
            // The upper half says how long the frame check sequence is; IP's own lengths leave it out.
            link_type: LinkType(u16::from_be_bytes([high, low])),
        };
        Detected::Format { format: Format::Pcap(pcap), at: FILE_HEADER_BYTES }
    }

    /// See [`Format::walk`].
    pub(crate) fn walk(&self, window: &[u8], at: &mut usize, sink: &mut Sink<'_>) -> Stop {
        if self.big_endian {
            self.walk_in::<true>(window, at, sink)
        } else {
            self.walk_in::<false>(window, at, sink)
        }
    }

    fn walk_in<const BIG: bool>(&self, window: &[u8], at: &mut usize, sink: &mut Sink<'_>) -> Stop {
        let header_bytes = self.record_header_bytes;
        let mut rest = window.get(*at..).unwrap_or_default();
        while !sink.is_full() {
            let Some([seconds, fraction, captured, original]) = words::<BIG, 4>(rest) else {
                return Stop::Short { needed: header_bytes };
            };
            if captured > self.longest_frame {
                let at_most = self.longest_frame;
                return Stop::Damaged(Damage::TooLong { field: "captured length", value: captured, at_most });
            }
            // At most 24 bytes and 16 MiB.
            let needed = header_bytes + captured as usize;
            let Some(behind) = rest.get(needed..) else { return Stop::Short { needed } };
            rest = behind;
            // Both terms are products of a 32-bit number that together stay below 2^62.9.
            let time = i64::from(seconds) * 1_000_000_000 + i64::from(fraction) * self.unit_ns;
            sink.push(Record {
                time: Timestamp(time),
                start: *at + header_bytes,
                captured_length: captured,
                original_length: original,
                link_type: self.link_type,
            });
            *at += needed;
        }
        Stop::Full
    }
}

/// One kind of classic pcap files.
struct Kind {
    magic: u32,
    unit_ns: i64,
    record_header_bytes: usize,
}

const KINDS: [Kind; 3] = [
    Kind { magic: 0xa1b2_c3d4, unit_ns: 1000, record_header_bytes: 16 },
    Kind { magic: 0xa1b2_3c4d, unit_ns: 1, record_header_bytes: 16 },
    // Alexey Kuznetzov's libpcap: an interface, a protocol and a packet type follow the lengths.
    Kind { magic: 0xa1b2_cd34, unit_ns: 1000, record_header_bytes: 24 },
];

const FILE_HEADER_BYTES: usize = 24;

/// A frame of this length is believed whatever the snap length is, since captures with a wrong one, or none, are common.
/// libpcap and Wireshark draw the same line.
const ALWAYS_ALLOWED_BYTES: u32 = 256 << 10;

#[cfg(test)]
mod tests {
    use crate::build::{Order, PcapFile, frames_of, read_all};

    #[test]
    fn frames_are_read_in_every_kind_and_byte_order() {
        for order in [Order::Little, Order::Big] {
            for (magic, fraction, ns, extra) in [
                (0xa1b2_c3d4, 654_321, 654_321_000, 0),
                (0xa1b2_3c4d, 987_654_321, 987_654_321, 0),
                (0xa1b2_cd34, 654_321, 654_321_000, 8),
            ] {
                let mut file = PcapFile::new(order, magic, 65535, 113);
                file.record(1_700_000_000, fraction, 60, b"abc", extra).record(1, 0, 0, b"", extra);
                let read = read_all(file.bytes.clone());
                assert_eq!(read.error, None);
                assert!(read.warnings.is_empty());
                let [first, second] = &read.frames[..] else { panic!("two frames, not {:?}", read.frames) };
                assert_eq!((first.number, first.link_type, first.original_length), (1, 113, 60));
                assert_eq!(first.time, 1_700_000_000_000_000_000 + ns);
                assert_eq!(first.bytes, b"abc");
                assert_eq!(
                    (second.number, second.time, second.bytes.as_slice()),
                    (2, 1_000_000_000, &b""[..])
                );
            }
        }
    }

    #[test]
    fn the_frame_check_sequence_length_is_no_part_of_the_link_type() {
        let mut file = PcapFile::new(Order::Big, 0xa1b2_c3d4, 65535, 0x4400_0001);
        file.record(0, 0, 1, b"a", 0);
        assert_eq!(frames_of(file.bytes)[0].link_type, 1);
    }

    #[test]
    fn the_latest_time_does_not_overflow() {
        let mut file = PcapFile::new(Order::Little, 0xa1b2_c3d4, 65535, 1);
        file.record(u32::MAX, u32::MAX, 1, b"a", 0);
        assert_eq!(frames_of(file.bytes)[0].time, 4_294_967_295_000_000_000 + 4_294_967_295_000);
    }

    #[test]
    fn a_frame_longer_than_the_snap_length_is_believed_up_to_256_kib() {
        for (length, snap_length, read) in
            [(262_144, 96, 1), (262_145, 96, 0), (300_000, 300_000, 1), (300_001, 300_000, 0)]
        {
            let mut file = PcapFile::new(Order::Little, 0xa1b2_c3d4, snap_length, 1);
            file.record(0, 0, length, &vec![0; length as usize], 0);
            assert_eq!(
                read_all(file.bytes).frames.len(),
                read,
                "length {length} with snap length {snap_length}"
            );
        }
    }

    #[test]
    fn an_impossible_length_ends_the_file_after_what_was_read() {
        let mut file = PcapFile::new(Order::Little, 0xa1b2_c3d4, 65535, 1);
        file.record(1, 0, 3, b"abc", 0);
        file.bytes.extend([0xff; 32]);
        let read = read_all(file.bytes);
        assert_eq!(read.frames.len(), 1);
        assert_eq!(
            read.error.as_deref(),
            Some(
                "x: damaged at byte 43: captured length 4294967295 is impossible, at most 262144 bytes can be"
            )
        );
    }

    #[test]
    fn a_cut_at_any_byte_delivers_the_frames_before_it() {
        let mut file = PcapFile::new(Order::Big, 0xa1b2_3c4d, 65535, 1);
        let mut ends = vec![file.bytes.len()];
        for frame in [&b"first frame"[..], b"", b"the third"] {
            file.record(7, 7, 99, frame, 0);
            ends.push(file.bytes.len());
        }
        for cut in 1..=file.bytes.len() {
            let read = read_all(file.bytes[..cut].to_vec());
            let whole = ends.iter().filter(|end| **end <= cut).count();
            assert_eq!(read.frames.len(), whole.saturating_sub(1), "cut at {cut}");
            assert_eq!(read.error.is_some(), cut < 4, "cut at {cut}: {:?}", read.error);
            assert_eq!(
                read.warnings.is_empty(),
                cut < 4 || ends.contains(&cut),
                "cut at {cut}: {:?}",
                read.warnings
            );
        }
        let read = read_all(file.bytes[..60].to_vec());
        assert_eq!(read.warnings, ["x: the last record is cut off at byte 51: need 16 bytes, have 9"]);
    }
}
