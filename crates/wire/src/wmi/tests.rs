//! Tests on the example of [MS-WMIO] 3.1 and on objects of recorded conversations.

use super::*;
use crate::ByteOrder;
use crate::dcom::{Objref, Objrefs, samples};

/// The class `MyClass : Base` of [MS-WMIO] 3, with its decoration. Its heaps are longer than what they hold.
const MY_CLASS: &str = "
    78 56 34 12 2E 02 00 00 05 00 44 50 52 41 56 41 54 2D 44 45 56 00 00 52 4F 4F 54 00
    66 00 00 00 00 00 00 00 00 05 00 00 00 04 00 00 00 04 00 00 00 01 00 00 00 06 00 00 00 0A 00 00
    00 05 FF FF FF FF 3C 00 00 80 00 42 61 73 65 00 00 49 64 00 03 00 00 00 00 00 00 00 00 00 00 00
    00 00 1C 00 00 00 0A 00 00 80 03 08 00 00 00 34 00 00 00 01 00 00 80 13 0B 00 00 00 FF FF 00 73
    69 6E 74 33 32 00 0C 00 00 00 00 00 34 00 00 00 00 80 76 01 00 00 00 00 00 00 00 11 00 00 00 0E
    00 00 00 00 42 61 73 65 00 06 00 00 00 11 00 00 00 09 00 00 00 00 08 00 00 00 16 00 00 00 04 00
    00 00 27 00 00 00 2E 00 00 00 55 00 00 00 5C 00 00 00 99 00 00 00 A0 00 00 00 C7 00 00 00 CB 00
    00 00 47 FF FF FF FF FF FF FF FF FD 00 00 00 FF FF FF FF 11 01 00 80 00 4D 79 43 6C 61 73 73 00
    00 44 65 73 63 72 69 70 74 69 6F 6E 00 00 4D 79 43 6C 61 73 73 20 45 78 61 6D 70 6C 65 00 00 41
    72 72 61 79 00 13 20 00 00 03 00 0C 00 00 00 01 00 00 00 11 00 00 00 0A 00 00 80 03 08 00 00 00
    4D 00 00 00 00 75 69 6E 74 33 32 00 00 44 61 74 61 31 00 08 00 00 00 01 00 04 00 00 00 01 00 00
    00 27 00 00 00 0A 00 00 80 03 08 00 00 00 91 00 00 00 03 00 00 80 00 0B 00 00 00 FF FF 04 00 00
    80 00 0B 00 00 00 FF FF 00 73 74 72 69 6E 67 00 00 44 61 74 61 32 00 08 00 00 00 02 00 08 00 00
    00 01 00 00 00 11 00 00 00 0A 00 00 80 03 08 00 00 00 BF 00 00 00 00 73 74 72 69 6E 67 00 00 49
    64 00 03 40 00 00 00 00 00 00 00 00 00 00 00 00 1C 00 00 00 0A 00 00 80 23 08 00 00 00 F5 00 00
    00 01 00 00 80 33 0B 00 00 00 FF FF 00 73 69 6E 74 33 32 00 00 64 65 66 61 75 6C 74 56 61 6C 75
    65 00 00 00 00 00 00 00 0C 00 00 00 00 00 00 73 00 00 00 80";

fn string(text: Option<EncodedString<'_>>) -> Option<String> {
    text.map(|text| text.text(99).string.into())
}

/// `name type value`, with marks for key, inherited and default.
fn lines(properties: Properties<'_>) -> Vec<String> {
    properties
        .map(|property| {
            let name = string(property.name).unwrap_or_default();
            let cim_type = property.cim_type.name().unwrap_or("?");
            let array = if property.cim_type.is_array() { "[]" } else { "" };
            let value = match property.value {
                Value::Text(text) => text.text(99).string.into(),
                Value::Array(elements) => format!("{:?}", elements.collect::<Vec<_>>()),
                Value::Object(_) => "object".into(),
                value => format!("{value:?}"),
            };
            let key = if property.is_key() { " key" } else { "" };
            let inherited = if property.is_inherited { " inherited" } else { "" };
            let default = if property.is_default { " default" } else { "" };
            format!("{name} {cim_type}{array} {value}{key}{inherited}{default}")
        })
        .collect()
}

