use super::super::read::parse;
use super::*;

/// The problems of an entry that is right but for the lines given, in the file of MS-SCMR.
fn problems_of(lines: &str) -> Vec<String> {
    problems_in("ms-scmr", "protocol: MS-SCMR\ntitle: Services", lines)
}

fn problems_in(stem: &str, head: &str, lines: &str) -> Vec<String> {
    let mut fields = BTreeMap::from([
        ("uuid", "367abb81-9844-35f1-ad32-98f038001003"),
        ("name", "svcctl"),
        ("kind", "rpc"),
        ("versions", "[\"2.0\"]"),
        ("sources", "[samba]"),
        ("opnums", "{0: RCloseServiceHandle}"),
    ]);
    for line in lines.lines() {
        let (field, value) = line.split_once(": ").expect("a field and its value");
        fields.insert(field, value);
    }
    let entry: Vec<String> = fields.iter().map(|(field, value)| format!("{field}: {value}")).collect();
    let file = format!("interfaces/{stem}.yaml");
    let text = format!("{head}\ninterfaces:\n- {}\n", entry.join("\n  "));
    let mut facts = facts();
    facts.interfaces.insert(file.clone(), parse(&file, &text).expect("well-formed"));
    texts(&facts)
}

fn facts() -> Facts {
    Facts { sources: BTreeMap::from([("samba".into(), "Samba".into())]), ..Facts::default() }
}

fn texts(facts: &Facts) -> Vec<String> {
    problems(facts).iter().map(ToString::to_string).collect()
}

#[track_caller]
fn only(problems: &[String], part: &str) {
    assert!(problems.len() == 1 && problems[0].contains(part), "{problems:?}");
}

#[test]
fn a_right_entry_is_accepted() {
    assert_eq!(problems_of(""), [""; 0]);
}

#[test]
fn a_problem_names_file_and_entry() {
    assert_eq!(
        problems_of("opnums: {0: 0Close}"),
        [
            "data/interfaces/ms-scmr.yaml: svcctl (367abb81-9844-35f1-ad32-98f038001003): opnums: 0: `0Close` is no \
          name of a procedure: letters, digits and `_`"
        ]
    );
}

#[test]
fn a_uuid_in_two_files_is_an_error_that_names_both() {
    let entry = "interfaces:\n- {uuid: 367abb81-9844-35f1-ad32-98f038001003, kind: rpc, versions: [\"1.0\"], \
                 sources: [samba]}";
    let mut facts = facts();
    for stem in ["a", "b"] {
        let file = format!("interfaces/{stem}.yaml");
        let content = parse(&file, &format!("title: t\n{entry}")).expect("well-formed");
        facts.interfaces.insert(file, content);
    }
    let texts = texts(&facts);
    only(&texts, "data/interfaces/b.yaml");
    only(&texts, "already at data/interfaces/a.yaml");
}

#[test]
fn a_protocol_in_the_file_of_another_is_unknown() {
    only(&problems_in("ms-scmr", "protocol: MS-SCRM\ntitle: Services", ""), "unknown protocol `MS-SCRM`");
    only(&problems_in("ms-scmr", "title: Services", ""), "no `protocol`");
    only(&problems_of("also: [LSAT]"), "unknown protocol `LSAT`");
}

#[test]
fn uuids_have_one_spelling() {
    only(&problems_of("uuid: 367ABB81-9844-35f1-ad32-98f038001003"), "write the UUID as `367abb81");
    only(&problems_of("uuid: svcctl"), "not a UUID");
}

#[test]
fn names_are_printable() {
    only(&problems_of("name: \"svcctl\\t\""), "name");
    only(&problems_of("aliases: [\"\"]"), "aliases");
    only(&problems_of("opnums: {0: Close Handle}"), "`Close Handle`");
}

#[test]
fn lists_have_no_repetition() {
    only(&problems_of("aliases: [a, a]"), "`a` occurs twice");
    only(&problems_of("aliases: [svcctl]"), "is the name");
    only(&problems_of("not_on_wire: [0, 0]"), "0 occurs twice");
}

#[test]
fn versions_are_two_numbers() {
    only(&problems_of("versions: [\"2\"]"), "`2` is not major.minor");
    only(&problems_of("versions: []"), "no versions");
}

#[test]
fn an_unknown_source_is_an_error() {
    only(&problems_of("sources: [sambaa]"), "unknown source `sambaa`");
    only(&problems_of("sources: []"), "no sources");
}

#[test]
fn pipes_are_bare_names_and_ports_are_not_zero() {
    only(&problems_of("pipes: [\\pipe\\svcctl]"), "without slashes");
    only(&problems_of("ports: [0]"), "0 is no port");
}

#[test]
fn marks_of_opnums_refer_to_named_ones() {
    only(&problems_of("not_on_wire: [1]"), "opnum 1 is not in opnums");
    only(&problems_of("disputed: {1: {samba: A}}"), "opnum 1 is not in opnums");
    only(&problems_of("disputed: {0: {samba: A}}"), "no source calls opnum 0 `RCloseServiceHandle`");
    only(&problems_of("observed_opnum_count: 1"), "not more than the 1");
}

#[test]
fn a_status_has_one_name() {
    let mut facts = facts();
    facts.status.win32.insert(5, "ERROR_ACCESS_DENIED".into());
    facts.status.nca.insert(5, "nca s".into());
    let texts = texts(&facts);
    assert_eq!(texts.len(), 2, "{texts:?}");
    assert!(texts[0].contains("nca 0x00000005: `nca s` is no name"), "{texts:?}");
    assert!(texts[1].contains("already named as nca"), "{texts:?}");
}
