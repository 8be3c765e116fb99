//! Handles: connected, opened, created, closed ([MS-SAMR] 3.1.5.1, 3.1.5.4, 3.1.5.7).

use super::super::argument::symbol;
use super::super::principals::{filled, rid, sid_text};
use super::super::{Decoded, reply};
use crate::ndr::{Alignment, Ndr, Tag};
use rpcscope_model::Stopped;

/// SamrConnect ([MS-SAMR] 3.1.5.1.4), whose server name is one character.
pub(super) fn connect(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    ndr.unique("ServerName", |ndr| ndr.u16("ServerName"))?;
    access(ndr, call)
}

pub(super) fn connect_2(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    server_name(ndr, call)?;
    access(ndr, call)
}

pub(super) fn connect_4(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    server_name(ndr, call)?;
    call.put("revision", ndr.u32("ClientRevision")?);
    access(ndr, call)
}

pub(super) fn connect_5(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    server_name(ndr, call)?;
    access(ndr, call)?;
    revision(ndr, call)
}

pub(super) fn connected_5(
    ndr: &mut Ndr<'_>,
    call: &mut Decoded,
    request: Option<&Decoded>,
) -> Result<(), Stopped> {
    revision(ndr, call)?;
    reply::handle_and_status(ndr, call, request)
}

/// A version and SAMPR_REVISION_INFO ([MS-SAMR] 2.2.7.16).
fn revision(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    ndr.u32("Version")?;
    if ndr.union_tag("Version", Tag::Long, Alignment::Four)? != 1 {
        return Err(ndr.unsupported("RevisionInfo"));
    }
    call.put("revision", ndr.u32("Revision")?);
    ndr.u32("SupportedFeatures")?;
    Ok(())
}

fn server_name(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    let machine = ndr.unique("ServerName", |ndr| ndr.wide_string("ServerName"))?;
    call.opens_as("machine", filled(machine));
    Ok(())
}

fn access(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    call.put("access", ndr.u32("DesiredAccess")?);
    Ok(())
}

pub(super) fn on_object(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    call.uses(ndr.context_handle("SamHandle")?);
    Ok(())
}

/// A handle that is closed, or whose object is deleted.
pub(super) fn close(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    call.closes(ndr.context_handle("SamHandle")?);
    Ok(())
}

pub(super) fn security(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    on_object(ndr, call)?;
    call.put("security_information", ndr.u32("SecurityInformation")?);
    Ok(())
}

pub(super) fn domain(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    on_object(ndr, call)?;
    access(ndr, call)?;
    let sid = ndr.sid("DomainId")?;
    call.opens_as("domain_sid", Some(sid_text(&sid)));
    Ok(())
}

/// A user, group or alias of the domain.
pub(super) fn by_rid(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    on_object(ndr, call)?;
    access(ndr, call)?;
    let number = ndr.u32("RelativeId")?;
    call.opens_as("rid", Some(rid(number)));
    Ok(())
}

pub(super) fn create(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    name_of_new(ndr, call)?;
    access(ndr, call)
}

pub(super) fn create_user(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    name_of_new(ndr, call)?;
    call.put("account_type", symbol(ndr.u32("AccountType")?, ACCOUNT_TYPES));
    access(ndr, call)
}

fn name_of_new(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    on_object(ndr, call)?;
    let name = ndr.unicode_string("Name")?;
    call.opens_as("account", name);
    Ok(())
}

pub(super) fn created(
    ndr: &mut Ndr<'_>,
    call: &mut Decoded,
    request: Option<&Decoded>,
) -> Result<(), Stopped> {
    let handle = ndr.context_handle("Handle")?;
    new_rid(ndr, call)?;
    call.opens(handle);
    reply::status(ndr, call, request)
}

pub(super) fn created_user(
    ndr: &mut Ndr<'_>,
    call: &mut Decoded,
    request: Option<&Decoded>,
) -> Result<(), Stopped> {
    let handle = ndr.context_handle("UserHandle")?;
    ndr.u32("GrantedAccess")?;
    new_rid(ndr, call)?;
    call.opens(handle);
    reply::status(ndr, call, request)
}

/// The RID of what was created; 0 when nothing was.
fn new_rid(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    let number = ndr.u32("RelativeId")?;
    call.put("rid", (number != 0).then(|| rid(number)));
    Ok(())
}

/// [MS-SAMR] 2.2.1.12.
const ACCOUNT_TYPES: &[(u32, &str)] =
    &[(0x10, "normal"), (0x40, "interdomain_trust"), (0x80, "workstation_trust"), (0x100, "server_trust")];

#[cfg(test)]
mod tests {
    use super::super::tests::{request, response};
    use crate::ndr::Handle;

    #[test]
    fn a_created_user_has_a_name_a_type_and_a_rid() {
        let asked = request(50, |stub| _ = stub.handle(1).unicode_string("EVIL$").u32(0x80).u32(0x2000000));
        assert_eq!(asked.arguments.text("account"), Some("EVIL$"));
        assert_eq!(asked.arguments.text("account_type"), Some("workstation_trust"));
        let answer = response(50, Some(&asked), |stub| _ = stub.handle(9).u32(0xf07ff).u32(1105).u32(0));
        assert_eq!(answer.arguments.text("rid"), Some("1105"));
        assert_eq!(answer.handles.opened, Some(Handle([9; 20])));
    }

    #[test]
    fn a_user_that_was_not_created_has_no_rid_and_no_handle() {
        let answer = response(12, None, |stub| _ = stub.handle(0).u32(0).u32(0xc000_0022));
        assert_eq!((answer.arguments.text("rid"), answer.handles.opened), (None, None));
        assert_eq!(answer.arguments.number("status"), Some(0xc000_0022));
    }

    #[test]
    fn every_way_to_connect_names_the_machine() {
        let four = request(62, |stub| _ = stub.pointer().wide("\\\\DC1").u32(2).u32(0x30));
        let five =
            request(64, |stub| _ = stub.pointer().wide("\\\\DC1").u32(0x30).u32(1).u32(1).u32(3).u32(0));
        for connected in [four, five] {
            assert_eq!(connected.arguments.text("machine"), Some("\\\\DC1"));
            assert_eq!(connected.arguments.number("access"), Some(0x30));
        }
        let first = request(0, |stub| _ = stub.pointer().u16(0x5c).u32(0x20));
        assert_eq!(first.arguments.number("access"), Some(0x20));
        let answer = response(64, None, |stub| _ = stub.u32(1).u32(1).u32(3).u32(0).handle(5).u32(0));
        assert_eq!(answer.handles.opened, Some(Handle([5; 20])));
    }

    #[test]
    fn a_deleted_user_has_no_handle_any_more() {
        let deleted = request(35, |stub| _ = stub.handle(4));
        assert_eq!(deleted.handles.closed, Some(Handle([4; 20])));
    }
}
