//! Names, made fit for output: bounded, valid, and escaped where they are not text.

use crate::ByteOrder;
use crate::ndr::{Narrow, Wide};
use crate::utf16::{Encoding, Text};
use rpcscope_model::{CompactString, Identity, Text as Name};
use std::fmt::Write;

/// The name in a text; `None` when it is empty.
///
/// Counted names need no terminator; some clients count one, and it is left out. What is not text is escaped as
/// [`Name`] says.
pub fn name(text: Text<'_>) -> Option<Name> {
    let cut = !text.complete;
    let name = match text.encoding {
        Encoding::Utf16 => Wide::counted(text.bytes, ByteOrder::Little, cut).text(Identity::MAX_NAME_CHARS),
        Encoding::Oem => Narrow::counted(text.bytes, cut).text(Identity::MAX_NAME_CHARS),
    };
    (!name.string.is_empty()).then_some(name)
}

/// The name in parts of UTF-8, with `separator` between them; `None` when it is empty.
pub(super) fn utf8_name<'a>(
    parts: impl IntoIterator<Item = &'a [u8]>,
    separator: char,
    complete: bool,
) -> Option<Name> {
    let mut name = Name { string: CompactString::default(), cut: !complete };
    let mut room = Identity::MAX_NAME_CHARS;
    for (index, part) in parts.into_iter().enumerate() {
        if index > 0 {
            push(&mut name, &mut room, Utf8::Char(separator));
        }
        let chars = part.utf8_chunks().flat_map(|chunk| {
            let valid = chunk.valid().chars().map(Utf8::Char);
            valid.chain(chunk.invalid().iter().map(|byte| Utf8::Byte(*byte)))
        });
        // One more than fits, which marks the name as cut.
        for char in chars.take(room + 1) {
            push(&mut name, &mut room, char);
        }
        if name.cut && room == 0 {
            break;
        }
    }
    (!name.string.is_empty()).then_some(name)
}

/// A character of UTF-8, or a byte that is none.
enum Utf8 {
    Char(char),
    Byte(u8),
}

/// Appends a character, or marks the name as cut when there is no room.
fn push(name: &mut Name, room: &mut usize, char: Utf8) {
    let Some(left) = room.checked_sub(1) else {
        name.cut = true;
        return;
    };
    *room = left;
    match char {
        Utf8::Char('\0') => name.string.push_str("\\0"),
        Utf8::Char(char) => name.string.push(char),
        Utf8::Byte(byte) => _ = write!(name.string, "\\x{byte:02x}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn oem(bytes: &[u8], complete: bool) -> Option<Name> {
        name(Text { bytes, encoding: Encoding::Oem, complete })
    }

    #[test]
    fn what_is_not_text_is_escaped() {
        let wide = [0x61, 0, 0, 0xd8, 0, 0, 0x62, 0, 0, 0];
        let wide = name(Text { bytes: &wide, encoding: Encoding::Utf16, complete: true });
        assert_eq!(wide, Some(Name::whole(r"a\u{d800}\0b")));
        assert_eq!(oem(b"m\x81ller\0", true), Some(Name::whole(r"m\x81ller")));
        let parts = [&b"ldap"[..], b"dc\xff1\0"];
        assert_eq!(utf8_name(parts, '/', true), Some(Name::whole(r"ldap/dc\xff1\0")));
    }

    #[test]
    fn names_are_bounded_and_say_that_they_were_cut() {
        let long = [b'a'; 5000];
        let exact = &long[..Identity::MAX_NAME_CHARS];
        let whole = Name::whole("a".repeat(Identity::MAX_NAME_CHARS));
        let cut = Name { cut: true, ..whole.clone() };
        assert_eq!(oem(exact, true), Some(whole.clone()));
        assert_eq!(utf8_name([exact], '/', true), Some(whole));
        assert_eq!(oem(&long, true), Some(cut.clone()));
        assert_eq!(utf8_name([&long[..]], '/', true), Some(cut.clone()));
        assert_eq!(utf8_name([exact, b"b"], '/', true), Some(cut));
        assert_eq!(oem(b"ali", false), Some(Name { string: "ali".into(), cut: true }));
    }

    #[test]
    fn an_empty_name_is_none() {
        assert_eq!(oem(b"", true), None);
        assert_eq!(oem(b"\0", true), None);
        assert_eq!(utf8_name([], '/', true), None);
    }
}
