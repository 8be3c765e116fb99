//! lsarpc, the local security authority: policy, accounts, secrets and trusts ([MS-LSAD] 3.1.4), names and SIDs
//! ([MS-LSAT] 3.1.4).
//!
//! A handle is called by what it was opened for: an account by its `sid`, a secret by its name (`secret`), a trusted
//! domain by `domain_sid` or `domain`.

mod accounts;
mod policy;
mod secrets;
mod translate;
mod trusts;

use super::operation::{Interface, Operation};
use super::reply;
use uuid::Uuid;

pub(super) const INTERFACE: Interface = Interface {
    uuid: Uuid::from_u128(0x12345778_1234_abcd_ef00_0123456789ab),
    name: "lsarpc",
    operations: &[
        Operation::new(0, "LsarClose", ON_OBJECT).request(policy::close).response(reply::handle_and_status),
        Operation::new(2, "LsarEnumeratePrivileges", &["resume", "machine", "privileges", "status"])
            .request(policy::enumerate)
            .response(accounts::privileges_known),
        Operation::new(3, "LsarQuerySecurityObject", SECURITY)
            .request(policy::security)
            .response(reply::status_at_end),
        Operation::new(4, "LsarSetSecurityObject", SECURITY)
            .request(policy::security)
            .response(reply::status),
        Operation::new(6, "LsarOpenPolicy", &["access", "status"])
            .request(policy::open)
            .response(reply::handle_and_status),
        Operation::new(7, "LsarQueryInformationPolicy", POLICY)
            .request(policy::level)
            .response(policy::queried),
        Operation::new(8, "LsarSetInformationPolicy", POLICY).request(policy::set).response(reply::status),
        Operation::new(10, "LsarCreateAccount", &["sid", "access", "machine", "status"])
            .request(accounts::open)
            .response(reply::handle_and_status),
        Operation::new(11, "LsarEnumerateAccounts", &["resume", "machine", "sids", "status"])
            .request(policy::enumerate)
            .response(accounts::enumerated),
        Operation::new(
            12,
            "LsarCreateTrustedDomain",
            &["domain", "domain_sid", "access", "machine", "status"],
        )
        .request(trusts::create)
        .response(reply::handle_and_status),
        Operation::new(13, "LsarEnumerateTrustedDomains", &["resume", "machine", "domains", "status"])
            .request(policy::enumerate)
            .response(trusts::enumerated),
        Operation::new(14, "LsarLookupNames", NAMES)
            .request(translate::names)
            .response(translate::names_translated),
        Operation::new(15, "LsarLookupSids", SIDS)
            .request(translate::sids_of_policy)
            .response(translate::sids_translated),
        Operation::new(16, "LsarCreateSecret", SECRET)
            .request(secrets::open)
            .response(reply::handle_and_status),
        Operation::new(17, "LsarOpenAccount", &["sid", "access", "machine", "status"])
            .request(accounts::open)
            .response(reply::handle_and_status),
        Operation::new(18, "LsarEnumeratePrivilegesAccount", PRIVILEGES)
            .request(policy::on_object)
            .response(accounts::privileges_of_account),
        Operation::new(19, "LsarAddPrivilegesToAccount", PRIVILEGES)
            .request(accounts::add_privileges)
            .response(reply::status),
        Operation::new(20, "LsarRemovePrivilegesFromAccount", PRIVILEGES)
            .request(accounts::remove_privileges)
            .response(reply::status),
        Operation::new(23, "LsarGetSystemAccessAccount", SYSTEM_ACCESS)
            .request(policy::on_object)
            .response(accounts::system_access),
        Operation::new(24, "LsarSetSystemAccessAccount", SYSTEM_ACCESS)
            .request(accounts::set_system_access)
            .response(reply::status),
        Operation::new(25, "LsarOpenTrustedDomain", &["domain_sid", "access", "machine", "status"])
            .request(trusts::open_by_sid)
            .response(reply::handle_and_status),
        Operation::new(26, "LsarQueryInfoTrustedDomain", TRUST)
            .request(trusts::level_of_handle)
            .response(trusts::queried),
        Operation::new(27, "LsarSetInformationTrustedDomain", TRUST)
            .request(trusts::set_of_handle)
            .response(reply::status),
        Operation::new(28, "LsarOpenSecret", SECRET)
            .request(secrets::open)
            .response(reply::handle_and_status),
        Operation::new(29, "LsarSetSecret", SECRET).request(secrets::set).response(reply::status),
        Operation::new(30, "LsarQuerySecret", SECRET)
            .request(policy::on_object)
            .response(reply::status_at_end),
        Operation::new(31, "LsarLookupPrivilegeValue", PRIVILEGE)
            .request(accounts::privilege_name)
            .response(reply::status_at_end),
        Operation::new(32, "LsarLookupPrivilegeName", PRIVILEGE)
            .request(accounts::privilege_value)
            .response(accounts::privilege_found),
        Operation::new(33, "LsarLookupPrivilegeDisplayName", PRIVILEGE)
            .request(accounts::privilege_name)
            .response(reply::status_at_end),
        Operation::new(34, "LsarDeleteObject", ON_OBJECT)
            .request(policy::close)
            .response(reply::handle_and_status),
        Operation::new(35, "LsarEnumerateAccountsWithUserRight", &["right", "machine", "sids", "status"])
            .request(accounts::right)
            .response(accounts::with_right),
        Operation::new(36, "LsarEnumerateAccountRights", RIGHTS)
            .request(accounts::rights_asked)
            .response(accounts::rights_found),
        Operation::new(37, "LsarAddAccountRights", RIGHTS)
            .request(accounts::add_rights)
            .response(reply::status),
        Operation::new(38, "LsarRemoveAccountRights", RIGHTS)
            .request(accounts::remove_rights)
            .response(reply::status),
        Operation::new(39, "LsarQueryTrustedDomainInfo", TRUST)
            .request(trusts::level_by_sid)
            .response(trusts::queried),
        Operation::new(40, "LsarSetTrustedDomainInfo", TRUST)
            .request(trusts::set_by_sid)
            .response(reply::status),
        Operation::new(41, "LsarDeleteTrustedDomain", &["domain_sid", "machine", "status"])
            .request(trusts::by_sid)
            .response(reply::status),
        Operation::new(42, "LsarStorePrivateData", SECRET).request(secrets::store).response(reply::status),
        Operation::new(43, "LsarRetrievePrivateData", SECRET)
            .request(secrets::retrieve)
            .response(reply::status_at_end),
        Operation::new(44, "LsarOpenPolicy2", &["machine", "access", "status"])
            .request(policy::open_2)
            .response(reply::handle_and_status),
        Operation::new(45, "LsarGetUserName", &["machine", "account", "domain", "status"])
            .request(translate::whoami)
            .response(translate::user_name),
        Operation::new(46, "LsarQueryInformationPolicy2", POLICY)
            .request(policy::level)
            .response(policy::queried),
        Operation::new(47, "LsarSetInformationPolicy2", POLICY).request(policy::set).response(reply::status),
        Operation::new(48, "LsarQueryTrustedDomainInfoByName", TRUST)
            .request(trusts::level_by_name)
            .response(trusts::queried),
        Operation::new(49, "LsarSetTrustedDomainInfoByName", TRUST)
            .request(trusts::set_by_name)
            .response(reply::status),
        Operation::new(50, "LsarEnumerateTrustedDomainsEx", &["resume", "machine", "domains", "status"])
            .request(policy::enumerate)
            .response(trusts::enumerated_ex),
        Operation::new(51, "LsarCreateTrustedDomainEx", TRUST)
            .request(trusts::create_ex)
            .response(reply::handle_and_status),
        Operation::new(53, "LsarQueryDomainInformationPolicy", &["level", "machine", "status"])
            .request(policy::domain_level)
            .response(reply::status_at_end),
        Operation::new(54, "LsarSetDomainInformationPolicy", &["level", "machine", "status"])
            .request(policy::domain_level)
            .response(reply::status),
        Operation::new(55, "LsarOpenTrustedDomainByName", &["domain", "access", "machine", "status"])
            .request(trusts::open_by_name)
            .response(reply::handle_and_status),
        Operation::new(57, "LsarLookupSids2", SIDS)
            .request(translate::sids_of_policy)
            .response(translate::sids_translated_ex),
        Operation::new(58, "LsarLookupNames2", NAMES)
            .request(translate::names)
            .response(translate::names_translated_ex),
        Operation::new(59, "LsarCreateTrustedDomainEx2", TRUST)
            .request(trusts::create_ex)
            .response(reply::handle_and_status),
        Operation::new(68, "LsarLookupNames3", NAMES)
            .request(translate::names)
            .response(translate::names_translated_ex2),
        Operation::new(73, "LsarQueryForestTrustInformation", FOREST)
            .request(trusts::forest)
            .response(trusts::forest_found),
        Operation::new(74, "LsarSetForestTrustInformation", FOREST)
            .request(trusts::set_forest)
            .response(reply::status_at_end),
        Operation::new(76, "LsarLookupSids3", SIDS)
            .request(translate::sids_of_server)
            .response(translate::sids_translated_ex),
        Operation::new(77, "LsarLookupNames4", NAMES)
            .request(translate::names_of_server)
            .response(translate::names_translated_ex2),
        Operation::new(129, "LsarCreateTrustedDomainEx3", TRUST)
            .request(trusts::create_ex)
            .response(reply::handle_and_status),
        Operation::new(130, "LsarOpenPolicy3", &["machine", "access", "status"])
            .request(policy::open_2)
            .response(policy::opened_3),
        Operation::new(132, "LsarQueryForestTrustInformation2", FOREST)
            .request(trusts::forest)
            .response(reply::status_at_end),
        Operation::new(133, "LsarSetForestTrustInformation2", FOREST)
            .request(trusts::forest)
            .response(reply::status_at_end),
        Operation::new(135, "LsarOpenPolicyWithCreds", &["access", "status"])
            .request(policy::open_with_credentials)
            .response(policy::opened_3),
        Operation::new(136, "LsarOpenSecret2", &["machine", "status"])
            .request(policy::on_object)
            .response(reply::handle_and_status),
        Operation::new(137, "LsarCreateSecret2", &["machine", "status"])
            .request(policy::on_object)
            .response(reply::handle_and_status),
        Operation::new(138, "LsarSetSecret2", &["machine", "status"])
            .request(policy::on_object)
            .response(reply::status),
        Operation::new(139, "LsarQuerySecret2", &["machine", "status"])
            .request(policy::on_object)
            .response(reply::status_at_end),
        Operation::new(140, "LsarStorePrivateData2", &["machine", "status"])
            .request(policy::on_object)
            .response(reply::status),
        Operation::new(141, "LsarRetrievePrivateData2", &["machine", "status"])
            .request(policy::on_object)
            .response(reply::status_at_end),
    ],
};

