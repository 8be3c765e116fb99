//! Rules without a test.

use crate::exit::Exit;
use crate::rule_files::Loaded;
use crate::testing::plan::Plan;
use rpcscope_rules::{Finding, Settings, Severity};
use std::collections::HashSet;
use std::path::PathBuf;

/// The name of these findings.
pub(super) const NAME: &str = "no-test";
/// What it is, in one sentence.
pub(super) const MEANING: &str = "A rule that no file of tests is about.";

/// A finding for each rule that no test is about, and what is wrong with the tests. A part of a correlation is tested
/// with it.
pub(super) fn findings(
    loaded: &Loaded,
    paths: &[PathBuf],
    settings: &Settings,
) -> Result<Vec<Finding>, Exit> {
    let plan = Plan::make(paths, settings)?;
    let under_test = plan.files.iter().flat_map(|tests| &tests.rules);
    let places = under_test.filter_map(|position| {
        let (meta, file, _) = plan.loaded.rules.description(*position)?;
        Some((&**file, meta.place))
    });
    let tested: HashSet<_> = places.collect();
    let alerting = loaded.rules.described().filter(|(position, ..)| loaded.rules.alerts(*position));
    let untested = alerting.filter(|(_, file, meta)| !tested.contains(&(&***file, meta.place)));
    let findings = untested.map(|(_, file, meta)| Finding {
        file: file.clone(),
        place: meta.place,
        severity: Severity::Note,
        lint: NAME,
        cause: format!("no test is about `{}`", meta.title),
        hint: Some(
            "write a `*.test.yml` beside it: a capture on which it fires, one on which it stays silent"
                .to_owned(),
        ),
    });
    Ok(findings.chain(plan.findings.iter().cloned()).collect())
}
