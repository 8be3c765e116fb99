use super::super::encoder::{self, Encoder};
use super::*;
use rpcscope_model::{Opnum, StopReason, Text, Value};

const DSA: Uuid = Uuid::from_u128(0x0011_2233_4455_6677_8899_aabb_ccdd_eeff);
const DN: &str = "DC=lab,DC=test";

fn request(opnum: u16, write: impl Fn(&mut Encoder)) -> Decoded {
    encoder::request(INTERFACE.operation(Opnum(opnum)).expect("a row"), write)
}

fn response(opnum: u16, write: impl Fn(&mut Encoder)) -> Decoded {
    encoder::response(INTERFACE.operation(Opnum(opnum)).expect("a row"), None, write)
}

fn text<'a>(decoded: &'a Decoded, name: &str) -> Option<&'a str> {
    decoded.arguments.text(name)
}

fn list(decoded: &Decoded, name: &str) -> Vec<Value> {
    match decoded.arguments.get(name) {
        Some(Value::List(list)) => list.values.clone(),
        other => panic!("a list, not {other:?}"),
    }
}

fn texts<const N: usize>(texts: [&str; N]) -> Vec<Value> {
    texts.into_iter().map(|text| Value::Text(Text::whole(text))).collect()
}

/// Handle and version, and the version again as the tag of a union that is aligned like a pointer.
fn message(stub: &mut Encoder, version: u32) -> &mut Encoder {
    stub.handle(7).u32(version).end_structure(8).u32(version).align_pointer()
}

/// The same for a union with 64-bit members.
fn message_8(stub: &mut Encoder, version: u32) -> &mut Encoder {
    stub.handle(7).u32(version).end_structure(8).u32(version).align(8)
}

/// DSNAME.
fn ds_name<'a>(stub: &'a mut Encoder, guid: Uuid, dn: &str) -> &'a mut Encoder {
    let length = dn.encode_utf16().count();
    stub.count(length + 1).u32(0).u32(0).uuid(guid).raw(&[0; 28]);
    stub.u32(u32::try_from(length).expect("short")).wide_units(dn).u16(0)
}

#[test]
fn a_client_says_who_it_is() {
    let client = Uuid::from_u128(0xe24d_201a_4fd6_11d1_a3da_0000_f875_ae0d);
    let bound = request(0, |stub| {
        stub.pointer().uuid(client).pointer().count(28).u32(28).u32(0x1fff).uuid(DSA).u32(4242).u32(0);
    });
    assert_eq!(bound.arguments.get("client"), Some(&Value::Uuid(client)));
    assert_eq!(bound.arguments.get("site"), Some(&Value::Uuid(DSA)));
    assert_eq!(bound.arguments.number("process"), Some(4242));
    let bound = response(0, |stub| _ = stub.pointer().count(4).u32(4).u32(1).handle(9).u32(0));
    assert!(bound.handles.opened.is_some() && bound.arguments.number("status") == Some(0));
    assert_eq!(bound.arguments.len(), 1);
}

#[test]
fn all_versions_of_a_replication_say_the_same() {
    for version in [5, 8, 10, 11] {
        let decoded = request(3, |stub| {
            message_8(stub, version).uuid(DSA).uuid(Uuid::nil()).pointer().u64(1).u64(0).u64(2).null();
            stub.u32(0x8020_0074).u32(1).u32(0).u32(7).u64(0);
            if version >= 8 {
                stub.pointer().null().align_pointer().u32(0).null();
            }
            if version >= 10 {
                stub.u32(1);
            }
            if version >= 11 {
                stub.uuid(DSA).null();
            }
            ds_name(stub, Uuid::nil(), DN);
        });
        assert_eq!(text(&decoded, "naming_context"), Some(DN), "version {version}");
        assert_eq!(decoded.arguments.get("destination_dsa"), Some(&Value::Uuid(DSA)));
        assert_eq!(decoded.arguments.number("flags"), Some(0x8020_0074));
        assert_eq!(text(&decoded, "extended_operation"), Some("replicate_secrets"));
        assert_eq!(decoded.arguments.number("version"), Some(version.into()));
    }
    for version in [4, 7] {
        let decoded = request(3, |stub| {
            message_8(stub, version)
                .uuid(Uuid::nil())
                .pointer()
                .align(8)
                .uuid(DSA)
                .uuid(Uuid::nil())
                .pointer();
            stub.u64(0).u64(0).u64(0).null().null().align_pointer().u32(0).null();
            stub.u32(0x10).u32(2).u32(3).u32(6).end_structure(8);
            if version == 7 {
                stub.null().null().align_pointer().u32(0).null();
            }
            stub.count(3).u32(3).raw(b"a@b");
            ds_name(stub, Uuid::nil(), DN);
        });
        assert_eq!(text(&decoded, "naming_context"), Some(DN), "version {version}");
        assert_eq!(text(&decoded, "extended_operation"), Some("replicate_object"));
    }
}