/// Any object: what one of them can be called.
const ON_OBJECT: &[&str] = &["sid", "secret", "domain", "domain_sid", "machine", "status"];
const SECURITY: &[&str] =
    &["security_information", "sid", "secret", "domain", "domain_sid", "machine", "status"];
const NAMES: &[&str] = &["names", "level", "machine", "domains", "accounts", "status"];
const SIDS: &[&str] = &["sids", "level", "machine", "domains", "accounts", "status"];
const SECRET: &[&str] = &["secret", "access", "secret_bytes", "old_secret_bytes", "machine", "status"];
const PRIVILEGES: &[&str] = &["all", "privileges", "sid", "machine", "status"];
const PRIVILEGE: &[&str] = &["privilege", "luid", "machine", "status"];
const SYSTEM_ACCESS: &[&str] = &["system_access", "sid", "machine", "status"];
const RIGHTS: &[&str] = &["sid", "all", "rights", "machine", "status"];
const FOREST: &[&str] = &["domain", "type", "machine", "records", "status"];
const POLICY: &[&str] = &[
    "level",
    "machine",
    "domain",
    "dns_domain",
    "forest",
    "domain_guid",
    "domain_sid",
    "rid",
    "account",
    "replica_source",
    "role",
    "auditing",
    "audit_options",
    "status",
];
const TRUST: &[&str] = &[
    "level",
    "domain",
    "netbios_domain",
    "domain_sid",
    "direction",
    "trust_type",
    "trust_attributes",
    "machine",
    "status",
];

#[cfg(test)]
pub(super) mod tests {
    //! What the tests of all parts share.

    use super::super::Decoded;
    use super::super::encoder::{self, Encoder};
    use super::INTERFACE;
    use rpcscope_model::Opnum;

    pub(in crate::stub) use super::super::samr::tests::texts;

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
}
