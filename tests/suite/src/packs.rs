//! The rule packs of this project, and what they say about captures.

use crate::corpus::workspace;
use crate::reading::BATCH_FRAMES;
use rpcscope_capture::{Batch, CaptureError, Input, Reader};
use rpcscope_engine::{Checksums, Engine};
use rpcscope_model::{Alert, Event};
use rpcscope_rules::{Correlator, Finding, Loader, RuleSet, Settings};
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
    /// The file of each rule that alerts, by the rule's id.
    files: BTreeMap<String, String>,
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
    /// Loads them all.
    pub fn load() -> Self {
        let text =
            std::fs::read_to_string(folder().join("rpcscope.yaml")).expect("the settings of the packs");
        let (settings, mut findings) = Settings::parse("rpcscope.yaml", &text);
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
        let files = texts.iter().flat_map(|(name, text)| ids(text).map(|id| (id.to_owned(), name.clone())));
        Self { files: files.collect(), rules: Arc::new(rules), findings, texts }
    }

    /// The alerts about a capture, with the file of the rule of each, without suffix.
    pub fn alerts(&self, capture: &Path) -> Result<Vec<(String, Alert)>, CaptureError> {
        let mut engine = Engine::new(Checksums::Accepted).with_rules(&self.rules);
        let mut correlator = Correlator::new(Arc::clone(&self.rules));
        let mut alerts = Vec::new();
        let mut judge = |event: Event, hits: &[usize]| {
            let event = Arc::new(event);
            for position in hits {
                alerts.extend(self.rules.alert(*position, &event));
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
        let file = |alert: &Alert| alert.rule.id.as_ref().and_then(|id| self.files.get(id)).cloned();
        Ok(alerts.into_iter().map(|alert| (file(&alert).unwrap_or_default(), alert)).collect())
    }

    /// The files of the rules that alert about a capture at one of these levels, each once.
    pub fn rules_that_alert(&self, capture: &Path, levels: &[&str]) -> BTreeSet<String> {
        let alerts = self.alerts(capture).unwrap_or_else(|error| panic!("{}: {error}", capture.display()));
        let loud =
            alerts.into_iter().filter(|(_, alert)| alert.rule.level.is_some_and(|of| levels.contains(&of)));
        loud.map(|(file, _)| file).collect()
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