#[test]
fn an_object_that_has_no_name_is_told_by_its_guid_or_sid() {
    let changes = |guid, sid: Option<[u8; 28]>| {
        request(3, |stub| {
            message_8(stub, 5).uuid(DSA).uuid(Uuid::nil()).pointer().u64(0).u64(0).u64(0).null();
            stub.u32(0).u32(0).u32(0).u32(6).u64(0);
            let sid_length = if sid.is_some() { 12 } else { 0 };
            stub.count(1).u32(0).u32(sid_length).uuid(guid).raw(&sid.unwrap_or_default()).u32(0).u16(0);
        })
    };
    let by_guid = changes(DSA, None);
    assert_eq!(text(&by_guid, "naming_context"), Some("<GUID=00112233-4455-6677-8899-aabbccddeeff>"));
    assert_eq!(by_guid.arguments.get("naming_context_guid"), Some(&Value::Uuid(DSA)));
    let mut sid = [0; 28];
    sid[..12].copy_from_slice(&[1, 1, 0, 0, 0, 0, 0, 5, 18, 0, 0, 0]);
    assert_eq!(text(&changes(Uuid::nil(), Some(sid)), "naming_context"), Some("<SID=S-1-5-18>"));
}

#[test]
fn an_answer_counts_its_objects() {
    let decoded = response(3, |stub| {
        stub.u32(6).end_structure(8).u32(6).align(8).uuid(DSA).uuid(DSA).null();
        (0..6).for_each(|number| _ = stub.u64(number));
        stub.null().align_pointer().u32(0).null().u32(1).u32(12).u32(9000).pointer().u32(1).u32(0).u32(0);
    });
    assert_eq!(decoded.arguments.number("reply_version"), Some(6));
    assert_eq!(decoded.arguments.number("objects"), Some(12));
    assert_eq!(decoded.arguments.get("more_data"), Some(&Value::Flag(true)));
    let decoded = response(3, |stub| {
        stub.u32(7).end_structure(8).u32(7).end_structure(8).u32(6).enumeration(3).align_pointer();
        stub.u32(4000).u32(4).pointer().conformant(b"zip!").u32(0);
    });
    assert_eq!(decoded.arguments.number("compressed_bytes"), Some(4));
    assert_eq!(decoded.arguments.number("status"), Some(0));
}

#[test]
fn an_unknown_version_is_said() {
    let operation = INTERFACE.operation(Opnum(3)).expect("a row");
    let mut bytes = vec![0; 200];
    bytes[20] = 99;
    bytes[24] = 99;
    let stub = crate::ndr::Stub {
        bytes: &bytes,
        order: crate::ByteOrder::Little,
        syntax: crate::ndr::Syntax::Ndr,
        complete: true,
    };
    let decoded = operation.decode_request(stub).expect("a request");
    assert_eq!(decoded.arguments.stopped.map(|stopped| stopped.reason), Some(StopReason::Unsupported));
    assert_eq!(decoded.arguments.number("version"), Some(99));
}

