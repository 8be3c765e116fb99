//! NTLMSSP messages that are built field by field.

use super::*;
use crate::auth::ntlmssp::{self, Authenticate, Challenge, Flags, Message, Negotiate};
use crate::auth::{self, AvId};
use crate::utf16::Text;
use rpcscope_model::{NtlmVersion, OsVersion};

/// A message of `fixed_bytes` before its payload, with fields at their places.
struct Build {
    bytes: Vec<u8>,
}

impl Build {
    fn new(message_type: u32, fixed_bytes: usize) -> Self {
        let mut bytes = ntlmssp::SIGNATURE.to_vec();
        bytes.extend(message_type.to_le_bytes());
        bytes.resize(fixed_bytes, 0);
        Self { bytes }
    }

    fn put(mut self, at: usize, bytes: &[u8]) -> Self {
        self.bytes[at..at + bytes.len()].copy_from_slice(bytes);
        self
    }

    fn flags(self, at: usize, flags: Flags) -> Self {
        self.put(at, &flags.0.to_le_bytes())
    }

    fn field(mut self, at: usize, payload: &[u8]) -> Self {
        let length = u16::try_from(payload.len()).expect("short");
        let offset = u32::try_from(self.bytes.len()).expect("short");
        self.bytes.extend(payload);
        self.put(at, &length.to_le_bytes())
            .put(at + 2, &length.to_le_bytes())
            .put(at + 4, &offset.to_le_bytes())
    }
}

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

fn shown(text: Option<Text<'_>>) -> Option<String> {
    auth::name(text?).map(|name| name.to_string())
}

fn negotiate(bytes: &[u8]) -> Negotiate<'_> {
    match token(None, bytes).message {
        Some(auth::Message::Ntlm(Message::Negotiate(message))) => message,
        other => panic!("{other:?}"),
    }
}

fn challenge(bytes: &[u8]) -> Challenge<'_> {
    match token(None, bytes).message {
        Some(auth::Message::Ntlm(Message::Challenge(message))) => message,
        other => panic!("{other:?}"),
    }
}

fn authenticate(bytes: &[u8]) -> Authenticate<'_> {
    match token(None, bytes).message {
        Some(auth::Message::Ntlm(Message::Authenticate(message))) => message,
        other => panic!("{other:?}"),
    }
}

/// Places of the fields of an AUTHENTICATE_MESSAGE.
const LM: usize = 12;
const NT: usize = 20;
const DOMAIN: usize = 28;
const USER: usize = 36;
const WORKSTATION: usize = 44;
const FLAGS: usize = 60;

#[test]
fn a_negotiate_names_domain_and_machine_when_its_flags_say_so() {
    let build = |flags: u32| {
        let built =
            Build::new(1, 40).put(12, &flags.to_le_bytes()).put(32, &[10, 0, 0x63, 0x45, 0, 0, 0, 15]);
        built.field(16, b"CORP").field(24, b"WS1").bytes
    };
    let with_names = build(0x0200_3002);
    let message = negotiate(&with_names);
    assert_eq!(
        (shown(message.domain), shown(message.workstation)),
        (Some("CORP".into()), Some("WS1".into()))
    );
    assert_eq!(message.version, Some(OsVersion { major: 10, minor: 0, build: 17763 }));
    let without = build(0x0000_0002);
    let message = negotiate(&without);
    assert_eq!((message.domain, message.workstation, message.version), (None, None, None));
}

#[test]
fn an_old_negotiate_ends_after_its_flags() {
    let bytes = Build::new(1, 16).flags(12, Flags(0x0200_0202)).bytes;
    assert_eq!(negotiate(&bytes).version, None);
    assert!(negotiate(&bytes).flags.has(Flags::NTLM));
}

#[test]
fn a_payload_in_the_place_of_the_version_is_not_the_version() {
    let built = Build::new(1, 32).flags(12, Flags(0x0200_1002));
    assert_eq!(negotiate(&built.field(16, b"LONGDOMAIN").bytes).version, None);
}

