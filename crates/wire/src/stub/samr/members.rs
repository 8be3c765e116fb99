//! Members of groups and aliases ([MS-SAMR] 3.1.5.8, 3.1.5.9).

use super::super::entries::entries;
use super::super::principals::{rid, sids};
use super::super::{Decoded, reply};
use super::open::on_object;
use crate::ndr::{Alignment, Ndr};
use rpcscope_model::Stopped;

pub(super) fn of_group(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    on_object(ndr, call)?;
    call.put("member_rid", rid(ndr.u32("MemberId")?));
    Ok(())
}

pub(super) fn with_attributes(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    of_group(ndr, call)?;
    call.put("attributes", ndr.u32("Attributes")?);
    Ok(())
}

pub(super) fn of_alias(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    on_object(ndr, call)?;
    call.put("member_sid", ndr.sid("MemberId")?);
    Ok(())
}

pub(super) fn several(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    on_object(ndr, call)?;
    sids(ndr, call, "member_sids")
}

/// SAMPR_GET_MEMBERS_BUFFER ([MS-SAMR] 2.2.7.14).
pub(super) fn group_members(
    ndr: &mut Ndr<'_>,
    call: &mut Decoded,
    request: Option<&Decoded>,
) -> Result<(), Stopped> {
    if !ndr.pointer("Members")?.is_null() {
        ndr.align(Alignment::Pointer);
        ndr.u32("MemberCount")?;
        let members = ndr.pointer("Members")?;
        let attributes = ndr.pointer("Attributes")?;
        if !members.is_null() {
            let count = ndr.count("Members")?;
            call.list("rids", ndr, count, |ndr| ndr.u32("Members").map(rid))?;
        }
        if !attributes.is_null() {
            let count = ndr.count("Attributes")?;
            let _ = ndr.elements("Attributes", count, |ndr| ndr.u32("Attributes"))?;
        }
    }
    reply::status(ndr, call, request)
}

/// SAMPR_PSID_ARRAY_OUT ([MS-SAMR] 2.2.7.7).
pub(super) fn alias_members(
    ndr: &mut Ndr<'_>,
    call: &mut Decoded,
    request: Option<&Decoded>,
) -> Result<(), Stopped> {
    sids(ndr, call, "member_sids")?;
    reply::status(ndr, call, request)
}

/// SAMPR_GET_GROUPS_BUFFER ([MS-SAMR] 2.2.7.13).
pub(super) fn groups_of_user(
    ndr: &mut Ndr<'_>,
    call: &mut Decoded,
    request: Option<&Decoded>,
) -> Result<(), Stopped> {
    if !ndr.pointer("Groups")?.is_null()
        && let Some(count) = entries(ndr, "Groups")?
    {
        call.list("rids", ndr, count, |ndr| {
            let number = ndr.u32("RelativeId")?;
            ndr.u32("Attributes")?;
            Ok(rid(number))
        })?;
    }
    reply::status(ndr, call, request)
}

pub(super) fn alias_membership(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    on_object(ndr, call)?;
    sids(ndr, call, "sids")
}

pub(super) fn alias_membership_found(
    ndr: &mut Ndr<'_>,
    call: &mut Decoded,
    request: Option<&Decoded>,
) -> Result<(), Stopped> {
    if let Some(count) = entries(ndr, "Membership")? {
        call.list("rids", ndr, count, |ndr| ndr.u32("Membership").map(rid))?;
    }
    reply::status(ndr, call, request)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{request, response, texts};

    #[test]
    fn a_member_that_is_added_to_a_group_is_told_by_its_rid() {
        let added = request(22, |stub| _ = stub.handle(1).u32(1104).u32(7));
        assert_eq!(added.arguments.text("member_rid"), Some("1104"));
    }

    #[test]
    fn members_of_an_alias_are_sids() {
        let several = request(52, |stub| {
            stub.handle(1).align_pointer().u32(2).pointer().count(2).pointer().pointer();
            stub.sid(5, &[32, 544]).sid(5, &[21, 7, 500]);
        });
        assert_eq!(texts(&several, "member_sids"), ["S-1-5-32-544", "S-1-5-21-7-500"]);
        let listed = response(33, None, |stub| {
            stub.align_pointer().u32(1).pointer().count(1).pointer().sid(5, &[21, 7, 500]).u32(0);
        });
        assert_eq!(texts(&listed, "member_sids"), ["S-1-5-21-7-500"]);
        assert_eq!(listed.arguments.number("status"), Some(0));
    }

    #[test]
    fn members_of_a_group_and_groups_of_a_user_are_rids() {
        let members = response(25, None, |stub| {
            stub.pointer()
                .u32(2)
                .pointer()
                .pointer()
                .count(2)
                .u32(500)
                .u32(1104)
                .count(2)
                .u32(7)
                .u32(7)
                .u32(0);
        });
        assert_eq!(texts(&members, "rids"), ["500", "1104"]);
        let groups = response(39, None, |stub| {
            stub.pointer().u32(2).pointer().count(2).u32(512).u32(7).u32(513).u32(7).u32(0);
        });
        assert_eq!(texts(&groups, "rids"), ["512", "513"]);
    }

    #[test]
    fn aliases_that_hold_a_sid_are_rids() {
        let asked = request(16, |stub| {
            stub.handle(1).align_pointer().u32(1).pointer().count(1).pointer().sid(5, &[21, 7, 500]);
        });
        assert_eq!(texts(&asked, "sids"), ["S-1-5-21-7-500"]);
        let answer = response(16, None, |stub| _ = stub.u32(1).pointer().count(1).u32(544).u32(0));
        assert_eq!(texts(&answer, "rids"), ["544"]);
    }
}
