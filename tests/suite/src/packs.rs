//! The rule packs of this project, and what they say about captures.

use crate::corpus::workspace;
use crate::reading::BATCH_FRAMES;
use rpcscope_capture::{Batch, CaptureError, Input, Reader};
use rpcscope_engine::{Checksums, Engine};
use rpcscope_model::Event;
use rpcscope_rules::{Correlator, Finding, Loader, RuleSet, Settings, Told};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The packs, loaded.
#[derive(Debug)]
pub struct Packs {
    /// All rules.
    pub rules: Arc<RuleSet>,
    /// What was found in their files.
    pub findings: Vec<Finding>,
    /// The rule files without suffix, such as `coercion/dfs-root-changed-elsewhere`, and their texts.
    pub texts: BTreeMap<String, String>,
}

/// The folders that hold Sigma rules.
pub const FOLDERS: [&str; 8] = [
    "coercion",
    "credential-access",
    "defense-evasion",
    "discovery",
    "impact",
    "lateral-movement",
    "persistence",
    "wmi",
];

impl Packs {
    /// Loads them all, with their settings as delivered.
    pub fn load() -> Self {
        let settings = std::fs::read_to_string(folder().join("rpcscope.yaml"));
        Self::load_with(&settings.expect("the settings of the packs"))
    }

    /// Loads them all, with other settings.
    pub fn load_with(settings: &str) -> Self {
        let (settings, mut findings) = Settings::parse("rpcscope.yaml", settings);
        let mut loader = Loader::new(settings.placeholders);
        let mut texts = BTreeMap::new();
        for path in FOLDERS.iter().flat_map(|pack| rule_files(pack)) {
            let text = std::fs::read_to_string(&path).expect("a rule file");
            let name = path.strip_prefix(folder()).expect("below the packs").with_extension("");
            let name = name.display().to_string();
            loader.add(&name, &text);
            texts.insert(name, text);
        }
        let (rules, found) = loader.finish();
        findings.extend(found);
        Self { rules: Arc::new(rules), findings, texts }
    }

    /// The alerts about a capture.
    pub fn alerts(&self, capture: &Path) -> Result<Vec<Told>, CaptureError> {
        let mut engine = Engine::new(Checksums::Accepted).with_rules(&self.rules);
        let mut correlator = Correlator::new(Arc::clone(&self.rules));
        let mut alerts = Vec::new();
        let mut judge = |event: Event, hits: &[usize]| {
            let event = Arc::new(event);
            for position in hits {
                let own = self.rules.alert(*position, &event);
                alerts.extend(own.map(|alert| Told { position: *position, alert }));
                correlator.hit(*position, &event, &mut alerts);
            }
        };
        let mut reader = Reader::open(&Input::File(capture.to_owned()))?;
        let mut batch = Batch::new(BATCH_FRAMES);
        while reader.next_batch(&mut batch)? {
            for frame in batch.frames() {
                engine.push_judged(&frame, &mut judge);
            }
        }
        engine.finish_judged(&mut judge);
        correlator.finish(&mut alerts);
        Ok(alerts)
    }

    /// The files of the rules that alert about a capture at one of these levels, each once.
    pub fn rules_that_alert(&self, capture: &Path, levels: &[&str]) -> BTreeSet<String> {
        let alerts = self.alerts(capture).unwrap_or_else(|error| panic!("{}: {error}", capture.display()));
        let loud =
            alerts.iter().filter(|told| told.alert.rule.level.is_some_and(|level| levels.contains(&level)));
        loud.map(|told| self.file(told.position)).collect()
    }

    /// The file of the rule or correlation at a position, without suffix.
    fn file(&self, position: usize) -> String {
        let rules = self.rules.rules();
        let correlation = || &self.rules.correlations()[position - rules.len()].file;
        rules.get(position).map_or_else(correlation, |rule| &rule.file).to_string()
    }
}

/// Where the packs are.
pub fn folder() -> PathBuf {
    workspace().join("rules")
}

/// The rule files of a pack, sorted.
fn rule_files(pack: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder().join(pack)).expect("the folder of a pack");
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    files.retain(|path| path.extension().is_some_and(|suffix| suffix == "yml") && !is_test(path));
    files.sort();
    files
}

fn is_test(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().ends_with(".test.yml"))
}

/// The ids in a rule file.
pub fn ids(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter_map(|line| line.strip_prefix("id: "))
}
