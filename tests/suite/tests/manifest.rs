//! What `pcaps/MANIFEST.yaml` claims of each of the project's own captures, held against the sensor.
//!
//! The claims are written by `pcaps/lab/record`, which reads them with Wireshark's dissectors: nothing in them was
//! taken from our own output. Only the names of interfaces and operations come from our catalogue.

use rpcscope_model::{AuthLevel, BindResult, Call, EventBody, NDR, NDR64, Reply, Security, Transport};
use rpcscope_suite::manifest::{ClaimedCalls, ClaimedRejection, Entry, manifest, own_captures};
use rpcscope_suite::reading::{Reading, read_file};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use uuid::Uuid;

#[test]
fn the_list_names_each_file_with_its_content() {
    let mut listed = BTreeSet::new();
    for entry in manifest().captures {
        let bytes = std::fs::read(own_captures().join(&entry.file)).expect("the file is there");
        let digest: String = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(digest, entry.sha256, "{}", entry.file);
        assert!(!entry.shows.is_empty() && !entry.command.is_empty(), "{}", entry.file);
        assert!(listed.insert(entry.file.clone()), "{} is listed twice", entry.file);
    }
    let files = std::fs::read_dir(own_captures()).expect("the folder").map(|entry| {
        entry.expect("an entry of the folder").file_name().into_string().expect("a name in UTF-8")
    });
    let captures: BTreeSet<String> = files.filter(|name| name.ends_with(".pcap")).collect();
    assert_eq!(captures, listed);
}

#[test]
fn all_captures_together_are_small() {
    let bytes: u64 = manifest()
        .captures
        .iter()
        .map(|entry| std::fs::metadata(own_captures().join(&entry.file)).expect("the file is there").len())
        .sum();
    assert!(bytes < 10_000_000, "{bytes} bytes");
}

#[test]
fn each_capture_has_the_claimed_calls() {
    each_capture(
        |entry| entry.claims.calls.clone(),
        |reading| {
            let mut counts: BTreeMap<ClaimedCalls, u64> = BTreeMap::new();
            for (header, call) in reading.calls() {
                *counts.entry(seen(header.transport, call)).or_default() += 1;
            }
            counts.into_iter().map(|(calls, count)| ClaimedCalls { count, ..calls }).collect()
        },
    );
}

#[test]
fn each_capture_has_the_claimed_authentication() {
    each_capture(
        |entry| entry.claims.auth.clone(),
        |reading| {
            let securities = reading.events.iter().filter_map(|event| match &event.body {
                EventBody::Call(call) => call.security,
                EventBody::Bind(bind) => bind.security,
                _ => None,
            });
            securities.filter(|security| security.level != AuthLevel::NONE).map(auth).collect()
        },
    );
}

#[test]
fn each_capture_has_the_claimed_transfer_syntaxes() {
    each_capture(
        |entry| entry.claims.transfer_syntaxes.clone(),
        |reading| {
            let mut accepted = BTreeSet::new();
            for event in &reading.events {
                let EventBody::Bind(bind) = &event.body else { continue };
                for context in bind.contexts.iter().filter(|context| context.answer == Some((0, 0))) {
                    accepted.extend(context.transfer_syntaxes.first().map(|syntax| syntax_name(syntax.uuid)));
                }
            }
            accepted.into_iter().collect()
        },
    );
}

#[test]
fn each_capture_has_the_claimed_rejections() {
    each_capture(
        |entry| entry.claims.rejected.clone(),
        |reading| {
            let mut rejected = Vec::new();
            for event in &reading.events {
                let EventBody::Bind(bind) = &event.body else { continue };
                for context in &bind.contexts {
                    if let Some((result @ 1..=2, reason)) = context.answer {
                        let uuid = context.interface.syntax.uuid.to_string();
                        let interface = context.interface.name.map_or_else(|| uuid.clone(), str::to_owned);
                        rejected.push(ClaimedRejection { interface, uuid, result, reason });
                    }
                }
            }
            rejected
        },
    );
}

#[test]
fn each_capture_has_the_claimed_bind_naks() {
    each_capture(
        |entry| entry.claims.bind_naks.clone(),
        |reading| {
            let answers = reading.events.iter().filter_map(|event| match &event.body {
                EventBody::Bind(bind) => Some(&bind.result),
                _ => None,
            });
            let reasons = answers.filter_map(|result| match result {
                BindResult::Rejected { reason, .. } => Some(*reason),
                _ => None,
            });
            reasons.collect()
        },
    );
}

#[test]
fn each_capture_has_the_claimed_faults() {
    each_capture(
        |entry| entry.claims.faults.clone(),
        |reading| {
            let statuses = reading.events.iter().filter_map(|event| match &event.body {
                EventBody::Call(call) => match call.reply {
                    Some((Reply::Fault(status), _)) => Some(status),
                    _ => None,
                },
                EventBody::Bind(bind) => match bind.result {
                    BindResult::Faulted(status) => Some(status),
                    _ => None,
                },
                _ => None,
            });
            statuses.map(|status| format!("{status:#010x}")).collect()
        },
    );
}

#[test]
fn each_capture_has_the_claimed_encrypted_messages() {
    each_capture(|entry| vec![entry.claims.smb_encrypted], |reading| vec![reading.stats.smb_encrypted]);
}

/// Compares, for each capture, what is claimed and what is found, in any order and each once; tells all differences.
fn each_capture<T: Ord + Debug>(claimed: impl Fn(&Entry) -> Vec<T>, found: impl Fn(&Reading) -> Vec<T>) {
    let mut differences = String::new();
    for entry in manifest().captures {
        let reading = read_file(&own_captures().join(&entry.file)).expect("a capture of our own");
        let claimed: BTreeSet<T> = claimed(&entry).into_iter().collect();
        let found: BTreeSet<T> = found(&reading).into_iter().collect();
        for missing in claimed.difference(&found) {
            differences += &format!("{}: claimed, not found: {missing:?}\n", entry.file);
        }
        for unclaimed in found.difference(&claimed) {
            differences += &format!("{}: found, not claimed: {unclaimed:?}\n", entry.file);
        }
    }
    assert!(differences.is_empty(), "{differences}");
}

/// A call as the manifest writes it.
fn seen(transport: Transport, call: &Call) -> ClaimedCalls {
    let version = match transport {
        Transport::NcacnNpSmb1 => "/smb1",
        Transport::NcacnNpSmb2 => "/smb2",
        _ => "",
    };
    let uuid = call.interface.map_or_else(String::new, |interface| interface.syntax.uuid.to_string());
    let name = call.interface.and_then(|interface| interface.name);
    let opnum = call.opnum.map_or(u16::MAX, |opnum| opnum.0);
    ClaimedCalls {
        transport: format!("{}{version}", transport.name()),
        interface: name.map_or_else(|| uuid.clone(), str::to_owned),
        operation: call.procedure.map_or_else(|| opnum.to_string(), str::to_owned),
        uuid,
        opnum,
        outcome: call.outcome.name().to_owned(),
        count: 0,
    }
}

fn auth(security: Security) -> String {
    let auth_type = security.auth_type.name().unwrap_or("?");
    format!("{auth_type} {}", security.level.name().unwrap_or("?"))
}

fn syntax_name(syntax: Uuid) -> String {
    match syntax {
        NDR => "NDR".to_owned(),
        NDR64 => "NDR64".to_owned(),
        other => other.to_string(),
    }
}
