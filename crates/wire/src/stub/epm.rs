//! epm, the endpoint mapper ([C706] appendix O, [MS-RPCE] 2.2.1.2).

use super::argument::fields;
use super::operation::{Interface, Operation};
use super::tower::Tower;
use super::{Argument, Decoded, reply};
use crate::ndr::{Alignment, Ndr, Pointer};
use rpcscope_model::{Stopped, Text, Value};
use uuid::Uuid;

pub(super) const INTERFACE: Interface = Interface {
    uuid: Uuid::from_u128(0xe1af8308_5d1f_11c9_91a4_08002b14a0fa),
    name: "epm",
    operations: &[
        Operation::new(0, "ept_insert", &["entries", "replace", "status"])
            .request(insert)
            .response(reply::status),
        Operation::new(1, "ept_delete", &["entries", "status"]).request(delete).response(reply::status),
        Operation::new(2, "ept_lookup", LOOKUP).request(lookup).response(found),
        Operation::new(3, "ept_map", MAP).request(map).response(mapped),
        Operation::new(4, "ept_lookup_handle_free", &["status"])
            .request(free)
            .response(reply::handle_and_status),
        Operation::new(7, "ept_map_auth", MAP).response(mapped),
    ],
};

const LOOKUP: &[&str] =
    &["inquiry", "object", "interface", "version", "version_option", "maximum", "entries", "status"];

const MAP: &[&str] = &[
    "object",
    "interface",
    "version",
    "transport",
    "port",
    "endpoint",
    "host",
    "maximum",
    "towers",
    "status",
];

fn insert(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    delete(ndr, call)?;
    call.put("replace", ndr.u32("replace")? != 0);
    Ok(())
}

fn delete(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    ndr.u32("num_ents")?;
    let count = ndr.count("entries")?;
    entries(ndr, call, count)
}

fn lookup(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    // [C706] appendix O: all, or those that match an interface, an object or both.
    const INQUIRIES: &[(u32, &str)] = &[(0, "all"), (1, "interface"), (2, "object"), (3, "both")];
    call.put("inquiry", super::argument::symbol(ndr.u32("inquiry_type")?, INQUIRIES));
    object(ndr, call)?;
    let interface = ndr.full_pointer("Ifid")?;
    if let Some((uuid, major, minor)) = ndr.referent(interface, interface_id)? {
        call.put("interface", uuid);
        call.put("version", super::tower::version(major, minor));
    }
    call.put("version_option", ndr.u32("vers_option")?);
    call.uses(ndr.context_handle("entry_handle")?);
    call.put("maximum", ndr.u32("max_ents")?);
    Ok(())
}

fn object(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    let object = ndr.full_pointer("object")?;
    let object = ndr.referent(object, |ndr| ndr.uuid("object"))?;
    call.put("object", object.filter(|object| !object.is_nil()));
    Ok(())
}

/// RPC_IF_ID ([MS-RPCE] 2.2.1.1.1).
pub(super) fn interface_id(ndr: &mut Ndr<'_>) -> Result<(Uuid, u16, u16), Stopped> {
    ndr.structure(Alignment::Four, |ndr| {
        Ok((ndr.uuid("Uuid")?, ndr.u16("VersMajor")?, ndr.u16("VersMinor")?))
    })
}

fn found(ndr: &mut Ndr<'_>, call: &mut Decoded, request: Option<&Decoded>) -> Result<(), Stopped> {
    call.opens(ndr.context_handle("entry_handle")?);
    ndr.u32("num_ents")?;
    ndr.count("entries")?;
    let count = ndr.actual_count("entries")?;
    entries(ndr, call, count)?;
    reply::status(ndr, call, request)
}

/// ept_entry_t.
struct Entry {
    tower: Option<Tower>,
    object: Uuid,
    annotation: Text,
}

impl Argument for Entry {
    fn value(self) -> Option<Value> {
        Some(fields([
            ("tower", self.tower.value()),
            ("object", Some(self.object).filter(|object| !object.is_nil()).value()),
            ("annotation", Some(self.annotation).filter(|text| !text.string.is_empty()).value()),
        ]))
    }
}

fn entries(ndr: &mut Ndr<'_>, call: &mut Decoded, count: usize) -> Result<(), Stopped> {
    let mut towers = Vec::new();
    let result = call.list_with_referents(
        "entries",
        ndr,
        count,
        |ndr| {
            ndr.structure(Alignment::Pointer, |ndr| {
                let object = ndr.uuid("object")?;
                let tower = ndr.full_pointer("tower")?;
                Ok((object, tower, ndr.varying_narrow_string("annotation")?))
            })
        },
        |ndr, (object, pointer, annotation)| {
            let tower = tower(ndr, pointer)?;
            let told = tower.clone().map(|tower| Tower {
                annotation: Some(annotation.clone()).filter(|text| !text.string.is_empty()),
                object: Some(object).filter(|object| !object.is_nil()),
                ..tower
            });
            remember(&mut towers, told);
            Ok(Entry { tower: tower.filter(|_| !ndr.passes()), object, annotation })
        },
    );
    call.towers = towers;
    result
}

fn remember(towers: &mut Vec<Tower>, tower: Option<Tower>) {
    if towers.len() < Decoded::MAX_TOWERS {
        towers.extend(tower);
    }
}

/// twr_t: a length and the octets of a tower, which keeps what could be read of it.
fn tower(ndr: &mut Ndr<'_>, pointer: Pointer) -> Result<Option<Tower>, Stopped> {
    ndr.referent(pointer, |ndr| {
        let count = ndr.count("tower_octet_string")?;
        ndr.u32("tower_length")?;
        let (octets, _) = ndr.run("tower_octet_string", count, 1)?;
        let mut tower = Tower::default();
        // A tower that ends too early is told as far as it goes.
        let _ = tower.read(octets);
        Ok(tower)
    })
}

