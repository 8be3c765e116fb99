//! Arguments of a call, as decoded from its stub.

use crate::Timestamp;
use compact_str::CompactString;
use smallvec::SmallVec;
use std::borrow::Cow;
use std::fmt;
use uuid::Uuid;

/// What a call was asked to do, or what it gave back: named values in the order of the wire.
///
/// Bounded: [`Arguments::put`] refuses what would make it larger than [`Arguments::MAX_BYTES`] or longer than
/// [`Arguments::MAX_FIELDS`], and says so in `stopped`.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Arguments {
    fields: Vec<(Cow<'static, str>, Value)>,
    bytes: usize,
    /// Why the end of the stub was not read, when it was not.
    pub stopped: Option<Stopped>,
}

/// One argument.
#[derive(Clone, PartialEq, Debug)]
pub enum Value {
    /// A text.
    Text(Text),
    /// An unsigned number.
    Number(u64),
    /// A signed number.
    Signed(i64),
    /// Yes or no.
    Flag(bool),
    /// A number that has a name in the operation's specification.
    Symbol(u32, &'static str),
    /// What an operation returned: a Win32 error, an NTSTATUS or an HRESULT.
    Status(u32),
    /// A UUID.
    Uuid(Uuid),
    /// A security identifier in its text form, `S-1-5-18`.
    Sid(CompactString),
    /// A time.
    Time(Timestamp),
    /// Bytes without further meaning.
    Bytes(Bytes),
    /// Values of one kind.
    List(List),
    /// Named values that belong together.
    Fields(Vec<(Cow<'static, str>, Value)>),
}

/// A text from the wire. What is not text in it is escaped: `\u{d800}` for half a surrogate pair, `\x81` for a byte
/// that is not ASCII in an encoding that is not known, `\0` for a NUL inside of a counted string.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Text {
    /// The text, or its beginning. Most have at most 24 bytes, which need no memory of their own.
    pub string: CompactString,
    /// Whether its end was left out, because it is longer than the limit or was not captured.
    pub cut: bool,
}

/// Bytes from the wire, or their beginning.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Bytes {
    /// The first ones, at most [`Bytes::MAX`].
    pub head: SmallVec<[u8; 16]>,
    /// How many there are in all.
    pub length: usize,
}

/// Values of one kind, or the first of them.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct List {
    /// The first ones, at most [`List::MAX`].
    pub values: Vec<Value>,
    /// How many more there are.
    pub omitted: usize,
}

/// What stopped the decoding of a stub before its end.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Stopped {
    /// Why.
    pub reason: StopReason,
    /// The field that could not be read, in the words of its specification.
    pub field: &'static str,
    /// Where it starts, in bytes from the start of the stub.
    pub offset: usize,
}

/// Why the decoding of a stub stopped.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum StopReason {
    /// The rest of the stub was not captured.
    Cut,
    /// The stub is complete but ends before the field does.
    Short,
    /// The field holds a value that cannot be.
    Malformed,
    /// A limit of the sensor: more elements or more text than it keeps.
    Limit,
    /// A form of the field that is known but not decoded.
    Unsupported,
}

impl Arguments {
    /// Bytes of names and values in all. A stub of many megabytes could otherwise fill the output.
    pub const MAX_BYTES: usize = 32 << 10;
    /// Fields in all. No operation has more.
    pub const MAX_FIELDS: usize = 64;

    /// Adds a field; when there is one of this name, its value is replaced. Past a limit nothing is added and
    /// `stopped` says so, unless something stopped the decoding already.
    pub fn put(&mut self, name: impl Into<Cow<'static, str>>, value: Value) {
        let name = name.into();
        match self.fields.iter().position(|(known, _)| *known == name) {
            None => {
                let total = self.bytes.saturating_add(name.len() + value.bytes());
                if total > Self::MAX_BYTES || self.fields.len() >= Self::MAX_FIELDS {
                    return self.refuse();
                }
                self.bytes = total;
                if self.fields.capacity() == 0 {
                    self.fields.reserve_exact(USUAL_FIELDS);
                }
                self.fields.push((name, value));
            }
            Some(at) => self.replace(at, value),
        }
    }

