//! Names of objects, and operations that look them up.

use super::{reply_version, versioned};
use crate::ndr::{Alignment, Ndr, Pointer, Wide};
use crate::stub::argument::{fields, symbol};
use crate::stub::{Argument, Decoded, reply};
use rpcscope_model::{Stopped, Text, Value};
use uuid::Uuid;

/// A name of an object ([MS-DRSR] 5.50).
pub(super) struct DsName {
    pub(super) guid: Uuid,
    name: Text,
    sid: Option<String>,
}

impl DsName {
    /// The distinguished name, or one of the forms that take its place ([MS-ADTS] 3.1.1.3.1.2.4).
    pub(super) fn text(self) -> Option<Text> {
        if !self.name.string.is_empty() {
            return Some(self.name);
        }
        if !self.guid.is_nil() {
            return Some(Text::whole(format!("<GUID={}>", self.guid)));
        }
        self.sid.map(|sid| Text::whole(format!("<SID={sid}>")))
    }
}

/// DSNAME, behind its pointer.
pub(super) fn ds_name(ndr: &mut Ndr<'_>, field: &'static str) -> Result<DsName, Stopped> {
    let count = ndr.count(field)?;
    ndr.u32("structLen")?;
    let sid_length = ndr.u32("SidLen")?;
    let guid = ndr.uuid("Guid")?;
    let sid = ndr.fixed_bytes("Sid", 28)?;
    let length = ndr.u32("NameLen")?;
    let (bytes, cut) = ndr.run(field, count, 2)?;
    let wanted = usize::try_from(length).unwrap_or(usize::MAX).saturating_mul(2);
    let bytes = bytes.get(..wanted).unwrap_or(bytes);
    let name = Wide::counted(bytes, ndr.order(), cut).text(Text::MAX_CHARS);
    let sid = usize::try_from(sid_length).ok().and_then(|length| sid.get(..length)).and_then(sid_text);
    Ok(DsName { guid, name, sid })
}

/// NT4SID ([MS-DRSR] 5.137): a SID as bytes, least significant first.
fn sid_text(bytes: &[u8]) -> Option<String> {
    let ([revision, count, authority @ ..], rest) = bytes.split_first_chunk::<8>()?;
    let parts = rest.chunks_exact(4);
    if parts.len() != usize::from(*count) || *count == 0 {
        return None;
    }
    let authority = authority.iter().fold(0_u64, |value, byte| value << 8 | u64::from(*byte));
    let mut text = format!("S-{revision}-{authority}");
    for part in parts {
        let part = part.first_chunk().map(|bytes| u32::from_le_bytes(*bytes))?;
        text.push_str(&format!("-{part}"));
    }
    Some(text)
}

pub(super) fn verify(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    if versioned(ndr, call, Alignment::Pointer)? != 1 {
        return Err(ndr.unsupported("pmsgIn"));
    }
    ndr.align(Alignment::Pointer);
    call.put("flags", ndr.u32("dwFlags")?);
    ndr.u32("cNames")?;
    let names = ndr.pointer("rpNames")?;
    // Required attributes and prefix table.
    for field in ["RequiredAttrs", "PrefixTable"] {
        ndr.align(Alignment::Pointer);
        ndr.u32(field)?;
        let _table = ndr.pointer(field)?;
    }
    if names.is_null() { Ok(()) } else { ds_names(ndr, call, "rpNames") }
}

/// An array of pointers to names.
fn ds_names(ndr: &mut Ndr<'_>, call: &mut Decoded, field: &'static str) -> Result<(), Stopped> {
    let count = ndr.count(field)?;
    call.list_with_referents(
        "names",
        ndr,
        count,
        |ndr| ndr.pointer(field),
        |ndr, pointer| Ok(ndr.referent(pointer, |ndr| ds_name(ndr, field))?.and_then(DsName::text)),
    )
}

