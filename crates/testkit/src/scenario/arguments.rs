//! Arguments of an operation, as typed.

use super::error::ScenarioError;
use super::fields::{Fields, Parsed, list, parse_hex, parse_number, text};
use super::names::interface;
use crate::stub::{Argument, Arguments, CLASSES, Kind, Typed, class, handle_bytes};
use rpcscope_text::{Node, Value};
use uuid::Uuid;

/// The arguments in a map, and the usual ones where it names none.
pub(crate) fn read(node: &Node, known: &'static [Argument]) -> Parsed<Arguments> {
    let fields = Fields::new(node, "args")?;
    let mut arguments = Arguments::usual(known);
    for argument in known {
        if let Some(value) = fields.optional(argument.name) {
            arguments.set(argument.name, typed(value, argument)?);
        }
    }
    fields.finish()?;
    Ok(arguments)
}

fn typed(node: &Node, argument: &Argument) -> Parsed<Typed> {
    let name = argument.name;
    let wrong = |cause: String| ScenarioError::new(node.place, cause);
    if node.value == Value::Null {
        return match argument.kind {
            Kind::OptionalText => Ok(Typed::Absent),
            _ => Err(wrong(format!("`{name}` wants {}", argument.kind))),
        };
    }
    if argument.kind == Kind::Texts {
        let texts =
            list(node).iter().map(|item| text(item).map(str::to_owned)).collect::<Parsed<Vec<_>>>()?;
        if texts.len() > MOST_TEXTS || texts.iter().any(|text| text.len() > LONGEST_TEXT) {
            return Err(wrong(format!("`{name}` is too long")));
        }
        return Ok(Typed::Texts(texts));
    }
    if argument.kind == Kind::Interfaces {
        let uuids =
            list(node).iter().map(|item| Ok(interface(item)?.syntax.uuid)).collect::<Parsed<Vec<_>>>()?;
        if uuids.len() > MOST_TEXTS {
            return Err(wrong(format!("`{name}` is too long")));
        }
        return Ok(Typed::Uuids(uuids));
    }
    let given = text(node)?;
    if given.len() > LONGEST_TEXT * 2 {
        return Err(wrong(format!("`{name}` has more than {LONGEST_TEXT} characters")));
    }
    let want = || wrong(format!("`{name}` wants {}, this is `{given}`", argument.kind));
    Ok(match argument.kind {
        Kind::Text | Kind::OptionalText if given.len() > LONGEST_TEXT => {
            return Err(wrong(format!("`{name}` has more than {LONGEST_TEXT} characters")));
        }
        Kind::Handle if given.starts_with("hex:") && handle_bytes(given).is_none() => {
            return Err(wrong(format!("`{name}` wants 20 bytes after `hex:`, or a word")));
        }
        Kind::Text | Kind::OptionalText | Kind::Handle => Typed::Text(given.to_owned()),
        Kind::Number => {
            let number = parse_number(given).and_then(|number| u32::try_from(number).ok());
            Typed::Number(number.ok_or_else(want)?)
        }
        Kind::Bytes => match given.strip_prefix("hex:") {
            Some(hex) => Typed::Bytes(parse_hex(hex).ok_or_else(want)?),
            None => Typed::Bytes(given.as_bytes().to_vec()),
        },
        Kind::Uuid => match Uuid::parse_str(given) {
            Ok(uuid) => Typed::Uuid(uuid),
            // An object's identifier may be a word: the same word is the same identifier everywhere.
            Err(_) => Typed::Uuid(crate::stub::identifier(given)),
        },
        Kind::Class => Typed::Uuid(class(given).ok_or_else(|| {
            let names: Vec<&str> = CLASSES.iter().map(|(name, _)| *name).collect();
            wrong(format!("unknown class `{given}`")).nearest(given, &names)
        })?),
        Kind::Texts | Kind::Interfaces => return Err(want()),
    })
}

/// Lengths of strings stand in two bytes in many structures.
const LONGEST_TEXT: usize = 16_000;
const MOST_TEXTS: usize = 256;
