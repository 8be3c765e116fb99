//! IEnumWbemClassObject: the objects that a query found ([MS-WMI] 3.1.4.4).

use super::operation::{Interface, Operation};
use super::{Decoded, activation, cim, orpc};
use crate::dcom::Objrefs;
use crate::ndr::Ndr;
use crate::wmi::Object;
use rpcscope_model::{List, Stopped, Text};
use uuid::Uuid;

pub(super) const INTERFACE: Interface = Interface {
    uuid: Uuid::from_u128(0x027947e1_d731_11ce_a357_000000000001),
    name: "IEnumWbemClassObject",
    operations: &[
        Operation::new(4, "Next", &["timeout_ms", "count", "classes", "returned", "status"])
            .request(next)
            .response(returned),
        Operation::new(6, "Clone", &["status"]).request(orpc::nothing).response(orpc::references_and_status),
    ],
};

fn next(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    orpc::this(ndr, call)?;
    call.put("timeout_ms", ndr.i32("lTimeout")?);
    call.put("count", ndr.u32("uCount")?);
    Ok(())
}

fn returned(ndr: &mut Ndr<'_>, call: &mut Decoded, _request: Option<&Decoded>) -> Result<(), Stopped> {
    orpc::that(ndr)?;
    let objrefs = Objrefs::of_rest(ndr)?;
    put_classes(call, objrefs.map(|objref| cim::object(Some(objref))));
    call.put_status(ndr.last_u32("return value")?);
    Ok(())
}

/// Puts how many objects there are, and of which classes.
pub(super) fn put_classes<'a>(call: &mut Decoded, objects: impl Iterator<Item = Option<Object<'a>>>) {
    let mut classes: Vec<Text> = Vec::new();
    let mut count = 0_u64;
    for object in objects {
        count = count.saturating_add(1);
        // Objects of one answer are of one class, or of few that derive from it.
        let class = object.filter(|_| classes.len() < List::MAX).and_then(|object| cim::class_name(&object));
        if let Some(class) = class.filter(|class| !classes.contains(class)) {
            classes.push(class);
        }
    }
    activation::put_list(call, "classes", classes.into_iter());
    call.put("returned", count);
}

#[cfg(test)]
mod tests {
    use super::super::{Stub, Syntax, encoder};
    use super::*;
    use crate::ByteOrder;
    use crate::dcom::samples;
    use rpcscope_model::Value;

    #[test]
    fn an_answer_names_the_classes_of_its_objects() {
        let bytes = samples::bytes(samples::NEXT_REPLY);
        let stub = Stub { bytes: &bytes, order: ByteOrder::Little, syntax: Syntax::Ndr, complete: true };
        let call = INTERFACE.operations[0].decode_response(stub, None).expect("a decoder");
        assert_eq!(call.arguments.stopped, None);
        let classes = List { values: vec![Value::Text(Text::whole("Win32_Process"))], omitted: 0 };
        assert_eq!(call.arguments.get("classes"), Some(&Value::List(classes)));
        assert_eq!((call.arguments.number("returned"), call.arguments.number("status")), (Some(1), Some(0)));
    }

    #[test]
    fn an_empty_answer_returns_nothing() {
        let call = encoder::response(&INTERFACE.operations[0], None, |stub| {
            stub.u32(0).u32(0).count(1).count(0).count(0).u32(0).u32(1);
        });
        assert_eq!((call.arguments.number("returned"), call.arguments.number("status")), (Some(0), Some(1)));
        let call = encoder::request(&INTERFACE.operations[0], |stub| {
            stub.u16(5).u16(7).u32(0).u32(0).uuid(Uuid::from_u128(1)).u32(0).u32(u32::MAX).u32(10);
        });
        assert_eq!(call.arguments.get("timeout_ms"), Some(&Value::Signed(-1)));
        assert_eq!(call.arguments.number("count"), Some(10));
    }
}
