//! Names to SIDs and SIDs to names ([MS-LSAT] 3.1.4).

use super::super::Argument;
use super::super::argument::{fields, symbol};
use super::super::entries::entries;
use super::super::principals::{self, SID_TYPES, filled};
use super::super::{Decoded, reply};
use super::policy::on_object;
use super::trusts::{trust_information, trust_referents};
use crate::ndr::{Alignment, Ndr, Pointer};
use rpcscope_model::{List, Stopped, ToCompactString, Value};

pub(super) fn names(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    on_object(ndr, call)?;
    names_of_server(ndr, call)
}

/// LsarLookupNames4, which needs no handle.
pub(super) fn names_of_server(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    ndr.u32("Count")?;
    let count = ndr.count("Names")?;
    call.list_with_referents(
        "names",
        ndr,
        count,
        |ndr| ndr.counted_string("Names"),
        |ndr, name| ndr.unicode_text("Names", name).map(Option::unwrap_or_default),
    )?;
    lookup_level(ndr, call)
}

pub(super) fn sids_of_policy(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    on_object(ndr, call)?;
    sids_of_server(ndr, call)
}

/// LsarLookupSids3, which needs no handle.
pub(super) fn sids_of_server(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    principals::sids(ndr, call, "sids")?;
    lookup_level(ndr, call)
}

/// After the place for the translations, which a client leaves empty. What it puts there, a server does not look at.
fn lookup_level(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    ndr.align(Alignment::Pointer);
    ndr.u32("Entries")?;
    if ndr.pointer("Translated")?.is_null() {
        call.put("level", symbol(ndr.enumeration("LookupLevel")?, LOOKUP_LEVELS));
    }
    Ok(())
}

/// LSAPR_REFERENCED_DOMAIN_LIST ([MS-LSAT] 2.2.12), which a pointer points to. The translations tell their domain by its
/// place in this list.
fn domains(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    if ndr.pointer("ReferencedDomains")?.is_null() {
        return Ok(());
    }
    ndr.align(Alignment::Pointer);
    ndr.u32("Entries")?;
    let list = ndr.pointer("Domains")?;
    ndr.u32("MaxEntries")?;
    if ndr.is_ndr64() {
        ndr.align(Alignment::Pointer);
    }
    if list.is_null() {
        return Ok(());
    }
    let count = ndr.count("Domains")?;
    call.list_with_referents("domains", ndr, count, trust_information, |ndr, information| {
        let (name, sid) = trust_referents(ndr, information)?;
        Ok(fields([("domain", name.value()), ("domain_sid", sid)]))
    })
}

/// How a translation tells an account.
#[derive(Clone, Copy)]
enum Form {
    /// LSA_TRANSLATED_SID ([MS-LSAT] 2.2.14): a RID below the domain.
    Rid,
    /// LSAPR_TRANSLATED_SID_EX ([MS-LSAT] 2.2.23): the same, with flags.
    RidAndFlags,
    /// LSAPR_TRANSLATED_SID_EX2 ([MS-LSAT] 2.2.25): a whole SID, with flags.
    Sid,
}

pub(super) fn names_translated(
    ndr: &mut Ndr<'_>,
    call: &mut Decoded,
    request: Option<&Decoded>,
) -> Result<(), Stopped> {
    to_sids(ndr, call, request, Form::Rid)
}

pub(super) fn names_translated_ex(
    ndr: &mut Ndr<'_>,
    call: &mut Decoded,
    request: Option<&Decoded>,
) -> Result<(), Stopped> {
    to_sids(ndr, call, request, Form::RidAndFlags)
}

pub(super) fn names_translated_ex2(
    ndr: &mut Ndr<'_>,
    call: &mut Decoded,
    request: Option<&Decoded>,
) -> Result<(), Stopped> {
    to_sids(ndr, call, request, Form::Sid)
}

fn to_sids(
    ndr: &mut Ndr<'_>,
    call: &mut Decoded,
    request: Option<&Decoded>,
    form: Form,
) -> Result<(), Stopped> {
    domains(ndr, call)?;
    if let Some(count) = entries(ndr, "Sids")? {
        let domains = list(call, "domains");
        let names = request.and_then(|request| list(request, "names"));
        let mut at = 0;
        call.put_list("accounts", |accounts| {
            let found = ndr.elements("Sids", count, |ndr| translated_sid(ndr, form))?;
            for (kind, rid, sid, domain) in found.items {
                let domain = domain_at(domains.as_ref(), domain);
                let sid = match sid {
                    Some(sid) => ndr.referent(sid, |ndr| ndr.sid("Sid"))?.value(),
                    None => below(domain, rid, kind),
                };
                accounts.push(fields([
                    ("account", value_at(names.as_ref(), at)),
                    ("type", symbol(kind, SID_TYPES).value()),
                    ("sid", sid),
                    ("domain", named(domain, "domain")),
                ]));
                at += 1;
            }
            omitted(ndr, accounts, found.omitted, form)
        })?;
    }
    ndr.u32("MappedCount")?;
    reply::status(ndr, call, request)
}

