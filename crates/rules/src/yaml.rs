//! YAML with findings about what is not as expected.

use crate::finding::{Findings, Place};
use rpcscope_text::{Key, Node, Value};

/// Reads all documents of a text that are not empty; `None`, with a finding, when it is not YAML.
pub(crate) fn documents(text: &str, findings: &mut Findings) -> Option<Vec<Node>> {
    match rpcscope_text::documents(text) {
        Ok(documents) => Some(documents),
        Err(error) => {
            findings.error(error.place, error.cause).hint(error.hint);
            None
        }
    }
}

/// A part of a document that is expected to be something.
pub(crate) trait Expect {
    /// The entries of a map; a finding when it is none.
    fn map(&self, what: &str, findings: &mut Findings) -> Option<&[(Key, Node)]>;

    /// A text, or a finding.
    fn text(&self, what: &str, findings: &mut Findings) -> Option<&str>;

    /// A list of texts with their places; a single text counts as a list of one.
    fn texts(&self, what: &str, findings: &mut Findings) -> Vec<(Place, String)>;
}

impl Expect for Node {
    fn map(&self, what: &str, findings: &mut Findings) -> Option<&[(Key, Node)]> {
        match &self.value {
            Value::Map(entries) => Some(entries),
            _ => {
                findings.error(self.place, format!("{what} is {}, not a map", self.kind()));
                None
            }
        }
    }

    fn text(&self, what: &str, findings: &mut Findings) -> Option<&str> {
        let scalar = self.scalar();
        if scalar.is_none() {
            findings.error(self.place, format!("{what} is {}, not a text", self.kind()));
        }
        scalar
    }

    fn texts(&self, what: &str, findings: &mut Findings) -> Vec<(Place, String)> {
        let items = match &self.value {
            Value::List(items) => items.as_slice(),
            _ => std::slice::from_ref(self),
        };
        items.iter().filter_map(|item| Some((item.place, item.text(what, findings)?.to_owned()))).collect()
    }
}
