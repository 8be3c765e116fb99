//! What `%placeholders%` stand for.

use std::collections::BTreeMap;

/// Lists of values by name. A value may have wildcards, as if it stood in the rule.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Placeholders(BTreeMap<String, Vec<String>>);

impl Placeholders {
    /// Nothing is known.
    pub fn new() -> Self {
        Self::default()
    }

    /// Says what `name`, without percent signs, stands for. An empty list stands for nothing: it never matches.
    pub fn set(&mut self, name: impl Into<String>, values: impl IntoIterator<Item = impl Into<String>>) {
        self.0.insert(name.into(), values.into_iter().map(Into::into).collect());
    }

    /// What it stands for.
    pub fn values(&self, name: &str) -> Option<&[String]> {
        self.0.get(name).map(Vec::as_slice)
    }

    /// All names, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}
