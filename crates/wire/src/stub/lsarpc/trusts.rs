//! Trusted domains ([MS-LSAD] 3.1.4.7). Trust passwords are never told.

use super::super::Argument;
use super::super::argument::{fields, symbol};
use super::super::entries::entries;
use super::super::forest_trust;
use super::super::principals::{filled, sid_text};
use super::super::{Decoded, reply};
use super::policy::{on_object, resume};
use crate::ndr::{Alignment, CountedString, Ndr, Pointer, Tag};
use rpcscope_model::{Stopped, Text, Value};

pub(super) fn open_by_sid(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    on_object(ndr, call)?;
    let sid = ndr.sid("TrustedDomainSid")?;
    call.opens_as("domain_sid", Some(sid_text(&sid)));
    call.put("access", ndr.u32("DesiredAccess")?);
    Ok(())
}

pub(super) fn open_by_name(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    on_object(ndr, call)?;
    let name = ndr.unicode_string("TrustedDomainName")?;
    call.opens_as("domain", name);
    call.put("access", ndr.u32("DesiredAccess")?);
    Ok(())
}

pub(super) fn create(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    on_object(ndr, call)?;
    let information = trust_information(ndr)?;
    let (name, sid) = trust_referents(ndr, information)?;
    call.opens_as("domain", name);
    call.put("domain_sid", sid);
    call.put("access", ndr.u32("DesiredAccess")?);
    Ok(())
}

/// What three operations create; they differ in how the passwords are encrypted, which come next.
pub(super) fn create_ex(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    on_object(ndr, call)?;
    put_information_ex(ndr, call)?;
    call.opens_as("domain", call.arguments.text("domain").map(Text::whole));
    Ok(())
}

pub(super) fn by_sid(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    on_object(ndr, call)?;
    call.put("domain_sid", ndr.sid("TrustedDomainSid")?);
    Ok(())
}

fn by_name(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    on_object(ndr, call)?;
    call.put("domain", ndr.unicode_string("TrustedDomainName")?);
    Ok(())
}

fn level(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    call.put("level", symbol(ndr.enumeration("InformationClass")?, LEVELS));
    Ok(())
}

pub(super) fn level_of_handle(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    on_object(ndr, call)?;
    level(ndr, call)
}

pub(super) fn level_by_sid(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    by_sid(ndr, call)?;
    level(ndr, call)
}

pub(super) fn level_by_name(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    by_name(ndr, call)?;
    level(ndr, call)
}

pub(super) fn set_of_handle(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    level_of_handle(ndr, call)?;
    information(ndr, call).map(|_| ())
}

pub(super) fn set_by_sid(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    level_by_sid(ndr, call)?;
    information(ndr, call).map(|_| ())
}

pub(super) fn set_by_name(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    level_by_name(ndr, call)?;
    information(ndr, call).map(|_| ())
}

pub(super) fn queried(
    ndr: &mut Ndr<'_>,
    call: &mut Decoded,
    request: Option<&Decoded>,
) -> Result<(), Stopped> {
    if !ndr.pointer("TrustedDomainInformation")?.is_null() && !information(ndr, call)? {
        return reply::status_at_end(ndr, call, request);
    }
    reply::status(ndr, call, request)
}

