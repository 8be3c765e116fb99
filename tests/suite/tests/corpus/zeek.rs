//! Zeek's own test baselines about DCE/RPC and SMB, as far as they concern remote procedure calls.
//!
//! Where Zeek differs, and why:
//! - it logs a call when its response comes, so calls without one are left out here;
//! - it follows no connection whose bind was not captured, so these are left out here;
//! - a test that runs with `-b` and loads dce-rpc alone sees no pipes: a log without pipes is compared with TCP alone;
//! - at the end of a connection with an open request it logs the call before a second time, so a line that repeats the
//!   line before counts once;
//! - it leaves out some operations of winreg, spoolss and wkssvc (`DCE_RPC::ignored_operations`), of which none stands
//!   in the captures here;
//! - it has names of its own for interfaces and operations, so they are compared by UUID and number, which its
//!   `consts.zeek` gives with the names.

use rpcscope_model::{
    AuthLevel, AuthType, BindResult, Event, EventBody, FileAction, Learned, Outcome, Share, ShareType,
    Transport,
};
use rpcscope_suite::corpus::corpus;
use rpcscope_suite::reading::{Reading, read_file};
use serde::Deserialize;
use std::collections::BTreeSet;
use std::path::Path;

/// What Zeek calls an operation: endpoint, operation, and what it means: start of the UUID, operation number.
const NAMES: &[(&str, &str, &str, u16)] = &[
    ("epmapper", "ept_lookup", "e1af8308", 2),
    ("epmapper", "ept_map", "e1af8308", 3),
    ("nspi", "NspiBind", "f5cc5a18", 0),
    ("exchange_mapi", "EcDoConnect", "a4f1db00", 0),
    ("exchange_mapi", "EcDoRpc", "a4f1db00", 2),
    ("exchange_mapi", "EcRRegisterPushNotification", "a4f1db00", 4),
    ("dssetup", "DsRolerGetPrimaryDomainInformation", "3919286a", 0),
];

/// Baselines that say nothing of what is told here: SMB commands, tunnels, Kerberos and NTLM tickets. Their
/// captures are read all the same.
const OF_NO_CONCERN: &[&str] = &[
    "core.erspan__tunnel.log",
    "scripts.base.protocols.dce-rpc.dce-rpc-backing-discard__weird.log",
    "scripts.base.protocols.dce-rpc.mapi__ntlm.log",
    "scripts.base.protocols.dce-rpc.spnego-gssapi-kerberos__kerberos.log.135",
    "scripts.base.protocols.dce-rpc.spnego-gssapi-kerberos__kerberos.log.445",
    "scripts.base.protocols.dce-rpc.spnego-gssapi-kerberos__output.135",
    "scripts.base.protocols.dce-rpc.spnego-gssapi-kerberos__output.445",
    // Of other captures, which are not there.
    "scripts.base.protocols.dce-rpc.auth__out.netlogon",
    "scripts.base.protocols.dce-rpc.auth__out.ntlm",
    "scripts.base.protocols.dce-rpc.auth__out.ntlm-direct",
    "scripts.base.protocols.dce-rpc.auth__out.privacy",
    "scripts.base.protocols.netbios.split-session-msg__out",
    "scripts.base.protocols.smb.smb1-OSS-fuzz-54883__analyzer_debug.log",
    "scripts.base.protocols.smb.smb1-non-advancing-andx-offset__weird.log",
    "scripts.base.protocols.smb.smb1-transaction-request__.stdout",
    "scripts.base.protocols.smb.smb1-transaction-secondary-request__.stdout",
    "scripts.base.protocols.smb.smb1-transaction2-request__.stdout",
    "scripts.base.protocols.smb.smb2-create-delete-on-close__smb_cmd.log",
    "scripts.base.protocols.smb.smb2-fscontrol__out",
    "scripts.base.protocols.smb.smb2-zero-byte-error-ioctl__out",
    "scripts.base.protocols.smb.smb3__.stdout",
];

/// One entry of `index.json`.
#[derive(Deserialize)]
struct Test {
    capture: String,
    baselines: Vec<String>,
}

#[test]
fn every_baseline_agrees_or_is_of_no_concern() {
    let Some(corpus) = corpus("zeek") else { return };
    let folder = corpus.join("zeek-baselines");
    let index = std::fs::read_to_string(folder.join("index.json")).expect("the list of baselines");
    let tests: Vec<Test> = serde_json::from_str(&index).expect("a list of tests");
    let mut compared = BTreeSet::new();
    for test in tests {
        let reading = read_file(&corpus.join("captures").join(&test.capture)).expect("a capture");
        for baseline in &test.baselines {
            let name = baseline.rsplit('/').next().unwrap_or_default();
            if OF_NO_CONCERN.contains(&name) {
                continue;
            }
            let text = std::fs::read_to_string(folder.join(baseline)).expect("a baseline");
            match name.rsplit("__").next().unwrap_or_default() {
                "dce_rpc.log" => log_of_calls(baseline, &text, &reading),
                "smb_files.log" => log_of_files(baseline, &text, &reading),
                "smb_mapping.log" => log_of_shares(baseline, &text, &reading),
                "out.kerberos" => messages_with_protection(&text, &reading),
                "out" if name.contains("no-inband-null") => secondary_addresses(&text, &reading),
                "out" if name.contains("backing") => calls_of_each_pipe(baseline, &text, &reading),
                _ => panic!("{baseline}: say here what it means, or in OF_NO_CONCERN that it does not"),
            }
            compared.insert(baseline.clone());
        }
    }
    assert_eq!(compared.len(), 10, "{compared:?}");
}