pub(super) fn memberships(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    if versioned(ndr, call, Alignment::Pointer)? != 1 {
        return Err(ndr.unsupported("pmsgIn"));
    }
    ndr.align(Alignment::Pointer);
    ndr.u32("cDsNames")?;
    let names = ndr.pointer("ppDsNames")?;
    call.put("flags", ndr.u32("dwFlags")?);
    call.put("operation", symbol(ndr.enumeration("OperationType")?, MEMBERSHIPS));
    let _limit = ndr.pointer("pLimitingDomain")?;
    if names.is_null() { Ok(()) } else { ds_names(ndr, call, "ppDsNames") }
}

pub(super) fn crack(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    if versioned(ndr, call, Alignment::Pointer)? != 1 {
        return Err(ndr.unsupported("pmsgIn"));
    }
    ndr.align(Alignment::Pointer);
    ndr.u32("CodePage")?;
    ndr.u32("LocaleId")?;
    call.put("flags", ndr.u32("dwFlags")?);
    call.put("format_offered", symbol(ndr.u32("formatOffered")?, FORMATS));
    call.put("format_desired", symbol(ndr.u32("formatDesired")?, FORMATS));
    ndr.u32("cNames")?;
    let names = ndr.pointer("rpNames")?;
    if names.is_null() { Ok(()) } else { texts(ndr, call, "names", "rpNames") }
}

/// An array of pointers to texts.
pub(super) fn texts(
    ndr: &mut Ndr<'_>,
    call: &mut Decoded,
    name: &'static str,
    field: &'static str,
) -> Result<(), Stopped> {
    let count = ndr.count(field)?;
    call.list_with_referents(
        name,
        ndr,
        count,
        |ndr| ndr.pointer(field),
        |ndr, pointer| ndr.referent(pointer, |ndr| ndr.wide_string(field)),
    )
}

/// DS_NAME_RESULTW ([MS-DRSR] 4.1.4.1.5).
pub(super) fn cracked(
    ndr: &mut Ndr<'_>,
    call: &mut Decoded,
    request: Option<&Decoded>,
) -> Result<(), Stopped> {
    if reply_version(ndr, Alignment::Pointer)? != 1 {
        return reply::status_at_end(ndr, call, request);
    }
    let result = ndr.pointer("pResult")?;
    if !result.is_null() {
        ndr.align(Alignment::Pointer);
        ndr.u32("cItems")?;
        let items = ndr.pointer("rItems")?;
        if !items.is_null() {
            let count = ndr.count("rItems")?;
            call.list_with_referents("results", ndr, count, result_item, result_texts)?;
        }
    }
    reply::status(ndr, call, request)
}

/// Status, domain and name of DS_NAME_RESULT_ITEMW ([MS-DRSR] 4.1.4.1.4), in place.
fn result_item(ndr: &mut Ndr<'_>) -> Result<(u32, Pointer, Pointer), Stopped> {
    ndr.align(Alignment::Pointer);
    Ok((ndr.u32("status")?, ndr.pointer("pDomain")?, ndr.pointer("pName")?))
}

fn result_texts(
    ndr: &mut Ndr<'_>,
    (status, domain, name): (u32, Pointer, Pointer),
) -> Result<Value, Stopped> {
    let domain = ndr.referent(domain, |ndr| ndr.wide_string("pDomain"))?;
    let name = ndr.referent(name, |ndr| ndr.wide_string("pName"))?;
    let status = (status != 0).then(|| symbol(status, NAME_ERRORS));
    Ok(fields([("error", status), ("domain", domain.value()), ("name", name.value())]))
}

pub(super) fn domain_controllers(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    if versioned(ndr, call, Alignment::Pointer)? != 1 {
        return Err(ndr.unsupported("pmsgIn"));
    }
    let domain = ndr.pointer("Domain")?;
    call.put("level", ndr.u32("InfoLevel")?);
    call.put("domain", ndr.referent(domain, |ndr| ndr.wide_string("Domain"))?);
    Ok(())
}

