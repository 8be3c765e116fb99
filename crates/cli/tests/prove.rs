//! The whole output of `rpcscope test` and `rpcscope explain`.

mod support;

use std::path::Path;
use support::{own_capture, run};
use tempfile::TempDir;

const RULE: &str = r"title: A service is created on another machine
logsource: {product: rpcscope, service: call}
detection:
  creation:
    interface: svcctl
    opnum: [RCreateServiceW, RCreateServiceA]
  shell:
    args.binary_path|contains: ['cmd', '%COMSPEC%']
  condition: creation and shell
level: high
";

const TESTS: &str = r"tests:
  - name: smbexec
    type: pcap
    path: smbexec.pcap
    match_count: 2
    expect:
      - {count: 1, client: 10.99.1.2, frame: 24, fields: {user: administrator, procedure: RCreateServiceW}}
  - name: an ordinary service
    type: pcap
    path: services.pcap
    silent: true
  - name: made for the purpose
    type: forge
    forge:
      - bind: {transport: ncacn_np, interface: svcctl}
      - call: {op: RCreateServiceW, args: {name: a, binary_path: 'cmd /c calc'}}
      - reply: {}
";

fn folder(rule: &str, tests: &str) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, bytes: &[u8]| std::fs::write(folder.path().join(name), bytes).expect("a file");
    write("smbexec.pcap", &own_capture("win-smbexec.pcap"));
    write("services.pcap", &own_capture("win-services-create.pcap"));
    write("service.yml", rule.as_bytes());
    write("service.test.yml", tests.as_bytes());
    folder
}

fn read(folder: &Path, name: &str) -> String {
    std::fs::read_to_string(folder.join(name)).expect("a file")
}

#[test]
fn tests_that_hold_are_counted_and_named_when_asked() {
    let folder = folder(RULE, TESTS);
    insta::assert_snapshot!(run(folder.path(), &["test", ".", "--verbose"]).page());
    assert_eq!(run(folder.path(), &["test", "service.yml"]).text(), "1 rule, 3 tests: 3 hold, 0 do not\n");
    assert_eq!(
        run(folder.path(), &["test", "service.test.yml"]).text(),
        "1 rule, 3 tests: 3 hold, 0 do not\n"
    );
}

#[test]
fn a_test_that_does_not_hold_shows_what_came_nearest() {
    let rule = RULE.replace("'cmd', '%COMSPEC%'", "powershell");
    let page = run(folder(&rule, TESTS).path(), &["test", "."]).page();
    insta::assert_snapshot!(page);
}

#[test]
fn alerts_that_should_not_be_are_listed() {
    let rule = RULE.replace("creation and shell", "creation");
    insta::assert_snapshot!(run(folder(&rule, TESTS).path(), &["test", "."]).page());
}

#[test]
fn what_no_test_proves_is_told() {
    let tests = TESTS.split("  - name: an ordinary").next().expect("a part");
    insta::assert_snapshot!(run(folder(RULE, tests).path(), &["test", ".", "--coverage"]).page());
}

#[test]
fn results_are_written_for_build_servers() {
    let rule = RULE.replace("'%COMSPEC%'", "'none<&>'");
    let folder = folder(&rule, TESTS);
    assert_eq!(run(folder.path(), &["test", ".", "--junit", "results.xml"]).status, 1);
    insta::assert_snapshot!(read(folder.path(), "results.xml"));
}

#[test]
fn numbers_of_alerts_are_recorded_and_nothing_else_is_changed() {
    let tests = TESTS.replace("match_count: 2", "match_count: 7 # of two").replace("count: 1,", "count: 5,");
    let folder = folder(RULE, &tests);
    assert_eq!(run(folder.path(), &["test", "."]).status, 1);
    assert_eq!(run(folder.path(), &["test", ".", "--update"]).status, 0);
    let recorded = read(folder.path(), "service.test.yml");
    let expected = tests
        .replace("match_count: 7", "match_count: 2")
        .replace("count: 5,", "count: 1,")
        .replace("    type: forge\n", "    type: forge\n    match_count: 1\n");
    assert_eq!(recorded.lines().count(), expected.lines().count(), "{recorded}");
    assert!(
        recorded.contains("match_count: 2 # of two") && recorded.contains("{count: 1, client"),
        "{recorded}"
    );
    assert_eq!(run(folder.path(), &["test", "."]).status, 0);
}

#[test]
fn what_cannot_be_recorded_is_still_told() {
    let rule = RULE.replace("creation and shell", "creation");
    let silent = run(folder(&rule, TESTS).path(), &["test", ".", "--update"]);
    assert_eq!(silent.status, 1, "an author who wants silence is not overruled: {}", silent.text());
    let gone = TESTS.replace("path: smbexec.pcap", "path: gone.pcap");
    let gone = run(folder(RULE, &gone).path(), &["test", ".", "--update"]);
    assert_eq!(gone.status, 1, "a capture that is not there: {}", gone.text());
}

#[test]
fn mistakes_in_files_of_tests_are_told() {
    let tests = TESTS.replace("match_count: 2", "matches: 2").replace("smbexec.pcap", "gone.pcap");
    let page = run(folder(RULE, &tests).path(), &["test", "."]).page();
    insta::assert_snapshot!(page.replace(&format!("(os error {})", 2), "(os error)"));
    let mistake = TESTS.replace("interface: svcctl}", "interface: svctl}");
    insta::assert_snapshot!(run(folder(RULE, &mistake).path(), &["test", "."]).page());
}

#[test]
fn a_folder_without_tests_is_told() {
    let folder = folder(RULE, TESTS);
    std::fs::remove_file(folder.path().join("service.test.yml")).expect("it is there");
    let page = run(folder.path(), &["test", "."]);
    assert_eq!(page.status, 2);
    assert!(page.stderr.contains("there are no tests"), "{}", page.stderr);
}

#[test]
fn an_explanation_shows_each_condition() {
    let folder = folder(RULE, TESTS);
    insta::assert_snapshot!(
        run(folder.path(), &["explain", "service.yml", "services.pcap", "--events", "2"]).page()
    );
}

#[test]
fn rules_are_explained_by_their_title() {
    let folder = folder(RULE, TESTS);
    let by = |name: &str| run(folder.path(), &["explain", name, "smbexec.pcap", "-r", "service.yml"]);
    assert_eq!(by("A service is created on another machine").status, 0);
    let none = by("no such");
    assert_eq!((none.status, none.text().as_str()), (2, ""));
}
