//! The whole output of `rpcscope replay` with rules.

mod support;

use support::{own_capture, run};
use tempfile::TempDir;

const RULES: &str = r"
title: A service is created on another machine
id: 4a4b0d3e-6a1f-4c52-9a6c-3f6d53a4a9b1
logsource: {product: rpcscope, service: call}
detection:
  creation: {interface: svcctl, opnum: [RCreateServiceW, RCreateServiceA]}
  condition: creation
level: high
tags: [attack.lateral-movement, attack.t1569.002]
rpcscope: {sid: 4200001}
---
title: Any call of the service control manager
name: any_svcctl
logsource: {product: rpcscope, service: call}
detection:
  manager: {interface: svcctl}
  condition: manager
level: informational
---
title: Many calls of the service control manager
correlation:
  type: event_count
  rules: [any_svcctl]
  group-by: [client_ip, server_ip]
  timespan: 1m
  condition: {gte: 3}
level: low
";

/// A folder with a capture and rules.
fn folder(rules: &str) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, bytes: &[u8]| std::fs::write(folder.path().join(name), bytes).expect("a file");
    write("services.pcap", &own_capture("win-services-create.pcap"));
    write("rules.yml", rules.as_bytes());
    folder
}

fn replay(rules: &str, arguments: &[&str]) -> String {
    let all = [&["replay", "-r", "rules.yml", "services.pcap"], arguments].concat();
    let page = run(folder(rules).path(), &all).page();
    let timeless = page.lines().map(|line| match line.split_once(" in ") {
        Some((read, _)) if read.starts_with("Read ") => format!("{read} in [time]"),
        _ => line.to_owned(),
    });
    timeless.collect::<Vec<_>>().join("\n")
}

#[test]
fn alerts_stand_among_the_calls_of_a_table_and_in_its_summary() {
    insta::assert_snapshot!(replay(RULES, &["-f", "table"]));
}

#[test]
fn alerts_only_as_json_lines() {
    insta::assert_snapshot!(replay(RULES, &["-f", "eve", "--alerts"]));
}

#[test]
fn a_rule_with_an_error_is_told_and_the_others_run() {
    let rules =
        format!("{RULES}---\n{}", RULES.replace("interface", "interfaec").replace("4200001", "4200002"));
    insta::assert_snapshot!(replay(&rules, &["-f", "eve", "--alerts"]));
}

#[test]
fn alerts_decide_the_exit_status_when_asked() {
    let status = |rules: &str, arguments: &[&str]| {
        let folder = folder(rules);
        let all = [&["replay", "-r", "rules.yml", "services.pcap"], arguments].concat();
        run(folder.path(), &all).status
    };
    let silent = RULES.replace("svcctl", "winreg").replace("[RCreateServiceW, RCreateServiceA]", "[6]");
    assert_eq!(status(RULES, &[]), 0);
    assert_eq!(status(RULES, &["--fail-on-alert"]), 1);
    assert_eq!(status(&silent, &["--fail-on-alert"]), 0);
    let broken = RULES.replace("opnum:", "opcode:");
    assert_eq!(status(&broken, &[]), 0);
    assert_eq!(status(&broken, &["--strict"]), 2);
}

#[test]
fn rules_that_are_not_there_are_told() {
    let folder = folder(RULES);
    insta::assert_snapshot!(run(folder.path(), &["replay", "-r", "nowhere", "services.pcap"]).page());
}
