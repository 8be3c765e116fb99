//! Rules: from the paths that were named to one rule set.

mod walk;

use crate::exit::{Exit, UNREADABLE, WRONG_USE};
use crate::{finding_text, messages, settings};
use rpcscope_rules::{Finding, Loader, RuleSet, Settings, Severity};
use std::collections::BTreeMap;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::{self, ScopedJoinHandle};

/// Rules that were loaded, and what was found in their files.
#[derive(Debug)]
pub(crate) struct Loaded {
    /// All rules without an error.
    pub(crate) rules: Arc<RuleSet>,
    /// What is wrong, in the order of files and places.
    pub(crate) findings: Vec<Finding>,
    /// The texts of the files, by the names that findings call them.
    pub(crate) texts: BTreeMap<Arc<str>, String>,
}

/// Whether a rule with an error stops everything, or is left out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Strictness {
    /// Any error is the end.
    Strict,
    /// The other rules run.
    Lenient,
}

/// A path of which no rules could be read.
#[derive(PartialEq, Eq, Debug)]
pub(crate) struct Unreadable {
    pub(crate) path: PathBuf,
    pub(crate) cause: String,
    pub(crate) hint: Option<&'static str>,
}

/// What was named, else the folder `rules`, else the working directory.
pub(crate) fn paths(named: &[PathBuf]) -> Vec<PathBuf> {
    let usual = Path::new("rules");
    match named {
        [] if usual.is_dir() => vec![usual.to_owned()],
        [] => vec![PathBuf::from(".")],
        named => named.to_vec(),
    }
}

/// Reads all rule files at these paths, folders with all that is in them.
pub(crate) fn load(paths: &[PathBuf], settings: &Settings) -> Result<Loaded, Vec<Unreadable>> {
    let walk::Found { files, mut failed, .. } = walk::rule_files(paths);
    // Reading text takes most of the time of a start. The threads end with it, so that none is left that a sandbox does not
    // confine.
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let part = files.len().div_ceil(threads).max(FILES_OF_A_THREAD);
    let parts = thread::scope(|scope| {
        let read = |part| scope.spawn(move || Part::read(part, settings));
        let threads: Vec<_> = files.chunks(part).map(read).collect();
        threads.into_iter().map(ScopedJoinHandle::join).collect::<Result<Vec<Part>, _>>()
    });
    let parts = parts.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
    let mut loader = Loader::new(settings.placeholders.clone());
    let mut texts = BTreeMap::new();
    for part in parts {
        loader.append(part.loader);
        texts.extend(part.texts);
        failed.extend(part.failed);
    }
    if !failed.is_empty() {
        return Err(failed);
    }
    let (rules, findings) = loader.finish();
    Ok(Loaded { rules: Arc::new(rules), findings, texts })
}

/// What one thread has read.
struct Part {
    loader: Loader,
    texts: BTreeMap<Arc<str>, String>,
    failed: Vec<Unreadable>,
}

impl Part {
    fn read(files: &[PathBuf], settings: &Settings) -> Self {
        let mut loader = Loader::new(settings.placeholders.clone());
        let (mut texts, mut failed) = (BTreeMap::new(), Vec::new());
        for path in files {
            match read(path) {
                Ok(text) => {
                    let name: Arc<str> = path.display().to_string().into();
                    loader.add(&name, &text);
                    texts.insert(name, text);
                }
                Err(unreadable) => failed.push(unreadable),
            }
        }
        Self { loader, texts, failed }
    }
}

/// The files with tests of rules at these paths: those that are named, those below folders, and those beside files of
/// rules.
pub(crate) fn test_files(paths: &[PathBuf]) -> Vec<PathBuf> {
    walk::test_files(paths)
}

/// The files of rules at these paths.
pub(crate) fn rule_files(paths: &[PathBuf]) -> Vec<PathBuf> {
    walk::rule_files(paths).files
}

/// What a file of tests is named after: the path without the ending that tests have.
pub(crate) fn without_test_suffix(path: &Path) -> Option<PathBuf> {
    let name = path.file_name()?.to_str()?;
    let stem = walk::TEST_SUFFIXES.iter().find_map(|suffix| name.strip_suffix(suffix))?;
    Some(path.with_file_name(stem))
}

