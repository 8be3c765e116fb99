//! VARIANT: the values of OLE Automation ([MS-OAUT] 2.2.29).

use super::bstr;
use crate::dcom::Objref;
use crate::ndr::{Alignment, Ndr, Tag};
use rpcscope_model::{Stopped, Text, Value};

/// What a VARIANT points to. `None` for one that is empty.
///
/// Numbers in it have their least significant byte first, whatever the call says: a call with another order is not
/// decoded. The length that it starts with is not believed, since common clients send a constant.
pub(super) fn referent(ndr: &mut Ndr<'_>) -> Result<Option<Value>, Stopped> {
    let kind = head(ndr)?;
    if kind & BY_REFERENCE == 0 {
        return value(ndr, kind);
    }
    let pointer = ndr.pointer("pvarVal")?;
    Ok(ndr.referent(pointer, |ndr| by_reference(ndr, kind & !BY_REFERENCE))?.flatten())
}

/// What stands before the value: length, reserved fields, and the type, twice.
fn head(ndr: &mut Ndr<'_>) -> Result<u32, Stopped> {
    ndr.align(Alignment::Eight);
    ndr.u32("clSize")?;
    ndr.u32("rpcReserved")?;
    ndr.u16("vt")?;
    ndr.fixed_bytes("wReserved1", 6)?;
    ndr.union_tag("vt", Tag::Long, Alignment::Eight)
}

/// A value behind a pointer; one that is a VARIANT again, as scripts pass their variables, holds no further one.
fn by_reference(ndr: &mut Ndr<'_>, kind: u32) -> Result<Option<Value>, Stopped> {
    if kind != VARIANT {
        return value(ndr, kind);
    }
    let pointer = ndr.pointer("pvarVal")?;
    let inner = ndr.referent(pointer, |ndr| {
        let kind = head(ndr)?;
        value(ndr, kind)
    })?;
    Ok(inner.flatten())
}

/// Source: [MS-OAUT] 2.2.7 for the numbers.
fn value(ndr: &mut Ndr<'_>, kind: u32) -> Result<Option<Value>, Stopped> {
    Ok(Some(match kind {
        0 | 1 => return Ok(None),
        2 => Value::Signed(i64::from(ndr.u16("iVal")?.cast_signed())),
        3 | 22 => Value::Signed(i64::from(ndr.i32("lVal")?)),
        4 => real(f32::from_bits(ndr.u32("fltVal")?)),
        // A date counts days since 1899-12-30.
        5 | 7 => real(f64::from_bits(ndr.u64("dblVal")?)),
        // Units of 1/10,000.
        6 => Value::Signed(ndr.u64("cyVal")?.cast_signed()),
        8 => {
            let pointer = ndr.pointer("bstrVal")?;
            let text =
                ndr.referent(pointer, |ndr| bstr::referent(ndr, "bstrVal", Text::MAX_DOCUMENT_CHARS))?;
            Value::Text(text.unwrap_or_default())
        }
        9 | 13 => {
            let pointer = ndr.pointer("pdispVal")?;
            let objref = ndr.referent(pointer, |ndr| Objref::read(ndr, "pdispVal"))?.flatten();
            let Some(std) = objref.as_ref().and_then(Objref::std) else { return Ok(None) };
            Value::Uuid(std.ipid.0)
        }
        10 => Value::Status(ndr.u32("scode")?),
        11 => Value::Flag(ndr.u16("boolVal")? != 0),
        16 => Value::Signed(i64::from(ndr.u8("cVal")?.cast_signed())),
        17 => Value::Number(u64::from(ndr.u8("bVal")?)),
        18 => Value::Number(u64::from(ndr.u16("uiVal")?)),
        19 | 23 => Value::Number(u64::from(ndr.u32("ulVal")?)),
        20 => Value::Signed(ndr.u64("llVal")?.cast_signed()),
        21 => Value::Number(ndr.u64("ullVal")?),
        // Arrays, records and decimals.
        _ => return Err(ndr.unsupported("vt")),
    }))
}

/// A floating point number, with an exponent when it is very large or very small: hundreds of digits would cost more than
/// all else in a call.
pub(super) fn real(number: impl std::fmt::Debug) -> Value {
    Value::Text(Text::whole(format!("{number:?}")))
}

/// `VT_BYREF`: the value stands behind a pointer.
const BY_REFERENCE: u32 = 0x4000;
/// `VT_VARIANT`.
const VARIANT: u32 = 12;
