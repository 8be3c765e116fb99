//! YAML documents as trees in which everything has a place, and scalars keep the text that was typed.

use crate::finding::{Findings, Place};
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_yaml::{Location, Options, Spanned};
use std::fmt;

/// A part of a document.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Node {
    pub(crate) place: Place,
    /// Where the text of a scalar on one line starts, after its quote.
    pub(crate) inner: Option<Place>,
    pub(crate) value: Value,
}

/// What a part is.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Value {
    /// Nothing was typed, or `null`.
    Null,
    /// A quoted text, or one that is nothing else.
    Text(String),
    /// A number, as typed.
    Number(String),
    /// A truth value: `true` or `false`.
    Flag(bool),
    /// A sequence.
    List(Vec<Node>),
    /// A mapping, in the order of the text. Keys are not repeated.
    Map(Vec<(Key, Node)>),
}

/// A key of a map.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Key {
    pub(crate) place: Place,
    /// Where its text starts, after its quote.
    pub(crate) inner: Place,
    pub(crate) name: String,
}

/// Reads all documents of a text that are not empty; `None`, with a finding, when it is not YAML.
pub(crate) fn documents(text: &str, findings: &mut Findings) -> Option<Vec<Node>> {
    let parsed: Result<Vec<Spanned<Raw>>, _> = serde_yaml::from_multiple_with_options(text, options());
    match parsed {
        Ok(raw) => Some(raw.into_iter().map(|raw| Node::from_raw(text, raw)).collect()),
        Err(error) => {
            let start = Place { line: 1, column: 1 };
            let place = error.location().map(place).unwrap_or(start);
            let shown = error.without_snippet().to_string();
            let cause = shown.split(" at line ").next().unwrap_or(&shown);
            // The parser's advice is for programmers.
            let cause = cause.split(", set Dup").next().unwrap_or(cause);
            match cause.strip_prefix("budget breached: ") {
                Some(limit) => findings
                    .error(place, format!("more than is read of one file: {limit}"))
                    .hint("spread the rules over several files"),
                None => findings
                    .error(place, format!("not YAML: {cause}"))
                    .hint("a quote, bracket or indentation that is wrong is often in the line above"),
            };
            None
        }
    }
}

impl Node {
    fn from_raw(text: &str, raw: Spanned<Raw>) -> Self {
        let location = raw.defined;
        let value = match raw.value {
            Raw::Null => Value::Null,
            Raw::Text(text) => Value::Text(text),
            Raw::Flag(flag) => Value::Flag(flag),
            Raw::Number(shown) => Value::Number(typed(text, location).unwrap_or(shown)),
            Raw::List(items) => {
                Value::List(items.into_iter().map(|item| Self::from_raw(text, item)).collect())
            }
            Raw::Map(entries) => {
                let entry =
                    |(key, value): (Spanned<String>, _)| (Key::new(text, key), Self::from_raw(text, value));
                Value::Map(entries.into_iter().map(entry).collect())
            }
        };
        Self { place: place(location), inner: inner(text, location), value }
    }

    /// The kind, for messages.
    pub(crate) fn kind(&self) -> &'static str {
        match self.value {
            Value::Null => "nothing",
            Value::Text(_) => "a text",
            Value::Number(_) => "a number",
            Value::Flag(_) => "a truth value",
            Value::List(_) => "a list",
            Value::Map(_) => "a map",
        }
    }

    /// A single value as it was typed, without quotes.
    pub(crate) fn scalar(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) | Value::Number(text) => Some(text),
            Value::Flag(true) => Some("true"),
            Value::Flag(false) => Some("false"),
            _ => None,
        }
    }

    /// The entries of a map; a finding when it is none.
    pub(crate) fn map(&self, what: &str, findings: &mut Findings) -> Option<&[(Key, Node)]> {
        match &self.value {
            Value::Map(entries) => Some(entries),
            _ => {
                findings.error(self.place, format!("{what} is {}, not a map", self.kind()));
                None
            }
        }
    }

    /// A text, or a finding.
    pub(crate) fn text(&self, what: &str, findings: &mut Findings) -> Option<&str> {
        let scalar = self.scalar();
        if scalar.is_none() {
            findings.error(self.place, format!("{what} is {}, not a text", self.kind()));
        }
        scalar
    }

    /// A list of texts with their places; a single text counts as a list of one.
    pub(crate) fn texts(&self, what: &str, findings: &mut Findings) -> Vec<(Place, String)> {
        let items = match &self.value {
            Value::List(items) => items.as_slice(),
            _ => std::slice::from_ref(self),
        };
        items.iter().filter_map(|item| Some((item.place, item.text(what, findings)?.to_owned()))).collect()
    }
}

impl Key {
    fn new(text: &str, key: Spanned<String>) -> Self {
        let place = place(key.defined);
        Self { place, inner: inner(text, key.defined).unwrap_or(place), name: key.value }
    }
}

