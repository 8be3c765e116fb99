//! logon, the net logon service: secure channels, logons, domain controllers and trusts ([MS-NRPC] 3.5.4).
//!
//! Of what proves an identity (credentials, authenticators, encrypted passwords) only is told whether it is all zeros,
//! which is what an attack on the cipher looks like, and how long it is.

mod channel;
mod locate;
mod logon;
mod trusts;

use super::operation::{Interface, Operation};
use super::principals::filled;
use super::{Decoded, reply};
use crate::ndr::Ndr;
use rpcscope_model::Stopped;
use uuid::Uuid;

pub(super) const INTERFACE: Interface = Interface {
    uuid: Uuid::from_u128(0x12345678_1234_abcd_ef00_01234567cffb),
    name: "logon",
    operations: &[
        Operation::new(0, "NetrLogonUasLogon", &["machine", "user", "workstation", "status"])
            .request(logon::local_user)
            .response(reply::status_at_end),
        Operation::new(1, "NetrLogonUasLogoff", &["machine", "user", "workstation", "status"])
            .request(logon::local_user)
            .response(reply::status_at_end),
        Operation::new(2, "NetrLogonSamLogon", LOGON).request(logon::log_on).response(reply::status_at_end),
        Operation::new(3, "NetrLogonSamLogoff", LOGON).request(logon::log_on).response(reply::status_at_end),
        Operation::new(
            4,
            "NetrServerReqChallenge",
            &["machine", "computer", "challenge", "challenge_is_zero", "status"],
        )
        .request(channel::challenge)
        .response(reply::status_at_end),
        Operation::new(5, "NetrServerAuthenticate", CHANNEL)
            .request(channel::authenticate)
            .response(reply::status_at_end),
        Operation::new(6, "NetrServerPasswordSet", PASSWORD)
            .request(channel::set_hash)
            .response(reply::status_at_end),
        Operation::new(7, "NetrDatabaseDeltas", DATABASE)
            .request(channel::database)
            .response(reply::status_at_end),
        Operation::new(8, "NetrDatabaseSync", DATABASE)
            .request(channel::database)
            .response(reply::status_at_end),
        Operation::new(11, "NetrGetDCName", &["machine", "domain", "controller", "status"])
            .request(locate::primary)
            .response(locate::controller_name),
        Operation::new(12, "NetrLogonControl", &["machine", "function", "level", "status"])
            .request(trusts::control)
            .response(reply::status_at_end),
        Operation::new(13, "NetrGetAnyDCName", &["machine", "domain", "controller", "status"])
            .request(locate::any)
            .response(locate::controller_name),
        Operation::new(14, "NetrLogonControl2", CONTROL)
            .request(trusts::control_with_data)
            .response(reply::status_at_end),
        Operation::new(15, "NetrServerAuthenticate2", CHANNEL)
            .request(channel::authenticate_with_flags)
            .response(channel::authenticated_2),
        Operation::new(16, "NetrDatabaseSync2", DATABASE)
            .request(channel::database)
            .response(reply::status_at_end),
        Operation::new(17, "NetrDatabaseRedo", &["machine", "computer", "authenticator_is_zero", "status"])
            .request(channel::redo)
            .response(reply::status_at_end),
        Operation::new(18, "NetrLogonControl2Ex", CONTROL)
            .request(trusts::control_with_data)
            .response(reply::status_at_end),
        Operation::new(19, "NetrEnumerateTrustedDomains", &["machine", "domains", "status"])
            .request(machine)
            .response(trusts::names),
        Operation::new(20, "DsrGetDcName", LOCATION).request(locate::by_domain).response(locate::controller),
        Operation::new(
            21,
            "NetrLogonGetCapabilities",
            &["machine", "computer", "authenticator_is_zero", "status"],
        )
        .request(channel::capabilities)
        .response(reply::status_at_end),
        Operation::new(22, "NetrLogonSetServiceBits", &["machine", "status"])
            .request(machine)
            .response(reply::status),
        Operation::new(23, "NetrLogonGetTrustRid", &["machine", "domain", "rid", "status"])
            .request(locate::any)
            .response(trusts::rid_of_trust),
        Operation::new(26, "NetrServerAuthenticate3", CHANNEL)
            .request(channel::authenticate_with_flags)
            .response(channel::authenticated_3),
        Operation::new(27, "DsrGetDcNameEx", LOCATION).request(locate::by_site).response(locate::controller),
        Operation::new(28, "DsrGetSiteName", &["machine", "site", "status"])
            .request(machine)
            .response(locate::site),
        Operation::new(29, "NetrLogonGetDomainInfo", WORKSTATION)
            .request(channel::domain_information)
            .response(reply::status_at_end),
        Operation::new(30, "NetrServerPasswordSet2", PASSWORD)
            .request(channel::set_password)
            .response(reply::status_at_end),
        Operation::new(31, "NetrServerPasswordGet", PASSWORD)
            .request(channel::passwords)
            .response(reply::status_at_end),
        Operation::new(32, "NetrLogonSendToSam", &["machine", "computer", "status"])
            .request(channel::computer_only)
            .response(reply::status_at_end),
        Operation::new(33, "DsrAddressToSiteNamesW", &["machine", "status"])
            .request(machine)
            .response(reply::status_at_end),
        Operation::new(34, "DsrGetDcNameEx2", LOCATION)
            .request(locate::by_account)
            .response(locate::controller),
        Operation::new(35, "NetrLogonGetTimeServiceParentDomain", &["machine", "status"])
            .request(machine)
            .response(reply::status_at_end),
        Operation::new(36, "NetrEnumerateTrustedDomainsEx", &["machine", "domains", "status"])
            .request(machine)
            .response(trusts::listed),
        Operation::new(37, "DsrAddressToSiteNamesExW", &["machine", "status"])
            .request(machine)
            .response(reply::status_at_end),
        Operation::new(38, "DsrGetDcSiteCoverageW", &["machine", "status"])
            .request(machine)
            .response(reply::status_at_end),
        Operation::new(39, "NetrLogonSamLogonEx", LOGON)
            .request(logon::log_on_ex)
            .response(reply::status_at_end),
        Operation::new(40, "DsrEnumerateDomainTrusts", &["machine", "flags", "domains", "status"])
            .request(trusts::enumerate)
            .response(trusts::listed),
        Operation::new(41, "DsrDeregisterDnsHostRecords", &["machine", "domain", "host", "status"])
            .request(locate::deregister)
            .response(reply::status),
        Operation::new(42, "NetrServerTrustPasswordsGet", PASSWORD)
            .request(channel::passwords)
            .response(reply::status_at_end),
        Operation::new(43, "DsrGetForestTrustInformation", FOREST)
            .request(trusts::forest)
            .response(trusts::forest_found),
        Operation::new(44, "NetrGetForestTrustInformation", FOREST)
            .request(trusts::own_forest)
            .response(trusts::own_forest_found),
        Operation::new(45, "NetrLogonSamLogonWithFlags", LOGON)
            .request(logon::log_on)
            .response(reply::status_at_end),
        Operation::new(46, "NetrServerGetTrustInfo", PASSWORD)
            .request(channel::passwords)
            .response(reply::status_at_end),
        Operation::new(48, "DsrUpdateReadOnlyServerDnsRecords", &["machine", "computer", "status"])
            .request(channel::computer_only)
            .response(reply::status_at_end),
        Operation::new(59, "NetrServerAuthenticateKerberos", CHANNEL)
            .request(channel::authenticate_by_kerberos)
            .response(channel::authenticated_by_kerberos),
    ],
};

