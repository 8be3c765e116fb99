//! Events as rules see them: named fields with values.

use crate::field::Field;
use rpcscope_model::{Address, Timestamp};
use smallvec::SmallVec;
use std::borrow::Cow;
use std::fmt;
use uuid::Uuid;

/// What rules are matched against.
pub trait Fields {
    /// The values of a field; none when the event does not have it. Names of one thing are values side by side: the
    /// interface of a call has its UUID, its name and its other names.
    fn values(&self, field: &Field) -> FieldValues<'_>;

    /// The UUID of a field that has one and otherwise only names of it, when it is known without a look at those.
    fn uuid(&self, _field: &Field) -> Option<Uuid> {
        None
    }

    /// Calls `visit` with the values of all fields until it says true, and tells whether it did. For keywords.
    fn any(&self, visit: &mut dyn FnMut(&FieldValue<'_>) -> bool) -> bool;
}

/// The values of one field.
pub type FieldValues<'a> = SmallVec<[FieldValue<'a>; 4]>;

/// One value.
#[derive(Clone, PartialEq, Debug)]
pub enum FieldValue<'a> {
    /// A text.
    Text(Cow<'a, str>),
    /// A whole number.
    Number(i128),
    /// A number with a fraction.
    Real(f64),
    /// Yes or no.
    Flag(bool),
    /// A UUID.
    Uuid(Uuid),
    /// A network address.
    Address(Address),
    /// A time.
    Time(Timestamp),
    /// Bytes without further meaning.
    Bytes(Cow<'a, [u8]>),
    /// An operation: interface and number.
    Operation(Uuid, u16),
}

impl<'a> FieldValue<'a> {
    /// A text.
    pub fn text(text: impl Into<Cow<'a, str>>) -> Self {
        Self::Text(text.into())
    }

    /// Bytes.
    pub fn bytes(bytes: impl Into<Cow<'a, [u8]>>) -> Self {
        Self::Bytes(bytes.into())
    }

    /// Whether it says more than the values beside it: an operation has its number and names beside it.
    pub(crate) fn is_shown(&self) -> bool {
        !matches!(self, Self::Operation(..))
    }

    /// What string conditions look at: the text, or the value as text. Nothing for bytes, and for an operation, which
    /// has its number and names beside it.
    pub(crate) fn as_text(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Text(text) => Some(Cow::Borrowed(text)),
            Self::Bytes(_) | Self::Operation(..) => None,
            other => Some(Cow::Owned(other.to_string())),
        }
    }
}

impl fmt::Display for FieldValue<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Number(number) => number.fmt(f),
            Self::Real(number) => number.fmt(f),
            Self::Flag(flag) => flag.fmt(f),
            Self::Uuid(uuid) => uuid.fmt(f),
            Self::Address(address) => address.fmt(f),
            Self::Time(time) => write!(f, "{}.{:09}", time.seconds(), time.subsec_nanos()),
            Self::Bytes(bytes) => bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}")),
            Self::Operation(interface, opnum) => write!(f, "{interface}:{opnum}"),
        }
    }
}
