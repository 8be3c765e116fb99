//! What an operation is given: DNSSRV_RPC_UNION ([MS-DNSP] 2.2.1.2.6).

use crate::ndr::{Alignment, Ndr, Tag};
use crate::stub::argument::symbol;
use crate::stub::{Decoded, unc};
use rpcscope_model::{Stopped, Text};

/// Puts the data of an operation, of the types that name something.
pub(super) fn put(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    let kind = tag(ndr, call)?;
    if simple(ndr, call, kind)? {
        return Ok(());
    }
    let pointer = ndr.pointer("pData")?;
    if pointer.is_null() {
        return Ok(());
    }
    match kind {
        ZONE_CREATE_W2K | ZONE_CREATE_DOTNET | ZONE_CREATE => create_zone(ndr, call, kind),
        ENLIST_DP => {
            // DNS_RPC_ENLIST_DP ([MS-DNSP] 2.2.7.2.5).
            ndr.align(Alignment::Pointer);
            ndr.u32("dwRpcStructureVersion")?;
            ndr.u32("dwReserved0")?;
            let partition = ndr.pointer("pszDpFqdn")?;
            call.put("value", symbol(ndr.u32("dwOperation")?, ENLISTMENTS));
            call.put("partition", ndr.referent(partition, |ndr| ndr.narrow_string("pszDpFqdn"))?);
            Ok(())
        }
        UTF8_STRING_LIST => list(ndr, call, |ndr| ndr.narrow_string("pszStrings")),
        UNICODE_STRING_LIST => list(ndr, call, |ndr| ndr.wide_string("pwszStrings")),
        _ => Ok(()),
    }
}

/// Puts the data that answer a query, when they are a number or a text.
pub(super) fn put_simple(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    let kind = tag(ndr, call)?;
    simple(ndr, call, kind).map(|_| ())
}

