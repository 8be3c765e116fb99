//! A writer of JSON that only appends to a buffer.
//!
//! It keeps no state: whether a comma is due is seen from the last byte written. The caller opens and closes objects
//! and arrays in pairs and writes each key once.

use crate::decimal;
use rpcscope_model::{Address, SyntaxId};
use std::borrow::Cow;
use std::fmt::{self, Write};
use std::net::IpAddr;
use uuid::Uuid;
use uuid::fmt::Hyphenated;

/// The name of a member with its quotes and its colon, without and with the comma before it.
///
/// Lines have some forty members; a name costs one copy of known length.
#[derive(Clone, Copy)]
pub(crate) struct Key {
    pub(crate) first: &'static str,
    pub(crate) next: &'static str,
}

/// Makes a [`Key`] of a literal that needs no escaping.
macro_rules! key {
    ($name:literal) => {
        crate::json::Key { first: concat!("\"", $name, "\":"), next: concat!(",\"", $name, "\":") }
    };
}
pub(crate) use key;

/// Appends JSON to a buffer.
pub(crate) struct Json<'o> {
    out: &'o mut Vec<u8>,
}

impl<'o> Json<'o> {
    /// Opens an object.
    pub(crate) fn begin(out: &'o mut Vec<u8>) -> Self {
        out.push(b'{');
        Self { out }
    }

    /// Goes on with an object that has members before these.
    pub(crate) fn resume(out: &'o mut Vec<u8>) -> Self {
        Self { out }
    }

    /// Closes the object and ends the line.
    pub(crate) fn end(self) {
        self.out.extend_from_slice(b"}\n");
    }

    /// The buffer, to append a value that needs no escaping.
    pub(crate) fn raw(&mut self) -> &mut Vec<u8> {
        self.out
    }

    /// Begins a member.
    #[inline(always)]
    pub(crate) fn key(&mut self, key: Key) {
        if self.is_first() {
            self.out.extend_from_slice(key.first.as_bytes());
        } else {
            self.out.extend_from_slice(key.next.as_bytes());
        }
    }

    /// Opens an object as a member.
    #[inline(always)]
    pub(crate) fn open(&mut self, key: Key) {
        self.key(key);
        self.out.push(b'{');
    }

    /// Opens an object as an item of an array.
    pub(crate) fn open_item(&mut self) {
        self.comma();
        self.out.push(b'{');
    }

    /// Closes an object.
    pub(crate) fn close(&mut self) {
        self.out.push(b'}');
    }

    /// Takes back that the object written last was closed, so that members can be added to it.
    pub(crate) fn reopen(&mut self) {
        let closed = self.out.pop();
        debug_assert_eq!(closed, Some(b'}'), "an object was written last");
    }

    /// Opens an array as a member.
    #[inline(always)]
    pub(crate) fn open_array(&mut self, key: Key) {
        self.key(key);
        self.out.push(b'[');
    }

    /// Closes an array.
    pub(crate) fn close_array(&mut self) {
        self.out.push(b']');
    }

    /// Writes a number.
    #[inline(always)]
    pub(crate) fn number(&mut self, key: Key, value: impl Into<u64>) {
        self.key(key);
        decimal::push(self.out, value.into());
    }

    /// Begins a member whose name is known only now. One that is borrowed is a word of ours and needs no escaping.
    #[allow(clippy::ptr_arg)] // where the name is from decides
    pub(crate) fn key_named(&mut self, name: &Cow<'static, str>) {
        match name {
            Cow::Borrowed(word) => self.key_word(word),
            Cow::Owned(name) => self.key_text(name),
        }
    }

    /// Begins a member with a name from anywhere.
    pub(crate) fn key_text(&mut self, name: &str) {
        self.comma();
        self.quoted(name);
        self.out.push(b':');
    }

    /// Begins a member whose name needs no escaping.
    pub(crate) fn key_word(&mut self, word: &'static str) {
        debug_assert_eq!(clean_bytes(word.as_bytes()), word.len(), "{word} needs escaping");
        if self.is_first() {
            self.out.push(b'"');
        } else {
            self.out.extend_from_slice(b",\"");
        }
        self.out.extend_from_slice(word.as_bytes());
        self.out.extend_from_slice(b"\":");
    }