/// Elements beyond the limit have been passed over in place; what their pointers point to has not.
fn omitted(ndr: &Ndr<'_>, accounts: &mut List, omitted: usize, form: Form) -> Result<(), Stopped> {
    accounts.omitted = accounts.omitted.saturating_add(omitted);
    match form {
        Form::Sid if omitted > 0 => Err(ndr.limit("Sids")),
        _ => Ok(()),
    }
}

/// Type, RID or SID, place of the domain.
type TranslatedSid = (u32, u32, Option<Pointer>, i32);

fn translated_sid(ndr: &mut Ndr<'_>, form: Form) -> Result<TranslatedSid, Stopped> {
    let alignment = if matches!(form, Form::Sid) { Alignment::Pointer } else { Alignment::Four };
    ndr.structure(alignment, |ndr| {
        let kind = ndr.enumeration("Use")?;
        let (rid, sid) = match form {
            Form::Sid => (0, Some(ndr.pointer("Sid")?)),
            _ => (ndr.u32("RelativeId")?, None),
        };
        let domain = ndr.i32("DomainIndex")?;
        if !matches!(form, Form::Rid) {
            ndr.u32("Flags")?;
        }
        Ok((kind, rid, sid, domain))
    })
}

pub(super) fn sids_translated(
    ndr: &mut Ndr<'_>,
    call: &mut Decoded,
    request: Option<&Decoded>,
) -> Result<(), Stopped> {
    to_names(ndr, call, request, false)
}

pub(super) fn sids_translated_ex(
    ndr: &mut Ndr<'_>,
    call: &mut Decoded,
    request: Option<&Decoded>,
) -> Result<(), Stopped> {
    to_names(ndr, call, request, true)
}

/// LSAPR_TRANSLATED_NAMES, and LSAPR_TRANSLATED_NAMES_EX with flags ([MS-LSAT] 2.2.20, 2.2.22).
fn to_names(
    ndr: &mut Ndr<'_>,
    call: &mut Decoded,
    request: Option<&Decoded>,
    has_flags: bool,
) -> Result<(), Stopped> {
    domains(ndr, call)?;
    if let Some(count) = entries(ndr, "Names")? {
        let domains = list(call, "domains");
        let sids = request.and_then(|request| list(request, "sids"));
        let mut at = 0;
        call.list_with_referents(
            "accounts",
            ndr,
            count,
            |ndr| {
                ndr.structure(Alignment::Pointer, |ndr| {
                    let kind = ndr.enumeration("Use")?;
                    let name = ndr.counted_string("Name")?;
                    let domain = ndr.i32("DomainIndex")?;
                    if has_flags {
                        ndr.u32("Flags")?;
                    }
                    Ok((kind, name, domain))
                })
            },
            |ndr, (kind, name, domain)| {
                let name = filled(ndr.unicode_text("Name", name)?);
                if ndr.passes() {
                    return Ok(fields([]));
                }
                let sid = value_at(sids.as_ref(), at);
                at += 1;
                Ok(fields([
                    ("account", name.value()),
                    ("type", symbol(kind, SID_TYPES).value()),
                    ("sid", sid),
                    ("domain", named(domain_at(domains.as_ref(), domain), "domain")),
                ]))
            },
        )?;
    }
    ndr.u32("MappedCount")?;
    reply::status(ndr, call, request)
}

/// A list that has been put, at most [`List::MAX`] values.
fn list(decoded: &Decoded, name: &str) -> Option<List> {
    match decoded.arguments.get(name)? {
        Value::List(list) => Some(list.clone()),
        _ => None,
    }
}

fn value_at(list: Option<&List>, at: usize) -> Option<Value> {
    list?.values.get(at).cloned()
}

/// The domain at a place; -1 stands for none.
fn domain_at(domains: Option<&List>, at: i32) -> Option<&Value> {
    domains?.values.get(usize::try_from(at).ok()?)
}

fn named(domain: Option<&Value>, name: &str) -> Option<Value> {
    let Value::Fields(fields) = domain? else { return None };
    fields.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone())
}

/// The SID that a RID makes with that of its domain. The RID means nothing when a domain was found itself, or nothing at
/// all.
fn below(domain: Option<&Value>, rid: u32, kind: u32) -> Option<Value> {
    const DOMAIN: u32 = 3;
    const INVALID: u32 = 7;
    const UNKNOWN: u32 = 8;
    let Value::Sid(sid) = named(domain, "domain_sid")? else { return None };
    match kind {
        DOMAIN => Some(Value::Sid(sid)),
        INVALID | UNKNOWN => None,
        _ => Some(Value::Sid(sid + "-" + &rid.to_compact_string())),
    }
}

pub(super) fn whoami(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    call.put("machine", filled(ndr.unique("SystemName", |ndr| ndr.wide_string("SystemName"))?));
    Ok(())
}

