//! IWbemObjectSink: objects and results of asynchronous calls, on their way to the client ([MS-WMI] 3.1.4.2).

use super::ienumwbemclassobject::put_classes;
use super::operation::{Interface, Operation};
use super::{Decoded, bstr, cim, orpc};
use crate::dcom::Objrefs;
use crate::ndr::Ndr;
use rpcscope_model::{Stopped, Text};
use uuid::Uuid;

pub(super) const INTERFACE: Interface = Interface {
    uuid: Uuid::from_u128(0x7c857801_7381_11cf_884d_00aa004b2e24),
    name: "IWbemObjectSink",
    operations: &[
        Operation::new(3, "Indicate", &["classes", "returned", "status"])
            .request(indicate)
            .response(orpc::references_and_status),
        Operation::new(4, "SetStatus", &["flags", "result", "detail", "status"])
            .request(set_status)
            .response(orpc::references_and_status),
    ],
};

fn indicate(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    orpc::this(ndr, call)?;
    let objrefs = Objrefs::of_rest(ndr)?;
    put_classes(call, objrefs.map(|objref| cim::object(Some(objref))));
    call.put("returned", ndr.u32("lObjectCount")?);
    Ok(())
}

fn set_status(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    orpc::this(ndr, call)?;
    call.put("flags", ndr.u32("lFlags")?);
    call.put("result", ndr.u32("hResult")?);
    call.put("detail", bstr::parameter(ndr, "strParam", Text::MAX_CHARS)?);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::encoder;
    use super::*;

    #[test]
    fn a_result_is_told() {
        let call = encoder::request(&INTERFACE.operations[1], |stub| {
            stub.u16(5).u16(7).u32(0).u32(0).uuid(Uuid::from_u128(1)).u32(0);
            stub.u32(0).u32(0x8004_1010).pointer().count(3).u32(6).u32(3).wide_units("abc").null();
        });
        assert_eq!(call.arguments.number("result"), Some(0x8004_1010));
        assert_eq!(call.arguments.text("detail"), Some("abc"));
    }

    #[test]
    fn objects_that_are_not_there_are_counted_as_announced() {
        let call = encoder::request(&INTERFACE.operations[0], |stub| {
            stub.u16(5).u16(7).u32(0).u32(0).uuid(Uuid::from_u128(1)).u32(0).u32(3).count(0);
        });
        assert_eq!(call.arguments.number("returned"), Some(3));
    }
}
