//! samr, the account database ([MS-SAMR] 3.1.5).
//!
//! A handle of a domain is called by the domain's SID (`domain_sid`), one of a user, group or alias by its RID (`rid`)
//! when it was opened and by its name (`account`) when it was created.

mod information;
mod lookup;
mod members;
mod open;
mod password;
mod user;

use super::operation::{Interface, Operation};
use super::reply;
use uuid::Uuid;

pub(super) const INTERFACE: Interface = Interface {
    uuid: Uuid::from_u128(0x12345778_1234_abcd_ef00_0123456789ac),
    name: "samr",
    operations: &[
        Operation::new(0, "SamrConnect", &["machine", "access", "status"])
            .request(open::connect)
            .response(reply::handle_and_status),
        Operation::new(1, "SamrCloseHandle", ON_OBJECT)
            .request(open::close)
            .response(reply::handle_and_status),
        Operation::new(2, "SamrSetSecurityObject", SECURITY).request(open::security).response(reply::status),
        Operation::new(3, "SamrQuerySecurityObject", SECURITY)
            .request(open::security)
            .response(reply::status_at_end),
        Operation::new(5, "SamrLookupDomainInSamServer", &["domain", "machine", "domain_sid", "status"])
            .request(lookup::domain)
            .response(lookup::domain_found),
        Operation::new(6, "SamrEnumerateDomainsInSamServer", &["resume", "machine", "domains", "status"])
            .request(lookup::enumerate)
            .response(lookup::domains),
        Operation::new(7, "SamrOpenDomain", &["access", "domain_sid", "machine", "status"])
            .request(open::domain)
            .response(reply::handle_and_status),
        Operation::new(8, "SamrQueryInformationDomain", DOMAIN_INFORMATION)
            .request(information::domain_level)
            .response(information::domain),
        Operation::new(9, "SamrSetInformationDomain", DOMAIN_INFORMATION)
            .request(information::set_domain)
            .response(reply::status),
        Operation::new(10, "SamrCreateGroupInDomain", CREATION).request(open::create).response(open::created),
        Operation::new(11, "SamrEnumerateGroupsInDomain", ENUMERATION)
            .request(lookup::enumerate)
            .response(lookup::accounts),
        Operation::new(12, "SamrCreateUserInDomain", CREATION).request(open::create).response(open::created),
        Operation::new(13, "SamrEnumerateUsersInDomain", ENUMERATION)
            .request(lookup::enumerate_users)
            .response(lookup::accounts),
        Operation::new(14, "SamrCreateAliasInDomain", CREATION).request(open::create).response(open::created),
        Operation::new(15, "SamrEnumerateAliasesInDomain", ENUMERATION)
            .request(lookup::enumerate)
            .response(lookup::accounts),
        Operation::new(16, "SamrGetAliasMembership", &["sids", "domain_sid", "machine", "rids", "status"])
            .request(members::alias_membership)
            .response(members::alias_membership_found),
        Operation::new(17, "SamrLookupNamesInDomain", LOOKUP)
            .request(lookup::names)
            .response(lookup::rids_found),
        Operation::new(18, "SamrLookupIdsInDomain", LOOKUP)
            .request(lookup::rids)
            .response(lookup::names_found),
        Operation::new(19, "SamrOpenGroup", OPENING).request(open::by_rid).response(reply::handle_and_status),
        Operation::new(20, "SamrQueryInformationGroup", GROUP_INFORMATION)
            .request(information::group_level)
            .response(information::group),
        Operation::new(21, "SamrSetInformationGroup", GROUP_INFORMATION)
            .request(information::set_group)
            .response(reply::status),
        Operation::new(22, "SamrAddMemberToGroup", GROUP_MEMBER)
            .request(members::with_attributes)
            .response(reply::status),
        Operation::new(23, "SamrDeleteGroup", ON_OBJECT)
            .request(open::close)
            .response(reply::handle_and_status),
        Operation::new(24, "SamrRemoveMemberFromGroup", GROUP_MEMBER)
            .request(members::of_group)
            .response(reply::status),
        Operation::new(25, "SamrGetMembersInGroup", GROUP_MEMBERS)
            .request(open::on_object)
            .response(members::group_members),
        Operation::new(26, "SamrSetMemberAttributesOfGroup", GROUP_MEMBER)
            .request(members::with_attributes)
            .response(reply::status),
        Operation::new(27, "SamrOpenAlias", OPENING).request(open::by_rid).response(reply::handle_and_status),
        Operation::new(28, "SamrQueryInformationAlias", GROUP_INFORMATION)
            .request(information::alias_level)
            .response(information::alias),
        Operation::new(29, "SamrSetInformationAlias", GROUP_INFORMATION)
            .request(information::set_alias)
            .response(reply::status),
        Operation::new(30, "SamrDeleteAlias", ON_OBJECT)
            .request(open::close)
            .response(reply::handle_and_status),
        Operation::new(31, "SamrAddMemberToAlias", ALIAS_MEMBER)
            .request(members::of_alias)
            .response(reply::status),
        Operation::new(32, "SamrRemoveMemberFromAlias", ALIAS_MEMBER)
            .request(members::of_alias)
            .response(reply::status),
        Operation::new(33, "SamrGetMembersInAlias", ALIAS_MEMBERS)
            .request(open::on_object)
            .response(members::alias_members),
        Operation::new(34, "SamrOpenUser", OPENING).request(open::by_rid).response(reply::handle_and_status),
        Operation::new(35, "SamrDeleteUser", ON_OBJECT)
            .request(open::close)
            .response(reply::handle_and_status),
        Operation::new(36, "SamrQueryInformationUser", USER_INFORMATION)
            .request(user::level)
            .response(user::queried),
        Operation::new(37, "SamrSetInformationUser", USER_INFORMATION)
            .request(user::set)
            .response(reply::status),
        Operation::new(38, "SamrChangePasswordUser", ON_OBJECT)
            .request(open::on_object)
            .response(reply::status),
        Operation::new(39, "SamrGetGroupsForUser", GROUP_MEMBERS)
            .request(open::on_object)
            .response(members::groups_of_user),
        Operation::new(40, "SamrQueryDisplayInformation", DISPLAY)
            .request(lookup::display)
            .response(lookup::displayed),
        Operation::new(41, "SamrGetDisplayEnumerationIndex", PREFIX)
            .request(lookup::display_index)
            .response(reply::status_at_end),
        Operation::new(44, "SamrGetUserDomainPasswordInformation", PASSWORD_POLICY)
            .request(open::on_object)
            .response(password::policy),
        Operation::new(
            45,
            "SamrRemoveMemberFromForeignDomain",
            &["member_sid", "domain_sid", "machine", "status"],
        )
        .request(members::of_alias)
        .response(reply::status),
        Operation::new(46, "SamrQueryInformationDomain2", DOMAIN_INFORMATION)
            .request(information::domain_level)
            .response(information::domain),
        Operation::new(47, "SamrQueryInformationUser2", USER_INFORMATION)
            .request(user::level)
            .response(user::queried),
        Operation::new(48, "SamrQueryDisplayInformation2", DISPLAY)
            .request(lookup::display)
            .response(lookup::displayed),
        Operation::new(49, "SamrGetDisplayEnumerationIndex2", PREFIX)
            .request(lookup::display_index)
            .response(reply::status_at_end),
        Operation::new(50, "SamrCreateUser2InDomain", CREATION)
            .request(open::create_user)
            .response(open::created_user),
        Operation::new(51, "SamrQueryDisplayInformation3", DISPLAY)
            .request(lookup::display)
            .response(lookup::displayed),
        Operation::new(52, "SamrAddMultipleMembersToAlias", ALIAS_MEMBERS)
            .request(members::several)
            .response(reply::status),
        Operation::new(53, "SamrRemoveMultipleMembersFromAlias", ALIAS_MEMBERS)
            .request(members::several)
            .response(reply::status),
        Operation::new(54, "SamrOemChangePasswordUser2", PASSWORD_CHANGE)
            .request(password::change_oem)
            .response(reply::status),
        Operation::new(55, "SamrUnicodeChangePasswordUser2", PASSWORD_CHANGE)
            .request(password::change)
            .response(reply::status),
        Operation::new(56, "SamrGetDomainPasswordInformation", PASSWORD_POLICY)
            .request(password::policy_of)
            .response(password::policy),
        Operation::new(57, "SamrConnect2", &["machine", "access", "status"])
            .request(open::connect_2)
            .response(reply::handle_and_status),
        Operation::new(58, "SamrSetInformationUser2", USER_INFORMATION)
            .request(user::set)
            .response(reply::status),
        Operation::new(62, "SamrConnect4", &["machine", "revision", "access", "status"])
            .request(open::connect_4)
            .response(reply::handle_and_status),
        Operation::new(63, "SamrUnicodeChangePasswordUser3", PASSWORD_CHANGE)
            .request(password::change)
            .response(reply::status_at_end),
        Operation::new(64, "SamrConnect5", &["machine", "access", "revision", "status"])
            .request(open::connect_5)
            .response(open::connected_5),
        Operation::new(65, "SamrRidToSid", &["rid", "account", "domain_sid", "machine", "sid", "status"])
            .request(lookup::rid_to_sid)
            .response(lookup::sid_of_rid),
        Operation::new(66, "SamrSetDSRMPassword", &["rid", "password_bytes", "status"])
            .request(password::set_restore_mode)
            .response(reply::status),
        Operation::new(67, "SamrValidatePassword", &["validation", "account", "status"])
            .request(password::validate)
            .response(reply::status_at_end),
        Operation::new(73, "SamrUnicodeChangePasswordUser4", PASSWORD_CHANGE)
            .request(password::change_aes)
            .response(reply::status),
        Operation::new(
            74,
            "SamrValidateComputerAccountReuseAttempt",
            &["computer_sid", "machine", "allowed", "status"],
        )
        .request(lookup::reuse_attempt)
        .response(lookup::reuse_answer),
        Operation::new(77, "SamrAccountIsDelegatedManagedServiceAccount", &["account", "machine", "status"])
            .request(lookup::account_on_server)
            .response(reply::status_at_end),
    ],
};

