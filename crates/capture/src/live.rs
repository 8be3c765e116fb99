//! Frames of live interfaces, through libpcap.
//!
//! ```text
//! LiveSource ──► Handle ──► libpcap ──► ring (TPACKET_V3) ◄── kernel
//!  waits, opens   one open    frames     blocks of frames
//!  again          socket      in place
//! ```
//!
//! A [`LiveSource`] is one socket on one interface. It outlives the interface: when that goes down, is renamed, is deleted
//! or was never there, [`LiveSource::read`] waits for it, opens it again, and says so once ([`Notice`]). Several sources
//! divide the frames of one interface among them by pairs of addresses when they are members of one [`Share`].
//!
//! The ring is TPACKET_V3, libpcap's own choice as long as immediate mode is off: the kernel fills whole blocks and hands
//! them over when they are full or [`LiveSettings::timeout`] has passed, so that a frame costs no system call.
//!
//! # What opening needs
//!
//! A program that gives up rights has to keep these, since an interface may have to be opened again at any time. Found with
//! strace on libpcap 1.10.3 and glibc 2.36.
//!
//! - The capability `CAP_NET_RAW`, and no other; promiscuous mode is asked for by the packet socket itself.
//! - Files, for reading: `/sys/class/net/NAME/` (`wireless`, `statistics/rx_missed_errors` and `statistics/rx_fifo_errors`; the
//!   entry is a link into `/sys/devices`, so that `/sys` has to be readable). When they are not, frames that the interface
//!   dropped stay uncounted and nothing else changes. The counters are read again by [`LiveSource::counters`].
//! - Files that a filter may need, since names in it are looked up each time: `/etc/services`, `/etc/protocols`,
//!   `/etc/nsswitch.conf` and, for host names, what the resolver reads and asks. A filter of numbers reads none.
//! - Sockets of the families `AF_PACKET`, `AF_NETLINK` (`NETLINK_GENERIC` by libpcap, `NETLINK_ROUTE` by the look at the interfaces)
//!   and `AF_UNIX` (index of an interface).
//! - System calls: `socket`, `bind`, `getsockname`, `setsockopt`, `getsockopt`, `ioctl` (`SIOCGIFINDEX`, `SIOCGIFNAME`, `SIOCGIFHWADDR`,
//!   `SIOCGIFFLAGS`, `SIOCGIFMTU`, `SIOCETHTOOL`, wireless ones on wireless interfaces), `mmap` and `munmap` (the ring, shared), `eventfd2`,
//!   `uname`, `openat`, `read`, `readlink`, `access`, `newfstatat`, `close`, `poll`, `sendto`, `recvmsg`, `recvfrom`, `clock_nanosleep`.

mod counters;
mod handle;
mod interface;
mod notice;
mod pair;
mod share;
mod source;

use std::time::Duration;

pub use counters::LiveCounters;
pub use interface::{InterfaceInfo, InterfaceState, interfaces};
pub use notice::{Absence, Notice};
pub use share::Share;
pub use source::{LiveSource, Reading, Supply};

/// How interfaces are watched.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LiveSettings {
    /// Bytes kept of a frame, 1 to [`LiveSettings::MAX_SNAP_LENGTH`].
    pub snap_length: u32,
    /// Bytes of the ring between kernel and program, for each source. It holds what arrives while nobody reads.
    pub buffer_bytes: u32,
    /// Which frames are wanted, in libpcap's filter language (pcap-filter(7)); all of them if `None`.
    pub filter: Option<String>,
    /// Whether frames for other hosts are wanted too. A SPAN or TAP port carries nothing else.
    pub promiscuous: bool,
    /// How long a frame may wait in the ring, and how long [`LiveSource::read`] waits for one. At least a millisecond.
    pub timeout: Duration,
}

impl LiveSettings {
    /// Longest frame that libpcap captures, in bytes. Offloading makes frames of up to 64 KiB, longer than any on the wire.
    pub const MAX_SNAP_LENGTH: u32 = 262_144;
}

impl Default for LiveSettings {
    fn default() -> Self {
        Self {
            snap_length: Self::MAX_SNAP_LENGTH,
            buffer_bytes: 64 << 20,
            filter: None,
            promiscuous: true,
            timeout: Duration::from_millis(10),
        }
    }
}
