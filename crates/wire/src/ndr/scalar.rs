//! Numbers, pointers, tags of unions, and structures of fixed size.

use super::{Ndr, Syntax};
use rpcscope_model::{Stopped, Timestamp};
use uuid::Uuid;

/// A pointer in place. Its referent stands elsewhere.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[must_use = "a pointer that is not null has a referent, which has to be read"]
pub struct Pointer {
    has_referent: bool,
}

impl Pointer {
    /// Whether nothing stands where its referent would.
    pub const fn is_null(self) -> bool {
        !self.has_referent
    }
}

/// A context handle: 20 bytes that a server made and a client gives back ([C706] appendix N, [MS-RPCE] 2.2.1.1.4).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Debug)]
pub struct Handle(pub [u8; 20]);

impl Handle {
    /// Whether it stands for no context: a server gives it when it opened or closed nothing, or closed it.
    pub fn is_null(&self) -> bool {
        self.0 == [0; 20]
    }
}

/// What a structure or union is aligned to: the largest alignment of its members.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Alignment {
    /// It holds bytes only.
    One,
    /// 16-bit members at most.
    Two,
    /// 32-bit members at most.
    Four,
    /// A 64-bit member.
    Eight,
    /// A pointer, or a count of an array: 4 bytes in NDR, 8 in NDR64.
    Pointer,
}

/// How the tag of a union is encoded.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Tag {
    /// 16 bits.
    Short,
    /// 32 bits.
    Long,
    /// An enumeration: 16 bits in NDR, 32 in NDR64.
    Enumeration,
}

impl<'a> Ndr<'a> {
    /// Passes over padding up to the next multiple of `alignment`. Numbers and pointers do it by themselves; a structure
    /// needs it before its first member, when that is smaller than others.
    pub fn align(&mut self, alignment: Alignment) {
        let bytes = match (alignment, self.syntax) {
            (Alignment::One, _) => 1,
            (Alignment::Two, _) => 2,
            (Alignment::Four, _) | (Alignment::Pointer, Syntax::Ndr) => 4,
            (Alignment::Eight, _) | (Alignment::Pointer, Syntax::Ndr64) => 8,
        };
        self.reader.align(bytes);
    }

    /// Reads a structure without a conformant array: aligns, reads the members, and in NDR64 passes over the padding at
    /// its end ([MS-RPCE] 2.2.5.3.4.1).
    pub fn structure<T>(
        &mut self,
        alignment: Alignment,
        members: impl FnOnce(&mut Self) -> Result<T, Stopped>,
    ) -> Result<T, Stopped> {
        self.align(alignment);
        let value = members(self)?;
        if self.is_ndr64() {
            self.align(alignment);
        }
        Ok(value)
    }

    /// Reads the tag of a union ([C706] 14.3.8) and stands before its arm. `alignment` is the largest of all arms; it
    /// counts in NDR64 only ([MS-RPCE] 2.2.5.3.4.4).
    pub fn union_tag(&mut self, field: &'static str, tag: Tag, alignment: Alignment) -> Result<u32, Stopped> {
        if self.is_ndr64() {
            self.align(alignment);
        }
        let value = match tag {
            Tag::Short => u32::from(self.u16(field)?),
            Tag::Long => self.u32(field)?,
            Tag::Enumeration => self.enumeration(field)?,
        };
        if self.is_ndr64() {
            self.align(alignment);
        }
        Ok(value)
    }

    /// An unsigned 8-bit integer.
    pub fn u8(&mut self, field: &'static str) -> Result<u8, Stopped> {
        self.reader.u8(field).map_err(|error| self.stopped(error))
    }

    /// An unsigned 16-bit integer.
    pub fn u16(&mut self, field: &'static str) -> Result<u16, Stopped> {
        self.reader.align(2);
        self.reader.u16(field).map_err(|error| self.stopped(error))
    }

    /// An unsigned 32-bit integer.
    pub fn u32(&mut self, field: &'static str) -> Result<u32, Stopped> {
        self.reader.align(4);
        self.reader.u32(field).map_err(|error| self.stopped(error))
    }

    /// An unsigned 64-bit integer.
    pub fn u64(&mut self, field: &'static str) -> Result<u64, Stopped> {
        self.reader.align(8);
        self.reader.u64(field).map_err(|error| self.stopped(error))
    }

    /// A signed 32-bit integer.
    pub fn i32(&mut self, field: &'static str) -> Result<i32, Stopped> {
        self.u32(field).map(u32::cast_signed)
    }

