//! Trusts, and the control of the secure channels over them ([MS-NRPC] 3.5.4.7, 3.5.4.9).

use super::super::Argument;
use super::super::argument::{fields, symbol};
use super::super::entries::entries;
use super::super::forest_trust;
use super::super::principals::rid;
use super::super::{Decoded, reply};
use super::channel::{authenticator, computer_only, read_authenticator};
use super::{machine, optional};
use crate::ndr::{Alignment, Ndr, Tag, Wide};
use rpcscope_model::{Stopped, Text, Value};

pub(super) fn control(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    machine(ndr, call)?;
    call.put("function", symbol(ndr.u32("FunctionCode")?, FUNCTIONS));
    call.put("level", ndr.u32("QueryLevel")?);
    Ok(())
}

/// NETLOGON_CONTROL_DATA_INFORMATION ([MS-NRPC] 2.2.1.7.1).
pub(super) fn control_with_data(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    control(ndr, call)?;
    match ndr.union_tag("FunctionCode", Tag::Long, Alignment::Pointer)? {
        5 | 6 | 9 | 10 => optional(ndr, call, "TrustedDomainName", "domain"),
        8 => optional(ndr, call, "UserName", "user"),
        0xfffe => {
            call.put("debug_flags", ndr.u32("DebugFlag")?);
            Ok(())
        }
        _ => Ok(()),
    }
}

pub(super) fn enumerate(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    machine(ndr, call)?;
    flags(ndr, call)
}

fn flags(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    call.put("flags", ndr.u32("Flags")?);
    Ok(())
}

/// DOMAIN_NAME_BUFFER ([MS-NRPC] 2.2.1.6.1): names one after the other, each with its terminator.
pub(super) fn names(ndr: &mut Ndr<'_>, call: &mut Decoded, request: Option<&Decoded>) -> Result<(), Stopped> {
    if let Some(count) = entries(ndr, "DomainNames")? {
        let mut bytes = ndr.fixed_bytes("DomainNames", count)?;
        call.put_list("domains", |list| {
            while !bytes.is_empty() {
                let units = bytes.chunks_exact(2).position(|unit| unit == [0, 0]);
                let end = units.map_or(bytes.len(), |units| units.saturating_mul(2));
                let (name, rest) = bytes.split_at_checked(end).unwrap_or((bytes, &[]));
                if !name.is_empty() {
                    list.push(Value::Text(Wide::counted(name, ndr.order(), false).text(Text::MAX_CHARS)));
                }
                bytes = rest.get(2..).unwrap_or_default();
            }
            Ok(())
        })?;
    }
    reply::status(ndr, call, request)
}

/// NETLOGON_TRUSTED_DOMAIN_ARRAY of DS_DOMAIN_TRUSTSW ([MS-NRPC] 2.2.1.6.3, 2.2.1.6.2).
pub(super) fn listed(
    ndr: &mut Ndr<'_>,
    call: &mut Decoded,
    request: Option<&Decoded>,
) -> Result<(), Stopped> {
    if let Some(count) = entries(ndr, "Domains")? {
        call.list_with_referents(
            "domains",
            ndr,
            count,
            |ndr| {
                ndr.structure(Alignment::Pointer, |ndr| {
                    let netbios = ndr.pointer("NetbiosDomainName")?;
                    let dns = ndr.pointer("DnsDomainName")?;
                    let flags = ndr.u32("Flags")?;
                    ndr.u32("ParentIndex")?;
                    let kind = ndr.u32("TrustType")?;
                    let attributes = ndr.u32("TrustAttributes")?;
                    let sid = ndr.pointer("DomainSid")?;
                    ndr.uuid("DomainGuid")?;
                    Ok((netbios, dns, flags, kind, attributes, sid))
                })
            },
            |ndr, (netbios, dns, flags, kind, attributes, sid)| {
                let netbios = ndr.referent(netbios, |ndr| ndr.wide_string("NetbiosDomainName"))?;
                let dns = ndr.referent(dns, |ndr| ndr.wide_string("DnsDomainName"))?;
                let sid = ndr.referent(sid, |ndr| ndr.sid("DomainSid"))?;
                Ok(fields([
                    ("domain", dns.value()),
                    ("netbios_domain", netbios.value()),
                    ("domain_sid", sid.value()),
                    ("flags", flags.value()),
                    ("trust_type", kind.value()),
                    ("trust_attributes", attributes.value()),
                ]))
            },
        )?;
    }
    reply::status(ndr, call, request)
}

pub(super) fn rid_of_trust(
    ndr: &mut Ndr<'_>,
    call: &mut Decoded,
    request: Option<&Decoded>,
) -> Result<(), Stopped> {
    call.put("rid", rid(ndr.u32("Rid")?));
    reply::status(ndr, call, request)
}

