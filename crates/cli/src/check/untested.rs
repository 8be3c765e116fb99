//! Rules without a test.

use crate::rule_files::{self, Loaded, Unreadable};
use rpcscope_rules::{Finding, Meta, Severity};
use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

/// The name of these findings.
pub(super) const NAME: &str = "no-test";
/// What it is, in one sentence.
pub(super) const MEANING: &str = "A rule that no test names, and that has no file of tests beside it.";

/// A finding for each rule that no test names. A file of tests beside a file of one rule is about that rule.
pub(super) fn findings(loaded: &Loaded) -> Result<Vec<Finding>, Unreadable> {
    let tests = loaded.tests.iter().map(|path| rule_files::read(path)).collect::<Result<Vec<_>, _>>()?;
    let mut rules_of: HashMap<&str, usize> = HashMap::new();
    for (file, _) in alerting(loaded) {
        *rules_of.entry(file).or_default() += 1;
    }
    let is_tested = |file: &str, meta: &Meta| {
        let beside = rules_of.get(file) == Some(&1) && loaded.tests.iter().any(|test| is_beside(test, file));
        beside || tests.iter().any(|text| names(text, meta))
    };
    let untested = alerting(loaded).filter(|(file, meta)| !is_tested(file, meta));
    let finding = |(file, meta): (&Arc<str>, &Meta)| Finding {
        file: file.clone(),
        place: meta.place,
        severity: Severity::Note,
        lint: NAME,
        cause: format!("no test names `{}`", meta.title),
        hint: Some(
            "a capture that it fires on, and one on which it stays silent, in `*.test.yml` beside it"
                .to_owned(),
        ),
    };
    Ok(untested.map(finding).collect())
}

/// Rules that alert on their own: a part of a correlation is tested with it.
fn alerting(loaded: &Loaded) -> impl Iterator<Item = (&Arc<str>, &Meta)> {
    let all = loaded.rules.described().filter(|(at, ..)| loaded.rules.alerts(*at));
    all.map(|(_, file, meta)| (file, meta))
}

/// Whether a file of tests has the name of a file of rules: `a.test.yml` and `a.yml`.
fn is_beside(test: &Path, rules: &str) -> bool {
    let stem = |path: &Path| path.file_stem().map(std::ffi::OsStr::to_os_string);
    let test_stem = stem(test).and_then(|stem| self::stem(&stem));
    test.parent() == Path::new(rules).parent() && test_stem.is_some() && test_stem == stem(Path::new(rules))
}

/// `a` of `a.test`.
fn stem(name: &std::ffi::OsStr) -> Option<std::ffi::OsString> {
    Some(name.to_str()?.strip_suffix(".test")?.into())
}

fn names(text: &str, meta: &Meta) -> bool {
    let name =
        |name: &Option<String>| name.as_deref().is_some_and(|name| !name.is_empty() && text.contains(name));
    let sid = meta.sid.map(|sid| sid.to_string());
    let has_sid =
        sid.is_some_and(|sid| text.split(|c: char| !c.is_ascii_digit()).any(|number| number == sid));
    name(&meta.id) || name(&meta.name) || has_sid || text.contains(&meta.title)
}
