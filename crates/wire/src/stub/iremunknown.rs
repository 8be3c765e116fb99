//! IRemUnknown and IRemUnknown2: more interfaces of an object, and their release ([MS-DCOM] 3.1.1.5.6, 3.1.1.5.7).

use super::argument::{self, Argument};
use super::operation::{Interface, Operation};
use super::{Decoded, Objects, Release, activation, orpc};
use crate::dcom::{InterfaceResult, Ipid, StdObjref, first_elements};
use crate::ndr::{Alignment, Ndr};
use rpcscope_model::{List, Stopped, Value};
use uuid::Uuid;

pub(super) const INTERFACE: Interface = Interface {
    uuid: Uuid::from_u128(0x00000131_0000_0000_c000_000000000046),
    name: "IRemUnknown",
    operations: &[QUERY_INTERFACE, ADD_REF, RELEASE],
};

pub(super) const INTERFACE_2: Interface = Interface {
    uuid: Uuid::from_u128(0x00000143_0000_0000_c000_000000000046),
    name: "IRemUnknown2",
    operations: &[
        QUERY_INTERFACE,
        ADD_REF,
        RELEASE,
        Operation::new(6, "RemQueryInterface2", QUERY).request(query_interface2).response(queried2),
    ],
};

const QUERY_INTERFACE: Operation =
    Operation::new(3, "RemQueryInterface", QUERY).request(query_interface).response(queried);
const ADD_REF: Operation = Operation::new(4, "RemAddRef", &["ipids", "status"])
    .request(add_ref)
    .response(orpc::references_and_status);
const RELEASE: Operation = Operation::new(5, "RemRelease", &["ipids", "status"])
    .request(release)
    .response(orpc::references_and_status);
const QUERY: &[&str] = &["ipid", "iids", "results", "status"];

fn query_interface(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    queried_object(ndr, call)?;
    ndr.u32("cRefs")?;
    asked(ndr, call)
}

fn query_interface2(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    queried_object(ndr, call)?;
    asked(ndr, call)
}

fn queried_object(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    orpc::this(ndr, call)?;
    let ipid = ndr.uuid("ripid")?;
    call.put("ipid", ipid);
    call.objects_mut().queried = Some(Ipid(ipid));
    Ok(())
}

fn asked(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    ndr.u16("cIids")?;
    let iids = first_elements(ndr, "iids", |ndr| ndr.uuid("iids"))?;
    activation::put_list(call, "iids", iids.iter().copied());
    call.objects_mut().asked = iids;
    Ok(())
}

/// The results of REMQIRESULT ([MS-DCOM] 2.2.24), which are in the order of the interfaces that were asked for.
fn queried(ndr: &mut Ndr<'_>, call: &mut Decoded, request: Option<&Decoded>) -> Result<(), Stopped> {
    orpc::that(ndr)?;
    let results = ndr.unique("ppQIResults", |ndr| {
        first_elements(ndr, "ppQIResults", |ndr| {
            ndr.align(Alignment::Eight);
            Ok((ndr.u32("hResult")?, StdObjref::read(ndr)?))
        })
    })?;
    let results = results.unwrap_or_default();
    let asked = iids(request);
    let values = results.iter().enumerate().map(|(at, (status, std))| {
        let ipid = (*status == 0).then_some(std.ipid.0);
        argument::fields([
            ("iid", asked.get(at).copied().value()),
            ("status", Some(Value::Status(*status))),
            ("ipid", ipid.value()),
        ])
    });
    activation::put_list(call, "results", values);
    for (at, (status, std)) in results.iter().enumerate() {
        if let (0, Some(iid)) = (*status, asked.get(at)) {
            call.objects_mut().add(*iid, std);
        }
    }
    call.put_status(ndr.u32("return value")?);
    Ok(())
}

fn queried2(ndr: &mut Ndr<'_>, call: &mut Decoded, request: Option<&Decoded>) -> Result<(), Stopped> {
    orpc::that(ndr)?;
    let results = first_elements(ndr, "phr", |ndr| ndr.u32("phr"))?;
    let objrefs = InterfaceResult::objrefs(ndr)?;
    let asked = iids(request);
    let interfaces: Vec<_> = results
        .into_iter()
        .enumerate()
        .map(|(at, result)| {
            let objref = objrefs.get(at).copied().flatten();
            let iid = asked.get(at).copied().or(objref.map(|objref| objref.iid)).unwrap_or_default();
            InterfaceResult { iid, result, objref }
        })
        .collect();
    activation::results(call, &interfaces);
    call.put_status(ndr.u32("return value")?);
    Ok(())
}

/// The interfaces that the request has asked for.
fn iids(request: Option<&Decoded>) -> &[Uuid] {
    let objects: Option<&Objects> = request.and_then(|request| request.objects.as_deref());
    objects.map(|objects| objects.asked.as_slice()).unwrap_or_default()
}

fn add_ref(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    references(ndr, call).map(|_| ())
}

fn release(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    let released = references(ndr, call)?;
    call.objects_mut().released = released;
    Ok(())
}

