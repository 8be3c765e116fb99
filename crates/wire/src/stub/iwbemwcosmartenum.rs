//! IWbemWCOSmartEnum: the objects that a query found, each class sent once ([MS-WMI] 3.1.4.7).

use super::ienumwbemclassobject::put_classes;
use super::operation::{Interface, Operation};
use super::{Decoded, orpc};
use crate::ndr::Ndr;
use crate::wmi::ObjectArray;
use rpcscope_model::Stopped;
use uuid::Uuid;

pub(super) const INTERFACE: Interface = Interface {
    uuid: Uuid::from_u128(0x423ec01e_2e35_11d2_b604_00104b703efd),
    name: "IWbemWCOSmartEnum",
    operations: &[Operation::new(3, "Next", &["timeout_ms", "count", "classes", "returned", "status"])
        .request(next)
        .response(returned)],
};

fn next(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    orpc::this(ndr, call)?;
    ndr.uuid("proxyGUID")?;
    call.put("timeout_ms", ndr.i32("lTimeout")?);
    call.put("count", ndr.u32("uCount")?);
    Ok(())
}

fn returned(ndr: &mut Ndr<'_>, call: &mut Decoded, _request: Option<&Decoded>) -> Result<(), Stopped> {
    orpc::that(ndr)?;
    let count = ndr.u32("puReturned")?;
    ndr.u32("pdwBuffSize")?;
    let buffer = ndr.unique("pBuffer", |ndr| ndr.conformant_bytes("pBuffer"))?;
    if let Some(array) = buffer.and_then(|buffer| ObjectArray::parse(buffer).ok()) {
        put_classes(call, array.map(|packed| packed.object));
    }
    // Not all objects are there when the end of the array is missing.
    call.put("returned", count);
    call.put_status(ndr.u32("return value")?);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::encoder::{self, Encoder};
    use super::*;
    use crate::ByteOrder;
    use crate::dcom::{Objref, Objrefs, samples};
    use rpcscope_model::{List, Text, Value};

    /// An array of one instance ([MS-WMI] 2.2.14).
    fn array(block: &[u8]) -> Vec<u8> {
        let word = |value: usize| u32::try_from(value).expect("short").to_le_bytes();
        let object =
            [&word(9)[..], &word(24 + block.len()), &[2], &word(24), &word(block.len()), &[7; 16], block];
        let object = object.concat();
        let mut array =
            [&[0; 4], &b"WBEMDATA"[..], &word(26), &word(20 + object.len()), &[0; 4], &[1, 1]].concat();
        array.extend([word(8), word(12 + object.len()), word(12), word(object.len()), word(1)].concat());
        array.extend(object);
        array
    }

    #[test]
    fn an_answer_names_the_classes_of_its_objects() {
        let recorded = samples::bytes(samples::NEXT_REPLY);
        let mut objrefs = Objrefs::new(&recorded, ByteOrder::Little);
        let unit = objrefs.find_map(|objref| objref.custom(Objref::WBEM_CLASS_OBJECT)).expect("an object");
        let array = array(&unit[8..]);
        let write = |stub: &mut Encoder| {
            let size = u32::try_from(array.len()).expect("short");
            stub.u32(0).u32(0).u32(1).u32(size).pointer().conformant(&array).u32(0);
        };
        let call = encoder::response(&INTERFACE.operations[0], None, write);
        let classes = List { values: vec![Value::Text(Text::whole("Win32_Process"))], omitted: 0 };
        assert_eq!(call.arguments.get("classes"), Some(&Value::List(classes)));
        assert_eq!((call.arguments.number("returned"), call.arguments.number("status")), (Some(1), Some(0)));
    }

    #[test]
    fn a_request_says_how_many_objects_it_wants() {
        let call = encoder::request(&INTERFACE.operations[0], |stub| {
            stub.u16(5).u16(7).u32(0).u32(0).uuid(Uuid::from_u128(1)).u32(0);
            stub.uuid(Uuid::from_u128(2)).u32(1000).u32(1);
        });
        assert_eq!(call.arguments.get("timeout_ms"), Some(&Value::Signed(1000)));
        assert_eq!(call.arguments.number("count"), Some(1));
    }
}
