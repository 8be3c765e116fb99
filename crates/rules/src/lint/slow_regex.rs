//! Regular expressions that become very large.
//!
//! An expression runs in time that is linear in the text, whatever it nests: what costs is its size. `\w{200}` is two
//! hundred times all letters of Unicode, and does not fit the cache of states that makes matching fast.

use super::Report;
use crate::matcher::Matcher;
use crate::rule_set::Rule;
use regex::RegexBuilder;

pub(super) fn look(rule: &Rule, report: &mut Report<'_>) {
    rule.expression.each_test(&mut |test| {
        for (text, matcher) in &test.wanted {
            let Matcher::Regex(regex) = matcher else { continue };
            if RegexBuilder::new(regex.as_str()).size_limit(LARGE_BYTES).build().is_err() {
                report
                    .add(&rule.file, test.place, format!("regular expression `{text}` becomes very large"))
                    .hint("a counted repetition copies what it repeats: shorten it, or repeat a small class such as `[a-z]` in place of `\\w` or `.`");
            }
        }
    });
}

/// Memory of an expression that is still matched at full speed.
const LARGE_BYTES: usize = 256 << 10;

#[cfg(test)]
mod tests {
    use super::super::tests::found;

    #[test]
    fn long_repetitions_of_large_classes_are_told() {
        let said =
            |regex: &str| found("slow-regex", &format!("s: {{'user|re': '{regex}'}}, condition: s")).len();
        for large in [r"\w{10}", r"a.{0,600}b", r"(\p{L}{2}){4}"] {
            assert_eq!(said(large), 1, "{large}");
        }
        for small in
            [r"^(a+)+$", r"\w+\.exe", r"[a-z]{200}", r".*a.*b", r"\d{1,3}\.\d{1,3}", r"(?i)cmd\.exe /c"]
        {
            assert_eq!(said(small), 0, "{small}");
        }
    }
}