/// The first marshalled object in a recorded stub.
fn marshalled(sample: &str) -> Vec<u8> {
    let stub = samples::bytes(sample);
    let mut objects =
        Objrefs::new(&stub, ByteOrder::Little).filter_map(|objref| objref.custom(Objref::WBEM_CLASS_OBJECT));
    objects.next().expect("an object").to_vec()
}

#[test]
fn a_class_names_its_ancestors_and_properties() {
    let unit = samples::hex(MY_CLASS);
    let object = Object::parse(&unit).expect("an object");
    assert_eq!(string(object.server).as_deref(), Some("DPRAVAT-DEV"));
    assert_eq!(string(object.namespace).as_deref(), Some("ROOT"));
    assert_eq!(string(object.class_name()).as_deref(), Some("MyClass"));
    let derivation: Vec<_> = object.class().derivation().map(|name| name.text(99).string).collect();
    assert_eq!(derivation, ["Base"]);
    let ObjectBody::Class(class) = object.body else { panic!("a class") };
    assert_eq!(string(class.parent.name).as_deref(), Some("Base"));
    assert_eq!(class.methods.count(), 0);
    assert!(class.current.qualifiers().says("description"));
    assert_eq!(
        lines(object.properties()),
        [
            "Array uint32[] Null default",
            "Data1 string Null default",
            "Data2 string defaultValue default",
            "Id sint32 Null key inherited default",
        ]
    );
}

#[test]
fn qualifiers_have_names_from_the_dictionary() {
    let unit = samples::hex(MY_CLASS);
    let object = Object::parse(&unit).expect("an object");
    let data1 = object.property("DATA1").expect("a property");
    let names: Vec<_> = data1.qualifiers.map(|qualifier| string(qualifier.name)).collect();
    assert_eq!(names, [Some("CIMTYPE".into()), Some("read".into()), Some("write".into())]);
}

#[test]
fn an_instance_has_values_of_its_own() {
    let unit = marshalled(samples::EXEC_METHOD_REQUEST);
    let object = Object::parse(&unit).expect("an object");
    assert_eq!(string(object.class_name()).as_deref(), Some("__PARAMETERS"));
    assert_eq!(
        lines(object.properties()),
        [
            r"CommandLine string cmd.exe /c whoami > C:\lab.txt",
            r"CurrentDirectory string C:\",
            "ProcessStartupInformation object Null",
        ]
    );
}

#[test]
fn a_class_with_methods_names_them() {
    let unit = marshalled(samples::GET_OBJECT_REPLY);
    let object = Object::parse(&unit).expect("an object");
    assert_eq!(string(object.class_name()).as_deref(), Some("Win32_Process"));
    let ObjectBody::Class(class) = object.body else { panic!("a class") };
    assert_eq!(class.methods.map(|name| name.text(99).string).collect::<Vec<_>>(), ["Create"]);
}

#[test]
fn an_instance_of_a_query_gives_its_properties() {
    let unit = marshalled(samples::NEXT_REPLY);
    let object = Object::parse(&unit).expect("an object");
    assert_eq!(string(object.class_name()).as_deref(), Some("Win32_Process"));
    let line = object.property("CommandLine").expect("a property");
    assert!(matches!(line.value, Value::Text(text) if text.is(r"C:\Windows\system32\lsass.exe")));
    assert!(matches!(object.property("ProcessId").map(|p| p.value), Some(Value::Unsigned(656))));
}

#[test]
fn an_object_that_is_cut_is_read_as_far_as_it_goes() {
    let unit = marshalled(samples::EXEC_METHOD_REQUEST);
    let mut readable = 0;
    for length in 0..unit.len() {
        let Ok(object) = Object::parse(&unit[..length]) else { continue };
        readable += 1;
        assert_eq!(lines(object.properties()).len(), 3, "cut to {length}");
        if let Some(Value::Text(line)) = object.property("CommandLine").map(|property| property.value) {
            assert!(r"cmd.exe /c whoami > C:\lab.txt".starts_with(line.text(99).string.as_str()));
        }
    }
    assert!(readable > 50, "the heap of the instance is its last part");
}