    /// Begins an item of an array.
    pub(crate) fn item(&mut self) {
        self.comma();
    }

    /// Writes a number that may be negative.
    pub(crate) fn signed(&mut self, key: Key, value: i64) {
        self.key(key);
        self.signed_value(value);
    }

    /// Writes a boolean.
    #[inline(always)]
    pub(crate) fn boolean(&mut self, key: Key, value: bool) {
        self.key(key);
        self.out.extend_from_slice(if value { b"true" } else { b"false" });
    }

    /// Writes a string from anywhere.
    #[inline(always)]
    pub(crate) fn string(&mut self, key: Key, value: &str) {
        self.key(key);
        self.quoted(value);
    }

    /// Writes a string that is known to need no escaping.
    #[inline(always)]
    pub(crate) fn plain(&mut self, key: Key, value: &'static str) {
        self.key(key);
        self.plain_value(value);
    }

    /// Writes what a value shows of itself, as a string.
    pub(crate) fn display(&mut self, key: Key, value: impl fmt::Display) {
        self.key(key);
        self.out.push(b'"');
        // Appending to a buffer does not fail.
        let _ = write!(Escaped(self.out), "{value}");
        self.out.push(b'"');
    }

    /// Writes a name, or the number as a string when it has none.
    #[inline(always)]
    pub(crate) fn name_or_number(&mut self, key: Key, name: Option<&'static str>, number: u64) {
        self.key(key);
        self.name_or_number_value(name, number);
    }

    /// Writes a status as `"0x00000005"`.
    #[inline(always)]
    pub(crate) fn status(&mut self, key: Key, value: u32) {
        self.key(key);
        self.status_value(value);
    }

    /// Writes `major.minor` as a string.
    #[inline(always)]
    pub(crate) fn version(&mut self, key: Key, major: u16, minor: u16) {
        self.key(key);
        self.joined_value(b'.', [major.into(), minor.into()]);
    }

    /// Writes numbers with `separator` between them as a string.
    #[inline(always)]
    pub(crate) fn joined<const N: usize>(&mut self, key: Key, separator: u8, numbers: [u64; N]) {
        self.key(key);
        self.joined_value(separator, numbers);
    }

    /// Writes a UUID.
    #[inline(always)]
    pub(crate) fn uuid(&mut self, key: Key, value: Uuid) {
        self.key(key);
        self.uuid_value(value);
    }

    /// Writes a network address.
    #[inline(always)]
    pub(crate) fn address(&mut self, key: Key, value: Address) {
        self.key(key);
        self.address_value(value);
    }

    /// Writes an item of an array.
    pub(crate) fn string_item(&mut self, value: &str) {
        self.comma();
        self.quoted(value);
    }

    /// Writes an item of an array that needs no escaping.
    pub(crate) fn plain_item(&mut self, value: &'static str) {
        self.comma();
        self.plain_value(value);
    }

    /// Writes an item of an array: a syntax as it shows itself, `12345678-1234-abcd-ef00-0123456789ab v1.0`.
    pub(crate) fn syntax_item(&mut self, syntax: &SyntaxId) {
        self.comma();
        self.out.push(b'"');
        let mut text = [0; Hyphenated::LENGTH];
        self.out.extend_from_slice(syntax.uuid.hyphenated().encode_lower(&mut text).as_bytes());
        self.out.extend_from_slice(b" v");
        decimal::push(self.out, syntax.major.into());
        self.out.push(b'.');
        decimal::push(self.out, syntax.minor.into());
        self.out.push(b'"');
    }

    /// Writes an item of an array: `major.minor` as a string.
    pub(crate) fn version_item(&mut self, major: u16, minor: u16) {
        self.comma();
        self.joined_value(b'.', [major.into(), minor.into()]);
    }

    /// Opens an object as a value.
    pub(crate) fn open_value(&mut self) {
        self.out.push(b'{');
    }

    /// Opens an array as a value.
    pub(crate) fn open_array_value(&mut self) {
        self.out.push(b'[');
    }

    /// Writes a string as a value.
    pub(crate) fn string_value(&mut self, value: &str) {
        self.quoted(value);
    }

    /// Writes a number as a value.
    pub(crate) fn number_value(&mut self, value: u64) {
        decimal::push(self.out, value);
    }

