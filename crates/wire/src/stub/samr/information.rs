//! What is known about domains, groups and aliases, asked and set ([MS-SAMR] 3.1.5.5, 3.1.5.6).

use super::super::argument::symbol;
use super::super::principals::filled;
use super::super::{Decoded, reply};
use super::open::on_object;
use crate::ndr::{Alignment, Ndr, Tag};
use rpcscope_model::Stopped;

pub(super) fn domain_level(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    level(ndr, call, DOMAIN_LEVELS)
}

pub(super) fn group_level(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    level(ndr, call, GROUP_LEVELS)
}

pub(super) fn alias_level(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    level(ndr, call, ALIAS_LEVELS)
}

fn level(ndr: &mut Ndr<'_>, call: &mut Decoded, levels: &[(u32, &'static str)]) -> Result<(), Stopped> {
    on_object(ndr, call)?;
    call.put("level", symbol(ndr.enumeration("InformationClass")?, levels));
    Ok(())
}

pub(super) fn set_domain(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    domain_level(ndr, call)?;
    domain_information(ndr, call).map(|_| ())
}

/// Nothing but a status follows a level that is decoded to its end.
pub(super) fn domain(
    ndr: &mut Ndr<'_>,
    call: &mut Decoded,
    request: Option<&Decoded>,
) -> Result<(), Stopped> {
    if !ndr.pointer("Buffer")?.is_null() && !domain_information(ndr, call)? {
        return reply::status_at_end(ndr, call, request);
    }
    reply::status(ndr, call, request)
}

