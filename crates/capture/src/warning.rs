//! What was not as it should be, although reading went on or had reached the end.

use std::fmt;

use crate::{Damage, Input};

/// Something about a capture that a person should know, and that is no reason to fail.
///
/// Offsets are in bytes from the start of the capture; in a compressed one, after decompression.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Warning {
    /// The capture ends within a record, as when its writer was stopped. All frames before it were read.
    CutOff {
        /// The capture.
        input: Input,
        /// Where the record starts.
        offset: u64,
        /// Bytes that the record needs; only its header's when that is cut.
        needed: u64,
        /// Bytes that are there.
        had: u64,
    },
    /// The compressed data end too early. All frames that could be decompressed were read.
    CompressionCutOff {
        /// The capture.
        input: Input,
        /// How far the capture could be decompressed.
        offset: u64,
    },
    /// Packets of a pcapng file contradict themselves and were left out.
    PacketsSkipped {
        /// The capture.
        input: Input,
        /// Where the block of the first of them starts.
        offset: u64,
        /// What is wrong with the first of them.
        damage: Damage,
        /// How many there were.
        packets: u64,
    },
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CutOff { input, offset, needed, had } => {
                write!(
                    f,
                    "{input}: the last record is cut off at byte {offset}: need {needed} bytes, have {had}"
                )
            }
            Self::CompressionCutOff { input, offset } => {
                write!(f, "{input}: the compressed data end too early, after {offset} bytes of the capture")
            }
            Self::PacketsSkipped { input, offset, damage, packets: 1 } => {
                write!(f, "{input}: a packet at byte {offset} was left out: {damage}")
            }
            Self::PacketsSkipped { input, offset, damage, packets } => {
                write!(f, "{input}: {packets} packets were left out, the first at byte {offset}: {damage}")
            }
        }
    }
}
