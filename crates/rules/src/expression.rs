//! Compiled conditions and their one evaluator.

use crate::field::Field;
use crate::finding::Place;
use crate::matcher::Matcher;
use crate::trace::{Recorder, Step, Trace};
use crate::value::Fields;
use std::sync::Arc;

/// What must hold of an event.
#[derive(Clone, Debug)]
pub enum Expression {
    /// All of these; with none, everything.
    All(Vec<Self>),
    /// One of these; with none, nothing.
    Any(Vec<Self>),
    /// Not this.
    Not(Box<Self>),
    /// What a rule gave a name to.
    Named(Arc<str>, Arc<Self>),
    /// A condition on a field.
    Test(Arc<Test>),
}

/// A condition on a field, or on all fields.
#[derive(Clone, Debug)]
pub struct Test {
    /// Where the rule has it.
    pub(crate) place: Place,
    /// The field with its modifiers, as the rule has it.
    pub(crate) label: Box<str>,
    /// The field; `None` looks for keywords in all of them.
    pub(crate) field: Option<Field>,
    /// How many of the values must be met.
    pub(crate) quantifier: Quantifier,
    /// Whether it is turned round (`neq`).
    pub(crate) negated: bool,
    /// What is wanted, each with the text that the rule has for it.
    pub(crate) wanted: Vec<(Box<str>, Matcher)>,
}

/// How many of a list.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Quantifier {
    Any,
    All,
}

/// What watches an evaluation.
trait Observer {
    /// Whether everything is evaluated, also what can no longer change the result.
    const THOROUGH: bool;
    fn enter(&mut self);
    fn leave(&mut self, step: impl FnOnce() -> Step, held: bool);
}

struct Nobody;

impl Observer for Nobody {
    const THOROUGH: bool = false;
    fn enter(&mut self) {}
    fn leave(&mut self, _: impl FnOnce() -> Step, _: bool) {}
}

impl Observer for Recorder {
    const THOROUGH: bool = true;

    fn enter(&mut self) {
        self.open();
    }

    fn leave(&mut self, step: impl FnOnce() -> Step, held: bool) {
        self.close(step(), held);
    }
}

impl Expression {
    /// Whether the event is as wanted.
    pub fn holds(&self, event: &dyn Fields) -> bool {
        self.evaluate(event, &mut Nobody)
    }

    /// The same, with everything that was looked at: what was wanted, seen, and whether it held.
    pub fn trace(&self, event: &dyn Fields) -> Trace {
        let mut recorder = Recorder::default();
        self.evaluate(event, &mut recorder);
        recorder.finish()
    }

    fn evaluate<O: Observer>(&self, event: &dyn Fields, observer: &mut O) -> bool {
        observer.enter();
        match self {
            Self::All(parts) => {
                let held = evaluate_list(parts, Quantifier::All, event, observer);
                observer.leave(|| Step::All, held);
                held
            }
            Self::Any(parts) => {
                let held = evaluate_list(parts, Quantifier::Any, event, observer);
                observer.leave(|| Step::Any, held);
                held
            }
            Self::Not(part) => {
                let held = !part.evaluate(event, observer);
                observer.leave(|| Step::Not, held);
                held
            }
            Self::Named(name, part) => {
                let held = part.evaluate(event, observer);
                observer.leave(|| Step::Named(name.clone()), held);
                held
            }
            Self::Test(test) => {
                let held = test.holds(event);
                observer.leave(|| test.step(event), held);
                held
            }
        }
    }

    /// Calls `visit` with every test.
    pub(crate) fn each_test(&self, visit: &mut dyn FnMut(&Test)) {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().for_each(|part| part.each_test(visit)),
            Self::Not(part) => part.each_test(visit),
            Self::Named(_, part) => part.each_test(visit),
            Self::Test(test) => visit(test),
        }
    }

    /// Whether it looks for keywords in all fields.
    pub(crate) fn looks_everywhere(&self) -> bool {
        let mut everywhere = false;
        self.each_test(&mut |test| everywhere |= test.field.is_none());
        everywhere
    }

    /// The fields that it reads, sorted, each once.
    pub fn fields(&self) -> Vec<Field> {
        let mut fields = Vec::new();
        self.each_test(&mut |test| {
            fields.extend(test.field.clone());
            fields.extend(test.wanted.iter().filter_map(|(_, matcher)| match matcher {
                Matcher::FieldRef(field, _) => Some(field.clone()),
                _ => None,
            }));
        });
        fields.sort();
        fields.dedup();
        fields
    }
}

fn evaluate_list<O: Observer>(
    parts: &[Expression],
    quantifier: Quantifier,
    event: &dyn Fields,
    observer: &mut O,
) -> bool {
    let decisive = quantifier == Quantifier::Any;
    let mut result = !decisive;
    for part in parts {
        if part.evaluate(event, observer) == decisive {
            result = decisive;
            if !O::THOROUGH {
                break;
            }
        }
    }
    result
}

impl Test {
    fn holds(&self, event: &dyn Fields) -> bool {
        if let Some(met) = self.meets_uuid(event) {
            return met != self.negated;
        }
        let values = self.field.as_ref().map(|field| event.values(field));
        let met = |(_, matcher): &(Box<str>, Matcher)| match &values {
            Some(values) => matcher.holds(values, event),
            None => event.any(&mut |value| matcher.holds_for(value)),
        };
        let held = match self.quantifier {
            Quantifier::Any => self.wanted.iter().any(met),
            Quantifier::All => self.wanted.iter().all(met),
        };
        held != self.negated
    }

    /// Whether a UUID is one of those wanted, when nothing else is wanted: most rules begin so, and the names of the UUID
    /// need not be found for it.
    fn meets_uuid(&self, event: &dyn Fields) -> Option<bool> {
        let is_uuid = |(_, matcher): &(Box<str>, Matcher)| matches!(matcher, Matcher::Uuid(_));
        if self.quantifier != Quantifier::Any || !self.wanted.iter().all(is_uuid) {
            return None;
        }
        let seen = event.uuid(self.field.as_ref()?)?;
        Some(self.wanted.iter().any(|(_, matcher)| matches!(matcher, Matcher::Uuid(uuid) if *uuid == seen)))
    }

    fn step(&self, event: &dyn Fields) -> Step {
        let seen = self.field.as_ref().map(|field| {
            event.values(field).iter().filter(|value| value.is_shown()).map(ToString::to_string).collect()
        });
        Step::Test {
            place: self.place,
            field: self.label.clone(),
            all: self.quantifier == Quantifier::All && self.wanted.len() > 1,
            wanted: self.wanted.iter().map(|(wanted, _)| wanted.clone()).collect(),
            seen,
        }
    }
}
