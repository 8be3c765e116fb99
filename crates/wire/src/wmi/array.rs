//! Values of an array.

use super::heap::Heap;
use super::{CimType, Value};

/// Iterates over the elements of an array ([MS-WMIO] 2.2.79).
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Elements<'a> {
    cim_type: CimType,
    /// Whole elements only.
    bytes: &'a [u8],
    heap: Heap<'a>,
}

impl<'a> Elements<'a> {
    pub(super) fn read(cim_type: CimType, reference: u32, heap: Heap<'a>) -> Option<Self> {
        let mut reader = heap.reader("wmi array", reference)?;
        let count = usize::try_from(reader.u32("ArrayCount").ok()?).ok()?;
        let bytes = reader.up_to(count.saturating_mul(cim_type.table_bytes()));
        Some(Self { cim_type, bytes, heap })
    }

    /// Type of every element.
    pub const fn cim_type(&self) -> CimType {
        self.cim_type
    }

    /// How many elements are left.
    pub const fn left(&self) -> usize {
        self.bytes.len() / self.cim_type.table_bytes()
    }

    /// The bytes of an array of 8-bit integers.
    pub const fn octets(&self) -> Option<&'a [u8]> {
        if self.cim_type.table_bytes() == 1 { Some(self.bytes) } else { None }
    }
}

impl<'a> Iterator for Elements<'a> {
    type Item = Value<'a>;

    fn next(&mut self) -> Option<Value<'a>> {
        let (element, rest) = self.bytes.split_at_checked(self.cim_type.table_bytes())?;
        self.bytes = rest;
        Some(Value::at(self.cim_type, element, self.heap))
    }
}
