//! YAML as a tree in which everything has a place, and scalars keep the text that was typed.

use super::error::{Place, ScenarioError};
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_yaml::{Location, Spanned};
use std::fmt;

/// A part of a scenario.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Node {
    pub(crate) place: Place,
    pub(crate) value: Value,
}

/// What a part is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Value {
    /// Nothing was typed, or `~`.
    Nothing,
    /// Text, a number, a truth value: as typed, without quotes.
    Scalar(String),
    List(Vec<Node>),
    Map(Vec<(Key, Node)>),
}

/// A key of a map.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Key {
    pub(crate) place: Place,
    pub(crate) name: String,
}

impl Node {
    /// Reads a text.
    pub(crate) fn parse(text: &str) -> Result<Self, ScenarioError> {
        let raw: Spanned<Raw> = serde_yaml::from_str(text).map_err(|error| {
            let place = error.location().map(place).unwrap_or(Place { line: 1, column: 1 });
            let shown = error.without_snippet().to_string();
            let cause = shown.split(" at line ").next().unwrap_or(&shown);
            // The parser's advice is for programmers.
            let cause = cause.split(", set Dup").next().unwrap_or(cause);
            ScenarioError::new(place, format!("not YAML: {cause}"))
                .hint("a brace, bracket or quote that is not closed is often in the line above")
        })?;
        Ok(Self::from_raw(text, raw))
    }

    fn from_raw(text: &str, raw: Spanned<Raw>) -> Self {
        let location = raw.defined;
        let value = match raw.value {
            Raw::Null => Value::Nothing,
            Raw::Text(text) => Value::Scalar(text),
            Raw::Plain(shown) => Value::Scalar(typed(text, location).unwrap_or(shown)),
            Raw::List(items) => {
                Value::List(items.into_iter().map(|item| Self::from_raw(text, item)).collect())
            }
            Raw::Map(entries) => {
                let entry = |(key, value): (Spanned<String>, _)| {
                    let key = Key { place: place(key.defined), name: key.value };
                    (key, Self::from_raw(text, value))
                };
                Value::Map(entries.into_iter().map(entry).collect())
            }
        };
        Self { place: place(location), value }
    }

    /// The kind, for messages.
    pub(crate) fn kind(&self) -> &'static str {
        match self.value {
            Value::Nothing => "nothing",
            Value::Scalar(_) => "a single value",
            Value::List(_) => "a list",
            Value::Map(_) => "a map",
        }
    }
}

fn place(location: Location) -> Place {
    Place { line: location.line().max(1), column: location.column().max(1) }
}

/// A number as it was typed: `2.0` stays `2.0`, `0x1f` stays `0x1f`.
fn typed(text: &str, location: Location) -> Option<String> {
    let span = location.span();
    let start = usize::try_from(span.byte_offset()?).ok()?;
    let length = usize::try_from(span.byte_len()?).ok()?;
    text.get(start..start.checked_add(length)?).map(|typed| typed.trim().to_owned())
}

/// What the YAML parser gives.
enum Raw {
    Null,
    Text(String),
    Plain(String),
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
        Ok(Raw::Plain(value.to_string()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Raw, E> {
        Ok(Raw::Plain(value.to_string()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Raw, E> {
        Ok(Raw::Plain(value.to_string()))
    }

    fn visit_u128<E>(self, value: u128) -> Result<Raw, E> {
        Ok(Raw::Plain(value.to_string()))
    }

    fn visit_i128<E>(self, value: i128) -> Result<Raw, E> {
        Ok(Raw::Plain(value.to_string()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Raw, E> {
        Ok(Raw::Plain(value.to_string()))
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
    fn scalars_keep_what_was_typed_and_where() {
        let node = Node::parse("- {version: 2.0, mask: 0x1F, name: 'a b'}\n- yes\n").expect("YAML");
        let Value::List(items) = &node.value else { panic!("{node:?}") };
        let Value::Map(entries) = &items[0].value else { panic!("{items:?}") };
        let seen: Vec<_> =
            entries.iter().map(|(key, value)| (key.name.as_str(), value.value.clone())).collect();
        let scalar = |text: &str| Value::Scalar(text.to_owned());
        assert_eq!(seen, [("version", scalar("2.0")), ("mask", scalar("0x1F")), ("name", scalar("a b"))]);
        assert_eq!(entries[1].1.place, Place { line: 1, column: 24 });
        assert_eq!((&items[1].value, items[1].place), (&scalar("yes"), Place { line: 2, column: 3 }));
    }

    #[test]
    fn what_is_no_yaml_is_told_with_its_place() {
        let error = Node::parse("- a: 1\n  a: 2\n").expect_err("a key twice");
        assert_eq!(error.place, Place { line: 2, column: 3 });
        assert_eq!(error.cause, "not YAML: duplicate mapping key: a");
        assert_eq!(Node::parse("- {a: b\n").expect_err("open").place, Place { line: 1, column: 3 });
    }
}
