//! Accounts with their rights and privileges ([MS-LSAD] 3.1.4.5, 3.1.4.8).

use super::super::argument::symbol;
use super::super::entries::entries;
use super::super::principals::{sid_text, sids};
use super::super::{Decoded, reply};
use super::policy::{on_object, resume};
use crate::ndr::Ndr;
use rpcscope_model::{Stopped, Value};

pub(super) fn open(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    on_object(ndr, call)?;
    let sid = ndr.sid("AccountSid")?;
    call.opens_as("sid", Some(sid_text(&sid)));
    call.put("access", ndr.u32("DesiredAccess")?);
    Ok(())
}

pub(super) fn enumerated(
    ndr: &mut Ndr<'_>,
    call: &mut Decoded,
    request: Option<&Decoded>,
) -> Result<(), Stopped> {
    resume(ndr, call)?;
    sids(ndr, call, "sids")?;
    reply::status(ndr, call, request)
}

/// LSAPR_PRIVILEGE_ENUM_BUFFER ([MS-LSAD] 2.2.8.2).
pub(super) fn privileges_known(
    ndr: &mut Ndr<'_>,
    call: &mut Decoded,
    request: Option<&Decoded>,
) -> Result<(), Stopped> {
    resume(ndr, call)?;
    if let Some(count) = entries(ndr, "Privileges")? {
        call.list_with_referents(
            "privileges",
            ndr,
            count,
            |ndr| {
                let name = ndr.counted_string("Name")?;
                ndr.u32("LowPart")?;
                ndr.u32("HighPart")?;
                Ok(name)
            },
            |ndr, name| ndr.unicode_text("Name", name),
        )?;
    }
    reply::status(ndr, call, request)
}

pub(super) fn privileges_of_account(
    ndr: &mut Ndr<'_>,
    call: &mut Decoded,
    request: Option<&Decoded>,
) -> Result<(), Stopped> {
    ndr.unique("Privileges", |ndr| privilege_set(ndr, call))?;
    reply::status(ndr, call, request)
}

pub(super) fn add_privileges(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    on_object(ndr, call)?;
    privilege_set(ndr, call)
}

pub(super) fn remove_privileges(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    on_object(ndr, call)?;
    call.put("all", ndr.u8("AllPrivileges")? != 0);
    ndr.unique("Privileges", |ndr| privilege_set(ndr, call))?;
    Ok(())
}

/// LSAPR_PRIVILEGE_SET ([MS-LSAD] 2.2.5.5).
fn privilege_set(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    let count = ndr.count("Privilege")?;
    ndr.u32("PrivilegeCount")?;
    ndr.u32("Control")?;
    call.list("privileges", ndr, count, |ndr| {
        let privilege = luid(ndr)?;
        ndr.u32("Attributes")?;
        Ok(privilege)
    })
}

/// A LUID that stands for a privilege.
fn luid(ndr: &mut Ndr<'_>) -> Result<Value, Stopped> {
    let low = ndr.u32("LowPart")?;
    let high = ndr.u32("HighPart")?;
    Ok(match high {
        0 => symbol(low, PRIVILEGES),
        _ => Value::Number(u64::from(high) << 32 | u64::from(low)),
    })
}

pub(super) fn privilege_name(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    on_object(ndr, call)?;
    call.put("privilege", ndr.unicode_string("Name")?);
    Ok(())
}

pub(super) fn privilege_value(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    on_object(ndr, call)?;
    let value = luid(ndr)?;
    call.put("luid", value);
    Ok(())
}

pub(super) fn privilege_found(
    ndr: &mut Ndr<'_>,
    call: &mut Decoded,
    request: Option<&Decoded>,
) -> Result<(), Stopped> {
    call.put("privilege", ndr.unique("Name", |ndr| ndr.unicode_string("Name"))?.flatten());
    reply::status(ndr, call, request)
}

