//! mgmt, the management interface that every RPC server has ([C706] appendix Q).

use super::argument::fields;
use super::epm::interface_id;
use super::operation::{Interface, Operation};
use super::{Argument, Decoded, reply};
use crate::ndr::Ndr;
use rpcscope_model::{Stopped, Text};
use uuid::Uuid;

pub(super) const INTERFACE: Interface = Interface {
    uuid: Uuid::from_u128(0xafa8bd80_7d8a_11c9_bef4_08002b102989),
    name: "mgmt",
    operations: &[
        Operation::new(0, "rpc__mgmt_inq_if_ids", &["interfaces", "status"]).response(interfaces),
        Operation::new(1, "rpc__mgmt_inq_stats", &["count", "statistics", "status"])
            .request(count)
            .response(statistics),
        Operation::new(2, "rpc__mgmt_is_server_listening", &["status", "listening"]).response(listening),
        Operation::new(3, "rpc__mgmt_stop_server_listening", &["status"]).response(reply::status),
        Operation::new(4, "rpc__mgmt_inq_princ_name", &["auth_type", "principal", "status"])
            .request(authentication)
            .response(principal),
    ],
};

fn interfaces(ndr: &mut Ndr<'_>, call: &mut Decoded, request: Option<&Decoded>) -> Result<(), Stopped> {
    let vector = ndr.full_pointer("if_id_vector")?;
    if !vector.is_null() {
        let count = ndr.count("if_id")?;
        ndr.u32("count")?;
        call.list_with_referents(
            "interfaces",
            ndr,
            count,
            |ndr| ndr.full_pointer("if_id"),
            |ndr, pointer| {
                let known = ndr.referent(pointer, interface_id)?;
                Ok(known.map(|(uuid, major, minor)| {
                    let version = Text::whole(format!("{major}.{minor}"));
                    fields([("interface", uuid.value()), ("version", version.value())])
                }))
            },
        )?;
    }
    reply::status(ndr, call, request)
}

fn count(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    call.put("count", ndr.u32("count")?);
    Ok(())
}

/// Calls in and out, packets in and out.
fn statistics(ndr: &mut Ndr<'_>, call: &mut Decoded, request: Option<&Decoded>) -> Result<(), Stopped> {
    ndr.u32("count")?;
    let count = ndr.count("statistics")?;
    call.list("statistics", ndr, count, |ndr| ndr.u32("statistics"))?;
    reply::status(ndr, call, request)
}

fn listening(ndr: &mut Ndr<'_>, call: &mut Decoded, request: Option<&Decoded>) -> Result<(), Stopped> {
    reply::status(ndr, call, request)?;
    call.put("listening", ndr.u32("return value")? != 0);
    Ok(())
}

fn authentication(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    call.put("auth_type", ndr.u32("authn_proto")?);
    Ok(())
}

fn principal(ndr: &mut Ndr<'_>, call: &mut Decoded, request: Option<&Decoded>) -> Result<(), Stopped> {
    call.put("principal", ndr.narrow_string("princ_name")?);
    reply::status(ndr, call, request)
}

#[cfg(test)]
mod tests {
    use super::super::encoder::{self, Encoder};
    use super::*;
    use rpcscope_model::{Opnum, Value};

    fn response(opnum: u16, write: impl Fn(&mut Encoder)) -> Decoded {
        encoder::response(INTERFACE.operation(Opnum(opnum)).expect("a row"), None, write)
    }

    #[test]
    fn a_server_lists_its_interfaces() {
        let decoded = response(0, |stub| {
            stub.pointer().count(2).u32(2).pointer().pointer();
            stub.uuid(INTERFACE.uuid).u16(1).u16(0).uuid(Uuid::nil()).u16(3).u16(1).u32(0);
        })
        .arguments;
        let Some(Value::List(list)) = decoded.get("interfaces") else { panic!("a list") };
        let [Value::Fields(first), Value::Fields(second)] = list.values.as_slice() else { panic!("two") };
        assert!(first.contains(&("interface".into(), Value::Uuid(INTERFACE.uuid))));
        assert!(second.contains(&("version".into(), Value::Text(Text::whole("3.1")))));
    }

    #[test]
    fn a_server_names_its_principal() {
        let decoded = response(4, |stub| _ = stub.narrow("host/dc1").u32(0)).arguments;
        assert_eq!((decoded.text("principal"), decoded.number("status")), (Some("host/dc1"), Some(0)));
    }

    #[test]
    fn statistics_are_a_list() {
        let decoded = response(1, |stub| _ = stub.u32(2).count(2).u32(7).u32(8).u32(0)).arguments;
        let Some(Value::List(list)) = decoded.get("statistics") else { panic!("a list") };
        assert_eq!(list.values, [Value::Number(7), Value::Number(8)]);
    }

    #[test]
    fn a_listening_server_says_so_after_the_status() {
        let decoded = response(2, |stub| _ = stub.u32(0).u32(1)).arguments;
        assert_eq!(decoded.get("listening"), Some(&Value::Flag(true)));
    }
}
