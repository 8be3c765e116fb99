//! From what a rule says to the expression that is evaluated.

use super::condition::Condition;
use super::detection::{Item, Scalar, Selection, Wanted};
use super::modifier::Form;
use super::operation_names::OperationNames;
use super::placeholders::Placeholders;
use crate::expression::{Expression, Quantifier, Test};
use crate::field::{Field, FieldId, LogSource, Naming};
use crate::finding::{Finding, Findings, Place};
use crate::glob::{Case, Glob, Subject};
use crate::matcher::{Anchor, Matcher};
use crate::pattern::Pattern;
use rpcscope_catalog::interfaces_named;
use std::sync::Arc;
use uuid::Uuid;

/// What lowering needs to know.
pub(crate) struct Lowering<'a> {
    pub(crate) source: &'a LogSource,
    pub(crate) placeholders: &'a Placeholders,
    pub(crate) names: &'a OperationNames,
    pub(crate) findings: &'a mut Findings,
}

impl Lowering<'_> {
    /// Lowers a detection; `None`, with findings, when something in it makes no sense.
    pub(crate) fn detection(
        &mut self,
        selections: &[Selection],
        conditions: &[Condition],
    ) -> Option<Expression> {
        let before = self.findings.errors();
        let mut lowered: Vec<(&str, Expression)> = Vec::new();
        for selection in selections {
            if let Some(expression) = self.wanted(&selection.body, &[]) {
                let name: Arc<str> = selection.name.as_str().into();
                lowered.push((&selection.name, Expression::Named(name, Arc::new(expression))));
            }
        }
        if self.findings.errors() != before {
            return None;
        }
        let mut parts: Vec<Expression> =
            conditions.iter().map(|condition| join(condition, &lowered)).collect();
        Some(if parts.len() == 1 { parts.remove(0) } else { Expression::Any(parts) })
    }

    /// `interfaces` are those that the map around it names.
    fn wanted(&mut self, wanted: &Wanted, interfaces: &[Uuid]) -> Option<Expression> {
        match wanted {
            Wanted::All(parts) => {
                let named: Vec<Uuid> = parts.iter().flat_map(|part| self.interfaces(part)).collect();
                self.list(parts, &named).map(Expression::All)
            }
            Wanted::Any(parts) => self.list(parts, interfaces).map(Expression::Any),
            Wanted::Item(item) => self.item(item, interfaces),
        }
    }

    fn list(&mut self, parts: &[Wanted], interfaces: &[Uuid]) -> Option<Vec<Expression>> {
        // All of them, so that all findings are told.
        let lowered: Vec<_> = parts.iter().map(|part| self.wanted(part, interfaces)).collect();
        lowered.into_iter().collect()
    }

    /// The interfaces that a part names in full.
    fn interfaces(&self, part: &Wanted) -> Vec<Uuid> {
        match part {
            Wanted::Item(item) => self.interfaces_of(item),
            _ => Vec::new(),
        }
    }

    /// The interfaces that an item names in full.
    pub(crate) fn interfaces_of(&self, item: &Item) -> Vec<Uuid> {
        let field = item.field.as_deref().and_then(|name| Field::named(name, self.source));
        let plain =
            item.chain.form == Form::Plain && item.chain.anchor == Anchor::Whole && !item.chain.negated;
        if !plain || field != Some(Field::Known(FieldId::Interface)) {
            return Vec::new();
        }
        let named = item.values.iter().flat_map(|(_, value)| named_interfaces(value.text()));
        named.collect()
    }

    /// Lowers a field with its values.
    pub(crate) fn item(&mut self, item: &Item, interfaces: &[Uuid]) -> Option<Expression> {
        let before = self.findings.errors();
        let field = match &item.field {
            Some(name) => Some(self.field(name, item.place)?),
            None => None,
        };
        if field.is_none() && !matches!(item.chain.form, Form::Plain | Form::Regex { .. }) {
            self.findings.error(item.place, format!("`{}` needs a field", item.label));
            return None;
        }
        if item.chain.form == Form::Exists && item.values.len() > 1 {
            self.findings.error(item.place, format!("`{}` takes one truth value", item.label));
        }
        let mut groups: Vec<Vec<(Box<str>, Matcher)>> = Vec::new();
        for (place, value) in &item.values {
            groups.push(self.matchers(item, field.as_ref(), *place, value, interfaces));
        }
        if self.findings.errors() != before {
            return None;
        }
        let test = |quantifier, wanted| {
            let test = Test {
                place: item.place,
                label: item.label.as_str().into(),
                field: field.clone(),
                quantifier,
                negated: item.chain.negated,
                wanted,
            };
            Expression::Test(Arc::new(test))
        };
        // A value that stands for several is met by one of them, also where all values are wanted.
        if item.chain.all && groups.iter().any(|group| group.len() != 1) {
            return Some(Expression::All(
                groups.into_iter().map(|group| test(Quantifier::Any, group)).collect(),
            ));
        }
        let quantifier = if item.chain.all { Quantifier::All } else { Quantifier::Any };
        Some(test(quantifier, groups.concat()))
    }

    /// Finds a field by its name.
    pub(super) fn field(&mut self, name: &str, place: Place) -> Option<Field> {
        let field = find_field(name, self.source, place, self.findings);
        if field == Some(Field::Known(FieldId::Unseen)) {
            self.findings
                .warning(place, format!("`{name}` cannot be seen on the network"))
                .hint("it is taken as absent from every event");
        }
        field
    }
}