#[test]
fn replicas_name_their_source() {
    let added = request(5, |stub| {
        message(stub, 2).pointer().pointer().null().pointer().raw(&[0; 84]).u32(0x10);
        ds_name(stub, Uuid::nil(), DN);
        ds_name(stub, Uuid::nil(), "CN=NTDS Settings").narrow("rogue.lab.test");
    });
    assert_eq!((text(&added, "naming_context"), text(&added, "source")), (Some(DN), Some("rogue.lab.test")));
    assert_eq!(text(&added, "source_dn"), Some("CN=NTDS Settings"));
    let added = request(5, |stub| {
        message(stub, 1).pointer().pointer().raw(&[0; 84]).u32(0x10);
        ds_name(stub, Uuid::nil(), DN).narrow("rogue.lab.test");
    });
    assert_eq!(text(&added, "source"), Some("rogue.lab.test"));
    let deleted = request(6, |stub| {
        message(stub, 1).pointer().pointer().u32(0x8000);
        ds_name(stub, Uuid::nil(), DN).narrow("rogue.lab.test");
    });
    assert_eq!(text(&deleted, "source"), Some("rogue.lab.test"));
    for version in [1, 2] {
        let updated = request(4, |stub| {
            message(stub, version).pointer().pointer().uuid(DSA).u32(4);
            if version == 2 {
                stub.uuid(DSA).null();
            }
            ds_name(stub, Uuid::nil(), DN).narrow("dc2.lab.test");
        });
        assert_eq!(text(&updated, "destination"), Some("dc2.lab.test"));
        assert_eq!(updated.arguments.get("destination_dsa"), Some(&Value::Uuid(DSA)));
        let synced = request(2, |stub| {
            message(stub, version).pointer().uuid(DSA).null().u32(1);
            if version == 2 {
                stub.uuid(DSA).null();
            }
            ds_name(stub, Uuid::nil(), DN);
        });
        assert_eq!(text(&synced, "naming_context"), Some(DN));
        assert_eq!(synced.arguments.get("source_dsa"), Some(&Value::Uuid(DSA)));
    }
}

#[test]
fn cracked_names_and_their_results_are_told() {
    let decoded = request(12, |stub| {
        message(stub, 1).u32(0).u32(0).u32(0).u32(2).u32(6).u32(2).pointer().count(2).pointer().pointer();
        stub.wide("LAB\\krbtgt").wide("LAB\\eve");
    });
    assert_eq!(list(&decoded, "names"), texts(["LAB\\krbtgt", "LAB\\eve"]));
    assert_eq!(text(&decoded, "format_offered"), Some("nt4_account"));
    assert_eq!(text(&decoded, "format_desired"), Some("guid"));
    let decoded = response(12, |stub| {
        stub.u32(1).end_structure(8).u32(1).align_pointer().pointer().align_pointer().u32(2).pointer();
        stub.count(2).align_pointer().u32(0).pointer().pointer().align_pointer().u32(2).null().null();
        stub.wide("lab.test").wide("{1}").u32(0);
    });
    let found = [("domain", "lab.test"), ("name", "{1}")]
        .map(|(name, text)| (name.into(), Value::Text(Text::whole(text))));
    let lost = vec![("error".into(), Value::Symbol(2, "not_found"))];
    assert_eq!(list(&decoded, "results"), [Value::Fields(found.to_vec()), Value::Fields(lost)]);
    assert_eq!(decoded.arguments.number("status"), Some(0));
}

#[test]
fn verified_names_are_told() {
    let decoded = request(8, |stub| {
        message(stub, 1).u32(1).u32(1).pointer().u32(0).null().align_pointer().u32(0).null();
        ds_name(stub.count(1).pointer(), Uuid::nil(), "CN=eve");
    });
    assert_eq!(list(&decoded, "names"), texts(["CN=eve"]));
    let decoded = request(9, |stub| {
        message(stub, 1).u32(1).pointer().u32(0).enumeration(1).null();
        ds_name(stub.count(1).pointer(), Uuid::nil(), "CN=eve");
    });
    assert_eq!(
        (list(&decoded, "names"), text(&decoded, "operation")),
        (texts(["CN=eve"]), Some("groups_for_user"))
    );
}

#[test]
fn written_service_principals_are_told() {
    let decoded = request(13, |stub| {
        message(stub, 1).u32(0).u32(0).pointer().u32(1).pointer().wide("CN=WS1").count(1).pointer();
        stub.wide("GC/ws1.lab.test/lab.test");
    });
    assert_eq!((text(&decoded, "account"), text(&decoded, "operation")), (Some("CN=WS1"), Some("add")));
    assert_eq!(list(&decoded, "spns"), texts(["GC/ws1.lab.test/lab.test"]));
    let decoded = response(13, |stub| _ = stub.u32(1).u32(1).u32(5).u32(0));
    assert_eq!((decoded.arguments.number("result"), decoded.arguments.number("status")), (Some(5), Some(0)));
}

#[test]
fn domain_controllers_are_listed() {
    let decoded = request(16, |stub| _ = message(stub, 1).pointer().u32(2).wide("lab.test"));
    assert_eq!((text(&decoded, "domain"), decoded.arguments.number("level")), (Some("lab.test"), Some(2)));
    let decoded = response(16, |stub| {
        stub.u32(2).end_structure(8).u32(2).align_pointer().u32(1).pointer().count(1);
        stub.pointer().pointer().null().null().null().null().null().u32(1).u32(1).u32(1);
        (0..4).for_each(|_| _ = stub.uuid(DSA));
        stub.end_structure(8).wide("DC1").wide("dc1.lab.test").u32(0);
    });
    assert_eq!(list(&decoded, "domain_controllers"), texts(["dc1.lab.test"]));
    assert_eq!(decoded.arguments.number("status"), Some(0));
}

