//! TLS, recognised and no more: who authenticates stands in certificates, which are encrypted since TLS 1.3.

use crate::{ByteOrder, Reader};

/// The header of a TLS record ([RFC5246] 6.2.1).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Record {
    /// What it holds: 20 change_cipher_spec, 21 alert, 22 handshake, 23 application data.
    pub content_type: u8,
    /// Minor version of the protocol, whose major version is 3: 1 for TLS 1.0, 3 for TLS 1.2 and later.
    pub minor_version: u8,
    /// Bytes that follow the header.
    pub length: u16,
}

impl Record {
    /// Reads a header that can be one.
    pub(super) fn plausible(bytes: &[u8]) -> Option<Self> {
        let mut reader = Reader::new("tls record", ByteOrder::Big, bytes);
        let content_type = reader.u8("type").ok()?;
        let major_version = reader.u8("version").ok()?;
        let minor_version = reader.u8("version").ok()?;
        let length = reader.u16("length").ok()?;
        let is_possible = (20..=23).contains(&content_type)
            && major_version == 3
            && minor_version <= 4
            && (1..=MAX_RECORD_BYTES).contains(&length);
        is_possible.then_some(Self { content_type, minor_version, length })
    }
}

/// Bytes of a record: 2^14 of content, and what compression and encryption may add ([RFC5246] 6.2.3).
const MAX_RECORD_BYTES: u16 = (1 << 14) + 2048;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handshake_is_told_from_its_header() {
        let hello = [22, 3, 1, 0, 0xa5, 1, 0, 0, 0xa1];
        let record = Record { content_type: 22, minor_version: 1, length: 0xa5 };
        assert_eq!(Record::plausible(&hello), Some(record));
        assert_eq!(Record::plausible(&[22, 3, 1, 0]), None, "too short to tell");
        assert_eq!(Record::plausible(&[22, 2, 0, 0, 9]), None, "not a version of TLS");
        assert_eq!(Record::plausible(&[22, 3, 3, 0xff, 0xff]), None, "longer than a record");
    }
}
