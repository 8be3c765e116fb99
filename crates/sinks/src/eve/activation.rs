//! An activation.

use super::{Memo, answer_time, auth, carrier, object};
use crate::json::{Json, key};
use rpcscope_model::{Activation, EventHeader};

/// Writes an activation.
pub(super) fn rpcscope(json: &mut Json<'_>, activation: &Activation, header: &EventHeader, memo: &mut Memo) {
    carrier(json, header.transport, &activation.endpoint, memo);
    object::activation_id(json, activation.id);
    if let Some(procedure) = activation.procedure {
        json.plain(key!("operation"), procedure);
    }
    if let Some(class) = &activation.class {
        object::class(json, class);
    }
    if !activation.interfaces.is_empty() {
        json.open_array(key!("iids"));
        for interface in &activation.interfaces {
            json.open_value();
            object::interface(json, interface);
            json.close();
        }
        json.close_array();
    }
    if let Some(oxid) = &activation.oxid {
        json.string(key!("oxid"), &oxid.string);
    }
    if !activation.bindings.is_empty() {
        json.open_array(key!("bindings"));
        for binding in &activation.bindings {
            json.string_value(&binding.string);
        }
        json.close_array();
    }
    if !activation.pointers.is_empty() {
        json.open_array(key!("pointers"));
        for (interface, ipid) in &activation.pointers {
            json.open_value();
            json.uuid(key!("ipid"), *ipid);
            object::interface(json, interface);
            json.close();
        }
        json.close_array();
    }
    auth(json, activation.security.as_ref(), activation.identity.as_ref(), &mut memo.identities);
    json.boolean(key!("sealed"), activation.is_sealed());
    json.plain(key!("outcome"), activation.outcome.name());
    if let Some(status) = activation.status {
        json.status(key!("status"), status);
    }
    answer_time(json, Some((header.time, header.frame)), activation.answered);
    json.close();
}
