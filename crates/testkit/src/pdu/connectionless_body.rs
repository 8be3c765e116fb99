//! Bodies of the connectionless PDUs that carry no stub ([C706] 12.5.3).

use super::Format;
use crate::encoder::{Encoder, length16};

/// The status that is the body of a fault or a reject ([C706] 12.5.3).
pub fn dg_status(format: Format, status: u32) -> Vec<u8> {
    let mut out = Encoder::new(format.order);
    out.u32(status);
    out.finish()
}

/// The body of a cancel ([C706] 12.5.3).
pub fn cancel(format: Format, cancel_id: u32) -> Vec<u8> {
    let mut out = Encoder::new(format.order);
    out.u32(0).u32(cancel_id);
    out.finish()
}

/// The body of a cancel_ack ([C706] 12.5.3). `accepting` says whether the server still takes cancels.
pub fn cancel_ack(format: Format, cancel_id: u32, accepting: bool) -> Vec<u8> {
    let mut out = Encoder::new(format.order);
    out.u32(0).u32(cancel_id).u32(u32::from(accepting));
    out.finish()
}

/// The body of a fack, and of a nocall that acknowledges ([C706] 12.5.3).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fack {
    /// Free space of the receiver, in its own unit.
    pub window: u16,
    /// Largest datagram that the receiver takes, in bytes.
    pub max_tsdu: u32,
    /// Largest fragment, in bytes.
    pub max_fragment: u32,
    /// Serial number of the fragment that caused this.
    pub serial: u16,
    /// Fragments received after the acknowledged one, as bit masks.
    pub selective: Vec<u32>,
}

impl Default for Fack {
    fn default() -> Self {
        Self { window: 8, max_tsdu: 4096, max_fragment: 1464, serial: 0, selective: Vec::new() }
    }
}

impl Fack {
    /// The body.
    pub fn encode(&self, format: Format) -> Vec<u8> {
        let mut out = Encoder::new(format.order);
        out.u8(0).u8(0).u16(self.window).u32(self.max_tsdu).u32(self.max_fragment);
        out.u16(self.serial).u16(length16(self.selective.len()));
        for mask in &self.selective {
            out.u32(*mask);
        }
        out.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fack_is_laid_out_as_c706_says() {
        let fack = Fack { serial: 3, selective: vec![5], ..Fack::default() };
        let expected = [0, 0, 0, 8, 0, 0, 0x10, 0, 0, 0, 5, 0xb8, 0, 3, 0, 1, 0, 0, 0, 5];
        assert_eq!(fack.encode(Format::BIG), expected);
    }

    #[test]
    fn cancels_begin_with_their_version() {
        assert_eq!(cancel(Format::LITTLE, 9), [0, 0, 0, 0, 9, 0, 0, 0]);
        assert_eq!(cancel_ack(Format::LITTLE, 9, true), [0, 0, 0, 0, 9, 0, 0, 0, 1, 0, 0, 0]);
        assert_eq!(dg_status(Format::BIG, 0x1c01_0003), [0x1c, 1, 0, 3]);
    }
}
