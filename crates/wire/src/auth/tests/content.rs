//! What a token is, is told by its content.

use super::*;
use crate::auth::{Message, Oid, kerberos, ntlmssp, spnego};

#[test]
fn a_mechanism_is_told_whatever_the_verifier_calls_it() {
    for (_, sample_text) in &SAMPLES[..6] {
        for (_, bytes) in sample(sample_text) {
            let told = token(None, &bytes);
            for auth_type in [0x09, 0x0a, 0x10, 0x44, 0x77] {
                assert_eq!(token(Some(AuthType(auth_type)), &bytes), told, "{auth_type:#x}");
            }
        }
    }
}

#[test]
fn spnego_carries_kerberos_with_and_without_its_frame() {
    for text in [SPNEGO_KERBEROS_DCE, SPNEGO_KERBEROS_SMB] {
        let tokens = sample(text);
        let messages: Vec<_> = tokens.iter().filter_map(|(_, bytes)| whole(bytes).message).collect();
        assert!(matches!(messages[0], Message::Kerberos(kerberos::Message::ApReq(_))));
        assert!(matches!(messages[1], Message::Kerberos(kerberos::Message::ApRep(_))));
        assert!(tokens.iter().all(|(_, bytes)| whole(bytes).negotiation.is_some()));
    }
}

#[test]
fn a_server_that_begins_offers_and_carries_nothing() {
    let tokens = sample(SPNEGO_KERBEROS_SMB);
    let token = whole(&tokens[0].1);
    let Some(spnego::NegToken::Init(init)) = token.negotiation else { panic!("an offer") };
    let offered: Vec<_> = init.mech_types().collect();
    assert_eq!(offered, [Oid::MS_KERBEROS, Oid::KERBEROS, Oid::NTLMSSP]);
    assert!(init.is_from_server && token.message.is_none());
}

#[test]
fn ntlmssp_may_stand_in_a_frame_of_its_own() {
    let (_, negotiate) = &sample(NTLMSSP_SAMPLE)[0];
    let mut framed = vec![0x60, 0x34, 6, 0x0a];
    framed.extend(Oid::NTLMSSP.0);
    framed.extend(negotiate);
    assert!(matches!(whole(&framed).message, Some(Message::Ntlm(ntlmssp::Message::Negotiate(_)))));
}

#[test]
fn what_protects_a_pdu_names_nobody() {
    let ntlm = [1, 0, 0, 0, 0xd8, 0xae, 0xc0, 0xb3, 0x5a, 0x3f, 0xa8, 0x3b, 0, 0, 0, 0];
    assert_eq!(whole(&ntlm).message, Some(Message::Protection(AuthType(0x0a))));
    let kerberos = [5, 4, 6, 0xff, 0, 0, 0, 0x1c, 0, 0, 0, 0, 1, 2, 3, 4];
    assert_eq!(whole(&kerberos).message, Some(Message::Protection(AuthType(0x10))));
    let mut rc4 = vec![0x60, 0x23, 6, 9];
    rc4.extend(Oid::KERBEROS.0);
    rc4.extend([2, 1, 0x11, 0, 0x10, 0, 0xff, 0xff]);
    assert_eq!(whole(&rc4).message, Some(Message::Protection(AuthType(0x10))));
    let netlogon = token(Some(AuthType(0x44)), &[0x13, 0, 0x1a, 0, 0xff, 0xff, 0, 0]);
    assert_eq!(netlogon.message, Some(Message::Protection(AuthType(0x44))));
}

#[test]
fn a_netlogon_token_is_one_because_its_verifier_says_so() {
    let (_, request) = &sample(NETLOGON_SAMPLE)[0];
    assert!(matches!(token(Some(AuthType(0x44)), request).message, Some(Message::Netlogon(_))));
    assert_eq!(token(None, request).message, Some(Message::Unknown));
}

#[test]
fn tls_and_other_mechanisms_are_recognised() {
    let hello = [22, 3, 1, 0, 5, 1, 0, 0, 1, 3];
    assert_eq!(whole(&hello).auth_type(), Some(AuthType(0x0e)));
    assert_eq!(whole(b"NEGOEXTS\0\0\0\0").message, Some(Message::Other(Oid::NEGOEX)));
    let iakerb = [0x60, 0x0c, 6, 6, 0x2b, 6, 1, 5, 2, 5, 5, 1, 0x30, 0];
    let iakerb = whole(&iakerb);
    assert_eq!(iakerb.message, Some(Message::Kerberos(kerberos::Message::Other([5, 1]))));
    assert_eq!(iakerb.auth_type(), Some(AuthType(0x10)));
    let unknown = [0x60, 5, 6, 3, 0x2a, 3, 4, 0xff];
    assert_eq!(token(None, &unknown).message, None, "the frame ends with the mechanism's name");
    let unknown = [0x60, 6, 6, 3, 0x2a, 3, 4, 0xff];
    assert_eq!(whole(&unknown).message, Some(Message::Other(Oid(&[0x2a, 3, 4]))));
}

#[test]
fn nothing_is_nothing() {
    assert_eq!(token(None, &[]), Token::default());
    assert_eq!(token(Some(AuthType(0x44)), &[]), Token::default());
}

#[test]
fn a_mechanism_that_the_server_chose_is_known_without_its_message() {
    let response = [0xa1, 0x10, 0x30, 0x0e, 0xa1, 0x0c, 6, 0x0a, 0x2b, 6, 1, 4, 1, 0x82, 0x37, 2, 2, 0x0a];
    assert_eq!(whole(&response).auth_type(), Some(AuthType(0x0a)));
}
