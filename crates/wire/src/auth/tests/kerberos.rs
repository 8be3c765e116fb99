//! Kerberos messages that are built element by element.

use super::*;
use crate::auth::kerberos::{ApReq, KrbError, Message};
use crate::auth::{self, Oid};
use rpcscope_model::{AuthResult, EncryptionType};

/// An element with its tag and content.
fn der(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    let mut out = vec![tag];
    match u8::try_from(content.len()) {
        Ok(length) if length < 0x80 => out.push(length),
        _ => {
            out.push(0x82);
            out.extend(u16::try_from(content.len()).expect("short").to_be_bytes());
        }
    }
    out.extend(content);
    out
}

fn field(number: u8, inner: &[u8]) -> Vec<u8> {
    der(0xa0 | number, &[inner])
}

fn string(text: &str) -> Vec<u8> {
    der(0x1b, &[text.as_bytes()])
}

fn principal(name_type: u8, parts: &[&str]) -> Vec<u8> {
    let parts: Vec<u8> = parts.iter().flat_map(|part| string(part)).collect();
    der(0x30, &[&field(0, &[2, 1, name_type]), &field(1, &der(0x30, &[&parts]))])
}

fn encrypted(etype: &[u8], kvno: u8) -> Vec<u8> {
    let cipher = der(4, &[&[0xee; 40]]);
    der(0x30, &[&field(0, &der(2, &[etype])), &field(1, &[2, 1, kvno]), &field(2, &cipher)])
}

fn ap_req(options: [u8; 4]) -> Vec<u8> {
    let ticket = der(
        0x30,
        &[
            &field(0, &[2, 1, 5]),
            &field(1, &string("LAB.TEST")),
            &field(2, &principal(3, &["cifs", "dc1.lab.test"])),
            &field(3, &encrypted(&[23], 4)),
        ],
    );
    let request = der(
        0x30,
        &[
            &field(0, &[2, 1, 5]),
            &field(1, &[2, 1, 14]),
            &field(2, &der(3, &[&[0], &options])),
            &field(3, &der(0x61, &[&ticket])),
            &field(4, &encrypted(&[0xff, 0x79], 0)),
        ],
    );
    der(0x6e, &[&request])
}

fn krb_error(code: u8, client: Option<(&str, &str)>) -> Vec<u8> {
    let mut parts = [
        field(0, &[2, 1, 5]),
        field(1, &[2, 1, 30]),
        field(4, &der(0x18, &[b"20260102030405Z"])),
        field(5, &[2, 1, 1]),
        field(6, &[2, 1, code]),
    ]
    .concat();
    if let Some((name, realm)) = client {
        parts.extend(field(7, &string(realm)));
        parts.extend(field(8, &principal(1, &[name])));
    }
    parts.extend(field(9, &string("LAB.TEST")));
    parts.extend(field(10, &principal(2, &["cifs", "dc1"])));
    der(0x7e, &[&der(0x30, &[&parts])])
}

fn request(bytes: &[u8]) -> ApReq<'_> {
    match token(None, bytes).message {
        Some(auth::Message::Kerberos(Message::ApReq(request))) => request,
        other => panic!("{other:?}"),
    }
}