    /// An enumeration: 16 bits in NDR ([C706] 14.2.5.1), 32 in NDR64 ([MS-RPCE] 2.2.5.2). One that its IDL declares as
    /// `v1_enum` is a [`u32`](Self::u32) in both.
    pub fn enumeration(&mut self, field: &'static str) -> Result<u32, Stopped> {
        match self.syntax {
            Syntax::Ndr => self.u16(field).map(u32::from),
            Syntax::Ndr64 => self.u32(field),
        }
    }

    /// A number that is as wide as a pointer: `__int3264`, `ULONG_PTR` ([MS-RPCE] 3.1.1.5.1.1), or a count.
    pub fn pointer_sized(&mut self, field: &'static str) -> Result<u64, Stopped> {
        match self.syntax {
            Syntax::Ndr => self.u32(field).map(u64::from),
            Syntax::Ndr64 => self.u64(field),
        }
    }

    /// A UUID: a structure aligned to 4.
    pub fn uuid(&mut self, field: &'static str) -> Result<Uuid, Stopped> {
        self.reader.align(4);
        self.reader.uuid(field).map_err(|error| self.stopped(error))
    }

    /// A context handle: a structure aligned to 4.
    pub fn context_handle(&mut self, field: &'static str) -> Result<Handle, Stopped> {
        self.reader.align(4);
        let bytes = self.reader.bytes(field, 20).map_err(|error| self.stopped(error))?;
        Ok(bytes.first_chunk().map(|bytes| Handle(*bytes)).unwrap_or_default())
    }

    /// `count` bytes in place, without alignment and count.
    pub fn fixed_bytes(&mut self, field: &'static str, count: usize) -> Result<&'a [u8], Stopped> {
        self.reader.bytes(field, count).map_err(|error| self.stopped(error))
    }

    /// A FILETIME: two 32-bit halves, the low one first, in units of 100 ns since 1601 ([MS-DTYP] 2.3.3).
    pub fn filetime(&mut self, field: &'static str) -> Result<FileTime, Stopped> {
        let low = self.u32(field)?;
        let high = self.u32(field)?;
        Ok(FileTime(u64::from(high) << 32 | u64::from(low)))
    }

    /// A pointer that is unique, or a reference inside of a structure: its referent stands elsewhere, unless it is null.
    pub fn pointer(&mut self, field: &'static str) -> Result<Pointer, Stopped> {
        Ok(Pointer { has_referent: self.pointer_sized(field)? != 0 })
    }

    /// A full pointer (`ptr` in IDL): one that repeats an identifier has the referent of the earlier one
    /// ([C706] 14.3.11.1).
    pub fn full_pointer(&mut self, field: &'static str) -> Result<Pointer, Stopped> {
        let identifier = self.pointer_sized(field)?;
        let is_known = self.full_pointers.contains(identifier);
        if identifier != 0 {
            self.full_pointers.insert(identifier);
        }
        Ok(Pointer { has_referent: identifier != 0 && !is_known })
    }

    /// Reads what a pointer points to, unless it is null.
    pub fn referent<T>(
        &mut self,
        pointer: Pointer,
        read: impl FnOnce(&mut Self) -> Result<T, Stopped>,
    ) -> Result<Option<T>, Stopped> {
        if pointer.is_null() { Ok(None) } else { read(self).map(Some) }
    }

    /// A unique pointer that is a parameter: its referent follows at once.
    pub fn unique<T>(
        &mut self,
        field: &'static str,
        read: impl FnOnce(&mut Self) -> Result<T, Stopped>,
    ) -> Result<Option<T>, Stopped> {
        let pointer = self.pointer(field)?;
        self.referent(pointer, read)
    }

    /// The last 32 bits of the stub: the status that an operation returned, when what stands before it is not decoded.
    pub fn last_u32(&mut self, field: &'static str) -> Result<u32, Stopped> {
        let left = self.left();
        match left.checked_sub(4) {
            Some(skipped) if self.complete => {
                self.reader.up_to(skipped);
                self.reader.u32(field).map_err(|error| self.stopped(error))
            }
            _ => Err(self.short(field)),
        }
    }
}

/// A time in units of 100 ns since 1601-01-01 UTC.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FileTime(pub u64);

impl FileTime {
    /// The time, unless it stands for none (0, or the largest ones) or is out of range.
    pub fn timestamp(self) -> Option<Timestamp> {
        // From 1601 to 1970, [MS-DTYP] 2.3.3.
        const EPOCHS_APART: u64 = 116_444_736_000_000_000;
        let units = i64::try_from(self.0.checked_sub(EPOCHS_APART)?).ok()?;
        units.checked_mul(100).map(Timestamp)
    }
}
