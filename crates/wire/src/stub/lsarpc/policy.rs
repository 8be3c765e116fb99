//! The policy object: opened, closed, asked, set ([MS-LSAD] 3.1.4.4).

use super::super::Decoded;
use super::super::argument::symbol;
use super::super::principals::{filled, rid};
use super::super::reply;
use crate::ndr::{Alignment, Ndr, Tag};
use rpcscope_model::Stopped;

/// LsarOpenPolicy ([MS-LSAD] 3.1.4.4.2), whose system name is one character.
pub(super) fn open(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    ndr.unique("SystemName", |ndr| ndr.u16("SystemName"))?;
    attributes_and_access(ndr, call)
}

/// LsarOpenPolicy2, and LsarOpenPolicy3 as far as they agree.
pub(super) fn open_2(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    let machine = ndr.unique("SystemName", |ndr| ndr.wide_string("SystemName"))?;
    call.opens_as("machine", filled(machine));
    attributes_and_access(ndr, call)
}

pub(super) fn open_with_credentials(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    attributes_and_access(ndr, call)
}

/// LSAPR_OBJECT_ATTRIBUTES ([MS-LSAD] 2.2.2.4), of which a server looks at nothing but that there is no root directory.
fn attributes_and_access(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    ndr.align(Alignment::Pointer);
    ndr.u32("Length")?;
    let root = ndr.pointer("RootDirectory")?;
    let name = ndr.pointer("ObjectName")?;
    ndr.u32("Attributes")?;
    let security_descriptor = ndr.pointer("SecurityDescriptor")?;
    let quality = ndr.pointer("SecurityQualityOfService")?;
    ndr.referent(root, |ndr| ndr.u8("RootDirectory"))?;
    ndr.referent(name, |ndr| ndr.ansi_string("ObjectName"))?;
    if !security_descriptor.is_null() {
        return Err(ndr.unsupported("SecurityDescriptor"));
    }
    ndr.referent(quality, quality_of_service)?;
    call.put("access", ndr.u32("DesiredAccess")?);
    Ok(())
}

/// SECURITY_QUALITY_OF_SERVICE ([MS-LSAD] 2.2.3.7).
fn quality_of_service(ndr: &mut Ndr<'_>) -> Result<(), Stopped> {
    ndr.structure(Alignment::Four, |ndr| {
        ndr.u32("Length")?;
        ndr.enumeration("ImpersonationLevel")?;
        ndr.u8("ContextTrackingMode")?;
        ndr.u8("EffectiveOnly").map(|_| ())
    })
}

/// LSAPR_REVISION_INFO ([MS-LSAD] 2.2.2.7) and the handle.
pub(super) fn opened_3(
    ndr: &mut Ndr<'_>,
    call: &mut Decoded,
    request: Option<&Decoded>,
) -> Result<(), Stopped> {
    ndr.u32("OutVersion")?;
    if ndr.union_tag("OutVersion", Tag::Long, Alignment::Four)? != 1 {
        return Err(ndr.unsupported("OutRevisionInfo"));
    }
    ndr.u32("Revision")?;
    ndr.u32("SupportedFeatures")?;
    reply::handle_and_status(ndr, call, request)
}

pub(super) fn on_object(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    call.uses(ndr.context_handle("ObjectHandle")?);
    Ok(())
}

/// A handle that is closed, or whose object is deleted.
pub(super) fn close(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    call.closes(ndr.context_handle("ObjectHandle")?);
    Ok(())
}

pub(super) fn security(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    on_object(ndr, call)?;
    call.put("security_information", ndr.u32("SecurityInformation")?);
    Ok(())
}

/// An enumeration that goes on at a place, 0 at the start.
pub(super) fn enumerate(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    on_object(ndr, call)?;
    resume(ndr, call)
}

pub(super) fn resume(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    call.put("resume", ndr.u32("EnumerationContext")?);
    Ok(())
}

pub(super) fn level(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    on_object(ndr, call)?;
    call.put("level", symbol(ndr.enumeration("InformationClass")?, LEVELS));
    Ok(())
}

pub(super) fn domain_level(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    on_object(ndr, call)?;
    call.put("level", symbol(ndr.enumeration("InformationClass")?, DOMAIN_LEVELS));
    Ok(())
}

