//! Who is said to call, in our own captures, and that secrets are not told unasked.

use crate::lines::{lines, procedure};
use hmac::{Hmac, KeyInit, Mac};
use md4::{Digest, Md4};
use md5::Md5;
use rpcscope_capture::{Batch, Input, Reader};
use rpcscope_engine::{Checksums, Engine};
use rpcscope_model::{Event, EventBody, Secrets};
use rpcscope_sinks::{Context, Detail, Format, Memo};
use rpcscope_suite::manifest::{Entry, manifest, own_captures};
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;

/// Captures with calls that are protected, or that came in an SMB session, and name no user.
const WITHOUT_USER: &[(&str, &str)] = &[
    ("benign-domain-join", "Kerberos and Netlogon: the ticket is encrypted, the machine has no user"),
    ("benign-secure-channel", "Kerberos and Netlogon"),
    ("dcom-wmiexec-krb-connect", "Kerberos"),
    ("dcom-wmiexec-krb-integrity", "Kerberos"),
    ("dcom-wmiexec-krb-privacy", "Kerberos"),
    ("rpcc-np-anon", "the client asked for no identity"),
    ("rpcc-np-samr-krb5-seal", "Kerberos"),
    ("rpcc-tcp-samr-krb5-seal", "Kerberos"),
    ("rpcc-tcp-samr-krb5-sign", "Kerberos"),
    ("rpcc-tcp-samr-spnego-krb5-seal", "Kerberos"),
    ("schannel-aes-integrity", "Netlogon: the machine has no user"),
    ("schannel-rc4-privacy", "Netlogon"),
];

/// The captures, by name without ending.
fn captures() -> Vec<(String, Entry, Vec<Value>)> {
    let read = |entry: Entry| {
        let lines = lines(&own_captures().join(&entry.file));
        (entry.file.trim_end_matches(".pcap").to_owned(), entry, lines)
    };
    manifest().captures.into_iter().map(read).collect()
}

/// Whether the manifest knows this user: as the account of the lab, as another one, or in the command.
fn is_known(entry: &Entry, user: &str) -> bool {
    let accounts = entry.secrets.accounts.keys().chain([&entry.secrets.user]);
    accounts.map(String::as_str).any(|account| account.eq_ignore_ascii_case(user))
        || entry.command.contains(user)
}

#[test]
fn users_are_those_of_the_manifest() {
    let mut named = 0;
    for (capture, entry, lines) in captures() {
        for line in lines.iter().filter(|line| line["event_type"] == "identity") {
            let auth = &line["rpcscope"]["auth"];
            match auth["mechanism"].as_str() {
                Some("NTLMSSP") if auth["anonymous"] == true => assert!(auth["user"].is_null(), "{line}"),
                Some("NTLMSSP") => {
                    let user = auth["user"].as_str().unwrap_or_default();
                    assert!(is_known(&entry, user), "{capture}: {line}");
                    let domain = auth["domain"].as_str().unwrap_or_default();
                    if let Some((domain_of_command, _)) = domain_in(&entry.command, user) {
                        assert!(
                            domain.to_lowercase().starts_with(&domain_of_command.to_lowercase()),
                            "{line}"
                        );
                    }
                    named += 1;
                }
                Some("Kerberos") => {
                    // The user is encrypted; the service and its realm are not.
                    assert!(auth["user"].is_null() && auth["realm"] == "LAB.TEST", "{capture}: {line}");
                    let (_, host) =
                        auth["service"].as_str().and_then(|name| name.split_once('/')).expect("a service");
                    assert!(host.ends_with(".lab.test"), "{capture}: {line}");
                }
                Some("Netlogon") => assert_eq!(auth["domain"], "LAB", "{capture}: {line}"),
                other => panic!("{capture}: {other:?}"),
            }
        }
    }
    assert!(named > 100, "{named} users");
}

/// Domain and user as a command writes them: `LAB/Administrator`.
fn domain_in<'a>(command: &'a str, user: &str) -> Option<(&'a str, &'a str)> {
    let mut words = command.split(|c: char| !(c.is_alphanumeric() || "-./$".contains(c)));
    words.find_map(|word| word.split_once('/').filter(|(domain, name)| !domain.is_empty() && *name == user))
}

