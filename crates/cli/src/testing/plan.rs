//! Which tests there are, of which rules.

use super::sample_run::Frames;
use crate::exit::Exit;
use crate::messages;
use crate::rule_files::{self, Loaded};
use rpcscope_rules::{Finding, Place, RuleSet, Sample, SampleSource, Settings, Severity, TestFile};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// All tests, with all rules that they are of.
pub(crate) struct Plan {
    pub(crate) loaded: Loaded,
    pub(crate) files: Vec<Tests>,
    /// What is wrong in the files of tests.
    pub(crate) findings: Vec<Finding>,
}

/// A file of tests.
pub(crate) struct Tests {
    pub(crate) path: PathBuf,
    pub(crate) text: String,
    pub(crate) samples: Vec<Sample>,
    /// The rules and correlations under test: positions in the rule set.
    pub(crate) rules: Vec<usize>,
}

impl Plan {
    /// Finds the tests at these paths, and loads the rules there and those that the tests name.
    pub(crate) fn make(paths: &[PathBuf], settings: &Settings) -> Result<Self, Exit> {
        let mut findings = Vec::new();
        let mut files = Vec::new();
        for path in rule_files::test_files(paths) {
            let text = rule_files::read(&path).map_err(|failed| rule_files::tell_unreadable(&[failed]))?;
            let (tests, found) = TestFile::parse(&path.display().to_string(), &text);
            findings.extend(found);
            files.push((path, text, tests));
        }
        // Beside the rules that were named, those that tests name; a file of tests has none itself.
        let of_rules = |path: &&PathBuf| rule_files::without_test_suffix(path).is_none();
        let mut wanted: Vec<PathBuf> = paths.iter().filter(of_rules).cloned().collect();
        let mut named = Vec::new();
        for (path, _, tests) in &files {
            let of = rules_of(path, tests, &mut findings);
            wanted.extend(of.iter().cloned());
            named.push(of);
        }
        let rule_paths = rule_files::rule_files(&wanted);
        let loaded =
            rule_files::load(&rule_paths, settings).map_err(|failed| rule_files::tell_unreadable(&failed))?;
        let positions = by_file(&loaded.rules);
        let files = files.into_iter().zip(named).map(|((path, text, tests), of)| {
            let of = of.iter().filter_map(|path| positions.get(&path.canonicalize().ok()?));
            let mut rules: Vec<usize> = of.flatten().copied().collect();
            rules.sort_unstable();
            rules.dedup();
            Tests { path, text, samples: tests.samples, rules }
        });
        Ok(Self { files: files.collect(), loaded, findings })
    }

    /// Says on standard error what is wrong with tests and rules. Returns whether anything is an error.
    pub(crate) fn tell_findings(&self) -> bool {
        let text = |finding: &Finding| {
            let of = self.files.iter().find(|tests| tests.path.display().to_string() == *finding.file);
            of.map(|tests| tests.text.as_str())
        };
        for finding in &self.findings {
            messages::finding(&crate::finding_text::coloured(finding, text(finding)));
        }
        let errors = |finding: &&Finding| finding.severity == Severity::Error;
        for finding in self.loaded.findings.iter().filter(errors) {
            messages::finding(&self.loaded.shown(finding));
        }
        self.findings.iter().chain(&self.loaded.findings).any(|finding| errors(&finding))
    }
}

impl Tests {
    /// Where the frames of a sample come from.
    pub(crate) fn frames<'a>(&self, sample: &'a Sample) -> Frames<'a> {
        match &sample.source {
            SampleSource::Capture(_, path) => Frames::Capture(beside(&self.path, path)),
            SampleSource::Scenario(scenario) => Frames::Scenario(scenario),
        }
    }
}

/// The files of the rules that tests are of.
fn rules_of(path: &Path, tests: &TestFile, findings: &mut Vec<Finding>) -> Vec<PathBuf> {
    if tests.rules.is_empty() {
        let stem = rule_files::without_test_suffix(path).unwrap_or_default();
        let name = stem.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let same =
            ["yml", "yaml", "rules"].map(|extension| stem.with_file_name(format!("{name}.{extension}")));
        let found: Vec<PathBuf> = same.into_iter().filter(|path| path.exists()).collect();
        if found.is_empty() {
            let hint = Some("name the file of its rules: `rule: other.yml`".to_owned());
            let cause = "no rule of this name stands beside it".to_owned();
            findings.push(Finding { hint, ..error(tests, Place::START, cause) });
        }
        return found;
    }
    let mut found = Vec::new();
    for (place, name) in &tests.rules {
        let rule = beside(path, name);
        if rule.exists() {
            found.push(rule);
        } else {
            findings.push(error(tests, *place, format!("no file `{}`", rule.display())));
        }
    }
    found
}

fn error(tests: &TestFile, place: Place, cause: String) -> Finding {
    Finding {
        file: Arc::clone(&tests.file),
        place,
        severity: Severity::Error,
        lint: "test",
        cause,
        hint: None,
    }
}

/// A path that a file names.
fn beside(file: &Path, named: &str) -> PathBuf {
    file.parent().unwrap_or(Path::new("")).join(named)
}

/// The positions of the rules and correlations of each file.
fn by_file(rules: &Arc<RuleSet>) -> HashMap<PathBuf, Vec<usize>> {
    let mut positions: HashMap<PathBuf, Vec<usize>> = HashMap::new();
    let count = rules.rules().len() + rules.correlations().len();
    for position in 0..count {
        let file = rules.description(position).map(|(_, file, _)| PathBuf::from(&**file));
        if let Some(path) = file.and_then(|file| file.canonicalize().ok()) {
            positions.entry(path).or_default().push(position);
        }
    }
    positions
}
