//! FileServerVssAgent, shadow copies of shares ([MS-FSRVP] 3.1.4).
//!
//! The server looks the share up on the machine that its name has: another host in it makes the server authenticate
//! there.

use super::operation::{Interface, Operation};
use super::{Decoded, reply, unc};
use crate::ndr::{Alignment, Ndr, Tag};
use rpcscope_model::Stopped;
use uuid::Uuid;

pub(super) const INTERFACE: Interface = Interface {
    uuid: Uuid::from_u128(0xa8e0653c_2744_4389_a61d_7373df8b2292),
    name: "FileServerVssAgent",
    operations: &[
        Operation::new(1, "SetContext", &["context", "status"]).request(context).response(reply::status),
        Operation::new(2, "StartShadowCopySet", &["client_id", "shadow_copy_set", "status"])
            .request(start)
            .response(started),
        Operation::new(
            3,
            "AddToShadowCopySet",
            &["client_id", "shadow_copy_set", "share", "coerced_to", "shadow_copy", "status"],
        )
        .request(add)
        .response(added),
        Operation::new(4, "CommitShadowCopySet", ON_SET).request(on_set).response(reply::status),
        Operation::new(5, "ExposeShadowCopySet", ON_SET).request(on_set).response(reply::status),
        Operation::new(6, "RecoveryCompleteShadowCopySet", ON_SET).request(on_set).response(reply::status),
        Operation::new(7, "AbortShadowCopySet", ON_SET).request(on_set).response(reply::status),
        Operation::new(8, "IsPathSupported", &["share", "coerced_to", "supported", "machine", "status"])
            .request(on_share)
            .response(supported),
        Operation::new(9, "IsPathShadowCopied", &["share", "coerced_to", "copied", "status"])
            .request(on_share)
            .response(copied),
        Operation::new(
            10,
            "GetShareMapping",
            &["shadow_copy", "shadow_copy_set", "share", "coerced_to", "exposed_share", "status"],
        )
        .request(mapping)
        .response(mapped),
        Operation::new(
            11,
            "DeleteShareMapping",
            &["shadow_copy_set", "shadow_copy", "share", "coerced_to", "status"],
        )
        .request(delete_mapping)
        .response(reply::status),
        Operation::new(12, "PrepareShadowCopySet", ON_SET).request(on_set).response(reply::status),
    ],
};

const ON_SET: &[&str] = &["shadow_copy_set", "status"];

fn context(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    call.put("context", ndr.u32("Context")?);
    Ok(())
}

fn start(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    call.put("client_id", ndr.uuid("ClientShadowCopySetId")?);
    Ok(())
}

fn started(ndr: &mut Ndr<'_>, call: &mut Decoded, request: Option<&Decoded>) -> Result<(), Stopped> {
    call.put("shadow_copy_set", ndr.uuid("pShadowCopySetId")?);
    reply::status(ndr, call, request)
}

fn add(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    call.put("client_id", ndr.uuid("ClientShadowCopyId")?);
    on_set(ndr, call)?;
    on_share(ndr, call)
}

fn added(ndr: &mut Ndr<'_>, call: &mut Decoded, request: Option<&Decoded>) -> Result<(), Stopped> {
    call.put("shadow_copy", ndr.uuid("pShadowCopyId")?);
    reply::status(ndr, call, request)
}

fn on_set(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    call.put("shadow_copy_set", ndr.uuid("ShadowCopySetId")?);
    Ok(())
}

fn on_share(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    let share = ndr.wide_string("ShareName")?;
    unc::put_host(call, &share);
    call.put("share", share);
    Ok(())
}

fn supported(ndr: &mut Ndr<'_>, call: &mut Decoded, request: Option<&Decoded>) -> Result<(), Stopped> {
    call.put("supported", ndr.u32("SupportedByThisProvider")? != 0);
    call.put("machine", ndr.unique("OwnerMachineName", |ndr| ndr.wide_string("OwnerMachineName"))?);
    reply::status(ndr, call, request)
}

