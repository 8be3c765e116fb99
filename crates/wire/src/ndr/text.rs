//! Characters of a stub, as a text that is valid and bounded.

use crate::ByteOrder;
use rpcscope_model::{CompactString, Text};
use std::fmt::Write;

/// Characters of 16 bits, as they stand in the stub, without their terminator.
#[derive(Clone, Copy, Debug)]
pub struct Wide<'a> {
    bytes: &'a [u8],
    order: ByteOrder,
    cut: bool,
}

/// Characters of 8 bits, as they stand in the stub, without their terminator.
#[derive(Clone, Copy, Debug)]
pub struct Narrow<'a> {
    bytes: &'a [u8],
    cut: bool,
}

impl<'a> Wide<'a> {
    /// A string that ends before its first NUL, as the server will see it.
    pub(super) fn terminated(bytes: &'a [u8], order: ByteOrder, cut: bool) -> Self {
        let (fours, _) = bytes.as_chunks::<8>();
        let is_plain = |four: &&[u8; 8]| narrow_four(u64::from_le_bytes(**four)).is_some();
        let passed = 4 * fours.iter().take_while(is_plain).count();
        let (rest, _) = bytes.get(2 * passed..).unwrap_or_default().as_chunks::<2>();
        match rest.iter().position(|unit| *unit == [0, 0]) {
            Some(units) => {
                Self { bytes: bytes.get(..2 * (passed + units)).unwrap_or(bytes), order, cut: false }
            }
            None => Self { bytes, order, cut },
        }
    }

    /// A string of known length. NULs at its end are left out.
    pub fn counted(bytes: &'a [u8], order: ByteOrder, cut: bool) -> Self {
        let mut bytes = bytes.get(..bytes.len() & !1).unwrap_or(bytes);
        while let [head @ .., 0, 0] = bytes {
            bytes = head;
        }
        Self { bytes, order, cut }
    }

    /// The text, of at most `limit` characters, and of four times as many bytes when many had to be escaped.
    pub fn text(&self, limit: usize) -> Text {
        let mut string = self.ascii(limit);
        if 2 * string.len() == self.bytes.len() {
            return Text { string, cut: self.cut };
        }
        let limit = limit.saturating_sub(string.len());
        let most = string.len().saturating_add(limit.saturating_mul(4));
        let mut rest = char::decode_utf16(self.units().skip(string.len()));
        for char in rest.by_ref().take(limit) {
            match char {
                Ok('\0') => string.push_str("\\0"),
                Ok(char) => string.push(char),
                Err(error) => _ = write!(string, "\\u{{{:x}}}", error.unpaired_surrogate()),
            }
            if string.len() >= most {
                break;
            }
        }
        Text { string, cut: self.cut || rest.next().is_some() }
    }

    /// Its beginning, as far as that is ASCII without NULs: nearly all text is.
    fn ascii(&self, limit: usize) -> CompactString {
        let bytes = self.bytes.get(..limit.saturating_mul(2)).unwrap_or(self.bytes);
        let mut text = [0; 64];
        if bytes.len() <= 2 * text.len() {
            return self.narrow(bytes, &mut text).into();
        }
        let mut string = CompactString::with_capacity(bytes.len() / 2);
        for chunk in bytes.chunks(2 * text.len()) {
            let narrow = self.narrow(chunk, &mut text);
            string.push_str(narrow);
            if 2 * narrow.len() < chunk.len() {
                break;
            }
        }
        string
    }

    /// Writes as many of the characters as are ASCII without NULs, and returns them.
    fn narrow<'t>(&self, wide: &[u8], text: &'t mut [u8; 64]) -> &'t str {
        let mut length = 0;
        let (fours, _) = wide.as_chunks::<8>();
        let (places, _) = text.as_chunks_mut::<4>();
        for (four, place) in fours.iter().zip(places) {
            let narrow = match self.order {
                ByteOrder::Little => narrow_four(u64::from_le_bytes(*four)).map(u32::to_le_bytes),
                ByteOrder::Big => narrow_four(u64::from_be_bytes(*four)).map(u32::to_be_bytes),
            };
            let Some(narrow) = narrow else { break };
            *place = narrow;
            length += narrow.len();
        }
        let (rest, _) = wide.get(2 * length..).unwrap_or_default().as_chunks::<2>();
        for (unit, place) in rest.iter().zip(text.iter_mut().skip(length)) {
            let Some(byte @ 1..=0x7f) = u8::try_from(self.order.u16(*unit)).ok() else { break };
            *place = byte;
            length += 1;
        }
        text.get(..length).and_then(|text| std::str::from_utf8(text).ok()).unwrap_or_default()
    }

    fn units(&self) -> impl Iterator<Item = u16> + use<'a> {
        let order = self.order;
        let (units, _) = self.bytes.as_chunks::<2>();
        units.iter().map(move |unit| order.u16(*unit))
    }
}

