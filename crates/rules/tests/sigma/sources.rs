//! Log sources beside calls and binds: what their rules may name, and which events meet them.

use crate::support::{
    SVCCTL, activation, call, endpoint_map, file, load, logon, mapping, matches, pipe, shown, wmi,
};
use rpcscope_model::{AuthResult, Event, EventBody, FileAction, Phase};
use rpcscope_rules::Watch;
use std::sync::Arc;

const MMC20: &str = "49b2791a-b1ae-4c90-9b8e-e860ba07f889";

fn rule(product: &str, service: &str, selection: &str) -> String {
    format!(
        "title: T\nlogsource: {{product: {product}, service: {service}}}\ndetection: {{s: {selection}, condition: s}}\n"
    )
}

#[track_caller]
fn holds(product: &str, service: &str, selection: &str, event: &Event) -> bool {
    let (set, findings) = load(&rule(product, service, selection));
    assert!(findings.is_empty(), "{}", shown(&findings));
    matches(&set, event) == [0]
}

#[test]
fn classes_are_named_by_clsid_by_name_and_by_progid() {
    let event = activation(MMC20);
    for class in [MMC20, "MMC20.Application", "mmc20.application"] {
        assert!(holds("rpcscope", "activation", &format!("{{clsid: '{class}'}}"), &event), "{class}");
    }
    let other = activation("8bc3f05e-d86b-11d0-a075-00c04fb68820");
    assert!(!holds("rpcscope", "activation", "{clsid: MMC20.Application}", &other));
    assert!(holds("rpcscope", "activation", "{clsid: [MMC20.Application, WbemLevel1Login]}", &other));
}

#[test]
fn an_unknown_class_is_found_with_the_nearest_names() {
    let (_, findings) = load(&rule("rpcscope", "activation", "{clsid: MMC20.Aplication}"));
    let shown = shown(&findings);
    assert!(
        shown.contains("unknown class `MMC20.Aplication`") && shown.contains("MMC20.Application"),
        "{shown}"
    );
    let (_, findings) = load(&rule("rpcscope", "activation", "{clsid: IWbemLevel1Login}"));
    assert!(shown_has(&findings, "its interfaces are called"));
}

fn shown_has(findings: &[rpcscope_rules::Finding], text: &str) -> bool {
    shown(findings).contains(text)
}

#[test]
fn every_event_has_its_fields() {
    for (service, selection, event) in [
        (
            "activation",
            "{iid: IDispatch, fault: E_ACCESSDENIED, procedure: RemoteCreateInstance}",
            activation(MMC20),
        ),
        ("activation", "{binding|contains: '[49670]', outcome: replied}", activation(MMC20)),
        ("wmi", "{class: win32_process, method: Create, command_line|contains: calc}", wmi("cmd /c calc")),
        ("wmi", "{namespace|endswith: cimv2, operation: ExecMethod}", wmi("x")),
        (
            "endpoint",
            "{interface: svcctl, mapped_port: 49664, annotation|startswith: Service}",
            endpoint_map(),
        ),
        ("endpoint", "{opnum: 2, binding: 'ncacn_ip_tcp:[49664]'}", endpoint_map()),
        ("pipe", "{pipe: svcctl, share|endswith: 'IPC$', access_mask: 1180063}", pipe("svcctl")),
        (
            "smb_file",
            "{action: write, path|endswith: 'ADMIN$', name|endswith: .exe, bytes_written|gte: 512, user: alice}",
            file(FileAction::Write, "ADMIN$", r"Temp\svc.exe"),
        ),
        (
            "smb_file",
            "{disposition: FILE_OVERWRITE_IF, create_action: created, is_directory: false, size: 77}",
            file(FileAction::Open, "C$", "a"),
        ),
        ("smb_file", "{action: rename, previous_name: old.tmp}", file(FileAction::Rename, "C$", "a")),
        ("smb_mapping", "{share_type: disk, native_file_system: NTFS, session_id: 17}", mapping("C$")),
    ] {
        assert!(holds("rpcscope", service, selection, &event), "{service}: {selection}");
    }
    assert!(!holds("rpcscope", "smb_file", "{action: write}", &file(FileAction::Open, "C$", "a")));
}

