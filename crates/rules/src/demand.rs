//! What a rule demands of a call, so that most rules need not be looked at for most calls.

use crate::expression::{Expression, Quantifier, Test};
use crate::field::{Field, FieldId};
use crate::matcher::{Comparison, Matcher, Number};
use hashbrown::HashMap;
use rpcscope_model::{Call, HashState};
use smallvec::SmallVec;
use uuid::Uuid;

/// An interface, an operation number, or both: what a call must have.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct Key {
    /// The interface.
    pub interface: Option<Uuid>,
    /// The number of the operation.
    pub opnum: Option<u16>,
}

impl Key {
    /// Any operation of an interface.
    pub(crate) const fn of_interface(interface: Uuid) -> Self {
        Self { interface: Some(interface), opnum: None }
    }
}

impl Expression {
    /// A call must have one of these keys, or the expression does not hold for it. `None` when any call may do; none at
    /// all when no call does.
    pub fn demand(&self) -> Option<Vec<Key>> {
        match self {
            Self::All(parts) => parts.iter().filter_map(Self::demand).reduce(both),
            Self::Any(parts) => {
                let mut keys = Vec::new();
                for part in parts {
                    keys.extend(part.demand()?);
                    if keys.len() > MAX_KEYS {
                        return None;
                    }
                }
                keys.sort_unstable();
                keys.dedup();
                Some(keys)
            }
            Self::Not(_) => None,
            Self::Named(_, part) => part.demand(),
            Self::Test(test) => test.demand(),
        }
    }
}

impl Test {
    fn demand(&self) -> Option<Vec<Key>> {
        if self.negated || self.quantifier == Quantifier::All && self.wanted.len() > 1 {
            return None;
        }
        let is_interface = match self.field.as_ref()? {
            Field::Known(FieldId::Interface) => true,
            Field::Known(FieldId::Opnum | FieldId::Procedure) => false,
            _ => return None,
        };
        let mut keys = Vec::new();
        for (_, matcher) in &self.wanted {
            match matcher {
                Matcher::Uuid(uuid) if is_interface => keys.push(Key { interface: Some(*uuid), opnum: None }),
                Matcher::Number(Comparison::Equal, Number::Whole(number)) if !is_interface => {
                    // A number that no operation has is met by no call.
                    keys.extend(
                        u16::try_from(*number).ok().map(|opnum| Key { interface: None, opnum: Some(opnum) }),
                    );
                }
                Matcher::Operations(operations) if !is_interface => {
                    let key = |(interface, opnum): &(Uuid, u16)| Key {
                        interface: Some(*interface),
                        opnum: Some(*opnum),
                    };
                    keys.extend(operations.iter().map(key));
                }
                _ => return None,
            }
        }
        Some(keys).filter(|keys| keys.len() <= MAX_KEYS)
    }
}

/// What has a key of each list: a call has one interface and one operation.
fn both(one: Vec<Key>, other: Vec<Key>) -> Vec<Key> {
    if one.len().saturating_mul(other.len()) > MAX_KEYS {
        return if one.len() <= other.len() { one } else { other };
    }
    fn agree<T: PartialEq + Copy>(one: Option<T>, other: Option<T>) -> Option<Option<T>> {
        match (one, other) {
            (Some(a), Some(b)) if a != b => None,
            _ => Some(one.or(other)),
        }
    }
    let merge = |a: &Key, b: &Key| {
        Some(Key { interface: agree(a.interface, b.interface)?, opnum: agree(a.opnum, b.opnum)? })
    };
    let mut keys: Vec<Key> = one.iter().flat_map(|a| other.iter().filter_map(move |b| merge(a, b))).collect();
    keys.sort_unstable();
    keys.dedup();
    keys
}

type Table<K> = HashMap<K, Vec<usize>, HashState>;

/// Rules by what they demand of a call.
#[derive(Debug)]
pub(crate) struct Index {
    keyed: Table<Key>,
    /// Rules that any call may match.
    rest: Vec<usize>,
}

/// Rules that may match, in ascending order.
pub(crate) type Candidates = SmallVec<[usize; 16]>;

