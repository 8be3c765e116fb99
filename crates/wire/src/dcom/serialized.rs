//! Values in type serialization version 1: NDR in a box that says its byte order.

use crate::ByteOrder;
use crate::ndr::{Ndr, Stub, Syntax};
use rpcscope_model::{List, StopReason, Stopped};
use uuid::Uuid;

/// Opens the box around a value. Alignment counts from the value's start, which is a multiple of eight in the box.
///
/// Source: [MS-RPCE] 2.2.6.1 and 2.2.6.2: a common header and a private header of eight bytes each.
pub(super) fn open(bytes: &[u8]) -> Result<Ndr<'_>, Stopped> {
    let Some((header, value)) = bytes.split_at_checked(HEADERS_BYTES) else {
        return Err(Stopped { reason: StopReason::Short, field: "CommonTypeHeader", offset: 0 });
    };
    let order = match header {
        [1, 0, ..] => ByteOrder::Big,
        [1, ..] => ByteOrder::Little,
        _ => return Err(Stopped { reason: StopReason::Malformed, field: "Version", offset: 0 }),
    };
    Ok(Ndr::new(Stub { bytes: value, order, syntax: Syntax::Ndr, complete: true }))
}

/// Length of both headers, in bytes.
const HEADERS_BYTES: usize = 16;

/// A conformant array of UUIDs, the first 64 of them.
pub(super) fn uuids(ndr: &mut Ndr<'_>, field: &'static str) -> Result<Vec<Uuid>, Stopped> {
    first(ndr, field, |ndr| ndr.uuid(field))
}

/// A conformant array of elements without referents, the first 64 of them. An activation has a handful.
pub(crate) fn first<T>(
    ndr: &mut Ndr<'_>,
    field: &'static str,
    element: impl FnMut(&mut Ndr<'_>) -> Result<T, Stopped>,
) -> Result<Vec<T>, Stopped> {
    let count = ndr.count(field)?;
    let mut items = ndr.elements(field, count, element)?.items;
    items.truncate(List::MAX);
    Ok(items)
}