    /// Takes a field out.
    pub fn remove(&mut self, name: &str) -> Option<Value> {
        let at = self.fields.iter().position(|(known, _)| known == name)?;
        let (name, value) = self.fields.remove(at);
        self.bytes = self.bytes.saturating_sub(name.len().saturating_add(value.bytes()));
        Some(value)
    }

    /// Takes the fields of `other`, such as those of the reply, as [`put`](Self::put) does, and leaves it empty.
    pub fn append(&mut self, other: &mut Self) {
        let fits = self.bytes.saturating_add(other.bytes) <= Self::MAX_BYTES
            && self.fields.len() + other.fields.len() <= Self::MAX_FIELDS;
        let is_known = |name: &Cow<'static, str>| self.fields.iter().any(|(known, _)| known == name);
        if fits && !other.fields.iter().any(|(name, _)| is_known(name)) {
            self.bytes += other.bytes;
            self.fields.append(&mut other.fields);
        } else {
            for (name, value) in other.fields.drain(..) {
                self.put(name, value);
            }
        }
        other.bytes = 0;
        self.stopped = self.stopped.or(other.stopped.take());
    }

    /// The fields in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.fields.iter().map(|(name, value)| (name.as_ref(), value))
    }

    /// The fields in order. A name that is borrowed is a word of the decoder, one that is owned comes from the wire.
    pub fn fields(&self) -> impl Iterator<Item = (&Cow<'static, str>, &Value)> {
        self.fields.iter().map(|(name, value)| (name, value))
    }

    /// The value of a field.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.fields.iter().find(|(known, _)| known == name).map(|(_, value)| value)
    }

    /// The text of a field, when it is one.
    pub fn text(&self, name: &str) -> Option<&str> {
        match self.get(name)? {
            Value::Text(text) => Some(&text.string),
            Value::Sid(sid) => Some(sid),
            Value::Symbol(_, name) => Some(name),
            _ => None,
        }
    }

    /// The number of a field, when it is one.
    pub fn number(&self, name: &str) -> Option<u64> {
        match self.get(name)? {
            Value::Number(number) => Some(*number),
            Value::Symbol(number, _) | Value::Status(number) => Some(u64::from(*number)),
            _ => None,
        }
    }

    /// How many fields there are.
    pub fn len(&self) -> usize {
        self.fields.len()
    }

    /// Whether there is no field.
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    /// Bytes of names and values, at most [`MAX_BYTES`](Self::MAX_BYTES).
    pub const fn bytes(&self) -> usize {
        self.bytes
    }

    fn replace(&mut self, at: usize, value: Value) {
        let Some((_, old)) = self.fields.get_mut(at) else { return };
        let total = self.bytes.saturating_sub(old.bytes()).saturating_add(value.bytes());
        if total > Self::MAX_BYTES {
            return self.refuse();
        }
        self.bytes = total;
        *old = value;
    }

    fn refuse(&mut self) {
        let stopped = Stopped { reason: StopReason::Limit, field: "arguments", offset: 0 };
        self.stopped.get_or_insert(stopped);
    }
}

/// Fields of most operations, request and reply together: room that is made at once.
const USUAL_FIELDS: usize = 8;

impl Value {
    /// The bytes that the value counts for in [`Arguments::MAX_BYTES`].
    #[inline]
    pub fn bytes(&self) -> usize {
        let own = match self {
            Self::Text(text) => text.string.len(),
            Self::Sid(sid) => sid.len(),
            Self::Bytes(bytes) => bytes.head.len(),
            Self::List(_) | Self::Fields(_) => self.bytes_of_parts(),
            _ => 0,
        };
        own.saturating_add(8)
    }

    fn bytes_of_parts(&self) -> usize {
        match self {
            Self::List(list) => list.values.iter().map(Self::bytes).sum(),
            Self::Fields(fields) => fields.iter().map(|(name, value)| name.len() + value.bytes()).sum(),
            _ => 0,
        }
    }
}

impl Text {
    /// Characters of an ordinary text. Names, paths and command lines are shorter; Windows ends a path at 32767 and a
    /// command line at 32767, of which the beginning tells what it is.
    pub const MAX_CHARS: usize = 1024;
    /// Characters of a document, such as a scheduled task in XML.
    pub const MAX_DOCUMENT_CHARS: usize = 8 << 10;