/// Who the server takes the client for: the answer to LsarGetUserName.
pub(super) fn user_name(
    ndr: &mut Ndr<'_>,
    call: &mut Decoded,
    request: Option<&Decoded>,
) -> Result<(), Stopped> {
    call.put("account", ndr.unique("UserName", |ndr| ndr.unicode_string("UserName"))?.flatten());
    let domain =
        ndr.unique("DomainName", |ndr| ndr.unique("DomainName", |ndr| ndr.unicode_string("DomainName")))?;
    call.put("domain", domain.flatten().flatten());
    reply::status(ndr, call, request)
}

/// LSAP_LOOKUP_LEVEL ([MS-LSAT] 2.2.16).
const LOOKUP_LEVELS: &[(u32, &str)] = &[
    (1, "workstation"),
    (2, "domain_controller"),
    (3, "trusted_domains"),
    (4, "global_catalog"),
    (5, "cross_forest_referral"),
    (6, "cross_forest_resolve"),
    (7, "read_only_referral"),
];

#[cfg(test)]
mod tests {
    use super::super::super::encoder::Encoder;
    use super::super::tests::{request, response, texts};

    /// One referenced domain.
    fn corp(stub: &mut Encoder) -> &mut Encoder {
        stub.pointer().align_pointer().u32(1).pointer().u32(32).end_structure(8).count(1).counted("CORP");
        stub.pointer().counted_text("CORP").sid(5, &[21, 1, 2, 3])
    }

    #[test]
    fn names_become_sids() {
        for (opnum, has_flags) in [(14, false), (58, true)] {
            let asked = request(opnum, |stub| {
                stub.handle(1).u32(2).count(2).counted("bob").counted("nobody").counted_text("bob");
                stub.counted_text("nobody").align_pointer().u32(0).null().enumeration(1).u32(0);
            });
            assert_eq!(texts(&asked, "names"), ["bob", "nobody"]);
            assert_eq!(asked.arguments.text("level"), Some("workstation"));
            let answer = response(opnum, Some(&asked), |stub| {
                corp(stub).align_pointer().u32(2).pointer().count(2);
                for (kind, rid, domain) in [(1, 1104, 0), (8, 0, 0xffff_ffff)] {
                    stub.align(4).enumeration(kind).u32(rid).u32(domain);
                    if has_flags {
                        stub.u32(0);
                    }
                }
                stub.u32(1).u32(0x107);
            });
            assert_eq!(
                texts(&answer, "accounts"),
                ["account=bob type=user sid=S-1-5-21-1-2-3-1104 domain=CORP", "account=nobody type=unknown"]
            );
            assert_eq!(answer.arguments.number("status"), Some(0x107));
        }
    }

    #[test]
    fn names_become_whole_sids() {
        let asked = request(77, |stub| {
            stub.u32(1)
                .count(1)
                .counted("bob")
                .counted_text("bob")
                .align_pointer()
                .u32(0)
                .null()
                .enumeration(1);
        });
        let answer = response(77, Some(&asked), |stub| {
            corp(stub).align_pointer().u32(1).pointer().count(1);
            stub.align_pointer().enumeration(1).pointer().u32(0).u32(0).end_structure(8);
            stub.sid(5, &[21, 1, 2, 3, 1104]).u32(1).u32(0);
        });
        assert_eq!(texts(&answer, "accounts"), ["account=bob type=user sid=S-1-5-21-1-2-3-1104 domain=CORP"]);
        assert_eq!(texts(&answer, "domains"), ["domain=CORP domain_sid=S-1-5-21-1-2-3"]);
    }

    #[test]
    fn sids_become_names() {
        for (opnum, has_flags) in [(15, false), (57, true)] {
            let asked = request(opnum, |stub| {
                stub.handle(1)
                    .align_pointer()
                    .u32(1)
                    .pointer()
                    .count(1)
                    .pointer()
                    .sid(5, &[21, 1, 2, 3, 500]);
                stub.align_pointer().u32(0).null().enumeration(1).u32(0);
            });
            assert_eq!(texts(&asked, "sids"), ["S-1-5-21-1-2-3-500"]);
            let answer = response(opnum, Some(&asked), |stub| {
                corp(stub).align_pointer().u32(1).pointer().count(1);
                stub.align_pointer().enumeration(1).counted("Administrator").u32(0);
                if has_flags {
                    stub.u32(0);
                }
                stub.end_structure(8).counted_text("Administrator").u32(1).u32(0);
            });
            assert_eq!(
                texts(&answer, "accounts"),
                ["account=Administrator type=user sid=S-1-5-21-1-2-3-500 domain=CORP"]
            );
        }
    }

    #[test]
    fn the_client_learns_who_it_is() {
        let asked = request(45, |stub| _ = stub.pointer().wide("\\\\DC1").null().null());
        assert_eq!(asked.arguments.text("machine"), Some("\\\\DC1"));
        let answer = response(45, Some(&asked), |stub| {
            stub.pointer().unicode_string("bob").pointer().pointer().unicode_string("CORP").u32(0);
        });
        assert_eq!(answer.arguments.text("account"), Some("bob"));
        assert_eq!(answer.arguments.text("domain"), Some("CORP"));
    }
}
