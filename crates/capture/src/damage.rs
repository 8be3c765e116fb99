//! What is wrong with a record.

use std::fmt;

/// Why a record or block of a capture cannot be what it says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Damage {
    /// A length is larger than can be.
    TooLong {
        /// The field, in the words of the file format.
        field: &'static str,
        /// What it holds, in bytes.
        value: u32,
        /// What is possible, in bytes.
        at_most: u32,
    },
    /// A length is smaller than can be.
    TooShort {
        /// The field, in the words of the file format.
        field: &'static str,
        /// What it holds, in bytes.
        value: u32,
        /// What is possible, in bytes.
        at_least: u32,
    },
    /// The length at the end of a pcapng block is not that at its start.
    LengthsDiffer {
        /// Block total length at the start.
        first: u32,
        /// Block total length at the end.
        last: u32,
    },
    /// The byte-order magic of a pcapng section is neither order.
    UnknownByteOrder {
        /// The four bytes, as they stand in the file.
        magic: [u8; 4],
    },
    /// A packet names an interface that its section does not describe.
    UnknownInterface {
        /// The interface named, from 0.
        interface: u32,
        /// Interfaces that the section has described so far.
        described: usize,
    },
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong { field, value, at_most } => {
                write!(f, "{field} {value} is impossible, at most {at_most} bytes can be")
            }
            Self::TooShort { field, value, at_least } => {
                write!(f, "{field} {value} is impossible, at least {at_least} bytes must be")
            }
            Self::LengthsDiffer { first, last } => {
                write!(f, "block total length is {first} at the start and {last} at the end")
            }
            Self::UnknownByteOrder { magic: [a, b, c, d] } => {
                write!(f, "byte-order magic {a:02x} {b:02x} {c:02x} {d:02x} is unknown")
            }
            Self::UnknownInterface { interface, described } => {
                write!(f, "interface {interface} is not described, only {described} are")
            }
        }
    }
}
