//! Messages as frames: TCP segments or UDP datagrams, disturbed at will, in IP packets, in tunnels, on a link.

pub(crate) mod checksum;
mod datagram;
mod disturb;
mod framing;
mod ip;
mod link;
mod tcp;
mod tunnel;
mod udp;

pub use datagram::Datagram;
pub use disturb::{Disturbance, Overlap};
pub use framing::{Framing, OwnedFrame};
pub use ip::ip_packets;
pub use link::{Link, Tag};
pub use tcp::{Segment, TcpEnd, TcpFlow, TcpStart, tcp_flags};
pub use tunnel::Tunnel;
pub use udp::UdpFlow;
