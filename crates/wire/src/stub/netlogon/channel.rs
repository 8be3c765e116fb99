//! The secure channel: challenge, authentication, passwords of machines and trusts ([MS-NRPC] 3.5.4.4), and the copies
//! of the account database that it once carried (3.5.4.6).

use super::super::argument::symbol;
use super::super::principals::rid;
use super::super::{Decoded, reply};
use super::{machine, optional, required_machine};
use crate::ndr::{Alignment, Ndr, Tag};
use rpcscope_model::Stopped;

pub(super) fn challenge(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    computer_only(ndr, call)?;
    let challenge = ndr.fixed_bytes("ClientChallenge", CREDENTIAL_BYTES)?;
    call.put("challenge", challenge);
    call.put("challenge_is_zero", is_zero(challenge));
    Ok(())
}

pub(super) fn computer_only(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    machine(ndr, call)?;
    computer(ndr, call)
}

fn computer(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    call.put("computer", ndr.wide_string("ComputerName")?);
    Ok(())
}

/// Who authenticates: an account, what for, and the computer that it says it is.
fn who(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    machine(ndr, call)?;
    call.put("account", ndr.wide_string("AccountName")?);
    call.put("channel_type", symbol(ndr.enumeration("SecureChannelType")?, CHANNEL_TYPES));
    computer(ndr, call)
}

pub(super) fn authenticate(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    who(ndr, call)?;
    call.put("credential_is_zero", is_zero(ndr.fixed_bytes("ClientCredential", CREDENTIAL_BYTES)?));
    Ok(())
}

pub(super) fn authenticate_with_flags(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    authenticate(ndr, call)?;
    flags(ndr, call)
}

pub(super) fn authenticate_by_kerberos(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    who(ndr, call)?;
    flags(ndr, call)
}

fn flags(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    call.put("negotiate_flags", ndr.u32("NegotiateFlags")?);
    Ok(())
}

pub(super) fn authenticated_2(
    ndr: &mut Ndr<'_>,
    call: &mut Decoded,
    request: Option<&Decoded>,
) -> Result<(), Stopped> {
    ndr.fixed_bytes("ServerCredential", CREDENTIAL_BYTES)?;
    flags(ndr, call)?;
    reply::status(ndr, call, request)
}

pub(super) fn authenticated_3(
    ndr: &mut Ndr<'_>,
    call: &mut Decoded,
    request: Option<&Decoded>,
) -> Result<(), Stopped> {
    ndr.fixed_bytes("ServerCredential", CREDENTIAL_BYTES)?;
    authenticated_by_kerberos(ndr, call, request)
}

/// The flags that the server agrees to, and the RID of the account; 0 when it was not accepted.
pub(super) fn authenticated_by_kerberos(
    ndr: &mut Ndr<'_>,
    call: &mut Decoded,
    request: Option<&Decoded>,
) -> Result<(), Stopped> {
    flags(ndr, call)?;
    let number = ndr.u32("AccountRid")?;
    call.put("rid", (number != 0).then(|| rid(number)));
    reply::status(ndr, call, request)
}

/// NETLOGON_AUTHENTICATOR ([MS-NRPC] 2.2.1.1.6).
pub(super) fn authenticator(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    call.put("authenticator_is_zero", read_authenticator(ndr)?);
    Ok(())
}

/// Whether an authenticator is all zeros.
pub(super) fn read_authenticator(ndr: &mut Ndr<'_>) -> Result<bool, Stopped> {
    ndr.align(Alignment::Four);
    let credential = ndr.fixed_bytes("Credential", CREDENTIAL_BYTES)?;
    Ok(ndr.u32("Timestamp")? == 0 && is_zero(credential))
}

/// NetrServerPasswordSet, which carries an encrypted hash.
pub(super) fn set_hash(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    set(ndr, call, 16)
}

/// NetrServerPasswordSet2, which carries an encrypted NL_TRUST_PASSWORD ([MS-NRPC] 2.2.1.3.7).
pub(super) fn set_password(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    set(ndr, call, 256 * 2 + 4)
}

