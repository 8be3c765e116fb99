//! Captures that are no part of this project, which some tests can use when they are there.

use std::path::PathBuf;

/// The folder of such captures: what `RPCSCOPE_CORPUS` names, else `../shared/corpus` beside the workspace.
///
/// `None`, with a printed line, when there is none.
pub fn corpus(test: &str) -> Option<PathBuf> {
    let folder = match std::env::var_os("RPCSCOPE_CORPUS") {
        Some(named) => PathBuf::from(named),
        None => workspace().join("../shared/corpus"),
    };
    if folder.is_dir() {
        return Some(folder);
    }
    println!("skipped {test}: no captures in {} (RPCSCOPE_CORPUS names another folder)", folder.display());
    None
}

/// The top of the workspace.
pub fn workspace() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}