pub(super) fn set(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    level(ndr, call)?;
    information(ndr, call).map(|_| ())
}

pub(super) fn queried(
    ndr: &mut Ndr<'_>,
    call: &mut Decoded,
    request: Option<&Decoded>,
) -> Result<(), Stopped> {
    if !ndr.pointer("PolicyInformation")?.is_null() && !information(ndr, call)? {
        return reply::status_at_end(ndr, call, request);
    }
    reply::status(ndr, call, request)
}

/// LSAPR_POLICY_INFORMATION ([MS-LSAD] 2.2.4.2). False: its end was not read.
fn information(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<bool, Stopped> {
    match ndr.union_tag("InformationClass", Tag::Enumeration, Alignment::Eight)? {
        2 => audit_events(ndr, call)?,
        3 | 5 | 14 => domain(ndr, call)?,
        4 => call.put("account", filled(ndr.unicode_string("Name")?)),
        6 => call.put("role", symbol(ndr.enumeration("LsaServerRole")?, ROLES)),
        7 => {
            let source = ndr.counted_string("ReplicaSource")?;
            let account = ndr.counted_string("ReplicaAccountName")?;
            call.put("replica_source", filled(ndr.unicode_text("ReplicaSource", source)?));
            call.put("account", filled(ndr.unicode_text("ReplicaAccountName", account)?));
        }
        12 | 13 => dns_domain(ndr, call)?,
        15 => {
            ndr.align(Alignment::Pointer);
            call.put("rid", rid(ndr.u32("Rid")?));
            call.put("domain_sid", ndr.unique("Sid", |ndr| ndr.sid("Sid"))?);
        }
        _ => return Ok(false),
    }
    Ok(true)
}

/// LSAPR_POLICY_PRIMARY_DOM_INFO, LSAPR_POLICY_ACCOUNT_DOM_INFO ([MS-LSAD] 2.2.4.5, 2.2.4.6).
fn domain(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    let name = ndr.counted_string("Name")?;
    let sid = ndr.pointer("Sid")?;
    call.put("domain", filled(ndr.unicode_text("Name", name)?));
    call.put("domain_sid", ndr.referent(sid, |ndr| ndr.sid("Sid"))?);
    Ok(())
}

/// LSAPR_POLICY_DNS_DOMAIN_INFO ([MS-LSAD] 2.2.4.14).
fn dns_domain(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    let name = ndr.counted_string("Name")?;
    let domain = ndr.counted_string("DnsDomainName")?;
    let forest = ndr.counted_string("DnsForestName")?;
    let guid = ndr.uuid("DomainGuid")?;
    let sid = ndr.pointer("Sid")?;
    call.put("domain", filled(ndr.unicode_text("Name", name)?));
    call.put("dns_domain", filled(ndr.unicode_text("DnsDomainName", domain)?));
    call.put("forest", filled(ndr.unicode_text("DnsForestName", forest)?));
    call.put("domain_guid", guid);
    call.put("domain_sid", ndr.referent(sid, |ndr| ndr.sid("Sid"))?);
    Ok(())
}

/// LSAPR_POLICY_AUDIT_EVENTS_INFO ([MS-LSAD] 2.2.4.4): an option for each category of events, by its number.
fn audit_events(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    ndr.align(Alignment::Pointer);
    call.put("auditing", ndr.u8("AuditingMode")? != 0);
    let options = ndr.pointer("EventAuditingOptions")?;
    ndr.u32("MaximumAuditEventCount")?;
    if ndr.is_ndr64() {
        ndr.align(Alignment::Pointer);
    }
    if options.is_null() {
        return Ok(());
    }
    let count = ndr.count("EventAuditingOptions")?;
    call.list("audit_options", ndr, count, |ndr| ndr.u32("EventAuditingOptions"))
}

/// POLICY_INFORMATION_CLASS ([MS-LSAD] 2.2.4.1).
const LEVELS: &[(u32, &str)] = &[
    (1, "audit_log"),
    (2, "audit_events"),
    (3, "primary_domain"),
    (4, "pd_account"),
    (5, "account_domain"),
    (6, "server_role"),
    (7, "replica_source"),
    (9, "modification"),
    (10, "audit_full_set"),
    (11, "audit_full_query"),
    (12, "dns_domain"),
    (13, "dns_domain_internal"),
    (14, "local_account_domain"),
    (15, "machine_account"),
];

/// POLICY_DOMAIN_INFORMATION_CLASS ([MS-LSAD] 2.2.4.15).
const DOMAIN_LEVELS: &[(u32, &str)] = &[(1, "quality_of_service"), (2, "efs"), (3, "kerberos_ticket")];

/// POLICY_LSA_SERVER_ROLE ([MS-LSAD] 2.2.4.8).
const ROLES: &[(u32, &str)] = &[(2, "backup"), (3, "primary")];

#[cfg(test)]
mod tests {
    use super::super::tests::{request, response, texts};
    use crate::ndr::Handle;

    #[test]
    fn a_policy_is_opened_on_a_machine_with_an_access() {
        let opened = request(44, |stub| {
            stub.pointer().wide("\\\\DC1").align_pointer().u32(24).null().null().u32(0).null().pointer();
            stub.align(4).u32(12).enumeration(2).u8(1).u8(0).end_structure(4).u32(0x0200_0000);
        });
        assert_eq!(opened.arguments.text("machine"), Some("\\\\DC1"));
        assert_eq!(opened.arguments.number("access"), Some(0x0200_0000));
        let first = request(6, |stub| {
            stub.pointer().u16(0x5c).align_pointer().u32(24).null().null().u32(0).null().null().u32(0x800);
        });
        assert_eq!(first.arguments.number("access"), Some(0x800));
    }

    #[test]
    fn the_third_way_to_open_gives_a_handle_too() {
        let opened = response(130, None, |stub| _ = stub.u32(1).u32(1).u32(1).u32(0).handle(8).u32(0));
        assert_eq!(opened.handles.opened, Some(Handle([8; 20])));
    }

    #[test]
    fn a_queried_domain_has_a_name_and_a_sid() {
        let asked = request(7, |stub| _ = stub.handle(1).enumeration(5));
        assert_eq!(asked.arguments.text("level"), Some("account_domain"));
        let answer = response(7, Some(&asked), |stub| {
            stub.pointer().align_pointer().enumeration(5).align_pointer().counted("CORP").pointer();
            stub.counted_text("CORP").sid(5, &[21, 1, 2, 3]).u32(0);
        });
        assert_eq!(answer.arguments.text("domain"), Some("CORP"));
        assert_eq!(answer.arguments.text("domain_sid"), Some("S-1-5-21-1-2-3"));
        assert_eq!(answer.arguments.number("status"), Some(0));
    }

    #[test]
    fn a_queried_dns_domain_has_a_forest() {
        let answer = response(46, None, |stub| {
            stub.pointer().enumeration(12).counted("CORP").counted("corp.example").counted("example");
            stub.uuid(uuid::Uuid::from_u128(7)).pointer().counted_text("CORP").counted_text("corp.example");
            stub.counted_text("example").sid(5, &[21, 1, 2, 3]).u32(0);
        });
        assert_eq!(answer.arguments.text("forest"), Some("example"));
        assert_eq!(answer.arguments.text("dns_domain"), Some("corp.example"));
        assert_eq!(answer.arguments.number("status"), Some(0));
    }

    #[test]
    fn auditing_that_is_switched_off_is_told() {
        let set = request(8, |stub| {
            stub.handle(1)
                .enumeration(2)
                .end_structure(8)
                .enumeration(2)
                .align_pointer()
                .u8(0)
                .pointer()
                .u32(2);
            stub.end_structure(8).count(2).u32(0).u32(0);
        });
        assert_eq!(set.arguments.text("level"), Some("audit_events"));
        assert_eq!(set.arguments.get("auditing"), Some(&rpcscope_model::Value::Flag(false)));
        assert_eq!(texts(&set, "audit_options"), ["0", "0"]);
    }

    #[test]
    fn a_level_that_is_not_decoded_still_has_a_status() {
        let answer =
            response(7, None, |stub| _ = stub.pointer().enumeration(9).align(8).u64(1).u64(2).u32(5));
        assert_eq!(answer.arguments.number("status"), Some(5));
    }
}
