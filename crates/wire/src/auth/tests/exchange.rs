//! What the tokens of one authentication say together.

use super::*;
use crate::utf16::{Encoding, Text as Oem};
use rpcscope_model::{
    AuthResult, EncryptionType, Identity, Kerberos, NtlmVersion, OsVersion, ServerIdentity, Text,
};

fn name(text: &str) -> Option<Text> {
    Some(Text::whole(text))
}

/// How the domain controller of the lab names itself.
fn dc1() -> ServerIdentity {
    ServerIdentity {
        target: name("LAB"),
        nb_computer: name("DC1"),
        nb_domain: name("LAB"),
        dns_computer: name("dc1.lab.test"),
        dns_domain: name("lab.test"),
        dns_tree: None,
        os_version: Some(OsVersion { major: 6, minor: 1, build: 0 }),
    }
}

#[test]
fn ntlmssp_tells_user_and_server() {
    let exchange = learned(Some(AuthType(0x0a)), &sample(NTLMSSP_SAMPLE));
    let expected = Identity {
        auth_type: Some(AuthType(0x0a)),
        user: name("Administrator"),
        domain: name("LAB"),
        workstation: name("VM"),
        os_version: Some(OsVersion { major: 6, minor: 1, build: 0 }),
        ntlm_version: Some(NtlmVersion::V2),
        service: name("host/10.99.0.1"),
        server: dc1(),
        ..Identity::default()
    };
    assert_eq!(exchange.identity(), &expected);
    assert!(exchange.is_claimed());
}

#[test]
fn in_spnego_the_server_says_whether_it_believes() {
    let tokens = sample(SPNEGO_NTLMSSP);
    let claimed = learned(None, &tokens[..3]);
    assert_eq!((claimed.is_claimed(), claimed.identity().result), (true, None));
    let identity = learned(None, &tokens).identity().clone();
    assert_eq!(identity.result, Some(AuthResult::Accepted));
    assert_eq!((identity.auth_type, identity.spnego), (Some(AuthType(0x0a)), true));
    assert_eq!((identity.user, identity.server), (name("Administrator"), dc1()));
}

#[test]
fn a_rejection_is_the_last_word() {
    let mut tokens = sample(SPNEGO_NTLMSSP);
    tokens.push((Side::Server, vec![0xa1, 7, 0x30, 5, 0xa0, 3, 0x0a, 1, 2]));
    assert_eq!(learned(None, &tokens).identity().result, Some(AuthResult::Rejected));
    tokens.push((Side::Server, vec![0xa1, 7, 0x30, 5, 0xa0, 3, 0x0a, 1, 1]));
    assert_eq!(learned(None, &tokens).identity().result, Some(AuthResult::Rejected), "a step says nothing");
}

#[test]
fn kerberos_tells_the_service_and_not_the_user() {
    let aes256 = Some(EncryptionType(18));
    let kerberos = Kerberos {
        ticket_encryption: aes256,
        authenticator_encryption: aes256,
        mutual: true,
        ..Kerberos::default()
    };
    let expected = Identity {
        auth_type: Some(AuthType(0x10)),
        realm: name("LAB.TEST"),
        service: name("host/dc1.lab.test"),
        kerberos: Some(kerberos),
        result: Some(AuthResult::Accepted),
        ..Identity::default()
    };
    let raw = learned(Some(AuthType(0x10)), &sample(KERBEROS_DCE));
    assert_eq!((raw.identity(), raw.is_claimed()), (&expected, true));
    let in_spnego = Identity { spnego: true, ..expected.clone() };
    assert_eq!(learned(None, &sample(SPNEGO_KERBEROS_DCE)).identity(), &in_spnego);
    let over_smb = Identity { service: name("cifs/dc1.lab.test"), ..in_spnego };
    assert_eq!(learned(None, &sample(SPNEGO_KERBEROS_SMB)).identity(), &over_smb);
}

#[test]
fn nobody_is_said() {
    let exchange = learned(Some(AuthType(0x0a)), &sample(NTLMSSP_ANONYMOUS));
    let identity = exchange.identity();
    assert!(identity.anonymous && exchange.is_claimed());
    assert_eq!((&identity.user, identity.ntlm_version), (&None, None));
    assert_eq!(identity.server.nb_computer, name("DC1"));
}

