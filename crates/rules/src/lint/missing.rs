//! What a rule should say of itself.

use super::Report;
use crate::rule_set::{Rule, RuleSet};
use crate::sigma::Meta;
use std::sync::Arc;
use uuid::Uuid;

pub(super) fn id(rules: &RuleSet, report: &mut Report<'_>) {
    for (file, meta) in alerting(rules).filter(|(_, meta)| meta.id.is_none() && meta.sid.is_none()) {
        report.add(file, meta.place, "no `id`").hint("a UUID that stays when the rule changes");
    }
}

pub(super) fn uuid(rule: &Rule, report: &mut Report<'_>) {
    if let Some(id) = rule.meta.id.as_deref().filter(|id| Uuid::try_parse(id).is_err()) {
        report.add(&rule.file, rule.meta.place, format!("id `{id}` is no UUID"));
    }
}

pub(super) fn level(rules: &RuleSet, report: &mut Report<'_>) {
    for (file, meta) in alerting_sigma(rules).filter(|(_, meta)| meta.level.is_none()) {
        report.add(file, meta.place, "no `level`").hint("informational, low, medium, high or critical");
    }
}

pub(super) fn false_positives(rules: &RuleSet, report: &mut Report<'_>) {
    for (file, meta) in alerting_sigma(rules).filter(|(_, meta)| meta.false_positives.is_empty()) {
        let hint = "say what else could be behind it, for whoever gets the alert";
        report.add(file, meta.place, "no `falsepositives`").hint(hint);
    }
}

/// Rules that alert on their own: a part of a correlation is described by that.
fn alerting(rules: &RuleSet) -> impl Iterator<Item = (&Arc<str>, &Meta)> {
    rules.described().filter(|(at, ..)| rules.alerts(*at)).map(|(_, file, meta)| (file, meta))
}

/// Those of them that are Sigma: rule text has a priority and a class in place of a level and words.
fn alerting_sigma(rules: &RuleSet) -> impl Iterator<Item = (&Arc<str>, &Meta)> {
    let is_text = |at: usize| rules.rules().get(at).is_some_and(|rule| rule.text.is_some());
    let sigma = rules.described().filter(move |(at, ..)| rules.alerts(*at) && !is_text(*at));
    sigma.map(|(_, file, meta)| (file, meta))
}

#[cfg(test)]
mod tests {
    use super::super::tests::found_in;

    fn rule(head: &str) -> String {
        format!(
            "title: T\n{head}logsource: {{product: rpcscope}}\ndetection: {{s: {{user: a}}, condition: s}}\n"
        )
    }

    #[test]
    fn what_a_rule_leaves_out_is_told() {
        let full = rule("id: 6e3f4c3e-8f61-4d06-b3a8-2b6f0f6c5a10\nlevel: low\nfalsepositives: [none]\n");
        for lint in ["no-id", "no-level", "no-falsepositives", "no-uuid"] {
            assert_eq!(found_in(lint, &full), [""; 0], "{lint}");
        }
        for lint in ["no-id", "no-level", "no-falsepositives"] {
            assert_eq!(found_in(lint, &rule("")).len(), 1, "{lint}");
        }
        let correlation =
            "title: C\ncorrelation: {type: event_count, rules: [part], timespan: 1m, condition: {gte: 2}}\n";
        let counted = format!("{correlation}---\n{}", rule("name: part\n"));
        assert_eq!(found_in("no-falsepositives", &counted).len(), 1, "of the correlation alone");
        assert_eq!(found_in("no-uuid", &rule("id: mine\n")), ["a.yml:1:1: warning: id `mine` is no UUID"]);
    }

    #[test]
    fn a_part_of_a_correlation_is_described_by_it() {
        let correlation = "---\ntitle: C\ncorrelation: {type: event_count, rules: [part], timespan: 1h, condition: {gte: 2}}\n";
        let text = format!("{}{correlation}", rule("name: part\n"));
        assert_eq!(found_in("no-level", &text).len(), 1);
        assert!(found_in("no-level", &text)[0].starts_with("a.yml:6:1: "));
    }
}