pub(super) fn system_access(
    ndr: &mut Ndr<'_>,
    call: &mut Decoded,
    request: Option<&Decoded>,
) -> Result<(), Stopped> {
    call.put("system_access", ndr.u32("SystemAccess")?);
    reply::status(ndr, call, request)
}

pub(super) fn set_system_access(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    on_object(ndr, call)?;
    call.put("system_access", ndr.u32("SystemAccess")?);
    Ok(())
}

pub(super) fn right(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    on_object(ndr, call)?;
    call.put("right", ndr.unique("UserRight", |ndr| ndr.unicode_string("UserRight"))?.flatten());
    Ok(())
}

pub(super) fn with_right(
    ndr: &mut Ndr<'_>,
    call: &mut Decoded,
    request: Option<&Decoded>,
) -> Result<(), Stopped> {
    sids(ndr, call, "sids")?;
    reply::status(ndr, call, request)
}

pub(super) fn rights_asked(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    on_object(ndr, call)?;
    call.put("sid", ndr.sid("AccountSid")?);
    Ok(())
}

pub(super) fn rights_found(
    ndr: &mut Ndr<'_>,
    call: &mut Decoded,
    request: Option<&Decoded>,
) -> Result<(), Stopped> {
    rights(ndr, call)?;
    reply::status(ndr, call, request)
}

pub(super) fn add_rights(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    rights_asked(ndr, call)?;
    rights(ndr, call)
}

pub(super) fn remove_rights(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    rights_asked(ndr, call)?;
    call.put("all", ndr.u8("AllRights")? != 0);
    rights(ndr, call)
}

/// LSAPR_USER_RIGHT_SET ([MS-LSAD] 2.2.5.3).
fn rights(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    let Some(count) = entries(ndr, "UserRights")? else { return Ok(()) };
    call.list_with_referents(
        "rights",
        ndr,
        count,
        |ndr| ndr.counted_string("UserRights"),
        |ndr, right| ndr.unicode_text("UserRights", right),
    )
}

/// [MS-LSAD] 3.1.1.2.1.
const PRIVILEGES: &[(u32, &str)] = &[
    (2, "SeCreateTokenPrivilege"),
    (3, "SeAssignPrimaryTokenPrivilege"),
    (4, "SeLockMemoryPrivilege"),
    (5, "SeIncreaseQuotaPrivilege"),
    (6, "SeMachineAccountPrivilege"),
    (7, "SeTcbPrivilege"),
    (8, "SeSecurityPrivilege"),
    (9, "SeTakeOwnershipPrivilege"),
    (10, "SeLoadDriverPrivilege"),
    (11, "SeSystemProfilePrivilege"),
    (12, "SeSystemtimePrivilege"),
    (13, "SeProfileSingleProcessPrivilege"),
    (14, "SeIncreaseBasePriorityPrivilege"),
    (15, "SeCreatePagefilePrivilege"),
    (16, "SeCreatePermanentPrivilege"),
    (17, "SeBackupPrivilege"),
    (18, "SeRestorePrivilege"),
    (19, "SeShutdownPrivilege"),
    (20, "SeDebugPrivilege"),
    (21, "SeAuditPrivilege"),
    (22, "SeSystemEnvironmentPrivilege"),
    (23, "SeChangeNotifyPrivilege"),
    (24, "SeRemoteShutdownPrivilege"),
    (25, "SeUndockPrivilege"),
    (26, "SeSyncAgentPrivilege"),
    (27, "SeEnableDelegationPrivilege"),
    (28, "SeManageVolumePrivilege"),
    (29, "SeImpersonatePrivilege"),
    (30, "SeCreateGlobalPrivilege"),
    (31, "SeTrustedCredManAccessPrivilege"),
    (32, "SeRelabelPrivilege"),
    (33, "SeIncreaseWorkingSetPrivilege"),
    (34, "SeTimeZonePrivilege"),
    (35, "SeCreateSymbolicLinkPrivilege"),
];

