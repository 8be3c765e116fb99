//! IDL_DRSGetNCChanges ([MS-DRSR] 4.1.10): what is replicated, and to whom.

use super::name::ds_name;
use super::{reply_version, versioned};
use crate::ndr::{Alignment, Ndr, Pointer};
use crate::stub::argument::symbol;
use crate::stub::{Decoded, reply};
use rpcscope_model::Stopped;

pub(super) const FIELDS: &[&str] = &[
    "version",
    "naming_context",
    "naming_context_guid",
    "destination_dsa",
    "source_invocation",
    "flags",
    "max_objects",
    "max_bytes",
    "extended_operation",
    "more_flags",
    "correlation_id",
    "reply_version",
    "source_dsa",
    "extended_result",
    "objects",
    "more_data",
    "compressed_bytes",
    "uncompressed_bytes",
    "status",
];

/// DRS_MSG_GETCHGREQ. All versions hold a 64-bit number.
pub(super) fn changes(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    let version = versioned(ndr, call, Alignment::Eight)?;
    ndr.align(Alignment::Eight);
    match version {
        4 | 7 => by_mail(ndr, call, version),
        5 | 8 | 10 | 11 => by_call(ndr, call, version),
        _ => Err(ndr.unsupported("pmsgIn")),
    }
}

/// DRS_MSG_GETCHGREQ_V5, V8, V10 and V11: each adds members to the last.
fn by_call(ndr: &mut Ndr<'_>, call: &mut Decoded, version: u32) -> Result<(), Stopped> {
    let naming_context = destination(ndr, call)?;
    let _up_to_date = ndr.pointer("pUpToDateVecDest")?;
    limits(ndr, call)?;
    ndr.u64("liFsmoInfo")?;
    if version >= 8 {
        partial_attributes(ndr)?;
    }
    if version >= 10 {
        call.put("more_flags", ndr.u32("ulMoreFlags")?);
    }
    if version >= 11 {
        call.put("correlation_id", ndr.uuid("correlationID")?);
        let _reserved = ndr.pointer("pReservedBuffer")?;
    }
    put_naming_context(ndr, call, naming_context)
}

/// DRS_MSG_GETCHGREQ_V4 and V7: the answer goes to a mail address, which stands before DRS_MSG_GETCHGREQ_V3.
fn by_mail(ndr: &mut Ndr<'_>, call: &mut Decoded, version: u32) -> Result<(), Stopped> {
    ndr.uuid("uuidTransportObj")?;
    let address = ndr.pointer("pmtxReturnAddress")?;
    ndr.align(Alignment::Eight);
    let naming_context = destination(ndr, call)?;
    let _up_to_date = ndr.pointer("pUpToDateVecDestV1")?;
    let _partial = ndr.pointer("pPartialAttrVecDestV1")?;
    prefix_table(ndr)?;
    limits(ndr, call)?;
    // DRS_MSG_GETCHGREQ_V3 is aligned to 8, and NDR64 pads its end.
    if ndr.is_ndr64() {
        ndr.align(Alignment::Eight);
    }
    if version >= 7 {
        partial_attributes(ndr)?;
    }
    ndr.referent(address, |ndr| {
        let count = ndr.count("mtx_name")?;
        ndr.u32("mtx_namelen")?;
        ndr.run("mtx_name", count, 1)
    })?;
    put_naming_context(ndr, call, naming_context)
}

