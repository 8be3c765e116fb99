//! The text of a scenario as a tree.

use super::error::{Place, ScenarioError};
use rpcscope_text::{Node, Value, documents};

/// Reads the one document of a scenario.
pub(crate) fn parse(text: &str) -> Result<Node, ScenarioError> {
    let found =
        documents(text).map_err(|error| ScenarioError::new(error.place, error.cause).hint(error.hint))?;
    let mut found = found.into_iter();
    let first = found.next().unwrap_or_else(|| Node::new(Place::START, Value::Null));
    match found.next() {
        None => Ok(first),
        Some(second) => Err(ScenarioError::new(second.place, "a second document: a scenario is one")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scenario_is_one_document() {
        let error = parse("- a\n---\n- b\n").expect_err("two");
        assert_eq!((error.place.line, error.cause.as_str()), (3, "a second document: a scenario is one"));
        assert_eq!(parse("# nothing\n").expect("a comment").value, Value::Null);
    }

    #[test]
    fn what_is_no_yaml_is_told_with_its_place() {
        let error = parse("- a: 1\n  a: 2\n").expect_err("a key twice");
        assert_eq!(error.place, Place { line: 2, column: 3 });
        assert_eq!(error.cause, "not YAML: duplicate mapping key: a");
    }
}
