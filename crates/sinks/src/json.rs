//! A writer of JSON that only appends to a buffer.
//!
//! It keeps no state: a comma follows each value, and the one behind the last is taken back where an object or array
//! ends. The caller opens and closes objects and arrays in pairs and writes each key once.

use crate::escape::{Escaped, clean_bytes, push_escaped};
use crate::{address, clock, decimal, words};
use rpcscope_model::{Address, SyntaxId, Timestamp};
use std::borrow::Cow;
use std::fmt::{self, Write};
use uuid::Uuid;
use uuid::fmt::Hyphenated;

/// The name of a member in quotes, with its colon and what each kind of value begins with.
///
/// Lines have some forty members; what stands between two values costs one copy of known length.
#[derive(Clone, Copy)]
pub(crate) struct Key {
    pub(crate) value: &'static str,
    pub(crate) string: &'static str,
    pub(crate) object: &'static str,
    pub(crate) array: &'static str,
}

/// Makes a [`Key`] of a literal that needs no escaping; `"a" / "b"` is that of the first member of an object.
macro_rules! key {
    (@ $($text:literal)*) => {
        crate::json::Key {
            value: concat!($($text,)* "\":"),
            string: concat!($($text,)* "\":\""),
            object: concat!($($text,)* "\":{"),
            array: concat!($($text,)* "\":["),
        }
    };
    ($object:literal / $name:literal) => { key!(@ "\"" $object "\":{\"" $name) };
    ($name:literal) => { key!(@ "\"" $name) };
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

    /// Goes on within an object.
    pub(crate) fn resume(out: &'o mut Vec<u8>) -> Self {
        Self { out }
    }

    /// Closes the object and ends the line.
    pub(crate) fn end(self) {
        close(self.out, *b"}\n");
    }

    /// The buffer, to append whole members, or a value that needs no escaping with the comma behind it.
    #[inline(always)]
    pub(crate) fn raw(&mut self) -> &mut Vec<u8> {
        self.out
    }

    /// Begins a member.
    #[inline(always)]
    pub(crate) fn key(&mut self, key: Key) {
        self.out.extend_from_slice(key.value.as_bytes());
    }

    /// Opens an object as a member.
    #[inline(always)]
    pub(crate) fn open(&mut self, key: Key) {
        self.out.extend_from_slice(key.object.as_bytes());
    }

    /// Opens an object as a value.
    pub(crate) fn open_value(&mut self) {
        self.out.push(b'{');
    }

    /// Closes an object.
    #[inline(always)]
    pub(crate) fn close(&mut self) {
        close(self.out, *b"},");
    }

    /// Takes back that the object written last was closed, so that members can be added to it.
    pub(crate) fn reopen(&mut self) {
        debug_assert!(self.out.ends_with(b"},"), "an object was written last");
        self.out.truncate(self.out.len().saturating_sub(2));
        self.out.push(b',');
    }

    /// Opens an array as a member.
    #[inline(always)]
    pub(crate) fn open_array(&mut self, key: Key) {
        self.out.extend_from_slice(key.array.as_bytes());
    }

    /// Opens an array as a value.
    pub(crate) fn open_array_value(&mut self) {
        self.out.push(b'[');
    }

    /// Closes an array.
    #[inline(always)]
    pub(crate) fn close_array(&mut self) {
        close(self.out, *b"],");
    }

    /// Begins a member whose name is known only now. One that is borrowed is a word of ours and needs no escaping.
    #[allow(clippy::ptr_arg)] // where the name is from decides
    #[inline]
    pub(crate) fn key_named(&mut self, name: &Cow<'static, str>) {
        match name {
            Cow::Borrowed(word) => self.key_word(word),
            Cow::Owned(name) => self.key_text(name),
        }
    }

    /// Begins a member with a name from anywhere.
    pub(crate) fn key_text(&mut self, name: &str) {
        self.out.push(b'"');
        push_escaped(self.out, name);
        self.out.extend_from_slice(b"\":");
    }

    /// Begins a member whose name needs no escaping.
    #[inline]
    pub(crate) fn key_word(&mut self, word: &'static str) {
        debug_assert_eq!(clean_bytes(word.as_bytes()), word.len(), "{word} needs escaping");
        words::push_quoted(self.out, word.as_bytes());
        self.out.extend_from_slice(b"\":");
    }

    /// Writes a number.
    #[inline(always)]
    pub(crate) fn number(&mut self, key: Key, value: impl Into<u64>) {
        self.key(key);
        self.number_value(value.into());
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
        self.boolean_value(value);
    }

    /// Writes a string from anywhere.
    #[inline(always)]
    pub(crate) fn string(&mut self, key: Key, value: &str) {
        self.out.extend_from_slice(key.string.as_bytes());
        self.string_rest(value);
    }

    /// Writes a string that is known to need no escaping.
    #[inline(always)]
    pub(crate) fn plain(&mut self, key: Key, value: &'static str) {
        self.out.extend_from_slice(key.string.as_bytes());
        self.plain_rest(value);
    }

    /// Writes the string that `write` appends, which needs no escaping.
    #[inline(always)]
    pub(crate) fn plain_with(&mut self, key: Key, write: impl FnOnce(&mut Vec<u8>)) {
        self.out.extend_from_slice(key.string.as_bytes());
        write(self.out);
        self.quote();
    }

    /// Writes what a value shows of itself, as a string.
    pub(crate) fn display(&mut self, key: Key, value: impl fmt::Display) {
        self.out.extend_from_slice(key.string.as_bytes());
        // Appending to a buffer does not fail.
        let _ = write!(Escaped(self.out), "{value}");
        self.quote();
    }

    /// Writes a name, or the number as a string when it has none.
    #[inline(always)]
    pub(crate) fn name_or_number(&mut self, key: Key, name: Option<&'static str>, number: u64) {
        match name {
            Some(name) => self.plain(key, name),
            None => self.joined(key, b'.', [number]),
        }
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
        self.joined(key, b'.', [major.into(), minor.into()]);
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
        self.plain_with(key, |out| address::push(out, value));
    }

    /// Writes a string from anywhere as a value.
    #[inline(never)]
    pub(crate) fn string_value(&mut self, value: &str) {
        self.out.push(b'"');
        self.string_rest(value);
    }

    /// Writes a string that is known to need no escaping as a value.
    pub(crate) fn plain_value(&mut self, value: &'static str) {
        self.out.push(b'"');
        self.plain_rest(value);
    }

    /// Writes a syntax as it shows itself, `12345678-1234-abcd-ef00-0123456789ab v1.0`, as a value.
    pub(crate) fn syntax_value(&mut self, syntax: &SyntaxId) {
        self.out.push(b'"');
        let mut text = [0; Hyphenated::LENGTH];
        self.out.extend_from_slice(syntax.uuid.hyphenated().encode_lower(&mut text).as_bytes());
        self.out.extend_from_slice(b" v");
        decimal::push(self.out, syntax.major.into());
        self.out.push(b'.');
        decimal::push(self.out, syntax.minor.into());
        self.quote();
    }

    /// Writes `major.minor` as a string as a value.
    pub(crate) fn version_value(&mut self, major: u16, minor: u16) {
        self.joined_value(b'.', [major.into(), minor.into()]);
    }

    /// Writes a number as a value.
    pub(crate) fn number_value(&mut self, value: u64) {
        decimal::push_ended(self.out, value, b',');
    }

    /// Writes a number as a value.
    pub(crate) fn signed_value(&mut self, value: i64) {
        if value < 0 {
            self.out.push(b'-');
        }
        self.number_value(value.unsigned_abs());
    }

    /// Writes a boolean as a value.
    #[inline(always)]
    pub(crate) fn boolean_value(&mut self, value: bool) {
        if value {
            self.out.extend_from_slice(b"true,");
        } else {
            self.out.extend_from_slice(b"false,");
        }
    }

    /// Writes a status as a value: `"0x00000005"`.
    pub(crate) fn status_value(&mut self, value: u32) {
        self.out.push(b'"');
        decimal::push_hex(self.out, value);
        self.quote();
    }

    /// Writes bytes as a value: two hexadecimal digits each.
    pub(crate) fn hex_value(&mut self, bytes: &[u8]) {
        self.out.push(b'"');
        for byte in bytes {
            self.out.extend([byte >> 4, byte & 0xf].map(decimal::hex_digit));
        }
        self.quote();
    }

    /// Writes a UUID as a value.
    pub(crate) fn uuid_value(&mut self, value: Uuid) {
        let mut text = *b"\"00000000-0000-0000-0000-000000000000\",";
        if let Some(digits) = text.get_mut(1..=Hyphenated::LENGTH) {
            value.hyphenated().encode_lower(digits);
        }
        self.out.extend_from_slice(&text);
    }

    /// Writes a time as a value: `"2026-01-02T03:04:05.678901+0000"`.
    pub(crate) fn time_value(&mut self, time: Timestamp) {
        self.out.push(b'"');
        self.out.extend_from_slice(&clock::eve_second(time));
        self.time_rest(time);
    }

    /// Ends a time behind its second.
    #[inline(always)]
    pub(crate) fn time_rest(&mut self, time: Timestamp) {
        let microseconds = decimal::six((time.subsec_nanos() / 1000).into());
        let fraction = u64::from_le_bytes(*b".\0\0\0\0\0\0+") | microseconds << 8;
        self.out.extend_from_slice(&fraction.to_le_bytes());
        self.out.extend_from_slice(b"0000\",");
    }

    fn joined_value<const N: usize>(&mut self, separator: u8, numbers: [u64; N]) {
        let mut before = b'"';
        for number in numbers {
            self.out.push(before);
            decimal::push(self.out, number);
            before = separator;
        }
        self.quote();
    }

    fn string_rest(&mut self, value: &str) {
        push_escaped(self.out, value);
        self.quote();
    }

    fn plain_rest(&mut self, value: &'static str) {
        debug_assert_eq!(clean_bytes(value.as_bytes()), value.len(), "{value} needs escaping");
        words::push(self.out, value.as_bytes());
        self.quote();
    }

    /// Ends a string.
    #[inline(always)]
    fn quote(&mut self) {
        self.out.extend_from_slice(b"\",");
    }
}

/// Ends an object or array, in place of the comma behind what it holds.
#[inline(always)]
fn close(out: &mut Vec<u8>, end: [u8; 2]) {
    if out.last() == Some(&b',') {
        out.pop();
    }
    out.extend_from_slice(&end);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn commas_stand_between_members_and_items_only() {
        let mut out = Vec::new();
        let mut json = Json::begin(&mut out);
        json.open(key!("a"));
        json.close();
        json.open_array(key!("b"));
        json.open_value();
        json.number(key!("c"), 1u8);
        json.boolean(key!("d"), false);
        json.close();
        json.string_value("{");
        json.string_value("[");
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