#[cfg(test)]
mod tests {
    use super::super::tests::{request, response, texts};

    #[test]
    fn rights_that_are_added_have_an_account_and_names() {
        let added = request(37, |stub| {
            stub.handle(1).sid(5, &[21, 1, 1104]).align_pointer().u32(1).pointer().count(1);
            stub.counted("SeDebugPrivilege").counted_text("SeDebugPrivilege");
        });
        assert_eq!(added.arguments.text("sid"), Some("S-1-5-21-1-1104"));
        assert_eq!(texts(&added, "rights"), ["SeDebugPrivilege"]);
        let removed = request(38, |stub| {
            stub.handle(1).sid(5, &[21, 1, 1104]).u8(1).align_pointer().u32(0).null();
        });
        assert_eq!(removed.arguments.get("all"), Some(&rpcscope_model::Value::Flag(true)));
    }

    #[test]
    fn privileges_that_are_added_have_names() {
        let added = request(19, |stub| {
            stub.handle(1).count(2).u32(2).u32(0).u32(20).u32(0).u32(3).u32(99).u32(0).u32(3);
        });
        assert_eq!(texts(&added, "privileges"), ["SeDebugPrivilege", "99"]);
        let found = response(18, None, |stub| {
            stub.pointer().count(1).u32(1).u32(0).u32(17).u32(0).u32(3).u32(0);
        });
        assert_eq!(texts(&found, "privileges"), ["SeBackupPrivilege"]);
        let removed = request(20, |stub| _ = stub.handle(1).u8(1).null());
        assert_eq!(removed.arguments.len(), 1);
    }

    #[test]
    fn accounts_that_hold_a_right_are_sids() {
        let asked = request(35, |stub| _ = stub.handle(1).pointer().unicode_string("SeDebugPrivilege"));
        assert_eq!(asked.arguments.text("right"), Some("SeDebugPrivilege"));
        let answer = response(35, Some(&asked), |stub| {
            stub.align_pointer().u32(1).pointer().count(1).pointer().sid(5, &[32, 544]).u32(0);
        });
        assert_eq!(texts(&answer, "sids"), ["S-1-5-32-544"]);
        let all = response(11, None, |stub| {
            stub.u32(1).align_pointer().u32(1).pointer().count(1).pointer().sid(5, &[32, 544]).u32(0);
        });
        assert_eq!(texts(&all, "sids"), ["S-1-5-32-544"]);
    }

    #[test]
    fn privileges_are_looked_up_both_ways() {
        let named = request(31, |stub| _ = stub.handle(1).unicode_string("SeTcbPrivilege"));
        assert_eq!(named.arguments.text("privilege"), Some("SeTcbPrivilege"));
        let valued = request(32, |stub| _ = stub.handle(1).u32(7).u32(0));
        assert_eq!(valued.arguments.text("luid"), Some("SeTcbPrivilege"));
        let found = response(32, None, |stub| _ = stub.pointer().unicode_string("SeTcbPrivilege").u32(0));
        assert_eq!(found.arguments.text("privilege"), Some("SeTcbPrivilege"));
    }

    #[test]
    fn an_opened_account_names_its_handle() {
        let opened = request(17, |stub| _ = stub.handle(1).sid(5, &[32, 544]).u32(3));
        assert_eq!(opened.arguments.text("sid"), Some("S-1-5-32-544"));
        assert!(opened.handles.naming.is_some());
    }

    #[test]
    fn known_privileges_are_listed() {
        let answer = response(2, None, |stub| {
            stub.u32(1).align_pointer().u32(1).pointer().count(1).counted("SeDebugPrivilege").u32(20).u32(0);
            stub.counted_text("SeDebugPrivilege").u32(0);
        });
        assert_eq!(texts(&answer, "privileges"), ["SeDebugPrivilege"]);
    }
}
