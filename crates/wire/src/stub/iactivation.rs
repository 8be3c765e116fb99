//! IActivation, the first form of activation ([MS-DCOM] 3.1.2.5.2.1).

use super::operation::{Interface, Operation};
use super::{Decoded, activation, orpc};
use crate::dcom::{ComVersion, DualStringArray, InterfaceResult, Ipid, Oxid, ScmReply, first_elements};
use crate::ndr::Ndr;
use rpcscope_model::Stopped;
use uuid::Uuid;

pub(super) const INTERFACE: Interface = Interface {
    uuid: Uuid::from_u128(0x4d9f4ab8_7d1c_11cf_861e_0020af6e7c57),
    name: "IActivation",
    operations: &[Operation::new(
        0,
        "RemoteActivation",
        &[
            "clsid",
            "path",
            "mode",
            "iids",
            "protocols",
            "oxid",
            "bindings",
            "minimum_authn_level",
            "server_version",
            "results",
            "status",
        ],
    )
    .request(activate)
    .response(activated)],
};

fn activate(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    orpc::this(ndr, call)?;
    let clsid = ndr.uuid("Clsid")?;
    activation::class(call, clsid, Vec::new());
    call.put("path", ndr.unique("pwszObjectName", |ndr| ndr.wide_string("pwszObjectName"))?);
    orpc::interface_pointer(ndr, call, "pObjectStorage")?;
    ndr.u32("ClientImpLevel")?;
    // 0xffffffff asks for the class factory instead of an object.
    call.put("mode", ndr.u32("Mode")?);
    ndr.u32("Interfaces")?;
    let iids = ndr.unique("pIIDs", |ndr| first_elements(ndr, "pIIDs", |ndr| ndr.uuid("pIIDs")))?;
    activation::class(call, clsid, iids.unwrap_or_default());
    ndr.u16("cRequestedProtseqs")?;
    let protseqs = first_elements(ndr, "aRequestedProtseqs", |ndr| ndr.u16("aRequestedProtseqs"))?;
    activation::protocols(call, &protseqs);
    Ok(())
}

fn activated(ndr: &mut Ndr<'_>, call: &mut Decoded, request: Option<&Decoded>) -> Result<(), Stopped> {
    orpc::that(ndr)?;
    let oxid = Oxid(ndr.u64("pOxid")?);
    let bindings = ndr.unique("ppdsaOxidBindings", DualStringArray::read)?.unwrap_or(DualStringArray::EMPTY);
    let rem_unknown = Ipid(ndr.uuid("pipidRemUnknown")?);
    let authn_hint = ndr.u32("pAuthnHint")?;
    let server_version = ComVersion::read(ndr)?;
    let status = ndr.u32("phr")?;
    if status == 0 {
        activation::exporter(call, &ScmReply { oxid, bindings, rem_unknown, authn_hint, server_version });
    }
    let read = results(ndr, call, request).and_then(|()| ndr.u32("return value"));
    // Who may not activate is told so by the return value, whatever the rest says.
    call.put_status(read.ok().filter(|returned| *returned != 0).unwrap_or(status));
    read.map(drop)
}

