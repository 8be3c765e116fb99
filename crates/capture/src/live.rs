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
//! - Files, for reading: below `/sys/class/net/NAME/`, which is a link into `/sys/devices`: `wireless`, `dsa/tagging`,
//!   `statistics/rx_missed_errors` and `statistics/rx_fifo_errors`, the last two also by [`LiveSource::counters`]. When they cannot be read,
//!   frames that the interface dropped stay uncounted and nothing else changes.
//! - Files that a filter needs which has names in it, since they are looked up with each opening: `/etc/nsswitch.conf`,
//!   `/etc/services`, `/etc/protocols`, and what the resolver reads and asks for names of hosts. The libraries for that are loaded by
//!   the first [`LiveSource::open`], also when there is no such interface. A filter of numbers needs none of this.
//! - Sockets of the families `AF_PACKET`, `AF_NETLINK` (`NETLINK_GENERIC` by libpcap, `NETLINK_ROUTE` for the state of interfaces) and
//!   `AF_UNIX` (index of an interface).
//! - System calls: `socket`, `bind`, `getsockname`, `setsockopt`, `getsockopt`, `sendto`, `recvmsg`, `recvfrom`, `fcntl` (`F_GETFL`, `F_SETFL`),
//!   `ioctl` (`SIOCGIFINDEX`, `SIOCGIFNAME`, `SIOCGIFHWADDR`, `SIOCGIFFLAGS`, `SIOCETHTOOL`), `mmap` (shared, for the ring) and `munmap`, `eventfd2`,
//!   `poll`, `uname`, `openat`, `newfstatat`, `read`, `close`, `clock_nanosleep`, `clock_gettime`.

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
