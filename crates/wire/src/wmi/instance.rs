//! Instances.

use super::class::part_length;
use super::heap::Heap;
use super::property::Values;
use super::{ClassPart, EncodedString, Properties, Qualifiers};
use crate::{ByteOrder, Reader};
use rpcscope_model::ParseError;

/// An instance with its class ([MS-WMIO] 2.2.53).
#[derive(Clone, Copy, Debug)]
pub struct Instance<'a> {
    /// Its class, which also says what the properties are.
    pub class: ClassPart<'a>,
    name: Option<EncodedString<'a>>,
    values: Values<'a>,
    qualifiers: &'a [u8],
}

impl<'a> Instance<'a> {
    pub(super) fn read(reader: &mut Reader<'a>) -> Result<Self, ParseError> {
        let class = ClassPart::read(reader)?;
        Self::read_of(class, reader)
    }

    /// Reads an instance whose class was sent before ([MS-WMIO] 2.2.3).
    pub(super) fn read_of(class: ClassPart<'a>, reader: &mut Reader<'a>) -> Result<Self, ParseError> {
        let length = part_length(reader, "EncodingLength")?;
        let mut part = Reader::new("wmi instance", ByteOrder::Little, reader.up_to(length));
        part.skip("InstanceFlags", 1)?;
        let name = part.u32("InstanceClassName")?;
        let mut values = Values::read(&mut part, class.property_count(), class.values_length)?;
        let qualifiers = part.rest();
        Self::skip_qualifiers(&mut part)?;
        if part.u8("InstPropQualSetFlag")? == EACH_PROPERTY {
            for _ in 0..class.property_count() {
                Self::skip_qualifiers(&mut part)?;
            }
        }
        values.heap = Heap::read(&mut part)?;
        let name = values.heap.text(name);
        Ok(Self { class, name, values, qualifiers })
    }

    /// Name of its class, from its own heap or from the class.
    pub fn class_name(&self) -> Option<EncodedString<'a>> {
        self.name.or(self.class.name)
    }

    /// What is said about the instance.
    pub fn qualifiers(&self) -> Qualifiers<'a> {
        Qualifiers::at(self.qualifiers, self.values.heap)
    }

    /// The properties with the values that the instance has.
    pub fn properties(&self) -> Properties<'a> {
        Properties::new(&self.class, Some(self.values))
    }

    fn skip_qualifiers(reader: &mut Reader<'_>) -> Result<(), ParseError> {
        let length = part_length(reader, "QualifierSet")?;
        reader.skip("QualifierSet", length)
    }
}

/// There is a qualifier set for each property ([MS-WMIO] 2.2.65).
const EACH_PROPERTY: u8 = 2;
