//! Tests of Suricata's own suite: the rules of each on its capture, and how many alerts each rule raises.

use rpcscope_capture::{Batch, Input, Reader};
use rpcscope_engine::{Checksums, Engine};
use rpcscope_rules::{Loader, Placeholders, RuleSet, Severity};
use rpcscope_suite::corpus::corpus;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

/// One test of Suricata's suite.
#[derive(Deserialize)]
struct Case {
    test: String,
    kind: String,
    pcap: Vec<String>,
    rules: String,
    sids: Vec<String>,
    checks: Vec<Check>,
}

/// How often something is logged.
#[derive(Deserialize)]
struct Check {
    count: Option<u64>,
    #[serde(default, rename = "match")]
    wanted: BTreeMap<String, serde_json::Value>,
}

/// Rules that are not run, with a part of what is said of each. docs/rules/suricata.md has the same list.
const REJECTED: &[(&str, &str, &str)] = &[
    ("dropped-flow-applayer-event-logged-dcerpc", "1", "the sensor only listens"),
    ("dropped-flow-applayer-event-logged-smb", "2", "the sensor only listens"),
    ("smb-eicar-file-nbss-more-ffsmb", "1", "what files hold is not kept"),
    ("smb-eicar-file-segmentation-random", "1", "what files hold is not kept"),
    ("smb-eicar-overlap", "1", "what files hold is not kept"),
    ("smb-eicar-overlap", "2225006", "events of Suricata's parsers"),
    ("smb-filename", "1", "nothing to do with RPC or SMB"),
    ("smb1-03-midstream", "1", "not single packets"),
    ("smb2-frames-gap-payload-logging", "1", "frame `smb2.data` is not supported"),
];

/// Rules that raise another number of alerts, with that number and the reason.
const DIFFERENT: &[(&str, &str, u64, &str)] = &[
    (
        "dcerpc/dcerpc-bind-no-frag-flag",
        "2",
        2,
        "the server accepts a bind without the flag of a first fragment, and runs the call",
    ),
    ("smb-filename", "2", 2, "IPC$ is the share of pipes, also when the server answers late"),
];

#[test]
fn rules_of_suricata_s_own_tests_raise_as_many_alerts() {
    let Some(folder) = corpus("rules_of_suricata_s_own_tests_raise_as_many_alerts") else { return };
    let text = std::fs::read_to_string(folder.join("suricata-tests.json")).expect("the list of tests");
    let cases: Vec<Case> = serde_json::from_str(&text).expect("a list of tests");
    let mut wrong = Vec::new();
    let mut compared = 0;
    for case in cases.iter().filter(|case| case.kind == "rule") {
        let (rules, said) = load(&case.rules);
        let told = alerts(&rules, &folder.join("captures").join(&case.pcap[0]));
        for sid in &case.sids {
            let known = rules.rules().iter().any(|rule| rule.signature.sid.to_string() == *sid);
            let rejected = REJECTED.iter().find(|(test, of, _)| *test == case.test && of == sid);
            match rejected {
                Some((.., reason)) if known || !said.contains(reason) => {
                    wrong.push(format!("{} sid {sid}: expected `{reason}`, got {said}", case.test));
                }
                None if !known => wrong.push(format!("{} sid {sid}: {said}", case.test)),
                _ => {}
            }
            if rejected.is_some() {
                continue;
            }
            let Some(expected) = expected(case, sid) else { continue };
            let different = DIFFERENT.iter().find(|(test, of, ..)| *test == case.test && of == sid);
            let expected = different.map_or(expected, |(_, _, count, _)| *count);
            let seen = told.get(sid.as_str()).copied().unwrap_or(0);
            compared += 1;
            if seen != expected {
                wrong.push(format!("{} sid {sid}: {seen} alerts, expected {expected}", case.test));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    println!("{compared} rules compared");
}

/// How many alerts of a rule the test expects; checks of one alert's other fields are about the same alerts.
fn expected(case: &Case, sid: &str) -> Option<u64> {
    let of_rule = |check: &&Check| {
        let of = check.wanted.get("alert.signature_id").map(ToString::to_string);
        check.wanted.get("event_type").is_some_and(|kind| kind == "alert")
            && (of.as_deref() == Some(sid) || of.is_none() && case.sids.len() == 1)
    };
    case.checks.iter().filter(of_rule).filter_map(|check| check.count).max()
}

fn load(text: &str) -> (Arc<RuleSet>, String) {
    let mut loader = Loader::new(Placeholders::new());
    loader.add("test.rules", text);
    let (rules, findings) = loader.finish();
    let errors = findings.iter().filter(|finding| finding.severity == Severity::Error);
    (Arc::new(rules), errors.map(|finding| format!("{finding}\n")).collect())
}

/// How many alerts each rule raises on a capture, by sid.
fn alerts(rules: &Arc<RuleSet>, capture: &Path) -> BTreeMap<String, u64> {
    let mut engine = Engine::new(Checksums::Accepted).with_rules(rules);
    let mut reader = Reader::open(&Input::File(capture.to_owned())).expect("a capture");
    let mut batch = Batch::new(1024);
    let mut told = BTreeMap::new();
    let mut count = |hits: &[usize]| {
        for rule in hits.iter().filter_map(|at| rules.rules().get(*at)) {
            *told.entry(rule.signature.sid.to_string()).or_default() += 1;
        }
    };
    while reader.next_batch(&mut batch).expect("readable frames") {
        for frame in batch.frames() {
            engine.push_judged(&frame, &mut |_, hits| count(hits));
        }
    }
    engine.finish_judged(&mut |_, hits| count(hits));
    told
}
