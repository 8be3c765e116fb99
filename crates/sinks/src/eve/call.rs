//! A call.

use super::memo::{Circumstances, Identities, Operation, Word};
use super::{Memo, answer_time, arguments, auth, carrier, fault, identity, object, transfer_syntax_name};
use crate::json::{Json, key};
use rpcscope_model::{Call, EventHeader, Learned, Part, Reply, Transport};

/// Writes Suricata's object.
#[inline(never)]
pub(super) fn dcerpc(json: &mut Json<'_>, call: &Call, transport: Transport, memo: &mut Memo) {
    let operation = Operation {
        has_request: call.request.is_some(),
        response: Word(match call.reply {
            Some((Reply::Response, _)) => "RESPONSE",
            Some((Reply::Fault(_), _)) => "FAULT",
            Some((Reply::Reject(_), _)) => "REJECT",
            None => "UNREPLIED",
        }),
        is_connectionless: transport == Transport::NcadgIpUdp,
        rpc_version: call.rpc_version,
        syntax: call.interface.map(|interface| interface.syntax),
        service: call.interface.and_then(|interface| interface.name).map(Word),
        procedure: call.procedure.map(Word),
        opnum: call.opnum,
        activity: call.activity,
        is_accepted: !call.assumed && matches!(call.learned, Learned::Bind | Learned::AlterContext),
    };
    let operation = memo.operation(&operation, pdus, interface);
    json.raw().extend_from_slice(operation.before());
    json.number_value(call.call_id.0.into());
    json.raw().extend_from_slice(operation.behind());
    if let Some(request) = &call.request {
        sizes(json, request);
    }
    // Suricata describes the answer only when it is a response.
    if let Some((Reply::Response, response)) = &call.reply {
        json.open(key!("res"));
        sizes(json, response);
    }
    json.close();
}

/// Writes what was seen of a call, and begins its number.
fn pdus(json: &mut Json<'_>, operation: &Operation) {
    json.plain(key!("dcerpc" / "request"), if operation.has_request { "REQUEST" } else { "REQUEST_LOST" });
    json.plain(key!("response"), operation.response.0);
    if operation.is_connectionless {
        if let Some(activity) = operation.activity {
            json.uuid(key!("activityuuid"), activity);
        }
        json.key(key!("seqnum"));
    } else {
        json.key(key!("call_id"));
    }
}

/// Writes the version of the protocol, the interface of a call, and which of its operations it is; opens the object of the
/// request, if it was seen.
fn interface(json: &mut Json<'_>, operation: &Operation) {
    let (major, minor) = operation.rpc_version;
    json.version(key!("rpc_version"), major.into(), minor.into());
    if let Some(syntax) = operation.syntax {
        json.open_array(key!("interfaces"));
        json.open_value();
        json.uuid(key!("uuid"), syntax.uuid);
        json.version(key!("version"), syntax.major, syntax.minor);
        if operation.is_accepted {
            json.number(key!("ack_result"), 0u8);
        }
        if let Some(Word(service)) = operation.service {
            json.plain(key!("service"), service);
        }
        if let Some(Word(procedure)) = operation.procedure {
            json.plain(key!("procedure"), procedure);
        }
        json.close();
        json.close_array();
    }
    if operation.has_request {
        json.open(key!("req"));
        if let Some(opnum) = operation.opnum {
            json.number(key!("opnum"), opnum.0);
        }
    }
}

/// Writes what Suricata does not say.
#[inline(never)]
pub(super) fn rpcscope(json: &mut Json<'_>, call: &Call, header: &EventHeader, memo: &mut Memo) {
    carrier(json, header.transport, &call.endpoint, memo);
    if let Some(context_id) = call.context_id {
        json.number(key!("context_id"), context_id.0);
    }
    if let Some(object) = call.object {
        json.uuid(key!("object"), object);
    }
    if let Some(instance) = &call.instance {
        object::write(json, instance);
    }
    let identities = &mut memo.identities;
    let circumstances = Circumstances {
        outcome: call.outcome,
        learned: call.learned,
        assumed: call.assumed,
        sealed: call.sealed,
        identity: call.identity.as_ref().map(|identity| identities.number(identity)),
        identity_hint: call.identity_hint.as_ref().map(|identity| identities.number(identity)),
        security: call.security,
        transfer_syntax: call.transfer_syntax,
    };
    let write =
        |json: &mut Json<'_>, identities: &mut Identities| self::circumstances(json, call, identities);
    json.raw().extend_from_slice(memo.circumstances(&circumstances, write));
    if let Some((Reply::Fault(status) | Reply::Reject(status), _)) = call.reply {
        fault(json, status);
    }
    let response = call.reply.map(|(_, part)| part);
    answer_time(
        json,
        call.request.map(|part| (part.time, part.frame)),
        response.map(|part| (part.time, part.frame)),
    );
    let cut = |part: Option<Part>| part.is_some_and(|part| !part.complete);
    if cut(call.request) || cut(response) {
        json.open_array(key!("incomplete"));
        if cut(call.request) {
            json.string_value("request");
        }
        if cut(response) {
            json.string_value("response");
        }
        json.close_array();
    }
    if let Some(decoded) = &call.arguments {
        arguments::write(json, decoded);
    }
    json.close();
}

/// Writes how a call was made, and what became of it.
#[cold]
fn circumstances(json: &mut Json<'_>, call: &Call, identities: &mut Identities) {
    json.plain(key!("learned"), call.learned.name());
    if call.assumed {
        json.boolean(key!("assumed"), true);
    }
    if let Some(syntax) = call.transfer_syntax {
        match transfer_syntax_name(syntax) {
            Some(name) => json.plain(key!("transfer_syntax"), name),
            None => json.uuid(key!("transfer_syntax"), syntax),
        }
    }
    auth(json, call.security.as_ref(), call.identity.as_ref(), identities);
    if let Some(hint) = &call.identity_hint {
        json.open(key!("identity_hint"));
        let members = identities.members(hint, identity::members);
        json.raw().extend_from_slice(members);
        json.close();
    }
    json.boolean(key!("sealed"), call.sealed);
    json.plain(key!("outcome"), call.outcome.name());
}

/// Writes how much a request or response carried, and closes its object.
fn sizes(json: &mut Json<'_>, part: &Part) {
    json.number(key!("frag_cnt"), part.fragments);
    json.number(key!("stub_data_size"), part.stub_bytes);
    json.close();
}
