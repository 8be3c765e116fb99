//! Files of tests, `*.test.yml`. Their keys follow the regression data of the Sigma repository.

use super::Expectation;
use crate::finding::{Finding, Findings, Place};
use crate::yaml::{Expect, documents};
use rpcscope_text::{Node, Value};
use std::sync::Arc;

/// The tests of some rules.
#[derive(Clone, Debug)]
pub struct TestFile {
    /// The file, as it was named.
    pub file: Arc<str>,
    /// Files of the rules under test, relative to this one. Empty: the one of the same name.
    pub rules: Vec<(Place, String)>,
    /// The tests.
    pub samples: Vec<Sample>,
}

/// A capture with what rules are to say of it.
#[derive(Clone, Debug)]
pub struct Sample {
    /// Where it stands.
    pub place: Place,
    /// What it shows.
    pub name: String,
    /// The capture.
    pub source: SampleSource,
    /// How many alerts the rules under test are to give in all, and where that stands; `None`: at least one, or those of
    /// `expected`.
    pub match_count: Option<(Place, u64)>,
    /// Alerts that are to be among them.
    pub expected: Vec<Expectation>,
    /// Where a number of alerts can be added that is not told yet: below this line, with this many blanks before it.
    pub insertion: Place,
}

/// Where the frames of a test come from.
#[derive(Clone, Debug)]
pub enum SampleSource {
    /// A file, relative to that of the test.
    Capture(Place, String),
    /// A scenario that the testkit makes a capture of.
    Scenario(Node),
}

impl TestFile {
    /// Reads the text of a file; `name` is what findings call it. Tests with an error are left out.
    pub fn parse(name: &str, text: &str) -> (Self, Vec<Finding>) {
        let mut findings = Findings::new(name.into());
        let mut tests = Self { file: name.into(), rules: Vec::new(), samples: Vec::new() };
        let nodes = documents(text, &mut findings).unwrap_or_default();
        for node in nodes.iter().filter(|node| node.value != Value::Null) {
            tests.read(node, &mut findings);
        }
        if tests.samples.is_empty() && findings.errors() == 0 {
            findings.error(Place::START, "no tests").hint("list them below `tests:`");
        }
        let mut list = findings.into_list();
        list.sort_by_key(|finding| finding.place);
        (tests, list)
    }

    fn read(&mut self, node: &Node, findings: &mut Findings) {
        for (key, value) in node.map("a file of tests", findings).unwrap_or(&[]) {
            match key.name.as_str() {
                "rule" | "rules" => self.rules.extend(value.texts("`rule`", findings)),
                "tests" | "regression_tests_info" => match &value.value {
                    Value::List(items) => {
                        self.samples.extend(items.iter().filter_map(|item| sample(item, findings)));
                    }
                    _ => {
                        findings
                            .error(value.place, format!("`{}` is {}, not a list", key.name, value.kind()));
                    }
                },
                // Of the Sigma repository, for readers.
                "id" | "description" | "date" | "modified" | "author" | "rule_metadata" => {}
                name => {
                    findings.error(key.place, format!("unknown key `{name}`")).nearest(name, KEYS);
                }
            }
        }
    }
}

fn sample(node: &Node, findings: &mut Findings) -> Option<Sample> {
    let before = findings.errors();
    let entries = node.map("a test", findings)?;
    let (mut name, mut kind, mut path, mut scenario) = (None, None, None, None);
    let (mut match_count, mut silent, mut expected) = (None, None, Vec::new());
    for (key, value) in entries {
        match key.name.as_str() {
            "name" => name = value.text("`name`", findings),
            "type" => kind = value.text("`type`", findings).map(|kind| (value.place, kind)),
            "path" => path = value.text("`path`", findings).map(|path| (value.place, path.to_owned())),
            "forge" => scenario = Some(value.clone()),
            "match_count" => {
                match_count = number(value, "`match_count`", findings).map(|count| (value.place, count))
            }
            "silent" => silent = flag(value, findings).map(|silent| (value.place, silent)),
            "expect" => expected = expectations(value, findings),
            "provider" | "description" => {}
            name => {
                findings
                    .error(key.place, format!("unknown key `{name}` of a test"))
                    .nearest(name, SAMPLE_KEYS);
            }
        }
    }
    let source = match (path, scenario) {
        (Some((place, path)), None) => Some(SampleSource::Capture(place, path)),
        (None, Some(scenario)) => Some(SampleSource::Scenario(scenario)),
        (Some((place, _)), Some(_)) => {
            findings.error(place, "a `path` beside a scenario: a test has one capture");
            None
        }
        (None, None) => {
            findings
                .error(node.place, "the test has no capture")
                .hint("name one with `path:`, or write a scenario below `forge:`");
            None
        }
    };
    check_kind(kind, source.as_ref(), findings);
    match (silent, match_count) {
        (Some((place, true)), None) => match_count = Some((place, 0)),
        (Some((place, true)), Some((_, 1..))) => {
            findings.error(place, "silent, and with alerts: `match_count` is not 0");
        }
        (Some((place, false)), Some((_, 0))) => {
            findings.error(place, "not silent, and without alerts: `match_count` is 0");
        }
        _ => {}
    }
    if let Some((place, 0)) = match_count
        && expected.iter().any(|expected: &Expectation| expected.count != Some(0))
    {
        findings.error(place, "no alerts, and some that are expected");
    }
    let last = entries.iter().find(|(key, _)| key.name == "path" || key.name == "type" || key.name == "name");
    let insertion = last.map_or(node.place, |(key, _)| key.place);
    (findings.errors() == before).then_some(())?;
    let name = name.map_or_else(|| unnamed(source.as_ref()), str::to_owned);
    Some(Sample { place: node.place, name, source: source?, match_count, expected, insertion })
}