    /// Writes a number as a value.
    pub(crate) fn signed_value(&mut self, value: i64) {
        if value < 0 {
            self.out.push(b'-');
        }
        decimal::push(self.out, value.unsigned_abs());
    }

    /// Writes a boolean as a value.
    pub(crate) fn boolean_value(&mut self, value: bool) {
        self.out.extend_from_slice(if value { b"true" } else { b"false" });
    }

    /// Writes a status as a value: `"0x00000005"`.
    pub(crate) fn status_value(&mut self, value: u32) {
        self.out.push(b'"');
        decimal::push_hex(self.out, value);
        self.out.push(b'"');
    }

    /// Writes bytes as a value: two hexadecimal digits each.
    pub(crate) fn hex_value(&mut self, bytes: &[u8]) {
        self.out.push(b'"');
        for byte in bytes {
            self.out.extend([byte >> 4, byte & 0xf].map(decimal::hex_digit));
        }
        self.out.push(b'"');
    }

    fn name_or_number_value(&mut self, name: Option<&'static str>, number: u64) {
        match name {
            Some(name) => self.plain_value(name),
            None => self.joined_value(b'.', [number]),
        }
    }

    fn plain_value(&mut self, value: &'static str) {
        debug_assert_eq!(clean_bytes(value.as_bytes()), value.len(), "{value} needs escaping");
        self.out.push(b'"');
        self.out.extend_from_slice(value.as_bytes());
        self.out.push(b'"');
    }

    fn uuid_value(&mut self, value: Uuid) {
        let mut text = [b'"'; Hyphenated::LENGTH + 2];
        if let Some(digits) = text.get_mut(1..=Hyphenated::LENGTH) {
            value.hyphenated().encode_lower(digits);
        }
        self.out.extend_from_slice(&text);
    }

    fn address_value(&mut self, value: Address) {
        self.out.push(b'"');
        push_address(self.out, value);
        self.out.push(b'"');
    }

    fn joined_value<const N: usize>(&mut self, separator: u8, numbers: [u64; N]) {
        let mut before = b'"';
        for number in numbers {
            self.out.push(before);
            decimal::push(self.out, number);
            before = separator;
        }
        self.out.push(b'"');
    }

    fn quoted(&mut self, value: &str) {
        self.out.push(b'"');
        push_escaped(self.out, value);
        self.out.push(b'"');
    }

    fn comma(&mut self) {
        if !self.is_first() {
            self.out.push(b',');
        }
    }

    /// Whether an object or array has just been opened. Strings end in a quote, so that no value looks like that.
    #[inline(always)]
    fn is_first(&self) -> bool {
        matches!(self.out.last(), Some(b'{' | b'['))
    }
}

/// Escapes what is formatted into it.
struct Escaped<'o>(&'o mut Vec<u8>);

impl fmt::Write for Escaped<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        push_escaped(self.0, text);
        Ok(())
    }
}

/// Appends a network address as text.
pub(crate) fn push_address(out: &mut Vec<u8>, address: Address) {
    match address.to_ip() {
        IpAddr::V4(ip) => {
            let [a, b, c, d] = ip.octets();
            decimal::push(out, a.into());
            for byte in [b, c, d] {
                out.push(b'.');
                decimal::push(out, byte.into());
            }
        }
        IpAddr::V6(ip) => {
            // Appending to a buffer does not fail.
            let _ = write!(Escaped(out), "{ip}");
        }
    }
}

/// Appends text with everything escaped that may not stand in a JSON string ([RFC 8259] 7), and also with DEL and the
/// control characters U+0080 to U+009F, which some terminals obey.
fn push_escaped(out: &mut Vec<u8>, text: &str) {
    let clean = clean_bytes(text.as_bytes());
    // A special byte is ASCII or begins a character, so that this is a boundary.
    match text.split_at_checked(clean) {
        Some((clean, tail)) if !tail.is_empty() => {
            out.extend_from_slice(clean.as_bytes());
            push_special(out, tail);
        }
        _ => out.extend_from_slice(text.as_bytes()),
    }
}

/// Appends text that begins with a special byte.
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
        out.extend_from_slice(clean.as_bytes());
        rest = tail;
    }
}

