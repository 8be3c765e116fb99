//! Logons that a machine passes on to a domain controller ([MS-NRPC] 3.5.4.5). Hashes, challenges and responses are not
//! told.

use super::super::Decoded;
use super::super::argument::symbol;
use super::super::principals::filled;
use super::channel::read_authenticator;
use super::{machine, optional};
use crate::ndr::{Alignment, Ndr, Tag};
use rpcscope_model::Stopped;

/// NetrLogonUasLogon, NetrLogonUasLogoff.
pub(super) fn local_user(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    machine(ndr, call)?;
    call.put("user", ndr.wide_string("UserName")?);
    call.put("workstation", ndr.wide_string("Workstation")?);
    Ok(())
}

/// NetrLogonSamLogon, NetrLogonSamLogonWithFlags, NetrLogonSamLogoff: with authenticators.
pub(super) fn log_on(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    machine(ndr, call)?;
    optional(ndr, call, "ComputerName", "computer")?;
    call.put("authenticator_is_zero", ndr.unique("Authenticator", read_authenticator)?);
    ndr.unique("ReturnAuthenticator", read_authenticator)?;
    level(ndr, call)
}

/// NetrLogonSamLogonEx, which the secure channel itself protects.
pub(super) fn log_on_ex(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    machine(ndr, call)?;
    optional(ndr, call, "ComputerName", "computer")?;
    level(ndr, call)
}

/// NETLOGON_LEVEL ([MS-NRPC] 2.2.1.4.6): all its structures begin with the identity.
fn level(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    call.put("level", symbol(ndr.enumeration("LogonLevel")?, LEVELS));
    let level = ndr.union_tag("LogonLevel", Tag::Enumeration, Alignment::Pointer)?;
    if ndr.pointer("LogonInformation")?.is_null() {
        return Ok(());
    }
    ndr.align(if level == 8 { Alignment::Eight } else { Alignment::Pointer });
    // NETLOGON_LOGON_IDENTITY_INFO ([MS-NRPC] 2.2.1.4.15).
    let domain = ndr.counted_string("LogonDomainName")?;
    ndr.u32("ParameterControl")?;
    ndr.filetime("Reserved")?;
    let user = ndr.counted_string("UserName")?;
    let workstation = ndr.counted_string("Workstation")?;
    let mut package = None;
    match level {
        1 | 3 | 5 | 7 => {
            ndr.fixed_bytes("LmOwfPassword", 16)?;
            ndr.fixed_bytes("NtOwfPassword", 16)?;
        }
        2 | 6 => {
            ndr.fixed_bytes("LmChallenge", 8)?;
            let _ = ndr.counted_string("NtChallengeResponse")?;
            let _ = ndr.counted_string("LmChallengeResponse")?;
        }
        4 => {
            package = Some(ndr.counted_string("PackageName")?);
            ndr.u32("DataLength")?;
            ndr.pointer("LogonData").map(|_| ())?;
        }
        8 => {
            ndr.u64("RequestOptions")?;
            for field in ["ServiceTicket", "AdditionalTicket"] {
                ndr.u32(field)?;
                ndr.pointer(field).map(|_| ())?;
            }
        }
        _ => return Err(ndr.unsupported("LogonLevel")),
    }
    call.put("domain", filled(ndr.unicode_text("LogonDomainName", domain)?));
    call.put("user", filled(ndr.unicode_text("UserName", user)?));
    call.put("workstation", filled(ndr.unicode_text("Workstation", workstation)?));
    if let Some(package) = package {
        call.put("package", filled(ndr.unicode_text("PackageName", package)?));
    }
    Ok(())
}

/// NETLOGON_LOGON_INFO_CLASS ([MS-NRPC] 2.2.1.4.16).
const LEVELS: &[(u32, &str)] = &[
    (1, "interactive"),
    (2, "network"),
    (3, "service"),
    (4, "generic"),
    (5, "interactive_transitive"),
    (6, "network_transitive"),
    (7, "service_transitive"),
    (8, "ticket"),
];

#[cfg(test)]
mod tests {
    use super::super::super::encoder::Encoder;
    use super::super::tests::{request, response};
    use rpcscope_model::Value;

    fn identity(stub: &mut Encoder) -> &mut Encoder {
        stub.pointer().counted("CORP").u32(0).u32(0).u32(0).counted("bob").counted("\\\\WS1")
    }

    fn names(stub: &mut Encoder) -> &mut Encoder {
        stub.counted_text("CORP").counted_text("bob").counted_text("\\\\WS1")
    }

    #[test]
    fn a_network_logon_has_a_user_a_domain_and_a_workstation() {
        let asked = request(39, |stub| {
            stub.pointer()
                .wide("\\\\DC1")
                .pointer()
                .wide("FS")
                .enumeration(2)
                .end_structure(8)
                .enumeration(2);
            stub.align_pointer();
            identity(stub).raw(&[1; 8]).align_pointer().u16(24).u16(24).pointer().u16(24).u16(24).pointer();
            names(stub).count(24).count(0).count(24).raw(&[5; 24]).count(24).count(0).count(24).raw(&[6; 24]);
            stub.enumeration(6).u32(0);
        });
        let said = |name| asked.arguments.text(name);
        assert_eq!((said("user"), said("domain")), (Some("bob"), Some("CORP")));
        assert_eq!((said("workstation"), said("computer")), (Some("\\\\WS1"), Some("FS")));
        assert_eq!(said("level"), Some("network"));
    }

    #[test]
    fn an_interactive_logon_tells_no_hash() {
        let asked = request(2, |stub| {
            stub.null().pointer().wide("WS1").pointer().raw(&[1; 8]).u32(7).pointer().raw(&[0; 8]).u32(0);
            stub.enumeration(1).end_structure(8).enumeration(1).align_pointer();
            identity(stub).raw(&[3; 32]);
            names(stub).enumeration(3);
        });
        assert_eq!(asked.arguments.text("user"), Some("bob"));
        assert_eq!(asked.arguments.get("authenticator_is_zero"), Some(&Value::Flag(false)));
        assert_eq!(asked.arguments.len(), 6);
    }

    #[test]
    fn a_generic_logon_names_its_package() {
        let asked = request(45, |stub| {
            stub.null().null().null().null().enumeration(4).end_structure(8).enumeration(4).align_pointer();
            identity(stub).counted("Kerberos").u32(2).pointer();
            names(stub).counted_text("Kerberos").conformant(b"xx").enumeration(5).u32(0);
        });
        assert_eq!(asked.arguments.text("package"), Some("Kerberos"));
    }

    #[test]
    fn a_logon_that_failed_has_a_status() {
        let answer = response(39, |stub| {
            stub.enumeration(6).align_pointer().null().u8(1).u32(0).u32(0xc000_006a);
        });
        assert_eq!(answer.arguments.number("status"), Some(0xc000_006a));
    }
}
