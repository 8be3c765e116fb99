//! The body of the fuzz target over CIM objects.

use super::{Object, ObjectArray, ObjectBody, Properties, Value, property::MAX_PROPERTIES};

/// Reads bytes as an object of its own, as a block, and as an array of objects, and takes all that can be taken of them.
/// Panics when something gives more than its bounds.
pub fn fuzz_wmi(input: &[u8]) {
    for object in [Object::parse(input), Object::parse_block(input)].into_iter().flatten() {
        check_object(&object, 0);
    }
    if let Ok(array) = ObjectArray::parse(input) {
        let mut count = 0;
        for packed in array {
            count += 1;
            if let Some(object) = packed.object {
                check_object(&object, 1);
            }
        }
        // Every object takes two headers at least.
        assert!(count <= input.len() / 17 + 1);
    }
}

fn check_object(object: &Object<'_>, depth: usize) {
    for text in [object.server, object.namespace, object.class_name()].into_iter().flatten() {
        assert!(text.text(99).string.chars().count() <= 99);
    }
    object.class().derivation().for_each(|name| _ = name.text(9));
    assert!(object.class().qualifiers().count() <= 64);
    match &object.body {
        ObjectBody::Class(class) => {
            class.methods.for_each(|name| _ = name.text(9));
            check_properties(class.parent.properties(), depth);
        }
        ObjectBody::Instance(instance) => assert!(instance.qualifiers().count() <= 64),
    }
    check_properties(object.properties(), depth);
}

fn check_properties(properties: Properties<'_>, depth: usize) {
    assert!(properties.count() <= MAX_PROPERTIES);
    for property in properties.take(32) {
        property.is_key();
        match property.value {
            Value::Text(text) => assert!(text.text(99).string.chars().count() <= 99),
            Value::Array(elements) => _ = elements.take(32).filter(|value| *value != Value::Null).count(),
            // An object can hold itself.
            Value::Object(block) if depth < 2 => {
                Object::parse_embedded(block).iter().for_each(|object| check_object(object, depth + 1));
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ByteOrder;
    use crate::dcom::{Objref, Objrefs, samples};
    use proptest::prelude::*;

    fn units() -> Vec<Vec<u8>> {
        let samples = [
            samples::EXEC_METHOD_REQUEST,
            samples::EXEC_METHOD_REPLY,
            samples::GET_OBJECT_REPLY,
            samples::NEXT_REPLY,
        ];
        let unit = |sample: &str| {
            let stub = samples::bytes(sample);
            let mut objrefs = Objrefs::new(&stub, ByteOrder::Little);
            let unit = objrefs.find_map(|objref| objref.custom(Objref::WBEM_CLASS_OBJECT));
            unit.expect("an object").to_vec()
        };
        samples.map(unit).to_vec()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1000))]

        #[test]
        fn arbitrary_blocks_stay_within_their_bounds(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            fuzz_wmi(&bytes);
        }

        #[test]
        fn damaged_objects_stay_within_their_bounds(
            which in 0..4_usize,
            end in any::<proptest::sample::Index>(),
            damage in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 0..8),
        ) {
            let mut unit = units()[which].clone();
            for (at, byte) in damage {
                let at = at.index(unit.len());
                unit[at] = byte;
            }
            fuzz_wmi(&unit);
            fuzz_wmi(unit.get(8..).unwrap_or_default());
            unit.truncate(end.index(unit.len()));
            fuzz_wmi(&unit);
        }
    }
}
