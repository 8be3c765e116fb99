//! An operation of Windows Management Instrumentation.

use super::{Memo, auth, carrier, object};
use crate::json::{Json, key};
use rpcscope_model::{EventHeader, Wmi};

/// Writes an operation.
pub(super) fn rpcscope(json: &mut Json<'_>, wmi: &Wmi, header: &EventHeader, memo: &mut Memo) {
    carrier(json, header.transport, &wmi.endpoint, memo);
    json.number(key!("call_id"), wmi.call_id.0);
    if let Some(activation) = wmi.activation {
        object::activation(json, activation);
    }
    json.plain(key!("operation"), wmi.operation);
    for (key, text) in [
        (key!("namespace"), &wmi.namespace),
        (key!("class"), &wmi.class),
        (key!("object_path"), &wmi.object_path),
        (key!("method"), &wmi.method),
        (key!("query"), &wmi.query),
        (key!("command_line"), &wmi.command_line),
    ] {
        if let Some(text) = text {
            json.string(key, &text.string);
        }
    }
    auth(json, wmi.security.as_ref(), wmi.identity.as_ref(), &mut memo.identities);
    json.plain(key!("outcome"), wmi.outcome.name());
    if let Some(status) = wmi.status {
        json.status(key!("status"), status);
    }
    json.open(key!("frames"));
    json.number(key!("request"), header.frame.0);
    json.close();
    json.close();
}
