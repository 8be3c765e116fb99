//! The pcapng format (draft-ietf-opsawg-pcapng).

use crate::encoder::{ByteOrder, Encoder, length32};
use crate::packets::OwnedFrame;
use rpcscope_model::LinkType;

/// Unit of times in a pcapng file (option `if_tsresol`).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Resolution {
    /// 10⁻ⁿ seconds; 6 when the option is absent.
    Decimal(u8),
    /// 2⁻ⁿ seconds.
    Binary(u8),
}

/// How a pcapng file is written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Pcapng {
    /// Byte order of the section.
    pub order: ByteOrder,
    /// Unit of times, for the interfaces in turn; the last is used for all that follow. Empty leaves the option out.
    pub resolutions: Vec<Resolution>,
    /// Whether frames stand in simple packet blocks, which have no time and belong to the first interface.
    pub simple: bool,
    /// Whether a block of an unknown type stands before each frame.
    pub unknown_blocks: bool,
}

impl Default for Pcapng {
    fn default() -> Self {
        Self { order: ByteOrder::Little, resolutions: Vec::new(), simple: false, unknown_blocks: false }
    }
}

impl Pcapng {
    /// The file, with one interface for each link type, described before its first frame.
    pub fn encode(&self, frames: &[OwnedFrame]) -> Vec<u8> {
        let mut out = self.section_header();
        let mut interfaces: Vec<LinkType> = Vec::new();
        for frame in frames {
            let known = interfaces.iter().position(|link_type| *link_type == frame.link_type);
            let interface = known.unwrap_or_else(|| {
                out.extend(self.interface_description(interfaces.len(), frame.link_type));
                interfaces.push(frame.link_type);
                interfaces.len() - 1
            });
            if self.unknown_blocks {
                out.extend(self.block(UNKNOWN_BLOCK, &[1, 2, 3]));
            }
            out.extend(self.packet(interface, frame));
        }
        out
    }

    fn section_header(&self) -> Vec<u8> {
        let mut body = Encoder::new(self.order);
        // Version 1.0; the length of the section is not given.
        body.u32(0x1a2b_3c4d).u16(1).u16(0).u64(u64::MAX);
        self.block(SECTION_HEADER, &body.finish())
    }

    fn interface_description(&self, interface: usize, link_type: LinkType) -> Vec<u8> {
        let mut body = Encoder::new(self.order);
        body.u16(link_type.0).u16(0).u32(0);
        if let Some(resolution) = self.resolution(interface) {
            let value = match resolution {
                Resolution::Decimal(exponent) => exponent,
                Resolution::Binary(exponent) => 0x80 | exponent,
            };
            // if_tsresol, then the end of the options.
            body.u16(9).u16(1).u8(value).zeros(3).u32(0);
        }
        self.block(INTERFACE_DESCRIPTION, &body.finish())
    }

    fn packet(&self, interface: usize, frame: &OwnedFrame) -> Vec<u8> {
        let mut body = Encoder::new(self.order);
        if self.simple {
            body.u32(frame.original_length).raw(&frame.bytes);
            return self.block(SIMPLE_PACKET, &body.finish());
        }
        let nanoseconds = u128::from(frame.time.0.max(0).unsigned_abs());
        let units = match self.resolution(interface).unwrap_or(Resolution::Decimal(6)) {
            Resolution::Decimal(exponent) => nanoseconds * 10_u128.pow(exponent.into()) / 1_000_000_000,
            Resolution::Binary(exponent) => (nanoseconds << exponent) / 1_000_000_000,
        };
        let units = u64::try_from(units).expect("a resolution that 64 bits can count in");
        body.u32(length32(interface));
        body.u32(half(units >> 32)).u32(half(units));
        body.u32(length32(frame.bytes.len())).u32(frame.original_length).raw(&frame.bytes);
        self.block(ENHANCED_PACKET, &body.finish())
    }

    fn resolution(&self, interface: usize) -> Option<Resolution> {
        self.resolutions.get(interface).or(self.resolutions.last()).copied()
    }

    /// A block: type, length, body padded to four bytes, length again.
    fn block(&self, block_type: u32, body: &[u8]) -> Vec<u8> {
        let length = length32(12 + body.len().next_multiple_of(4));
        let mut out = Encoder::new(self.order);
        out.u32(block_type).u32(length).raw(body).align(4).u32(length);
        out.finish()
    }
}

/// The lower 32 bits.
fn half(units: u64) -> u32 {
    u32::try_from(units & u64::from(u32::MAX)).expect("32 bits")
}

const SECTION_HEADER: u32 = 0x0a0d_0d0a;
const INTERFACE_DESCRIPTION: u32 = 1;
const SIMPLE_PACKET: u32 = 3;
const ENHANCED_PACKET: u32 = 6;
/// Of the range for local use.
const UNKNOWN_BLOCK: u32 = 0x8000_0001;

#[cfg(test)]
mod tests {
    use super::*;
    use rpcscope_model::Timestamp;

    fn frame(link_type: LinkType) -> OwnedFrame {
        let time = Timestamp::from_parts(2, 500_000_000);
        OwnedFrame { time, link_type, original_length: 9, bytes: vec![0xee; 5] }
    }

    #[test]
    fn blocks_are_laid_out_as_the_format_says() {
        let file = Pcapng { order: ByteOrder::Big, ..Pcapng::default() }.encode(&[frame(LinkType::RAW)]);
        assert_eq!(file[..12], [0x0a, 0x0d, 0x0d, 0x0a, 0, 0, 0, 28, 0x1a, 0x2b, 0x3c, 0x4d]);
        assert_eq!(file[28..48], [0, 0, 0, 1, 0, 0, 0, 20, 0, 101, 0, 0, 0, 0, 0, 0, 0, 0, 0, 20]);
        assert_eq!(file[48..56], [0, 0, 0, 6, 0, 0, 0, 40]);
        // interface, time in microseconds, captured and original length
        assert_eq!(file[56..76], [0, 0, 0, 0, 0, 0, 0, 0, 0, 0x26, 0x25, 0xa0, 0, 0, 0, 5, 0, 0, 0, 9]);
        assert_eq!(file[76..], [0xee, 0xee, 0xee, 0xee, 0xee, 0, 0, 0, 0, 0, 0, 40]);
    }

    #[test]
    fn each_link_type_is_an_interface_with_its_resolution() {
        let resolutions = vec![Resolution::Binary(1), Resolution::Decimal(9)];
        let pcapng = Pcapng { resolutions, unknown_blocks: true, ..Pcapng::default() };
        let file = pcapng.encode(&[frame(LinkType::RAW), frame(LinkType::ETHERNET)]);
        let block_types: Vec<u32> = {
            let mut types = Vec::new();
            let mut rest = file.as_slice();
            while let Some((head, _)) = rest.split_at_checked(8) {
                types.push(u32::from_le_bytes([head[0], head[1], head[2], head[3]]));
                rest = &rest[usize::from(head[4])..];
            }
            types
        };
        let (unknown, description, packet) = (UNKNOWN_BLOCK, INTERFACE_DESCRIPTION, ENHANCED_PACKET);
        assert_eq!(block_types, [SECTION_HEADER, description, unknown, packet, description, unknown, packet]);
        // Five halves of a second.
        assert_eq!(file[28 + 32 + 16 + 16..][..4], [5, 0, 0, 0]);
    }
}
