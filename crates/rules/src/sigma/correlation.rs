//! Correlation rules: what several events say together (Sigma correlation rules).

use super::document::words;
use super::document::{Meta, word};
use crate::correlate::MOST_EVENTS;
use crate::field::Field;
use crate::finding::{Findings, Place};
use crate::matcher::{Comparison, Number};
use crate::yaml::Expect;
use rpcscope_model::Signature;
use rpcscope_text::{Key, Node, Value};
use std::cmp::Ordering;
use std::sync::Arc;

words! {
    /// What a correlation looks at.
    CorrelationKind {
        EventCount "event_count" "How many events there are.";
        ValueCount "value_count" "How many different values a field has.";
        Temporal "temporal" "Whether all rules fire.";
        TemporalOrdered "temporal_ordered" "Whether all rules fire in their order.";
        ValueSum "value_sum" "The sum of a field.";
        ValueAverage "value_avg" "The average of a field.";
        ValuePercentile "value_percentile" "How rare the values of a field are.";
    }
}

/// A correlation, with its rules and fields found.
#[derive(Clone, Debug)]
pub struct Correlation {
    /// What describes it.
    pub meta: Meta,
    /// The file that has it.
    pub file: Arc<str>,
    /// What it looks at.
    pub kind: CorrelationKind,
    /// The rules and correlations that it is about, in the order of the rule: their positions in the rule set.
    pub members: Vec<usize>,
    /// What must be the same in all events.
    pub group_by: Vec<Alias>,
    /// In which time, in nanoseconds.
    pub timespan_ns: u64,
    /// All of these must hold of the count or value. Empty: all members must fire.
    pub criteria: Vec<Criterion>,
    /// The field whose values count; several are taken together.
    pub field: Vec<Alias>,
    /// Whether the members alert on their own, too.
    pub generate: bool,
    /// What its alerts say of it.
    pub signature: Arc<Signature>,
}

/// A value that is taken from events of several rules.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Alias {
    /// The name of a field, or of an alias.
    pub name: String,
    /// The field in the events of each rule, by the rule's position in the rule set.
    pub fields: Vec<(usize, Field)>,
}

/// A bound on what is counted.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Criterion {
    /// How the count stands to the number.
    pub comparison: Comparison,
    /// The number.
    pub number: Number,
}

/// A correlation as it was written.
#[derive(Debug)]
pub(crate) struct CorrelationText {
    pub(crate) kind: CorrelationKind,
    pub(crate) rules: Vec<(Place, String)>,
    pub(crate) group_by: Vec<(Place, String)>,
    pub(crate) timespan_ns: u64,
    pub(crate) criteria: Vec<Criterion>,
    pub(crate) field: Vec<(Place, String)>,
    pub(crate) aliases: Vec<AliasText>,
    pub(crate) generate: bool,
}

/// An alias as it was written: a field for each of some rules.
#[derive(Debug)]
pub(crate) struct AliasText {
    pub(crate) place: Place,
    pub(crate) name: String,
    pub(crate) fields: Vec<(Place, String, String)>,
}

/// Reads the `correlation` part; `generate` may also stand beside it.
pub(super) fn parse(node: &Node, beside: &[(Key, Node)], findings: &mut Findings) -> Option<CorrelationText> {
    let before = findings.errors();
    let entries = node.map("`correlation`", findings)?;
    let mut kind = None;
    let mut timespan_ns = None;
    let mut text = CorrelationText {
        kind: CorrelationKind::EventCount,
        rules: Vec::new(),
        group_by: Vec::new(),
        timespan_ns: 0,
        criteria: Vec::new(),
        field: Vec::new(),
        aliases: Vec::new(),
        generate: false,
    };
    let generate_beside = beside.iter().filter(|(key, _)| key.name == "generate");
    for (key, value) in entries.iter().chain(generate_beside) {
        match key.name.as_str() {
            "type" => {
                kind =
                    word(value, "type of correlation", CorrelationKind::ALL, CorrelationKind::name, findings)
            }
            "rules" => text.rules = value.texts("`rules`", findings),
            "group-by" => text.group_by = value.texts("`group-by`", findings),
            "timespan" => timespan_ns = timespan(value, findings),
            "condition" => condition(value, &mut text, findings),
            "aliases" => text.aliases = aliases(value, findings),
            "generate" => match value.value {
                Value::Flag(flag) => text.generate = flag,
                _ => {
                    findings.error(value.place, "`generate` is true or false");
                }
            },
            name => {
                findings
                    .error(key.place, format!("unknown key `{name}` of a correlation"))
                    .nearest(name, KEYS);
            }
        }
    }
    let missing = |name: &str| entries.iter().all(|(key, _)| key.name != name);
    for name in ["type", "rules", "timespan"].into_iter().filter(|name| missing(name)) {
        findings.error(node.place, format!("the correlation has no `{name}`"));
    }
    if text.rules.is_empty() && !missing("rules") {
        findings.error(node.place, "`rules` is empty");
    }
    text.kind = kind.unwrap_or(text.kind);
    text.timespan_ns = timespan_ns.unwrap_or(0);
    if findings.errors() == before {
        check(node, &text, findings);
    }
    (findings.errors() == before).then_some(text)
}

