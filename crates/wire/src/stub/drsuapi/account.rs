//! Operations that change accounts.

use super::{name, reply_version, versioned};
use crate::ndr::{Alignment, Ndr};
use crate::stub::argument::symbol;
use crate::stub::{Decoded, reply};
use rpcscope_model::Stopped;

/// DRS_MSG_SPNREQ ([MS-DRSR] 4.1.28.1.1).
pub(super) fn write_spn(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    if versioned(ndr, call, Alignment::Pointer)? != 1 {
        return Err(ndr.unsupported("pmsgIn"));
    }
    ndr.align(Alignment::Pointer);
    call.put("operation", symbol(ndr.u32("operation")?, SPN_OPERATIONS));
    call.put("flags", ndr.u32("flags")?);
    let account = ndr.pointer("pwszAccount")?;
    ndr.u32("cSPN")?;
    let names = ndr.pointer("rpwszSPN")?;
    call.put("account", ndr.referent(account, |ndr| ndr.wide_string("pwszAccount"))?);
    if names.is_null() { Ok(()) } else { name::texts(ndr, call, "spns", "rpwszSPN") }
}

/// A response that is an error besides the status.
pub(super) fn written(
    ndr: &mut Ndr<'_>,
    call: &mut Decoded,
    request: Option<&Decoded>,
) -> Result<(), Stopped> {
    if reply_version(ndr, Alignment::Four)? == 1 {
        call.put("result", ndr.u32("retVal")?);
    }
    reply::status_at_end(ndr, call, request)
}

/// DRS_MSG_ADDSIDREQ ([MS-DRSR] 4.1.2.1.1). Of the password, only the length is told.
pub(super) fn add_sid_history(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    if versioned(ndr, call, Alignment::Pointer)? != 1 {
        return Err(ndr.unsupported("pmsgIn"));
    }
    ndr.align(Alignment::Pointer);
    call.put("flags", ndr.u32("Flags")?);
    let source_domain = ndr.pointer("SrcDomain")?;
    let source_account = ndr.pointer("SrcPrincipal")?;
    let source_controller = ndr.full_pointer("SrcDomainController")?;
    ndr.u32("SrcCredsUserLength")?;
    let user = ndr.pointer("SrcCredsUser")?;
    ndr.u32("SrcCredsDomainLength")?;
    let user_domain = ndr.pointer("SrcCredsDomain")?;
    let password_length = ndr.u32("SrcCredsPasswordLength")?;
    let password = ndr.pointer("SrcCredsPassword")?;
    let domain = ndr.pointer("DstDomain")?;
    let account = ndr.pointer("DstPrincipal")?;
    for (name, field, pointer) in [
        ("source_domain", "SrcDomain", source_domain),
        ("source_account", "SrcPrincipal", source_account),
        ("source_domain_controller", "SrcDomainController", source_controller),
    ] {
        call.put(name, ndr.referent(pointer, |ndr| ndr.wide_string(field))?);
    }
    call.put("user", ndr.referent(user, |ndr| ndr.conformant_wide("SrcCredsUser"))?);
    call.put("user_domain", ndr.referent(user_domain, |ndr| ndr.conformant_wide("SrcCredsDomain"))?);
    let has_password = ndr.referent(password, |ndr| ndr.conformant_wide("SrcCredsPassword"))?.is_some();
    call.put("password_bytes", has_password.then(|| u64::from(password_length) * 2));
    call.put("domain", ndr.referent(domain, |ndr| ndr.wide_string("DstDomain"))?);
    call.put("account", ndr.referent(account, |ndr| ndr.wide_string("DstPrincipal"))?);
    Ok(())
}

/// DRS_MSG_ADDCLONEDCREQ ([MS-DRSR] 4.1.29.1.1).
pub(super) fn clone_domain_controller(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    if versioned(ndr, call, Alignment::Pointer)? != 1 {
        return Err(ndr.unsupported("pmsgIn"));
    }
    let machine = ndr.pointer("pwszCloneDCName")?;
    let site = ndr.pointer("pwszSite")?;
    call.put("machine", ndr.referent(machine, |ndr| ndr.wide_string("pwszCloneDCName"))?);
    call.put("site", ndr.referent(site, |ndr| ndr.wide_string("pwszSite"))?);
    Ok(())
}

/// DRS_MSG_WRITENGCKEYREQ ([MS-DRSR] 4.1.30.1.1). The key is public, but says nothing.
pub(super) fn write_key(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    if versioned(ndr, call, Alignment::Pointer)? != 1 {
        return Err(ndr.unsupported("pmsgIn"));
    }
    let account = ndr.pointer("pwszAccount")?;
    ndr.u32("cNgcKey")?;
    let _key = ndr.pointer("pNgcKey")?;
    call.put("account", ndr.referent(account, |ndr| ndr.wide_string("pwszAccount"))?);
    Ok(())
}

/// DRS_MSG_READNGCKEYREQ ([MS-DRSR] 4.1.31.1.1).
pub(super) fn read_key(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    if versioned(ndr, call, Alignment::Pointer)? != 1 {
        return Err(ndr.unsupported("pmsgIn"));
    }
    call.put("account", ndr.unique("pwszAccount", |ndr| ndr.wide_string("pwszAccount"))?);
    Ok(())
}

/// DS_SPN_OPERATION ([MS-DRSR] 4.1.28.1.5).
const SPN_OPERATIONS: &[(u32, &str)] = &[(0, "add"), (1, "replace"), (2, "delete")];