/// SAMPR_DOMAIN_INFO_BUFFER ([MS-SAMR] 2.2.3.17). False: its end was not read.
fn domain_information(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<bool, Stopped> {
    match ndr.union_tag("DomainInformationClass", Tag::Enumeration, Alignment::Eight)? {
        1 => {
            ndr.align(Alignment::Four);
            call.put("minimum_password_length", ndr.u16("MinPasswordLength")?);
            call.put("password_history_length", ndr.u16("PasswordHistoryLength")?);
            call.put("password_properties", ndr.u32("PasswordProperties")?);
            ndr.filetime("MaxPasswordAge")?;
            ndr.filetime("MinPasswordAge")?;
        }
        2 => general(ndr, call)?,
        4 => call.put("description", filled(ndr.unicode_string("OemInformation")?)),
        5 => call.put("domain", filled(ndr.unicode_string("DomainName")?)),
        6 => call.put("replica_source", filled(ndr.unicode_string("ReplicaSourceNodeName")?)),
        12 => {
            ndr.u64("LockoutDuration")?;
            ndr.u64("LockoutObservationWindow")?;
            call.put("lockout_threshold", ndr.u16("LockoutThreshold")?);
            if ndr.is_ndr64() {
                ndr.align(Alignment::Eight);
            }
        }
        _ => return Ok(false),
    }
    Ok(true)
}

/// SAMPR_DOMAIN_GENERAL_INFORMATION ([MS-SAMR] 2.2.3.10).
fn general(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    ndr.align(Alignment::Pointer);
    ndr.filetime("ForceLogoff")?;
    let description = ndr.counted_string("OemInformation")?;
    let domain = ndr.counted_string("DomainName")?;
    let replica_source = ndr.counted_string("ReplicaSourceNodeName")?;
    ndr.filetime("DomainModifiedCount")?;
    ndr.u32("DomainServerState")?;
    ndr.u32("DomainServerRole")?;
    ndr.u8("UasCompatibilityRequired")?;
    call.put("users", ndr.u32("UserCount")?);
    call.put("groups", ndr.u32("GroupCount")?);
    call.put("aliases", ndr.u32("AliasCount")?);
    if ndr.is_ndr64() {
        ndr.align(Alignment::Pointer);
    }
    call.put("description", filled(ndr.unicode_text("OemInformation", description)?));
    call.put("domain", filled(ndr.unicode_text("DomainName", domain)?));
    call.put("replica_source", filled(ndr.unicode_text("ReplicaSourceNodeName", replica_source)?));
    Ok(())
}

pub(super) fn set_group(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    group_level(ndr, call)?;
    group_information(ndr, call, "new_name")
}

pub(super) fn set_alias(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    alias_level(ndr, call)?;
    alias_information(ndr, call, "new_name")
}

pub(super) fn group(ndr: &mut Ndr<'_>, call: &mut Decoded, request: Option<&Decoded>) -> Result<(), Stopped> {
    ndr.unique("Buffer", |ndr| group_information(ndr, call, "account"))?;
    reply::status(ndr, call, request)
}

pub(super) fn alias(ndr: &mut Ndr<'_>, call: &mut Decoded, request: Option<&Decoded>) -> Result<(), Stopped> {
    ndr.unique("Buffer", |ndr| alias_information(ndr, call, "account"))?;
    reply::status(ndr, call, request)
}

/// SAMPR_GROUP_INFO_BUFFER ([MS-SAMR] 2.2.4.7). `name` is what its name becomes in output.
fn group_information(ndr: &mut Ndr<'_>, call: &mut Decoded, name: &'static str) -> Result<(), Stopped> {
    match ndr.union_tag("GroupInformationClass", Tag::Enumeration, Alignment::Pointer)? {
        1 => general_of_group(ndr, call, name, true).map(|members| call.put("members", members)),
        // Servers give 0 members at this level, whatever there are.
        5 => general_of_group(ndr, call, name, true).map(|_| ()),
        2 => put_name(ndr, call, name),
        3 => ndr.u32("Attributes").map(|_| ()),
        4 => description(ndr, call),
        _ => Err(ndr.unsupported("GroupInformationClass")),
    }
}

/// SAMPR_ALIAS_INFO_BUFFER ([MS-SAMR] 2.2.5.6).
fn alias_information(ndr: &mut Ndr<'_>, call: &mut Decoded, name: &'static str) -> Result<(), Stopped> {
    match ndr.union_tag("AliasInformationClass", Tag::Enumeration, Alignment::Pointer)? {
        1 => general_of_group(ndr, call, name, false).map(|members| call.put("members", members)),
        2 => put_name(ndr, call, name),
        3 => description(ndr, call),
        _ => Err(ndr.unsupported("AliasInformationClass")),
    }
}

/// SAMPR_GROUP_GENERAL_INFORMATION ([MS-SAMR] 2.2.4.3), and that of an alias, which has no attributes (2.2.5.2). Gives back
/// the number of members.
fn general_of_group(
    ndr: &mut Ndr<'_>,
    call: &mut Decoded,
    name: &'static str,
    has_attributes: bool,
) -> Result<u32, Stopped> {
    let text = ndr.counted_string("Name")?;
    if has_attributes {
        ndr.u32("Attributes")?;
    }
    let members = ndr.u32("MemberCount")?;
    let comment = ndr.counted_string("AdminComment")?;
    call.put(name, filled(ndr.unicode_text("Name", text)?));
    call.put("description", filled(ndr.unicode_text("AdminComment", comment)?));
    Ok(members)
}

fn put_name(ndr: &mut Ndr<'_>, call: &mut Decoded, name: &'static str) -> Result<(), Stopped> {
    call.put(name, ndr.unicode_string("Name")?);
    Ok(())
}

fn description(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    call.put("description", ndr.unicode_string("AdminComment")?);
    Ok(())
}

/// DOMAIN_INFORMATION_CLASS ([MS-SAMR] 2.2.3.16).
const DOMAIN_LEVELS: &[(u32, &str)] = &[
    (1, "password"),
    (2, "general"),
    (3, "logoff"),
    (4, "oem"),
    (5, "name"),
    (6, "replication"),
    (7, "server_role"),
    (8, "modified"),
    (9, "state"),
    (11, "general_2"),
    (12, "lockout"),
    (13, "modified_2"),
];

/// GROUP_INFORMATION_CLASS ([MS-SAMR] 2.2.4.6).
const GROUP_LEVELS: &[(u32, &str)] =
    &[(1, "general"), (2, "name"), (3, "attributes"), (4, "description"), (5, "replication")];

/// ALIAS_INFORMATION_CLASS ([MS-SAMR] 2.2.5.5).
const ALIAS_LEVELS: &[(u32, &str)] = &[(1, "general"), (2, "name"), (3, "description")];

#[cfg(test)]
mod tests {
    use super::super::tests::{request, response};

    #[test]
    fn the_password_policy_of_a_domain_is_told() {
        let asked = request(46, |stub| _ = stub.handle(1).enumeration(1));
        assert_eq!(asked.arguments.text("level"), Some("password"));
        let answer = response(46, Some(&asked), |stub| {
            stub.pointer().end_structure(8).enumeration(1).end_structure(8).align(4).u16(7).u16(24).u32(1);
            stub.u32(0).u32(0).u32(0).u32(0).u32(0);
        });
        assert_eq!(answer.arguments.number("minimum_password_length"), Some(7));
        assert_eq!(answer.arguments.number("password_history_length"), Some(24));
        assert_eq!(answer.arguments.number("status"), Some(0));
    }

    #[test]
    fn the_lockout_threshold_of_a_domain_is_told() {
        let answer = response(46, None, |stub| {
            stub.pointer().end_structure(8).enumeration(12).u64(1).u64(2).u16(5).end_structure(8).u32(0);
        });
        assert_eq!(answer.arguments.number("lockout_threshold"), Some(5));
    }

    #[test]
    fn the_name_of_a_domain_and_its_totals_are_told() {
        let named = response(8, None, |stub| {
            stub.pointer().end_structure(8).enumeration(5).end_structure(8).unicode_string("CORP").u32(0);
        });
        assert_eq!(named.arguments.text("domain"), Some("CORP"));
        let general = response(8, None, |stub| {
            stub.pointer().end_structure(8).enumeration(2).align_pointer().u32(0).u32(0);
            stub.counted("note").counted("CORP").counted("").u32(0).u32(0).u32(1).u32(3).u8(1);
            stub.u32(40).u32(30).u32(20).end_structure(8);
            stub.counted_text("note").counted_text("CORP").counted_text("").u32(0);
        });
        assert_eq!(general.arguments.text("domain"), Some("CORP"));
        assert_eq!(general.arguments.number("users"), Some(40));
        assert_eq!(general.arguments.number("status"), Some(0));
    }

    #[test]
    fn a_level_that_is_not_decoded_still_has_a_status() {
        let answer = response(46, None, |stub| {
            stub.pointer().end_structure(8).enumeration(3).end_structure(8).align(4).u32(0).u32(0).u32(5);
        });
        assert_eq!(answer.arguments.number("status"), Some(5));
    }

    #[test]
    fn a_group_and_an_alias_have_names_members_and_descriptions() {
        let group = response(20, None, |stub| {
            stub.pointer()
                .align_pointer()
                .enumeration(1)
                .counted("Domain Admins")
                .u32(7)
                .u32(2)
                .counted("all");
            stub.counted_text("Domain Admins").counted_text("all").u32(0);
        });
        let alias = response(28, None, |stub| {
            stub.pointer().align_pointer().enumeration(1).counted("Domain Admins").u32(2).counted("all");
            stub.counted_text("Domain Admins").counted_text("all").u32(0);
        });
        for decoded in [group, alias] {
            assert_eq!(decoded.arguments.text("account"), Some("Domain Admins"));
            assert_eq!(decoded.arguments.number("members"), Some(2));
            assert_eq!(decoded.arguments.text("description"), Some("all"));
        }
    }

    #[test]
    fn a_renamed_alias_has_a_new_name() {
        let renamed = request(29, |stub| {
            stub.handle(1).enumeration(2).end_structure(8).enumeration(2).unicode_string("x");
        });
        assert_eq!(renamed.arguments.text("new_name"), Some("x"));
    }
}
