//! BSTR: the strings of OLE Automation and WMI.

use crate::ndr::{Ndr, Wide};
use rpcscope_model::{Stopped, Text};

/// A BSTR that is a parameter, unless it is null ([MS-OAUT] 2.2.23.2).
pub(super) fn parameter(
    ndr: &mut Ndr<'_>,
    field: &'static str,
    limit: usize,
) -> Result<Option<Text>, Stopped> {
    ndr.unique(field, |ndr| referent(ndr, field, limit))
}

/// What a BSTR points to: a counted string of 16-bit characters ([MS-OAUT] 2.2.23.1).
pub(super) fn referent(ndr: &mut Ndr<'_>, field: &'static str, limit: usize) -> Result<Text, Stopped> {
    let count = ndr.count(field)?;
    ndr.u32("cBytes")?;
    ndr.u32("clSize")?;
    let (bytes, cut) = ndr.run(field, count, 2)?;
    Ok(ndr.text(|order| Wide::counted(bytes, order, cut).text(limit)))
}
