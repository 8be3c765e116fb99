//! Secrets ([MS-LSAD] 3.1.4.6): told by name, never by value. The operations whose names end in 2 encrypt the name too.

use super::super::Decoded;
use super::policy::on_object;
use crate::ndr::{Alignment, Ndr};
use rpcscope_model::Stopped;

pub(super) fn open(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    on_object(ndr, call)?;
    let secret = ndr.unicode_string("SecretName")?;
    call.opens_as("secret", secret);
    call.put("access", ndr.u32("DesiredAccess")?);
    Ok(())
}

pub(super) fn set(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    on_object(ndr, call)?;
    call.put("secret_bytes", ndr.unique("EncryptedCurrentValue", cipher_value)?);
    call.put("old_secret_bytes", ndr.unique("EncryptedOldValue", cipher_value)?);
    Ok(())
}

pub(super) fn store(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    retrieve(ndr, call)?;
    call.put("secret_bytes", ndr.unique("EncryptedData", cipher_value)?);
    Ok(())
}

pub(super) fn retrieve(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    on_object(ndr, call)?;
    call.put("secret", ndr.unicode_string("KeyName")?);
    Ok(())
}

/// The length of an LSAPR_CR_CIPHER_VALUE ([MS-LSAD] 2.2.6.1).
fn cipher_value(ndr: &mut Ndr<'_>) -> Result<u32, Stopped> {
    ndr.align(Alignment::Pointer);
    let length = ndr.u32("Length")?;
    ndr.u32("MaximumLength")?;
    ndr.unique("Buffer", |ndr| ndr.conformant_varying_bytes("Buffer"))?;
    Ok(length)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{request, response};

    #[test]
    fn a_secret_that_is_opened_names_its_handle() {
        let opened = request(28, |stub| _ = stub.handle(1).unicode_string("G$BCKUPKEY_P").u32(2));
        assert_eq!(opened.arguments.text("secret"), Some("G$BCKUPKEY_P"));
        assert!(opened.handles.naming.is_some());
    }

    #[test]
    fn a_secret_that_is_retrieved_is_told_by_name_only() {
        let asked = request(43, |stub| _ = stub.handle(1).unicode_string("$MACHINE.ACC").null());
        assert_eq!(asked.arguments.text("secret"), Some("$MACHINE.ACC"));
        let answer = response(43, Some(&asked), |stub| {
            stub.pointer().u32(4).u32(4).pointer().count(4).count(0).count(4).raw(b"hash").u32(0);
        });
        assert_eq!((answer.arguments.len(), answer.arguments.number("status")), (1, Some(0)));
    }

    #[test]
    fn a_secret_that_is_stored_or_set_is_told_by_its_length() {
        let stored = request(42, |stub| {
            stub.handle(1).unicode_string("L$x").pointer().u32(4).u32(8).pointer().count(8).count(0).count(4);
            stub.raw(b"hash");
        });
        assert_eq!(stored.arguments.number("secret_bytes"), Some(4));
        let set = request(29, |stub| {
            stub.handle(1).pointer().u32(4).u32(4).pointer().count(4).count(0).count(4).raw(b"hash").null();
        });
        assert_eq!(set.arguments.number("secret_bytes"), Some(4));
        assert_eq!(set.arguments.len(), 1);
    }
}
