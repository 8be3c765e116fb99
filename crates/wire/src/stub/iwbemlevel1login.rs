//! IWbemLevel1Login: the way into a namespace of WMI ([MS-WMI] 3.1.4.1).

use super::operation::{Interface, Operation};
use super::{Decoded, orpc};
use crate::ndr::Ndr;
use rpcscope_model::Stopped;
use uuid::Uuid;

pub(super) const INTERFACE: Interface = Interface {
    uuid: Uuid::from_u128(0xf309ad18_d86a_11d0_a075_00c04fb68820),
    name: "IWbemLevel1Login",
    operations: &[
        Operation::new(3, "EstablishPosition", &["status"])
            .request(orpc::nothing)
            .response(orpc::references_and_status),
        Operation::new(6, "NTLMLogin", &["namespace", "locale", "flags", "status"])
            .request(login)
            .response(orpc::references_and_status),
    ],
};

/// Its response refers to the IWbemServices of the namespace.
fn login(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    orpc::this(ndr, call)?;
    let namespace = ndr.unique("wszNetworkResource", |ndr| ndr.wide_string("wszNetworkResource"))?;
    call.refers_to("namespace", namespace);
    call.put("locale", ndr.unique("wszPreferredLocale", |ndr| ndr.wide_string("wszPreferredLocale"))?);
    call.put("flags", ndr.u32("lFlags")?);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::{Stub, Syntax, encoder};
    use super::*;
    use crate::ByteOrder;
    use crate::dcom::samples;
    use rpcscope_model::Text;
    use uuid::uuid;

    #[test]
    fn a_login_names_its_namespace() {
        let bytes = samples::bytes(samples::NTLM_LOGIN_REQUEST);
        let stub = Stub { bytes: &bytes, order: ByteOrder::Little, syntax: Syntax::Ndr, complete: true };
        let request = INTERFACE.operations[1].decode_request(stub).expect("a decoder");
        assert_eq!(request.arguments.stopped, None);
        assert_eq!(request.arguments.text("namespace"), Some("//./root/cimv2"));
        assert_eq!(request.arguments.get("locale"), None);
        let about = request.objects.expect("a namespace").about;
        assert_eq!(about, Some(("namespace", Text::whole("//./root/cimv2"))));
        let bytes = samples::bytes(samples::NTLM_LOGIN_REPLY);
        let call = INTERFACE.operations[1].decode_response(Stub { bytes: &bytes, ..stub }, None);
        let call = call.expect("a decoder");
        assert_eq!((call.arguments.stopped, call.arguments.number("status")), (None, Some(0)));
        let references = call.objects.expect("a reference").references;
        assert_eq!(references.len(), 1);
        assert_eq!(references[0].iid, uuid!("9556dc99-828c-11cf-a37e-00aa003240c7"));
    }

    #[test]
    fn a_locale_is_told() {
        let call = encoder::request(&INTERFACE.operations[1], |stub| {
            stub.u16(5).u16(7).u32(0).u32(0).uuid(Uuid::from_u128(1)).u32(0);
            stub.pointer().wide(r"\\srv\root\subscription").pointer().wide("en-US,en").u32(0).null();
        });
        assert_eq!(call.arguments.text("namespace"), Some(r"\\srv\root\subscription"));
        assert_eq!(call.arguments.text("locale"), Some("en-US,en"));
    }
}
