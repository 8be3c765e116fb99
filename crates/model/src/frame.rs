//! One frame, as a capture file or an interface hands it over.

use crate::Timestamp;

/// Number of a frame in its capture, from 1, as Wireshark counts.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Debug)]
pub struct FrameNumber(pub u64);

impl FrameNumber {
    /// The number of a frame among those of several sources, of which each counts its own: no two frames have the same, and
    /// it tells the source.
    #[must_use]
    pub const fn of_source(self, source: usize, sources: usize) -> Self {
        let sources = if sources == 0 { 1 } else { sources as u64 };
        let before = self.0.saturating_sub(1).saturating_mul(sources);
        Self(before.saturating_add(source as u64).saturating_add(1))
    }

    /// Which of several sources the frame is from.
    #[must_use]
    pub const fn source(self, sources: usize) -> usize {
        let sources = if sources == 0 { 1 } else { sources as u64 };
        #[allow(clippy::cast_possible_truncation)] // below the number of sources
        let source = (self.0.saturating_sub(1) % sources) as usize;
        source
    }
}

/// What stands at the start of a frame, as libpcap numbers it (`LINKTYPE_` values).
///
/// Source: the link-layer header types of the pcap file format. Unknown values survive.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct LinkType(pub u16);

impl LinkType {
    /// BSD loopback: four bytes address family in the byte order of the capturing host.
    pub const NULL: Self = Self(0);
    /// Ethernet II or 802.3.
    pub const ETHERNET: Self = Self(1);
    /// Raw IP, as numbered by some systems (`DLT_RAW`).
    pub const RAW_12: Self = Self(12);
    /// Raw IP, as numbered by OpenBSD.
    pub const RAW_14: Self = Self(14);
    /// Raw IPv4 or IPv6.
    pub const RAW: Self = Self(101);
    /// OpenBSD loopback: four bytes address family in network byte order.
    pub const LOOP: Self = Self(108);
    /// Linux cooked capture.
    pub const LINUX_SLL: Self = Self(113);
    /// Raw IPv4.
    pub const IPV4: Self = Self(228);
    /// Raw IPv6.
    pub const IPV6: Self = Self(229);
    /// Linux cooked capture, version 2.
    pub const LINUX_SLL2: Self = Self(276);
}

/// One frame of a capture.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> {
    /// Position in the capture, from 1.
    pub number: FrameNumber,
    /// When it was captured.
    pub time: Timestamp,
    /// What stands at the start of `bytes`.
    pub link_type: LinkType,
    /// Length on the wire, in bytes; at least `bytes.len()` in an honest capture.
    pub original_length: u32,
    /// The captured bytes; fewer than `original_length` when the snap length cut the frame.
    pub bytes: &'a [u8],
}

/// When and in which frame something was complete.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct At {
    /// Time of the frame.
    pub time: Timestamp,
    /// Number of the frame.
    pub frame: FrameNumber,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_tells_its_source_and_is_told_once() {
        let numbers = (1..=3).flat_map(|number| (0..2).map(move |source| (number, source)));
        let of: Vec<_> = numbers.map(|(number, source)| FrameNumber(number).of_source(source, 2)).collect();
        assert_eq!(of, (1..=6).map(FrameNumber).collect::<Vec<_>>());
        assert_eq!(of.iter().map(|number| number.source(2)).collect::<Vec<_>>(), [0, 1, 0, 1, 0, 1]);
        assert_eq!(FrameNumber(7).of_source(0, 1), FrameNumber(7));
    }
}