const LOGON: &[&str] = &[
    "machine",
    "computer",
    "authenticator_is_zero",
    "level",
    "domain",
    "user",
    "workstation",
    "package",
    "status",
];
const CHANNEL: &[&str] = &[
    "machine",
    "account",
    "channel_type",
    "computer",
    "credential_is_zero",
    "negotiate_flags",
    "rid",
    "status",
];
const PASSWORD: &[&str] = &[
    "machine",
    "account",
    "channel_type",
    "computer",
    "authenticator_is_zero",
    "password_bytes",
    "password_is_zero",
    "status",
];
const DATABASE: &[&str] = &["machine", "computer", "authenticator_is_zero", "database", "status"];
const CONTROL: &[&str] = &["machine", "function", "level", "domain", "user", "debug_flags", "status"];
const WORKSTATION: &[&str] =
    &["machine", "computer", "authenticator_is_zero", "level", "host", "site", "os_name", "status"];
const FOREST: &[&str] =
    &["machine", "domain", "computer", "authenticator_is_zero", "flags", "records", "status"];
const LOCATION: &[&str] = &[
    "machine",
    "account",
    "account_control",
    "domain",
    "domain_guid",
    "site_guid",
    "site",
    "flags",
    "controller",
    "address",
    "forest",
    "client_site",
    "status",
];

/// The server that operations are asked of.
fn machine(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    optional(ndr, call, "ServerName", "machine")
}

/// The server, where it cannot be left out.
fn required_machine(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    call.put("machine", filled(Some(ndr.wide_string("ServerName")?)));
    Ok(())
}

/// A string that may be left out or be empty.
fn optional(
    ndr: &mut Ndr<'_>,
    call: &mut Decoded,
    field: &'static str,
    name: &'static str,
) -> Result<(), Stopped> {
    call.put(name, filled(ndr.unique(field, |ndr| ndr.wide_string(field))?));
    Ok(())
}

#[cfg(test)]
pub(super) mod tests {
    //! What the tests of all parts share.

    use super::super::Decoded;
    use super::super::encoder::{self, Encoder};
    use super::INTERFACE;
    use rpcscope_model::Opnum;

    pub(in crate::stub) fn request(opnum: u16, write: impl Fn(&mut Encoder)) -> Decoded {
        encoder::request(INTERFACE.operation(Opnum(opnum)).expect("a row"), write)
    }

    pub(in crate::stub) fn response(opnum: u16, write: impl Fn(&mut Encoder)) -> Decoded {
        encoder::response(INTERFACE.operation(Opnum(opnum)).expect("a row"), None, write)
    }
}
