//! What is wrong with a rule file, and where.

use crate::lint::LOADER;
use std::fmt;
use std::sync::Arc;

pub use rpcscope_text::Place;

/// How much a finding matters.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Severity {
    /// The rule is not loaded.
    Error,
    /// The rule is loaded; it may not do what its author wants.
    Warning,
    /// The rule does what it should, and could be better.
    Note,
}

impl Severity {
    /// The word used in output.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
        }
    }
}

/// One thing that is wrong.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Finding {
    /// The file, as it was named.
    pub file: Arc<str>,
    /// Where it stands in it.
    pub place: Place,
    /// How much it matters.
    pub severity: Severity,
    /// The name of the [lint](crate::lints) that found it; [`LOADER`] when it was found while loading.
    pub lint: &'static str,
    /// What is wrong; lower case, no full stop.
    pub cause: String,
    /// What to write instead, when that can be told.
    pub hint: Option<String>,
}

impl Finding {
    /// Adds a hint.
    pub(crate) fn hint(&mut self, hint: impl Into<String>) -> &mut Self {
        self.hint = Some(hint.into());
        self
    }

    /// Adds the names nearest to `name` as a hint, or all of them when there are few.
    pub(crate) fn nearest<'a>(&mut self, name: &str, known: impl IntoIterator<Item = &'a str>) -> &mut Self {
        let mut known: Vec<&str> = known.into_iter().collect();
        let mut seen = std::collections::HashSet::new();
        known.retain(|name| seen.insert(*name));
        match nearest(name, &known).as_slice() {
            [] if known.is_empty() || known.len() > FEW => self,
            [] => self.hint(format!("known: {}", quoted(&known))),
            near => self.hint(format!("did you mean {}?", quoted(near))),
        }
    }
}

impl Finding {
    /// Adds as a hint the key of a map that may have been meant for one of `wanted`.
    pub(crate) fn nearest_key(
        &mut self,
        entries: &[(rpcscope_text::Key, rpcscope_text::Node)],
        wanted: &[&str],
    ) -> &mut Self {
        let close =
            entries.iter().find_map(|(key, _)| nearest(&key.name, wanted).first().map(|name| (key, *name)));
        match close {
            Some((key, name)) => self.hint(format!("`{}` should be `{name}`", key.name)),
            None => self,
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Place { line, column } = self.place;
        let severity = match self.severity {
            Severity::Error => "",
            Severity::Warning => "warning: ",
            Severity::Note => "note: ",
        };
        write!(f, "{}:{line}:{column}: {severity}{}", self.file, self.cause)?;
        match &self.hint {
            Some(hint) => write!(f, "\n  hint: {hint}"),
            None => Ok(()),
        }
    }
}

/// The findings of one file, or of one rule in it.
#[derive(Debug)]
pub(crate) struct Findings {
    file: Arc<str>,
    list: Vec<Finding>,
    errors: usize,
}

impl Findings {
    pub(crate) fn new(file: Arc<str>) -> Self {
        Self { file, list: Vec::new(), errors: 0 }
    }

    /// The file that they are about.
    pub(crate) fn file(&self) -> &Arc<str> {
        &self.file
    }

    pub(crate) fn error(&mut self, place: Place, cause: impl Into<String>) -> &mut Finding {
        self.errors += 1;
        self.push(place, Severity::Error, cause.into())
    }

    pub(crate) fn warning(&mut self, place: Place, cause: impl Into<String>) -> &mut Finding {
        self.push(place, Severity::Warning, cause.into())
    }

    fn push(&mut self, place: Place, severity: Severity, cause: String) -> &mut Finding {
        self.list.push(Finding { file: self.file.clone(), place, severity, lint: LOADER, cause, hint: None });
        self.list.last_mut().expect("one was just put there")
    }

    /// Takes the last finding back.
    pub(crate) fn retract(&mut self) {
        let last = self.list.pop();
        self.errors -= usize::from(last.is_some_and(|last| last.severity == Severity::Error));
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Errors so far: when a step has added none, its result is sound.
    pub(crate) fn errors(&self) -> usize {
        self.errors
    }

    pub(crate) fn into_list(self) -> Vec<Finding> {
        self.list
    }
}

/// Up to three names that a person may have meant, equally near ones by the alphabet. When none is near: those that begin
/// alike, which are often of the same thing, as `opcode` and `opnum`.
fn nearest<'a>(name: &str, known: &[&'a str]) -> Vec<&'a str> {
    let mut sorted = known.to_vec();
    sorted.sort_unstable();
    let near = rpcscope_catalog::nearest(name, &sorted);
    if !near.is_empty() || known.len() > FEW_TO_SKIM {
        return near;
    }
    let alike = |known: &&&str| {
        let start = name.get(..2).zip(known.get(..2));
        start.is_some_and(|(a, b)| a.eq_ignore_ascii_case(b)) && known.len().abs_diff(name.len()) <= 1
    };
    known.iter().filter(alike).take(3).copied().collect()
}

pub(crate) fn quoted(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// Names that are still read when all are listed.
const FEW: usize = 16;
/// Names among which those that only begin alike are looked for.
const FEW_TO_SKIM: usize = 200;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_of_the_finger_lead_to_the_name() {
        let known = ["contains", "startswith", "endswith", "exists"];
        assert_eq!(nearest("contians", &known), ["contains"]);
        assert_eq!(nearest("starts", &known), ["startswith"]);
        assert_eq!(nearest("colour", &known), [""; 0]);
        assert_eq!(nearest("opcode", &["opnum", "operation", "outcome"]), ["opnum"]);
    }

    #[test]
    fn findings_are_shown_with_file_line_and_column() {
        let mut findings = Findings::new("a.yml".into());
        findings
            .error(Place { line: 3, column: 7 }, "unknown modifier `contians`")
            .nearest("contians", ["contains"]);
        findings.warning(Place { line: 4, column: 1 }, "no level");
        assert_eq!(findings.errors(), 1);
        let shown: Vec<_> = findings.into_list().iter().map(Finding::to_string).collect();
        let expected = [
            "a.yml:3:7: unknown modifier `contians`\n  hint: did you mean `contains`?",
            "a.yml:4:1: warning: no level",
        ];
        assert_eq!(shown, expected);
    }
}