fn set(ndr: &mut Ndr<'_>, call: &mut Decoded, bytes: usize) -> Result<(), Stopped> {
    passwords(ndr, call)?;
    let password = ndr.fixed_bytes("NewPassword", bytes)?;
    call.put("password_bytes", u64::try_from(password.len()).unwrap_or(u64::MAX));
    call.put("password_is_zero", is_zero(password));
    Ok(())
}

/// Passwords that are asked for, with an authenticator.
pub(super) fn passwords(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    who(ndr, call)?;
    authenticator(ndr, call)
}

/// Copies of the account database, and changes of it.
pub(super) fn database(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    redo(ndr, call)?;
    call.put("database", symbol(ndr.u32("DatabaseID")?, DATABASES));
    Ok(())
}

pub(super) fn redo(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    required_machine(ndr, call)?;
    computer(ndr, call)?;
    both_authenticators(ndr, call)
}

/// That of the client, and the place for that of the server.
fn both_authenticators(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    authenticator(ndr, call)?;
    read_authenticator(ndr).map(|_| ())
}

pub(super) fn capabilities(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    required_machine(ndr, call)?;
    optional(ndr, call, "ComputerName", "computer")?;
    both_authenticators(ndr, call)
}

/// What a workstation tells about itself: NETLOGON_WORKSTATION_INFO ([MS-NRPC] 2.2.1.3.6).
pub(super) fn domain_information(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    capabilities(ndr, call)?;
    call.put("level", ndr.u32("Level")?);
    ndr.union_tag("Level", Tag::Long, Alignment::Pointer)?;
    if ndr.pointer("WkstaBuffer")?.is_null() {
        return Ok(());
    }
    ndr.align(Alignment::Pointer);
    ndr.u32("LsaPolicySize")?;
    let policy = ndr.pointer("LsaPolicy")?;
    let host = ndr.pointer("DnsHostName")?;
    let site = ndr.pointer("SiteName")?;
    let dummies =
        [ndr.pointer("Dummy1")?, ndr.pointer("Dummy2")?, ndr.pointer("Dummy3")?, ndr.pointer("Dummy4")?];
    let version = ndr.counted_string("OsVersion")?;
    let os_name = ndr.counted_string("OsName")?;
    for _ in 0..2 {
        let _ = ndr.counted_string("DummyString")?;
    }
    for field in ["WorkstationFlags", "KerberosSupportedEncryptionTypes", "DummyLong3", "DummyLong4"] {
        ndr.u32(field)?;
    }
    ndr.referent(policy, |ndr| ndr.conformant_bytes("LsaPolicy"))?;
    call.put("host", ndr.referent(host, |ndr| ndr.wide_string("DnsHostName"))?);
    call.put("site", ndr.referent(site, |ndr| ndr.wide_string("SiteName"))?);
    for dummy in dummies {
        ndr.referent(dummy, |ndr| ndr.wide_string("Dummy"))?;
    }
    ndr.unicode_text("OsVersion", version)?;
    call.put("os_name", ndr.unicode_text("OsName", os_name)?);
    Ok(())
}

fn is_zero(bytes: &[u8]) -> bool {
    bytes.iter().all(|byte| *byte == 0)
}

/// NETLOGON_CREDENTIAL ([MS-NRPC] 2.2.1.3.4).
const CREDENTIAL_BYTES: usize = 8;

/// NETLOGON_SECURE_CHANNEL_TYPE ([MS-NRPC] 2.2.1.3.13).
const CHANNEL_TYPES: &[(u32, &str)] = &[
    (0, "null"),
    (1, "msv_ap"),
    (2, "workstation"),
    (3, "trusted_dns_domain"),
    (4, "trusted_domain"),
    (5, "uas_server"),
    (6, "server"),
    (7, "cdc_server"),
];

/// [MS-NRPC] 3.5.4.6.1.
const DATABASES: &[(u32, &str)] = &[(0, "sam"), (1, "sam_builtin"), (2, "lsa")];

#[cfg(test)]
mod tests {
    use super::super::tests::{request, response};
    use rpcscope_model::{Bytes, Value};