/// Reads the rules at these paths in order to run them, with the settings that were named or are found, and says on
/// standard error what is wrong, warnings in a word.
pub(crate) fn load_to_run(
    paths: &[PathBuf],
    settings: Option<&Path>,
    strictness: Strictness,
) -> Result<Arc<RuleSet>, Exit> {
    let settings = settings::load(settings, paths)?;
    let loaded = load(paths, &settings).map_err(|failed| tell_unreadable(&failed))?;
    for finding in loaded.findings.iter().filter(|finding| finding.severity == Severity::Error) {
        messages::finding(&loaded.shown(finding));
    }
    let warnings = loaded.count(Severity::Warning);
    if warnings > 0 {
        let what = format!("{} about the rules; `rpcscope check` tells all", counted(warnings, "warning"));
        messages::warning(&what);
    }
    let errors = loaded.count(Severity::Error);
    if errors > 0 {
        let what = format!("{} in the rules", counted(errors, "error"));
        if strictness == Strictness::Strict {
            messages::error(&what, None);
            return Err(WRONG_USE);
        }
        messages::warning(&format_args!("{what}; the other rules run: {}", loaded.rules.count()));
    }
    Ok(loaded.rules)
}

/// Says which paths could not be read.
pub(crate) fn tell_unreadable(failed: &[Unreadable]) -> Exit {
    for Unreadable { path, cause, hint } in failed {
        messages::error(&format_args!("{}: {cause}", path.display()), *hint);
    }
    UNREADABLE
}

/// A number with its noun: `1 error`, `2 errors`.
pub(crate) fn counted(number: usize, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

impl Loaded {
    /// How many findings are of a severity.
    pub(crate) fn count(&self, severity: Severity) -> usize {
        self.findings.iter().filter(|finding| finding.severity == severity).count()
    }

    /// A finding with the line that it is about.
    pub(crate) fn shown<'a>(&'a self, finding: &'a Finding) -> impl std::fmt::Display + 'a {
        finding_text::coloured(finding, self.texts.get(&finding.file).map(String::as_str))
    }
}

/// The text of a file of rules, or of their tests.
pub(crate) fn read(path: &Path) -> Result<String, Unreadable> {
    let failed = |cause: String, hint| Unreadable { path: path.to_owned(), cause, hint };
    let cannot = |error: std::io::Error| {
        let hint = (error.kind() == ErrorKind::InvalidData).then_some("rules are text in UTF-8");
        failed(format!("cannot read: {error}"), hint)
    };
    let file = std::fs::File::open(path).map_err(cannot)?;
    let mut text = String::new();
    let length = file.take(MAX_FILE_BYTES + 1).read_to_string(&mut text).map_err(cannot)?;
    if length as u64 > MAX_FILE_BYTES {
        return Err(failed("more than 64 MiB: no file of rules".to_owned(), None));
    }
    Ok(text)
}

/// Files that are worth a thread.
const FILES_OF_A_THREAD: usize = 64;
/// Bytes of one file of rules. The largest published rule set has half of it.
const MAX_FILE_BYTES: u64 = 64 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    const RULE: &str = "title: T\nlogsource: {product: rpcscope, service: call}\ndetection: {s: {user|expand: '%admins%'}, condition: s}\n";

    #[test]
    fn rules_without_errors_are_loaded_and_the_others_are_told() {
        let folder = tempfile::tempdir().expect("a folder");
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("a file");
        write("good.yml", RULE);
        write("wrong.yml", "title: [");
        let (settings, _) = Settings::parse("rpcscope.yaml", "lists: {admins: alice}");
        let loaded = load(&[folder.path().to_owned()], &settings).expect("all files are there");
        assert_eq!((loaded.rules.rules().len(), loaded.count(Severity::Error)), (1, 1));
        assert!(loaded.shown(&loaded.findings[0]).to_string().contains("title: ["));
    }

    #[test]
    fn what_is_no_text_is_told() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.yml");
        std::fs::write(&path, [0xff, 0xfe]).expect("a file");
        let failed = load(std::slice::from_ref(&path), &Settings::default()).expect_err("no text");
        assert_eq!(
            (failed[0].path.as_path(), failed[0].hint),
            (path.as_path(), Some("rules are text in UTF-8"))
        );
    }
}
