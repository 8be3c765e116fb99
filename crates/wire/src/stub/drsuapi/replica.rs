//! Operations on the topology of replication: who replicates what from whom.

use super::replication::put_naming_context;
use super::versioned;
use crate::ndr::{Alignment, Ndr, Pointer};
use crate::stub::Decoded;
use crate::stub::argument::symbol;
use rpcscope_model::Stopped;

pub(super) const FIELDS: &[&str] = &[
    "version",
    "naming_context",
    "naming_context_guid",
    "source",
    "source_dsa",
    "source_dn",
    "transport",
    "destination",
    "destination_dsa",
    "flags",
    "modified_fields",
    "options",
    "status",
];

/// A version of a structure without 64-bit members.
fn message(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<u32, Stopped> {
    let version = versioned(ndr, call, Alignment::Pointer)?;
    ndr.align(Alignment::Pointer);
    Ok(version)
}

fn put_narrow(
    ndr: &mut Ndr<'_>,
    call: &mut Decoded,
    name: &'static str,
    field: &'static str,
    pointer: Pointer,
) -> Result<(), Stopped> {
    call.put(name, ndr.referent(pointer, |ndr| ndr.narrow_string(field))?);
    Ok(())
}

/// REPLTIMES ([MS-DRSR] 5.165).
fn schedule(ndr: &mut Ndr<'_>) -> Result<(), Stopped> {
    ndr.fixed_bytes("rtSchedule", 84).map(|_| ())
}

/// What later versions add before the referents.
fn correlation(ndr: &mut Ndr<'_>) -> Result<(), Stopped> {
    ndr.uuid("correlationID")?;
    let _reserved = ndr.pointer("pReservedBuffer")?;
    Ok(())
}

/// DRS_MSG_REPSYNC ([MS-DRSR] 4.1.23.1.1).
pub(super) fn sync(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    let version = message(ndr, call)?;
    if !matches!(version, 1 | 2) {
        return Err(ndr.unsupported("pmsgSync"));
    }
    let naming_context = ndr.pointer("pNC")?;
    let source_dsa = ndr.uuid("uuidDsaSrc")?;
    call.put("source_dsa", Some(source_dsa).filter(|dsa| !dsa.is_nil()));
    let source = ndr.pointer("pszDsaSrc")?;
    call.put("options", ndr.u32("ulOptions")?);
    if version == 2 {
        correlation(ndr)?;
    }
    put_naming_context(ndr, call, naming_context)?;
    put_narrow(ndr, call, "source", "pszDsaSrc", source)
}

/// DRS_MSG_UPDREFS ([MS-DRSR] 4.1.26.1.1).
pub(super) fn update_references(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    let version = message(ndr, call)?;
    if !matches!(version, 1 | 2) {
        return Err(ndr.unsupported("pmsgUpdRefs"));
    }
    let naming_context = ndr.pointer("pNC")?;
    let destination = ndr.pointer("pszDsaDest")?;
    call.put("destination_dsa", ndr.uuid("uuidDsaObjDest")?);
    call.put("options", ndr.u32("ulOptions")?);
    if version == 2 {
        correlation(ndr)?;
    }
    put_naming_context(ndr, call, naming_context)?;
    put_narrow(ndr, call, "destination", "pszDsaDest", destination)
}

/// DRS_MSG_REPADD ([MS-DRSR] 4.1.19.1.1).
pub(super) fn add(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    let version = message(ndr, call)?;
    if !matches!(version, 1..=3) {
        return Err(ndr.unsupported("pmsgAdd"));
    }
    let naming_context = ndr.pointer("pNC")?;
    let names =
        if version == 1 { None } else { Some((ndr.pointer("pSourceDsaDN")?, ndr.pointer("pTransportDN")?)) };
    let source = ndr.pointer("pszDsaSrc")?;
    schedule(ndr)?;
    call.put("options", ndr.u32("ulOptions")?);
    if version == 3 {
        correlation(ndr)?;
    }
    put_naming_context(ndr, call, naming_context)?;
    if let Some((source_dn, transport)) = names {
        for (name, field, pointer) in
            [("source_dn", "pSourceDsaDN", source_dn), ("transport", "pTransportDN", transport)]
        {
            let found = ndr.referent(pointer, |ndr| super::name::ds_name(ndr, field))?;
            call.put(name, found.and_then(super::name::DsName::text));
        }
    }
    put_narrow(ndr, call, "source", "pszDsaSrc", source)
}

/// DRS_MSG_REPDEL ([MS-DRSR] 4.1.20.1.1).
pub(super) fn delete(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    if message(ndr, call)? != 1 {
        return Err(ndr.unsupported("pmsgDel"));
    }
    let naming_context = ndr.pointer("pNC")?;
    let source = ndr.pointer("pszDsaSrc")?;
    call.put("options", ndr.u32("ulOptions")?);
    put_naming_context(ndr, call, naming_context)?;
    put_narrow(ndr, call, "source", "pszDsaSrc", source)
}

/// DRS_MSG_REPMOD ([MS-DRSR] 4.1.22.1.1).
pub(super) fn modify(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    if message(ndr, call)? != 1 {
        return Err(ndr.unsupported("pmsgMod"));
    }
    let naming_context = ndr.pointer("pNC")?;
    call.put("source_dsa", ndr.uuid("uuidSourceDRA")?);
    let source = ndr.pointer("pszSourceDRA")?;
    schedule(ndr)?;
    call.put("flags", ndr.u32("ulReplicaFlags")?);
    call.put("modified_fields", ndr.u32("ulModifyFields")?);
    call.put("options", ndr.u32("ulOptions")?);
    put_naming_context(ndr, call, naming_context)?;
    put_narrow(ndr, call, "source", "pszSourceDRA", source)
}

/// DRS_MSG_REPVERIFYOBJ ([MS-DRSR] 4.1.24.1.1).
pub(super) fn verify_objects(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    if message(ndr, call)? != 1 {
        return Err(ndr.unsupported("pmsgVerify"));
    }
    let naming_context = ndr.pointer("pNC")?;
    call.put("source_dsa", ndr.uuid("uuidDsaSrc")?);
    call.put("options", ndr.u32("ulOptions")?);
    put_naming_context(ndr, call, naming_context)
}

/// DRS_MSG_RMSVRREQ ([MS-DRSR] 4.1.18.1.1).
pub(super) fn remove_server(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    if message(ndr, call)? != 1 {
        return Err(ndr.unsupported("pmsgIn"));
    }
    let server = ndr.pointer("ServerDN")?;
    let domain = ndr.pointer("DomainDN")?;
    call.put("commit", ndr.u32("fCommit")? != 0);
    call.put("server", ndr.referent(server, |ndr| ndr.wide_string("ServerDN"))?);
    call.put("domain", ndr.referent(domain, |ndr| ndr.wide_string("DomainDN"))?);
    Ok(())
}

/// DRS_MSG_RMDMNREQ ([MS-DRSR] 4.1.17.1.1).
pub(super) fn remove_domain(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    if message(ndr, call)? != 1 {
        return Err(ndr.unsupported("pmsgIn"));
    }
    call.put("domain", ndr.unique("DomainDN", |ndr| ndr.wide_string("DomainDN"))?);
    Ok(())
}

/// DRS_MSG_KCC_EXECUTE ([MS-DRSR] 4.1.6.1.1).
pub(super) fn check_consistency(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    if versioned(ndr, call, Alignment::Four)? != 1 {
        return Err(ndr.unsupported("pmsgIn"));
    }
    call.put("task", ndr.u32("dwTaskID")?);
    call.put("flags", ndr.u32("dwFlags")?);
    Ok(())
}

/// DRS_MSG_GETREPLINFO_REQ ([MS-DRSR] 4.1.13.1.1).
pub(super) fn information(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    let version = message(ndr, call)?;
    if !matches!(version, 1 | 2) {
        return Err(ndr.unsupported("pmsgIn"));
    }
    call.put("information", symbol(ndr.u32("InfoType")?, INFORMATION));
    let object = ndr.pointer("pszObjectDN")?;
    let source = ndr.uuid("uuidSourceDsaObjGuid")?;
    call.put("source_dsa", Some(source).filter(|source| !source.is_nil()));
    if version == 2 {
        ndr.u32("ulFlags")?;
        let _attribute = ndr.pointer("pszAttributeName")?;
        let _value = ndr.pointer("pszValueDN")?;
        ndr.u32("dwEnumerationContext")?;
    }
    call.put("object", ndr.referent(object, |ndr| ndr.wide_string("pszObjectDN"))?);
    Ok(())
}

/// DS_REPL_INFO codes ([MS-DRSR] 4.1.13.1.4).
const INFORMATION: &[(u32, &str)] = &[
    (0, "neighbors"),
    (1, "cursors"),
    (2, "object_metadata"),
    (3, "connect_failures"),
    (4, "link_failures"),
    (5, "pending_operations"),
    (6, "attribute_value_metadata"),
    (7, "cursors_2"),
    (8, "cursors_3"),
    (9, "object_metadata_2"),
    (10, "attribute_value_metadata_2"),
    (0xffff_fffa, "outgoing_calls"),
    (0xffff_fffb, "up_to_date_vector"),
    (0xffff_fffc, "client_contexts"),
    (0xffff_fffe, "replicas_to"),
];
