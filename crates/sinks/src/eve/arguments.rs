//! Decoded arguments.

use crate::json::{Json, key};
use rpcscope_model::{Arguments, List, Value};
use std::borrow::Cow;

/// Writes the arguments; which of them are not whole; and what stopped their decoding, if anything did.
pub(super) fn write(json: &mut Json<'_>, arguments: &Arguments) {
    json.open(key!("args"));
    for (name, argument) in arguments.fields() {
        json.key_named(name);
        value(json, argument);
    }
    json.close();
    if arguments.iter().any(|(_, argument)| is_cut(argument)) {
        json.open_array(key!("args_cut"));
        for (name, _) in arguments.iter().filter(|(_, argument)| is_cut(argument)) {
            json.string_value(name);
        }
        json.close_array();
    }
    if let Some(stopped) = arguments.stopped {
        json.open(key!("args_stopped"));
        json.plain(key!("reason"), stopped.reason.name());
        json.string(key!("field"), stopped.field);
        json.number(key!("offset"), stopped.offset as u64);
        json.close();
    }
}

#[inline]
fn value(json: &mut Json<'_>, value: &Value) {
    match value {
        Value::Text(text) => json.string_value(&text.string),
        Value::Sid(sid) => json.string_value(sid),
        Value::Symbol(_, name) => json.string_value(name),
        Value::Number(number) => json.number_value(*number),
        Value::Signed(number) => json.signed_value(*number),
        Value::Flag(flag) => json.boolean_value(*flag),
        Value::Status(status) => json.status_value(*status),
        Value::Uuid(uuid) => json.uuid_value(*uuid),
        Value::Time(time) => json.time_value(*time),
        Value::Bytes(bytes) => json.hex_value(&bytes.head),
        Value::List(list) => self::list(json, list),
        Value::Fields(fields) => self::fields(json, fields),
    }
}

fn list(json: &mut Json<'_>, list: &List) {
    json.open_array_value();
    for item in &list.values {
        value(json, item);
    }
    json.close_array();
}

fn fields(json: &mut Json<'_>, fields: &[(Cow<'static, str>, Value)]) {
    json.open_value();
    for (at, (name, field)) in fields.iter().enumerate().take(MOST_FIELDS) {
        if !is_repeated(fields, at, name) {
            json.key_named(name);
            value(json, field);
        }
    }
    json.close();
}

/// Whether a member of this name was written before: names from the wire may come twice, those of an object may not.
fn is_repeated(fields: &[(Cow<'static, str>, Value)], at: usize, name: &str) -> bool {
    fields.iter().take(at).any(|(known, _)| known == name)
}

/// Whether the end of a value, or of a part of it, was left out.
#[inline]
fn is_cut(value: &Value) -> bool {
    match value {
        Value::Text(text) => text.cut,
        Value::Bytes(bytes) => bytes.head.len() < bytes.length,
        Value::List(list) => is_list_cut(list),
        Value::Fields(fields) => are_fields_cut(fields),
        _ => false,
    }
}

#[inline(never)]
fn is_list_cut(list: &List) -> bool {
    list.omitted > 0 || list.values.iter().any(is_cut)
}

#[inline(never)]
fn are_fields_cut(fields: &[(Cow<'static, str>, Value)]) -> bool {
    fields.len() > MOST_FIELDS || fields.iter().any(|(_, field)| is_cut(field))
}

/// Members of one object that are written. Windows has no class with more properties that anybody asks for.
const MOST_FIELDS: usize = 256;
