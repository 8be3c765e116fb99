//! One frame, as a capture file or an interface hands it over.

use crate::Timestamp;

/// Number of a frame in its capture, from 1, as Wireshark counts.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Debug)]
pub struct FrameNumber(pub u64);

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