/// LSAPR_TRUSTED_DOMAIN_INFO ([MS-LSAD] 2.2.7.3). False: its end was not read.
fn information(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<bool, Stopped> {
    match ndr.union_tag("InformationClass", Tag::Enumeration, Alignment::Eight)? {
        1 => call.put("domain", filled(ndr.unicode_string("Name")?)),
        5 => {
            let information = trust_information(ndr)?;
            let (name, sid) = trust_referents(ndr, information)?;
            call.put("domain", name);
            call.put("domain_sid", sid);
        }
        6 => put_information_ex(ndr, call)?,
        _ => return Ok(false),
    }
    Ok(true)
}

type TrustInformation = (CountedString, Pointer);

/// LSAPR_TRUST_INFORMATION ([MS-LSAD] 2.2.7.1) in place.
pub(super) fn trust_information(ndr: &mut Ndr<'_>) -> Result<TrustInformation, Stopped> {
    Ok((ndr.counted_string("Name")?, ndr.pointer("Sid")?))
}

pub(super) fn trust_referents(
    ndr: &mut Ndr<'_>,
    (name, sid): TrustInformation,
) -> Result<(Option<Text>, Option<Value>), Stopped> {
    let name = filled(ndr.unicode_text("Name", name)?);
    Ok((name, ndr.referent(sid, |ndr| ndr.sid("Sid"))?.value()))
}

/// LSAPR_TRUSTED_ENUM_BUFFER ([MS-LSAD] 2.2.7.19).
pub(super) fn enumerated(
    ndr: &mut Ndr<'_>,
    call: &mut Decoded,
    request: Option<&Decoded>,
) -> Result<(), Stopped> {
    resume(ndr, call)?;
    if let Some(count) = entries(ndr, "Information")? {
        call.list_with_referents("domains", ndr, count, trust_information, |ndr, information| {
            let (name, sid) = trust_referents(ndr, information)?;
            Ok(fields([("domain", name.value()), ("domain_sid", sid)]))
        })?;
    }
    reply::status(ndr, call, request)
}

/// LSAPR_TRUSTED_ENUM_BUFFER_EX ([MS-LSAD] 2.2.7.20).
pub(super) fn enumerated_ex(
    ndr: &mut Ndr<'_>,
    call: &mut Decoded,
    request: Option<&Decoded>,
) -> Result<(), Stopped> {
    resume(ndr, call)?;
    if let Some(count) = entries(ndr, "EnumerationBuffer")? {
        call.list_with_referents("domains", ndr, count, InformationEx::read, |ndr, information| {
            Ok(fields(information.fields(ndr)?))
        })?;
    }
    reply::status(ndr, call, request)
}

fn put_information_ex(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    let information = InformationEx::read(ndr)?;
    for (name, value) in information.fields(ndr)? {
        call.put(name, value);
    }
    Ok(())
}

/// LSAPR_TRUSTED_DOMAIN_INFORMATION_EX ([MS-LSAD] 2.2.7.9).
struct InformationEx {
    name: CountedString,
    flat_name: CountedString,
    sid: Pointer,
    direction: u32,
    kind: u32,
    attributes: u32,
}

impl InformationEx {
    fn read(ndr: &mut Ndr<'_>) -> Result<Self, Stopped> {
        ndr.structure(Alignment::Pointer, |ndr| {
            Ok(Self {
                name: ndr.counted_string("Name")?,
                flat_name: ndr.counted_string("FlatName")?,
                sid: ndr.pointer("Sid")?,
                direction: ndr.u32("TrustDirection")?,
                kind: ndr.u32("TrustType")?,
                attributes: ndr.u32("TrustAttributes")?,
            })
        })
    }

    fn fields(self, ndr: &mut Ndr<'_>) -> Result<[(&'static str, Option<Value>); 6], Stopped> {
        let name = filled(ndr.unicode_text("Name", self.name)?);
        let flat_name = filled(ndr.unicode_text("FlatName", self.flat_name)?);
        let sid = ndr.referent(self.sid, |ndr| ndr.sid("Sid"))?;
        Ok([
            ("domain", name.value()),
            ("netbios_domain", flat_name.value()),
            ("domain_sid", sid.value()),
            ("direction", symbol(self.direction, DIRECTIONS).value()),
            ("trust_type", symbol(self.kind, TYPES).value()),
            ("trust_attributes", self.attributes.value()),
        ])
    }
}

pub(super) fn forest(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    by_name(ndr, call)?;
    call.put("type", symbol(ndr.enumeration("HighestRecordType")?, forest_trust::RECORD_TYPES));
    Ok(())
}

pub(super) fn set_forest(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    forest(ndr, call)?;
    forest_trust::records(ndr, call, "records")
}

pub(super) fn forest_found(
    ndr: &mut Ndr<'_>,
    call: &mut Decoded,
    request: Option<&Decoded>,
) -> Result<(), Stopped> {
    ndr.unique("ForestTrustInfo", |ndr| forest_trust::records(ndr, call, "records"))?;
    reply::status(ndr, call, request)
}

/// TRUSTED_INFORMATION_CLASS ([MS-LSAD] 2.2.7.2).
const LEVELS: &[(u32, &str)] = &[
    (1, "name"),
    (2, "controllers"),
    (3, "posix_offset"),
    (4, "password"),
    (5, "basic"),
    (6, "extended"),
    (7, "authentication"),
    (8, "full"),
    (9, "authentication_internal"),
    (10, "full_internal"),
    (11, "extended_2_internal"),
    (12, "full_2_internal"),
    (13, "encryption_types"),
    (14, "authentication_aes"),
    (15, "full_aes"),
];

