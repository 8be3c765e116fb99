//! The pcap format (draft-ietf-opsawg-pcap).

use crate::encoder::{ByteOrder, Encoder, length32};
use crate::packets::OwnedFrame;
use rpcscope_model::{LinkType, Timestamp};

/// How a pcap file is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Pcap {
    /// Byte order of the writing machine.
    pub order: ByteOrder,
    /// Whether times have nanoseconds; microseconds otherwise.
    pub nanoseconds: bool,
    /// The snap length that the file claims, in bytes.
    pub snap_length: u32,
}

impl Default for Pcap {
    fn default() -> Self {
        Self { order: ByteOrder::Little, nanoseconds: false, snap_length: 262_144 }
    }
}

impl Pcap {
    /// The file. All frames have the link type of the first.
    ///
    /// # Panics
    /// When a frame's time is before 1970 or after 2106, which the format cannot say.
    pub fn encode(&self, frames: &[OwnedFrame]) -> Vec<u8> {
        let link_type = frames.first().map_or(LinkType::ETHERNET, |frame| frame.link_type);
        let mut file = self.header(link_type);
        for frame in frames {
            file.extend(self.record(frame.time, frame.bytes.len(), frame.original_length));
            file.extend(&frame.bytes);
        }
        file
    }

    /// What a file begins with.
    pub fn header(&self, link_type: LinkType) -> Vec<u8> {
        let mut out = Encoder::new(self.order);
        out.u32(if self.nanoseconds { NANOSECOND_MAGIC } else { MICROSECOND_MAGIC });
        out.u16(2).u16(4).u32(0).u32(0).u32(self.snap_length).u32(u32::from(link_type.0));
        out.finish()
    }

    /// What stands before each frame.
    ///
    /// # Panics
    /// When the time is before 1970 or after 2106, which the format cannot say.
    pub fn record(&self, time: Timestamp, captured_bytes: usize, original_length: u32) -> [u8; 16] {
        let seconds = u32::try_from(time.seconds()).expect("a time from 1970 to 2106");
        let nanos = time.subsec_nanos();
        let fraction = if self.nanoseconds { nanos } else { nanos / 1000 };
        let mut record = [0; 16];
        let words = [seconds, fraction, length32(captured_bytes), original_length];
        for (place, word) in record.chunks_exact_mut(4).zip(words) {
            place.copy_from_slice(&match self.order {
                ByteOrder::Little => word.to_le_bytes(),
                ByteOrder::Big => word.to_be_bytes(),
            });
        }
        record
    }
}

const MICROSECOND_MAGIC: u32 = 0xa1b2_c3d4;
const NANOSECOND_MAGIC: u32 = 0xa1b2_3c4d;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_byte_orders_and_resolutions_are_laid_out_as_the_format_says() {
        let frame = OwnedFrame {
            time: Timestamp::from_parts(1, 2_000),
            link_type: LinkType::RAW,
            original_length: 9,
            bytes: vec![0xee],
        };
        let little = Pcap::default().encode(std::slice::from_ref(&frame));
        assert_eq!(little[..8], [0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0]);
        assert_eq!(little[20..28], [101, 0, 0, 0, 1, 0, 0, 0]);
        assert_eq!(little[28..], [2, 0, 0, 0, 1, 0, 0, 0, 9, 0, 0, 0, 0xee]);
        let big = Pcap { order: ByteOrder::Big, nanoseconds: true, ..Pcap::default() }.encode(&[frame]);
        assert_eq!(big[..4], [0xa1, 0xb2, 0x3c, 0x4d]);
        assert_eq!(big[28..32], [0, 0, 7, 0xd0]);
    }
}
