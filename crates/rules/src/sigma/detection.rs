//! The `detection` part of a rule: selections, each with the fields and values that it wants, and the condition.

use super::condition::{self, Condition};
use super::correlation::timespan_ns;
use super::lower::check_names;
use super::modifier::{Chain, Form};
use crate::finding::{Findings, Place};
use crate::matcher::{Anchor, Comparison};
use crate::yaml::Expect;
use rpcscope_text::{Key, Node, Value};

/// The detection of one rule.
#[derive(Debug)]
pub(crate) struct Detections {
    pub(crate) selections: Vec<Selection>,
    /// One must hold.
    pub(crate) conditions: Vec<Condition>,
    /// What the obsolete form counts, with the time in which it counts.
    pub(crate) aggregation: Option<(Aggregation, u64)>,
}

/// What a condition has after `|` in the obsolete form.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Aggregation {
    pub(crate) place: Place,
    pub(crate) field: Option<String>,
    pub(crate) group_by: Option<String>,
    pub(crate) comparison: Comparison,
    pub(crate) number: u64,
}

/// A search identifier with what it stands for.
#[derive(Debug)]
pub(crate) struct Selection {
    pub(crate) name: String,
    pub(crate) body: Wanted,
}

/// What is wanted of an event.
#[derive(Debug)]
pub(crate) enum Wanted {
    /// All of these: a map.
    All(Vec<Self>),
    /// One of these: a list.
    Any(Vec<Self>),
    /// Values of a field, or keywords.
    Item(Item),
}

/// A field with its modifiers and the values that are wanted.
#[derive(Debug)]
pub(crate) struct Item {
    pub(crate) place: Place,
    /// As it was written, with modifiers.
    pub(crate) label: String,
    /// `None` for keywords.
    pub(crate) field: Option<String>,
    pub(crate) chain: Chain,
    pub(crate) values: Vec<(Place, Scalar)>,
}

/// A value as it was written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Scalar {
    Null,
    Text(String),
    Number(String),
    Flag(bool),
}

impl Detections {
    pub(super) fn parse(node: &Node, findings: &mut Findings) -> Option<Self> {
        let before = findings.errors();
        let mut conditions = Vec::new();
        let mut aggregation = None;
        let mut timeframe = None;
        let mut selections = Vec::new();
        let mut names = Vec::new();
        let entries = node.map("`detection`", findings)?;
        for (key, value) in entries {
            match key.name.as_str() {
                "condition" => {
                    let list = match &value.value {
                        Value::List(list) => list.as_slice(),
                        _ => std::slice::from_ref(value),
                    };
                    for (read, counted) in list.iter().filter_map(|node| condition::parse(node, findings)) {
                        conditions.push(read);
                        aggregation = counted.or(aggregation);
                    }
                }
                "timeframe" => timeframe = timespan_ns(value, "`timeframe`", findings),
                name => {
                    names.push((key.place, name));
                    selections.extend(selection(name, value, findings));
                }
            }
        }
        if conditions.is_empty() && findings.errors() == before {
            findings.error(node.place, "`detection` has no `condition`").nearest_key(entries, &["condition"]);
        }
        if let Some(counted) = aggregation.as_ref().filter(|_| conditions.len() > 1) {
            findings.error(counted.place, "counting in a list of conditions");
        }
        let aggregation = match (aggregation, timeframe) {
            (Some(counted), Some(span)) => Some((counted, span)),
            (Some(counted), None) => {
                if findings.errors() == before {
                    findings
                        .error(counted.place, "counting without a `timeframe`")
                        .hint("write a correlation rule with a `timespan`");
                }
                None
            }
            (None, _) => None,
        };
        let detections = Self { selections, conditions, aggregation };
        check_names(&names, &detections.conditions, findings);
        (findings.errors() == before).then_some(detections)
    }
}

/// Reads a selection.
pub(super) fn selection(name: &str, node: &Node, findings: &mut Findings) -> Option<Selection> {
    Some(Selection { name: name.to_owned(), body: wanted(name, node, findings)? })
}

