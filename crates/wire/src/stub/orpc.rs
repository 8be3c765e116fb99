//! What all calls on objects share: their headers, the references that they carry, and their status.

use super::Decoded;
use crate::dcom::{Objref, Objrefs, OrpcThat, OrpcThis};
use crate::ndr::Ndr;
use rpcscope_model::Stopped;

/// Reads the header of a request on an object.
pub(super) fn this(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    let this = OrpcThis::read(ndr)?;
    call.objects_mut().causality_id = Some(this.causality_id);
    Ok(())
}

/// Reads the header of a response of an object.
pub(super) fn that(ndr: &mut Ndr<'_>) -> Result<(), Stopped> {
    OrpcThat::read(ndr).map(|_| ())
}

/// Reads an interface pointer that is a parameter, and notes the object that it refers to. `None` when it is null or
/// holds no reference.
pub(super) fn interface_pointer<'a>(
    ndr: &mut Ndr<'a>,
    call: &mut Decoded,
    field: &'static str,
) -> Result<Option<Objref<'a>>, Stopped> {
    let objref = ndr.unique(field, |ndr| Objref::read(ndr, field))?.flatten();
    if let Some(objref) = objref.filter(|objref| objref.std().is_some()) {
        call.objects_mut().add_objref(&objref);
    }
    Ok(objref)
}

/// Notes the references in what is left of the stub, which is not read otherwise.
pub(super) fn references(ndr: &Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    for objref in Objrefs::of_rest(ndr)?.filter(|objref| objref.std().is_some()) {
        call.objects_mut().add_objref(&objref);
    }
    Ok(())
}

/// A request without arguments that tell something.
pub(super) fn nothing(ndr: &mut Ndr<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    this(ndr, call)
}

/// A response that is a status, or that ends with one after references and things that are not decoded.
pub(super) fn references_and_status(
    ndr: &mut Ndr<'_>,
    call: &mut Decoded,
    _request: Option<&Decoded>,
) -> Result<(), Stopped> {
    that(ndr)?;
    references(ndr, call)?;
    call.put_status(ndr.last_u32("return value")?);
    Ok(())
}
