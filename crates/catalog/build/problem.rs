//! What is wrong with the facts, and where.

use std::fmt;

/// One wrong fact.
#[derive(Debug)]
pub(crate) struct Problem {
    /// Path below `data/`.
    pub(crate) file: String,
    /// The entry within the file, as its author would call it; empty when the file as a whole is meant.
    pub(crate) entry: String,
    /// What is wrong.
    pub(crate) text: String,
}

impl Problem {
    /// A problem of the whole file.
    pub(crate) fn in_file(file: &str, text: impl fmt::Display) -> Self {
        // Cargo ends a message of a build script at the line end.
        let text = text.to_string().replace('\n', " ");
        Self { file: file.to_owned(), entry: String::new(), text }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "data/{}: ", self.file)?;
        if !self.entry.is_empty() {
            write!(f, "{}: ", self.entry)?;
        }
        f.write_str(&self.text)
    }
}