/// Who asks, whom, for which naming context, and since when.
fn destination(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<Pointer, Stopped> {
    call.put("destination_dsa", ndr.uuid("uuidDsaObjDest")?);
    let source = ndr.uuid("uuidInvocIdSrc")?;
    call.put("source_invocation", Some(source).filter(|source| !source.is_nil()));
    let naming_context = ndr.pointer("pNC")?;
    usn_vector(ndr)?;
    Ok(naming_context)
}

/// USN_VECTOR ([MS-DRSR] 5.210).
fn usn_vector(ndr: &mut Ndr<'_>) -> Result<(), Stopped> {
    for field in ["usnHighObjUpdate", "usnReserved", "usnHighPropUpdate"] {
        ndr.u64(field)?;
    }
    Ok(())
}

fn limits(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    call.put("flags", ndr.u32("ulFlags")?);
    call.put("max_objects", ndr.u32("cMaxObjects")?);
    call.put("max_bytes", ndr.u32("cMaxBytes")?);
    call.put("extended_operation", symbol(ndr.u32("ulExtendedOp")?, EXTENDED_OPERATIONS));
    Ok(())
}

fn partial_attributes(ndr: &mut Ndr<'_>) -> Result<(), Stopped> {
    let _partial = ndr.pointer("pPartialAttrSet")?;
    let _partial = ndr.pointer("pPartialAttrSetEx")?;
    prefix_table(ndr)
}

/// SCHEMA_PREFIX_TABLE ([MS-DRSR] 5.180), in place.
fn prefix_table(ndr: &mut Ndr<'_>) -> Result<(), Stopped> {
    ndr.align(Alignment::Pointer);
    ndr.u32("PrefixCount")?;
    let _entries = ndr.pointer("pPrefixEntry")?;
    Ok(())
}

pub(super) fn put_naming_context(
    ndr: &mut Ndr<'_>,
    call: &mut Decoded,
    pointer: Pointer,
) -> Result<(), Stopped> {
    if let Some(name) = ndr.referent(pointer, |ndr| ds_name(ndr, "pNC"))? {
        call.put("naming_context_guid", Some(name.guid).filter(|guid| !guid.is_nil()));
        call.put("naming_context", name.text());
    }
    Ok(())
}

/// DRS_MSG_GETCHGREPLY, as far as it counts: objects and their values are not read.
pub(super) fn changed(
    ndr: &mut Ndr<'_>,
    call: &mut Decoded,
    request: Option<&Decoded>,
) -> Result<(), Stopped> {
    let version = reply_version(ndr, Alignment::Eight)?;
    call.put("reply_version", version);
    match version {
        1 | 6 | 9 => {
            ndr.align(Alignment::Eight);
            call.put("source_dsa", ndr.uuid("uuidDsaObjSrc")?);
            ndr.uuid("uuidInvocIdSrc")?;
            let _naming_context = ndr.pointer("pNC")?;
            usn_vector(ndr)?;
            usn_vector(ndr)?;
            let _up_to_date = ndr.pointer("pUpToDateVecSrc")?;
            prefix_table(ndr)?;
            call.put("extended_result", symbol(ndr.u32("ulExtendedRet")?, EXTENDED_RESULTS));
            call.put("objects", ndr.u32("cNumObjects")?);
            ndr.u32("cNumBytes")?;
            let _objects = ndr.pointer("pObjects")?;
            call.put("more_data", ndr.u32("fMoreData")? != 0);
        }
        2 => compressed(ndr, call)?,
        7 => {
            ndr.align(Alignment::Pointer);
            ndr.u32("dwCompressedVersion")?;
            ndr.enumeration("CompressionAlg")?;
            compressed(ndr, call)?;
        }
        _ => {}
    }
    reply::status_at_end(ndr, call, request)
}

/// DRS_COMPRESSED_BLOB ([MS-DRSR] 4.1.10.2.19), in place.
fn compressed(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    ndr.align(Alignment::Pointer);
    call.put("uncompressed_bytes", ndr.u32("cbUncompressedSize")?);
    call.put("compressed_bytes", ndr.u32("cbCompressedSize")?);
    Ok(())
}

/// [MS-DRSR] 4.1.10.2.22.
const EXTENDED_OPERATIONS: &[(u32, &str)] = &[
    (0, "none"),
    (1, "request_role"),
    (2, "request_rid_allocation"),
    (3, "request_rid_role"),
    (4, "request_pdc_role"),
    (5, "abandon_role"),
    (6, "replicate_object"),
    (7, "replicate_secrets"),
];

/// [MS-DRSR] 4.1.10.2.21.
const EXTENDED_RESULTS: &[(u32, &str)] = &[
    (0, "none"),
    (1, "success"),
    (2, "unknown_operation"),
    (3, "not_owner"),
    (4, "update_error"),
    (5, "exception"),
    (6, "unknown_caller"),
    (7, "rid_allocation"),
    (8, "owner_deleted"),
    (9, "pending_operation"),
    (10, "mismatch"),
    (11, "not_contacted"),
    (12, "refusing_roles"),
    (13, "directory_error"),
    (14, "missing_settings"),
    (15, "access_denied"),
    (16, "parameter_error"),
];
