//! Classes.

use super::heap::Heap;
use super::property::{MAX_PROPERTIES, Values};
use super::{EncodedString, Properties, Qualifiers};
use crate::{ByteOrder, Reader};
use rpcscope_model::ParseError;

/// A class as an object of its own ([MS-WMIO] 2.2.11).
#[derive(Clone, Copy, Debug)]
pub struct Class<'a> {
    /// Its superclass; without a name when there is none.
    pub parent: ClassPart<'a>,
    /// The class.
    pub current: ClassPart<'a>,
    /// Its methods.
    pub methods: Methods<'a>,
}

impl<'a> Class<'a> {
    pub(super) fn read(reader: &mut Reader<'a>) -> Result<Self, ParseError> {
        let parent = ClassPart::read(reader)?;
        Methods::read(reader)?;
        let current = ClassPart::read(reader)?;
        // A class whose end is cut has no methods that could be named.
        let methods = Methods::read(reader).unwrap_or_default();
        Ok(Self { parent, current, methods })
    }
}

/// Name, ancestors and properties of a class ([MS-WMIO] 2.2.15).
#[derive(Clone, Copy, Debug)]
pub struct ClassPart<'a> {
    /// The name; none for the superclass of a class that has none.
    pub name: Option<EncodedString<'a>>,
    derivation: Derivation<'a>,
    qualifiers: &'a [u8],
    /// Eight bytes per property.
    pub(super) lookup: &'a [u8],
    pub(super) values: Values<'a>,
    /// Length of flags and table, also of an instance.
    pub(super) values_length: usize,
}

impl<'a> ClassPart<'a> {
    /// Reads a class part. One that is cut is read as far as it goes: the heap with the names is its last part.
    pub(super) fn read(reader: &mut Reader<'a>) -> Result<Self, ParseError> {
        let length = part_length(reader, "EncodingLength")?;
        let mut part = Reader::new("wmi class part", ByteOrder::Little, reader.up_to(length));
        part.skip("ReservedOctet", 1)?;
        let name = part.u32("ClassNameRef")?;
        let values_length = usize::try_from(part.u32("NdTableValueTableLength")?).unwrap_or(usize::MAX);
        let derivation_length = part_length(&mut part, "DerivationList")?;
        let derivation = part.bytes("DerivationList", derivation_length)?;
        let derivation =
            Derivation { reader: Reader::new("wmi derivation list", ByteOrder::Little, derivation) };
        let qualifiers = part.rest();
        let qualifiers_length = part_length(&mut part, "ClassQualifierSet")?;
        part.skip("ClassQualifierSet", qualifiers_length)?;
        let count = usize::try_from(part.u32("PropertyCount")?).unwrap_or(usize::MAX);
        if count > MAX_PROPERTIES {
            return Err(part.invalid("PropertyCount", count));
        }
        let lookup = part.bytes("PropertyLookupTable", count.saturating_mul(8))?;
        let mut values = Values::read(&mut part, count, values_length)?;
        values.heap = Heap::read(&mut part)?;
        let name = values.heap.text(name);
        Ok(Self { name, derivation, qualifiers, lookup, values, values_length })
    }

    /// The superclasses, nearest first.
    pub const fn derivation(&self) -> Derivation<'a> {
        self.derivation
    }

    /// What is said about the class.
    pub fn qualifiers(&self) -> Qualifiers<'a> {
        Qualifiers::at(self.qualifiers, self.values.heap)
    }

    /// The properties with their default values.
    pub fn properties(&self) -> Properties<'a> {
        Properties::new(self, None)
    }

    pub(super) const fn property_count(&self) -> usize {
        self.lookup.len() / 8
    }
}

/// Reads a length that includes itself; returns what is left of it.
pub(super) fn part_length(reader: &mut Reader<'_>, field: &'static str) -> Result<usize, ParseError> {
    let length = usize::try_from(reader.u32(field)?).unwrap_or(usize::MAX);
    length.checked_sub(4).ok_or_else(|| reader.invalid(field, length))
}

/// Iterates over the names of superclasses, nearest first ([MS-WMIO] 2.2.17).
#[derive(Clone, Copy, Debug)]
pub struct Derivation<'a> {
    reader: Reader<'a>,
}

impl<'a> Iterator for Derivation<'a> {
    type Item = EncodedString<'a>;

    fn next(&mut self) -> Option<EncodedString<'a>> {
        let name = EncodedString::read(&mut self.reader, "ClassNameEncoding").ok()?;
        // The length that follows each name repeats what its terminator has said.
        self.reader.up_to(4);
        Some(name)
    }
}

/// Iterates over the names of methods ([MS-WMIO] 2.2.38).
#[derive(Clone, Copy, Default, Debug)]
pub struct Methods<'a> {
    descriptions: &'a [u8],
    heap: Heap<'a>,
}

impl<'a> Methods<'a> {
    fn read(reader: &mut Reader<'a>) -> Result<Self, ParseError> {
        let length = part_length(reader, "EncodingLength")?;
        let mut part = Reader::new("wmi methods part", ByteOrder::Little, reader.up_to(length));
        let count = usize::from(part.u16("MethodCount")?);
        part.skip("MethodCountPadding", 2)?;
        let descriptions = part.bytes("MethodDescription", count.saturating_mul(METHOD_BYTES))?;
        let heap = Heap::read(&mut part)?;
        Ok(Self { descriptions, heap })
    }
}

/// Length of a method description ([MS-WMIO] 2.2.41), in bytes: five references or numbers, flags and padding.
const METHOD_BYTES: usize = 24;

impl<'a> Iterator for Methods<'a> {
    type Item = EncodedString<'a>;

    fn next(&mut self) -> Option<EncodedString<'a>> {
        loop {
            let (description, rest) = self.descriptions.split_at_checked(METHOD_BYTES)?;
            self.descriptions = rest;
            let reference = u32::from_le_bytes(*description.first_chunk()?);
            if let Some(name) = self.heap.text(reference) {
                return Some(name);
            }
        }
    }
}
