//! Who somebody is.

use super::{Memo, auth, carrier, transport};
use crate::json::{Json, key};
use rpcscope_model::{Authentication, EventHeader, Identity, Kerberos, OsVersion, ServerIdentity, Text};

/// Writes an authentication.
pub(super) fn rpcscope(
    json: &mut Json<'_>,
    authentication: &Authentication,
    header: &EventHeader,
    memo: &mut Memo,
) {
    match &authentication.endpoint {
        Some(endpoint) => carrier(json, header.transport, endpoint, memo),
        None => {
            json.open(key!("rpcscope"));
            transport(json, header.transport);
        }
    }
    json.plain(key!("carrier"), if authentication.security.is_some() { "rpc" } else { "smb" });
    auth(json, authentication.security.as_ref(), Some(&authentication.identity), &mut memo.identities);
    server(json, &authentication.identity.server);
    if let Some(crackable) = &authentication.crackable {
        json.string(key!("hash"), crackable);
    }
    let result = authentication.identity.result;
    json.plain(key!("outcome"), result.map_or("unknown", |result| result.name()));
    json.open(key!("frames"));
    json.number(key!("request"), header.frame.0);
    json.close();
    json.close();
}

/// Writes the members that say who somebody is. How the server names itself in full is told once, by the event of the
/// authentication.
pub(super) fn members(json: &mut Json<'_>, identity: &Identity) {
    if let Some(mechanism) = identity.auth_type {
        json.name_or_number(key!("mechanism"), mechanism.name(), mechanism.0.into());
    }
    if identity.spnego {
        json.boolean(key!("spnego"), true);
    }
    text(json, key!("user"), &identity.user);
    text(json, key!("domain"), &identity.domain);
    text(json, key!("workstation"), &identity.workstation);
    text(json, key!("realm"), &identity.realm);
    text(json, key!("service"), &identity.service);
    if let Some(version) = identity.os_version {
        os_version(json, version);
    }
    if identity.anonymous {
        json.boolean(key!("anonymous"), true);
    }
    if identity.guest {
        json.boolean(key!("guest"), true);
    }
    if let Some(version) = identity.ntlm_version {
        json.plain(key!("ntlm_version"), version.name());
    }
    if let Some(kerberos) = &identity.kerberos {
        self::kerberos(json, kerberos);
    }
    text(json, key!("target"), &identity.server.target);
}

fn kerberos(json: &mut Json<'_>, kerberos: &Kerberos) {
    let Kerberos { ticket_encryption, authenticator_encryption, mutual, session_key, error } = kerberos;
    json.open(key!("kerberos"));
    if let Some(encryption) = ticket_encryption {
        json.display(key!("ticket_encryption"), encryption);
    }
    if let Some(encryption) = authenticator_encryption {
        json.display(key!("authenticator_encryption"), encryption);
    }
    json.boolean(key!("mutual"), *mutual);
    if *session_key {
        json.boolean(key!("session_key"), true);
    }
    if let Some(error) = error {
        json.signed(key!("error"), (*error).into());
    }
    json.close();
}

/// Writes how the server names itself, when it does.
fn server(json: &mut Json<'_>, server: &ServerIdentity) {
    let ServerIdentity { target, nb_computer, nb_domain, dns_computer, dns_domain, dns_tree, os_version } =
        server;
    if *server == ServerIdentity::default() {
        return;
    }
    json.open(key!("server"));
    text(json, key!("target"), target);
    text(json, key!("nb_computer"), nb_computer);
    text(json, key!("nb_domain"), nb_domain);
    text(json, key!("dns_computer"), dns_computer);
    text(json, key!("dns_domain"), dns_domain);
    text(json, key!("dns_tree"), dns_tree);
    if let Some(version) = os_version {
        self::os_version(json, *version);
    }
    json.close();
}

fn os_version(json: &mut Json<'_>, version: OsVersion) {
    let OsVersion { major, minor, build } = version;
    json.joined(key!("os_version"), b'.', [major.into(), minor.into(), build.into()]);
}

fn text(json: &mut Json<'_>, key: crate::json::Key, text: &Option<Text>) {
    if let Some(text) = text {
        json.string(key, &text.string);
    }
}