fn tag(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<u32, Stopped> {
    let kind = ndr.union_tag("dwTypeId", Tag::Long, Alignment::Pointer)?;
    call.put("type", symbol(kind, TYPES));
    Ok(kind)
}

/// Numbers and texts; whether the data were of that kind.
fn simple(ndr: &mut Ndr<'_>, call: &mut Decoded, kind: u32) -> Result<bool, Stopped> {
    match kind {
        DWORD => call.put("value", ndr.u32("Dword")?),
        LPSTR | LPWSTR => {
            let text = ndr.unique("String", |ndr| {
                if kind == LPSTR { ndr.narrow_string("String") } else { ndr.wide_string("WideString") }
            })?;
            unc::put_first_host(call, &text);
            call.put("value", text);
        }
        NAME_AND_PARAM => {
            // DNS_RPC_NAME_AND_PARAM ([MS-DNSP] 2.2.1.2.5).
            if ndr.pointer("NameAndParam")?.is_null() {
                return Ok(true);
            }
            ndr.align(Alignment::Pointer);
            let value = ndr.u32("dwParam")?;
            call.put("property", ndr.unique("pszNodeName", |ndr| ndr.narrow_string("pszNodeName"))?);
            call.put("value", value);
        }
        _ => return Ok(false),
    }
    Ok(true)
}

/// DNS_RPC_ZONE_CREATE_INFO ([MS-DNSP] 2.2.5.2.7): the name is the zone that is created, and the file holds its records.
fn create_zone(ndr: &mut Ndr<'_>, call: &mut Decoded, kind: u32) -> Result<(), Stopped> {
    ndr.align(Alignment::Pointer);
    if kind != ZONE_CREATE_W2K {
        ndr.u32("dwRpcStructureVersion")?;
        ndr.u32("dwReserved0")?;
    }
    let zone = ndr.pointer("pszZoneName")?;
    for field in ["dwZoneType", "fAllowUpdate", "fAging", "dwFlags"] {
        ndr.u32(field)?;
    }
    let file = ndr.pointer("pszDataFile")?;
    ndr.u32("fDsIntegrated")?;
    ndr.u32("fLoadExisting")?;
    let _administrator = ndr.pointer("pszAdmin")?;
    let _masters = ndr.pointer("aipMasters")?;
    let _secondaries = ndr.pointer("aipSecondaries")?;
    ndr.u32("fSecureSecondaries")?;
    ndr.u32("fNotifyLevel")?;
    if kind == ZONE_CREATE_W2K {
        for _ in 0..8 {
            let _reserved = ndr.pointer("pvReserved")?;
        }
        for _ in 0..8 {
            ndr.u32("dwReserved")?;
        }
    } else {
        for field in ["dwTimeout", "fRecurseAfterForwarding", "dwDpFlags"] {
            ndr.u32(field)?;
        }
        let _partition = ndr.pointer("pszDpFqdn")?;
        for _ in 0..32 {
            ndr.u32("dwReserved")?;
        }
    }
    call.put("value", ndr.referent(zone, |ndr| ndr.narrow_string("pszZoneName"))?);
    call.put("file", ndr.referent(file, |ndr| ndr.narrow_string("pszDataFile"))?);
    Ok(())
}

/// DNS_RPC_UTF8_STRING_LIST and DNS_RPC_UNICODE_STRING_LIST ([MS-DNSP] 2.2.1.2.3, 2.2.1.2.4).
fn list(
    ndr: &mut Ndr<'_>,
    call: &mut Decoded,
    read: fn(&mut Ndr<'_>) -> Result<Text, Stopped>,
) -> Result<(), Stopped> {
    let count = ndr.count("pszStrings")?;
    ndr.u32("dwCount")?;
    call.list_with_referents(
        "value",
        ndr,
        count,
        |ndr| ndr.pointer("pszStrings"),
        |ndr, pointer| ndr.referent(pointer, read),
    )
}

const DWORD: u32 = 1;
const LPSTR: u32 = 2;
const LPWSTR: u32 = 3;
const ZONE_CREATE_W2K: u32 = 14;
const NAME_AND_PARAM: u32 = 15;
const ZONE_CREATE_DOTNET: u32 = 26;
const ENLIST_DP: u32 = 31;
const ZONE_CREATE: u32 = 40;
const UTF8_STRING_LIST: u32 = 43;
const UNICODE_STRING_LIST: u32 = 44;

/// DNS_RPC_TYPEID ([MS-DNSP] 2.2.1.1.1).
const TYPES: &[(u32, &str)] = &[
    (0, "null"),
    (DWORD, "dword"),
    (LPSTR, "lpstr"),
    (LPWSTR, "lpwstr"),
    (4, "ip_array"),
    (5, "buffer"),
    (6, "server_info_w2k"),
    (7, "stats"),
    (8, "forwarders_w2k"),
    (9, "zone_w2k"),
    (10, "zone_info_w2k"),
    (11, "zone_secondaries_w2k"),
    (12, "zone_database_w2k"),
    (13, "zone_type_reset_w2k"),
    (ZONE_CREATE_W2K, "zone_create_w2k"),
    (NAME_AND_PARAM, "name_and_param"),
    (16, "zone_list_w2k"),
    (17, "zone_rename"),
    (18, "zone_export"),
    (19, "server_info_dotnet"),
    (20, "forwarders_dotnet"),
    (21, "zone"),
    (22, "zone_info_dotnet"),
    (23, "zone_secondaries_dotnet"),
    (24, "zone_database"),
    (25, "zone_type_reset_dotnet"),
    (ZONE_CREATE_DOTNET, "zone_create_dotnet"),
    (27, "zone_list"),
    (28, "dp_enum"),
    (29, "dp_info"),
    (30, "dp_list"),
    (ENLIST_DP, "enlist_dp"),
    (32, "zone_change_dp"),
    (33, "enum_zones_filter"),
    (34, "addr_array"),
    (35, "server_info"),
    (36, "zone_info"),
    (37, "forwarders"),
    (38, "zone_secondaries"),
    (39, "zone_type_reset"),
    (ZONE_CREATE, "zone_create"),
    (41, "ip_validate"),
    (42, "autoconfigure"),
    (UTF8_STRING_LIST, "utf8_string_list"),
    (UNICODE_STRING_LIST, "unicode_string_list"),
];

/// [MS-DNSP] 2.2.7.2.5.
const ENLISTMENTS: &[(u32, &str)] = &[
    (1, "create"),
    (2, "delete"),
    (3, "enlist"),
    (4, "unenlist"),
    (5, "create_domain"),
    (6, "create_forest"),
    (7, "create_all_domains"),
];