fn wanted(name: &str, node: &Node, findings: &mut Findings) -> Option<Wanted> {
    match &node.value {
        Value::Null => {
            findings.error(node.place, format!("`{name}` is empty"));
            None
        }
        Value::Map(entries) if entries.is_empty() => {
            findings.error(node.place, format!("`{name}` is empty"));
            None
        }
        Value::List(items) if items.is_empty() => {
            findings.error(node.place, format!("`{name}` is empty"));
            None
        }
        Value::Map(entries) => {
            let items = entries.iter().map(|(key, value)| item(key, value, findings).map(Wanted::Item));
            items.collect::<Vec<_>>().into_iter().collect::<Option<Vec<_>>>().map(Wanted::All)
        }
        Value::List(nodes) => {
            let keywords: Vec<_> =
                nodes.iter().filter_map(|node| Some((node.place, scalar(node)?))).collect();
            let mut parts = Vec::new();
            if !keywords.is_empty() {
                parts.push(Wanted::Item(keyword_item(node.place, keywords)));
            }
            for node in nodes.iter().filter(|node| scalar(node).is_none()) {
                parts.push(wanted(name, node, findings)?);
            }
            Some(Wanted::Any(parts))
        }
        _ => scalar(node).map(|value| Wanted::Item(keyword_item(node.place, vec![(node.place, value)]))),
    }
}

fn keyword_item(place: Place, values: Vec<(Place, Scalar)>) -> Item {
    let chain = Chain { anchor: Anchor::Anywhere, ..Chain::default() };
    Item { place, label: "keywords".into(), field: None, chain, values }
}

fn item(key: &Key, node: &Node, findings: &mut Findings) -> Option<Item> {
    let (field, modifiers) = match key.name.split_once('|') {
        Some((field, _)) => (field, key.name.get(field.len() + 1..)),
        None => (key.name.as_str(), None),
    };
    let start = key.inner.right(field.chars().count() + 1);
    let chain = Chain::parse(modifiers, start, findings);
    let nodes = match &node.value {
        Value::List(nodes) => nodes.as_slice(),
        _ => std::slice::from_ref(node),
    };
    let mut values = Vec::with_capacity(nodes.len());
    for node in nodes {
        match scalar(node) {
            Some(value) => values.push((node.place, value)),
            None => {
                findings.error(node.place, format!("a value of `{}` is {}", key.name, node.kind())).hint(
                    "a value is a text, a number, a truth value or null; maps stand in lists of their own",
                );
                return None;
            }
        }
    }
    if values.is_empty() {
        findings.error(node.place, format!("`{}` has no value", key.name));
        return None;
    }
    if values.len() > 1 && values.iter().any(|(_, value)| *value == Scalar::Null) {
        findings
            .warning(node.place, "null in a list of values")
            .hint("the specification wants a selection of its own for it; it is taken as one more value");
    }
    let mut chain = chain?;
    // Keywords are looked for in the whole event: anywhere in a value.
    if field.is_empty() && chain.form == Form::Plain && chain.anchor == Anchor::Whole {
        chain.anchor = Anchor::Anywhere;
    }
    if chain.all && values.len() == 1 {
        findings.warning(key.place, "`all` with a single value").hint("it changes nothing");
    }
    let field = (!field.is_empty()).then(|| field.to_owned());
    Some(Item { place: key.place, label: key.name.clone(), field, chain, values })
}

fn scalar(node: &Node) -> Option<Scalar> {
    Some(match &node.value {
        Value::Null => Scalar::Null,
        Value::Text(text) => Scalar::Text(text.clone()),
        Value::Number(number) => Scalar::Number(number.clone()),
        Value::Flag(flag) => Scalar::Flag(*flag),
        Value::List(_) | Value::Map(_) => return None,
    })
}

impl Scalar {
    /// As it was written, without quotes.
    pub(crate) fn text(&self) -> &str {
        match self {
            Self::Null => "null",
            Self::Text(text) | Self::Number(text) => text,
            Self::Flag(true) => "true",
            Self::Flag(false) => "false",
        }
    }
}
