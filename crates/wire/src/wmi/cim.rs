//! Types and values.

use super::heap::Heap;
use super::{Elements, EncodedString, Object};
use crate::{ByteOrder, Reader};

/// Type of a value ([MS-WMIO] 2.2.82). Unknown values survive.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct CimType(pub u16);

impl CimType {
    /// A text.
    pub const STRING: Self = Self(8);
    /// Another object.
    pub const OBJECT: Self = Self(13);
    const SINT16: Self = Self(2);
    const SINT32: Self = Self(3);
    const REAL32: Self = Self(4);
    const REAL64: Self = Self(5);
    const BOOLEAN: Self = Self(11);
    const SINT8: Self = Self(16);
    const UINT8: Self = Self(17);
    const UINT16: Self = Self(18);
    const UINT32: Self = Self(19);
    const SINT64: Self = Self(20);
    const UINT64: Self = Self(21);
    const DATETIME: Self = Self(101);
    const REFERENCE: Self = Self(102);
    const CHAR16: Self = Self(103);
    const ARRAY: u16 = 0x2000;

    /// Takes the type out of the 32 bits that hold it; bit 14 marks a property of a superclass.
    #[allow(clippy::cast_possible_truncation)] // only the lower half is in use
    pub(super) const fn from_bits(bits: u32) -> Self {
        Self(bits as u16 & !INHERITED)
    }

    /// Whether values are arrays.
    pub const fn is_array(self) -> bool {
        self.0 & Self::ARRAY != 0
    }

    /// The type of an array's elements; a type that is no array is its own.
    #[must_use]
    pub const fn element(self) -> Self {
        Self(self.0 & !Self::ARRAY)
    }

    /// The name used in CIM, or `None` for a number that no standard names. Arrays have their element's.
    pub const fn name(self) -> Option<&'static str> {
        Some(match self.element() {
            Self::SINT8 => "sint8",
            Self::UINT8 => "uint8",
            Self::SINT16 => "sint16",
            Self::UINT16 => "uint16",
            Self::SINT32 => "sint32",
            Self::UINT32 => "uint32",
            Self::SINT64 => "sint64",
            Self::UINT64 => "uint64",
            Self::REAL32 => "real32",
            Self::REAL64 => "real64",
            Self::BOOLEAN => "boolean",
            Self::STRING => "string",
            Self::DATETIME => "datetime",
            Self::REFERENCE => "reference",
            Self::CHAR16 => "char16",
            Self::OBJECT => "object",
            _ => return None,
        })
    }

    /// Bytes that a value takes in a table or an array ([MS-WMIO] 2.2.71): itself, or a reference to a heap.
    pub(super) const fn table_bytes(self) -> usize {
        if self.is_array() {
            return 4;
        }
        match self {
            Self::SINT8 | Self::UINT8 => 1,
            Self::SINT16 | Self::UINT16 | Self::BOOLEAN | Self::CHAR16 => 2,
            Self::SINT64 | Self::UINT64 | Self::REAL64 => 8,
            _ => 4,
        }
    }
}

/// The property comes from a superclass ([MS-WMIO] 2.2.32).
pub(super) const INHERITED: u16 = 0x4000;

/// A value ([MS-WMIO] 2.2.71).
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Value<'a> {
    /// None, or one that could not be found.
    Null,
    /// An integer of a signed type.
    Signed(i64),
    /// An integer of an unsigned type.
    Unsigned(u64),
    /// A floating point number.
    Real(f64),
    /// A truth value.
    Boolean(bool),
    /// One UTF-16 code unit.
    Char16(u16),
    /// A string, a date and time, or the path of another object.
    Text(EncodedString<'a>),
    /// Several values of one type.
    Array(Elements<'a>),
    /// Another object, encoded; read it with [`Object::parse_embedded`].
    Object(&'a [u8]),
}

impl<'a> Value<'a> {
    /// Reads the value that starts with `bytes`, a place in a table or an array.
    pub(super) fn at(cim_type: CimType, bytes: &'a [u8], heap: Heap<'a>) -> Self {
        let mut reader = Reader::new("wmi value", ByteOrder::Little, bytes);
        Self::read(cim_type, &mut reader, heap).unwrap_or(Self::Null)
    }

    fn read(cim_type: CimType, reader: &mut Reader<'a>, heap: Heap<'a>) -> Option<Self> {
        if cim_type.is_array() {
            let reference = reader.u32("HeapRef").ok()?;
            return Some(Self::Array(Elements::read(cim_type.element(), reference, heap)?));
        }
        Some(match cim_type {
            CimType::SINT8 => Self::Signed(i64::from(reader.u8("SINT8").ok()?.cast_signed())),
            CimType::UINT8 => Self::Unsigned(u64::from(reader.u8("UINT8").ok()?)),
            CimType::SINT16 => Self::Signed(i64::from(reader.u16("SINT16").ok()?.cast_signed())),
            CimType::UINT16 => Self::Unsigned(u64::from(reader.u16("UINT16").ok()?)),
            CimType::SINT32 => Self::Signed(i64::from(reader.u32("SINT32").ok()?.cast_signed())),
            CimType::UINT32 => Self::Unsigned(u64::from(reader.u32("UINT32").ok()?)),
            CimType::SINT64 => Self::Signed(reader.u64("SINT64").ok()?.cast_signed()),
            CimType::UINT64 => Self::Unsigned(reader.u64("UINT64").ok()?),
            CimType::REAL32 => Self::Real(f64::from(f32::from_bits(reader.u32("REAL32").ok()?))),
            CimType::REAL64 => Self::Real(f64::from_bits(reader.u64("REAL64").ok()?)),
            CimType::BOOLEAN => Self::Boolean(reader.u16("BOOL").ok()? != 0),
            CimType::CHAR16 => Self::Char16(reader.u16("CHAR16").ok()?),
            CimType::STRING | CimType::DATETIME | CimType::REFERENCE => {
                Self::Text(heap.text(reader.u32("HeapRef").ok()?)?)
            }
            CimType::OBJECT => Self::Object(Object::embedded(heap.item(reader.u32("HeapRef").ok()?)?)?),
            _ => return None,
        })
    }
}
