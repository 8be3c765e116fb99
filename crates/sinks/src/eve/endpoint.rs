//! An answer of an endpoint mapper.

use super::{Memo, answer_time, auth, object, transport};
use crate::json::{Json, key};
use rpcscope_model::{EndpointMap, EventHeader};

/// Writes what was asked, and where interfaces listen.
pub(super) fn rpcscope(json: &mut Json<'_>, map: &EndpointMap, header: &EventHeader, memo: &mut Memo) {
    json.open(key!("rpcscope"));
    transport(json, header.transport);
    json.string(key!("endpoint"), &map.endpoint);
    json.name_or_number(key!("operation"), map.procedure, map.opnum.0.into());
    if let Some(asked) = &map.asked {
        json.open(key!("asked"));
        object::interface(json, asked);
        json.close();
    }
    json.open_array(key!("entries"));
    for entry in &map.entries {
        json.open_value();
        if let Some(interface) = &entry.interface {
            object::interface(json, interface);
            json.version(key!("version"), interface.syntax.major, interface.syntax.minor);
        }
        if let Some(annotation) = &entry.annotation {
            json.string(key!("annotation"), &annotation.string);
        }
        if let Some(object) = entry.object {
            json.uuid(key!("object"), object);
        }
        json.string(key!("binding"), &entry.binding().to_string());
        json.close();
    }
    json.close_array();
    if map.omitted > 0 {
        json.number(key!("entries_omitted"), map.omitted as u64);
    }
    auth(json, map.security.as_ref(), map.identity.as_ref(), &mut memo.identities);
    json.plain(key!("outcome"), map.outcome.name());
    if let Some(status) = map.status {
        json.status(key!("status"), status);
    }
    answer_time(json, Some((header.time, header.frame)), map.answered);
    json.close();
}
