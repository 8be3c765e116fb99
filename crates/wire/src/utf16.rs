//! Text as SMB carries it: UTF-16, or the code page of an old client.

use crate::Data;
use std::fmt;

/// How the characters of a text are encoded.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Encoding {
    /// UTF-16, least significant byte first.
    Utf16,
    /// The code page that the client's machine was set to. Only its ASCII half can be told.
    Oem,
}

/// A text on the wire, without its terminator.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Text<'a> {
    /// The encoded characters that are there.
    pub bytes: &'a [u8],
    /// How they are encoded.
    pub encoding: Encoding,
    /// False when the end of the text is missing.
    pub complete: bool,
}

impl<'a> Text<'a> {
    /// A text that fills a field. It ends before the first NUL, when there is one.
    pub fn of(field: Data<'a>, encoding: Encoding) -> Self {
        let (bytes, ended) = until_nul(field.bytes, encoding);
        Self { bytes, encoding, complete: ended || field.missing() == 0 }
    }

    /// Whether nothing is there.
    pub const fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// The characters; what cannot be told becomes U+FFFD.
    pub fn chars(&self) -> impl Iterator<Item = char> + use<'a> {
        let (oem, wide) = match self.encoding {
            Encoding::Oem => (self.bytes, &[][..]),
            Encoding::Utf16 => (&[][..], self.bytes),
        };
        let oem = oem
            .iter()
            .map(|byte| if byte.is_ascii() { char::from(*byte) } else { char::REPLACEMENT_CHARACTER });
        oem.chain(chars(wide))
    }

    /// Whether the text ends with `suffix`, an ASCII text, upper and lower case alike.
    pub fn ends_with_ignore_ascii_case(&self, suffix: &str) -> bool {
        let width = self.encoding.unit_bytes();
        let from = self.bytes.len().checked_sub(suffix.len().saturating_mul(width));
        let Some(tail) = from.and_then(|from| self.bytes.get(from..)) else {
            return false;
        };
        let tail = Self { bytes: tail, ..*self };
        self.complete
            && tail.chars().map(|c| c.to_ascii_lowercase()).eq(suffix.chars().map(|c| c.to_ascii_lowercase()))
    }

    /// Whether `self` is `whole` with some of its end missing.
    #[cfg(test)]
    pub(crate) fn is_cut_of(&self, whole: &Text<'_>) -> bool {
        self.encoding == whole.encoding
            && if self.complete { self == whole } else { whole.bytes.starts_with(self.bytes) }
    }
}

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use fmt::Write;
        self.chars().try_for_each(|c| f.write_char(c))
    }
}

impl Encoding {
    /// Bytes of one code unit.
    pub const fn unit_bytes(self) -> usize {
        match self {
            Self::Utf16 => 2,
            Self::Oem => 1,
        }
    }
}

/// The characters of UTF-16, least significant byte first. Lone surrogates become U+FFFD; an odd last byte is left out.
pub fn chars(bytes: &[u8]) -> impl Iterator<Item = char> {
    let units = bytes.chunks_exact(2).filter_map(|unit| Some(u16::from_le_bytes(*unit.first_chunk()?)));
    char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER))
}

/// Cuts text before its first NUL. The second value says whether there was one.
pub(crate) fn until_nul(bytes: &[u8], encoding: Encoding) -> (&[u8], bool) {
    let width = encoding.unit_bytes();
    match bytes.chunks_exact(width).position(|unit| unit.iter().all(|byte| *byte == 0)) {
        Some(units) => (bytes.get(..units.saturating_mul(width)).unwrap_or(bytes), true),
        // Half a code unit at the end says nothing.
        None => (bytes.get(..bytes.len() / width * width).unwrap_or(bytes), false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utf16(text: &str) -> Vec<u8> {
        text.encode_utf16().flat_map(u16::to_le_bytes).collect()
    }

    fn text(bytes: &[u8], encoding: Encoding) -> Text<'_> {
        Text::of(Data { bytes, length: bytes.len() }, encoding)
    }

    #[test]
    fn a_text_ends_at_its_terminator() {
        assert_eq!(text(&utf16("svcctl\0junk"), Encoding::Utf16).to_string(), "svcctl");
        assert_eq!(text(b"svcctl\0junk", Encoding::Oem).to_string(), "svcctl");
        assert_eq!(text(&utf16("svcctl"), Encoding::Utf16).to_string(), "svcctl");
    }

    #[test]
    fn what_cannot_be_told_is_replaced() {
        assert_eq!(text(&[0x61, 0, 0, 0xd8, 0x62, 0, 0x63], Encoding::Utf16).to_string(), "a\u{fffd}b");
        assert_eq!(text(b"a\x81b", Encoding::Oem).to_string(), "a\u{fffd}b");
        assert_eq!(text(&utf16("grün 𝄞"), Encoding::Utf16).to_string(), "grün 𝄞");
    }

    #[test]
    fn a_cut_text_is_not_complete() {
        let name = utf16("svcctl");
        let whole = text(&name, Encoding::Utf16);
        let cut = Text::of(Data { bytes: &name[..4], length: name.len() }, Encoding::Utf16);
        assert!(whole.complete && !cut.complete && cut.is_cut_of(&whole));
    }

    #[test]
    fn share_names_are_compared_without_case() {
        assert!(text(&utf16(r"\\server\ipc$"), Encoding::Utf16).ends_with_ignore_ascii_case("IPC$"));
        assert!(text(b"\\\\server\\IPC$", Encoding::Oem).ends_with_ignore_ascii_case("IPC$"));
        assert!(!text(&utf16(r"\\server\C$"), Encoding::Utf16).ends_with_ignore_ascii_case("IPC$"));
        assert!(!text(b"C$", Encoding::Oem).ends_with_ignore_ascii_case("IPC$"));
    }
}