#[test]
fn calls_are_made_by_the_user_of_their_authentication() {
    let mut without = BTreeSet::new();
    for (capture, entry, lines) in captures() {
        for line in lines.iter().filter(|line| procedure(line).is_some()) {
            let auth = &line["rpcscope"]["auth"];
            match auth["user"].as_str() {
                Some(user) => assert!(is_known(&entry, user), "{capture}: {line}"),
                None if auth.is_object() => drop(without.insert(capture.clone())),
                // No verifier, and no session that has one.
                None => assert_ne!(line["rpcscope"]["transport"], "ncacn_np", "{capture}: {line}"),
            }
        }
    }
    let listed: BTreeSet<String> = WITHOUT_USER.iter().map(|(capture, _)| (*capture).to_owned()).collect();
    assert_eq!(without, listed);
}

#[test]
fn challenges_and_responses_are_told_only_when_asked_for() {
    let (mut told, mut with_password) = (0, 0);
    for entry in manifest().captures {
        let capture = own_captures().join(&entry.file);
        let asked = events(&capture, Secrets::Told);
        let crackable: BTreeSet<&str> = asked
            .iter()
            .filter_map(|event| match &event.body {
                EventBody::Authentication(authentication) => authentication.crackable.as_deref(),
                _ => None,
            })
            .collect();
        let written = written(&asked, Format::Eve);
        let unasked = events(&capture, Secrets::Withheld);
        let pages: Vec<String> = Format::ALL.iter().map(|format| self::written(&unasked, *format)).collect();
        for line in &crackable {
            assert!(written.contains(&format!("\"hash\":\"{line}\"")), "{}: {line}", entry.file);
            let (_, secrets) = line.split_once("::").expect("a name, two colons");
            let [challenge, proof, client] = secrets.split(':').skip(1).collect::<Vec<_>>()[..] else {
                panic!("not a line of NTLM version 2: {line}");
            };
            // The client's part begins with constants and a time; its challenge is at byte 16 ([MS-NLMP] 2.2.2.7).
            for secret in [challenge, &proof[..16], &client[32..48]] {
                assert!(
                    pages.iter().all(|page| !page.to_lowercase().contains(secret)),
                    "{}: {secret}",
                    entry.file
                );
            }
            with_password += usize::from(is_answered_by(line, &entry));
        }
        assert!(pages.iter().all(|page| !page.contains("\"hash\"")), "{}", entry.file);
        told += crackable.len();
    }
    assert!(told > 100 && with_password > 100, "{told} lines, {with_password} of a password of the manifest");
}

/// All events of a capture.
fn events(capture: &Path, secrets: Secrets) -> Vec<Event> {
    let mut engine = Engine::new(Checksums::Accepted).with_secrets(secrets);
    let mut events = Vec::new();
    let mut reader = Reader::open(&Input::File(capture.to_owned())).expect("a capture");
    let mut batch = Batch::new(256);
    while reader.next_batch(&mut batch).expect("a whole capture") {
        for frame in batch.frames() {
            engine.push(&frame, &mut |event| events.push(event));
        }
    }
    engine.finish(&mut |event| events.push(event));
    events
}

fn written(events: &[Event], format: Format) -> String {
    let context = Context { detail: Detail::Everything, ..Context::default() };
    let mut bytes = Vec::new();
    for event in events {
        format.event(event, &context, &mut Memo::default(), &mut bytes);
    }
    String::from_utf8(bytes).expect("UTF-8")
}

/// Whether one of the manifest's passwords gives this answer to this challenge: NTLM version 2, [MS-NLMP] 3.3.2.
fn is_answered_by(line: &str, entry: &Entry) -> bool {
    let [user, _, domain, challenge, proof, client] = line.split(':').collect::<Vec<_>>()[..] else {
        panic!("not a line of NTLM version 2: {line}");
    };
    let utf16 = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    let challenges = [bytes(challenge), bytes(client)].concat();
    entry.secrets.accounts.values().chain([&entry.secrets.password]).any(|password| {
        let key = hmac(&Md4::digest(utf16(password)), &utf16(&(user.to_uppercase() + domain)));
        hmac(&key, &challenges) == bytes(proof)
    })
}

fn hmac(key: &[u8], bytes: &[u8]) -> Vec<u8> {
    let mut mac = Hmac::<Md5>::new_from_slice(key).expect("a key of any length");
    mac.update(bytes);
    mac.finalize().into_bytes().to_vec()
}

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u32> =
        hex.chars().map(|digit| digit.to_digit(16).expect("a hexadecimal digit")).collect();
    digits.chunks(2).map(|pair| u8::try_from(pair[0] * 16 + pair[1]).expect("a byte")).collect()
}
