//! Shutdowns: what the three interfaces for them share ([MS-RSP] 6).

use super::Decoded;
use crate::ndr::Ndr;
use rpcscope_model::Stopped;

/// The arguments that [`initiate`] and [`initiate_with_reason`] give.
pub(super) const FIELDS: &[&str] = &["message", "delay_seconds", "force", "reboot", "reason", "status"];

/// BaseInitiateShutdown, BaseInitiateSystemShutdown.
pub(super) fn initiate(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    server_name(ndr)?;
    message(ndr, call)?;
    call.put("delay_seconds", ndr.u32("dwTimeout")?);
    call.put("force", ndr.u8("bForceAppsClosed")? != 0);
    call.put("reboot", ndr.u8("bRebootAfterShutdown")? != 0);
    Ok(())
}

/// The same with a reason ([MS-RSP] 2.3).
pub(super) fn initiate_with_reason(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    initiate(ndr, call)?;
    call.put("reason", ndr.u32("dwReason")?);
    Ok(())
}

/// BaseAbortShutdown, BaseAbortSystemShutdown: nothing to tell.
pub(super) fn abort(ndr: &mut Ndr<'_>, _call: &mut Decoded) -> Result<(), Stopped> {
    server_name(ndr)
}

/// A message, which is a REG_UNICODE_STRING behind a pointer.
pub(super) fn message(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    let message = ndr.unique("lpMessage", |ndr| ndr.unicode_string("lpMessage"))?;
    call.put("message", message);
    Ok(())
}

/// PREGISTRY_SERVER_NAME: a pointer to one character, which means nothing.
pub(super) fn server_name(ndr: &mut Ndr<'_>) -> Result<(), Stopped> {
    ndr.unique("ServerName", |ndr| ndr.u16("ServerName")).map(|_| ())
}
