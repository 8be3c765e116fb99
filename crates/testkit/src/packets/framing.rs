//! The last step: IP packets, tunnels, link layer, time.

use super::{Datagram, Link, Segment, Tunnel, ip_packets};
use crate::encoder::{length16, length32};
use rpcscope_model::{Frame, FrameNumber, LinkType, Timestamp};

/// A frame that owns its bytes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OwnedFrame {
    /// When it was captured.
    pub time: Timestamp,
    /// What stands at the start of `bytes`.
    pub link_type: LinkType,
    /// Length on the wire, in bytes.
    pub original_length: u32,
    /// The captured bytes.
    pub bytes: Vec<u8>,
}

impl OwnedFrame {
    /// The frame as readers get it, with its place in the capture, from 1.
    pub fn as_frame(&self, number: u64) -> Frame<'_> {
        Frame {
            number: FrameNumber(number),
            time: self.time,
            link_type: self.link_type,
            original_length: self.original_length,
            bytes: &self.bytes,
        }
    }
}

/// How datagrams become frames.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Framing {
    /// Link layer.
    pub link: Link,
    /// Tunnels, innermost first.
    pub tunnels: Vec<Tunnel>,
    /// Cuts IP packets into fragments with at most this many bytes after the IP header.
    pub fragment_bytes: Option<usize>,
    /// Cuts frames to this many bytes.
    pub snap_length: Option<usize>,
    /// Time of the first frame.
    pub start: Timestamp,
    /// Nanoseconds between frames.
    pub interval_ns: i64,
}

impl Default for Framing {
    fn default() -> Self {
        Self {
            link: Link::ETHERNET,
            tunnels: Vec::new(),
            fragment_bytes: None,
            snap_length: None,
            // 2026-01-02 03:04:05 UTC.
            start: Timestamp::from_parts(1_767_323_045, 0),
            interval_ns: 100_000,
        }
    }
}

impl Framing {
    /// The frames of TCP segments.
    pub fn segments(&self, segments: &[Segment]) -> Vec<OwnedFrame> {
        let datagrams: Vec<Datagram> = segments.iter().map(Datagram::from).collect();
        self.datagrams(&datagrams)
    }

    /// The frames of datagrams.
    pub fn datagrams(&self, datagrams: &[Datagram]) -> Vec<OwnedFrame> {
        let mut frames = Vec::new();
        for (number, datagram) in datagrams.iter().enumerate() {
            let of_datagram = self.frames_of(datagram, number, frames.len());
            frames.extend(of_datagram);
        }
        frames
    }

    /// The frames of one datagram, which has this number; `first` frames came before.
    pub fn frames_of(&self, datagram: &Datagram, number: usize, first: usize) -> Vec<OwnedFrame> {
        // Identifications repeat after 65,536 packets, as they do on the wire.
        let packets = ip_packets(datagram, length16(number & 0xffff), self.fragment_bytes);
        packets.into_iter().zip(first..).map(|(packet, number)| self.frame(packet, number)).collect()
    }

    fn frame(&self, packet: Vec<u8>, number: usize) -> OwnedFrame {
        let wrapped =
            self.tunnels.iter().fold(packet, |packet, tunnel| tunnel.wrap(&packet, length32(number)));
        let mut bytes = self.link.frame(&wrapped);
        let original_length = length32(bytes.len());
        bytes.truncate(self.snap_length.unwrap_or(usize::MAX));
        let elapsed_ns = self.interval_ns.saturating_mul(i64::from(length32(number)));
        let time = Timestamp(self.start.0.saturating_add(elapsed_ns));
        OwnedFrame { time, link_type: self.link.link_type(), original_length, bytes }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packets::TcpFlow;
    use crate::transport::Message;
    use rpcscope_model::Side;

    #[test]
    fn frames_are_timed_cut_and_wrapped() {
        let segments = TcpFlow::default().segments(&[Message::new(Side::Client, vec![1; 100])]);
        let framing = Framing { tunnels: vec![Tunnel::IpInIp], snap_length: Some(60), ..Framing::default() };
        let frames = framing.segments(&segments);
        assert_eq!(frames.len(), segments.len());
        let data = &frames[3];
        assert_eq!((data.bytes.len(), data.original_length), (60, 14 + 20 + 20 + 20 + 100));
        assert_eq!(data.time.since_ns(framing.start), 300_000);
        assert_eq!(data.as_frame(4).number, FrameNumber(4));
    }
}