#[test]
fn a_challenge_tells_of_the_server() {
    let pairs = [&[1, 0, 6, 0][..], &utf16("DC1"), &[3, 0, 24, 0], &utf16("dc1.lab.test"), &[0; 4]].concat();
    let built = Build::new(2, 56).flags(20, Flags(0x0281_0001)).put(24, b"\x01\x23\x45\x67\x89\xab\xcd\xef");
    let bytes =
        built.put(48, &[6, 1, 0xb1, 0x1d, 0, 0, 0, 15]).field(12, &utf16("LAB")).field(40, &pairs).bytes;
    let message = challenge(&bytes);
    assert_eq!(message.server_challenge, 0x0123_4567_89ab_cdef_u64.to_be_bytes());
    assert_eq!(shown(message.target_name).as_deref(), Some("LAB"));
    assert_eq!(message.version.map(|version| version.to_string()).as_deref(), Some("6.1.7601"));
    let info = message.target_info.target_info();
    assert_eq!(shown(info.nb_computer).as_deref(), Some("DC1"));
    assert_eq!(shown(info.dns_computer).as_deref(), Some("dc1.lab.test"));
}

#[test]
fn an_old_challenge_ends_after_its_nonce() {
    let bytes = Build::new(2, 32).flags(20, Flags(0x0281_0002)).bytes;
    let message = challenge(&bytes);
    assert_eq!((message.target_name, message.version, message.target_info.iter().count()), (None, None, 0));
}

#[test]
fn names_follow_the_negotiated_encoding() {
    let wide = Build::new(3, 72).flags(FLAGS, Flags::UNICODE);
    let wide = wide.field(DOMAIN, &utf16("CÖRP")).field(USER, &utf16("ålice")).bytes;
    let message = authenticate(&wide);
    assert_eq!((shown(message.domain), shown(message.user)), (Some("CÖRP".into()), Some("ålice".into())));
    let oem = Build::new(3, 72).flags(FLAGS, Flags::OEM);
    let oem = oem.field(DOMAIN, b"CORP").field(USER, b"m\x81ller").field(WORKSTATION, b"WS1\0").bytes;
    let message = authenticate(&oem);
    assert_eq!(shown(message.user).as_deref(), Some(r"m\x81ller"));
    assert_eq!(shown(message.workstation).as_deref(), Some("WS1"));
}

#[test]
fn a_message_without_flags_is_oem() {
    let old = Build::new(3, 52).field(DOMAIN, b"CORP").field(USER, b"alice").field(LM, &[7; 24]).bytes;
    let message = authenticate(&old);
    assert_eq!((message.flags, shown(message.user)), (None, Some("alice".into())));
    assert_eq!(message.ntlm_version(), Some(NtlmVersion::Lm));
}

#[test]
fn versions_of_the_response_are_told_apart() {
    let version = |flags: Flags, lm: &[u8], nt: &[u8]| {
        let bytes =
            Build::new(3, 72).flags(FLAGS, flags).field(USER, &utf16("alice")).field(LM, lm).field(NT, nt);
        authenticate(&bytes.bytes).ntlm_version()
    };
    assert_eq!(version(Flags::UNICODE, &[1; 24], &[2; 24]), Some(NtlmVersion::V1));
    let extended = Flags(Flags::UNICODE.0 | Flags::EXTENDED_SESSIONSECURITY.0);
    assert_eq!(version(extended, &[1; 24], &[2; 24]), Some(NtlmVersion::V1Extended));
    assert_eq!(version(extended, &[0; 24], &[2; 200]), Some(NtlmVersion::V2));
    assert_eq!(version(Flags::UNICODE, &[1; 24], &[]), Some(NtlmVersion::Lm));
    assert_eq!(version(Flags::UNICODE, &[1; 24], &[2; 23]), None);
    assert_eq!(version(Flags::UNICODE, &[], &[]), None);
}

#[test]
fn nobody_has_no_name_and_no_response() {
    let anonymous = |user: &[u8], lm: &[u8], nt: &[u8]| {
        let bytes =
            Build::new(3, 72).flags(FLAGS, Flags::UNICODE).field(USER, user).field(LM, lm).field(NT, nt);
        authenticate(&bytes.bytes).is_anonymous()
    };
    assert!(anonymous(&[], &[], &[]));
    assert!(anonymous(&[], &[0], &[]));
    assert!(!anonymous(&[], &[1], &[]));
    assert!(!anonymous(&[], &[0; 24], &[]), "a response of LAN Manager");
    assert!(!anonymous(&[], &[0], &[0; 24]));
    assert!(!anonymous(&utf16("a"), &[0], &[]));
}

