//! Where the rules of one set stand in another one: what was counted for a rule is kept when rules are loaded again.

use crate::sigma::{Alias, Correlation};
use crate::{RuleSet, Signed};
use std::collections::HashMap;

/// Where rules and correlations of an old set stand in a new one.
#[derive(Debug)]
pub struct Moved {
    /// By the old position.
    to: Vec<Option<usize>>,
}

impl Moved {
    /// Finds each rule by its ids. A correlation counts as gone when it counts something else than before.
    pub(super) fn new(old: &RuleSet, new: &RuleSet) -> Self {
        let mut places: HashMap<Signed<'_>, Vec<usize>> = HashMap::new();
        for (position, signed) in new.signed().enumerate() {
            places.entry(signed).or_default().push(position);
        }
        // The first of those that share an id stays the first.
        places.values_mut().for_each(|positions| positions.reverse());
        let to = old.signed().map(|signed| places.get_mut(&signed).and_then(Vec::pop)).collect();
        let mut moved = Self { to };
        // Correlations come after those that they are about, which are judged by then.
        for (at, correlation) in old.correlations().iter().enumerate() {
            let position = old.rules().len() + at;
            let new_at = moved.get(position).and_then(|to| to.checked_sub(new.rules().len()));
            let same = new_at.and_then(|at| new.correlations().get(at));
            if !same.is_some_and(|new| moved.is_same(correlation, new))
                && let Some(to) = moved.to.get_mut(position)
            {
                *to = None;
            }
        }
        moved
    }

    /// Where the rule or correlation stands that stood at `position`; `None` when it is gone.
    pub fn get(&self, position: usize) -> Option<usize> {
        self.to.get(position).copied().flatten()
    }

    fn is_same(&self, old: &Correlation, new: &Correlation) -> bool {
        let names = |aliases: &[Alias]| aliases.iter().map(|alias| alias.name.clone()).collect::<Vec<_>>();
        let members: Option<Vec<usize>> = old.members.iter().map(|member| self.get(*member)).collect();
        old.kind == new.kind
            && old.timespan_ns == new.timespan_ns
            && old.criteria == new.criteria
            && names(&old.group_by) == names(&new.group_by)
            && names(&old.field) == names(&new.field)
            && members.as_ref() == Some(&new.members)
    }
}
