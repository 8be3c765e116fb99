//! What `rpcscope check` says.

mod support;

use std::fs;
use std::path::Path;
use support::{Run, run};

const GOOD: &str = "\
title: Service created
id: 6e3f4c3e-8f61-4d06-b3a8-2b6f0f6c5a10
logsource: {product: rpcscope, service: call}
detection:
    creation: {interface: svcctl, opnum: RCreateServiceW}
    expected: {client_ip|cidr|expand: '%admins%'}
    condition: creation and not expected
falsepositives: [software deployment]
level: medium
";

fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap_or(Path::new("."))).expect("a folder");
        fs::write(path, text).expect("a file");
    }
    folder
}

fn check(files: &[(&str, &str)], arguments: &[&str]) -> Run {
    let folder = folder(files);
    run(folder.path(), &[&["check"], arguments].concat())
}

#[test]
fn sound_rules_are_counted() {
    let run = check(
        &[
            ("rules/a.yml", GOOD),
            ("rules/a.test.yml", "tests: []\n"),
            ("rpcscope.yaml", "networks: {admins: [10.0.0.0/24]}\n"),
        ],
        &[],
    );
    assert_eq!(
        run.page(),
        "exit status 0\n--- standard output\n1 file, 1 rule, 0 errors, 0 warnings\n--- standard error\n"
    );
}

#[test]
fn findings_have_their_line_and_a_caret() {
    let wrong = "\
title: Wrong
logsource: {product: rpcscope, service: call}
detection:
    s:
        opcode: 12
        interface: [svcctl, svcctrl]
    unused: {user: a}
    condition: s
";
    let run = check(
        &[("rules/good.yml", GOOD), ("rules/sub/wrong.yml", wrong), ("rules/sub/yaml.yml", "title: [\n")],
        &[],
    );
    insta::assert_snapshot!(run.page());
}

#[test]
fn settings_and_paths_that_are_wrong_end_the_run() {
    let files = [("rules/a.yml", GOOD), ("wrong.yaml", "networks: {admins: [10.0.0.0/33]}\n")];
    let settings = check(&files, &["--settings", "wrong.yaml"]);
    let missing = check(&files, &["--settings", "none.yaml"]);
    let paths = check(&files, &["none", "wrong.yaml"]);
    insta::assert_snapshot!([settings.page(), missing.page(), paths.page()].join("\n"));
}

#[test]
fn settings_are_found_above_the_rules() {
    let folder = folder(&[
        ("project/rpcscope.yaml", "networks: {admins: [10.0.0.0/24]}\n"),
        ("project/rules/deep/a.yml", GOOD),
        ("elsewhere/x", ""),
    ]);
    let run = run(&folder.path().join("elsewhere"), &["check", "../project/rules/deep"]);
    assert_eq!((run.status, run.text()), (0, "1 file, 1 rule, 0 errors, 0 warnings\n".to_owned()));
}

const SUSPICIOUS: &str = "\
title: Suspicious
id: mine
logsource: {product: rpcscope, service: call}
tags: [attack.t1070.001, attack.lateral-movment]
detection:
    object: {interface: IRemUnknown2, server_port: 135}
    operation: {interface: svcctl, opnum: [12, 99, 12]}
    answer: {outcome: replied}
    no_answer: {outcome: unanswered}
    condition: object or operation or (answer and no_answer)
";

#[test]
fn what_is_suspicious_is_told_and_only_strictness_minds() {
    let files = [("rules/a.yml", SUSPICIOUS)];
    let lenient = check(&files, &[]);
    insta::assert_snapshot!(lenient.page());
    assert_eq!((lenient.status, check(&files, &["--strict"]).status), (0, 1));
}

#[test]
fn programs_get_findings_as_json_and_code_hosts_as_sarif() {
    let short = "title: T\nlogsource: {product: rpcscope, service: call}\ndetection: {s: {opcode: 1}, condition: s}\n";
    let files = [("rules/a b.yml", short)];
    let (json, sarif) = (check(&files, &["--format", "json"]), check(&files, &["--format", "sarif"]));
    let many = check(&[("a.yml", SUSPICIOUS)], &["--format", "sarif"]);
    let log: serde_json::Value = serde_json::from_str(&many.text()).expect("JSON");
    let run = &log["runs"][0];
    let rules = run["tool"]["driver"]["rules"].as_array().expect("rules");
    for result in run["results"].as_array().expect("results") {
        let at = usize::try_from(result["ruleIndex"].as_u64().expect("a number")).expect("small");
        assert_eq!(rules[at]["id"], result["ruleId"]);
    }
    let version = format!("\"version\": \"{}\"", env!("CARGO_PKG_VERSION"));
    let sarif = sarif.page().replace(&version, "\"version\": \"0.0.0\"");
    insta::assert_snapshot!(format!("{}\n{sarif}", json.page()));
}

#[test]
fn rules_that_no_test_is_about_are_told_when_asked() {
    let other = GOOD.replace("Service created", "Another").replace("6e3f4c3e", "7e3f4c3e");
    let third = GOOD.replace("Service created", "Third").replace("6e3f4c3e", "8e3f4c3e");
    let tests = "tests: [{type: pcap, path: a.pcap}]\n";
    let files = [
        ("rules/one.yml", GOOD),
        ("rules/one.test.yml", tests),
        ("rules/other.yml", &other),
        ("rules/tests/more.test.yml", &format!("rule: ../other.yml\n{tests}")),
        ("rules/third.yml", &third),
        ("rpcscope.yaml", "networks: {admins: [10.0.0.0/24]}\n"),
    ];
    insta::assert_snapshot!(check(&files, &["--tests", "--strict"]).page());
}

#[test]
fn all_fields_are_listed_for_each_log_source() {
    let folder = folder(&[]);
    let text = run(folder.path(), &["check", "--fields"]);
    assert_eq!(text.status, 0);
    for part in [
        "product rpcscope, service call\n",
        "  client_ip, src_ip ",
        "one of replied, faulted",
        "product zeek, service dce_rpc\n",
    ] {
        assert!(text.text().contains(part), "{part}");
    }
    let json = run(folder.path(), &["check", "--fields", "--format", "json"]);
    let sources: serde_json::Value = serde_json::from_str(&json.text()).expect("JSON");
    let fields = sources[0]["fields"].as_array().expect("fields");
    assert!(fields.iter().any(|field| field["names"][0] == "outcome" && field["words"][0] == "replied"));
}

#[test]
fn rule_text_is_mended_where_it_is_certain_what_is_meant() {
    let rules = "\
# Kept as it is.
alert tcp $HOME any 135 -> !admins any  (msg:\"Activation”; flow:to_server; dce_iface:000001a0-0000-0000-c000-000000000046; sid:1;)
alert http any any -> any any (msg:\"No RPC\"; sid:2;)
";
    let settings = "networks: {HOME: 10.0.0.0/8, admins: 10.0.0.1}\n";
    let folder = folder(&[("a.rules", rules), ("good.yml", GOOD), ("rpcscope.yaml", settings)]);
    let before = run(folder.path(), &["check"]);
    let fixed = run(folder.path(), &["check", "--fix"]);
    let text = fs::read_to_string(folder.path().join("a.rules")).expect("the file");
    let left: Vec<_> = fs::read_dir(folder.path()).expect("a folder").collect();
    assert_eq!(left.len(), 3, "nothing is left over: {left:?}");
    insta::assert_snapshot!([before.page(), fixed.page(), text].join("\n"));
}
