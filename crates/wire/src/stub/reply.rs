//! Responses that many operations share.

use super::Decoded;
use crate::ndr::Ndr;
use rpcscope_model::Stopped;

/// Nothing but a status.
pub(super) fn status(
    ndr: &mut Ndr<'_>,
    call: &mut Decoded,
    _request: Option<&Decoded>,
) -> Result<(), Stopped> {
    call.put_status(ndr.u32("return value")?);
    Ok(())
}

/// A context handle and a status: of an operation that opens something, or that closes it and gives a null handle back.
pub(super) fn handle_and_status(
    ndr: &mut Ndr<'_>,
    call: &mut Decoded,
    _request: Option<&Decoded>,
) -> Result<(), Stopped> {
    let handle = ndr.context_handle("context handle")?;
    status(ndr, call, None)?;
    call.opens(handle);
    Ok(())
}

/// A status after things that are not decoded.
pub(super) fn status_at_end(
    ndr: &mut Ndr<'_>,
    call: &mut Decoded,
    _request: Option<&Decoded>,
) -> Result<(), Stopped> {
    call.put_status(ndr.last_u32("return value")?);
    Ok(())
}
