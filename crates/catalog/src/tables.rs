//! The compiled facts. The build script writes them from `data/`; what it writes is made of the types below.
//!
//! Names are offsets into one text: string slices would need a relocation each when the program starts.

use crate::attack::{Abuse, Confidence};
use crate::class::{Category, Class, Evidence};
use crate::hash::{BUCKETS, EMPTY, SLOTS};
use crate::interface::{Interface, Kind};
use crate::protocol::Protocol;
use uuid::Uuid;

/// A part of [`TEXT`]: its start and its length in bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Text(pub(crate) u32, pub(crate) u16);

impl Text {
    pub(crate) fn as_str(self) -> &'static str {
        part(self.0, usize::from(self.1))
    }
}

/// A part of a table: the position of its first row and the number of rows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Span(pub(crate) u32, pub(crate) u16);

impl Span {
    pub(crate) fn of<T>(self, table: &'static [T]) -> &'static [T] {
        let start = self.0 as usize;
        table.get(start..start + usize::from(self.1)).unwrap_or_default()
    }

    pub(crate) fn texts(self) -> impl ExactSizeIterator<Item = &'static str> {
        self.of(&TEXTS).iter().map(|text| text.as_str())
    }
}

/// An operation: where its name starts, how long it is in bytes, whether the slot is used on the wire, its opnum.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Procedure(pub(crate) u32, pub(crate) u8, pub(crate) bool, pub(crate) u16);

impl Procedure {
    pub(crate) fn name(self) -> &'static str {
        part(self.0, usize::from(self.1))
    }
}

/// A name that one source gives to an opnum and the catalogue does not use.
#[derive(Debug)]
pub(crate) struct OtherNameRow {
    pub(crate) opnum: u16,
    pub(crate) name: Text,
    pub(crate) source: Text,
}

/// Another table of operations under the same UUID.
#[derive(Debug)]
pub(crate) struct VariantRow {
    pub(crate) label: Text,
    pub(crate) opnums: Span,
}

/// A lower-case text and the position of an interface that it leads to.
pub(crate) struct IndexRow(pub(crate) Text, pub(crate) u16);

static TEXT: &str = include_str!(concat!(env!("OUT_DIR"), "/text.txt"));

include!(concat!(env!("OUT_DIR"), "/tables.rs"));

fn part(start: u32, length: usize) -> &'static str {
    let start = start as usize;
    TEXT.get(start..start + length).unwrap_or_default()
}

// An empty slot has to lead to no interface.
const _: () = assert!(INTERFACES.len() < SLOTS && INTERFACES.len() <= EMPTY as usize);
const _: () = assert!(BUCKETS.is_power_of_two() && SLOTS.is_power_of_two());
