//! A call.

use super::memo::{Identities, Operation};
use super::{Memo, answer_time, arguments, auth, carrier, fault, identity, object, transfer_syntax_name};
use crate::json::{Json, key};
use rpcscope_model::{Call, EventHeader, Learned, Part, Reply, Transport};

/// Writes Suricata's object.
pub(super) fn dcerpc(json: &mut Json<'_>, call: &Call, transport: Transport, memo: &mut Memo) {
    json.open(key!("dcerpc"));
    json.plain(key!("request"), if call.request.is_some() { "REQUEST" } else { "REQUEST_LOST" });
    json.plain(
        key!("response"),
        match call.reply {
            Some((Reply::Response, _)) => "RESPONSE",
            Some((Reply::Fault(_), _)) => "FAULT",
            Some((Reply::Reject(_), _)) => "REJECT",
            None => "UNREPLIED",
        },
    );
    if transport == Transport::NcadgIpUdp {
        if let Some(activity) = call.activity {
            json.uuid(key!("activityuuid"), activity);
        }
        json.number(key!("seqnum"), call.call_id.0);
    } else {
        json.number(key!("call_id"), call.call_id.0);
    }
    let operation = Operation {
        rpc_version: call.rpc_version,
        interface: call.interface,
        procedure: call.procedure,
        is_accepted: !call.assumed && matches!(call.learned, Learned::Bind | Learned::AlterContext),
    };
    json.raw().extend_from_slice(memo.operation(&operation, self::operation));
    if let Some(request) = &call.request {
        json.open(key!("req"));
        if let Some(opnum) = call.opnum {
            json.number(key!("opnum"), opnum.0);
        }
        sizes(json, request);
        json.close();
    }
    // Suricata describes the answer only when it is a response.
    if let Some((Reply::Response, response)) = &call.reply {
        json.open(key!("res"));
        sizes(json, response);
        json.close();
    }
    json.close();
}

/// Writes the version of the protocol, the interface of a call, and which of its operations it is.
fn operation(json: &mut Json<'_>, operation: &Operation) {
    let Operation { rpc_version: (major, minor), interface, procedure, is_accepted } = *operation;
    json.version(key!("rpc_version"), major.into(), minor.into());
    let Some(interface) = interface else { return };
    json.open_array(key!("interfaces"));
    json.open_item();
    json.uuid(key!("uuid"), interface.syntax.uuid);
    json.version(key!("version"), interface.syntax.major, interface.syntax.minor);
    if is_accepted {
        json.number(key!("ack_result"), 0u8);
    }
    if let Some(name) = interface.name {
        json.plain(key!("service"), name);
    }
    if let Some(procedure) = procedure {
        json.plain(key!("procedure"), procedure);
    }
    json.close();
    json.close_array();
}

/// Writes what Suricata does not say.
pub(super) fn rpcscope(json: &mut Json<'_>, call: &Call, header: &EventHeader, memo: &mut Memo) {
    json.open(key!("rpcscope"));
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
    json.raw().extend_from_slice(memo.circumstances(call, circumstances));
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
            json.string_item("request");
        }
        if cut(response) {
            json.string_item("response");
        }
        json.close_array();
    }
    if let Some(decoded) = &call.arguments {
        arguments::write(json, decoded);
    }
    json.close();
}

/// Writes how a call was made, and what became of it.
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
        json.raw().extend_from_slice(members.get(1..).unwrap_or_default());
        json.close();
    }
    json.boolean(key!("sealed"), call.sealed);
    json.plain(key!("outcome"), call.outcome.name());
}

fn sizes(json: &mut Json<'_>, part: &Part) {
    json.number(key!("frag_cnt"), part.fragments);
    json.number(key!("stub_data_size"), part.stub_bytes);
}
