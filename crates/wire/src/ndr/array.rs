//! Arrays ([C706] 14.3.3). A count is believed only as far as there are bytes.

use super::Ndr;
use rpcscope_model::Stopped;

/// The first elements of an array, whose referents come after all of them.
#[derive(Clone, Debug)]
#[must_use]
pub struct Elements<T> {
    /// The first ones, at most [`Elements::MAX`].
    pub items: Vec<T>,
    /// How many more there are.
    pub omitted: usize,
}

impl Elements<()> {
    /// Elements of one array that are remembered until their referents are read. An answer of the endpoint mapper has up
    /// to 500, a list of services some hundreds.
    pub const MAX: usize = 4096;
}

/// Room for elements that is made at once: many arrays have no more.
const USUAL_ELEMENTS: usize = 8;

impl<'a> Ndr<'a> {
    /// The count before a conformant array.
    pub fn count(&mut self, field: &'static str) -> Result<usize, Stopped> {
        let count = self.pointer_sized(field)?;
        usize::try_from(count).map_err(|_| self.malformed(field))
    }

    /// Offset and actual count before a varying array; the actual count. An offset other than 0 is not used by any IDL
    /// ([MS-RPCE] 3.1.1.5.3.2.1.7).
    pub fn actual_count(&mut self, field: &'static str) -> Result<usize, Stopped> {
        if self.pointer_sized(field)? != 0 {
            return Err(self.malformed(field));
        }
        self.count(field)
    }

    /// The bytes of a conformant array of bytes. When their end was not captured, their beginning.
    pub fn conformant_bytes(&mut self, field: &'static str) -> Result<&'a [u8], Stopped> {
        self.conformant(field, 1).map(|(bytes, _)| bytes)
    }

    /// The bytes of a varying array of bytes.
    pub fn varying_bytes(&mut self, field: &'static str) -> Result<&'a [u8], Stopped> {
        self.varying(field, 1).map(|(bytes, _)| bytes)
    }

    /// The bytes of a conformant varying array of bytes.
    pub fn conformant_varying_bytes(&mut self, field: &'static str) -> Result<&'a [u8], Stopped> {
        self.conformant_varying(field, 1).map(|(bytes, _)| bytes)
    }

    /// Reads `count` elements one after the other and keeps the first. `element` has to read at least one byte.
    pub fn elements<T>(
        &mut self,
        field: &'static str,
        count: usize,
        mut element: impl FnMut(&mut Self) -> Result<T, Stopped>,
    ) -> Result<Elements<T>, Stopped> {
        if count > self.left() && self.complete {
            return Err(self.short(field));
        }
        let mut elements = Elements { items: Vec::with_capacity(count.min(USUAL_ELEMENTS)), omitted: 0 };
        for _ in 0..count {
            let before = self.position();
            let value = element(self)?;
            if self.position() == before {
                return Err(self.malformed(field));
            }
            if elements.items.len() < Elements::MAX {
                elements.items.push(value);
            } else {
                elements.omitted += 1;
            }
        }
        Ok(elements)
    }

    pub(super) fn conformant(
        &mut self,
        field: &'static str,
        width: usize,
    ) -> Result<(&'a [u8], bool), Stopped> {
        let count = self.count(field)?;
        self.run(field, count, width)
    }

    pub(super) fn varying(&mut self, field: &'static str, width: usize) -> Result<(&'a [u8], bool), Stopped> {
        let count = self.actual_count(field)?;
        self.run(field, count, width)
    }

    pub(super) fn conformant_varying(
        &mut self,
        field: &'static str,
        width: usize,
    ) -> Result<(&'a [u8], bool), Stopped> {
        let maximum = self.count(field)?;
        let count = self.actual_count(field)?;
        if count > maximum {
            return Err(self.malformed(field));
        }
        self.run(field, count, width)
    }

    /// `count` elements of `width` bytes. When the stub was cut, those that are there, and true.
    pub fn run(
        &mut self,
        field: &'static str,
        count: usize,
        width: usize,
    ) -> Result<(&'a [u8], bool), Stopped> {
        let length = count.saturating_mul(width);
        if length <= self.left() {
            return Ok((self.reader.up_to(length), false));
        }
        let stopped = self.short(field);
        if self.complete {
            return Err(stopped);
        }
        self.cut.get_or_insert(stopped);
        Ok((self.reader.up_to(length), true))
    }
}
