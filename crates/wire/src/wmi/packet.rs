//! Many objects in one answer, each class sent once.

use super::{ClassPart, Object, ObjectBody};
use crate::{ByteOrder, Reader};
use rpcscope_model::ParseError;
use uuid::Uuid;

/// Iterates over the objects of an array ([MS-WMI] 2.2.14), as `IWbemWCOSmartEnum::Next` returns them.
#[derive(Clone, Debug)]
pub struct ObjectArray<'a> {
    reader: Reader<'a>,
    left: u32,
    /// Classes seen in this array, for the instances that come without.
    classes: Vec<(Uuid, ClassPart<'a>)>,
}

/// One object of an array.
#[derive(Clone, Copy, Debug)]
pub struct PackedObject<'a> {
    /// In which form it came.
    pub kind: PackedKind,
    /// Names the class within a sequence of arrays; absent for a class.
    pub class_id: Option<Uuid>,
    /// The object. Absent when its class was sent in an earlier array, or when it cannot be read.
    pub object: Option<Object<'a>>,
}

/// Form of an object in an array ([MS-WMI] 2.2.14.1). Unknown values survive.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct PackedKind(pub u8);

impl PackedKind {
    /// A class.
    pub const CLASS: Self = Self(1);
    /// An instance with its class.
    pub const INSTANCE: Self = Self(2);
    /// An instance of a class that was sent before.
    pub const INSTANCE_WITHOUT_CLASS: Self = Self(3);
}

impl<'a> ObjectArray<'a> {
    /// Reads the headers of an array. The sizes that headers give are believed, so that longer ones are passed over.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, ParseError> {
        let mut reader = Reader::new("wmi object array", ByteOrder::Little, bytes);
        reader.skip("dwByteOrdering", 4)?;
        if reader.bytes("abSignature", 8)? != b"WBEMDATA" {
            return Err(reader.invalid("abSignature", 0));
        }
        let first = usize::try_from(reader.u32("dwSizeOfHeader1")?).unwrap_or(usize::MAX);
        reader.seek(first);
        let start = reader.position();
        let second = usize::try_from(reader.u32("dwSizeOfHeader2")?).unwrap_or(usize::MAX);
        reader.seek(start.saturating_add(second));
        let start = reader.position();
        let third = usize::try_from(reader.u32("dwSizeOfHeader3")?).unwrap_or(usize::MAX);
        reader.skip("dwDataSize3", 4)?;
        let left = reader.u32("dwNumObjects")?;
        reader.seek(start.saturating_add(third));
        Ok(Self { reader, left, classes: Vec::new() })
    }

    /// Objects that are still to come, as the array says.
    pub const fn remaining(&self) -> u32 {
        self.left
    }

    /// Source: [MS-WMI] 2.2.14.1 to 2.2.14.4.
    fn object(&mut self) -> Result<PackedObject<'a>, ParseError> {
        let start = self.reader.position();
        let header = usize::try_from(self.reader.u32("dwSizeOfHeader")?).unwrap_or(usize::MAX);
        let size = usize::try_from(self.reader.u32("dwSizeOfData")?).unwrap_or(usize::MAX);
        let kind = PackedKind(self.reader.u8("bObjectType")?);
        self.reader.seek(start.saturating_add(header).max(self.reader.position()));
        let data = self.reader.up_to(size);
        let mut data = Reader::new("wmi packed object", ByteOrder::Little, data);
        data.skip("dwSizeOfHeader", 8)?;
        if kind == PackedKind::CLASS {
            return Ok(PackedObject { kind, class_id: None, object: Object::parse_block(data.rest()).ok() });
        }
        let class_id = data.uuid("classID")?;
        let object = if kind == PackedKind::INSTANCE_WITHOUT_CLASS {
            let class = self.classes.iter().find(|(id, _)| *id == class_id).map(|(_, class)| *class);
            class.and_then(|class| Object::parse_without_class(data.rest(), class).ok())
        } else {
            Object::parse_block(data.rest()).ok()
        };
        if let (PackedKind::INSTANCE, Some(Object { body: ObjectBody::Instance(instance), .. })) =
            (kind, &object)
            && self.classes.len() < MAX_CLASSES
        {
            self.classes.push((class_id, instance.class));
        }
        Ok(PackedObject { kind, class_id: Some(class_id), object })
    }
}

/// Most classes that are remembered within one array. A query returns instances of one class and its subclasses.
const MAX_CLASSES: usize = 32;

impl<'a> Iterator for ObjectArray<'a> {
    type Item = PackedObject<'a>;

    fn next(&mut self) -> Option<PackedObject<'a>> {
        self.left = self.left.checked_sub(1)?;
        // Every object takes at least its header, so that a large count ends with the bytes.
        let object = self.object().ok();
        if object.is_none() {
            self.left = 0;
        }
        object
    }
}