/// An array of REMINTERFACEREF ([MS-DCOM] 2.2.23).
fn references(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<Vec<Release>, Stopped> {
    orpc::this(ndr, call)?;
    ndr.u16("cInterfaceRefs")?;
    let count = ndr.count("InterfaceRefs")?;
    let mut references = ndr.elements("InterfaceRefs", count, |ndr| {
        let ipid = Ipid(ndr.uuid("ipid")?);
        let public_refs = ndr.u32("cPublicRefs")?;
        ndr.u32("cPrivateRefs")?;
        Ok(Release { ipid, public_refs })
    })?;
    references.items.truncate(List::MAX);
    let values: Vec<_> = references.items.iter().map(|release| Value::Uuid(release.ipid.0)).collect();
    let omitted = count.saturating_sub(values.len());
    call.put("ipids", List { values, omitted });
    Ok(references.items)
}

#[cfg(test)]
mod tests {
    use super::super::encoder::{self, Encoder};
    use super::super::{Stub, Syntax};
    use super::*;
    use crate::ByteOrder;
    use crate::dcom::{Oid, Oxid, samples};
    use uuid::uuid;

    const IIDS: [Uuid; 2] =
        [uuid!("d4781cd6-e5d3-44df-ad94-930efe48a887"), uuid!("9f6c78ef-fce5-42fa-abea-3e7df91921dc")];

    fn this(stub: &mut Encoder) -> &mut Encoder {
        stub.u16(5).u16(7).u32(0).u32(0).uuid(Uuid::from_u128(1)).u32(0)
    }

    #[test]
    fn interfaces_that_an_object_has_are_learned() {
        let request = encoder::request(&INTERFACE_2.operations[0], |stub| {
            this(stub).uuid(Uuid::from_u128(7)).u32(5).u16(2).count(2).uuid(IIDS[0]).uuid(IIDS[1]);
        });
        let objects = request.objects.as_deref().expect("a query");
        assert_eq!((objects.queried, objects.asked.as_slice()), (Some(Ipid(Uuid::from_u128(7))), &IIDS[..]));
        let call = encoder::response(&INTERFACE_2.operations[0], Some(&request), |stub| {
            stub.u32(0).u32(0).pointer().count(2);
            stub.align(8).u32(0x8000_4002).align(8).raw(&[0; 40]);
            stub.align(8).u32(0).align(8).u32(0).u32(5).u64(0x11).u64(0x22).uuid(Uuid::from_u128(8)).u32(0);
        });
        let objects = call.objects.expect("a reference");
        let [reference] = objects.references.as_slice() else { panic!("one reference") };
        assert_eq!((reference.iid, reference.oxid, reference.oid), (IIDS[1], Oxid(0x11), Oid(0x22)));
        assert_eq!((reference.ipid, reference.public_refs), (Ipid(Uuid::from_u128(8)), 5));
        assert_eq!(call.arguments.number("status"), Some(0));
    }

    #[test]
    fn released_interface_pointers_are_told() {
        let bytes = samples::bytes(samples::REM_RELEASE_REQUEST);
        let stub = Stub { bytes: &bytes, order: ByteOrder::Little, syntax: Syntax::Ndr, complete: true };
        let call = INTERFACE.operations[2].decode_request(stub).expect("a decoder");
        assert_eq!(call.arguments.stopped, None);
        let released = call.objects.expect("a release").released;
        assert_eq!(released.len(), 1);
        assert_eq!(released[0].public_refs, 1);
        let call = encoder::request(&ADD_REF, |stub| {
            this(stub).u16(1).count(1).uuid(Uuid::from_u128(8)).u32(5).u32(0);
        });
        assert!(call.objects.expect("a header").released.is_empty());
    }

    #[test]
    fn a_flood_of_releases_is_bounded_and_counted() {
        let call = encoder::request(&RELEASE, |stub| {
            this(stub).u16(200).count(200);
            for number in 0..200 {
                stub.uuid(Uuid::from_u128(number)).u32(1).u32(0);
            }
        });
        let Some(Value::List(ipids)) = call.arguments.get("ipids") else { panic!("ipids") };
        assert_eq!((ipids.values.len(), ipids.omitted), (List::MAX, 200 - List::MAX));
        assert_eq!(call.objects.map(|objects| objects.released.len()), Some(List::MAX));
    }

    #[test]
    fn the_second_form_returns_whole_references() {
        let request = encoder::request(&INTERFACE_2.operations[3], |stub| {
            this(stub).uuid(Uuid::from_u128(7)).u16(2).count(2).uuid(IIDS[0]).uuid(IIDS[1]);
        });
        let mut objref = b"MEOW\x01\0\0\0".to_vec();
        objref.extend(IIDS[1].to_bytes_le());
        objref.extend([3; 40]);
        let call = encoder::response(&INTERFACE_2.operations[3], Some(&request), |stub| {
            stub.u32(0).u32(0).count(2).u32(0x8000_4002).u32(0).count(2).null().pointer();
            let length = u32::try_from(objref.len()).expect("short");
            stub.count(objref.len()).u32(length).raw(&objref).u32(0);
        });
        let objects = call.objects.expect("a reference");
        assert_eq!(objects.references.iter().map(|reference| reference.iid).collect::<Vec<_>>(), [IIDS[1]]);
    }
}
