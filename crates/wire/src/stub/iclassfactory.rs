//! IClassFactory: objects of a class that was activated as such ([MS-DCOM] 3.1.2.5.2.3.2 gives its reference).
//!
//! On the wire, CreateInstance takes the interface only: the outer object has to be null across machines.

use super::operation::{Interface, Operation};
use super::{Decoded, activation, orpc};
use crate::ndr::Ndr;
use rpcscope_model::Stopped;
use uuid::Uuid;

pub(super) const INTERFACE: Interface = Interface {
    uuid: Uuid::from_u128(0x00000001_0000_0000_c000_000000000046),
    name: "IClassFactory",
    operations: &[Operation::new(3, "CreateInstance", &["iids", "status"])
        .request(create_instance)
        .response(orpc::references_and_status)],
};

fn create_instance(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    orpc::this(ndr, call)?;
    let iid = ndr.uuid("riid")?;
    activation::put_list(call, "iids", [iid].into_iter());
    call.objects_mut().asked = vec![iid];
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::encoder;
    use super::*;

    #[test]
    fn a_factory_is_asked_for_an_interface() {
        let iid = Uuid::from_u128(0x00020400_0000_0000_c000_000000000046);
        let call = encoder::request(&INTERFACE.operations[0], |stub| {
            stub.u16(5).u16(7).u32(0).u32(0).uuid(Uuid::from_u128(1)).u32(0).uuid(iid);
        });
        assert_eq!(call.objects.map(|objects| objects.asked), Some(vec![iid]));
    }
}
