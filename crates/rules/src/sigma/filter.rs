//! Filters: an allow-list that is applied to many rules (Sigma filters).

use super::condition::{self, Condition};
use super::detection::{Selection, selection};
use super::lower::{check_names, matching};
use crate::finding::{Findings, Place};
use crate::yaml::Expect;
use rpcscope_text::{Node, Value};

/// A filter as it was written.
#[derive(Debug)]
pub(crate) struct Filter {
    pub(crate) rules: Targets,
    pub(crate) selections: Vec<Selection>,
    pub(crate) conditions: Vec<Condition>,
    pub(crate) effect: Effect,
}

/// The rules that a filter is for.
#[derive(Debug)]
pub(crate) enum Targets {
    /// All of its log source.
    Any,
    /// Those with these ids or names.
    Named(Vec<(Place, String)>),
}

/// What the condition of a filter says.
///
/// The specification's example names what is to be left out (`condition: selection`); pySigma joins the condition to
/// that of the rule with `and`, so that filters written for it name what is to be kept (`condition: not selection`).
/// The two are told apart by what they say of an event that none of the selections describes: a filter is there to
/// suppress what it describes, and never suppresses such an event.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Effect {
    /// Events for which it holds are suppressed.
    Suppress,
    /// Events for which it does not hold are suppressed.
    Keep,
}

impl Filter {
    pub(super) fn parse(node: &Node, findings: &mut Findings) -> Option<Self> {
        let before = findings.errors();
        let entries = node.map("`filter`", findings)?;
        let mut rules = None;
        let mut selections = Vec::new();
        let mut written = Vec::new();
        let mut conditions = Vec::new();
        for (key, value) in entries {
            match key.name.as_str() {
                "rules" => rules = Some(targets(value, findings)),
                "condition" => {
                    let Some((read, counted)) = condition::parse(value, findings) else { continue };
                    if let Some(counted) = counted {
                        findings.error(counted.place, "a filter cannot count");
                    }
                    conditions.push(read);
                }
                name => {
                    written.push((key.place, name));
                    selections.extend(selection(name, value, findings));
                }
            }
        }
        if rules.is_none() {
            findings.error(node.place, "the filter has no `rules`").hint("ids or names of rules, or `any`");
        }
        if conditions.is_empty() && findings.errors() == before {
            findings.error(node.place, "the filter has no `condition`").nearest_key(entries, &["condition"]);
        }
        check_names(&written, &conditions, findings);
        if findings.errors() != before {
            return None;
        }
        let names: Vec<&str> = selections.iter().map(|selection| selection.name.as_str()).collect();
        let keeps = conditions.iter().any(|condition| holds_of_nothing(condition, &names));
        let effect = if keeps { Effect::Keep } else { Effect::Suppress };
        Some(Self { rules: rules?, selections, conditions, effect })
    }
}

fn targets(node: &Node, findings: &mut Findings) -> Targets {
    match &node.value {
        Value::Text(text) if text.eq_ignore_ascii_case("any") => Targets::Any,
        _ => Targets::Named(node.texts("`rules`", findings)),
    }
}

/// Whether a condition holds when no selection does.
fn holds_of_nothing(condition: &Condition, names: &[&str]) -> bool {
    match condition {
        Condition::And(parts) => parts.iter().all(|part| holds_of_nothing(part, names)),
        Condition::Or(parts) => parts.iter().any(|part| holds_of_nothing(part, names)),
        Condition::Not(part) => !holds_of_nothing(part, names),
        Condition::Selection(..) => false,
        Condition::Of { all, pattern, .. } => {
            *all && matching(pattern.as_deref(), names.iter().copied()).is_empty()
        }
    }
}