impl<'a> Narrow<'a> {
    /// A string that ends before its first NUL, as the server will see it.
    pub(super) fn terminated(bytes: &'a [u8], cut: bool) -> Self {
        match bytes.iter().position(|byte| *byte == 0) {
            Some(end) => Self { bytes: bytes.get(..end).unwrap_or(bytes), cut: false },
            None => Self { bytes, cut },
        }
    }

    /// A string of known length. NULs at its end are left out.
    pub fn counted(bytes: &'a [u8], cut: bool) -> Self {
        let mut bytes = bytes;
        while let [head @ .., 0] = bytes {
            bytes = head;
        }
        Self { bytes, cut }
    }

    /// The text, of at most `limit` characters. What is not ASCII is escaped: the code page is not known.
    pub fn text(&self, limit: usize) -> Text {
        let taken = self.bytes.get(..limit).unwrap_or(self.bytes);
        let string = match std::str::from_utf8(taken) {
            Ok(text) if text.is_ascii() && !taken.contains(&0) => text.into(),
            _ => escaped(taken),
        };
        Text { string, cut: self.cut || taken.len() < self.bytes.len() }
    }
}

/// Four characters of 16 bits as four of 8, in the same order, when all of them are ASCII and none is NUL.
#[inline]
fn narrow_four(units: u64) -> Option<u32> {
    const SEVEN_BITS: u64 = 0x007f_007f_007f_007f;
    const EIGHTH_BIT: u64 = 0x0080_0080_0080_0080;
    // Adding 0x7f carries into the eighth bit, unless a character is NUL.
    let is_plain = units & !SEVEN_BITS == 0 && (units + SEVEN_BITS) & EIGHTH_BIT == EIGHTH_BIT;
    let pairs = (units | units >> 8) & 0x0000_ffff_0000_ffff;
    #[allow(clippy::cast_possible_truncation)] // the four bytes stand in the lower half
    is_plain.then_some((pairs | pairs >> 16) as u32)
}

/// Bytes of a code page that is not known.
fn escaped(bytes: &[u8]) -> CompactString {
    let mut string = CompactString::with_capacity(bytes.len());
    for byte in bytes {
        match *byte {
            0 => string.push_str("\\0"),
            byte if byte.is_ascii() => string.push(char::from(byte)),
            byte => _ = write!(string, "\\x{byte:02x}"),
        }
    }
    string
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utf16(text: &str) -> Vec<u8> {
        text.encode_utf16().flat_map(u16::to_le_bytes).collect()
    }

    #[test]
    fn a_terminated_string_ends_where_the_server_ends_it() {
        let text = Wide::terminated(&utf16("cmd\0 harmless"), ByteOrder::Little, true).text(99);
        assert_eq!(text, Text::whole("cmd"));
        assert_eq!(Narrow::terminated(b"cmd\0 harmless", true).text(99), Text::whole("cmd"));
    }

    #[test]
    fn a_nul_inside_of_a_counted_string_is_shown() {
        assert_eq!(
            Wide::counted(&utf16("Run\0x\0\0"), ByteOrder::Little, false).text(99),
            Text::whole("Run\\0x")
        );
        assert_eq!(Narrow::counted(b"Run\0x\0", false).text(99), Text::whole("Run\\0x"));
    }

    #[test]
    fn what_is_not_text_is_escaped() {
        let lone = [0x61, 0, 0, 0xd8, 0x62, 0];
        assert_eq!(Wide::counted(&lone, ByteOrder::Little, false).text(9), Text::whole("a\\u{d800}b"));
        assert_eq!(Narrow::counted(b"a\x81", false).text(9), Text::whole("a\\x81"));
    }

    #[test]
    fn a_text_past_its_limit_is_marked() {
        let bytes = utf16("abcdef");
        let text = Wide::counted(&bytes, ByteOrder::Little, false);
        assert_eq!(text.text(5), Text { string: "abcde".into(), cut: true });
        assert_eq!(text.text(6), Text::whole("abcdef"));
        assert_eq!(Narrow::counted(b"abc", false).text(2), Text { string: "ab".into(), cut: true });
    }

    #[test]
    fn byte_order_applies_to_wide_characters() {
        assert_eq!(Wide::counted(&[0, 0x61, 0, 0x62], ByteOrder::Big, false).text(9), Text::whole("ab"));
    }
}
