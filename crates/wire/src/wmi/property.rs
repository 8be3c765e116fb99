//! Properties of a class or an instance.

use super::cim::INHERITED;
use super::heap::Heap;
use super::{CimType, ClassPart, EncodedString, Qualifiers, Value};
use crate::{ByteOrder, Reader};
use rpcscope_model::ParseError;

/// A property, which is also what a parameter of a method is.
#[derive(Clone, Copy, Debug)]
pub struct Property<'a> {
    /// Its name; none when the reference to it leads nowhere.
    pub name: Option<EncodedString<'a>>,
    /// Type of its value.
    pub cim_type: CimType,
    /// Its value, or the default that its class gives.
    pub value: Value<'a>,
    /// Whether the value is the default that the class gives.
    pub is_default: bool,
    /// Whether a superclass declares it.
    pub is_inherited: bool,
    /// What the class says about it.
    pub qualifiers: Qualifiers<'a>,
}

impl Property<'_> {
    /// Whether it belongs to the key that tells instances apart.
    pub fn is_key(&self) -> bool {
        self.qualifiers.says("key")
    }
}

/// Iterates over properties, in the order of their names.
#[derive(Clone, Copy, Debug)]
pub struct Properties<'a> {
    class: ClassPart<'a>,
    /// Values of an instance; those of the class stand in for the missing.
    values: Option<Values<'a>>,
    lookup: Reader<'a>,
}

impl<'a> Properties<'a> {
    pub(super) fn new(class: &ClassPart<'a>, values: Option<Values<'a>>) -> Self {
        let lookup = Reader::new("wmi property lookup", ByteOrder::Little, class.lookup);
        Self { class: *class, values, lookup }
    }

    /// Source: [MS-WMIO] 2.2.23 and 2.2.30.
    fn property(&self, name: u32, info: u32) -> Option<Property<'a>> {
        let heap = self.class.values.heap;
        let mut info = heap.reader("wmi property info", info)?;
        let bits = info.u32("PropertyType").ok()?;
        let cim_type = CimType::from_bits(bits);
        let order = usize::from(info.u16("DeclarationOrder").ok()?);
        let offset = usize::try_from(info.u32("ValueTableOffset").ok()?).ok()?;
        info.skip("ClassOfOrigin", 4).ok()?;
        let own = self.values.and_then(|values| values.value(cim_type, order, offset));
        let value = own.or_else(|| self.class.values.value(cim_type, order, offset)).unwrap_or(Value::Null);
        Some(Property {
            name: heap.text(name),
            cim_type,
            value,
            is_default: own.is_none(),
            is_inherited: bits & u32::from(INHERITED) != 0,
            qualifiers: Qualifiers::at(info.rest(), heap),
        })
    }
}

/// Most properties that a class can have; the largest ones of Windows have about 200. Objects that lie over each other
/// could otherwise make a sensor walk through large tables again and again.
pub(super) const MAX_PROPERTIES: usize = 1024;

impl<'a> Iterator for Properties<'a> {
    type Item = Property<'a>;

    fn next(&mut self) -> Option<Property<'a>> {
        loop {
            let name = self.lookup.u32("PropertyNameRef").ok()?;
            let info = self.lookup.u32("PropertyInfoRef").ok()?;
            if let Some(property) = self.property(name, info) {
                return Some(property);
            }
        }
    }
}

/// The values of a class or an instance: two bits per property, a table, and a heap that the table points into.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(super) struct Values<'a> {
    flags: &'a [u8],
    table: &'a [u8],
    pub(super) heap: Heap<'a>,
}

impl<'a> Values<'a> {
    /// Reads flags and table; the heap follows after other parts.
    ///
    /// Source: [MS-WMIO] 2.2.26 and 2.2.28. `length` is that of both together.
    pub(super) fn read(
        reader: &mut Reader<'a>,
        properties: usize,
        length: usize,
    ) -> Result<Self, ParseError> {
        let both = reader.bytes("NdTable", length)?;
        let (flags, table) = both.split_at_checked(properties.div_ceil(4)).unwrap_or((both, &[]));
        Ok(Self { flags, table, heap: Heap::default() })
    }

    /// The value at a place; `None` when it is the one of the class, or of the class's own superclass.
    ///
    /// Source: [MS-WMIO] 2.2.27. The flags stand in order of declaration, as the example of 3.2 shows, and not in order
    /// of names, as 2.2.26 has it.
    fn value(&self, cim_type: CimType, order: usize, offset: usize) -> Option<Value<'a>> {
        const IS_NULL: u8 = 1;
        const IS_DEFAULT: u8 = 2;
        let byte = self.flags.get(order / 4).copied().unwrap_or(IS_NULL);
        let flags = byte >> (order % 4 * 2);
        if flags & IS_DEFAULT != 0 && flags & IS_NULL == 0 {
            return None;
        }
        if flags & IS_NULL != 0 {
            return Some(Value::Null);
        }
        Some(Value::at(cim_type, self.table.get(offset..).unwrap_or_default(), self.heap))
    }
}
