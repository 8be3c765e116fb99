//! Tags that name no technique and no tactic of MITRE ATT&CK.

use super::Report;
use crate::finding::Place;
use crate::rule_set::Rule;
use rpcscope_catalog::{attack_version, superseded_technique, tactics};

pub(super) fn look(rule: &Rule, report: &mut Report<'_>) {
    for (at, tag) in rule.meta.tags.iter().enumerate() {
        let place = rule.meta.tag_places.get(at).copied().unwrap_or(rule.meta.place);
        if let Some(name) = tag.to_ascii_lowercase().strip_prefix("attack.") {
            look_at(rule, place, tag, name, report);
        }
    }
}

fn look_at(rule: &Rule, place: Place, tag: &str, name: &str, report: &mut Report<'_>) {
    let number =
        |kind: char| name.strip_prefix(kind).filter(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    if let Some(technique) = number('t') {
        let id = format!("T{technique}");
        if !is_technique(technique) {
            report
                .add(&rule.file, place, format!("`{tag}` is not how techniques are numbered"))
                .hint("write `attack.t1021` or `attack.t1021.003`");
        } else if let Some(new) = superseded_technique(&id) {
            report
                .add(&rule.file, place, format!("{id} was given up in ATT&CK {}", attack_version()))
                .hint(format!("write `attack.{}`", new.to_ascii_lowercase()));
        }
        return;
    }
    // Groups, software and campaigns.
    if ['g', 's', 'c'].into_iter().any(|kind| number(kind).is_some()) {
        return;
    }
    let tactic = name.replace('_', "-");
    if !tactics().contains(&tactic.as_str()) {
        report
            .add(&rule.file, place, format!("`{tag}` is no tactic of ATT&CK"))
            .nearest(&tactic, tactics().iter().copied());
    }
}

/// Four digits, and three more after a dot for a part of a technique.
fn is_technique(number: &str) -> bool {
    let digits =
        |text: &str, count: usize| text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit());
    match number.split_once('.') {
        Some((technique, part)) => digits(technique, 4) && digits(part, 3),
        None => digits(number, 4),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::found_in;

    fn said(tags: &str) -> Vec<String> {
        found_in(
            "attack-tag",
            &format!(
                "title: T\nlogsource: {{product: rpcscope}}\ntags: [{tags}]\ndetection: {{s: {{user: a}}, condition: s}}\n"
            ),
        )
    }

    #[test]
    fn tags_are_techniques_tactics_groups_or_software() {
        let good = "attack.t1021.003, attack.T1047, attack.lateral_movement, attack.s0039, attack.g0007, cve.2021-1675, tlp.red";
        assert_eq!(said(good), [""; 0]);
        assert_eq!(
            said("attack.execution, attack.lateral-movment"),
            [
                "a.yml:3:26: warning: `attack.lateral-movment` is no tactic of ATT&CK\n  hint: did you mean `lateral-movement`?"
            ]
        );
        assert!(said("attack.t10213")[0].contains("not how techniques are numbered"));
        assert!(said("attack.t1070.001")[0].contains("write `attack.t1685.005`"));
    }
}
