//! YAML documents as trees in which everything has a place, and scalars keep the text that was typed.

use crate::Place;
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_yaml::{Location, Options, Spanned};
use std::fmt;

/// A part of a document.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Node {
    /// Where it starts.
    pub place: Place,
    /// Where the text of a scalar on one line starts, after its quote.
    pub inner: Option<Place>,
    /// What it is.
    pub value: Value,
}

/// What a part is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Value {
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
pub struct Key {
    /// Where it starts.
    pub place: Place,
    /// Where its text starts, after its quote.
    pub inner: Place,
    /// Its text, without quotes.
    pub name: String,
}

/// Why a text is no YAML, or more than is read of one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct YamlError {
    /// Where reading stopped.
    pub place: Place,
    /// What is wrong; lower case, no full stop.
    pub cause: String,
    /// What to do.
    pub hint: &'static str,
}

/// Reads all documents of a text that are not empty.
pub fn documents(text: &str) -> Result<Vec<Node>, YamlError> {
    let raw: Vec<Spanned<Raw>> =
        serde_yaml::from_multiple_with_options(text, options()).map_err(|error| YamlError::new(&error))?;
    Ok(raw.into_iter().map(|raw| Node::from_raw(text, raw)).collect())
}

impl YamlError {
    fn new(error: &serde_yaml::Error) -> Self {
        let place = error.location().map_or(Place::START, place);
        let shown = error.without_snippet().to_string();
        let cause = shown.split(" at line ").next().unwrap_or(&shown);
        // The parser's advice is for programmers.
        let cause = cause.split(", set Dup").next().unwrap_or(cause);
        match cause.strip_prefix("budget breached: ") {
            Some(limit) => Self {
                place,
                cause: format!("more than is read of one file: {limit}"),
                hint: "spread it over several files",
            },
            None => Self {
                place,
                cause: format!("not YAML: {cause}"),
                hint: "a quote, bracket or indentation that is wrong is often in the line above",
            },
        }
    }
}

impl Node {
    /// A part that stands in no text, such as a default.
    pub fn new(place: Place, value: Value) -> Self {
        Self { place, inner: None, value }
    }

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
                let entry = |(key, value): (Spanned<String>, _)| {
                    (Key::from_raw(text, key), Self::from_raw(text, value))
                };
                Value::Map(entries.into_iter().map(entry).collect())
            }
        };
        Self { place: place(location), inner: inner(text, location), value }
    }

    /// The kind, for messages.
    pub fn kind(&self) -> &'static str {
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
    pub fn scalar(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) | Value::Number(text) => Some(text),
            Value::Flag(true) => Some("true"),
            Value::Flag(false) => Some("false"),
            _ => None,
        }
    }
}

impl Key {
    /// A key that stands in no text.
    pub fn new(place: Place, name: impl Into<String>) -> Self {
        Self { place, inner: place, name: name.into() }
    }

    fn from_raw(text: &str, key: Spanned<String>) -> Self {
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

    #[test]
    fn scalars_keep_their_kind_and_what_was_typed() {
        let documents = documents("- [2.0, 0x1F, '3', yes, true, null, ~, a: b]\n").expect("YAML");
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
        let documents = documents("---\na: 1\n---\n\nb:\n  c: d\n").expect("YAML");
        assert_eq!(documents.len(), 2);
        let Value::Map(entries) = &documents[1].value else { panic!("{documents:?}") };
        assert_eq!(entries[0].0.place, Place { line: 5, column: 1 });
    }

    #[test]
    fn what_is_no_yaml_is_told_with_its_place() {
        let error = documents("a: 1\na: 2\n").expect_err("a key twice");
        assert_eq!(error.place, Place { line: 2, column: 1 });
        assert!(error.cause.starts_with("not YAML: duplicate mapping key: a"), "{error:?}");
    }

    #[test]
    fn too_many_documents_are_told_as_such() {
        let error = documents(&"a: 1\n---\n".repeat(2_000)).expect_err("too many");
        assert!(error.cause.starts_with("more than is read of one file"), "{error:?}");
        assert!(error.hint.contains("several files"));
    }

    #[test]
    fn deep_nesting_is_an_error_and_not_the_end_of_the_stack() {
        let error = documents(&"[".repeat(100_000)).expect_err("too deep");
        assert!(
            error.cause.starts_with("not YAML") || error.cause.starts_with("more than is read"),
            "{error:?}"
        );
    }
}
