//! IWbemLoginClientID: a client of WMI says who it is ([MS-WMI] 3.1.4.8).

use super::operation::{Interface, Operation};
use super::{Decoded, orpc};
use crate::ndr::Ndr;
use rpcscope_model::Stopped;
use uuid::Uuid;

pub(super) const INTERFACE: Interface = Interface {
    uuid: Uuid::from_u128(0xd4781cd6_e5d3_44df_ad94_930efe48a887),
    name: "IWbemLoginClientID",
    operations: &[Operation::new(3, "SetClientInfo", &["client_machine", "client_process_id", "status"])
        .request(set_client_info)
        .response(orpc::references_and_status)],
};

fn set_client_info(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    orpc::this(ndr, call)?;
    let machine = ndr.unique("wszClientMachine", |ndr| ndr.wide_string("wszClientMachine"))?;
    call.put("client_machine", machine);
    call.put("client_process_id", ndr.u32("lClientProcId")?);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::encoder;
    use super::*;

    #[test]
    fn a_client_names_its_machine_and_process() {
        let call = encoder::request(&INTERFACE.operations[0], |stub| {
            stub.u16(5).u16(7).u32(0).u32(0).uuid(Uuid::from_u128(1)).u32(0);
            stub.pointer().wide("WS5").u32(4711).u32(0);
        });
        assert_eq!(call.arguments.text("client_machine"), Some("WS5"));
        assert_eq!(call.arguments.number("client_process_id"), Some(4711));
    }
}
