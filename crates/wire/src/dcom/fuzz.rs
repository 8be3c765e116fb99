//! The body of the fuzz target over what DCOM adds to calls.

use super::{
    ActivationProperties, DualStringArray, Objref, ObjrefBody, Objrefs, OrpcThat, OrpcThis, PropertyBody,
};
use crate::ByteOrder;
use crate::ndr::{Ndr, Stub, Syntax};

/// Reads bytes as headers of calls, as a reference, as activation properties, and as a stub with references in it: a byte
/// of flags (1 big-endian, 2 NDR64), then the bytes. Panics when something gives more than its bounds.
pub fn fuzz_dcom(input: &[u8]) {
    let Some((flags, bytes)) = input.split_first() else { return };
    let order = if flags & 1 == 0 { ByteOrder::Little } else { ByteOrder::Big };
    let syntax = if flags & 2 == 0 { Syntax::Ndr } else { Syntax::Ndr64 };
    let ndr = Ndr::new(Stub { bytes, order, syntax, complete: true });
    if let Ok(this) = OrpcThis::read(&mut ndr.clone()) {
        assert!(this.extents.iter().all(|extent| extent.data.len() <= bytes.len()));
    }
    if let Ok(that) = OrpcThat::read(&mut ndr.clone()) {
        assert!(that.extents.iter().all(|extent| extent.data.len() <= bytes.len()));
    }
    if let Ok(array) = DualStringArray::read(&mut ndr.clone()) {
        check_bindings(array, bytes.len());
    }
    check_properties(bytes);
    Objref::parse(bytes).iter().for_each(check_objref);
    let mut found = 0_usize;
    for objref in Objrefs::new(bytes, order) {
        check_objref(&objref);
        found = found.saturating_add(1);
    }
    // A reference has at least signature, flags, IID, class and two lengths.
    assert!(found <= bytes.len() / 48);
}

fn check_objref(objref: &Objref<'_>) {
    check_bindings(objref.resolver(), usize::from(u16::MAX) * 2);
    if let ObjrefBody::Custom { data, .. } = objref.body {
        assert!(objref.std().is_none());
        check_properties(data);
    }
}

fn check_bindings(array: DualStringArray<'_>, bytes: usize) {
    assert!(array.string_bindings().count() <= bytes / 4);
    for binding in array.string_bindings() {
        // The longest character that escapes into the text is one of the text itself.
        assert!(binding.host.chars().count() <= 300 && binding.tower_id != 0);
    }
    assert!(array.security_bindings().all(|binding| binding.authn_svc != 0));
}

fn check_properties(blob: &[u8]) {
    let Ok(properties) = ActivationProperties::parse(blob) else { return };
    assert!(properties.properties().count() <= 10);
    for body in properties.properties().filter_map(|property| property.body().ok()) {
        match body {
            PropertyBody::Instantiation(instantiation) => assert!(instantiation.iids.len() <= 64),
            PropertyBody::ScmRequest(request) => assert!(request.protseqs.len() <= 64),
            PropertyBody::Interfaces(interfaces) => assert!(interfaces.len() <= 64),
            PropertyBody::ScmReply(Some(reply)) => check_bindings(reply.bindings, blob.len()),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples;
    use super::*;
    use proptest::prelude::*;

    fn stubs() -> Vec<Vec<u8>> {
        [
            samples::REMOTE_CREATE_INSTANCE_REQUEST,
            samples::REMOTE_CREATE_INSTANCE_REPLY,
            samples::NTLM_LOGIN_REPLY,
            samples::INVOKE_REPLY,
            samples::RESOLVE_OXID2_REPLY,
        ]
        .map(samples::bytes)
        .to_vec()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1000))]

        #[test]
        fn arbitrary_bytes_stay_within_their_bounds(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            fuzz_dcom(&bytes);
        }

        #[test]
        fn damaged_calls_stay_within_their_bounds(
            which in 0..5_usize,
            flags in 0..4_u8,
            start in 0..200_usize,
            damage in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 0..8),
        ) {
            let mut stub = stubs()[which].clone();
            for (at, byte) in damage {
                let at = at.index(stub.len());
                stub[at] = byte;
            }
            let mut input = vec![flags];
            input.extend(stub.get(start..).unwrap_or_default());
            fuzz_dcom(&input);
        }
    }
}
