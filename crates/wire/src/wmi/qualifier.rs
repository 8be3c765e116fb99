//! What is said about a class, a property or an instance.

use super::heap::Heap;
use super::{CimType, EncodedString, Value};
use crate::{ByteOrder, Reader};

/// One qualifier ([MS-WMIO] 2.2.60).
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Qualifier<'a> {
    /// Its name: `key`, `CIMTYPE`, `ID`.
    pub name: Option<EncodedString<'a>>,
    /// Where it comes from and where it goes ([MS-WMIO] 2.2.62).
    pub flavor: u8,
    /// What it says.
    pub value: Value<'a>,
}

/// Iterates over a qualifier set ([MS-WMIO] 2.2.59), the first 64 of it.
#[derive(Clone, Copy, Debug)]
pub struct Qualifiers<'a> {
    reader: Reader<'a>,
    heap: Heap<'a>,
    left: usize,
}

impl<'a> Qualifiers<'a> {
    /// The set that starts with `bytes`; its length includes itself.
    pub(super) fn at(bytes: &'a [u8], heap: Heap<'a>) -> Self {
        let mut reader = Reader::new("wmi qualifier set", ByteOrder::Little, bytes);
        let length = reader.u32("EncodingLength").unwrap_or(0).saturating_sub(4);
        let set = reader.up_to(usize::try_from(length).unwrap_or(usize::MAX));
        Self { reader: Reader::new("wmi qualifier", ByteOrder::Little, set), heap, left: MAX_QUALIFIERS }
    }

    /// Whether the set says `name` and does not deny it.
    pub fn says(mut self, name: &str) -> bool {
        self.any(|qualifier| {
            qualifier.name.is_some_and(|own| own.is(name)) && qualifier.value != Value::Boolean(false)
        })
    }
}

/// Most qualifiers that are read of one set. Sets of many properties can lie over each other in a hostile heap, so that
/// reading all of each would cost the square of the heap's length. Windows' longest has about a dozen.
const MAX_QUALIFIERS: usize = 64;

impl<'a> Iterator for Qualifiers<'a> {
    type Item = Qualifier<'a>;

    fn next(&mut self) -> Option<Qualifier<'a>> {
        self.left = self.left.checked_sub(1)?;
        let name = self.heap.text(self.reader.u32("QualifierName").ok()?);
        let flavor = self.reader.u8("QualifierFlavor").ok()?;
        let cim_type = CimType::from_bits(self.reader.u32("QualifierType").ok()?);
        let value = self.reader.bytes("QualifierValue", cim_type.table_bytes()).ok()?;
        Some(Qualifier { name, flavor, value: Value::at(cim_type, value, self.heap) })
    }
}
