use super::super::encoder::{self, Encoder};
use super::*;
use crate::stub::argument::fields;
use rpcscope_model::{Opnum, Text, Value};

fn request(opnum: u16, write: impl Fn(&mut Encoder)) -> Decoded {
    encoder::request(INTERFACE.operation(Opnum(opnum)).expect("a row"), write)
}

fn text<'a>(decoded: &'a Decoded, name: &str) -> Option<&'a str> {
    decoded.arguments.text(name)
}

/// Version, server and zone of an operation of the second generation.
fn place(stub: &mut Encoder) -> &mut Encoder {
    stub.u32(0x0007_0000).u32(0).pointer().wide("dc1").pointer().narrow("lab.test")
}

fn union(stub: &mut Encoder, kind: u32) -> &mut Encoder {
    stub.u32(kind).align_pointer().u32(kind).align_pointer()
}

fn record<'a>(stub: &'a mut Encoder, kind: u16, data: &[u8]) -> &'a mut Encoder {
    let length = u16::try_from(data.len()).expect("short");
    stub.pointer().count(data.len()).u16(length).u16(kind).u32(0xf0).u32(1).u32(900).u32(0).u32(0).raw(data)
}

fn told(kind: (u32, &'static str), data: &str) -> Value {
    fields([
        ("type", Some(Value::Symbol(kind.0, kind.1))),
        ("ttl", Some(Value::Number(900))),
        ("data", Some(Value::Text(Text::whole(data)))),
    ])
}

#[test]
fn a_plugin_that_the_server_loads_is_told() {
    let decoded = request(5, |stub| {
        stub.u32(0x0007_0000)
            .u32(0)
            .pointer()
            .wide("dc1")
            .null()
            .u32(0)
            .pointer()
            .narrow("ServerLevelPluginDll");
        union(stub, 3).pointer().wide("\\\\10.0.0.9\\s\\evil.dll");
    });
    assert_eq!(text(&decoded, "operation"), Some("ServerLevelPluginDll"));
    assert_eq!(text(&decoded, "value"), Some("\\\\10.0.0.9\\s\\evil.dll"));
    assert_eq!(text(&decoded, "coerced_to"), Some("10.0.0.9"));
    assert_eq!((text(&decoded, "machine"), text(&decoded, "zone")), (Some("dc1"), None));
}

#[test]
fn a_property_that_is_set_has_a_name_and_a_value() {
    let decoded = request(0, |stub| {
        stub.pointer().wide("dc1").pointer().narrow("lab.test").u32(0).pointer().narrow("ResetDwordProperty");
        union(stub, 15).pointer().align_pointer().u32(2).pointer().narrow("AllowUpdate");
    });
    assert_eq!(text(&decoded, "property"), Some("AllowUpdate"));
    assert_eq!(decoded.arguments.number("value"), Some(2));
    let decoded = request(12, |stub| {
        place(stub).pointer().wide("scope1").u32(0).pointer().narrow("ZoneRefresh");
        union(stub, 0).null();
    });
    assert_eq!((text(&decoded, "scope"), text(&decoded, "type")), (Some("scope1"), Some("null")));
    let decoded = request(15, |stub| {
        stub.u32(0).u32(0).null().pointer().wide("i").null().null().u32(0).pointer().narrow("x");
        union(stub, 1).u32(7);
    });
    assert_eq!((text(&decoded, "instance"), decoded.arguments.number("value")), (Some("i"), Some(7)));
}

#[test]
fn a_created_zone_is_named() {
    for kind in [14, 26, 40] {
        let decoded = request(5, |stub| {
            stub.u32(0).u32(0).null().null().u32(0).pointer().narrow("ZoneCreate");
            union(stub, kind).pointer().align_pointer();
            if kind != 14 {
                stub.u32(1).u32(0);
            }
            stub.pointer()
                .u32(1)
                .u32(0)
                .u32(0)
                .u32(0)
                .pointer()
                .u32(0)
                .u32(0)
                .null()
                .null()
                .null()
                .u32(0)
                .u32(0);
            if kind == 14 {
                (0..8).for_each(|_| _ = stub.null());
                (0..8).for_each(|_| _ = stub.u32(0));
            } else {
                stub.u32(0).u32(0).u32(0).null();
                (0..32).for_each(|_| _ = stub.u32(0));
            }
            stub.narrow("evil.test").narrow("evil.test.dns");
        });
        assert_eq!(
            (text(&decoded, "value"), text(&decoded, "file")),
            (Some("evil.test"), Some("evil.test.dns"))
        );
    }
}

#[test]
fn lists_and_partitions_are_told() {
    let decoded = request(5, |stub| {
        place(stub).u32(0).pointer().narrow("GlobalQueryBlockList");
        union(stub, 44).pointer().count(2).u32(2).pointer().pointer().wide("wpad").wide("isatap");
    });
    let Some(Value::List(list)) = decoded.arguments.get("value") else { panic!("a list") };
    assert_eq!(list.values, ["wpad", "isatap"].map(|text| Value::Text(Text::whole(text))));
    let decoded = request(7, |stub| {
        place(stub).pointer().narrow("EnlistDirectoryPartition");
        union(stub, 31).pointer().align_pointer().u32(1).u32(0).pointer().u32(2).narrow("p.lab.test");
    });
    assert_eq!((text(&decoded, "partition"), text(&decoded, "value")), (Some("p.lab.test"), Some("delete")));
}

#[test]
fn an_updated_record_is_told() {
    let decoded = request(9, |stub| _ = record(place(stub).narrow("probe"), 1, &[10, 99, 0, 77]).null());
    assert_eq!((text(&decoded, "zone"), text(&decoded, "node")), (Some("lab.test"), Some("probe")));
    assert_eq!(decoded.arguments.get("added_record"), Some(&told((1, "A"), "10.99.0.77")));
    assert_eq!(decoded.arguments.get("deleted_record"), None);
    let name = b"\x04dc1.";
    for (kind, symbol, before) in [(5, "CNAME", 0), (15, "MX", 2), (33, "SRV", 6)] {
        let data = [&[0; 6][..before], name].concat();
        let decoded = request(17, |stub| {
            stub.u32(0).u32(0).null().null().null().null().narrow("*").null();
            record(stub, kind, &data);
        });
        assert_eq!(decoded.arguments.get("deleted_record"), Some(&told((kind.into(), symbol), "dc1.")));
    }
    let decoded = request(10, |stub| {
        record(place(stub).null().narrow("v6"), 28, &[0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1])
            .null();
    });
    assert_eq!(decoded.arguments.get("added_record"), Some(&told((28, "AAAA"), "fe80::1")));
}

#[test]
fn listed_records_are_those_of_a_node() {
    let decoded =
        request(8, |stub| _ = place(stub).pointer().narrow("@").null().u16(255).u32(1).null().null());
    assert_eq!((text(&decoded, "node"), text(&decoded, "record_type")), (Some("@"), Some("ALL")));
}

#[test]
fn an_answer_that_is_a_number_or_a_text_is_told() {
    let operation = INTERFACE.operation(Opnum(6)).expect("a row");
    let decoded =
        encoder::response(operation, None, |stub| _ = union(stub, 3).pointer().wide("x.dll").u32(0));
    assert_eq!((text(&decoded, "value"), decoded.arguments.number("status")), (Some("x.dll"), Some(0)));
    let decoded = encoder::response(operation, None, |stub| _ = union(stub, 1).u32(3).u32(9));
    assert_eq!((decoded.arguments.number("value"), decoded.arguments.number("status")), (Some(3), Some(9)));
    let decoded = request(6, |stub| _ = place(stub).pointer().narrow("ServerLevelPluginDll"));
    assert_eq!(text(&decoded, "operation"), Some("ServerLevelPluginDll"));
}