fn unnamed(source: Option<&SampleSource>) -> String {
    match source {
        Some(SampleSource::Capture(_, path)) => path.clone(),
        _ => "a scenario".to_owned(),
    }
}

/// The type must be one of ours, and suit what is given.
fn check_kind(kind: Option<(Place, &str)>, source: Option<&SampleSource>, findings: &mut Findings) {
    let Some((place, kind)) = kind else { return };
    match (kind, source) {
        ("pcap", Some(SampleSource::Scenario(_))) => {
            findings.error(place, "type `pcap` with a scenario").hint("the type of scenarios is `forge`");
        }
        ("forge", Some(SampleSource::Capture(..))) => {
            findings.error(place, "type `forge` with a path").hint("the type of captures is `pcap`");
        }
        ("pcap" | "forge", _) => {}
        _ => {
            findings.error(place, format!("unknown type `{kind}`")).nearest(kind, ["pcap", "forge"]);
        }
    }
}

fn expectations(node: &Node, findings: &mut Findings) -> Vec<Expectation> {
    let items = match &node.value {
        Value::List(items) => items.as_slice(),
        _ => std::slice::from_ref(node),
    };
    items.iter().filter_map(|item| expectation(item, findings)).collect()
}

fn expectation(node: &Node, findings: &mut Findings) -> Option<Expectation> {
    let mut expected = Expectation { place: node.place, ..Expectation::default() };
    for (key, value) in node.map("what is expected", findings)? {
        let name = format!("`{}`", key.name);
        match key.name.as_str() {
            "rule" => expected.rule = value.text(&name, findings).map(str::to_owned),
            "count" => {
                expected.count = number(value, &name, findings);
                expected.count_place = Some(value.place);
            }
            "client" => expected.client = value.text(&name, findings).map(str::to_owned),
            "server" => expected.server = value.text(&name, findings).map(str::to_owned),
            "frame" => expected.frame = number(value, &name, findings),
            "fields" => {
                for (field, value) in value.map(&name, findings).unwrap_or(&[]) {
                    let wanted = value.text(&format!("`{}`", field.name), findings);
                    expected
                        .fields
                        .extend(wanted.map(|wanted| (field.place, field.name.clone(), wanted.to_owned())));
                }
            }
            other => {
                findings
                    .error(key.place, format!("unknown key `{other}` of what is expected"))
                    .nearest(other, EXPECTATION_KEYS);
            }
        }
    }
    Some(expected)
}

fn number(node: &Node, what: &str, findings: &mut Findings) -> Option<u64> {
    let number = node.scalar().and_then(|number| number.parse().ok());
    if number.is_none() {
        findings.error(node.place, format!("{what} is no number of 0 or more"));
    }
    number
}

fn flag(node: &Node, findings: &mut Findings) -> Option<bool> {
    match node.value {
        Value::Flag(flag) => Some(flag),
        _ => {
            findings.error(node.place, "`silent` is true or false");
            None
        }
    }
}

const KEYS: [&str; 3] = ["rule", "rules", "tests"];
const SAMPLE_KEYS: [&str; 7] = ["name", "type", "path", "forge", "match_count", "silent", "expect"];
const EXPECTATION_KEYS: [&str; 6] = ["rule", "count", "client", "server", "frame", "fields"];

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(text: &str) -> Vec<String> {
        TestFile::parse("a.test.yml", text).1.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn captures_and_scenarios_are_samples() {
        let text = "
rule: a.yml
tests:
  - name: fires
    type: pcap
    path: ../a.pcap
    match_count: 2
    expect: {rule: 4200001, count: 1, client: 10.0.0.5, frame: 24, fields: {user: alice}}
  - forge: [{bind: {interface: svcctl}}]
    silent: true
  - path: ../b.pcap
";
        let (tests, found) = TestFile::parse("a.test.yml", text);
        assert_eq!(found, []);
        let [fires, silent, some] = tests.samples.as_slice() else { panic!("{tests:?}") };
        assert_eq!(fires.match_count.map(|(_, count)| count), Some(2));
        assert_eq!((fires.expected[0].count, fires.expected[0].frame), (Some(1), Some(24)));
        assert!(matches!(silent.source, SampleSource::Scenario(_)));
        assert_eq!(silent.match_count.map(|(_, count)| count), Some(0));
        assert_eq!((some.match_count, some.name.as_str()), (None, "../b.pcap"));
    }

    #[test]
    fn what_cannot_be_meant_is_told() {
        assert_eq!(findings("tests: []"), ["a.test.yml:1:1: no tests\n  hint: list them below `tests:`"]);
        assert_eq!(
            findings("tests: [{name: a}]"),
            [
                "a.test.yml:1:9: the test has no capture\n  hint: name one with `path:`, or write a scenario below `forge:`"
            ]
        );
        assert_eq!(
            findings("tests: [{path: a.pcap, silent: true, match_count: 2}]"),
            ["a.test.yml:1:32: silent, and with alerts: `match_count` is not 0"]
        );
        assert_eq!(
            findings("tests: [{path: a.pcap, type: pcpa}]"),
            ["a.test.yml:1:30: unknown type `pcpa`\n  hint: did you mean `pcap`?"]
        );
        assert_eq!(
            findings("tests: [{path: a.pcap, matchcount: 1}]"),
            ["a.test.yml:1:24: unknown key `matchcount` of a test\n  hint: did you mean `match_count`?"]
        );
    }
}