#[test]
fn a_secure_channel_names_the_machine() {
    let exchange = learned(Some(AuthType(0x44)), &sample(NETLOGON_SAMPLE));
    let expected = Identity {
        auth_type: Some(AuthType(0x44)),
        domain: name("LAB"),
        workstation: name("LABPC1"),
        ..Identity::default()
    };
    assert_eq!((exchange.identity(), exchange.is_claimed()), (&expected, true));
}

#[test]
fn an_account_of_smb1_needs_no_token() {
    let text = |bytes| Oem { bytes, encoding: Encoding::Oem, complete: true };
    let mut exchange = learned(None, &sample(SPNEGO_NTLMSSP));
    exchange.learn_account(text(b"alice"), text(b"WORKGROUP"));
    let expected = Identity { user: name("alice"), domain: name("WORKGROUP"), ..Identity::default() };
    assert_eq!((exchange.identity(), exchange.is_claimed()), (&expected, true));
    exchange.learn_account(text(b""), text(b"WORKGROUP"));
    assert!(exchange.identity().anonymous && exchange.identity().user.is_none());
}

#[test]
fn what_the_wrong_side_says_is_not_believed() {
    for (auth_type, text) in SAMPLES {
        let mut tokens = sample(text);
        for (side, _) in &mut tokens {
            *side = if *side == Side::Client { Side::Server } else { Side::Client };
        }
        let exchange = learned(auth_type, &tokens);
        let identity = exchange.identity();
        assert!(!identity.says_who() && !exchange.is_claimed(), "{identity:?}");
        assert_eq!((&identity.server, &identity.realm), (&ServerIdentity::default(), &None));
    }
}

#[test]
fn a_first_message_starts_over() {
    let mut tokens = sample(SPNEGO_KERBEROS_DCE);
    tokens.extend(sample(NTLMSSP_SAMPLE));
    let both = learned(None, &tokens);
    assert_eq!(both, learned(None, &sample(NTLMSSP_SAMPLE)));
    let begun = learned(None, &tokens[..5]);
    assert!(!begun.is_claimed() && begun.identity().service.is_none(), "{:?}", begun.identity());
}

#[test]
fn an_offer_that_is_turned_down_does_not_name_the_mechanism() {
    let mut tokens = sample(SPNEGO_KERBEROS_DCE);
    tokens.truncate(1);
    // The server chooses NTLMSSP: what counts is what the client does then.
    let chosen = [0xa1, 0x10, 0x30, 0x0e, 0xa1, 0x0c, 6, 0x0a, 0x2b, 6, 1, 4, 1, 0x82, 0x37, 2, 2, 0x0a];
    tokens.push((Side::Server, chosen.to_vec()));
    assert_eq!(learned(None, &tokens).identity().auth_type, Some(AuthType(0x10)));
    assert_eq!(learned(None, &tokens[1..]).identity().auth_type, Some(AuthType(0x0a)));
    tokens.push(sample(NTLMSSP_SAMPLE)[0].clone());
    assert_eq!(learned(None, &tokens).identity().auth_type, Some(AuthType(0x0a)));
}

#[test]
fn a_line_for_crackers_needs_challenge_and_response() {
    let tokens = sample(NTLMSSP_SAMPLE);
    let line = |before: &[(Side, Vec<u8>)]| learned(None, before).crackable_line(&token(None, &tokens[2].1));
    let parts: Vec<String> = line(&tokens[..2]).expect("a line").split(':').map(str::to_owned).collect();
    assert_eq!(parts[..3], ["Administrator", "", "LAB"]);
    assert_eq!(parts[3..].iter().map(String::len).collect::<Vec<_>>(), [16, 32, 2 * (232 - 16)]);
    assert_eq!(line(&tokens[..1]), None, "the challenge was not seen");
    assert_eq!(line(&[]), None);
    let nobody = sample(NTLMSSP_ANONYMOUS);
    assert_eq!(learned(None, &nobody[..2]).crackable_line(&token(None, &nobody[2].1)), None);
}
