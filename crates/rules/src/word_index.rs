//! Which rules an event that is no call may meet, by a field of few values: the class of an activation, the name of a pipe.

use crate::demand::Candidates;
use crate::expression::{Expression, Quantifier, Test};
use crate::field::{EventType, Field, FieldId};
use crate::glob::fold;
use crate::matcher::Matcher;
use crate::value::{FieldValue, Fields};
use hashbrown::HashMap;
use rpcscope_model::{Event, HashState};
use uuid::Uuid;

/// A value that an event must have.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
enum Word {
    Uuid(Uuid),
    /// Case does not count.
    Text(String),
}

impl Word {
    fn text(text: &str) -> Self {
        Self::Text(text.chars().map(fold).collect())
    }
}

/// Rules about events of one kind.
#[derive(Debug)]
pub(crate) struct WordIndex {
    field: Option<FieldId>,
    keyed: HashMap<Word, Vec<usize>, HashState>,
    /// Rules that any event may match.
    rest: Vec<usize>,
}

impl WordIndex {
    pub(crate) fn new<'a>(kind: EventType, rules: impl Iterator<Item = (usize, &'a Expression)>) -> Self {
        let field = match kind {
            EventType::Activation => Some(FieldId::Clsid),
            EventType::Wmi => Some(FieldId::WmiClass),
            EventType::Pipe => Some(FieldId::Pipe),
            _ => None,
        };
        let keyed = HashMap::with_hasher(HashState::default());
        let mut index = Self { field, keyed, rest: Vec::new() };
        for (at, expression) in rules {
            match field.and_then(|field| words(expression, field)) {
                Some(words) => words.into_iter().for_each(|word| {
                    let rules = index.keyed.entry(word).or_default();
                    if rules.last() != Some(&at) {
                        rules.push(at);
                    }
                }),
                None => index.rest.push(at),
            }
        }
        index
    }

    /// Rules that may match, in ascending order.
    pub(crate) fn candidates(&self, event: &Event) -> Candidates {
        let mut candidates = Candidates::from_slice(&self.rest);
        if let Some(field) = self.field.filter(|_| !self.keyed.is_empty()) {
            for value in event.values(&Field::Known(field)) {
                let word = match value {
                    FieldValue::Uuid(uuid) => Word::Uuid(uuid),
                    other => match other.as_text() {
                        Some(text) => Word::text(&text),
                        None => continue,
                    },
                };
                candidates.extend_from_slice(self.keyed.get(&word).map_or(&[][..], Vec::as_slice));
            }
            candidates.sort_unstable();
            candidates.dedup();
        }
        candidates
    }
}

/// An event must have one of these values in a field, or the expression does not hold for it. `None` when any event may do.
fn words(expression: &Expression, field: FieldId) -> Option<Vec<Word>> {
    match expression {
        Expression::All(parts) => parts.iter().filter_map(|part| words(part, field)).min_by_key(Vec::len),
        Expression::Any(parts) => {
            let mut all = Vec::new();
            for part in parts {
                all.extend(words(part, field)?);
                if all.len() > MAX_WORDS {
                    return None;
                }
            }
            Some(all)
        }
        Expression::Not(_) => None,
        Expression::Named(_, part) => words(part, field),
        Expression::Test(test) => words_of_test(test, field),
    }
}

fn words_of_test(test: &Test, field: FieldId) -> Option<Vec<Word>> {
    let is_any = test.quantifier == Quantifier::Any || test.wanted.len() == 1;
    if test.negated || !is_any || test.field != Some(Field::Known(field)) {
        return None;
    }
    let word = |matcher: &Matcher| match matcher {
        Matcher::Uuid(uuid) => Some(Word::Uuid(*uuid)),
        Matcher::Glob(glob) => {
            // What is folded twice is the same, and what is not folded is found by its folded text all the same.
            let literal = std::str::from_utf8(glob.literal()?).ok()?;
            Some(Word::text(literal))
        }
        _ => None,
    };
    test.wanted
        .iter()
        .map(|(_, matcher)| word(matcher))
        .collect::<Option<Vec<_>>>()
        .filter(|words| words.len() <= MAX_WORDS)
}

/// Values of one rule. A rule that wants more is looked at for every event.
const MAX_WORDS: usize = 4096;
