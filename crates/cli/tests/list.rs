//! What `rpcscope rules` shows.

mod support;

use std::fs;
use std::path::Path;
use support::{Run, run};

const SERVICES: &str = "\
title: Service created
id: 6e3f4c3e-8f61-4d06-b3a8-2b6f0f6c5a10
description: |
    A service is created on another machine.
    Installers do so, too.
logsource: {product: rpcscope, service: call}
detection:
    creation: {interface: svcctl, opnum: [RCreateServiceW, 24]}
    expected: {client_ip|cidr|expand: '%admins%'}
    condition: creation and not expected
falsepositives: [software deployment]
level: medium
tags: [attack.persistence, attack.t1543.003]
rpcscope: {sid: 4103001, capture: session}
";

const LOGONS: &str = "\
title: Logon refused
name: refused
logsource: {product: rpcscope, service: identity}
detection: {refusal: {auth_result: rejected}, condition: refusal}
---
title: Many logons refused
id: 7e3f4c3e-8f61-4d06-b3a8-2b6f0f6c5a10
correlation: {type: event_count, rules: [refused], group-by: [client_ip], timespan: 5m, condition: {gte: 10}}
level: high
";

const TEXT: &str = "alert tcp any any -> any 135 (msg:\"Activation\"; flow:to_server; dce_iface:000001a0-0000-0000-c000-000000000046; sid:1;)\n";

fn rules(arguments: &[&str]) -> Run {
    let folder = tempfile::tempdir().expect("a folder");
    let files = [
        ("rules/services.yml", SERVICES),
        ("rules/services.test.yml", "tests: [{type: pcap, path: a.pcap}]\n"),
        ("rules/logons/many.yml", LOGONS),
        ("rules/text.rules", TEXT),
        ("rpcscope.yaml", "networks: {admins: [10.0.0.0/24]}\n"),
    ];
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap_or(Path::new("."))).expect("a folder");
        fs::write(path, text).expect("a file");
    }
    run(folder.path(), &[&["rules"], arguments].concat())
}

#[test]
fn all_rules_are_listed_in_the_order_of_their_files() {
    insta::assert_snapshot!(rules(&["list"]).page());
}

#[test]
fn programs_get_the_list_as_json() {
    let run = rules(&["list", "--format", "json", "rules/services.yml"]);
    insta::assert_snapshot!(run.page());
}

#[test]
fn all_that_is_known_of_a_rule_is_shown() {
    let pages =
        ["6e3f4c3e-8f61-4d06-b3a8-2b6f0f6c5a10", "logon", "1"].map(|name| rules(&["show", name]).page());
    insta::assert_snapshot!(pages.join("\n"));
    assert_eq!(rules(&["show", "4103001"]).text(), rules(&["show", "Service created"]).text());
}

#[test]
fn a_rule_that_is_not_there_is_told_with_those_that_are_near() {
    insta::assert_snapshot!(rules(&["show", "Servise created"]).page());
}