fn error(bytes: &[u8]) -> KrbError<'_> {
    match whole(bytes).message {
        Some(auth::Message::Kerberos(Message::Error(error))) => error,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_ticket_names_its_service_and_how_it_is_encrypted() {
    let bytes = ap_req([0x20, 0, 0, 0]);
    let request = request(&bytes);
    assert_eq!(request.realm.map(|realm| realm.bytes), Some(&b"LAB.TEST"[..]));
    let service = request.service.expect("a service");
    assert_eq!(service.name_type, Some(3));
    assert_eq!(service.name().expect("a name").string, "cifs/dc1.lab.test");
    assert_eq!(request.ticket_encryption, Some(EncryptionType(23)));
    assert_eq!(request.key_version, Some(4));
    assert_eq!(request.authenticator_encryption, Some(EncryptionType(-135)));
}

#[test]
fn options_are_bits_from_the_left() {
    let options = |options| request(&ap_req(options)).options;
    assert!(options([0x20, 0, 0, 0]).mutual_required() && !options([0x20, 0, 0, 0]).use_session_key());
    assert!(options([0x40, 0, 0, 0]).use_session_key() && !options([0x40, 0, 0, 0]).mutual_required());
}

#[test]
fn a_cut_request_gives_what_stands_before_the_cut() {
    let bytes = ap_req([0x20, 0, 0, 0]);
    // Everything from the encrypted part of the ticket on is missing.
    let at = bytes.windows(12).position(|window| window == b"dc1.lab.test").expect("the service") + 12;
    let cut = request(&bytes[..at]);
    assert_eq!(cut.service.and_then(|service| service.name()).expect("a name").string, "cifs/dc1.lab.test");
    assert_eq!((cut.ticket_encryption, cut.authenticator_encryption), (None, None));
    let in_name = request(&bytes[..at - 4]);
    let name = in_name.service.and_then(|service| service.name()).expect("a name");
    assert_eq!((name.string.as_str(), name.cut), ("cifs/dc1.lab.", true));
}

#[test]
fn a_request_in_its_frame_has_a_token_id() {
    let inner = ap_req([0; 4]);
    let framed = der(0x60, &[&der(6, &[Oid::KERBEROS.0]), &[1, 0], &inner]);
    assert_eq!(whole(&framed).message, whole(&inner).message);
    let microsoft = der(0x60, &[&der(6, &[Oid::MS_KERBEROS.0]), &[1, 0], &inner]);
    assert_eq!(whole(&microsoft).message, whole(&inner).message);
}

#[test]
fn a_question_from_user_to_user_names_who_runs_the_service() {
    let question = der(
        0x30,
        &[
            &field(0, &[2, 1, 5]),
            &field(1, &[2, 1, 16]),
            &field(2, &principal(0x80, &["alice"])),
            &field(3, &string("LAB.TEST")),
        ],
    );
    let framed = der(0x60, &[&der(6, &[Oid::USER_TO_USER.0]), &[4, 0], &question]);
    assert!(whole(&framed).message.is_some());
    let exchange = learned(None, &[(Side::Client, framed)]);
    let identity = exchange.identity();
    assert_eq!(identity.service.as_ref().map(ToString::to_string).as_deref(), Some("alice"));
    assert_eq!(identity.realm.as_ref().map(ToString::to_string).as_deref(), Some("LAB.TEST"));
    assert!(!exchange.is_claimed(), "the ticket comes later");
}

#[test]
fn an_error_says_why_and_seldom_who() {
    let silent = krb_error(37, None);
    let refused = error(&silent);
    assert_eq!((refused.code, refused.client), (Some(37), None));
    assert_eq!(refused.service.and_then(|service| service.name()).expect("a name").string, "cifs/dc1");
    let telling = krb_error(24, Some(("alice", "CORP.TEST")));
    let tokens = [(Side::Client, ap_req([0; 4])), (Side::Server, telling)];
    let exchange = learned(None, &tokens);
    let identity = exchange.identity();
    assert_eq!(identity.result, Some(AuthResult::Rejected));
    assert_eq!(identity.kerberos.and_then(|kerberos| kerberos.error), Some(24));
    let name = |name: &Option<rpcscope_model::Text>| name.as_ref().map(ToString::to_string);
    assert_eq!(
        (name(&identity.user), name(&identity.domain)),
        (Some("alice".into()), Some("CORP.TEST".into()))
    );
    assert_eq!(name(&identity.service).as_deref(), Some("cifs/dc1.lab.test"), "what the client asked for");
}

#[test]
fn a_second_try_forgets_the_error_of_the_first() {
    let tokens =
        [(Side::Client, ap_req([0; 4])), (Side::Server, krb_error(37, None)), (Side::Client, ap_req([0; 4]))];
    let exchange = learned(None, &tokens);
    assert_eq!(exchange.identity().result, None);
    assert_eq!(exchange.identity().kerberos.and_then(|kerberos| kerberos.error), None);
    assert_eq!(exchange, learned(None, &tokens[..1]));
}

#[test]
fn a_name_of_many_parts_is_bounded() {
    let parts = vec!["a"; 3000];
    let bytes = der(0x7e, &[&der(0x30, &[&field(8, &principal(1, &parts))])]);
    let name = error(&bytes).client.and_then(|client| client.name()).expect("a name");
    assert!(name.cut && name.string.starts_with("a/a/a/"));
    assert_eq!(name.string.chars().count(), rpcscope_model::Identity::MAX_NAME_CHARS);
}
