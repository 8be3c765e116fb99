//! The settings file: where it is found, and what it says.

use crate::exit::{Exit, UNREADABLE, WRONG_USE};
use crate::finding_text;
use crate::messages;
use rpcscope_rules::{Settings, Severity};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// Reads the settings: of the file that was named, or of the one that is found, or none. What is wrong is said.
pub(crate) fn load(named: Option<&Path>, rules: &[PathBuf]) -> Result<Settings, Exit> {
    let Some(path) = path(named, rules) else { return Ok(Settings::default()) };
    let name = path.display().to_string();
    let text = std::fs::read_to_string(&path).map_err(|error| {
        let hint = (error.kind() == ErrorKind::InvalidData).then_some("settings are text in UTF-8");
        messages::error(&format_args!("{name}: cannot read: {error}"), hint);
        UNREADABLE
    })?;
    let (settings, findings) = Settings::parse(&name, &text);
    for finding in &findings {
        messages::finding(&finding_text::plain(finding, Some(&text)));
    }
    let wrong = findings.iter().any(|finding| finding.severity == Severity::Error);
    if wrong { Err(WRONG_USE) } else { Ok(settings) }
}

/// The settings file: the one that was named, or the one that is found.
pub(crate) fn path(named: Option<&Path>, rules: &[PathBuf]) -> Option<PathBuf> {
    named.map(Path::to_path_buf).or_else(|| find(rules))
}

/// The settings of the working directory, else those nearest to the first of the rules that has some: in its folder or
/// above.
fn find(rules: &[PathBuf]) -> Option<PathBuf> {
    let here = PathBuf::from(NAME);
    if here.is_file() {
        return Some(here);
    }
    rules.iter().find_map(|path| beside_or_above(path))
}

fn beside_or_above(path: &Path) -> Option<PathBuf> {
    let whole = path.canonicalize().ok()?;
    let folder = if whole.is_dir() { whole.as_path() } else { whole.parent()? };
    let found = folder.ancestors().map(|folder| folder.join(NAME)).find(|candidate| candidate.is_file())?;
    // Named as the rules are, when it stands right beside them.
    let near = if path.is_dir() { path.join(NAME) } else { path.with_file_name(NAME) };
    Some(if near.is_file() { near } else { found })
}

/// The name of the settings file.
pub(crate) const NAME: &str = "rpcscope.yaml";