impl Index {
    pub(crate) fn new<'a>(rules: impl Iterator<Item = (usize, &'a Expression)>) -> Self {
        let mut index = Self { keyed: Table::with_hasher(HashState::default()), rest: Vec::new() };
        for (at, expression) in rules {
            match expression.demand() {
                Some(keys) => keys.into_iter().for_each(|key| index.keyed.entry(key).or_default().push(at)),
                None => index.rest.push(at),
            }
        }
        index
    }

    pub(crate) fn candidates(&self, call: &Call) -> Candidates {
        let interface = call.interface.map(|interface| interface.syntax.uuid);
        let opnum = call.opnum.map(|opnum| opnum.0);
        let keys = [Key { interface, opnum }, Key { interface, opnum: None }, Key { interface: None, opnum }];
        let mut candidates = Candidates::from_slice(&self.rest);
        for key in keys {
            if let Some(rules) = self.keyed.get(&key) {
                candidates.extend_from_slice(rules);
            }
        }
        candidates.sort_unstable();
        candidates.dedup();
        candidates
    }
}

/// Keys of one rule. A rule that wants more is looked at for every call.
const MAX_KEYS: usize = 4096;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Place;
    use crate::sigma::Placeholders;
    use crate::{Loader, RuleSet};
    use std::fmt::Write as _;
    use std::sync::Arc;

    fn load(text: &str) -> RuleSet {
        let mut loader = Loader::new(Placeholders::new());
        loader.add("rules.yml", text);
        let (set, findings) = loader.finish();
        assert!(findings.is_empty(), "{findings:?}");
        set
    }

    fn rule(detection: &str) -> String {
        format!("title: T\nlogsource: {{product: rpcscope, service: call}}\ndetection: {{{detection}}}\n")
    }

    fn demand(detection: &str) -> Option<Vec<(bool, Option<u16>)>> {
        let set = load(&rule(detection));
        let keys = set.rules()[0].expression.demand()?;
        Some(keys.iter().map(|key| (key.interface.is_some(), key.opnum)).collect())
    }

    #[test]
    fn what_a_rule_demands_is_read_from_its_condition() {
        assert_eq!(
            demand("s: {interface: svcctl, opnum: [12, 24]}, condition: s"),
            Some(vec![(true, Some(12)), (true, Some(24))])
        );
        assert_eq!(demand("s: {procedure: RCreateServiceW}, condition: s"), Some(vec![(true, Some(12))]));
        assert_eq!(
            demand("s: {interface: svcctl}, f: {opnum: 1}, condition: s and not f"),
            Some(vec![(true, None)])
        );
        assert_eq!(
            demand("s: {interface: svcctl}, f: {opnum: 1}, condition: s or f"),
            Some(vec![(false, Some(1)), (true, None)])
        );
        assert_eq!(demand("s: {opnum: 70000}, condition: s"), Some(vec![]));
        for any in [
            "s: {user: a}, condition: s",
            "s: {interface: svcctl}, condition: not s",
            "s: {opnum|gt: 3}, condition: s",
            "s: {interface: svcctl}, u: {user: a}, condition: s or u",
        ] {
            assert_eq!(demand(any), None, "{any}");
        }
    }

    #[test]
    fn a_call_meets_the_rules_of_its_operation_and_no_others() {
        let mut texts = String::new();
        for number in 0..1_000 {
            let interface = Uuid::from_u128(number / 10);
            let _ = writeln!(
                texts,
                "{}---",
                rule(&format!("s: {{interface: {interface}, opnum: {}}}, condition: s", number % 10))
            );
        }
        let set = load(&texts);
        let index = Index::new(set.rules().iter().enumerate().map(|(at, rule)| (at, &rule.expression)));
        assert_eq!((index.keyed.len(), index.rest.len()), (1_000, 0));
        assert!(index.keyed.values().all(|rules| rules.len() == 1));
    }

    #[test]
    fn a_demand_that_is_too_long_is_none() {
        let uuids = (0..=MAX_KEYS as u128).map(|number| ("".into(), Matcher::Uuid(Uuid::from_u128(number))));
        let test = Test {
            place: Place::default(),
            label: "interface".into(),
            field: Some(Field::Known(FieldId::Interface)),
            quantifier: Quantifier::Any,
            negated: false,
            wanted: uuids.collect(),
        };
        assert_eq!(Expression::Test(Arc::new(test)).demand(), None);
    }
}
