//! Rules by the bytes that a message must have, so that each message is searched once for all of them.

use crate::demand::Candidates;
use crate::expression::{Expression, Quantifier};
use crate::field::{Field, FieldId, Kind};
use crate::matcher::Matcher;
use crate::value::{FieldValue, Fields};
use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};
use rpcscope_model::{Contents, Side};
use std::collections::BTreeMap;

/// Rules by the longest content that each wants, for those that no interface and no operation tells apart.
#[derive(Debug, Default)]
pub(crate) struct ContentIndex {
    searches: Vec<Search>,
    /// Positions of all its rules, in ascending order.
    rules: Vec<usize>,
}

/// All contents that are wanted of one field, which is bytes of a message.
#[derive(Debug)]
struct Search {
    field: FieldId,
    automaton: AhoCorasick,
    /// The rules of each content.
    rules: Vec<Vec<usize>>,
}

impl ContentIndex {
    /// Takes those of the expressions that have to be found by content; their positions are those in the list.
    pub(crate) fn new<'a>(expressions: impl Iterator<Item = &'a Expression>) -> Self {
        let mut wanted: BTreeMap<FieldId, BTreeMap<Vec<u8>, Vec<usize>>> = BTreeMap::new();
        for (at, expression) in expressions.enumerate() {
            if expression.demand().is_none()
                && let Some((field, content)) = expression.content()
            {
                // Whether case counts is for the rule to say.
                let of = wanted.entry(field).or_default().entry(content.to_ascii_lowercase());
                of.or_default().push(at);
            }
        }
        let mut contents = Self::default();
        for (field, wanted) in wanted {
            let bytes: usize = wanted.keys().map(Vec::len).sum();
            let kind =
                if bytes <= MAX_FAST_BYTES { AhoCorasickKind::DFA } else { AhoCorasickKind::ContiguousNFA };
            let automaton = AhoCorasick::builder()
                .match_kind(MatchKind::Standard)
                .kind(Some(kind))
                .ascii_case_insensitive(true)
                .build(wanted.keys());
            // Too many contents for one automaton: the rules are looked at for every message.
            let Ok(automaton) = automaton else { continue };
            let rules: Vec<Vec<usize>> = wanted.into_values().collect();
            contents.rules.extend(rules.iter().flatten());
            contents.searches.push(Search { field, automaton, rules });
        }
        contents.rules.sort_unstable();
        contents
    }

    /// Whether the rule at a position is found here.
    pub(crate) fn have(&self, position: usize) -> bool {
        self.rules.binary_search(&position).is_ok()
    }

    /// Adds the positions of the rules whose content an event has, and keeps the order ascending.
    pub(crate) fn add_candidates(&self, event: &dyn Fields, candidates: &mut Candidates) {
        let before = candidates.len();
        for search in &self.searches {
            // Most messages have none of the contents.
            let mut missing = Vec::new();
            for value in event.values(&Field::Known(search.field)) {
                let FieldValue::Bytes(bytes) = value else { continue };
                for found in search.automaton.find_overlapping_iter(&*bytes) {
                    let content = found.pattern().as_usize();
                    if missing.is_empty() {
                        missing = vec![true; search.rules.len()];
                    }
                    if let Some(missing) = missing.get_mut(content).filter(|missing| **missing) {
                        *missing = false;
                        candidates.extend(search.rules.get(content).into_iter().flatten().copied());
                    }
                }
            }
        }
        if candidates.len() > before {
            candidates.sort_unstable();
        }
    }
}

impl Contents for ContentIndex {
    fn may_be_in(&self, sender: Side, pdu: &[u8], stub: &[u8]) -> bool {
        self.searches.iter().any(|search| {
            let bytes = match (sender, search.field) {
                (Side::Client, FieldId::RequestPdu) | (Side::Server, FieldId::ReplyPdu) => pdu,
                (Side::Client, FieldId::RequestStub) | (Side::Server, FieldId::ReplyStub) => stub,
                _ => return false,
            };
            search.automaton.is_match(bytes)
        })
    }
}

impl Expression {
    /// The longest content that must be in the bytes of a field, in some case, or the expression does not hold.
    fn content(&self) -> Option<(FieldId, &[u8])> {
        match self {
            Self::All(parts) => parts.iter().filter_map(Self::content).max_by_key(|(_, bytes)| bytes.len()),
            Self::Any(_) | Self::Not(_) => None,
            Self::Named(_, part) => part.content(),
            Self::Test(test) => {
                let Some(Field::Known(field)) = test.field else { return None };
                let [(_, Matcher::Payload(program))] = test.wanted.as_slice() else { return None };
                let is_plain = !test.negated && test.quantifier == Quantifier::Any;
                let content = program.literal().filter(|_| is_plain && field.kind() == Kind::Bytes)?;
                Some((field, content))
            }
        }
    }
}

/// Bytes of contents up to which the automaton is the faster one, which takes some hundred bytes of memory for each.
const MAX_FAST_BYTES: usize = 128 << 10;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::FieldValues;
    use crate::{Loader, Placeholders, RuleSet};

    /// A message of a client.
    struct Request(&'static [u8]);

    impl Fields for Request {
        fn values(&self, field: &Field) -> FieldValues<'_> {
            let is_pdu = *field == Field::Known(FieldId::RequestPdu);
            is_pdu.then_some(FieldValue::bytes(self.0)).into_iter().collect()
        }

        fn any(&self, _: &mut dyn FnMut(&FieldValue<'_>) -> bool) -> bool {
            false
        }
    }

    fn rules(options: &[&str]) -> RuleSet {
        let text: String = options
            .iter()
            .zip(1..)
            .map(|(options, sid)| {
                format!("alert tcp any any -> any any (flow:to_server; {options} sid:{sid};)\n")
            })
            .collect();
        let mut loader = Loader::new(Placeholders::new());
        loader.add("a.rules", &text);
        let (rules, findings) = loader.finish();
        assert!(findings.is_empty(), "{findings:?}");
        rules
    }

    fn candidates(rules: &RuleSet, message: &'static [u8]) -> Vec<usize> {
        let contents = ContentIndex::new(rules.rules().iter().map(|rule| &rule.expression));
        let mut candidates = Candidates::new();
        contents.add_candidates(&Request(message), &mut candidates);
        candidates.to_vec()
    }

    #[test]
    fn rules_are_found_by_their_longest_content_in_any_case() {
        let rules = rules(&[
            "content:\"abc\"; content:\"a\";",
            "content:\"ABC\"; nocase;",
            "content:\"xyz\";",
            "content:\"bcd\"; content:!\"longer than all\";",
        ]);
        assert_eq!(candidates(&rules, b"..aBc.."), [0, 1]);
        assert_eq!(candidates(&rules, b"abcd abcd"), [0, 1, 3]);
        assert_eq!(candidates(&rules, b"ab"), [0; 0]);
    }

    #[test]
    fn rules_without_a_content_or_with_a_demand_are_not_here() {
        let rules =
            rules(&["content:!\"a\";", "pcre:\"/a/\";", "dce_opnum:1; content:\"a\";", "content:\"a\";"]);
        let contents = ContentIndex::new(rules.rules().iter().map(|rule| &rule.expression));
        assert_eq!(contents.rules, [3]);
        assert!(contents.have(3) && !contents.have(2));
    }
}