/// `dce_rpc.log`: client, server, interface and operation of each answered call.
fn log_of_calls(name: &str, log: &str, reading: &Reading) {
    let mut expected: Vec<(String, String, &str, u16)> = Vec::new();
    let mut lines: Vec<&str> = log.lines().filter(|line| !line.starts_with('#')).collect();
    lines.dedup();
    let has_pipes = lines.iter().any(|line| line.contains("\\PIPE\\"));
    for line in lines {
        let columns: Vec<&str> = line.split('\t').collect();
        let [_, _, client, client_port, server, server_port, _, _, endpoint, operation] = columns[..] else {
            panic!("{name}: {line}");
        };
        let known = NAMES.iter().find(|(known, procedure, ..)| (*known, *procedure) == (endpoint, operation));
        let (_, _, uuid, opnum) =
            known.unwrap_or_else(|| panic!("{name}: {endpoint}.{operation} is to be named"));
        expected.push((format!("{client}:{client_port}"), format!("{server}:{server_port}"), uuid, *opnum));
    }
    let mut found = Vec::new();
    for (header, call) in reading.calls() {
        let bound = matches!(call.learned, Learned::Bind | Learned::AlterContext);
        let looked_at = has_pipes || header.transport == Transport::NcacnIpTcp;
        if call.outcome != Outcome::Replied || !bound || !looked_at {
            continue;
        }
        let uuid = call.interface.map(|interface| interface.syntax.uuid.to_string()).unwrap_or_default();
        let opnum = call.opnum.map(|opnum| opnum.0).unwrap_or(u16::MAX);
        found.push((header.client.to_string(), header.server.to_string(), uuid, opnum));
    }
    let mut found: Vec<(String, String, &str, u16)> = found
        .iter()
        .map(|(client, server, uuid, opnum)| {
            (client.clone(), server.clone(), uuid.get(..8).unwrap_or_default(), *opnum)
        })
        .collect();
    expected.sort();
    found.sort();
    assert_eq!(found, expected, "{name}");
}

/// `auth.zeek` of one connection: which PDUs came, and the protection that they name.
fn messages_with_protection(log: &str, reading: &Reading) {
    let messages: Vec<&str> =
        log.lines().filter_map(|line| Some(line.split_once("ptype == DCE_RPC::")?.1)).collect();
    let expected = ["BIND", "BIND_ACK", "ALTER_CONTEXT", "ALTER_CONTEXT_RESP", "REQUEST", "RESPONSE"];
    assert_eq!(messages, expected);
    assert!(
        log.contains("auth_type == 9 ")
            && log.contains("auth_level == 2 ")
            && log.contains("auth_context_id == 0")
    );
    let protection = |security: Option<rpcscope_model::Security>| {
        security.map(|security| (security.auth_type, security.level, security.context_id))
    };
    let spnego_connect = Some((AuthType(9), AuthLevel::CONNECT, 0));
    let mut seen = Vec::new();
    for event in &reading.events {
        match &event.body {
            EventBody::Bind(bind) => {
                assert_eq!(protection(bind.security), spnego_connect);
                seen.push((bind.kind, bind.answered.is_some()));
            }
            EventBody::Call(call) => {
                // The call itself has no verifier: its protection is that of the association.
                assert_eq!(protection(call.security), spnego_connect);
                seen.push((Learned::Header, call.outcome == Outcome::Replied));
            }
            EventBody::Authentication(_)
            | EventBody::Activation(_)
            | EventBody::Wmi(_)
            | EventBody::EndpointMap(_)
            | EventBody::SmbMapping(_)
            | EventBody::Pipe(_)
            | EventBody::SmbFile(_) => {}
            EventBody::Anomaly(anomaly) => panic!("{anomaly:?}"),
        }
    }
    assert_eq!(seen, [(Learned::Bind, true), (Learned::AlterContext, true), (Learned::Header, true)]);
}

/// `no-inband-null.zeek`: the secondary address of each bind_ack, without what follows its terminator.
fn secondary_addresses(log: &str, reading: &Reading) {
    let expected: Vec<&str> = log.lines().filter_map(|line| line.strip_prefix("sec_addr is: ")).collect();
    let binds = reading.events.iter().filter_map(|event| match &event.body {
        EventBody::Bind(bind) => Some(&bind.result),
        _ => None,
    });
    let addresses: Vec<&str> = binds
        .filter_map(|result| match result {
            BindResult::Acknowledged { secondary_address, .. } => secondary_address.as_deref(),
            BindResult::Rejected { .. } | BindResult::Faulted(_) | BindResult::Unanswered => None,
        })
        .collect();
    assert_eq!(addresses, expected);
}