/// Finds a field by its name, or says that there is none.
pub(crate) fn find_field(
    name: &str,
    source: &LogSource,
    place: Place,
    findings: &mut Findings,
) -> Option<Field> {
    if source.naming == Naming::Open {
        return Some(Field::Other(name.into()));
    }
    let field = Field::named(name, source);
    if field.is_none() {
        let of_source = FieldId::ALL.iter().filter(|id| id.is_of(source));
        let known: Vec<&str> = of_source.flat_map(|id| id.names(source.naming)).copied().collect();
        let elsewhere = FieldId::ALL.iter().find(|id| id.names(source.naming).contains(&name));
        match elsewhere {
            Some(id) => {
                let events: Vec<&str> = id.events().iter().map(|event| event.name()).collect();
                findings
                    .error(place, format!("events of {source} have no field `{name}`"))
                    .hint(format!("these events have it: {}", events.join(", ")))
            }
            None => findings.error(place, format!("unknown field `{name}`")).nearest(name, known),
        };
    }
    field
}

/// The interfaces that a text names: by UUID or by name.
pub(super) fn named_interfaces(text: &str) -> Vec<Uuid> {
    match Uuid::try_parse(text) {
        Ok(uuid) => vec![uuid],
        Err(_) => interfaces_named(text).map(|interface| interface.uuid).collect(),
    }
}

/// Joins selections as a condition says. Names were checked before.
fn join(condition: &Condition, lowered: &[(&str, Expression)]) -> Expression {
    match condition {
        Condition::And(parts) => Expression::All(parts.iter().map(|part| join(part, lowered)).collect()),
        Condition::Or(parts) => Expression::Any(parts.iter().map(|part| join(part, lowered)).collect()),
        Condition::Not(part) => Expression::Not(Box::new(join(part, lowered))),
        Condition::Selection(_, name) => {
            let found = lowered.iter().find(|(known, _)| known == name);
            found.map_or(Expression::Any(Vec::new()), |(_, expression)| expression.clone())
        }
        Condition::Of { all, pattern, .. } => {
            let names = matching(pattern.as_deref(), lowered.iter().map(|(name, _)| *name));
            let parts = lowered
                .iter()
                .filter(|(name, _)| names.contains(name))
                .map(|(_, part)| part.clone())
                .collect();
            if *all { Expression::All(parts) } else { Expression::Any(parts) }
        }
    }
}

/// The selections that a pattern means; `them` leaves out those that begin with an underscore.
pub(super) fn matching<'a>(pattern: Option<&str>, names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    match pattern {
        None => names.filter(|name| !name.starts_with('_')).collect(),
        Some(pattern) => {
            let glob = Glob::new(&Pattern::parse(pattern, false), Case::Counts);
            names.filter(|name| glob.matches(Subject::Text(name))).collect()
        }
    }
}

/// Checks that a condition names what there is, and that what there is has a use.
///
/// `selections` are all that were written, also those that could not be read.
pub(super) fn check_names(selections: &[(Place, &str)], conditions: &[Condition], findings: &mut Findings) {
    let names: Vec<&str> = selections.iter().map(|(_, name)| *name).collect();
    let mut used = Vec::new();
    let before = findings.errors();
    for condition in conditions {
        check_condition(condition, &names, &mut used, findings);
    }
    // A name that is wrong is why another one is not used.
    let right = findings.errors() == before && !conditions.is_empty();
    for (place, name) in selections.iter().filter(|_| right) {
        if !used.contains(name) {
            findings.warning(*place, format!("the condition does not use `{name}`"));
        }
    }
}

fn check_condition<'a>(
    condition: &Condition,
    names: &[&'a str],
    used: &mut Vec<&'a str>,
    findings: &mut Findings,
) {
    match condition {
        Condition::And(parts) | Condition::Or(parts) => {
            parts.iter().for_each(|part| check_condition(part, names, used, findings));
        }
        Condition::Not(part) => check_condition(part, names, used, findings),
        Condition::Selection(place, name) => match names.iter().find(|known| *known == name) {
            Some(known) => used.push(known),
            None => missing(findings.error(*place, format!("there is no selection `{name}`")), name, names),
        },
        Condition::Of { place, pattern, .. } => {
            let found = matching(pattern.as_deref(), names.iter().copied());
            if found.is_empty() {
                let pattern = pattern.as_deref().unwrap_or("them");
                let error = findings.error(*place, format!("no selection is meant by `{pattern}`"));
                missing(error, pattern.trim_end_matches('*'), names);
            }
            used.extend(found);
        }
    }
}

fn missing(finding: &mut Finding, name: &str, names: &[&str]) {
    finding.nearest(name, names.iter().copied());
}

impl Scalar {
    /// The number, as it was typed, of a number or of a text that is one.
    pub(super) fn number(&self) -> Option<crate::matcher::Number> {
        match self {
            Self::Number(text) | Self::Text(text) => crate::matcher::Number::parse(text),
            Self::Null | Self::Flag(_) => None,
        }
    }
}
