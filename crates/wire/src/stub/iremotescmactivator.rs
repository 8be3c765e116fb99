//! IRemoteSCMActivator, which many call ISystemActivator: activation ([MS-DCOM] 3.1.2.5.2.2).

use super::operation::{Interface, Operation};
use super::{Decoded, activation, orpc};
use crate::ndr::Ndr;
use rpcscope_model::Stopped;
use uuid::Uuid;

pub(super) const INTERFACE: Interface = Interface {
    uuid: Uuid::from_u128(0x000001a0_0000_0000_c000_000000000046),
    name: "IRemoteSCMActivator",
    operations: &[
        Operation::new(3, "RemoteGetClassObject", activation::FIELDS)
            .request(get_class_object)
            .response(activated),
        Operation::new(4, "RemoteCreateInstance", activation::FIELDS)
            .request(create_instance)
            .response(activated),
    ],
};

fn get_class_object(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    orpc::this(ndr, call)?;
    properties(ndr, call)
}

fn create_instance(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    orpc::this(ndr, call)?;
    orpc::interface_pointer(ndr, call, "pUnkOuter")?;
    properties(ndr, call)
}

fn properties(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    match orpc::interface_pointer(ndr, call, "pActProperties")? {
        Some(objref) => activation::request(&objref, call),
        None => Err(ndr.malformed("pActProperties")),
    }
}

fn activated(ndr: &mut Ndr<'_>, call: &mut Decoded, _request: Option<&Decoded>) -> Result<(), Stopped> {
    orpc::that(ndr)?;
    let properties = orpc::interface_pointer(ndr, call, "ppActProperties")?;
    let result = properties.map_or(Ok(()), |objref| activation::reply(&objref, call));
    call.put_status(ndr.u32("return value")?);
    result
}

#[cfg(test)]
mod tests {
    use super::super::encoder::{self, Encoder};
    use super::super::{Stub, Syntax, orpc};
    use super::*;
    use crate::ByteOrder;
    use crate::dcom::samples;
    use rpcscope_model::{List, Value};
    use uuid::uuid;

    fn stub(bytes: &[u8]) -> Stub<'_> {
        Stub { bytes, order: ByteOrder::Little, syntax: Syntax::Ndr, complete: true }
    }

    #[test]
    fn an_activation_says_what_is_activated() {
        let bytes = samples::bytes(samples::REMOTE_CREATE_INSTANCE_REQUEST);
        let call = INTERFACE.operations[1].decode_request(stub(&bytes)).expect("a decoder");
        assert_eq!(call.arguments.stopped, None);
        let clsid = uuid!("8bc3f05e-d86b-11d0-a075-00c04fb68820");
        assert_eq!(call.arguments.get("clsid"), Some(&Value::Uuid(clsid)));
        assert_eq!(call.arguments.text("client_version"), Some("5.7"));
        let protocols = List { values: vec![Value::Symbol(7, "ncacn_ip_tcp")], omitted: 0 };
        assert_eq!(call.arguments.get("protocols"), Some(&Value::List(protocols)));
        let objects = call.objects.expect("an activation");
        assert_eq!(objects.activated_class, Some(clsid));
        assert_eq!(objects.asked, [uuid!("f309ad18-d86a-11d0-a075-00c04fb68820")]);
        assert!(objects.causality_id.is_some() && objects.references.is_empty());
    }

    #[test]
    fn its_reply_says_where_the_object_is() {
        let bytes = samples::bytes(samples::REMOTE_CREATE_INSTANCE_REPLY);
        let call = INTERFACE.operations[1].decode_response(stub(&bytes), None).expect("a decoder");
        assert_eq!(call.arguments.stopped, None);
        assert_eq!(call.arguments.text("oxid"), Some("0xb94ed5d4919f20ce"));
        assert_eq!(call.arguments.number("status"), Some(0));
        let Some(Value::List(bindings)) = call.arguments.get("bindings") else { panic!("bindings") };
        let texts: Vec<_> = bindings
            .values
            .iter()
            .filter_map(|value| if let Value::Text(text) = value { Some(text.string.as_str()) } else { None })
            .collect();
        assert_eq!(texts, ["ncacn_ip_tcp:WIN-SRV[49667]", "ncacn_ip_tcp:10.99.1.1[49667]"]);
        let objects = call.objects.expect("an exporter");
        let exporter = objects.exporter.expect("an exporter");
        assert_eq!(exporter.bindings[1].port(), Some(49667));
        assert_eq!(objects.references.len(), 1);
        assert_eq!(objects.references[0].oxid, exporter.oxid);
        assert_eq!(objects.references[0].iid, uuid!("f309ad18-d86a-11d0-a075-00c04fb68820"));
    }

    #[test]
    fn a_cut_activation_brings_no_decoder_down() {
        for (sample, operation) in [
            (samples::REMOTE_CREATE_INSTANCE_REQUEST, &INTERFACE.operations[1]),
            (samples::REMOTE_CREATE_INSTANCE_REPLY, &INTERFACE.operations[1]),
        ] {
            let bytes = samples::bytes(sample);
            for end in 0..bytes.len() {
                let cut = Stub { complete: false, ..stub(&bytes[..end]) };
                let request = operation.decode_request(cut).expect("a decoder");
                assert!(request.arguments.stopped.is_some() || request.objects.is_some());
                operation.decode_response(cut, None).expect("a decoder");
            }
        }
    }

    #[test]
    fn an_activation_that_failed_gives_its_status() {
        let write = |stub: &mut Encoder| {
            _ = stub.u32(0).u32(0).null().u32(0x8007_0005);
        };
        let call = encoder::response(&INTERFACE.operations[0], None, write);
        assert_eq!(call.arguments.number("status"), Some(0x8007_0005));
        assert_eq!(call.objects, None);
        let again = encoder::response(
            &Operation::new(9, "", &["status"]).response(orpc::references_and_status),
            None,
            write,
        );
        assert_eq!(again.arguments.number("status"), Some(0x8007_0005));
    }
}
