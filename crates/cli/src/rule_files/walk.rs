//! Which files hold rules.

use super::Unreadable;
use crate::settings;
use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

/// What stands at some paths, each once: files as they come, folders with all that is below them by the alphabet.
#[derive(Default, Debug)]
pub(super) struct Found {
    /// Files of rules.
    pub(super) files: Vec<PathBuf>,
    /// Files of tests of rules.
    pub(super) tests: Vec<PathBuf>,
    /// Paths of which there are no rules.
    pub(super) failed: Vec<Unreadable>,
}

/// Finds the files of rules at these paths.
pub(super) fn rule_files(paths: &[PathBuf]) -> Found {
    let mut walk = Walk::default();
    for path in paths {
        let before = walk.found.files.len() + walk.found.failed.len() + walk.known;
        walk.path(path, 0);
        let empty = before == walk.found.files.len() + walk.found.failed.len() + walk.known;
        if empty && path.is_dir() {
            walk.fail(path, "no rules in it", Some(KINDS));
        }
    }
    walk.found
}

/// The files with tests of rules at these paths: those that are named, those below folders, and those beside files of
/// rules.
pub(super) fn test_files(paths: &[PathBuf]) -> Vec<PathBuf> {
    let mut walk = Walk::default();
    for path in paths {
        match path.parent() {
            Some(folder) if is_of_rules(path) && !path.is_dir() => {
                let here = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
                let beside = fs::read_dir(here).into_iter().flatten().flatten().map(|entry| entry.path());
                let mut beside: Vec<PathBuf> = beside.filter(|path| is_test(path)).collect();
                beside.sort();
                beside.iter().for_each(|path| walk.path(path, 0));
            }
            _ => walk.path(path, 0),
        }
    }
    walk.found.tests
}

#[derive(Default)]
struct Walk {
    found: Found,
    /// What was found, whatever path led to it.
    seen: HashSet<PathBuf>,
    /// Files that were found once more.
    known: usize,
}

impl Walk {
    fn path(&mut self, path: &Path, depth: usize) {
        let metadata = match fs::metadata(path) {
            Ok(metadata) => metadata,
            Err(error) => {
                let hint = (error.kind() == std::io::ErrorKind::NotFound)
                    .then_some("name a file or folder of rules");
                return self.fail(path, &format!("cannot read: {error}"), hint);
            }
        };
        if !metadata.is_dir() && !is_of_rules(path) && !is_test(path) {
            // Shells hand over all that matches `*.yaml`.
            if depth == 0 && !is_settings(path) {
                self.fail(path, "no file of rules", Some(KINDS));
            }
            return;
        }
        // A link may lead back to where it was found.
        if let Ok(whole) = path.canonicalize()
            && !self.seen.insert(whole)
        {
            self.known += 1;
            return;
        }
        if !metadata.is_dir() {
            let list = if is_test(path) { &mut self.found.tests } else { &mut self.found.files };
            return list.push(plain(path));
        }
        if depth >= MAX_DEPTH {
            return self.fail(path, "too many folders inside of each other", None);
        }
        let entries = fs::read_dir(path).and_then(|entries| entries.collect::<Result<Vec<_>, _>>());
        match entries {
            Ok(mut entries) => {
                entries.sort_by_key(fs::DirEntry::file_name);
                let visible =
                    entries.iter().filter(|entry| !entry.file_name().to_string_lossy().starts_with('.'));
                visible.for_each(|entry| self.path(&entry.path(), depth + 1));
            }
            Err(error) => self.fail(path, &format!("cannot read: {error}"), None),
        }
    }

    fn fail(&mut self, path: &Path, cause: &str, hint: Option<&'static str>) {
        self.found.failed.push(Unreadable { path: path.to_owned(), cause: cause.to_owned(), hint });
    }
}

fn is_of_rules(path: &Path) -> bool {
    let extension =
        path.extension().is_some_and(|extension| EXTENSIONS.iter().any(|known| extension == *known));
    extension && !is_settings(path) && !is_test(path)
}

fn is_settings(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name == settings::NAME)
}

fn is_test(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    TEST_SUFFIXES.iter().any(|suffix| name.ends_with(suffix))
}

/// Without `./` in front, which says nothing.
fn plain(path: &Path) -> PathBuf {
    path.strip_prefix(".").map_or_else(|_| path.to_owned(), Path::to_path_buf)
}

const EXTENSIONS: [&str; 3] = ["yml", "yaml", "rules"];
/// How names of files with tests of rules end.
pub(super) const TEST_SUFFIXES: [&str; 2] = [".test.yml", ".test.yaml"];
/// How files of rules are told, for hints.
const KINDS: &str = "rules are files named `*.yml`, `*.yaml` or `*.rules`";
/// Folders inside of each other.
const MAX_DEPTH: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_gives_its_rules_by_the_alphabet_and_each_once() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path();
        for name in
            ["b.yml", "a/z.rules", "a/y.yaml", "a/y.test.yml", "rpcscope.yaml", ".git/c.yml", "notes.txt"]
        {
            let path = root.join(name);
            fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            fs::write(path, "").expect("a file");
        }
        let Found { files, tests, failed } =
            rule_files(&[root.to_owned(), root.join("b.yml"), root.join("a")]);
        let names: Vec<_> = files.iter().map(|file| file.strip_prefix(root).expect("below")).collect();
        assert_eq!(names, ["a/y.yaml", "a/z.rules", "b.yml"].map(Path::new));
        assert_eq!(tests, [root.join("a/y.test.yml")]);
        assert_eq!(failed, []);
    }

    #[cfg(unix)]
    #[test]
    fn a_link_back_to_its_folder_is_walked_once() {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("a.yml"), "").expect("a file");
        std::os::unix::fs::symlink(folder.path(), folder.path().join("self")).expect("a link");
        let Found { files, failed, .. } = rule_files(&[folder.path().to_owned()]);
        assert_eq!((files.len(), failed.len()), (1, 0));
    }

    #[test]
    fn paths_without_rules_are_told() {
        let folder = tempfile::tempdir().expect("a folder");
        let text = folder.path().join("notes.txt");
        fs::write(&text, "").expect("a file");
        let Found { failed, .. } = rule_files(&[folder.path().to_owned(), text, folder.path().join("none")]);
        let causes: Vec<_> = failed.iter().map(|failed| failed.cause.as_str()).collect();
        assert_eq!(causes[..2], ["no rules in it", "no file of rules"]);
        assert!(causes[2].starts_with("cannot read: "), "{causes:?}");
    }
}
