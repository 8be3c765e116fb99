//! IObjectExporter: resolution of exporters, and pings ([MS-DCOM] 3.1.2.5.1).

use super::operation::{Interface, Operation};
use super::{Decoded, Exporter, activation, reply};
use crate::dcom::{ComVersion, DualStringArray, Ipid, Oid, Oxid};
use crate::ndr::Ndr;
use rpcscope_model::{Stopped, Text};
use uuid::Uuid;

pub(super) const INTERFACE: Interface = Interface {
    uuid: Uuid::from_u128(0x99fcfec4_5260_101b_bbcb_00aa0021347a),
    name: "IObjectExporter",
    operations: &[
        Operation::new(0, "ResolveOxid", RESOLUTION).request(resolve).response(resolved),
        Operation::new(1, "SimplePing", &["ping_set", "status"]).request(simple_ping).response(reply::status),
        Operation::new(2, "ComplexPing", &["ping_set", "added", "removed", "status"])
            .request(complex_ping)
            .response(complex_pinged),
        Operation::new(3, "ServerAlive", &["status"]).response(reply::status),
        Operation::new(4, "ResolveOxid2", RESOLUTION).request(resolve).response(resolved2),
        Operation::new(5, "ServerAlive2", &["server_version", "bindings", "status"]).response(alive2),
    ],
};

const RESOLUTION: &[&str] =
    &["oxid", "protocols", "bindings", "ipid", "minimum_authn_level", "server_version", "status"];

fn resolve(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    let oxid = Oxid(ndr.u64("pOxid")?);
    call.put("oxid", Text::whole(oxid.to_string()));
    call.objects_mut().resolved = Some(oxid);
    ndr.u16("cRequestedProtseqs")?;
    let count = ndr.count("arRequestedProtseqs")?;
    let protseqs = ndr.elements("arRequestedProtseqs", count, |ndr| ndr.u16("arRequestedProtseqs"))?;
    activation::protocols(call, &protseqs.items);
    Ok(())
}

fn resolved(ndr: &mut Ndr<'_>, call: &mut Decoded, request: Option<&Decoded>) -> Result<(), Stopped> {
    exporter(ndr, call, request)?;
    reply::status(ndr, call, request)
}

fn resolved2(ndr: &mut Ndr<'_>, call: &mut Decoded, request: Option<&Decoded>) -> Result<(), Stopped> {
    exporter(ndr, call, request)?;
    call.put("server_version", Text::whole(ComVersion::read(ndr)?.to_string()));
    reply::status(ndr, call, request)
}

/// What the request has asked for. Which exporter that is only the request says.
fn exporter(ndr: &mut Ndr<'_>, call: &mut Decoded, request: Option<&Decoded>) -> Result<(), Stopped> {
    let bindings = ndr.unique("ppdsaOxidBindings", DualStringArray::read)?;
    let rem_unknown = Ipid(ndr.uuid("pipidRemUnknown")?);
    let authn_hint = ndr.u32("pAuthnHint")?;
    let Some(bindings) = bindings else { return Ok(()) };
    activation::bindings(call, bindings);
    call.put("ipid", rem_unknown.0);
    call.put("minimum_authn_level", authn_hint);
    let asked = request.and_then(|request| request.objects.as_ref()).and_then(|objects| objects.resolved);
    if let Some(oxid) = asked {
        call.objects_mut().exporter = Some(Exporter::new(oxid, bindings, rem_unknown));
    }
    Ok(())
}

fn simple_ping(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    call.put("ping_set", Text::whole(Oid(ndr.u64("pSetId")?).to_string()));
    Ok(())
}

fn complex_ping(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    simple_ping(ndr, call)?;
    ndr.u16("SequenceNum")?;
    ndr.u16("cAddToSet")?;
    ndr.u16("cDelFromSet")?;
    oids(ndr, call, "added", "AddToSet")?;
    oids(ndr, call, "removed", "DelFromSet")
}

fn oids(
    ndr: &mut Ndr<'_>,
    call: &mut Decoded,
    name: &'static str,
    field: &'static str,
) -> Result<(), Stopped> {
    let oids = ndr.unique(field, |ndr| {
        let count = ndr.count(field)?;
        ndr.elements(field, count, |ndr| ndr.u64(field))
    })?;
    let oids = oids.map(|oids| oids.items).unwrap_or_default();
    activation::put_list(call, name, oids.into_iter().map(|oid| Text::whole(Oid(oid).to_string())));
    Ok(())
}