/// `dce-rpc-backing-*.zeek`: one line for each request, with the id of its pipe. We report no ids of pipes, but each
/// pipe begins with a bind.
fn calls_of_each_pipe(name: &str, log: &str, reading: &Reading) {
    let fids = log.lines().filter(|line| line.starts_with("dce_rpc_request,"));
    let fids: Vec<&str> = fids.filter_map(|line| line.split(", ").nth(3)).collect();
    let expected: Vec<usize> = fids.chunk_by(|a, b| a == b).map(<[&str]>::len).collect();
    let is_bind = |event: &Event| matches!(event.body, EventBody::Bind(_));
    let is_on_pipe = |event: &&Event| matches!(event.body, EventBody::Bind(_) | EventBody::Call(_));
    let on_pipes: Vec<&Event> = reading.events.iter().filter(is_on_pipe).collect();
    let found: Vec<usize> = on_pipes
        .chunk_by(|_, next| !is_bind(next))
        .map(|pipe| pipe.iter().filter(|event| matches!(event.body, EventBody::Call(_))).count())
        .collect();
    assert_eq!(found, expected, "{name}");
}

/// `smb_files.log`: client, action, share, name and size. Zeek logs what was done to a file once in three minutes, and
/// no opens that failed.
fn log_of_files(name: &str, log: &str, reading: &Reading) {
    let unescaped = |text: &str| text.replace("\\\\", "\\");
    let mut expected: BTreeSet<[String; 5]> = BTreeSet::new();
    for line in log.lines().filter(|line| !line.starts_with('#')) {
        let columns: Vec<&str> = line.split('\t').collect();
        let [_, _, client, port, _, _, _, action, path, file, size, ..] = columns[..] else {
            panic!("{name}: {line}");
        };
        let path = if path == "-" { String::new() } else { unescaped(path) };
        expected.insert([format!("{client}:{port}"), action.into(), path, unescaped(file), size.into()]);
    }
    let mut found = BTreeSet::new();
    for event in &reading.events {
        let EventBody::SmbFile(file) = &event.body else { continue };
        let action = match file.action {
            FileAction::Open => "SMB::FILE_OPEN",
            FileAction::Rename => "SMB::FILE_RENAME",
            FileAction::Delete => "SMB::FILE_DELETE",
            FileAction::Write | FileAction::Close => continue,
        };
        if file.answer.is_none_or(|answer| answer.is_error()) {
            continue;
        }
        let client = format!("{}:{}", event.header.client.address, event.header.client.port);
        let path = file.share.path.as_deref().unwrap_or_default().to_owned();
        let called = if file.name.string.is_empty() { "<share_root>" } else { &file.name.string };
        let size = file.size.unwrap_or_default().to_string();
        found.insert([client, action.to_owned(), path, called.trim_start_matches('\\').to_owned(), size]);
    }
    if name.contains("multichannel") {
        // Zeek knows neither shares nor open files of the session's other connections.
        let without_share = |[client, action, _, file, size]: &[String; 5]| {
            [client.clone(), action.clone(), String::new(), file.clone(), size.clone()]
        };
        found.extend(found.clone().iter().map(without_share));
        let unknown: Vec<_> = expected.difference(&found).collect();
        assert_eq!(unknown, [] as [&[String; 5]; 0], "{name}");
        assert!(expected.len() > 50);
    } else {
        assert_eq!(found, expected, "{name}");
    }
}

/// `smb_mapping.log`: share and what it holds.
fn log_of_shares(name: &str, log: &str, reading: &Reading) {
    let mut expected = Vec::new();
    for line in log.lines().filter(|line| !line.starts_with('#')) {
        let columns: Vec<&str> = line.split('\t').collect();
        let [.., path, _, _, share_type] = columns[..] else { panic!("{name}: {line}") };
        expected.push((path.replace("\\\\", "\\"), share_type.to_ascii_lowercase()));
    }
    let found = reading.events.iter().filter_map(|event| match &event.body {
        EventBody::SmbMapping(mapping) => Some(&mapping.share),
        _ => None,
    });
    let shown = |share: &Share| {
        (
            share.path.as_deref().unwrap_or_default().to_owned(),
            share.share_type.map_or("", ShareType::name).to_owned(),
        )
    };
    assert_eq!(found.map(shown).collect::<Vec<_>>(), expected, "{name}");
}

/// The captures of other tests with pipes in them, which Zeek reads without complaint.
#[test]
fn captures_of_other_smb_tests_are_read_to_their_end() {
    let Some(corpus) = corpus("zeek") else { return };
    let folder = corpus.join("captures/zeek");
    let mut read = 0;
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if is_capture(&path) {
            let reading = read_file(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            assert!(reading.stats.frames > 0, "{}", path.display());
            read += 1;
        }
    }
    assert!(read > 20, "{read}");
}

fn is_capture(path: &Path) -> bool {
    path.extension()
        .is_some_and(|extension| ["pcap", "pcapng", "cap"].iter().any(|known| extension == *known))
}