/// [MS-LSAD] 2.2.7.9.
const DIRECTIONS: &[(u32, &str)] = &[(0, "disabled"), (1, "inbound"), (2, "outbound"), (3, "bidirectional")];

/// [MS-LSAD] 2.2.7.9.
const TYPES: &[(u32, &str)] = &[(1, "downlevel"), (2, "uplevel"), (3, "mit"), (4, "dce"), (5, "aad")];

#[cfg(test)]
mod tests {
    use super::super::super::encoder::Encoder;
    use super::super::tests::{request, response, texts};

    fn partner(stub: &mut Encoder) -> &mut Encoder {
        stub.counted("partner.example").counted("PARTNER").pointer().u32(3).u32(2).u32(8).end_structure(8)
    }

    fn partner_referents(stub: &mut Encoder) -> &mut Encoder {
        stub.counted_text("partner.example").counted_text("PARTNER").sid(5, &[21, 7, 8, 9])
    }

    #[test]
    fn a_created_trust_has_names_a_sid_and_a_direction() {
        let created = request(59, |stub| {
            stub.handle(1);
            partner(stub);
            partner_referents(stub).align_pointer().u32(4).pointer().conformant(b"blob").u32(0x20);
        });
        assert_eq!(created.arguments.text("domain"), Some("partner.example"));
        assert_eq!(created.arguments.text("netbios_domain"), Some("PARTNER"));
        assert_eq!(created.arguments.text("domain_sid"), Some("S-1-5-21-7-8-9"));
        assert_eq!(created.arguments.text("direction"), Some("bidirectional"));
        assert!(created.handles.naming.is_some());
    }

    #[test]
    fn trusts_are_listed() {
        let short = response(13, None, |stub| {
            stub.u32(1).align_pointer().u32(1).pointer().count(1).counted("PARTNER").pointer();
            stub.counted_text("PARTNER").sid(5, &[21, 7]).u32(0);
        });
        assert_eq!(texts(&short, "domains"), ["domain=PARTNER domain_sid=S-1-5-21-7"]);
        let long = response(50, None, |stub| {
            stub.u32(1).align_pointer().u32(1).pointer().count(1);
            partner(stub);
            partner_referents(stub).u32(0);
        });
        let [only] = &texts(&long, "domains")[..] else { panic!("one trust") };
        assert!(only.starts_with("domain=partner.example netbios_domain=PARTNER"), "{only}");
        assert_eq!(long.arguments.number("status"), Some(0));
    }

    #[test]
    fn a_queried_trust_is_asked_by_name_or_sid() {
        let named = request(48, |stub| _ = stub.handle(1).unicode_string("PARTNER").enumeration(6));
        assert_eq!(named.arguments.text("domain"), Some("PARTNER"));
        assert_eq!(named.arguments.text("level"), Some("extended"));
        let by_sid = request(39, |stub| _ = stub.handle(1).sid(5, &[21, 7]).enumeration(4));
        assert_eq!(by_sid.arguments.text("level"), Some("password"));
        let answer = response(48, Some(&named), |stub| {
            stub.pointer().enumeration(6).align_pointer();
            partner(stub);
            partner_referents(stub).u32(0);
        });
        assert_eq!(answer.arguments.text("domain_sid"), Some("S-1-5-21-7-8-9"));
        assert_eq!(answer.arguments.number("status"), Some(0));
    }

    #[test]
    fn the_names_that_a_forest_claims_are_listed() {
        let asked = request(73, |stub| _ = stub.handle(1).unicode_string("partner.example").enumeration(2));
        assert_eq!(asked.arguments.text("type"), Some("domain_info"));
        let answer = response(73, Some(&asked), |stub| {
            stub.pointer().align_pointer().u32(2).pointer().count(2).pointer().pointer();
            stub.align(8)
                .u32(0)
                .enumeration(0)
                .u64(5)
                .enumeration(0)
                .end_structure(8)
                .unicode_string("example");
            stub.align(8).u32(0).enumeration(2).u64(5).enumeration(2).align_pointer().pointer();
            stub.counted("a.example").counted("A").sid(5, &[21, 7]);
            stub.counted_text("a.example").counted_text("A").u32(0);
        });
        assert_eq!(
            texts(&answer, "records"),
            [
                "type=top_level_name domain=example",
                "type=domain_info domain=a.example netbios_domain=A domain_sid=S-1-5-21-7"
            ]
        );
        assert_eq!(answer.arguments.number("status"), Some(0));
    }
}
