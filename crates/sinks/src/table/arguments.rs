//! The line below a call: what it was asked to do.

use super::{DIM, push_visible};
use crate::text::{cut_to, painted, push_display};
use crate::{Context, decimal};
use rpcscope_model::{Arguments, Value};
use uuid::Uuid;

/// Appends a line of arguments, cut to the width of the terminal, when any of them tells something.
pub(super) fn line(arguments: &Arguments, context: &Context<'_>, out: &mut Vec<u8>) {
    // Numbers alone (levels, access masks, status) do not tell what was done.
    if !arguments.iter().any(|(_, value)| tells(value)) {
        return;
    }
    painted(out, DIM, context.colour, |out| {
        let start = out.len();
        // What tells something comes first: the end of the line may be cut off.
        let telling = arguments.iter().filter(|(_, value)| tells(value));
        let others = arguments.iter().filter(|(_, value)| !tells(value) && is_shown(value));
        for (at, (name, argument)) in telling.chain(others).enumerate() {
            out.extend_from_slice(if at == 0 { INDENT } else { b"  " });
            push_visible(out, name);
            out.push(b'=');
            push_value(out, argument);
        }
        cut_to(out, start, context.columns.into());
    });
    out.push(b'\n');
}

/// Whether a person learns from a value what a call is about.
fn tells(value: &Value) -> bool {
    match value {
        Value::Text(text) => !text.string.is_empty(),
        Value::Sid(_) => true,
        Value::Uuid(uuid) => interface_name(uuid).is_some(),
        Value::List(list) => list.values.iter().any(tells),
        Value::Fields(fields) => fields.iter().any(|(_, field)| tells(field)),
        _ => false,
    }
}

/// The result of the call says what came of it; a status says it again, and zero says nothing.
fn is_shown(value: &Value) -> bool {
    !matches!(value, Value::Status(0))
}

fn push_value(out: &mut Vec<u8>, value: &Value) {
    match value {
        Value::Text(text) => {
            push_visible(out, text.string.get(..MOST_BYTES).unwrap_or(&text.string));
            if text.cut {
                out.extend_from_slice("…".as_bytes());
            }
        }
        Value::Sid(sid) => push_visible(out, sid),
        Value::Symbol(_, name) => push_visible(out, name),
        Value::Number(number) => decimal::push(out, *number),
        Value::Signed(number) => push_display(out, *number),
        Value::Flag(flag) => push_display(out, *flag),
        Value::Status(status) => match rpcscope_catalog::status_name(*status) {
            Some(name) => push_visible(out, name),
            None => decimal::push_hex(out, *status),
        },
        Value::Uuid(uuid) => match interface_name(uuid) {
            Some(name) => push_visible(out, name),
            None => push_display(out, uuid.hyphenated()),
        },
        Value::Time(time) => crate::clock::push_seconds(out, *time),
        Value::Bytes(bytes) => {
            decimal::push(out, bytes.length as u64);
            out.extend_from_slice(b" bytes");
        }
        Value::List(list) => {
            out.push(b'[');
            for (at, item) in list.values.iter().enumerate().take(MOST_ITEMS) {
                if at > 0 {
                    out.extend_from_slice(b", ");
                }
                push_value(out, item);
            }
            if list.values.len() > MOST_ITEMS || list.omitted > 0 {
                out.extend_from_slice(", …".as_bytes());
            }
            out.push(b']');
        }
        Value::Fields(fields) => {
            out.push(b'{');
            for (at, (name, field)) in fields.iter().enumerate().take(MOST_ITEMS) {
                if at > 0 {
                    out.extend_from_slice(b", ");
                }
                push_visible(out, name);
                out.push(b'=');
                push_value(out, field);
            }
            out.push(b'}');
        }
    }
}

/// The name of an interface, as the endpoint mapper is asked for it.
fn interface_name(uuid: &Uuid) -> Option<&'static str> {
    rpcscope_catalog::interface(uuid)?.name
}

/// Stands before the arguments, so that the lines of calls keep their columns.
const INDENT: &[u8] = b"    ";

/// Items of a list and members of an object that are shown; a terminal has no room for more.
const MOST_ITEMS: usize = 8;

/// Bytes of a text that are looked at: more than any terminal shows in a line.
const MOST_BYTES: usize = 4096;
