//! The event of a question to an endpoint mapper.

use rpcscope_model::{Arguments, Call, EndpointMap, Interface, MappedEndpoint, Opnum, SyntaxId, Value};
use rpcscope_wire::stub::Tower;
use uuid::Uuid;

/// What there is to say of a call that asks where interfaces listen; `None` of another call, and of one whose answer was not
/// read.
#[inline]
pub(crate) fn endpoint_map(call: &Call, towers: Vec<Tower>) -> Option<Box<EndpointMap>> {
    let is_of_mapper = call.interface?.syntax.uuid == EPM;
    if is_of_mapper { answer(call, call.opnum?, call.arguments.as_ref()?, towers) } else { None }
}

#[inline(never)] // the question before is asked of every call
fn answer(call: &Call, opnum: Opnum, arguments: &Arguments, towers: Vec<Tower>) -> Option<Box<EndpointMap>> {
    let asks = matches!(opnum.0, LOOKUP | MAP | MAP_AUTH);
    if !asks || call.reply.is_none() {
        return None;
    }
    let asked = match arguments.get("interface") {
        // The version stands apart, and says nothing that its name does not.
        Some(Value::Uuid(uuid)) => Some(named(SyntaxId { uuid: *uuid, major: 0, minor: 0 })),
        _ => None,
    };
    let omitted = towers.len().saturating_sub(EndpointMap::MAX_ENTRIES);
    let entries = towers.into_iter().take(EndpointMap::MAX_ENTRIES).map(entry);
    Some(Box::new(EndpointMap {
        endpoint: std::sync::Arc::clone(&call.endpoint),
        opnum,
        procedure: call.procedure,
        asked,
        entries: entries.collect(),
        omitted,
        security: call.security,
        identity: call.identity.clone(),
        outcome: call.outcome,
        status: arguments.number("status").and_then(|status| u32::try_from(status).ok()),
        answered: call.reply.map(|(_, part)| (part.time, part.frame)),
    }))
}

fn entry(tower: Tower) -> MappedEndpoint {
    let Tower { interface, transport, port, endpoint, host, annotation, object, transfer_syntax: _ } = tower;
    MappedEndpoint {
        interface: interface.map(named),
        annotation,
        object,
        transport,
        host,
        port: port.filter(|port| *port != 0),
        endpoint,
    }
}

fn named(syntax: SyntaxId) -> Interface {
    Interface { syntax, name: rpcscope_catalog::interface(&syntax.uuid).and_then(|interface| interface.name) }
}

const EPM: Uuid = Uuid::from_u128(0xe1af8308_5d1f_11c9_91a4_08002b14a0fa);
/// The operations that ask ([C706] appendix O, [MS-RPCE] 2.2.1.2).
const LOOKUP: u16 = 2;
const MAP: u16 = 3;
const MAP_AUTH: u16 = 7;