fn map(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    object(ndr, call)?;
    let pointer = ndr.full_pointer("map_tower")?;
    if let Some(Value::Fields(parts)) = tower(ndr, pointer)?.and_then(Argument::value) {
        for (name, value) in parts {
            call.arguments.put(name, value);
        }
    }
    call.uses(ndr.context_handle("entry_handle")?);
    call.put("maximum", ndr.u32("max_towers")?);
    Ok(())
}

fn mapped(ndr: &mut Ndr<'_>, call: &mut Decoded, request: Option<&Decoded>) -> Result<(), Stopped> {
    call.opens(ndr.context_handle("entry_handle")?);
    ndr.u32("num_towers")?;
    ndr.count("towers")?;
    let count = ndr.actual_count("towers")?;
    let mut towers = Vec::new();
    let result = call.list_with_referents(
        "towers",
        ndr,
        count,
        |ndr| ndr.full_pointer("towers"),
        |ndr, pointer| {
            let tower = tower(ndr, pointer)?;
            remember(&mut towers, tower.clone());
            Ok(tower)
        },
    );
    call.towers = towers;
    result?;
    reply::status(ndr, call, request)
}

fn free(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    call.closes(ndr.context_handle("entry_handle")?);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::encoder::{self, Encoder};
    use super::super::tower::SVCCTL;
    use super::*;
    use rpcscope_model::Opnum;

    const SVCCTL_UUID: Uuid = Uuid::from_u128(0x367abb81_9844_35f1_ad32_98f038001003);

    fn request(opnum: u16, write: impl Fn(&mut Encoder)) -> Decoded {
        encoder::request(INTERFACE.operation(Opnum(opnum)).expect("a row"), write)
    }

    fn response(opnum: u16, write: impl Fn(&mut Encoder)) -> Decoded {
        encoder::response(INTERFACE.operation(Opnum(opnum)).expect("a row"), None, write)
    }

    fn write_tower(stub: &mut Encoder) {
        let length = u32::try_from(SVCCTL.len()).expect("a short tower");
        stub.count(SVCCTL.len()).u32(length).raw(SVCCTL);
    }

    #[test]
    fn a_question_names_the_interface() {
        let decoded = request(3, |stub| {
            stub.pointer().uuid(Uuid::nil()).pointer();
            write_tower(stub);
            stub.handle(0).u32(4);
        })
        .arguments;
        assert_eq!(decoded.get("interface"), Some(&Value::Uuid(SVCCTL_UUID)));
        assert_eq!((decoded.text("version"), decoded.text("transport")), (Some("2.0"), Some("ncacn_ip_tcp")));
        assert_eq!((decoded.get("object"), decoded.number("maximum")), (None, Some(4)));
    }

    #[test]
    fn an_answer_names_the_port() {
        let answer = response(3, |stub| {
            stub.handle(0).u32(1).count(4).count(0).count(1).pointer();
            write_tower(stub);
            stub.u32(0);
        });
        let decoded = &answer.arguments;
        let Some(Value::List(towers)) = decoded.get("towers") else { panic!("a list") };
        let [Value::Fields(tower)] = towers.values.as_slice() else { panic!("one tower") };
        assert!(tower.contains(&("interface".into(), Value::Uuid(SVCCTL_UUID))));
        assert!(tower.contains(&("port".into(), Value::Number(49664))));
        assert_eq!(decoded.number("status"), Some(0));
        assert_eq!(answer.towers.first().and_then(|tower| tower.port), Some(49664));
    }

    #[test]
    fn looked_up_entries_have_annotations() {
        let decoded = response(2, |stub| {
            stub.handle(5).u32(2).count(500).count(0).count(2);
            for annotation in ["", "Impl friendly name"] {
                let length = annotation.len() + 1;
                stub.align_pointer().uuid(Uuid::nil()).pointer();
                stub.count(0).count(length).raw(annotation.as_bytes()).u8(0).end_structure(8);
            }
            write_tower(stub);
            stub.align_pointer();
            write_tower(stub);
            stub.u32(0);
        });
        let Some(Value::List(entries)) = decoded.arguments.get("entries") else { panic!("a list") };
        let [_, Value::Fields(second)] = entries.values.as_slice() else { panic!("two entries") };
        let annotation = Value::Text(Text::whole("Impl friendly name"));
        assert!(second.contains(&("annotation".into(), annotation)));
        assert!(decoded.handles.opened.is_some());
    }

    #[test]
    fn a_long_answer_is_read_to_its_end_and_shown_in_part() {
        let decoded = response(3, |stub| {
            stub.handle(0).u32(200).count(500).count(0).count(200);
            (0..200).for_each(|_| _ = stub.pointer());
            for _ in 0..200 {
                stub.align_pointer();
                write_tower(stub);
            }
            stub.u32(0);
        });
        let Some(Value::List(towers)) = decoded.arguments.get("towers") else { panic!("a list") };
        assert_eq!((towers.values.len(), towers.omitted), (64, 136));
        assert_eq!(decoded.towers.len(), 200);
        assert_eq!(decoded.arguments.number("status"), Some(0));
    }

    #[test]
    fn a_lookup_of_one_interface_names_it() {
        let decoded = request(2, |stub| {
            stub.u32(1).null().pointer().uuid(SVCCTL_UUID).u16(2).u16(0).u32(1).handle(0).u32(500);
        })
        .arguments;
        assert_eq!(decoded.text("inquiry"), Some("interface"));
        assert_eq!((decoded.text("version"), decoded.number("maximum")), (Some("2.0"), Some(500)));
    }
}