/// Only `true` and `false` are truth values: `yes` and `on` are texts that rules look for. Depth is bounded, because
/// reading recurses; the number of documents, nodes and aliases, because a short text could stand for a very long one.
fn options() -> Options {
    serde_yaml::options! {
        strict_booleans: true,
        with_snippet: false,
        budget: serde_yaml::budget! { max_depth: 64, max_documents: 1_024 },
    }
}

fn place(location: Location) -> Place {
    Place { line: location.line().max(1), column: location.column().max(1) }
}

/// A number as it was typed: `2.0` stays `2.0`, `0x1f` stays `0x1f`.
fn typed(text: &str, location: Location) -> Option<String> {
    source(text, location).map(|typed| typed.trim().to_owned())
}

/// What stands in the file.
fn source(text: &str, location: Location) -> Option<&str> {
    let span = location.span();
    let start = usize::try_from(span.byte_offset()?).ok()?;
    let length = usize::try_from(span.byte_len()?).ok()?;
    text.get(start..start.checked_add(length)?)
}

fn inner(text: &str, location: Location) -> Option<Place> {
    let typed = source(text, location)?.trim_end();
    let quote = usize::from(typed.starts_with(['"', '\'']));
    (!typed.contains('\n') && !typed.starts_with(['|', '>'])).then(|| place(location).right(quote))
}

/// What the YAML parser gives.
enum Raw {
    Null,
    Text(String),
    Number(String),
    Flag(bool),
    List(Vec<Spanned<Raw>>),
    Map(Vec<(Spanned<String>, Spanned<Raw>)>),
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RawVisitor)
    }
}

struct RawVisitor;

impl<'de> Visitor<'de> for RawVisitor {
    type Value = Raw;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Raw, E> {
        Ok(Raw::Null)
    }

    fn visit_none<E>(self) -> Result<Raw, E> {
        Ok(Raw::Null)
    }

    fn visit_str<E>(self, text: &str) -> Result<Raw, E> {
        Ok(Raw::Text(text.to_owned()))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Raw, E> {
        Ok(Raw::Flag(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Raw, E> {
        Ok(Raw::Number(value.to_string()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Raw, E> {
        Ok(Raw::Number(value.to_string()))
    }

    fn visit_u128<E>(self, value: u128) -> Result<Raw, E> {
        Ok(Raw::Number(value.to_string()))
    }

    fn visit_i128<E>(self, value: i128) -> Result<Raw, E> {
        Ok(Raw::Number(value.to_string()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Raw, E> {
        Ok(Raw::Number(value.to_string()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Raw, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Raw::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Raw, A::Error> {
        let mut map = Vec::new();
        while let Some(entry) = entries.next_entry()? {
            map.push(entry);
        }
        Ok(Raw::Map(map))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (Option<Vec<Node>>, Vec<String>) {
        let mut findings = Findings::new("a.yml".into());
        let documents = documents(text, &mut findings);
        (documents, findings.into_list().iter().map(ToString::to_string).collect())
    }

    #[test]
    fn scalars_keep_their_kind_and_what_was_typed() {
        let (documents, _) = read("- [2.0, 0x1F, '3', yes, true, null, ~, a: b]\n");
        let documents = documents.expect("YAML");
        let Value::List(lists) = &documents[0].value else { panic!("{documents:?}") };
        let Value::List(items) = &lists[0].value else { panic!("{lists:?}") };
        let seen: Vec<_> = items.iter().map(|item| item.value.clone()).take(7).collect();
        let text = |text: &str| Value::Text(text.into());
        let number = |text: &str| Value::Number(text.into());
        let expected = [
            number("2.0"),
            number("0x1F"),
            text("3"),
            text("yes"),
            Value::Flag(true),
            Value::Null,
            Value::Null,
        ];
        assert_eq!(seen, expected);
    }

    #[test]
    fn places_of_a_later_document_count_from_the_top_of_the_file() {
        let (documents, _) = read("---\na: 1\n---\n\nb:\n  c: d\n");
        let documents = documents.expect("YAML");
        assert_eq!(documents.len(), 2);
        let Value::Map(entries) = &documents[1].value else { panic!("{documents:?}") };
        assert_eq!(entries[0].0.place, Place { line: 5, column: 1 });
    }

    #[test]
    fn what_is_no_yaml_is_told_with_its_place() {
        let (documents, shown) = read("a: 1\na: 2\n");
        assert_eq!(documents, None);
        assert!(shown[0].starts_with("a.yml:2:1: not YAML: duplicate mapping key: a"), "{shown:?}");
    }

    #[test]
    fn too_many_documents_are_told_as_such() {
        let (documents, shown) = read(&"a: 1\n---\n".repeat(2_000));
        assert_eq!(documents, None);
        assert!(
            shown[0].contains("more than is read of one file") && shown[0].contains("several files"),
            "{shown:?}"
        );
    }

    #[test]
    fn deep_nesting_is_an_error_and_not_the_end_of_the_stack() {
        let (documents, shown) = read(&"[".repeat(100_000));
        assert_eq!(documents, None);
        assert!(shown[0].contains("not YAML") || shown[0].contains("more than is read"), "{shown:?}");
    }
}
