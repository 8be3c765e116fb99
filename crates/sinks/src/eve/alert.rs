//! What a rule says about an event.

use crate::carved_file_name;
use crate::json::{Json, key};
use rpcscope_model::{Alert, EventBody, Signature};

/// Writes Suricata's object.
pub(super) fn alert(json: &mut Json<'_>, rule: &Signature) {
    json.open(key!("alert"));
    json.plain(key!("action"), "allowed");
    json.number(key!("gid"), rule.gid);
    json.number(key!("signature_id"), rule.sid);
    json.number(key!("rev"), rule.rev);
    json.string(key!("signature"), &rule.title);
    json.string(key!("category"), &rule.category);
    json.number(key!("severity"), rule.severity);
    if !rule.metadata.is_empty() {
        json.open(key!("metadata"));
        for (name, values) in &rule.metadata {
            json.key_text(name);
            strings(json, values);
        }
        json.close();
    }
    json.close();
}

/// Writes what Suricata does not say of a rule, as members of the object that says it of the event.
pub(super) fn members(json: &mut Json<'_>, alert: &Alert) {
    let rule = &alert.rule;
    json.plain(key!("event"), kind(&alert.event.body));
    if let Some(id) = &rule.id {
        json.string(key!("rule_id"), id);
    }
    if let Some(level) = rule.level {
        json.plain(key!("level"), level);
    }
    if !rule.tags.is_empty() {
        json.key(key!("tags"));
        strings(json, &rule.tags);
    }
    if let Some(carve) = &alert.capture {
        json.string(key!("capture"), &carved_file_name(carve));
    }
    if let Some(correlated) = &alert.correlated {
        json.open(key!("correlation"));
        json.number(key!("count"), correlated.count);
        json.open(key!("group"));
        for (name, value) in &correlated.group {
            json.key_text(name);
            json.string_value(value);
        }
        json.close();
        json.close();
    }
}

/// The kind of an event, which the type `alert` hides.
const fn kind(body: &EventBody) -> &'static str {
    match body {
        EventBody::Call(_) => "call",
        EventBody::Bind(_) => "bind",
        EventBody::Authentication(_) => "identity",
        EventBody::Activation(_) => "activation",
        EventBody::Wmi(_) => "wmi",
        EventBody::EndpointMap(_) => "endpoint",
        EventBody::SmbMapping(_) => "smb_mapping",
        EventBody::Pipe(_) => "pipe",
        EventBody::SmbFile(_) => "smb_file",
        EventBody::Anomaly(_) => "anomaly",
    }
}

fn strings(json: &mut Json<'_>, values: &[String]) {
    json.open_array_value();
    values.iter().for_each(|value| json.string_value(value));
    json.close_array();
}