/// The interfaces that were asked for, each with its result.
fn results(ndr: &mut Ndr<'_>, call: &mut Decoded, request: Option<&Decoded>) -> Result<(), Stopped> {
    let objrefs = InterfaceResult::objrefs(ndr)?;
    let results = first_elements(ndr, "pResults", |ndr| ndr.u32("pResults"))?;
    // The reply does not repeat the interfaces; references name theirs.
    let asked = request.and_then(|request| request.objects.as_ref()).map(|objects| objects.asked.as_slice());
    let interfaces: Vec<_> = results
        .into_iter()
        .enumerate()
        .map(|(at, result)| {
            let objref = objrefs.get(at).copied().flatten();
            let iid = asked.and_then(|asked| asked.get(at)).copied();
            let iid = iid.or(objref.map(|objref| objref.iid)).unwrap_or_default();
            InterfaceResult { iid, result, objref }
        })
        .collect();
    activation::results(call, &interfaces);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::encoder;
    use super::*;
    use rpcscope_model::Value;
    use uuid::uuid;

    const CLSID: Uuid = uuid!("8bc3f05e-d86b-11d0-a075-00c04fb68820");
    const IIDS: [Uuid; 2] =
        [uuid!("f309ad18-d86a-11d0-a075-00c04fb68820"), uuid!("00000000-0000-0000-c000-000000000046")];

    fn request() -> Decoded {
        encoder::request(&INTERFACE.operations[0], |stub| {
            stub.u16(5).u16(7).u32(0).u32(0).uuid(Uuid::from_u128(1)).u32(0);
            stub.uuid(CLSID).pointer().wide(r"C:\x.xls").null().u32(2).u32(0).u32(2);
            stub.pointer().count(2).uuid(IIDS[0]).uuid(IIDS[1]).u16(1).count(1).u16(7);
        })
    }

    #[test]
    fn a_request_names_class_file_and_interfaces() {
        let call = request();
        assert_eq!(call.arguments.get("clsid"), Some(&Value::Uuid(CLSID)));
        assert_eq!(call.arguments.text("path"), Some(r"C:\x.xls"));
        assert_eq!(call.arguments.number("mode"), Some(0));
        let objects = call.objects.expect("an activation");
        assert_eq!((objects.activated_class, objects.asked.as_slice()), (Some(CLSID), &IIDS[..]));
    }

    /// A reply with references and results of two interfaces, of which the second is not there.
    fn reply(phr: u32, returned: u32) -> Decoded {
        let mut objref = b"MEOW\x01\0\0\0".to_vec();
        objref.extend(IIDS[0].to_bytes_le());
        objref.extend([0; 40]);
        objref.extend([4, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        encoder::response(&INTERFACE.operations[0], Some(&request()), |stub| {
            let entries: Vec<u16> = [7].into_iter().chain("h[5000]\0".encode_utf16()).chain([0, 0]).collect();
            let count = u16::try_from(entries.len()).expect("few");
            stub.u32(0).u32(0).u64(0x1234).pointer().count(entries.len()).u16(count).u16(count - 1);
            for unit in entries {
                stub.u16(unit);
            }
            stub.uuid(Uuid::from_u128(9)).u32(6).u16(5).u16(7).u32(phr);
            stub.count(2).pointer().null().count(objref.len());
            let length = u32::try_from(objref.len()).expect("short");
            stub.u32(length).raw(&objref).count(2).u32(0).u32(0x8000_4002).u32(returned);
        })
    }

    #[test]
    fn the_return_value_says_that_access_is_denied() {
        assert_eq!(reply(0, 0x8007_0005).arguments.get("status"), Some(&Value::Status(0x8007_0005)));
        assert_eq!(reply(0x8004_0154, 0).arguments.get("status"), Some(&Value::Status(0x8004_0154)));
    }

    #[test]
    fn a_reply_pairs_results_with_the_interfaces_that_were_asked_for() {
        let call = reply(0, 0);
        assert_eq!(call.arguments.text("oxid"), Some("0x0000000000001234"));
        let Some(Value::List(results)) = call.arguments.get("results") else { panic!("results") };
        let Some(Value::Fields(second)) = results.values.get(1) else { panic!("two results") };
        assert_eq!(second[0].1, Value::Uuid(IIDS[1]));
        assert_eq!(second[1].1, Value::Status(0x8000_4002));
        let objects = call.objects.expect("an exporter");
        assert_eq!(objects.references.iter().map(|reference| reference.iid).collect::<Vec<_>>(), [IIDS[0]]);
        let exporter = objects.exporter.expect("an exporter");
        assert_eq!((exporter.bindings[0].host.as_str(), exporter.bindings[0].port()), ("h", Some(5000)));
        assert_eq!(exporter.rem_unknown, Ipid(Uuid::from_u128(9)));
    }
}
