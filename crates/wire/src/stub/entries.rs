//! A count and a pointer to an array of so many elements: how most lists are encoded.

use crate::ndr::{Alignment, Ndr};
use rpcscope_model::Stopped;

/// Reads the count, the pointer and the count before the array, when that follows at once: the structure is a parameter,
/// or stands behind a pointer. `None`: there is no array.
pub(super) fn entries(ndr: &mut Ndr<'_>, field: &'static str) -> Result<Option<usize>, Stopped> {
    ndr.align(Alignment::Pointer);
    ndr.u32(field)?;
    ndr.unique(field, |ndr| ndr.count(field))
}
