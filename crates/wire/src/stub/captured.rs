//! Stubs of real traffic, and what is read from them: `captured.txt`.

use super::{Stub, Syntax, decode_request, decode_response};
use crate::ByteOrder;
use rpcscope_model::{Opnum, Value};
use std::fmt::Write;

#[test]
fn captured_stubs_say_what_was_done() {
    let mut stubs = 0;
    for block in include_str!("captured.txt").split("\n\n").filter(|block| !block.starts_with('#')) {
        let mut lines = block.lines();
        let title = lines.next().expect("a title");
        let [_, _, interface, opnum, side, order, syntax] = title
            .split(' ')
            .collect::<Vec<_>>()
            .try_into()
            .expect("capture, frame, interface, opnum, side, order, syntax");
        let bytes = unhex(lines.next().expect("a stub"));
        let stub = Stub {
            bytes: &bytes,
            order: if order == "big" { ByteOrder::Big } else { ByteOrder::Little },
            syntax: if syntax == "ndr64" { Syntax::Ndr64 } else { Syntax::Ndr },
            complete: true,
        };
        let interface = interface.parse().expect("a UUID");
        let opnum = Opnum(opnum.parse().expect("a number"));
        let decoded = match side {
            "request" => decode_request(interface, opnum, stub),
            _ => decode_response(interface, opnum, stub, None),
        }
        .expect("an operation that is decoded");
        assert_eq!(decoded.arguments.stopped, None, "{title}");
        let said: String = decoded.arguments.iter().fold(String::new(), |mut said, (name, value)| {
            let _ = writeln!(said, "{name} = {}", shown(value));
            said
        });
        let expected: String = lines.fold(String::new(), |said, line| said + line + "\n");
        assert_eq!(said, expected, "{title}");
        stubs += 1;
    }
    assert!(stubs >= 10, "{stubs} stubs");
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
