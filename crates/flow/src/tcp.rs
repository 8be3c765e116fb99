//! TCP headers.

use crate::Packet;
use crate::ip::TCP;

/// The flags of a TCP header ([RFC 9293] 3.1). Unknown ones survive.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct TcpFlags(pub u8);

impl TcpFlags {
    /// No more data from the sender.
    pub const FIN: Self = Self(0x01);
    /// Synchronise sequence numbers.
    pub const SYN: Self = Self(0x02);
    /// Reset the connection.
    pub const RST: Self = Self(0x04);
    /// Push.
    pub const PSH: Self = Self(0x08);
    /// The acknowledgment number means something.
    pub const ACK: Self = Self(0x10);

    /// What begins or ends a direction.
    pub(crate) const ENDS: Self = Self(Self::FIN.0 | Self::SYN.0 | Self::RST.0);

    /// Whether any flag of `other` is set.
    #[inline]
    pub const fn intersects(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// Whether all flags of `other` are set.
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether the sender opens a connection.
    pub const fn syn(self) -> bool {
        self.contains(Self::SYN)
    }

    /// Whether the sender has no more data.
    pub const fn fin(self) -> bool {
        self.contains(Self::FIN)
    }

    /// Whether the sender resets the connection.
    pub const fn rst(self) -> bool {
        self.contains(Self::RST)
    }
}

/// A TCP segment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TcpSegment<'a> {
    /// Port of who sent it.
    pub source_port: u16,
    /// Port of whom it was sent to.
    pub destination_port: u16,
    /// Sequence number of the first byte of `payload`, or of the SYN before it.
    pub sequence: u32,
    /// The next sequence number that the sender expects, when the ACK flag says that there is one.
    pub acknowledgment: Option<u32>,
    /// Flags.
    pub flags: TcpFlags,
    /// The data that was captured.
    pub payload: &'a [u8],
    /// Bytes of data behind `payload` that the snap length cut off.
    pub missing: u32,
}

impl<'a> TcpSegment<'a> {
    /// Reads the TCP header of a packet ([RFC 9293] 3.1); `None` when it is not TCP or has no whole header.
    ///
    /// Options cut off by the snap length are tolerated: all data is then missing.
    #[inline]
    pub fn parse(packet: &Packet<'a>) -> Option<Self> {
        if packet.protocol != TCP {
            return None;
        }
        let header = packet.payload.first_chunk::<20>()?;
        let header_bytes = usize::from(header[12] >> 4) * 4;
        let length = packet.length.checked_sub(header_bytes)?;
        if header_bytes < header.len() {
            return None;
        }
        let payload = packet.payload.get(header_bytes..).unwrap_or_default();
        let flags = TcpFlags(header[13]);
        let acknowledgment = u32::from_be_bytes([header[8], header[9], header[10], header[11]]);
        Some(Self {
            source_port: u16::from_be_bytes([header[0], header[1]]),
            destination_port: u16::from_be_bytes([header[2], header[3]]),
            sequence: u32::from_be_bytes([header[4], header[5], header[6], header[7]]),
            acknowledgment: flags.contains(TcpFlags::ACK).then_some(acknowledgment),
            flags,
            payload,
            missing: u32::try_from(length.saturating_sub(payload.len())).unwrap_or(u32::MAX),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: [u8; 24] = [
        0x04, 0xd2, 0x00, 0x87, // ports 1234, 135
        0x00, 0x00, 0x00, 0x05, // sequence number
        0x00, 0x00, 0x00, 0x09, // acknowledgment number
        0x60, 0x18, 0xff, 0xff, // data offset 6, PSH ACK, window
        0x00, 0x00, 0x00, 0x00, // checksum, urgent pointer
        0x01, 0x01, 0x01, 0x00, // options
    ];

    fn packet(payload: &[u8], length: usize) -> Packet<'_> {
        Packet { protocol: TCP, payload, length, ..Packet::default() }
    }

    #[test]
    fn data_follows_the_options() {
        let bytes = [&HEADER[..], b"data"].concat();
        let segment = TcpSegment::parse(&packet(&bytes, 28)).expect("a segment");
        assert_eq!((segment.source_port, segment.destination_port), (1234, 135));
        assert_eq!((segment.sequence, segment.acknowledgment), (5, Some(9)));
        assert_eq!((segment.payload, segment.missing), (&b"data"[..], 0));
        assert!(!segment.flags.syn() && segment.flags.contains(TcpFlags::PSH));
    }

    #[test]
    fn data_cut_off_by_the_snap_length_is_missing() {
        let bytes = [&HEADER[..], b"da"].concat();
        assert_eq!(TcpSegment::parse(&packet(&bytes, 28)).map(|segment| segment.missing), Some(2));
        let segment = TcpSegment::parse(&packet(&HEADER[..20], 28)).expect("options may be cut");
        assert_eq!((segment.payload.len(), segment.missing), (0, 4));
    }

    #[test]
    fn impossible_headers_are_refused() {
        assert_eq!(TcpSegment::parse(&packet(&HEADER[..19], 19)), None);
        assert_eq!(
            TcpSegment::parse(&packet(&HEADER[..20], 20)),
            None,
            "options beyond the end of the packet"
        );
        let mut short = HEADER;
        short[12] = 0x40;
        assert_eq!(TcpSegment::parse(&packet(&short, 24)), None, "data offset below 5");
        let udp = Packet { protocol: 17, ..packet(&HEADER, 24) };
        assert_eq!(TcpSegment::parse(&udp), None);
    }
}
