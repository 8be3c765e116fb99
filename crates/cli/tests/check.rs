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
