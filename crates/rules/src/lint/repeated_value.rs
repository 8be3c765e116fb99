//! Values that are wanted twice.

use super::Report;
use crate::expression::Test;
use crate::matcher::Matcher;
use crate::rule_set::Rule;
use std::collections::HashMap;

pub(super) fn look(rule: &Rule, report: &mut Report<'_>) {
    rule.expression.each_test(&mut |test| look_at(rule, test, report));
}

fn look_at(rule: &Rule, test: &Test, report: &mut Report<'_>) {
    let mut seen: HashMap<String, &str> = HashMap::new();
    for (text, matcher) in &test.wanted {
        let Some(first) = seen.insert(shape(matcher), text) else { continue };
        let cause = if first == &**text {
            format!("`{text}` twice among the values of `{}`", test.label)
        } else {
            format!("`{text}` is the same as `{first}` among the values of `{}`", test.label)
        };
        report.add(&rule.file, test.place, cause);
    }
}

/// What a condition says, however it was written: equal for conditions that hold for the same values.
pub(super) fn shape(matcher: &Matcher) -> String {
    match matcher {
        Matcher::Glob(glob) => glob.shape(),
        other => format!("{other:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::found;

    #[test]
    fn a_value_that_stands_there_twice_is_told_however_it_is_written() {
        let said = |selection: &str| found("repeated-value", &format!("s: {{{selection}}}, condition: s"));
        assert_eq!(
            said("user: [alice, bob, ALICE]"),
            ["a.yml:3:17: warning: `ALICE` is the same as `alice` among the values of `user`"]
        );
        assert_eq!(said("user|contains: [a, a]").len(), 1);
        assert_eq!(said("interface: [svcctl, 367abb81-9844-35f1-ad32-98f038001003]").len(), 1);
        assert_eq!(said("opnum: [12, 0x0c]").len(), 1);
        assert_eq!(said("user|cased: [alice, ALICE]"), [""; 0]);
        assert_eq!(said("user|base64offset|contains: [alice, bob]"), [""; 0]);
        assert_eq!(said("opnum: [12, 13]"), [""; 0]);
    }
}
