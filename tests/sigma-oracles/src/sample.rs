//! Events that are near to what a rule wants.

use crate::event::Event;
use crate::random::Random;
use crate::rule::{EXPRESSIONS, FIELDS, Item, Rule};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Draws an event that has what the rule wants, some of it, or nearly.
pub fn sample(rule: &Rule, random: &mut Random) -> Event {
    let mut event = Event::default();
    for item in &rule.items {
        let field = item.field.as_deref().unwrap_or_else(|| random.pick(&FIELDS));
        // Of several items for a field, any one counts.
        if event.0.contains_key(field) && random.once_in(2) || random.once_in(8) {
            continue;
        }
        let value = if random.once_in(16) { stray(random) } else { wanted(item, &event, random) };
        event.0.insert(field.to_owned(), value);
    }
    if random.once_in(4) {
        let field = random.pick(&FIELDS);
        let value = stray(random);
        event.0.entry(field).or_insert(value);
    }
    event
}

/// A value that no rule has in mind.
fn stray(random: &mut Random) -> Value {
    match random.below(11) {
        0 => json!(true),
        1 => json!(false),
        2 => json!(7),
        3 => json!(42.0),
        4 => json!(0),
        5 => json!(""),
        6 => json!("yes"),
        7 => json!(["a", 1, "svcctl"]),
        8 => json!("4 2"),
        9 => json!("0x2a"),
        _ => json!("none of this"),
    }
}

fn wanted(item: &Item, event: &Event, random: &mut Random) -> Value {
    let value = if item.has("all") && random.once_in(2) {
        let texts: Vec<String> = item.texts().map(|text| instance(item, text, random)).collect();
        Value::String(texts.concat())
    } else {
        like(item, &item.values[random.below(item.values.len())], event, random)
    };
    match (value, stray(random)) {
        (value, _) if value.is_array() || !random.once_in(16) => value,
        (value, Value::Array(mut others)) => {
            others.push(value);
            Value::Array(others)
        }
        (value, other) => json!([other, value]),
    }
}

/// A value that meets one value of a rule, or nearly does.
fn like(item: &Item, value: &Value, event: &Event, random: &mut Random) -> Value {
    match value {
        Value::Number(number) => match (number.as_i64(), random.below(6)) {
            (Some(whole), 0) => json!(whole + 1),
            (Some(whole), 1) => json!(whole - 1),
            (_, 2) => json!(number.as_f64().unwrap_or(0.0) + 0.5),
            (_, 3) => json!(number.to_string()),
            _ => value.clone(),
        },
        Value::Bool(flag) => match random.below(4) {
            0 => json!(!flag),
            1 => json!(flag.to_string()),
            _ => value.clone(),
        },
        Value::String(text) if item.has("fieldref") => {
            let other = event.0.get(text).cloned().unwrap_or_else(|| stray(random));
            match other {
                Value::String(text) => Value::String(near(text, random)),
                other => other,
            }
        }
        Value::String(text) => {
            let text = instance(item, text, random);
            match text.parse::<i64>() {
                Ok(number) if random.once_in(2) => json!(number),
                _ => Value::String(near(text, random)),
            }
        }
        _ => stray(random),
    }
}

/// A text that a text of a rule means.
fn instance(item: &Item, text: &str, random: &mut Random) -> String {
    if item.has("re") {
        let known = EXPRESSIONS.iter().find(|(expression, _)| *expression == text);
        return known.map_or_else(String::new, |(_, found)| random.pick(found).to_owned());
    }
    if item.has("cidr") {
        return address(text, random);
    }
    let mut text = fill(text, item.has("windash"), random);
    if item.has_any(&["base64", "base64offset"]) {
        text = encode(item, &text, random);
    }
    let around = |random: &mut Random| random.pick(&["", "", "x", "a b ", "\n", "é"]);
    let anywhere = item.has("contains") || item.field.is_none();
    if anywhere || item.has("endswith") {
        text.insert_str(0, around(random));
    }
    if anywhere || item.has("startswith") {
        text.push_str(around(random));
    }
    text
}

/// Reads escapes, and puts something in the place of wildcards.
fn fill(text: &str, dashes: bool, random: &mut Random) -> String {
    let mut filled = String::new();
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\\' if characters.peek().is_some_and(|next| matches!(next, '\\' | '*' | '?')) => {
                filled.extend(characters.next());
            }
            '*' => filled.push_str(random.pick(&["", "", "x", "abc", "b", "\\", "a\nb"])),
            '?' => filled.push_str(random.pick(&["x", "b", "Ä", "\n", "?", ""])),
            '-' | '–' if dashes => filled.push(random.pick(&['-', '/', '–', '—', '―', '+'])),
            other => filled.push(other),
        }
    }
    filled
}

fn encode(item: &Item, text: &str, random: &mut Random) -> String {
    let mut bytes = item.bytes(text);
    if item.has("base64offset") {
        let before: &[u8] = random.pick(&[b"".as_slice(), b"x", b"yz", b"abc"]);
        bytes.splice(0..0, before.iter().copied());
        bytes.extend_from_slice(random.pick(&[b"".as_slice(), b"x", b"yz", b"abc"]));
    }
    STANDARD.encode(bytes)
}

/// An address of a network, or one beside it.
fn address(network: &str, random: &mut Random) -> String {
    let base = network.split('/').next().unwrap_or(network);
    let low = random.below(256);
    match base.parse() {
        Ok(IpAddr::V4(base)) => {
            let flipped = if random.once_in(3) { 1_u32 << random.below(32) } else { 0 };
            Ipv4Addr::from((u32::from(base) | u32::try_from(low).unwrap_or(0)) ^ flipped).to_string()
        }
        Ok(IpAddr::V6(base)) => {
            let flipped = if random.once_in(3) { 1_u128 << random.below(128) } else { 0 };
            Ipv6Addr::from((u128::from(base) | low as u128) ^ flipped).to_string()
        }
        Err(_) => base.to_owned(),
    }
}

/// The same text, or one with a small change.
fn near(text: String, random: &mut Random) -> String {
    let boundary = |random: &mut Random| {
        let places: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
        random.pick(&places)
    };
    match random.below(10) {
        0 => text.to_uppercase(),
        1 => text.to_lowercase(),
        2 => text[..boundary(random)].to_owned(),
        3 => {
            let at = boundary(random);
            let inserted = random.pick(&["*", "?", "\\", " ", "x"]);
            format!("{}{inserted}{}", &text[..at], &text[at..])
        }
        _ => text,
    }
}
