//! Strings in one byte per character, in two, or by their number in a dictionary.

use crate::{Reader, utf16};
use rpcscope_model::{ParseError, Text};

/// An encoded string ([MS-WMIO] 2.2.78), not yet read: its end is found when its characters are taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct EncodedString<'a> {
    source: Source<'a>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Source<'a> {
    /// One byte per character, U+0000 to U+00FF.
    Compressed(&'a [u8]),
    Wide(&'a [u8]),
    Dictionary(&'static str),
}

impl<'a> EncodedString<'a> {
    /// The string that starts with `bytes`.
    pub(super) fn at(bytes: &'a [u8]) -> Option<Self> {
        let (flag, rest) = bytes.split_first()?;
        let source = if *flag == 0 { Source::Compressed(rest) } else { Source::Wide(rest) };
        Some(Self { source })
    }

    /// The string that a dictionary reference names ([MS-WMIO] 2.2.80).
    pub(super) fn in_dictionary(number: u32) -> Option<Self> {
        let text = DICTIONARY.get(usize::try_from(number).ok()?)?;
        Some(Self { source: Source::Dictionary(text) })
    }

    /// Reads an inline string and the terminator behind it.
    pub(super) fn read(reader: &mut Reader<'a>, field: &'static str) -> Result<Self, ParseError> {
        let flag = reader.u8(field)?;
        let rest = reader.rest();
        let near = rest.get(..MAX_INLINE_BYTES).unwrap_or(rest);
        let width = if flag == 0 { 1 } else { 2 };
        let end = near.chunks_exact(width).position(|unit| unit.iter().all(|byte| *byte == 0));
        // Without a terminator the string takes what there is; what follows it is cut as well.
        let length = end.map_or(rest.len(), |units| units.saturating_add(1).saturating_mul(width));
        let bytes = reader.bytes(field, length)?;
        let source = if flag == 0 { Source::Compressed(bytes) } else { Source::Wide(bytes) };
        Ok(Self { source })
    }

    /// The characters up to the terminator or the end of the bytes.
    pub fn chars(&self) -> impl Iterator<Item = char> + use<'a> {
        let (compressed, wide, dictionary) = match self.source {
            Source::Compressed(bytes) => (bytes, &[][..], ""),
            Source::Wide(bytes) => (&[][..], bytes, ""),
            Source::Dictionary(text) => (&[][..], &[][..], text),
        };
        let compressed = compressed.iter().map(|byte| char::from(*byte));
        compressed.chain(utf16::chars(wide)).take_while(|c| *c != '\0').chain(dictionary.chars())
    }

    /// The characters as they stand, when there are at most `limit`, all ASCII and in one byte each: most are.
    fn plain(&self, limit: usize) -> Option<&'a str> {
        let Source::Compressed(bytes) = self.source else { return None };
        let near = bytes.get(..=limit).unwrap_or(bytes);
        let end = near.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
        let text = near.get(..end).filter(|text| text.len() <= limit && text.is_ascii())?;
        std::str::from_utf8(text).ok()
    }

    /// At most `limit` characters, as a text for output.
    pub fn text(&self, limit: usize) -> Text {
        if let Some(plain) = self.plain(limit) {
            return Text::whole(plain);
        }
        let mut chars = self.chars();
        let string = chars.by_ref().take(limit).collect();
        Text { string, cut: chars.next().is_some() }
    }

    /// Whether this is `text`, upper and lower case alike, as names in CIM are compared.
    pub fn is(&self, text: &str) -> bool {
        self.chars().map(|c| c.to_ascii_lowercase()).eq(text.chars().map(|c| c.to_ascii_lowercase()))
    }
}

/// Most bytes in which the end of an inline string is looked for: the name of a machine, a namespace or a class. Objects
/// that lie over each other could otherwise make a sensor look through the same bytes again and again.
const MAX_INLINE_BYTES: usize = 4096;

/// Source: [MS-WMIO] 2.2.80.
const DICTIONARY: [&str; 11] =
    ["\"", "key", "", "read", "write", "volatile", "provider", "dynamic", "cimwin32", "DWORD", "CIMTYPE"];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ByteOrder;

    fn text(string: Option<EncodedString<'_>>) -> Option<String> {
        string.map(|string| string.chars().collect())
    }

    #[test]
    fn the_flag_chooses_the_width() {
        assert_eq!(text(EncodedString::at(b"\0gr\xfcn\0rest")), Some("grün".into()));
        assert_eq!(text(EncodedString::at(b"\x01\x61\0\xbb\x03\0\0z\0")), Some("aλ".into()));
        assert_eq!(text(EncodedString::at(b"")), None);
    }

    #[test]
    fn a_string_without_terminator_ends_with_the_bytes() {
        assert_eq!(text(EncodedString::at(b"\0abc")), Some("abc".into()));
        assert_eq!(text(EncodedString::at(b"\x01a\0b")), Some("a".into()));
    }

    #[test]
    fn an_inline_string_is_followed_by_what_comes_after_its_terminator() {
        let mut reader = Reader::new("test", ByteOrder::Little, b"\0ab\0\x01c\0\0\0\x05");
        assert!(EncodedString::read(&mut reader, "first").is_ok_and(|string| string.is("AB")));
        assert!(EncodedString::read(&mut reader, "second").is_ok_and(|string| string.is("c")));
        assert_eq!(reader.rest(), [5]);
    }

    #[test]
    fn a_dictionary_reference_names_a_frequent_string() {
        assert!(EncodedString::in_dictionary(10).is_some_and(|string| string.is("CIMTYPE")));
        assert_eq!(EncodedString::in_dictionary(11), None);
    }

    #[test]
    fn a_long_string_is_cut_and_marked() {
        let string = EncodedString::at(b"\0powershell\0").expect("a string");
        assert_eq!(string.text(5), Text { string: "power".into(), cut: true });
        assert_eq!(string.text(10), Text::whole("powershell"));
    }
}