#[test]
fn added_objects_are_named_in_their_order() {
    let decoded = request(17, |stub| {
        message(stub, 2).pointer().pointer().u32(0).align_pointer().u32(1).pointer();
        stub.null().pointer().u32(0).align_pointer().u32(0).null();
        ds_name(stub, Uuid::nil(), "CN=second");
        ds_name(stub, Uuid::nil(), "CN=first")
            .count(1)
            .align_pointer()
            .u32(0)
            .align_pointer()
            .u32(1)
            .pointer();
        stub.count(1).u32(3).pointer().conformant(b"abc");
    });
    assert_eq!(list(&decoded, "objects"), texts(["CN=first", "CN=second"]));
    let decoded = request(17, |stub| {
        message(stub, 1).pointer().u32(0).null();
        ds_name(stub, Uuid::nil(), "CN=only");
    });
    assert_eq!(list(&decoded, "objects"), texts(["CN=only"]));
}

#[test]
fn a_sid_history_tells_accounts_and_not_the_password() {
    let decoded = request(20, |stub| {
        message(stub, 1).u32(0).pointer().pointer().null().u32(3).pointer().u32(0).null().u32(4).pointer();
        stub.pointer()
            .pointer()
            .wide("OLD")
            .wide("admin")
            .count(3)
            .wide_units("eve")
            .count(4)
            .wide_units("Pass");
        stub.wide("NEW").wide("mallory");
    });
    assert_eq!(
        (text(&decoded, "source_account"), text(&decoded, "account")),
        (Some("admin"), Some("mallory"))
    );
    assert_eq!((text(&decoded, "user"), decoded.arguments.number("password_bytes")), (Some("eve"), Some(8)));
    assert!(!format!("{decoded:?}").contains("Pass\""));
}

#[test]
fn removed_servers_and_queried_replicas_are_told() {
    let decoded = request(14, |stub| _ = message(stub, 1).pointer().null().u32(1).wide("CN=DC9"));
    assert_eq!(
        (text(&decoded, "server"), decoded.arguments.get("commit")),
        (Some("CN=DC9"), Some(&Value::Flag(true)))
    );
    let decoded = request(15, |stub| _ = message(stub, 1).pointer().wide(DN));
    assert_eq!(text(&decoded, "domain"), Some(DN));
    for version in [1, 2] {
        let decoded = request(19, |stub| {
            message(stub, version).u32(0).pointer().uuid(Uuid::nil());
            if version == 2 {
                stub.u32(0).null().null().u32(0);
            }
            stub.wide(DN);
        });
        assert_eq!((text(&decoded, "object"), text(&decoded, "information")), (Some(DN), Some("neighbors")));
    }
    let decoded = request(28, |stub| _ = message(stub, 1).pointer().pointer().wide("DC2").wide("Default"));
    assert_eq!(text(&decoded, "machine"), Some("DC2"));
    let decoded =
        request(29, |stub| _ = message(stub, 1).pointer().u32(1).pointer().wide("CN=x").conformant(b"k"));
    assert_eq!(text(&decoded, "account"), Some("CN=x"));
    let decoded = request(30, |stub| _ = message(stub, 1).pointer().wide("CN=x"));
    assert_eq!(text(&decoded, "account"), Some("CN=x"));
    let decoded = request(18, |stub| _ = stub.handle(7).u32(1).u32(1).u32(0).u32(2));
    assert_eq!(decoded.arguments.number("flags"), Some(2));
    let decoded = request(22, |stub| {
        message(stub, 1).pointer().uuid(DSA).u32(1);
        ds_name(stub, Uuid::nil(), DN);
    });
    assert_eq!(text(&decoded, "naming_context"), Some(DN));
    let decoded = request(7, |stub| {
        message(stub, 1).pointer().uuid(DSA).pointer().raw(&[0; 84]).u32(1).u32(2).u32(3);
        ds_name(stub, Uuid::nil(), DN).narrow("dc3");
    });
    assert_eq!((text(&decoded, "source"), decoded.arguments.number("options")), (Some("dc3"), Some(3)));
}