    /// A text that is whole.
    pub fn whole(string: impl Into<CompactString>) -> Self {
        Self { string: string.into(), cut: false }
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.string)?;
        if self.cut { f.write_str("…") } else { Ok(()) }
    }
}

impl Bytes {
    /// Bytes that are kept: enough for a challenge, a hash, a key or the start of a file.
    pub const MAX: usize = 64;

    /// Keeps the start of `bytes`.
    pub fn head_of(bytes: &[u8]) -> Self {
        Self { head: SmallVec::from_slice(bytes.get(..Self::MAX).unwrap_or(bytes)), length: bytes.len() }
    }
}

impl List {
    /// Values that are kept.
    pub const MAX: usize = 64;

    /// Adds a value, or counts it when the list is full.
    pub fn push(&mut self, value: Value) {
        if self.values.len() < Self::MAX {
            self.values.push(value);
        } else {
            self.omitted = self.omitted.saturating_add(1);
        }
    }
}

impl StopReason {
    /// The word used in output.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Cut => "cut",
            Self::Short => "short",
            Self::Malformed => "malformed",
            Self::Limit => "limit",
            Self::Unsupported => "unsupported",
        }
    }
}

impl fmt::Display for Stopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at byte {}: {}", self.field, self.offset, self.reason.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_keep_their_order_and_a_later_value_replaces_an_earlier_one() {
        let mut arguments = Arguments::default();
        arguments.put("b", Value::Number(1));
        arguments.put("a", Value::Number(2));
        arguments.put("b", Value::Number(3));
        assert_eq!(arguments.iter().map(|(name, _)| name).collect::<Vec<_>>(), ["b", "a"]);
        assert_eq!(arguments.number("b"), Some(3));
    }

    #[test]
    fn what_would_exceed_the_total_is_refused_and_said() {
        let mut arguments = Arguments::default();
        for number in 0..40 {
            arguments.put(format!("field {number}"), Value::Text(Text::whole("x".repeat(1024))));
        }
        assert!(arguments.bytes() <= Arguments::MAX_BYTES && arguments.len() == 31);
        assert_eq!(arguments.stopped.map(|stopped| stopped.reason), Some(StopReason::Limit));
    }

    #[test]
    fn replacing_a_value_frees_what_the_old_one_took() {
        let mut arguments = Arguments::default();
        for _ in 0..100 {
            arguments.put("xml", Value::Text(Text::whole("x".repeat(20 << 10))));
        }
        assert_eq!((arguments.len(), arguments.stopped), (1, None));
    }

    #[test]
    fn a_field_that_is_taken_out_leaves_its_room() {
        let mut arguments = Arguments::default();
        arguments.put("a", Value::Number(1));
        let before = arguments.bytes();
        arguments.put("b", Value::Text(Text::whole("x")));
        assert_eq!(arguments.remove("b"), Some(Value::Text(Text::whole("x"))));
        assert_eq!((arguments.len(), arguments.bytes(), arguments.remove("b")), (1, before, None));
    }

    #[test]
    fn the_reply_adds_its_fields_and_what_stopped_it() {
        let mut arguments = Arguments::default();
        arguments.put("service", Value::Text(Text::whole("x")));
        let stopped = Some(Stopped { reason: StopReason::Cut, field: "status", offset: 20 });
        let mut reply = Arguments { stopped, ..Arguments::default() };
        reply.put("status", Value::Status(5));
        arguments.append(&mut reply);
        assert_eq!(reply, Arguments::default());
        assert_eq!((arguments.text("service"), arguments.number("status")), (Some("x"), Some(5)));
        assert_eq!(
            arguments.stopped.map(|stopped| stopped.to_string()).as_deref(),
            Some("status at byte 20: cut")
        );
    }

    #[test]
    fn a_long_list_says_how_many_were_left_out() {
        let mut list = List::default();
        (0..100).for_each(|number| list.push(Value::Number(number)));
        assert_eq!((list.values.len(), list.omitted), (64, 36));
    }
}