const ON_OBJECT: &[&str] = &["account", "rid", "domain_sid", "machine", "status"];
const SECURITY: &[&str] = &["security_information", "account", "rid", "domain_sid", "machine", "status"];
const OPENING: &[&str] = &["access", "rid", "domain_sid", "machine", "status"];
const CREATION: &[&str] = &["account", "account_type", "access", "domain_sid", "machine", "rid", "status"];
const ENUMERATION: &[&str] = &["resume", "account_control", "domain_sid", "machine", "accounts", "status"];
const LOOKUP: &[&str] = &["names", "rids", "domain_sid", "machine", "types", "status"];
const DISPLAY: &[&str] = &["level", "index", "count", "domain_sid", "machine", "accounts", "status"];
const PREFIX: &[&str] = &["level", "prefix", "domain_sid", "machine", "status"];
const GROUP_MEMBER: &[&str] =
    &["member_rid", "attributes", "account", "rid", "domain_sid", "machine", "status"];
const GROUP_MEMBERS: &[&str] = &["account", "rid", "domain_sid", "machine", "rids", "status"];
const ALIAS_MEMBER: &[&str] = &["member_sid", "account", "rid", "domain_sid", "machine", "status"];
const ALIAS_MEMBERS: &[&str] = &["member_sids", "account", "rid", "domain_sid", "machine", "status"];
const GROUP_INFORMATION: &[&str] =
    &["level", "new_name", "account", "rid", "domain_sid", "machine", "description", "members", "status"];
