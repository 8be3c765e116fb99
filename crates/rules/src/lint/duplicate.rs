//! What several rules have and only one should.

use super::Report;
use crate::rule_set::RuleSet;
use crate::sigma::Meta;
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;

pub(super) fn sid(rules: &RuleSet, report: &mut Report<'_>) {
    look(rules, |meta| meta.sid, |sid| format!("another rule has the signature id {sid}"), report);
}

pub(super) fn title(rules: &RuleSet, report: &mut Report<'_>) {
    let title = |meta: &Meta| Some(meta.title.to_lowercase());
    look(rules, title, |_| "another rule has this title".to_owned(), report);
}

fn look<K: Eq + Hash>(
    rules: &RuleSet,
    key: impl Fn(&Meta) -> Option<K>,
    cause: impl Fn(&K) -> String,
    report: &mut Report<'_>,
) {
    let mut seen: HashMap<K, (&Arc<str>, &Meta)> = HashMap::new();
    for (file, meta) in rules.described().map(|(_, file, meta)| (file, meta)) {
        let Some(key) = key(meta) else { continue };
        match seen.get(&key) {
            Some((first, other)) => {
                let hint = format!("it is in {first}, line {}", other.place.line);
                report.add(file, meta.place, cause(&key)).hint(hint);
            }
            None => {
                seen.insert(key, (file, meta));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::found_in;

    #[test]
    fn titles_and_signature_ids_are_of_one_rule() {
        let rule = |title: &str, sid: u32| {
            format!(
                "title: {title}\nlogsource: {{product: rpcscope}}\nrpcscope: {{sid: {sid}}}\ndetection: {{s: {{user: {sid}}}, condition: s}}\n"
            )
        };
        let text = [rule("One", 1), rule("ONE", 2), rule("Two", 1)].join("---\n");
        assert_eq!(
            found_in("duplicate-title", &text),
            ["a.yml:6:1: warning: another rule has this title\n  hint: it is in a.yml, line 1"]
        );
        assert_eq!(
            found_in("duplicate-sid", &text),
            ["a.yml:11:1: warning: another rule has the signature id 1\n  hint: it is in a.yml, line 1"]
        );
    }
}