pub(super) fn forest(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    machine(ndr, call)?;
    optional(ndr, call, "TrustedDomainName", "domain")?;
    flags(ndr, call)
}

pub(super) fn own_forest(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    computer_only(ndr, call)?;
    authenticator(ndr, call)?;
    flags(ndr, call)
}

pub(super) fn forest_found(
    ndr: &mut Ndr<'_>,
    call: &mut Decoded,
    request: Option<&Decoded>,
) -> Result<(), Stopped> {
    ndr.unique("ForestTrustInfo", |ndr| forest_trust::records(ndr, call, "records"))?;
    reply::status(ndr, call, request)
}

pub(super) fn own_forest_found(
    ndr: &mut Ndr<'_>,
    call: &mut Decoded,
    request: Option<&Decoded>,
) -> Result<(), Stopped> {
    read_authenticator(ndr)?;
    forest_found(ndr, call, request)
}

/// [MS-NRPC] 3.5.4.9.1.
const FUNCTIONS: &[(u32, &str)] = &[
    (1, "query"),
    (2, "replicate"),
    (3, "synchronize"),
    (4, "pdc_replicate"),
    (5, "rediscover"),
    (6, "trusted_channel_query"),
    (7, "transport_notify"),
    (8, "find_user"),
    (9, "change_password"),
    (10, "trusted_channel_verify"),
    (11, "force_dns_registration"),
    (12, "query_dns_registration"),
    (0xfffc, "backup_change_log"),
    (0xfffd, "truncate_log"),
    (0xfffe, "set_debug_flag"),
    (0xffff, "breakpoint"),
];

#[cfg(test)]
mod tests {
    use super::super::super::samr::tests::texts;
    use super::super::tests::{request, response};

    #[test]
    fn a_controlled_channel_has_a_function_and_a_domain() {
        let asked = request(14, |stub| {
            stub.null().u32(6).u32(2).align_pointer().u32(6).pointer().wide("PARTNER");
        });
        assert_eq!(asked.arguments.text("function"), Some("trusted_channel_query"));
        assert_eq!(asked.arguments.text("domain"), Some("PARTNER"));
        let user =
            request(18, |stub| _ = stub.null().u32(8).u32(4).align_pointer().u32(8).pointer().wide("bob"));
        assert_eq!(user.arguments.text("user"), Some("bob"));
    }

    #[test]
    fn trusts_are_listed_with_their_sids() {
        let asked = request(40, |stub| _ = stub.pointer().wide("\\\\DC1").u32(0x3f));
        assert_eq!(asked.arguments.number("flags"), Some(0x3f));
        let answer = response(40, |stub| {
            stub.align_pointer()
                .u32(1)
                .pointer()
                .count(1)
                .align_pointer()
                .pointer()
                .pointer()
                .u32(0x22)
                .u32(0);
            stub.u32(2).u32(8).pointer().uuid(uuid::Uuid::nil()).end_structure(8).wide("PARTNER");
            stub.wide("partner.example").sid(5, &[21, 7]).u32(0);
        });
        let [only] = &texts(&answer, "domains")[..] else { panic!("one trust") };
        assert!(
            only.starts_with("domain=partner.example netbios_domain=PARTNER domain_sid=S-1-5-21-7"),
            "{only}"
        );
        assert_eq!(answer.arguments.number("status"), Some(0));
    }

    #[test]
    fn older_trusts_are_names_in_one_buffer() {
        let answer = response(19, |stub| {
            stub.align_pointer()
                .u32(14)
                .pointer()
                .count(14)
                .wide_units("ONE")
                .u16(0)
                .wide_units("B")
                .u16(0)
                .u16(0);
            stub.u32(0);
        });
        assert_eq!(texts(&answer, "domains"), ["ONE", "B"]);
        assert_eq!(answer.arguments.number("status"), Some(0));
    }

    #[test]
    fn the_names_that_a_forest_claims_are_listed() {
        let asked = request(43, |stub| _ = stub.null().pointer().wide("partner.example").u32(0));
        assert_eq!(asked.arguments.text("domain"), Some("partner.example"));
        for opnum in [43, 44] {
            let answer = response(opnum, |stub| {
                if opnum == 44 {
                    stub.raw(&[1; 8]).u32(7);
                }
                stub.pointer()
                    .align_pointer()
                    .u32(1)
                    .pointer()
                    .count(1)
                    .pointer()
                    .align(8)
                    .u32(0)
                    .enumeration(0);
                stub.u64(5).enumeration(0).end_structure(8).unicode_string("example").u32(0);
            });
            assert_eq!(texts(&answer, "records"), ["type=top_level_name domain=example"]);
        }
    }
}