fn complex_pinged(ndr: &mut Ndr<'_>, call: &mut Decoded, request: Option<&Decoded>) -> Result<(), Stopped> {
    simple_ping(ndr, call)?;
    ndr.u16("pPingBackoffFactor")?;
    reply::status(ndr, call, request)
}

fn alive2(ndr: &mut Ndr<'_>, call: &mut Decoded, request: Option<&Decoded>) -> Result<(), Stopped> {
    call.put("server_version", Text::whole(ComVersion::read(ndr)?.to_string()));
    if let Some(bindings) = ndr.unique("ppdsaOrBindings", DualStringArray::read)? {
        activation::bindings(call, bindings);
    }
    ndr.u32("pReserved")?;
    reply::status(ndr, call, request)
}

#[cfg(test)]
mod tests {
    use super::super::{Stub, Syntax, encoder};
    use super::*;
    use crate::ByteOrder;
    use crate::dcom::samples;
    use rpcscope_model::{List, Value};

    fn stub(bytes: &[u8]) -> Stub<'_> {
        Stub { bytes, order: ByteOrder::Little, syntax: Syntax::Ndr, complete: true }
    }

    #[test]
    fn a_resolution_learns_where_an_exporter_listens() {
        let request = samples::bytes(samples::RESOLVE_OXID2_REQUEST);
        let request = INTERFACE.operations[4].decode_request(stub(&request)).expect("a decoder");
        assert_eq!(request.arguments.stopped, None);
        assert_eq!(request.arguments.text("oxid"), Some("0x1122334455667788"));
        let bytes = samples::bytes(samples::RESOLVE_OXID2_REPLY);
        let call = INTERFACE.operations[4].decode_response(stub(&bytes), Some(&request)).expect("a decoder");
        assert_eq!(call.arguments.stopped, None);
        assert_eq!(call.arguments.number("status"), Some(0));
        let objects = call.objects.expect("an exporter");
        let exporter = objects.exporter.expect("an exporter");
        assert_eq!(exporter.oxid, Oxid(0x1122_3344_5566_7788));
        assert_eq!(exporter.bindings[0].port(), Some(49667));
        // Without its request, a reply does not say which exporter it is about.
        let blind = INTERFACE.operations[4].decode_response(stub(&bytes), None).expect("a decoder");
        assert_eq!((blind.objects, blind.arguments), (None, call.arguments));
    }

    #[test]
    fn server_alive_gives_the_addresses_of_the_machine() {
        let bytes = samples::bytes(samples::SERVER_ALIVE2_REPLY);
        let call = INTERFACE.operations[5].decode_response(stub(&bytes), None).expect("a decoder");
        assert_eq!(call.arguments.stopped, None);
        assert_eq!(call.arguments.text("server_version"), Some("5.7"));
        let Some(Value::List(bindings)) = call.arguments.get("bindings") else { panic!("bindings") };
        assert_eq!(bindings.values[0], Value::Text(Text::whole("ncacn_ip_tcp:WIN-SRV")));
    }

    #[test]
    fn pings_say_which_objects_are_kept() {
        let call = encoder::request(&INTERFACE.operations[2], |stub| {
            _ = stub.u64(0).u16(1).u16(2).u16(0).pointer().count(2).u64(0x11).u64(0x22).null();
        });
        assert_eq!(call.arguments.text("ping_set"), Some("0x0000000000000000"));
        let oid = |text: &str| Value::Text(Text::whole(text));
        let added = List { values: vec![oid("0x0000000000000011"), oid("0x0000000000000022")], omitted: 0 };
        assert_eq!(call.arguments.get("added"), Some(&Value::List(added)));
        assert_eq!(call.arguments.get("removed"), None);
        let call = encoder::response(&INTERFACE.operations[2], None, |stub| {
            _ = stub.u64(7).u16(0).u32(0);
        });
        assert_eq!(call.arguments.text("ping_set"), Some("0x0000000000000007"));
    }
}
