//! `check --fix`: what is certainly meant in place of what is written.

use crate::messages;
use crate::rule_files::{self, Unreadable, counted};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Mends the rule text at these paths, and says where. Sigma is left alone: a slip there is an error of its author's
/// thought as often as of their fingers.
pub(super) fn mend(paths: &[PathBuf]) -> Result<(), Unreadable> {
    let of_rule_text = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "rules");
    for path in rule_files::rule_files(paths).into_iter().filter(of_rule_text) {
        let fixed = rpcscope_rules::fix(&rule_files::read(&path)?);
        let Some(first) = fixed.changed.first() else { continue };
        replace(&path, &fixed.text).map_err(|error| Unreadable {
            path: path.clone(),
            cause: format!("cannot write: {error}"),
            hint: None,
        })?;
        let count = counted(fixed.changed.len(), "place");
        messages::note(&format_args!("{}: {count} mended, the first in line {}", path.display(), first.line));
    }
    Ok(())
}

/// Writes a file anew, or leaves it as it was: what goes wrong meanwhile must not cost the rules.
fn replace(path: &Path, text: &str) -> io::Result<()> {
    // Through links, so that they stay.
    let path = path.canonicalize()?;
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(".mended");
    let new = path.with_file_name(name);
    fs::write(&new, text)?;
    fs::set_permissions(&new, fs::metadata(&path)?.permissions())?;
    fs::rename(&new, &path)
}
