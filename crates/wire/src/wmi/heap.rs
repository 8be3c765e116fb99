//! Where the parts of an object lie that have no fixed length.

use super::EncodedString;
use crate::{ByteOrder, Reader};
use rpcscope_model::ParseError;

/// A heap ([MS-WMIO] 2.2.66). Items have no directory: an offset is an item's only name.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(super) struct Heap<'a> {
    bytes: &'a [u8],
}

impl<'a> Heap<'a> {
    /// Reads a heap; one that is cut keeps what is there.
    pub(super) fn read(reader: &mut Reader<'a>) -> Result<Self, ParseError> {
        let length = reader.u32("HeapLength")? & !HIGH_BIT;
        Ok(Self { bytes: reader.up_to(usize::try_from(length).unwrap_or(usize::MAX)) })
    }

    /// The item that a reference points at, with what follows it.
    pub(super) fn item(&self, reference: u32) -> Option<&'a [u8]> {
        if reference & HIGH_BIT != 0 {
            return None;
        }
        self.bytes.get(usize::try_from(reference).ok()?..)
    }

    /// A reader at an item.
    pub(super) fn reader(&self, layer: &'static str, reference: u32) -> Option<Reader<'a>> {
        Some(Reader::new(layer, ByteOrder::Little, self.item(reference)?))
    }

    /// The string that a reference names; none for a null reference or one that points outside.
    pub(super) fn text(&self, reference: u32) -> Option<EncodedString<'a>> {
        match reference {
            u32::MAX => None,
            reference if reference & HIGH_BIT != 0 => EncodedString::in_dictionary(reference & !HIGH_BIT),
            reference => EncodedString::at(self.item(reference)?),
        }
    }
}

/// Set in every length of a heap, and in references to the dictionary.
const HIGH_BIT: u32 = 0x8000_0000;
