//! UDP headers.

use crate::Packet;
use crate::ip::UDP;
use rpcscope_model::Endpoint;

/// A UDP datagram.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct UdpDatagram<'a> {
    /// Who sent it.
    pub source: Endpoint,
    /// To whom.
    pub destination: Endpoint,
    /// The data that was captured.
    pub payload: &'a [u8],
    /// Bytes of data behind `payload` that the snap length cut off.
    pub missing: u32,
}

impl<'a> UdpDatagram<'a> {
    /// Reads the UDP header of a packet ([RFC 768]); `None` when it is not UDP or has no whole header.
    ///
    /// A length of zero stands for all that IP carries, as in jumbograms and segmentation offload.
    #[inline]
    pub fn parse(packet: &Packet<'a>) -> Option<Self> {
        if packet.protocol != UDP {
            return None;
        }
        let (header, rest) = packet.payload.split_first_chunk::<8>()?;
        let carried = packet.length.checked_sub(header.len())?;
        let length = match usize::from(u16::from_be_bytes([header[4], header[5]])) {
            0 => carried,
            length => length.checked_sub(header.len())?.min(carried),
        };
        let payload = rest.get(..length).unwrap_or(rest);
        Some(Self {
            source: Endpoint::new(packet.source(), u16::from_be_bytes([header[0], header[1]])),
            destination: Endpoint::new(packet.destination(), u16::from_be_bytes([header[2], header[3]])),
            payload,
            missing: u32::try_from(length - payload.len()).unwrap_or(u32::MAX),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(payload: &[u8], length: usize) -> Packet<'_> {
        Packet { protocol: UDP, payload, length, ..Packet::default() }
    }

    #[test]
    fn the_shorter_length_counts() {
        // Ports 137 and 138, length 10, no checksum, four bytes of data.
        let bytes = *b"\x00\x89\x00\x8a\x00\x0a\x00\x00data";
        let datagram = UdpDatagram::parse(&packet(&bytes, 12)).expect("a datagram");
        assert_eq!((datagram.source.port, datagram.destination.port), (137, 138));
        assert_eq!((datagram.payload, datagram.missing), (&b"da"[..], 0));
        let cut = UdpDatagram::parse(&packet(&bytes[..9], 12)).expect("a datagram");
        assert_eq!((cut.payload, cut.missing), (&b"d"[..], 1));
    }

    #[test]
    fn zero_length_means_all_there_is_and_less_than_a_header_is_refused() {
        let mut bytes = *b"\x00\x89\x00\x8a\x00\x00\x00\x00data";
        assert_eq!(UdpDatagram::parse(&packet(&bytes, 12)).map(|datagram| datagram.payload.len()), Some(4));
        bytes[5] = 7;
        assert_eq!(UdpDatagram::parse(&packet(&bytes, 12)), None);
        assert_eq!(UdpDatagram::parse(&packet(&bytes[..7], 12)), None);
    }
}