#[test]
fn the_logs_of_zeek_are_read_by_its_names() {
    let opened = file(FileAction::Open, "ADMIN$", "SYSTEM32\\abc.tmp");
    assert!(holds("zeek", "smb_files", "{action: 'SMB::FILE_OPEN', name|endswith: .tmp, size: 77}", &opened));
    assert!(!holds("zeek", "smb_files", "{action: 'SMB::FILE_DELETE'}", &opened));
    assert!(holds(
        "zeek",
        "smb_files",
        "{action: 'SMB::PIPE_OPEN', path|endswith: 'IPC$', name: svcctl}",
        &pipe("svcctl")
    ));
    let renamed = file(FileAction::Rename, "C$", "a");
    assert!(holds("zeek", "smb_files", "{prev_name: old.tmp, times.modified|exists: true}", &renamed));
    assert!(holds("zeek", "smb_files", "{name: '<share_root>'}", &file(FileAction::Open, "C$", "")));
    assert!(holds(
        "zeek",
        "smb_mapping",
        "{path|contains: 'C$', share_type: DISK, service: 'A:'}",
        &mapping("C$")
    ));
    let ntlm =
        "{username: alice, domainname: LAB, hostname: WS1, server_nb_computer_name: DC1, success: false}";
    assert!(holds("zeek", "ntlm", ntlm, &logon(false, AuthResult::Rejected)));
    let kerberos =
        "{service|startswith: cifs, cipher: rc4-hmac, error_msg: KRB_AP_ERR_SKEW, request_type: AP}";
    assert!(holds("zeek", "kerberos", kerberos, &logon(true, AuthResult::Rejected)));
}

#[test]
fn each_authentication_log_of_zeek_has_its_own_events() {
    for (service, kerberos) in [("ntlm", false), ("kerberos", true)] {
        for event_is_kerberos in [false, true] {
            let event = logon(event_is_kerberos, AuthResult::Rejected);
            let expected = kerberos == event_is_kerberos;
            assert_eq!(holds("zeek", service, "{success: false}", &event), expected, "{service}");
        }
    }
}

#[test]
fn what_is_told_beside_a_call_is_not_for_rules_about_calls() {
    let (set, findings) = load(
        "title: T\nlogsource: {product: rpcscope}\ndetection: {s: {client_ip|exists: true}, condition: s}\n",
    );
    assert!(findings.is_empty(), "{}", shown(&findings));
    for told in [call(SVCCTL, 1), pipe("a"), file(FileAction::Open, "C$", "a"), mapping("C$")] {
        assert_eq!(matches(&set, &told), [0]);
    }
    for beside in [activation(MMC20), wmi("x"), endpoint_map()] {
        assert_eq!(matches(&set, &beside), []);
    }
}

#[test]
fn an_activation_that_was_announced_hits_once() {
    let rules = rule("rpcscope", "activation", "{clsid: MMC20.Application}")
        + "---\n"
        + &rule("rpcscope", "activation", "{clsid: MMC20.Application, outcome: replied}");
    let (set, findings) = load(&rules);
    assert!(findings.is_empty(), "{}", shown(&findings));
    assert!(
        set.wanted()
            .requests
            .include(Some(uuid::uuid!("000001a0-0000-0000-c000-000000000046")), rpcscope_model::Opnum(4))
    );
    let mut watch = Watch::new(Arc::new(set));
    let mut hits = |event: &Event| {
        let mut hits = Vec::new();
        watch.event(event, &mut hits);
        hits
    };
    let (mut requested, mut settled) = (activation(MMC20), activation(MMC20));
    requested.header.phase = Phase::Requested;
    let EventBody::Activation(told) = &mut settled.body else { panic!("an activation") };
    told.announced = true;
    assert_eq!(hits(&requested), [0]);
    assert_eq!(hits(&settled), [1]);
    assert_eq!(hits(&activation(MMC20)), [0, 1], "nobody announced it");
}

#[test]
fn rules_about_classes_and_pipes_are_found_by_them() {
    let classes = ["MMC20.Application", "WbemLevel1Login", "'*Login'", "!x"];
    let rules: Vec<String> = classes[..3]
        .iter()
        .map(|class| rule("rpcscope", "activation", &format!("{{clsid: {class}}}")))
        .chain(
            ["SVCCTL", "svc*", "winreg"].map(|name| rule("rpcscope", "pipe", &format!("{{pipe: '{name}'}}"))),
        )
        .collect();
    let (set, findings) = load(&rules.join("---\n"));
    assert!(findings.is_empty(), "{}", shown(&findings));
    assert_eq!(matches(&set, &activation(MMC20)), [0]);
    assert_eq!(matches(&set, &activation("8bc3f05e-d86b-11d0-a075-00c04fb68820")), [1, 2]);
    assert_eq!(matches(&set, &pipe("svcctl")), [3, 4]);
    assert_eq!(matches(&set, &pipe("winreg")), [5]);
}
