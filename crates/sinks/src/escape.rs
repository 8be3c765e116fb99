//! Text in JSON strings.

use crate::words;
use std::fmt::{self, Write};

/// Escapes what is formatted into it.
pub(crate) struct Escaped<'o>(pub(crate) &'o mut Vec<u8>);

impl fmt::Write for Escaped<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        push_escaped(self.0, text);
        Ok(())
    }
}

/// Appends text with everything escaped that may not stand in a JSON string ([RFC 8259] 7), and also with DEL and the
/// control characters U+0080 to U+009F, which some terminals obey.
pub(crate) fn push_escaped(out: &mut Vec<u8>, text: &str) {
    let bytes = text.as_bytes();
    if bytes.len() <= 8 {
        let word = words::word_of_few(bytes);
        if clean_bytes_of_word(word) >= bytes.len() {
            return words::push_start(out, word.to_le_bytes(), bytes.len());
        }
    }
    push_more(out, text);
}

/// The same for text that is longer or has to be escaped.
#[inline(never)]
fn push_more(out: &mut Vec<u8>, text: &str) {
    let clean = clean_bytes(text.as_bytes());
    // A special byte is ASCII or begins a character, so that this is a boundary.
    match text.split_at_checked(clean) {
        Some((clean, tail)) if !tail.is_empty() => {
            words::push(out, clean.as_bytes());
            push_special(out, tail);
        }
        _ => words::push(out, text.as_bytes()),
    }
}

/// Appends text that begins with a special byte.
#[inline(never)]
fn push_special(out: &mut Vec<u8>, text: &str) {
    let mut rest = text;
    loop {
        let mut characters = rest.chars();
        let Some(character) = characters.next() else { return };
        rest = characters.as_str();
        match character {
            '"' => out.extend_from_slice(b"\\\""),
            '\\' => out.extend_from_slice(b"\\\\"),
            '\n' => out.extend_from_slice(b"\\n"),
            '\r' => out.extend_from_slice(b"\\r"),
            '\t' => out.extend_from_slice(b"\\t"),
            control if control.is_control() => {
                // Appending to a buffer does not fail; control characters are below U+00A0.
                let _ = write!(Unescaped(out), "\\u{:04x}", u32::from(control));
            }
            other => out.extend_from_slice(other.encode_utf8(&mut [0; 4]).as_bytes()),
        }
        let (clean, tail) = rest.split_at_checked(clean_bytes(rest.as_bytes())).unwrap_or((rest, ""));
        words::push(out, clean.as_bytes());
        rest = tail;
    }
}

/// How many bytes at the start need no closer look. Eight are looked at in one step.
#[inline]
pub(crate) fn clean_bytes(bytes: &[u8]) -> usize {
    let (eights, rest) = bytes.as_chunks::<8>();
    for (at, word) in eights.iter().enumerate() {
        let clean = clean_bytes_of_word(u64::from_le_bytes(*word));
        if clean < 8 {
            return 8 * at + clean;
        }
    }
    // The zeros behind them are marked as well.
    8 * eights.len() + clean_bytes_of_word(words::word_of_few(rest)).min(rest.len())
}

fn clean_bytes_of_word(word: u64) -> usize {
    special_bytes(word).trailing_zeros() as usize / 8
}

/// The top bit of each of eight bytes that has to be escaped, or begins a character that may have to be: control
/// characters, the quote, the backslash, DEL and what is not ASCII. Bytes above the lowest of these may be marked, too.
///
/// Of a byte that is ASCII, only what is subtracted from it or added to it can set the top bit.
#[inline]
const fn special_bytes(word: u64) -> u64 {
    const ONES: u64 = 0x0101_0101_0101_0101;
    let control = word.wrapping_sub(ONES * 0x20);
    let quote = (word ^ (ONES * b'"' as u64)).wrapping_sub(ONES);
    let backslash = (word ^ (ONES * b'\\' as u64)).wrapping_sub(ONES);
    let delete = word.wrapping_add(ONES);
    (control | quote | backslash | delete | word) & (ONES * 0x80)
}

/// Appends what is formatted into it as it is.
struct Unescaped<'o>(&'o mut Vec<u8>);

impl fmt::Write for Unescaped<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.extend_from_slice(text.as_bytes());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_from_hostile_pipes_are_escaped() {
        let mut out = Vec::new();
        push_escaped(&mut out, "\\pipe\\a\"b\n\u{1b}[2J\u{9b}m\u{7f}é\u{a0}\u{0}");
        let expected = r#"\\pipe\\a\"b\n\u001b[2J\u009bm\u007fé"#.to_owned() + "\u{a0}" + r"\u0000";
        assert_eq!(String::from_utf8(out).expect("UTF-8"), expected);
    }
}
