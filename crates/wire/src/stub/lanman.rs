//! The structures of the LAN Manager interfaces srvsvc and wkssvc: levels of rows of numbers and strings, as tables.

use super::argument::symbol;
use super::entries::entries;
use super::principals::filled;
use super::{Argument, Decoded, reply};
use crate::ndr::{Alignment, Ndr, Pointer, Tag};
use rpcscope_model::{Stopped, Value};

/// A member of a structure, with its name in output.
#[derive(Clone, Copy)]
pub(super) enum Member {
    /// A string behind a pointer.
    Text(&'static str),
    /// A password behind a pointer, of which only the length in bytes is told.
    Password(&'static str),
    /// A 32-bit number.
    Number(&'static str),
    /// A 32-bit number with names.
    Symbol(&'static str, &'static [(u32, &'static str)]),
    /// A 32-bit number that is not told.
    Ignored,
    /// Bytes behind a pointer that are not told.
    Bytes,
}

/// The members of a structure in order, at most [`MAX_MEMBERS`].
pub(super) type Layout = &'static [Member];

/// The layouts of the levels of a union.
pub(super) type Levels = &'static [(u32, Layout)];

/// Members of the largest structure. All tables are checked with [`fit`] when they are compiled.
const MAX_MEMBERS: usize = 13;

/// Whether no structure has more members than are read.
pub(super) const fn fit(levels: Levels) -> bool {
    let mut at = 0;
    while at < levels.len() {
        if levels[at].1.len() > MAX_MEMBERS {
            return false;
        }
        at += 1;
    }
    true
}

/// A member in place.
#[derive(Clone, Copy)]
enum Slot {
    Number(u32),
    Pointer(Pointer),
}

type Slots = [Option<Slot>; MAX_MEMBERS];

/// The server name that operations begin with.
pub(super) fn machine(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    optional(ndr, call, "ServerName", "machine")
}

/// A string that may be left out or be empty.
pub(super) fn optional(
    ndr: &mut Ndr<'_>,
    call: &mut Decoded,
    field: &'static str,
    name: &'static str,
) -> Result<(), Stopped> {
    call.put(name, filled(ndr.unique(field, |ndr| ndr.wide_string(field))?));
    Ok(())
}

/// The level that is asked for.
pub(super) fn level(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    call.put("level", ndr.u32("Level")?);
    Ok(())
}

/// A union of pointers to one structure. Its members become arguments, unless the call has told them before: when
/// something is set, the name in the structure does not count. False: what is pointed to was not read.
pub(super) fn information(ndr: &mut Ndr<'_>, call: &mut Decoded, levels: Levels) -> Result<bool, Stopped> {
    let level = ndr.union_tag("Level", Tag::Long, Alignment::Pointer)?;
    if ndr.pointer("Info")?.is_null() {
        return Ok(true);
    }
    let Some(layout) = layout(levels, level) else { return Ok(false) };
    let slots = in_place(ndr, layout)?;
    for (member, slot) in layout.iter().zip(slots) {
        if let Some((name, value)) = told(ndr, *member, slot)?
            && call.arguments.get(name).is_none()
        {
            call.put(name, value);
        }
    }
    Ok(true)
}

/// The answer to a question for such a union.
pub(super) fn information_and_status(
    ndr: &mut Ndr<'_>,
    call: &mut Decoded,
    request: Option<&Decoded>,
    levels: Levels,
) -> Result<(), Stopped> {
    if information(ndr, call, levels)? {
        reply::status(ndr, call, request)
    } else {
        reply::status_at_end(ndr, call, request)
    }
}

/// An enumeration as it is asked for: a level and a union of pointers to containers, which are empty.
pub(super) fn enumeration(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    ndr.align(Alignment::Pointer);
    level(ndr, call)
}

/// An enumeration as it is answered: the level, the union of pointers to containers, the number of entries in all, where
/// to go on, and the status.
pub(super) fn enumerated(
    ndr: &mut Ndr<'_>,
    call: &mut Decoded,
    request: Option<&Decoded>,
    name: &'static str,
    levels: Levels,
) -> Result<(), Stopped> {
    enumeration(ndr, call)?;
    let level = ndr.union_tag("Level", Tag::Long, Alignment::Pointer)?;
    if !ndr.pointer("Container")?.is_null() {
        let Some(layout) = layout(levels, level) else {
            return reply::status_at_end(ndr, call, request);
        };
        if let Some(count) = entries(ndr, "Buffer")? {
            call.list_with_referents(
                name,
                ndr,
                count,
                |ndr| in_place(ndr, layout),
                |ndr, slots| {
                    let mut fields = Vec::with_capacity(layout.len());
                    for (member, slot) in layout.iter().zip(slots) {
                        if let Some((name, value)) = told(ndr, *member, slot)? {
                            fields.push((name.into(), value));
                        }
                    }
                    Ok(Value::Fields(fields))
                },
            )?;
        }
    }
    ndr.u32("TotalEntries")?;
    ndr.unique("ResumeHandle", |ndr| ndr.u32("ResumeHandle"))?;
    reply::status(ndr, call, request)
}

fn layout(levels: Levels, level: u32) -> Option<Layout> {
    levels.iter().find(|(known, _)| *known == level).map(|(_, layout)| *layout)
}

fn in_place(ndr: &mut Ndr<'_>, layout: Layout) -> Result<Slots, Stopped> {
    let is_number =
        |member: &Member| matches!(member, Member::Number(_) | Member::Symbol(..) | Member::Ignored);
    let alignment = if layout.iter().all(is_number) { Alignment::Four } else { Alignment::Pointer };
    ndr.structure(alignment, |ndr| {
        let mut slots = [None; MAX_MEMBERS];
        for (slot, member) in slots.iter_mut().zip(layout) {
            let field = member.field();
            *slot = Some(match member {
                Member::Text(_) | Member::Password(_) | Member::Bytes => Slot::Pointer(ndr.pointer(field)?),
                Member::Number(_) | Member::Symbol(..) | Member::Ignored => Slot::Number(ndr.u32(field)?),
            });
        }
        Ok(slots)
    })
}

/// Reads what a member points to; its name and value, when there is something to tell.
fn told(
    ndr: &mut Ndr<'_>,
    member: Member,
    slot: Option<Slot>,
) -> Result<Option<(&'static str, Value)>, Stopped> {
    let value = match (member, slot) {
        (Member::Text(field), Some(Slot::Pointer(pointer))) => {
            filled(ndr.referent(pointer, |ndr| ndr.wide_string(field))?).value()
        }
        (Member::Password(field), Some(Slot::Pointer(pointer))) => {
            let password = filled(ndr.referent(pointer, |ndr| ndr.wide_string(field))?);
            let units = password.map(|password| password.string.encode_utf16().count());
            units.and_then(|units| u64::try_from(units).ok()).map(|units| units.saturating_mul(2)).value()
        }
        (Member::Bytes, Some(Slot::Pointer(pointer))) => {
            ndr.referent(pointer, |ndr| ndr.conformant_bytes("Bytes"))?;
            None
        }
        (Member::Number(_), Some(Slot::Number(number))) => number.value(),
        (Member::Symbol(_, names), Some(Slot::Number(number))) => symbol(number, names).value(),
        _ => None,
    };
    Ok(value.map(|value| (member.field(), value)))
}

impl Member {
    /// Its name; errors name it too.
    const fn field(self) -> &'static str {
        match self {
            Self::Text(name) | Self::Password(name) | Self::Number(name) | Self::Symbol(name, _) => name,
            Self::Ignored => "number",
            Self::Bytes => "bytes",
        }
    }
}
