//! The list of the project's own captures.

use crate::corpus::workspace;
use serde::Deserialize;
use std::path::PathBuf;

/// `pcaps/MANIFEST.yaml`.
#[derive(Deserialize, Debug)]
pub struct Manifest {
    /// One entry for each file.
    pub captures: Vec<Entry>,
}

/// One capture.
#[derive(Deserialize, Debug)]
pub struct Entry {
    /// Name of the file.
    pub file: String,
    /// What can be seen in it.
    pub shows: String,
    /// How it was recorded.
    pub command: String,
    /// SHA-256 of the file, in hexadecimal.
    pub sha256: String,
}

/// The folder of the project's own captures.
pub fn own_captures() -> PathBuf {
    workspace().join("pcaps")
}

/// Reads the list.
pub fn manifest() -> Manifest {
    let path = own_captures().join("MANIFEST.yaml");
    let text = std::fs::read_to_string(&path).expect("the list of captures");
    serde_yaml::from_str(&text).expect("a list of captures as this file describes it")
}
