//! What is wrong with a scenario, and where.

use rpcscope_catalog::nearest;
use std::fmt;

pub use rpcscope_text::Place;

/// One mistake.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ScenarioError {
    /// Where it stands.
    pub place: Place,
    /// What is wrong; lower case, no full stop.
    pub cause: String,
    /// What to write instead, when that can be told.
    pub hint: Option<String>,
}

impl ScenarioError {
    pub(crate) fn new(place: Place, cause: impl Into<String>) -> Self {
        Self { place, cause: cause.into(), hint: None }
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Adds the names nearest to `name` as a hint, or all of them when there are few.
    pub(crate) fn nearest(self, name: &str, known: &[&str]) -> Self {
        match nearest(name, known).as_slice() {
            [] if known.is_empty() => self,
            [] if known.len() <= FEW => self.hint(format!("known: {}", quoted(known))),
            [] => self,
            near => self.hint(format!("did you mean {}?", quoted(near))),
        }
    }
}

/// All mistakes of a scenario, in the order of their places; at least one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ScenarioErrors(pub Vec<ScenarioError>);

impl ScenarioErrors {
    /// The mistakes as lines of a compiler: `file:line:column: cause`, and hints below.
    pub fn in_file<'a>(&'a self, file: &'a str) -> impl fmt::Display + 'a {
        InFile { errors: self, file }
    }
}

impl fmt::Display for ScenarioErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.in_file("scenario").fmt(f)
    }
}

impl std::error::Error for ScenarioErrors {}

struct InFile<'a> {
    errors: &'a ScenarioErrors,
    file: &'a str,
}

impl fmt::Display for InFile<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, error) in self.errors.0.iter().enumerate() {
            let gap = if number == 0 { "" } else { "\n" };
            let Place { line, column } = error.place;
            write!(f, "{gap}{}:{line}:{column}: {}", self.file, error.cause)?;
            if let Some(hint) = &error.hint {
                write!(f, "\n  hint: {hint}")?;
            }
        }
        Ok(())
    }
}

pub(crate) fn quoted(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// Names that are still read when all are listed.
const FEW: usize = 24;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mistakes_are_shown_with_file_line_and_column() {
        let place = Place { line: 3, column: 7 };
        let one = ScenarioError::new(place, "unknown key `prot`").nearest("prot", &["port", "pipe"]);
        let two = ScenarioError::new(place, "no bind before this call");
        let shown = ScenarioErrors(vec![one, two]).in_file("a.yml").to_string();
        let expected = "a.yml:3:7: unknown key `prot`\n  hint: did you mean `port`?\na.yml:3:7: no bind before this call";
        assert_eq!(shown, expected);
    }
}