#[test]
fn a_response_of_version_2_repeats_and_adds_pairs() {
    let spn = utf16("cifs/dc1.lab.test");
    let length = u8::try_from(spn.len()).expect("short");
    let pairs = [&[6, 0, 4, 0, 6, 0, 0, 0, 9, 0, length, 0][..], &spn, &[0; 4]].concat();
    let nt = [&[0xaa; 16][..], &[1, 1, 0, 0, 0, 0, 0, 0], &[0; 8], &[0xbb; 8], &[0; 4], &pairs].concat();
    let bytes = Build::new(3, 72).flags(FLAGS, Flags::UNICODE).field(NT, &nt).bytes;
    let info = authenticate(&bytes).client_info();
    assert_eq!(info.iter().map(|(id, _)| id).collect::<Vec<_>>(), [AvId::FLAGS, AvId::TARGET_NAME]);
    let info = info.target_info();
    assert_eq!((shown(info.target_name).as_deref(), info.flags), (Some("cifs/dc1.lab.test"), Some(6)));
}

#[test]
fn a_field_outside_of_the_message_has_no_bytes() {
    let built = Build::new(3, 72).flags(FLAGS, Flags::UNICODE);
    let far = built.put(USER, &[8, 0, 8, 0, 0xf0, 0xff, 0xff, 0xff]).bytes;
    let message = authenticate(&far);
    assert_eq!(shown(message.user), None);
    assert!(!message.is_anonymous(), "it has a name that was not captured");
    let part = Build::new(3, 72).flags(FLAGS, Flags::UNICODE).field(USER, &utf16("alice"));
    let user = authenticate(&part.bytes[..part.bytes.len() - 4]).user.and_then(auth::name);
    assert_eq!(user.map(|user| (user.string, user.cut)), Some(("ali".into(), true)));
}

#[test]
fn an_unknown_message_is_an_error_with_its_number() {
    let bytes = Build::new(7, 40).bytes;
    let error = token(None, &bytes).stopped.expect("an error");
    assert_eq!(error.to_string(), "ntlmssp: MessageType at byte 8: impossible value 7");
    let error = token(None, b"NTLMSSP\0\x03\0\0\0\0\0").stopped.expect("an error");
    assert_eq!(error.to_string(), "ntlmssp: LmChallengeResponse at byte 14: need 2 bytes, have 0");
}

#[test]
fn lines_for_crackers_have_the_order_of_their_formats() {
    let challenge = [0xcc; 8];
    let build = |user: &str, lm: &[u8], nt: &[u8]| {
        let built = Build::new(3, 72).flags(FLAGS, Flags::UNICODE).field(DOMAIN, &utf16("LAB"));
        built.field(USER, &utf16(user)).field(LM, lm).field(NT, nt).bytes
    };
    let v1 = build("alice", &[1; 24], &[2; 24]);
    let expected = format!("alice::LAB:{}:{}:cccccccccccccccc", "01".repeat(24), "02".repeat(24));
    assert_eq!(authenticate(&v1).crackable_line(&challenge), Some(expected));
    let v2 = build("alice", &[1; 24], &[[3; 16], [4; 16]].concat());
    let expected = format!("alice::LAB:cccccccccccccccc:{}:{}", "03".repeat(16), "04".repeat(16));
    assert_eq!(authenticate(&v2).crackable_line(&challenge), Some(expected));
    for user in ["al:ice", "al\nice", "al\u{fffd}ice", "al\0ice"] {
        let bytes = build(user, &[1; 24], &[2; 24]);
        assert_eq!(authenticate(&bytes).crackable_line(&challenge), None, "{user:?} cannot stand in a line");
    }
    let cut = &v2[..v2.len() - 1];
    assert_eq!(authenticate(cut).crackable_line(&challenge), None, "part of the response is missing");
}