/// DS_DOMAIN_CONTROLLER_INFO_1W to 3W ([MS-DRSR] 4.1.5.1.8 to 4.1.5.1.10), of which the DNS name is told.
pub(super) fn domain_controllers_found(
    ndr: &mut Ndr<'_>,
    call: &mut Decoded,
    request: Option<&Decoded>,
) -> Result<(), Stopped> {
    let version = reply_version(ndr, Alignment::Pointer)?;
    // How many texts, flags and GUIDs an element has.
    let (texts, flags, guids) = match version {
        1 => (5, 2, 0),
        2 => (7, 3, 4),
        3 => (7, 4, 4),
        _ => return reply::status_at_end(ndr, call, request),
    };
    ndr.align(Alignment::Pointer);
    ndr.u32("cItems")?;
    let items = ndr.pointer("rItems")?;
    if !items.is_null() {
        let count = ndr.count("rItems")?;
        let in_place = |ndr: &mut Ndr<'_>| {
            ndr.structure(Alignment::Pointer, |ndr| {
                let mut pointers = Vec::with_capacity(texts);
                for _ in 0..texts {
                    pointers.push(ndr.pointer("rItems")?);
                }
                for _ in 0..flags {
                    ndr.u32("rItems")?;
                }
                for _ in 0..guids {
                    ndr.uuid("rItems")?;
                }
                Ok(pointers)
            })
        };
        call.list_with_referents("domain_controllers", ndr, count, in_place, |ndr, pointers| {
            let mut names = Vec::with_capacity(texts);
            for pointer in pointers {
                names.push(ndr.referent(pointer, |ndr| ndr.wide_string("DnsHostName"))?);
            }
            // The DNS name, or the NetBIOS name before it.
            let mut names = names.into_iter();
            let netbios = names.next().flatten();
            Ok(names.next().flatten().or(netbios))
        })?;
    }
    reply::status(ndr, call, request)
}

/// DS_NAME_FORMAT ([MS-DRSR] 4.1.4.1.3) and the formats of requests ([MS-DRSR] 4.1.4.1.2).
const FORMATS: &[(u32, &str)] = &[
    (0, "unknown"),
    (1, "fqdn_1779"),
    (2, "nt4_account"),
    (3, "display"),
    (6, "guid"),
    (7, "canonical"),
    (8, "user_principal"),
    (9, "canonical_ex"),
    (10, "service_principal"),
    (11, "sid_or_sid_history"),
    (12, "dns_domain"),
    (0xffff_ffef, "upn_and_altsecid"),
    (0xffff_fff0, "nt4_account_sans_domain_ex"),
    (0xffff_fff1, "list_global_catalog_servers"),
    (0xffff_fff2, "upn_for_logon"),
    (0xffff_fff3, "list_servers_with_dcs_in_site"),
    (0xffff_fff4, "string_sid"),
    (0xffff_fff5, "alt_security_identities"),
    (0xffff_fff6, "list_ncs"),
    (0xffff_fff7, "list_domains"),
    (0xffff_fff8, "map_schema_guid"),
    (0xffff_fff9, "nt4_account_sans_domain"),
    (0xffff_fffa, "list_roles"),
    (0xffff_fffb, "list_info_for_server"),
    (0xffff_fffc, "list_servers_for_domain_in_site"),
    (0xffff_fffd, "list_domains_in_site"),
    (0xffff_fffe, "list_servers_in_site"),
    (0xffff_ffff, "list_sites"),
];

/// DS_NAME_ERROR ([MS-DRSR] 4.1.4.1.8).
const NAME_ERRORS: &[(u32, &str)] = &[
    (1, "resolving"),
    (2, "not_found"),
    (3, "not_unique"),
    (4, "no_mapping"),
    (5, "domain_only"),
    (6, "no_syntactical_mapping"),
    (7, "trust_referral"),
];

/// REVERSE_MEMBERSHIP_OPERATION_TYPE ([MS-DRSR] 4.1.8.1.3).
const MEMBERSHIPS: &[(u32, &str)] = &[
    (1, "groups_for_user"),
    (2, "alias_membership"),
    (3, "account_groups"),
    (4, "resource_groups"),
    (5, "universal_groups"),
    (6, "group_members_transitive"),
    (7, "global_groups_non_transitive"),
];
