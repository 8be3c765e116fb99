//! What stopped a parser.

use std::fmt;

/// Why bytes from the wire could not be read to the end: which field wanted more than there was, or what it held.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct ParseError {
    /// What was being read, in the words of its standard: `dcerpc bind_ack`, `smb2 create`.
    pub layer: &'static str,
    /// The field that could not be read.
    pub field: &'static str,
    /// Where the field starts, in bytes from the start of the layer.
    pub offset: usize,
    /// Bytes that the field needs; 0 when the field was there but its value is impossible.
    pub needed: usize,
    /// Bytes that were left, or the impossible value.
    pub had: usize,
}

impl ParseError {
    /// The field needs more bytes than are left.
    pub const fn short(
        layer: &'static str,
        field: &'static str,
        offset: usize,
        needed: usize,
        had: usize,
    ) -> Self {
        Self { layer, field, offset, needed, had }
    }

    /// The field holds a value that cannot be.
    pub const fn invalid(layer: &'static str, field: &'static str, offset: usize, value: usize) -> Self {
        Self { layer, field, offset, needed: 0, had: value }
    }
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { layer, field, offset, needed, had } = self;
        if *needed == 0 {
            write!(f, "{layer}: {field} at byte {offset}: impossible value {had}")
        } else {
            write!(f, "{layer}: {field} at byte {offset}: need {needed} bytes, have {had}")
        }
    }
}

impl std::error::Error for ParseError {}
