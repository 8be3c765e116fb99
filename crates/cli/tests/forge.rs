//! `rpcscope forge`: from a scenario to a capture that `replay` reads.

mod support;

use support::{Run, run, run_with_input};

const SCENARIO: &str = r"# A service is created from afar, and refused.
- host: {client: 10.0.0.5, server: 10.0.0.9}
- bind: {transport: ncacn_np, pipe: svcctl, interface: svcctl, auth: {ntlm: {user: CORP\alice}, level: pkt_privacy}}
- call: {op: RCreateServiceW, args: {name: evil, binary_path: 'cmd /c …'}}
- reply: {fault: access_denied}
";

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("service.yml"), SCENARIO).expect("a file");
    folder
}

fn page(arguments: &[&str], run: &Run) -> String {
    format!("$ rpcscope {}\n{}", arguments.join(" "), run.page())
}

#[test]
fn a_forged_capture_replays_as_its_scenario_says() {
    let folder = folder();
    let forged = run(folder.path(), &["forge", "service.yml"]);
    assert_eq!((forged.status, forged.text().as_str(), forged.stderr.as_str()), (0, "", ""));
    let arguments = ["replay", "-f", "table", "--no-summary", "-v", "service.pcap"];
    insta::assert_snapshot!(page(&arguments, &run(folder.path(), &arguments)));
}

#[test]
fn the_extension_chooses_the_format_and_dashes_are_standard_streams() {
    let folder = folder();
    assert_eq!(run(folder.path(), &["forge", "service.yml", "-o", "a.pcapng"]).status, 0);
    assert_eq!(run(folder.path(), &["forge", "service.yml", "-o", "a.cap"]).status, 0);
    let written = |name: &str| std::fs::read(folder.path().join(name)).expect("a capture");
    assert_eq!(written("a.pcapng")[..4], [0x0a, 0x0d, 0x0d, 0x0a]);
    assert_eq!(written("a.cap")[..4], [0x4d, 0x3c, 0xb2, 0xa1]);
    let piped = run_with_input(folder.path(), &["forge", "-"], SCENARIO.as_bytes());
    assert_eq!((piped.status, piped.stdout), (0, written("a.cap")));
    assert_eq!(run(folder.path(), &["forge", "service.yml", "--output", "-"]).stdout, written("a.cap"));
}

#[test]
fn wrong_scenarios_and_files_are_explained() {
    let folder = folder();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("a file");
    write("wrong.yml", &SCENARIO.replace("RCreateServiceW", "RCreateServicW").replace("host:", "hots:"));
    write("broken.yml", &SCENARIO.replace("level: pkt_privacy}}", "level: pkt_privacy}"));
    write("layers.yml", "- bind: {interface: svcctl}\n- network: {link: raw}\n- bind: {interface: svcctl}\n");
    std::fs::write(folder.path().join("binary.yml"), [0xff, 0xfe, 0]).expect("a file");
    let cases: [&[&str]; 8] = [
        &["forge", "wrong.yml"],
        &["forge", "broken.yml"],
        &["forge", "layers.yml"],
        &["forge", "missing.yml"],
        &["forge", "binary.yml"],
        &["forge", "service.yml", "-o", "nowhere/a.pcap"],
        &["forge", "service.yml", "-o", "service.yml"],
        &["forge"],
    ];
    let pages = cases.map(|arguments| page(arguments, &run(folder.path(), arguments)));
    insta::assert_snapshot!(pages.join("\n"));
    assert!(!folder.path().join("wrong.pcap").exists(), "nothing is written of a scenario that is wrong");
    assert_eq!(std::fs::read_to_string(folder.path().join("service.yml")).ok().as_deref(), Some(SCENARIO));
}

#[test]
fn the_list_and_the_help_show_what_can_be_said() {
    let folder = folder();
    let pages = [&["forge", "--list"][..], &["forge", "--help"]].map(|arguments| {
        let run = run(folder.path(), arguments);
        assert_eq!((run.status, run.stderr.as_str()), (0, ""));
        page(arguments, &run)
    });
    insta::assert_snapshot!(pages.join("\n"));
}
