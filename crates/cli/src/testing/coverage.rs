//! What the tests prove of each rule.

use super::plan::Plan;
use super::sample_run::replay;
use super::verdict::Verdict;
use rpcscope_rules::{Place, RuleSet, Step};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

/// What is known of each rule: by its position.
#[derive(Default)]
pub(crate) struct Coverage {
    firing: BTreeSet<usize>,
    silent: BTreeSet<usize>,
    /// Conditions that decided once for a rule: had they come out differently, so had the rule.
    decisive: BTreeMap<usize, BTreeSet<Place>>,
    /// All conditions of a rule that was looked at.
    conditions: BTreeMap<usize, BTreeMap<Place, String>>,
}

impl Coverage {
    /// Looks at all tests again.
    pub(crate) fn of(plan: &Plan, verdicts: &[Vec<Verdict>]) -> Self {
        let mut coverage = Self::default();
        for (tests, verdicts) in plan.files.iter().zip(verdicts) {
            for (sample, verdict) in
                tests.samples.iter().zip(verdicts).filter(|(_, verdict)| verdict.was_read)
            {
                for position in &tests.rules {
                    let fired = verdict.fired.contains(position);
                    if fired {
                        coverage.firing.insert(*position)
                    } else {
                        coverage.silent.insert(*position)
                    };
                }
                // It was read a moment ago.
                let _ = replay(&tests.frames(sample), &plan.loaded.rules, &mut |event, watch| {
                    for position in &tests.rules {
                        if let Some(trace) = watch.trace(event, *position) {
                            coverage.note(*position, &trace);
                        }
                    }
                });
            }
        }
        coverage
    }

    fn note(&mut self, position: usize, trace: &rpcscope_rules::Trace) {
        let conditions = self.conditions.entry(position).or_default();
        trace.each_test(&mut |step| {
            if let Step::Test { place, field, .. } = step {
                conditions.entry(*place).or_insert_with(|| field.to_string());
            }
        });
        let decisive = self.decisive.entry(position).or_default();
        trace.each_decisive(&mut |step| {
            if let Step::Test { place, .. } = step {
                decisive.insert(*place);
            }
        });
    }

    /// The report: what is not proved of the rules of these positions, file by file.
    pub(crate) fn report(&self, rules: &RuleSet) -> String {
        let mut text = String::new();
        let count = rules.rules().len() + rules.correlations().len();
        let mut whole = 0;
        for position in 0..count {
            // Members of correlations are proved by those.
            if !rules.alerts(position) {
                continue;
            }
            let Some((meta, file, _)) = rules.description(position) else { continue };
            let mut gaps = Vec::new();
            if !self.firing.contains(&position) {
                gaps.push("no sample fires".to_owned());
            }
            if !self.silent.contains(&position) {
                gaps.push("no sample stays silent".to_owned());
            }
            if let Some(conditions) = self.conditions.get(&position) {
                let decisive = self.decisive.get(&position);
                let never = conditions
                    .iter()
                    .filter(|(place, _)| decisive.is_none_or(|decisive| !decisive.contains(place)));
                gaps.extend(
                    never.map(|(place, field)| format!("`{field}` (line {}) never decided", place.line)),
                );
            }
            if gaps.is_empty() {
                whole += 1;
                continue;
            }
            let _ = writeln!(text, "{file}:{}: {}", meta.place.line, meta.title);
            for gap in gaps {
                let _ = writeln!(text, "  {gap}");
            }
        }
        let alerting = (0..count).filter(|position| rules.alerts(*position)).count();
        let _ = writeln!(text, "{whole} of {alerting} rules are covered wholly");
        text
    }
}