const PASSWORD_CHANGE: &[&str] = &["machine", "account", "password_bytes", "status"];
const PASSWORD_POLICY: &[&str] =
    &["account", "rid", "domain_sid", "machine", "minimum_password_length", "password_properties", "status"];
const DOMAIN_INFORMATION: &[&str] = &[
    "level",
    "domain_sid",
    "machine",
    "minimum_password_length",
    "password_history_length",
    "password_properties",
    "lockout_threshold",
    "domain",
    "replica_source",
    "description",
    "users",
    "groups",
    "aliases",
    "status",
];
const USER_INFORMATION: &[&str] = &[
    "level",
    "new_name",
    "account",
    "rid",
    "domain_sid",
    "machine",
    "full_name",
    "home_directory",
    "script_path",
    "profile_path",
    "description",
    "workstations",
    "user_comment",
    "user_rid",
    "primary_group_rid",
    "account_control",
    "which_fields",
    "password_bytes",
    "password_expired",
    "status",
];

#[cfg(test)]
pub(super) mod tests {
    //! What the tests of all parts share.

    use super::super::encoder::{self, Encoder};
    use super::super::{Decoded, Names};
    use super::INTERFACE;
    use rpcscope_model::{Opnum, Value};

    pub(in crate::stub) fn request(opnum: u16, write: impl Fn(&mut Encoder)) -> Decoded {
        encoder::request(INTERFACE.operation(Opnum(opnum)).expect("a row"), write)
    }

    pub(in crate::stub) fn response(
        opnum: u16,
        request: Option<&Decoded>,
        write: impl Fn(&mut Encoder),
    ) -> Decoded {
        encoder::response(INTERFACE.operation(Opnum(opnum)).expect("a row"), request, write)
    }

    /// The texts of a list.
    pub(in crate::stub) fn texts(decoded: &Decoded, name: &str) -> Vec<String> {
        let Some(Value::List(list)) = decoded.arguments.get(name) else { panic!("a list `{name}`") };
        list.values.iter().map(shown).collect()
    }

    fn shown(value: &Value) -> String {
        match value {
            Value::Text(text) => text.string.to_string(),
            Value::Sid(sid) => sid.to_string(),
            Value::Symbol(_, name) => (*name).to_owned(),
            Value::Number(number) => number.to_string(),
            Value::Fields(fields) => fields
                .iter()
                .map(|(name, value)| format!("{name}={}", shown(value)))
                .collect::<Vec<_>>()
                .join(" "),
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn a_handle_is_called_by_all_that_it_was_opened_with() {
        let server = request(57, |stub| _ = stub.pointer().wide("\\\\DC1").u32(0x31));
        let server = Names::opened(None, server.handles.naming.as_ref());
        let domain = request(7, |stub| _ = stub.handle(1).u32(0x200).sid(5, &[32]));
        let domain = Names::opened(Some(&server), domain.handles.naming.as_ref());
        let alias = request(27, |stub| _ = stub.handle(2).u32(1).u32(544));
        let alias = Names::opened(Some(&domain), alias.handles.naming.as_ref());
        let mut added = request(31, |stub| _ = stub.handle(3).sid(5, &[21, 1, 2, 3, 1104]));
        added.add_names(Some(&alias));
        let said = |name| added.arguments.text(name);
        assert_eq!(said("member_sid"), Some("S-1-5-21-1-2-3-1104"));
        assert_eq!(
            (said("rid"), said("domain_sid"), said("machine")),
            (Some("544"), Some("S-1-5-32"), Some("\\\\DC1"))
        );
    }
}