fn copied(ndr: &mut Ndr<'_>, call: &mut Decoded, request: Option<&Decoded>) -> Result<(), Stopped> {
    call.put("copied", ndr.u32("ShadowCopyPresent")? != 0);
    ndr.u32("ShadowCopyCompatibility")?;
    reply::status(ndr, call, request)
}

fn mapping(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    call.put("shadow_copy", ndr.uuid("ShadowCopyId")?);
    on_set(ndr, call)?;
    on_share(ndr, call)
}

/// FSSAGENT_SHARE_MAPPING_1 ([MS-FSRVP] 2.2.1.1).
fn mapped(ndr: &mut Ndr<'_>, call: &mut Decoded, request: Option<&Decoded>) -> Result<(), Stopped> {
    let level = ndr.union_tag("Level", Tag::Long, Alignment::Pointer)?;
    let mapping = if level == 1 { Some(ndr.pointer("ShareMapping1")?) } else { None };
    if mapping.is_some_and(|mapping| !mapping.is_null()) {
        ndr.align(Alignment::Eight);
        ndr.uuid("ShadowCopySetId")?;
        ndr.uuid("ShadowCopyId")?;
        let share = ndr.pointer("ShareNameUNC")?;
        let exposed = ndr.pointer("ShadowCopyShareName")?;
        ndr.u64("CreationTimestamp")?;
        ndr.referent(share, |ndr| ndr.wide_string("ShareNameUNC"))?;
        call.put("exposed_share", ndr.referent(exposed, |ndr| ndr.wide_string("ShadowCopyShareName"))?);
    }
    reply::status(ndr, call, request)
}

fn delete_mapping(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    on_set(ndr, call)?;
    call.put("shadow_copy", ndr.uuid("ShadowCopyId")?);
    on_share(ndr, call)
}

#[cfg(test)]
mod tests {
    use super::super::encoder::{self, Encoder};
    use super::*;
    use rpcscope_model::{Opnum, Value};

    fn request(opnum: u16, write: impl Fn(&mut Encoder)) -> Decoded {
        encoder::request(INTERFACE.operation(Opnum(opnum)).expect("a row"), write)
    }

    fn response(opnum: u16, write: impl Fn(&mut Encoder)) -> Decoded {
        encoder::response(INTERFACE.operation(Opnum(opnum)).expect("a row"), None, write)
    }

    #[test]
    fn a_share_on_another_host_coerces_the_server() {
        for opnum in [8, 9] {
            let decoded = request(opnum, |stub| _ = stub.wide("\\\\10.0.0.2\\NETLOGON\\"));
            assert_eq!(decoded.arguments.text("share"), Some("\\\\10.0.0.2\\NETLOGON\\"));
            assert_eq!(decoded.arguments.text("coerced_to"), Some("10.0.0.2"));
        }
        let (client, set) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let decoded = request(3, |stub| _ = stub.uuid(client).uuid(set).wide("\\\\h\\s"));
        assert_eq!(decoded.arguments.get("shadow_copy_set"), Some(&Value::Uuid(set)));
        assert_eq!(decoded.arguments.text("coerced_to"), Some("h"));
    }

    #[test]
    fn a_supported_path_names_its_owner() {
        let decoded = response(8, |stub| _ = stub.u32(1).pointer().wide("FS1").u32(0));
        assert_eq!(decoded.arguments.text("machine"), Some("FS1"));
        assert_eq!(decoded.arguments.get("supported"), Some(&Value::Flag(true)));
        let decoded = response(9, |stub| _ = stub.u32(0).u32(0).u32(5));
        assert_eq!(decoded.arguments.number("status"), Some(5));
    }

    #[test]
    fn an_exposed_share_is_told() {
        let decoded = response(10, |stub| {
            stub.align_pointer().u32(1).pointer().align(8).uuid(Uuid::nil()).uuid(Uuid::nil());
            stub.pointer().pointer().u64(0).wide("\\\\fs\\a").wide("a@{1}").u32(0);
        });
        assert_eq!(decoded.arguments.text("exposed_share"), Some("a@{1}"));
        assert_eq!(decoded.arguments.number("status"), Some(0));
    }
}