/// How many bytes at the start need no closer look. Eight are looked at in one step.
#[inline]
fn clean_bytes(bytes: &[u8]) -> usize {
    let Some(last) = bytes.last_chunk::<8>() else { return clean_bytes_of_few(bytes) };
    let (words, _) = bytes.as_chunks::<8>();
    for (at, word) in words.iter().enumerate() {
        let special = special_bytes(u64::from_le_bytes(*word));
        if special != 0 {
            return 8 * at + special.trailing_zeros() as usize / 8;
        }
    }
    // Those of them that were looked at before are clean.
    let special = special_bytes(u64::from_le_bytes(*last));
    if special == 0 { bytes.len() } else { bytes.len() - 8 + special.trailing_zeros() as usize / 8 }
}

/// The same for fewer than eight bytes. They are put into one word by a few loads that overlap.
#[inline]
fn clean_bytes_of_few(bytes: &[u8]) -> usize {
    let length = bytes.len();
    let word = match (bytes.first_chunk::<4>(), bytes.last_chunk::<4>(), bytes) {
        (Some(first), Some(last), _) => {
            u64::from(u32::from_le_bytes(*first)) | u64::from(u32::from_le_bytes(*last)) << (8 * (length - 4))
        }
        (_, _, [a, b, c]) => u64::from_le_bytes([*a, *b, *c, 0, 0, 0, 0, 0]),
        (_, _, [a, b]) => u64::from_le_bytes([*a, *b, 0, 0, 0, 0, 0, 0]),
        (_, _, [a]) => u64::from(*a),
        _ => return 0,
    };
    // The zeros behind them are marked as well.
    length.min(special_bytes(word).trailing_zeros() as usize / 8)
}

/// The top bit of each of eight bytes that has to be escaped, or begins a character that may have to be: control
/// characters, the quote, the backslash, DEL and what is not ASCII. Bytes above the lowest of these may be marked, too.
#[inline]
const fn special_bytes(word: u64) -> u64 {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const TOPS: u64 = 0x8080_8080_8080_8080;
    /// Marks bytes that are zero; a borrow may mark those above one, too.
    const fn zeros(word: u64) -> u64 {
        word.wrapping_sub(ONES) & !word
    }
    let control = word.wrapping_sub(ONES * 0x20) & !word;
    let quote = zeros(word ^ (ONES * b'"' as u64));
    let backslash = zeros(word ^ (ONES * b'\\' as u64));
    let delete = zeros(word ^ (ONES * 0x7f));
    (control | quote | backslash | delete | word) & TOPS
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
    use proptest::prelude::*;

    #[test]
    fn names_from_hostile_pipes_are_escaped() {
        let mut out = Vec::new();
        push_escaped(&mut out, "\\pipe\\a\"b\n\u{1b}[2J\u{9b}m\u{7f}é\u{a0}\u{0}");
        let expected = r#"\\pipe\\a\"b\n\u001b[2J\u009bm\u007fé"#.to_owned() + "\u{a0}" + r"\u0000";
        assert_eq!(String::from_utf8(out).expect("UTF-8"), expected);
    }

    #[test]
    fn commas_stand_between_members_and_items_only() {
        let mut out = Vec::new();
        let mut json = Json::begin(&mut out);
        json.open(key!("a"));
        json.close();
        json.open_array(key!("b"));
        json.open_item();
        json.number(key!("c"), 1u8);
        json.boolean(key!("d"), false);
        json.close();
        json.string_item("{");
        json.string_item("[");
        json.close_array();
        json.end();
        assert_eq!(out, b"{\"a\":{},\"b\":[{\"c\":1,\"d\":false},\"{\",\"[\"]}\n");
    }

    proptest! {
        #[test]
        fn any_text_survives_the_round_trip(text in any::<String>()) {
            let mut out = Vec::new();
            let mut json = Json::begin(&mut out);
            json.string(key!("text"), &text);
            json.display(key!("shown"), &text);
            json.end();
            let value: serde_json::Value = serde_json::from_slice(&out).expect("valid JSON");
            prop_assert_eq!(&value["text"], &text);
            prop_assert_eq!(&value["shown"], &text);
            prop_assert!(!out[..out.len() - 1].iter().any(u8::is_ascii_control));
        }
    }
}
