//! Which tests an event has to meet all at once.

use crate::expression::{Expression, Test};
use std::sync::Arc;

/// A test that must hold, or must not.
#[derive(Clone, Copy, Debug)]
pub(super) struct Literal<'a> {
    pub(super) test: &'a Arc<Test>,
    pub(super) wanted: Wanted,
}

/// What is wanted of a test.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Wanted {
    Met,
    NotMet,
}

/// How much of a rule depends on some tests.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Scope {
    /// All of it.
    Rule,
    /// A part, beside which others may hold.
    Branch,
}

impl Wanted {
    const fn turned(self) -> Self {
        match self {
            Self::Met => Self::NotMet,
            Self::NotMet => Self::Met,
        }
    }
}

/// Calls `visit` with the tests that the rule demands of every event, and then with those of each branch; those of a branch
/// come after those around it, from the position given. A rule that demands very much is looked at in part.
pub(super) fn each_conjunction<'a>(
    expression: &'a Expression,
    visit: &mut dyn FnMut(&[Literal<'a>], usize, Scope),
) {
    Walk { context: Vec::new(), visit }.part(expression, Scope::Rule);
}

struct Walk<'a, 'v> {
    context: Vec<Literal<'a>>,
    visit: &'v mut dyn FnMut(&[Literal<'a>], usize, Scope),
}

impl<'a> Walk<'a, '_> {
    fn part(&mut self, part: &'a Expression, scope: Scope) {
        let around = self.context.len();
        let mut choices = Vec::new();
        self.demanded(part, Wanted::Met, &mut choices);
        if self.context.len() > around {
            (self.visit)(&self.context, around, scope);
        }
        for choice in choices {
            choice.iter().for_each(|branch| self.part(branch, Scope::Branch));
        }
        self.context.truncate(around);
    }

    /// Adds the tests that a part demands, and notes the parts of which one is enough.
    fn demanded(&mut self, part: &'a Expression, wanted: Wanted, choices: &mut Vec<&'a [Expression]>) {
        match (part, wanted) {
            (Expression::Test(test), _) => {
                // A test that is turned round says the opposite of its values.
                let wanted = if test.negated { wanted.turned() } else { wanted };
                if self.context.len() < MAX_LITERALS {
                    self.context.push(Literal { test, wanted });
                }
            }
            (Expression::Named(_, part), _) => self.demanded(part, wanted, choices),
            (Expression::Not(part), _) => self.demanded(part, wanted.turned(), choices),
            (Expression::All(parts), Wanted::Met) | (Expression::Any(parts), Wanted::NotMet) => {
                parts.iter().for_each(|part| self.demanded(part, wanted, choices));
            }
            (Expression::All(parts) | Expression::Any(parts), _) => match parts.as_slice() {
                [only] => self.demanded(only, wanted, choices),
                // What is excluded often repeats what is demanded, which is no mistake.
                _ if wanted == Wanted::NotMet => {}
                parts => choices.push(parts),
            },
        }
    }
}

/// Tests that are held against each other: each against each.
const MAX_LITERALS: usize = 64;
