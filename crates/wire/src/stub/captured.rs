//! Stubs of real traffic, and what is read from them: `captured.txt`.

use super::{Decoded, Stub, Syntax, decode_request, decode_response};
use crate::ByteOrder;
use rpcscope_model::{Opnum, Value};
use std::fmt::Write;
use uuid::Uuid;

#[test]
fn captured_stubs_say_what_was_done() {
    let stubs = captured();
    for captured in &stubs {
        let decoded = captured.decode(&captured.bytes);
        assert_eq!(decoded.arguments.stopped, None, "{}", captured.title);
        let said: String = decoded.arguments.iter().fold(String::new(), |mut said, (name, value)| {
            let _ = writeln!(said, "{name} = {}", shown(value));
            said
        });
        assert_eq!(said, captured.expected, "{}", captured.title);
    }
    assert!(stubs.len() >= 10, "{} stubs", stubs.len());
}

#[test]
fn a_verification_trailer_after_the_arguments_does_no_harm() {
    // Padding, then the signature of [MS-RPCE] 2.2.2.13.1 and a command.
    let trailer = unhex("bfbfbf8ae3137102f43671024004000000000000");
    for captured in captured().iter().filter(|captured| captured.is_request) {
        let followed = [captured.bytes.as_slice(), &trailer].concat();
        assert_eq!(captured.decode(&followed), captured.decode(&captured.bytes), "{}", captured.title);
    }
}

/// A block of the file.
struct Captured {
    title: String,
    interface: Uuid,
    opnum: Opnum,
    is_request: bool,
    order: ByteOrder,
    syntax: Syntax,
    bytes: Vec<u8>,
    expected: String,
}

impl Captured {
    fn decode(&self, bytes: &[u8]) -> Decoded {
        let stub = Stub { bytes, order: self.order, syntax: self.syntax, complete: true };
        let decoded = if self.is_request {
            decode_request(self.interface, self.opnum, stub)
        } else {
            decode_response(self.interface, self.opnum, stub, None)
        };
        decoded.expect("an operation that is decoded")
    }
}

fn captured() -> Vec<Captured> {
    let blocks = include_str!("captured.txt").split("\n\n").filter(|block| !block.starts_with('#'));
    blocks.map(read).collect()
}

fn read(block: &str) -> Captured {
    let mut lines = block.lines();
    let title = lines.next().expect("a title");
    let [_, _, interface, opnum, side, order, syntax] = title
        .split(' ')
        .collect::<Vec<_>>()
        .try_into()
        .expect("capture, frame, interface, opnum, side, order, syntax");
    Captured {
        title: title.to_owned(),
        interface: interface.parse().expect("a UUID"),
        opnum: Opnum(opnum.parse().expect("a number")),
        is_request: side == "request",
        order: if order == "big" { ByteOrder::Big } else { ByteOrder::Little },
        syntax: if syntax == "ndr64" { Syntax::Ndr64 } else { Syntax::Ndr },
        bytes: unhex(lines.next().expect("a stub")),
        expected: lines.fold(String::new(), |said, line| said + line + "\n"),
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::Text(text) => text.to_string(),
        Value::Number(number) => number.to_string(),
        Value::Flag(flag) => flag.to_string(),
        Value::Symbol(number, name) => format!("{name} ({number})"),
        Value::Status(status) => format!("{status:#x}"),
        Value::Uuid(uuid) => uuid.to_string(),
        Value::List(list) => list.values.iter().map(shown).collect::<Vec<_>>().join("; "),
        Value::Fields(fields) => fields
            .iter()
            .map(|(name, value)| format!("{name} {}", shown(value)))
            .collect::<Vec<_>>()
            .join(", "),
        other => format!("{other:?}"),
    }
}

fn unhex(line: &str) -> Vec<u8> {
    line.as_bytes()
        .chunks(2)
        .map(|pair| {
            let pair = std::str::from_utf8(pair).expect("hex digits");
            u8::from_str_radix(pair, 16).expect("hex digits")
        })
        .collect()
}