/// Puts a block into an array of objects ([MS-WMI] 2.2.14), once as an instance and once without its class.
fn array_of(block: &[u8], without_class: &[u8]) -> Vec<u8> {
    let word = |value: usize| u32::try_from(value).expect("short").to_le_bytes();
    let mut objects = Vec::new();
    for (kind, data) in [(2, block), (3, without_class), (3, without_class)] {
        objects.extend([word(9), word(24 + data.len())].concat());
        objects.push(kind);
        objects.extend([word(24), word(data.len())].concat());
        objects.extend([0x77; 16]);
        objects.extend(data);
    }
    let mut array =
        [&[0; 4], &b"WBEMDATA"[..], &word(26), &word(20 + objects.len()), &[0; 4], &[1, 1]].concat();
    array.extend([word(8), word(12 + objects.len()), word(12), word(objects.len()), word(3)].concat());
    array.extend(objects);
    array
}

#[test]
fn instances_without_a_class_take_the_one_that_was_sent_before() {
    let unit = marshalled(samples::EXEC_METHOD_REQUEST);
    let block = &unit[8..];
    let class_length = usize::from(block[1]) + usize::from(block[2]) * 256;
    let without_class = [&block[..1], &block[1 + class_length..]].concat();
    let bytes = array_of(block, &without_class);
    let array = ObjectArray::parse(&bytes).expect("an array");
    assert_eq!(array.remaining(), 3);
    let objects: Vec<_> = array.collect();
    assert_eq!(objects.len(), 3);
    for packed in &objects {
        let object = packed.object.expect("a readable object");
        assert_eq!(string(object.class_name()).as_deref(), Some("__PARAMETERS"));
        assert!(object.property("CommandLine").is_some_and(|line| matches!(line.value, Value::Text(_))));
    }
    assert_eq!(objects[2].kind, PackedKind::INSTANCE_WITHOUT_CLASS);
}

#[test]
fn an_instance_whose_class_was_not_seen_is_counted_only() {
    let mut bytes = array_of(&[], b"\x02");
    let header = 4 + 8 + 4 + 4 + 4 + 2 + 8 + 12;
    bytes[header + 8] = 3;
    let objects: Vec<_> = ObjectArray::parse(&bytes).expect("an array").collect();
    assert_eq!(objects.len(), 3);
    assert!(objects.iter().all(|packed| packed.object.is_none() && packed.class_id.is_some()));
}

#[test]
fn overlapping_sets_do_not_cost_more_than_their_limits() {
    // A thousand properties, each with a qualifier set that claims the whole heap.
    let count = 1024_u32;
    let mut heap = b"\0C\0\0p\0".to_vec();
    heap.extend([8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0x7f]);
    heap.extend([0; 200_000]);
    let lookup = [3_u32, 6].map(u32::to_le_bytes).concat().repeat(1024);
    let mut part = vec![0];
    part.extend([0, 256 + 4 * count, 4, 4, count].map(u32::to_le_bytes).concat());
    part.extend(lookup);
    part.resize(part.len() + 256 + 4 * 1024, 0);
    part.extend((u32::try_from(heap.len()).expect("short") | 0x8000_0000).to_le_bytes());
    part.extend(heap);
    let length = (u32::try_from(part.len()).expect("short") + 4).to_le_bytes();
    let block = [&[2][..], &length, &part, &12_u32.to_le_bytes(), &[0; 8]].concat();
    // The instance itself is cut; its class can be looked at all the same.
    assert!(Object::parse_block(&block).is_err());
    let mut reader = crate::Reader::new("test", ByteOrder::Little, &block[1..]);
    let class = ClassPart::read(&mut reader).expect("a class");
    assert_eq!(class.properties().count(), 1024);
    assert_eq!(class.properties().filter(Property::is_key).count(), 0);
    assert!(class.properties().all(|property| property.qualifiers.count() <= 64));
}

#[test]
fn a_class_with_too_many_properties_is_none() {
    let mut part = vec![0];
    part.extend([0, 257 + 4 * 1025, 4, 4, 1025].map(u32::to_le_bytes).concat());
    part.resize(40_000, 0);
    let length = (u32::try_from(part.len()).expect("short") + 4).to_le_bytes();
    let block = [&[2][..], &length, &part].concat();
    let error = Object::parse_block(&block).expect_err("too many properties");
    assert_eq!(error.to_string(), "wmi class part: PropertyCount at byte 21: impossible value 1025");
}
