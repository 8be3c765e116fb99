//! The event of an activation.

use super::{class, of_object};
use rpcscope_model::{Activation, ActivationId, Call, Class, Interface, Opnum, Text, ToCompactString};
use rpcscope_wire::stub::Objects as Said;
use uuid::Uuid;

/// Whether an operation activates: RemoteActivation, RemoteGetClassObject or RemoteCreateInstance ([MS-DCOM]
/// 3.1.2.5.2).
fn is_activation(interface: Uuid, opnum: Opnum) -> bool {
    matches!((interface, opnum.0), (IACTIVATION, 0) | (IREMOTE_SCM_ACTIVATOR, 3 | 4))
}

/// What there is to say of a call that activates; `None` of another call.
#[inline]
pub(crate) fn activation(
    id: ActivationId,
    call: &Call,
    request: Option<&Said>,
    response: Option<&Said>,
) -> Option<Activation> {
    let (interface, opnum) = (call.interface?, call.opnum?);
    is_activation(interface.syntax.uuid, opnum)
        .then(|| activated(id, call, (interface, opnum), request, response))
}

#[inline(never)] // the question before is asked of every call
fn activated(
    id: ActivationId,
    call: &Call,
    (interface, opnum): (Interface, Opnum),
    request: Option<&Said>,
    response: Option<&Said>,
) -> Activation {
    let asked = request.map(|request| request.asked.as_slice()).unwrap_or_default();
    let references = response.map(|response| response.references.as_slice()).unwrap_or_default();
    let exporter = response.and_then(|response| response.exporter.as_ref());
    let bindings = exporter.map(|exporter| exporter.bindings.as_slice()).unwrap_or_default();
    let arguments = call.arguments.as_ref();
    let pointer = |iid, ipid| -> (Interface, Uuid) { (of_object(iid), ipid) };
    Activation {
        id,
        endpoint: std::sync::Arc::clone(&call.endpoint),
        interface,
        opnum,
        procedure: call.procedure,
        class: activated_class(request),
        interfaces: asked.iter().copied().map(of_object).collect(),
        oxid: exporter.map(|exporter| Text::whole(exporter.oxid.to_string())),
        bindings: bindings
            .iter()
            .map(|binding| Text { string: binding.to_compact_string(), cut: binding.cut })
            .collect(),
        pointers: references.iter().map(|reference| pointer(reference.iid, reference.ipid.0)).collect(),
        security: call.security,
        identity: call.identity.clone(),
        outcome: call.outcome,
        status: status(arguments),
        answered: call.reply.map(|(_, part)| (part.time, part.frame)),
        announced: false,
    }
}

/// The class that a request names.
pub(crate) fn activated_class(request: Option<&Said>) -> Option<Class> {
    request?.activated_class.map(class)
}

/// What the server returned.
pub(super) fn status(arguments: Option<&rpcscope_model::Arguments>) -> Option<u32> {
    arguments?.number("status").and_then(|status| u32::try_from(status).ok())
}

const IACTIVATION: Uuid = Uuid::from_u128(0x4d9f4ab8_7d1c_11cf_861e_0020af6e7c57);
const IREMOTE_SCM_ACTIVATOR: Uuid = Uuid::from_u128(0x000001a0_0000_0000_c000_000000000046);
