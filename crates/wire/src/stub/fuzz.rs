//! The body of the fuzz target over all decoders.

use super::{Decoded, Names, Operation, Stub, Syntax, interfaces};
use crate::ByteOrder;
use rpcscope_model::{Arguments, Bytes, List, Text, Value};

/// Decodes bytes as the stub of a request and of a response: the first four bytes of the interface's UUID, opnum, and a
/// byte of flags (1 big-endian, 2 NDR64, 4 cut), then the stub. An interface or opnum that is not decoded stands for one
/// that is. Panics when a decoder gives more than its bounds, or an argument that its table does not name.
pub fn fuzz_stub(input: &[u8]) {
    let Some(([a, b, c, d, opnum, flags], bytes)) = input.split_first_chunk::<6>() else { return };
    let Some(interface) = chosen(interfaces(), u32::from_be_bytes([*a, *b, *c, *d]), |interface| {
        let [a, b, c, d, ..] = *interface.uuid.as_bytes();
        u32::from_be_bytes([a, b, c, d])
    }) else {
        return;
    };
    let Some(operation) =
        chosen(interface.operations, u32::from(*opnum), |operation| u32::from(operation.opnum))
    else {
        return;
    };
    let stub = Stub {
        bytes,
        order: if flags & 1 == 0 { ByteOrder::Little } else { ByteOrder::Big },
        syntax: if flags & 2 == 0 { Syntax::Ndr } else { Syntax::Ndr64 },
        complete: flags & 4 == 0,
    };
    let request = operation.decode_request(stub);
    let blind = operation.decode_response(stub, None);
    let response = operation.decode_response(stub, request.as_ref());
    for decoded in [request, blind, response].into_iter().flatten() {
        check(operation, &decoded, bytes.len());
    }
}

/// The row with this number, or another one.
fn chosen<T>(rows: &[T], number: u32, number_of: impl Fn(&T) -> u32) -> Option<&T> {
    let known = rows.iter().find(|row| number_of(row) == number);
    known.or_else(|| rows.get(usize::try_from(number).ok()?.checked_rem(rows.len())?))
}

/// What holds for every stub.
fn check(operation: &Operation, decoded: &Decoded, stub_bytes: usize) {
    let Decoded { arguments, handles, objects, towers } = decoded;
    if let Some(objects) = objects {
        objects.check_bounds();
    }
    assert!(arguments.bytes() <= Arguments::MAX_BYTES && arguments.len() <= Arguments::MAX_FIELDS);
    for (name, value) in arguments.iter() {
        assert!(operation.fields.contains(&name), "{}: `{name}` is not in the table", operation.name);
        check_value(value);
    }
    assert!(towers.len() <= Decoded::MAX_TOWERS);
    if let Some(stopped) = arguments.stopped {
        assert!(stopped.offset <= stub_bytes, "{}: stopped past the end: {stopped}", operation.name);
    }
    let mut named = decoded.clone();
    named.add_names(Some(&Names::opened(None, handles.naming.as_ref())));
    for (name, _) in named.arguments.iter() {
        assert!(operation.fields.contains(&name), "{}: `{name}` is not in the table", operation.name);
    }
}

fn check_value(value: &Value) {
    match value {
        Value::Text(text) => {
            // A character can become an escape of eight.
            assert!(text.string.chars().count() <= 8 * Text::MAX_DOCUMENT_CHARS);
            assert!(!text.string.contains('\0'));
        }
        Value::Sid(sid) => assert!(sid.starts_with("S-")),
        Value::Bytes(bytes) => assert!(bytes.head.len() <= Bytes::MAX.min(bytes.length)),
        Value::List(list) => {
            assert!(list.values.len() <= List::MAX);
            list.values.iter().for_each(check_value);
        }
        Value::Fields(fields) => fields.iter().for_each(|(_, value)| check_value(value)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Bytes as stubs have them: mostly small numbers, so that counts and pointers are often possible.
    fn stub_bytes() -> impl Strategy<Value = Vec<u8>> {
        let word = prop_oneof![
            4 => (0u32..4).prop_map(|number| number.to_le_bytes().to_vec()),
            2 => (0u32..300).prop_map(|number| number.to_le_bytes().to_vec()),
            1 => any::<[u8; 4]>().prop_map(|bytes| bytes.to_vec()),
            1 => "[a-z<>/\\\\]{2}".prop_map(|text| text.encode_utf16().flat_map(u16::to_le_bytes).collect()),
        ];
        proptest::collection::vec(word, 0..100).prop_map(|words| words.concat())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        #[test]
        fn no_stub_brings_a_decoder_past_its_bounds(choice in any::<[u8; 6]>(), bytes in stub_bytes()) {
            let mut input = choice.to_vec();
            input.extend(bytes);
            fuzz_stub(&input);
        }
    }

    #[test]
    fn every_decoder_survives_a_few_simple_stubs() {
        for interface in interfaces() {
            for operation in interface.operations {
                let [a, b, c, d, ..] = *interface.uuid.as_bytes();
                let opnum = u8::try_from(operation.opnum).expect("a small opnum");
                for (flags, fill) in (0..8).flat_map(|flags| [0, 1, 0x20, 0xff].map(|fill| (flags, fill))) {
                    let mut input = vec![a, b, c, d, opnum, flags];
                    input.extend([fill; 200]);
                    fuzz_stub(&input);
                    fuzz_stub(&input[..6]);
                }
            }
        }
    }
}