/// What a type requires.
fn check(node: &Node, text: &CorrelationText, findings: &mut Findings) {
    use CorrelationKind::{EventCount, Temporal, TemporalOrdered};
    let temporal = matches!(text.kind, Temporal | TemporalOrdered);
    let kind = text.kind.name();
    if !temporal && text.criteria.is_empty() {
        findings.error(node.place, format!("{kind} without a bound")).hint("such as `condition: {gte: 10}`");
    }
    let most = Number::Whole(MOST_EVENTS as i128);
    let is_out_of_reach = |bound: &Criterion| bound.number.compare(most).is_some_and(Ordering::is_ge);
    if matches!(text.kind, EventCount | CorrelationKind::ValueCount)
        && text.criteria.iter().any(is_out_of_reach)
    {
        findings.error(node.place, format!("a group counts no more than {MOST_EVENTS} events"));
    }
    let counts_values = !temporal && text.kind != EventCount;
    if counts_values && text.field.is_empty() {
        findings
            .error(node.place, format!("{kind} without a field"))
            .hint("`field:` in the condition names it");
    }
    if let Some((place, _)) = text.field.first().filter(|_| !counts_values) {
        findings.error(*place, format!("{kind} looks at no field"));
    }
    if temporal && text.rules.len() < 2 {
        findings.warning(node.place, format!("{kind} of a single rule"));
    }
}

fn condition(node: &Node, text: &mut CorrelationText, findings: &mut Findings) {
    for (key, value) in node.map("`condition`", findings).unwrap_or(&[]) {
        if key.name == "field" {
            text.field = value.texts("`field`", findings);
            continue;
        }
        let Some((_, comparison)) = Comparison::NAMED.iter().find(|(name, _)| *name == key.name) else {
            let known = Comparison::NAMED.iter().map(|(name, _)| *name).chain(["field"]);
            findings.error(key.place, format!("unknown bound `{}`", key.name)).nearest(&key.name, known);
            continue;
        };
        match value.scalar().and_then(Number::parse) {
            Some(number) => text.criteria.push(Criterion { comparison: *comparison, number }),
            None => {
                findings.error(value.place, format!("`{}` is {}, not a number", key.name, value.kind()));
            }
        }
    }
}

fn aliases(node: &Node, findings: &mut Findings) -> Vec<AliasText> {
    let mut aliases = Vec::new();
    for (key, value) in node.map("`aliases`", findings).unwrap_or(&[]) {
        let mut fields = Vec::new();
        for (rule, field) in value.map(&format!("alias `{}`", key.name), findings).unwrap_or(&[]) {
            if let Some(field) = field.text("the field of an alias", findings) {
                fields.push((rule.place, rule.name.clone(), field.to_owned()));
            }
        }
        aliases.push(AliasText { place: key.place, name: key.name.clone(), fields });
    }
    aliases
}

fn timespan(node: &Node, findings: &mut Findings) -> Option<u64> {
    timespan_ns(node, "`timespan`", findings)
}

/// A span of time: a number and one of s, m, h and d.
pub(super) fn timespan_ns(node: &Node, what: &str, findings: &mut Findings) -> Option<u64> {
    let text = node.text(what, findings)?;
    let read = || {
        let unit = text.chars().next_back()?;
        let number: u64 = text.strip_suffix(unit)?.parse().ok()?;
        let seconds: u64 = match unit {
            's' => 1,
            'm' => 60,
            'h' => 3_600,
            'd' => 86_400,
            _ => return None,
        };
        number.checked_mul(seconds)?.checked_mul(1_000_000_000).filter(|span| *span > 0)
    };
    let span = read();
    if span.is_none() {
        findings
            .error(node.place, format!("{what} `{text}` is no span of time"))
            .hint("a number and a lower-case letter: seconds `s`, minutes `m`, hours `h`, days `d`");
    }
    span
}

const KEYS: [&str; 7] = ["type", "rules", "group-by", "timespan", "condition", "aliases", "generate"];
