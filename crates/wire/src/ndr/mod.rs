//! The transfer syntaxes of stubs: NDR ([C706] 14) and NDR64 ([MS-RPCE] 2.2.5), in both byte orders.
//!
//! [`Ndr`] reads a stub in the order of the wire. Alignment counts from the start of the stub. What a pointer inside of a
//! structure points to comes after the structure ([C706] 14.3.12.3), so a decoder reads the pointer, goes on, and reads
//! the referent where it stands:
//!
//! ```text
//! let name = ndr.pointer("name")?;          // in the structure
//! let size = ndr.u32("size")?;
//! let name = ndr.referent(name, |ndr| ndr.wide_string("name"))?;   // after it
//! ```

mod array;
mod error;
mod scalar;
mod sid;
mod string;
#[cfg(test)]
mod tests;
mod text;

pub use array::Elements;
pub use scalar::{Alignment, FileTime, Handle, Pointer, Tag};
pub use sid::Sid;
pub use string::CountedString;
pub use text::{Narrow, Wide};

use crate::{ByteOrder, Reader};
use rpcscope_model::{NDR64, Stopped};
use std::collections::BTreeSet;
use uuid::Uuid;

/// The bytes of a request or response that its arguments are encoded in.
#[derive(Clone, Copy, Debug)]
pub struct Stub<'a> {
    /// The stub, without object UUID, authentication padding and verifier. A verification trailer
    /// ([MS-RPCE] 2.2.2.13) after the arguments does no harm.
    pub bytes: &'a [u8],
    /// Byte order of integers and characters; NDR64 is always little.
    pub order: ByteOrder,
    /// How the arguments are encoded.
    pub syntax: Syntax,
    /// False when the end of the stub was not captured, or is not here yet.
    pub complete: bool,
}

/// A transfer syntax.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Syntax {
    /// NDR version 2.
    Ndr,
    /// NDR64 version 1.
    Ndr64,
}

impl Syntax {
    /// The syntax that a presentation context agreed on. One that is not NDR64 is read as NDR.
    pub fn of(transfer_syntax: Uuid) -> Self {
        if transfer_syntax == NDR64 { Self::Ndr64 } else { Self::Ndr }
    }
}

/// Reads a stub. Every read aligns first; errors name the field and its place.
#[derive(Clone, Debug)]
pub struct Ndr<'a> {
    reader: Reader<'a>,
    syntax: Syntax,
    order: ByteOrder,
    complete: bool,
    /// The first variable-length field whose end was not captured.
    cut: Option<Stopped>,
    /// Those that were read; a repeated one has no referent of its own.
    full_pointers: FullPointers,
    /// Nobody wants what is read: texts and identifiers are passed over.
    passes: bool,
}

/// Identifiers of full pointers ([C706] 14.3.11.1). Most stubs that have any have one.
#[derive(Clone, Debug)]
struct FullPointers {
    first: Option<u64>,
    /// At most [`FullPointers::MAX`].
    others: BTreeSet<u64>,
}

impl FullPointers {
    /// Full pointers that are remembered in one stub; an answer of the endpoint mapper has up to 500. Further ones are
    /// taken for new.
    const MAX: usize = 4096;

    fn contains(&self, identifier: u64) -> bool {
        self.first == Some(identifier) || self.others.contains(&identifier)
    }

    fn insert(&mut self, identifier: u64) {
        if self.first.is_none() {
            self.first = Some(identifier);
        } else if self.first != Some(identifier) && self.others.len() < Self::MAX {
            self.others.insert(identifier);
        }
    }
}

impl<'a> Ndr<'a> {
    /// Reads a stub from its start.
    pub const fn new(stub: Stub<'a>) -> Self {
        Self {
            reader: Reader::new("ndr", stub.order, stub.bytes),
            syntax: stub.syntax,
            order: stub.order,
            complete: stub.complete,
            cut: None,
            full_pointers: FullPointers { first: None, others: BTreeSet::new() },
            passes: false,
        }
    }

    /// Reads something that nobody wants, to find what is behind it: texts and identifiers come out empty, which saves
    /// most of the work. What is malformed is found all the same.
    pub fn pass<T>(&mut self, read: impl FnOnce(&mut Self) -> T) -> T {
        let before = std::mem::replace(&mut self.passes, true);
        let result = read(self);
        self.passes = before;
        result
    }

    /// Whether nobody wants what is read: see [`pass`](Self::pass).
    pub const fn passes(&self) -> bool {
        self.passes
    }

    /// Bytes read so far.
    pub const fn position(&self) -> usize {
        self.reader.position()
    }

    /// Bytes that have not been read.
    pub fn left(&self) -> usize {
        self.reader.rest().len()
    }

    /// Byte order of integers and characters.
    pub const fn order(&self) -> ByteOrder {
        self.order
    }

    /// Whether the stub is encoded in NDR64.
    pub fn is_ndr64(&self) -> bool {
        self.syntax == Syntax::Ndr64
    }

    /// The first variable-length field of which only the beginning was captured and given.
    pub const fn cut(&self) -> Option<Stopped> {
        self.cut
    }
}