    #[test]
    fn a_challenge_of_zeros_is_told() {
        for (bytes, is_zero) in [([0; 8], true), ([0, 0, 0, 0, 0, 0, 0, 1], false)] {
            let asked = request(4, |stub| _ = stub.pointer().wide("\\\\DC1").wide("DC1").raw(&bytes));
            assert_eq!(asked.arguments.text("computer"), Some("DC1"));
            assert_eq!(asked.arguments.get("challenge"), Some(&Value::Bytes(Bytes::head_of(&bytes))));
            assert_eq!(asked.arguments.get("challenge_is_zero"), Some(&Value::Flag(is_zero)));
        }
        let answer = response(4, |stub| _ = stub.raw(&[9; 8]).u32(0));
        assert_eq!((answer.arguments.len(), answer.arguments.number("status")), (1, Some(0)));
    }

    #[test]
    fn an_authentication_has_an_account_a_type_and_flags() {
        for opnum in [15, 26] {
            let asked = request(opnum, |stub| {
                stub.pointer().wide("\\\\DC1").wide("DC1$").enumeration(6).wide("DC1").raw(&[0; 8]);
                stub.u32(0x212f_ffff);
            });
            assert_eq!(asked.arguments.text("account"), Some("DC1$"));
            assert_eq!(asked.arguments.text("channel_type"), Some("server"));
            assert_eq!(asked.arguments.text("computer"), Some("DC1"));
            assert_eq!(asked.arguments.get("credential_is_zero"), Some(&Value::Flag(true)));
            assert_eq!(asked.arguments.number("negotiate_flags"), Some(0x212f_ffff));
        }
        let third = response(26, |stub| _ = stub.raw(&[9; 8]).u32(0x212f_ffff).u32(1000).u32(0));
        assert_eq!(third.arguments.text("rid"), Some("1000"));
        let second = response(15, |stub| _ = stub.raw(&[0; 8]).u32(0).u32(0xc000_0022));
        assert_eq!(second.arguments.number("status"), Some(0xc000_0022));
    }

    #[test]
    fn a_password_of_a_machine_is_set_without_telling_it() {
        let set = request(30, |stub| {
            stub.null().wide("DC1$").enumeration(6).wide("DC1").align(4).raw(&[0; 8]).u32(0).raw(&[0; 516]);
        });
        assert_eq!(set.arguments.text("account"), Some("DC1$"));
        assert_eq!(set.arguments.get("authenticator_is_zero"), Some(&Value::Flag(true)));
        assert_eq!(set.arguments.get("password_is_zero"), Some(&Value::Flag(true)));
        assert_eq!(set.arguments.number("password_bytes"), Some(516));
        let hash = request(6, |stub| {
            stub.null().wide("WS1$").enumeration(2).wide("WS1").align(4).raw(&[1; 8]).u32(7).raw(&[3; 16]);
        });
        assert_eq!(hash.arguments.get("authenticator_is_zero"), Some(&Value::Flag(false)));
        assert_eq!(hash.arguments.number("password_bytes"), Some(16));
    }

    #[test]
    fn a_copy_of_the_database_is_asked_for_by_a_computer() {
        let asked = request(8, |stub| {
            stub.wide("\\\\PDC")
                .wide("BDC")
                .align(4)
                .raw(&[1; 8])
                .u32(7)
                .raw(&[0; 8])
                .u32(0)
                .u32(2)
                .u32(0)
                .u32(9);
        });
        assert_eq!(asked.arguments.text("computer"), Some("BDC"));
        assert_eq!(asked.arguments.text("database"), Some("lsa"));
    }

    #[test]
    fn a_workstation_tells_its_host_name_and_system() {
        let asked = request(29, |stub| {
            stub.wide("\\\\DC1")
                .pointer()
                .wide("WS1")
                .align(4)
                .raw(&[1; 8])
                .u32(7)
                .raw(&[0; 8])
                .u32(0)
                .u32(1);
            stub.align_pointer().u32(1).pointer().align_pointer().u32(0).null().pointer().null();
            stub.null().null().null().null().align_pointer().u16(0).u16(0).null().counted("Windows 10 Pro");
            stub.align_pointer().u16(0).u16(0).null().align_pointer().u16(0).u16(0).null();
            stub.u32(2).u32(0x1f).u32(0).u32(0).wide("ws1.corp.example").counted_text("Windows 10 Pro");
        });
        assert_eq!(asked.arguments.text("host"), Some("ws1.corp.example"));
        assert_eq!(asked.arguments.text("os_name"), Some("Windows 10 Pro"));
    }
}
