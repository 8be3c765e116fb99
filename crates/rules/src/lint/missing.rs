//! What a rule should say of itself.

use super::Report;
use super::duplicate::described;
use crate::rule_set::{Rule, RuleSet};
use crate::sigma::Meta;
use uuid::Uuid;

pub(super) fn id(rules: &RuleSet, report: &mut Report<'_>) {
    for (file, meta) in described(rules).filter(|(_, meta)| meta.id.is_none() && meta.sid.is_none()) {
        report.add(file, meta.place, "no `id`").hint("a UUID that stays when the rule changes");
    }
}

pub(super) fn uuid(rule: &Rule, report: &mut Report<'_>) {
    if let Some(id) = rule.meta.id.as_deref().filter(|id| Uuid::try_parse(id).is_err()) {
        report.add(&rule.file, rule.meta.place, format!("id `{id}` is no UUID"));
    }
}

pub(super) fn level(rules: &RuleSet, report: &mut Report<'_>) {
    for (file, meta) in described(rules).filter(|(_, meta)| meta.level.is_none() && !is_rule_text(meta)) {
        report.add(file, meta.place, "no `level`").hint("informational, low, medium, high or critical");
    }
}

pub(super) fn false_positives(rule: &Rule, report: &mut Report<'_>) {
    if rule.meta.false_positives.is_empty() && !is_rule_text(&rule.meta) {
        let hint = "say what else could be behind it, for whoever gets the alert";
        report.add(&rule.file, rule.meta.place, "no `falsepositives`").hint(hint);
    }
}

/// Whether it is a rule of Suricata, which has a signature id, a priority and a class for all this.
fn is_rule_text(meta: &Meta) -> bool {
    meta.id.is_none() && meta.sid.is_some()
}

#[cfg(test)]
mod tests {
    use super::super::tests::found_in;

    #[test]
    fn what_a_rule_leaves_out_is_told() {
        let rule = |head: &str| {
            format!(
                "title: T\n{head}logsource: {{product: rpcscope}}\ndetection: {{s: {{user: a}}, condition: s}}\n"
            )
        };
        let full = rule("id: 6e3f4c3e-8f61-4d06-b3a8-2b6f0f6c5a10\nlevel: low\nfalsepositives: [none]\n");
        for lint in ["no-id", "no-level", "no-falsepositives", "no-uuid"] {
            assert_eq!(found_in(lint, &full), [""; 0], "{lint}");
        }
        for lint in ["no-id", "no-level", "no-falsepositives"] {
            assert_eq!(found_in(lint, &rule("")).len(), 1, "{lint}");
        }
        assert_eq!(found_in("no-uuid", &rule("id: mine\n")), ["a.yml:1:1: warning: id `mine` is no UUID"]);
    }
}
