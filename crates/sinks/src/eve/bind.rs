//! A bind or alter_context.

use super::{Memo, answer_time, auth, carrier, fault, transfer_syntax_name};
use crate::json::{Json, key};
use rpcscope_model::{
    Bind, BindResult, EventHeader, Learned, NDR, NDR64, OfferedContext, SyntaxId,
    bind_time_feature_negotiation,
};

/// Result of a presentation context that negotiates features; its reason is the mask of those accepted ([MS-RPCE]
/// 2.2.2.4).
const NEGOTIATE_ACK: u16 = 3;

/// Writes Suricata's object.
pub(super) fn dcerpc(json: &mut Json<'_>, bind: &Bind) {
    json.open(key!("dcerpc"));
    let alters = bind.kind == Learned::AlterContext;
    json.plain(key!("request"), if alters { "ALTER_CONTEXT" } else { "BIND" });
    json.plain(
        key!("response"),
        match bind.result {
            BindResult::Acknowledged { .. } if alters => "ALTER_CONTEXT_RESP",
            BindResult::Acknowledged { .. } => "BINDACK",
            BindResult::Rejected { .. } => "BINDNAK",
            BindResult::Faulted(_) => "FAULT",
            BindResult::Unanswered => "UNREPLIED",
        },
    );
    json.number(key!("call_id"), bind.call_id.0);
    let (major, minor) = bind.rpc_version;
    json.version(key!("rpc_version"), major.into(), minor.into());
    json.open_array(key!("interfaces"));
    for context in &bind.contexts {
        json.open_value();
        json.uuid(key!("uuid"), context.interface.syntax.uuid);
        json.version(key!("version"), context.interface.syntax.major, context.interface.syntax.minor);
        if let Some((result, _)) = context.answer {
            json.number(key!("ack_result"), result);
        }
        if let Some(name) = context.interface.name {
            json.plain(key!("service"), name);
        }
        json.close();
    }
    json.close_array();
    json.close();
}

/// Writes what Suricata does not say.
pub(super) fn rpcscope(json: &mut Json<'_>, bind: &Bind, header: &EventHeader, memo: &mut Memo) {
    carrier(json, header.transport, &bind.endpoint, memo);
    json.open_array(key!("contexts"));
    for offered in &bind.contexts {
        presentation_context(json, offered);
    }
    json.close_array();
    json.open(key!("association_group"));
    json.number(key!("requested"), bind.association_group);
    if let BindResult::Acknowledged { association_group, .. } = bind.result {
        json.number(key!("assigned"), association_group);
    }
    json.close();
    auth(json, bind.security.as_ref(), None, &mut memo.identities);
    match &bind.result {
        BindResult::Acknowledged { secondary_address, .. } => {
            json.plain(key!("outcome"), "acknowledged");
            if let Some(address) = secondary_address {
                json.string(key!("secondary_address"), address);
            }
        }
        BindResult::Rejected { reason, versions } => {
            json.plain(key!("outcome"), "rejected");
            json.open(key!("nak"));
            json.name_or_number(
                key!("reason"),
                rpcscope_catalog::reject_reason_name(*reason),
                (*reason).into(),
            );
            json.open_array(key!("versions"));
            for (major, minor) in versions {
                json.version_value((*major).into(), (*minor).into());
            }
            json.close_array();
            json.close();
        }
        BindResult::Faulted(status) => {
            json.plain(key!("outcome"), "faulted");
            fault(json, *status);
        }
        BindResult::Unanswered => json.plain(key!("outcome"), "unanswered"),
    }
    answer_time(json, Some((header.time, header.frame)), bind.answered);
    json.close();
}

fn presentation_context(json: &mut Json<'_>, offered: &OfferedContext) {
    json.open_value();
    json.number(key!("id"), offered.id.0);
    json.uuid(key!("uuid"), offered.interface.syntax.uuid);
    json.open_array(key!("transfer_syntaxes"));
    for syntax in &offered.transfer_syntaxes {
        transfer_syntax(json, syntax);
    }
    json.close_array();
    let features =
        offered.transfer_syntaxes.iter().find_map(|syntax| bind_time_feature_negotiation(syntax.uuid));
    if let Some(features) = features {
        json.number(key!("features_offered"), features);
    }
    if let Some((result, reason)) = offered.answer {
        json.name_or_number(key!("result"), rpcscope_catalog::result_name(result), result.into());
        match result {
            NEGOTIATE_ACK => json.number(key!("features_accepted"), reason),
            // The reason of an acceptance means nothing ([C706] 12.6.3.1).
            0 => {}
            _ => json.name_or_number(
                key!("reason"),
                rpcscope_catalog::provider_reason_name(reason),
                reason.into(),
            ),
        }
    }
    json.close();
}

/// Writes a transfer syntax by name when it has the version that the name stands for, else in full.
fn transfer_syntax(json: &mut Json<'_>, syntax: &SyntaxId) {
    let name = match (syntax.uuid, syntax.major, syntax.minor) {
        (NDR, 2, 0) | (NDR64, 1, 0) => transfer_syntax_name(syntax.uuid),
        (uuid, 1, 0) if bind_time_feature_negotiation(uuid).is_some() => {
            Some("bind_time_feature_negotiation")
        }
        _ => None,
    };
    match name {
        Some(name) => json.plain_value(name),
        None => json.syntax_value(syntax),
    }
}
