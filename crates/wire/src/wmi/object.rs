//! Objects: classes and instances, with where they come from.

use super::{Class, ClassPart, EncodedString, Instance, Properties, Property};
use crate::{ByteOrder, Reader};
use rpcscope_model::ParseError;

/// A CIM object ([MS-WMIO] 2.2.5).
#[derive(Clone, Copy, Debug)]
pub struct Object<'a> {
    /// The machine that it comes from, by any name.
    pub server: Option<EncodedString<'a>>,
    /// The namespace that it comes from.
    pub namespace: Option<EncodedString<'a>>,
    /// The object.
    pub body: ObjectBody<'a>,
}

/// What an object is.
#[derive(Clone, Copy, Debug)]
pub enum ObjectBody<'a> {
    /// The definition of a class.
    Class(Class<'a>),
    /// An instance of a class.
    Instance(Instance<'a>),
}

impl<'a> Object<'a> {
    /// Reads an encoding unit: what a marshalled `IWbemClassObject` holds.
    ///
    /// Source: [MS-WMIO] 2.2.1. The length may be too large, as in the example of 3; padding may follow.
    pub fn parse(unit: &'a [u8]) -> Result<Self, ParseError> {
        let mut reader = Reader::new("wmi encoding unit", ByteOrder::Little, unit);
        let signature = reader.u32("Signature")?;
        if signature != SIGNATURE {
            return Err(reader.invalid("Signature", usize::try_from(signature).unwrap_or(usize::MAX)));
        }
        let length = usize::try_from(reader.u32("ObjectEncodingLength")?).unwrap_or(usize::MAX);
        Self::parse_block(reader.up_to(length))
    }

    /// Reads an object block: what stands in an array of objects ([MS-WMIO] 2.2.2).
    pub fn parse_block(block: &'a [u8]) -> Result<Self, ParseError> {
        let mut reader = Reader::new("wmi object block", ByteOrder::Little, block);
        let (flags, server, namespace) = decoration(&mut reader)?;
        let body = match flags & (IS_CLASS | IS_INSTANCE) {
            IS_CLASS => ObjectBody::Class(Class::read(&mut reader)?),
            IS_INSTANCE => ObjectBody::Instance(Instance::read(&mut reader)?),
            _ => return Err(reader.invalid("ObjectFlags", usize::from(flags))),
        };
        Ok(Self { server, namespace, body })
    }

    /// Reads an instance whose class was sent before ([MS-WMIO] 2.2.3).
    pub fn parse_without_class(block: &'a [u8], class: ClassPart<'a>) -> Result<Self, ParseError> {
        let mut reader = Reader::new("wmi object block", ByteOrder::Little, block);
        let (_, server, namespace) = decoration(&mut reader)?;
        let body = ObjectBody::Instance(Instance::read_of(class, &mut reader)?);
        Ok(Self { server, namespace, body })
    }

    /// Reads an object that is a value: see [`super::Value::Object`]. A caller that goes into objects within objects
    /// has to end somewhere; an object can hold itself.
    pub fn parse_embedded(block: &'a [u8]) -> Result<Self, ParseError> {
        Self::parse_block(block)
    }

    /// The block of the object that stands in a heap behind its length ([MS-WMIO] 2.2.71).
    pub(super) fn embedded(item: &'a [u8]) -> Option<&'a [u8]> {
        let mut reader = Reader::new("wmi embedded object", ByteOrder::Little, item);
        let length = reader.u32("ObjectEncodingLength").ok()?;
        Some(reader.up_to(usize::try_from(length).ok()?))
    }

    /// Name of the class that it is or belongs to.
    pub fn class_name(&self) -> Option<EncodedString<'a>> {
        match &self.body {
            ObjectBody::Class(class) => class.current.name,
            ObjectBody::Instance(instance) => instance.class_name(),
        }
    }

    /// The class that it is or belongs to.
    pub const fn class(&self) -> &ClassPart<'a> {
        match &self.body {
            ObjectBody::Class(class) => &class.current,
            ObjectBody::Instance(instance) => &instance.class,
        }
    }

    /// Its properties: an instance's values, a class's defaults.
    pub fn properties(&self) -> Properties<'a> {
        match &self.body {
            ObjectBody::Class(class) => class.current.properties(),
            ObjectBody::Instance(instance) => instance.properties(),
        }
    }

    /// The property of that name, upper and lower case alike.
    pub fn property(&self, name: &str) -> Option<Property<'a>> {
        self.properties().find(|property| property.name.is_some_and(|own| own.is(name)))
    }
}

type Decoration<'a> = (u8, Option<EncodedString<'a>>, Option<EncodedString<'a>>);

/// Reads the flags, and server and namespace if the flags say that they follow ([MS-WMIO] 2.2.6, 2.2.7).
fn decoration<'a>(reader: &mut Reader<'a>) -> Result<Decoration<'a>, ParseError> {
    let flags = reader.u8("ObjectFlags")?;
    if flags & IS_DECORATED == 0 {
        return Ok((flags, None, None));
    }
    let server = EncodedString::read(reader, "DecServerName")?;
    let namespace = EncodedString::read(reader, "DecNamespaceName")?;
    Ok((flags, Some(server), Some(namespace)))
}

/// First word of an encoding unit ([MS-WMIO] 2.2.77).
const SIGNATURE: u32 = 0x1234_5678;
const IS_CLASS: u8 = 0x01;
const IS_INSTANCE: u8 = 0x02;
const IS_DECORATED: u8 = 0x04;
