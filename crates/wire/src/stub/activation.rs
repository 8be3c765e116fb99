//! Activation properties as arguments, and what they say about objects.

use super::argument::{self, Argument};
use super::{Decoded, Exporter};
use crate::dcom::{
    ActivationProperties, DualStringArray, InterfaceResult, Objref, PropertyBody, ScmReply, StringBinding,
};
use rpcscope_model::{List, Stopped, Text, ToCompactString, Value};
use uuid::Uuid;

/// Arguments that an activation by properties can give, of its request and then of its reply.
pub(super) const FIELDS: &[&str] = &[
    "clsid",
    "iids",
    "class_context",
    "client_version",
    "session_id",
    "authn_level",
    "path",
    "machine",
    "protocols",
    "oxid",
    "bindings",
    "minimum_authn_level",
    "server_version",
    "results",
    "status",
];

/// Puts what a request's properties say. A property that cannot be read costs itself.
pub(super) fn request(objref: &Objref<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    let Some(blob) = objref.custom(Objref::ACTIVATION_PROPERTIES_IN) else { return Ok(()) };
    let properties = ActivationProperties::parse(blob)?;
    for body in properties.properties().filter_map(|property| property.body().ok()) {
        match body {
            PropertyBody::Instantiation(instantiation) => {
                class(call, instantiation.clsid, instantiation.iids);
                call.put("class_context", instantiation.class_context);
                call.put("client_version", Text::whole(instantiation.client_version.to_string()));
            }
            PropertyBody::SpecialProperties(special) => {
                call.put("session_id", special.session_id);
                call.put("authn_level", special.default_authn_level);
            }
            PropertyBody::InstanceInfo(instance) => call.put("path", instance.file_name),
            PropertyBody::ScmRequest(request) => protocols(call, &request.protseqs),
            PropertyBody::Location(location) => call.put("machine", location.machine),
            PropertyBody::SecurityInfo(security) => call.put("machine", security.server_name),
            _ => {}
        }
    }
    Ok(())
}

/// Puts what a reply's properties say.
pub(super) fn reply(objref: &Objref<'_>, call: &mut Decoded) -> Result<(), Stopped> {
    let Some(blob) = objref.custom(Objref::ACTIVATION_PROPERTIES_OUT) else { return Ok(()) };
    let properties = ActivationProperties::parse(blob)?;
    for body in properties.properties().filter_map(|property| property.body().ok()) {
        match body {
            PropertyBody::ScmReply(Some(reply)) => exporter(call, &reply),
            PropertyBody::Interfaces(interfaces) => results(call, &interfaces),
            _ => {}
        }
    }
    Ok(())
}

/// Puts the class and the interfaces that are asked for.
pub(super) fn class(call: &mut Decoded, clsid: Uuid, iids: Vec<Uuid>) {
    call.put("clsid", clsid);
    put_list(call, "iids", iids.iter().copied());
    let objects = call.objects_mut();
    objects.activated_class = Some(clsid);
    objects.asked = iids;
}

/// Puts the protocol sequences that a client speaks.
pub(super) fn protocols(call: &mut Decoded, protseqs: &[u16]) {
    put_list(call, "protocols", protseqs.iter().map(|protseq| protocol(*protseq)));
}

/// Puts an exporter and where it listens.
pub(super) fn exporter(call: &mut Decoded, reply: &ScmReply<'_>) {
    call.put("oxid", Text::whole(reply.oxid.to_string()));
    bindings(call, reply.bindings);
    call.put("minimum_authn_level", reply.authn_hint);
    call.put("server_version", Text::whole(reply.server_version.to_string()));
    call.objects_mut().exporter = Some(Exporter::new(reply.oxid, reply.bindings, reply.rem_unknown));
}

/// Puts string bindings.
pub(super) fn bindings(call: &mut Decoded, bindings: DualStringArray<'_>) {
    let bindings = bindings.string_bindings().take(Exporter::MAX_BINDINGS);
    put_list(
        call,
        "bindings",
        bindings.map(|binding| Text { string: binding.to_compact_string(), cut: binding.cut }),
    );
}

/// Puts what became of each interface.
pub(super) fn results(call: &mut Decoded, interfaces: &[InterfaceResult<'_>]) {
    let result = |interface: &InterfaceResult<'_>| {
        let ipid = interface.objref.as_ref().and_then(Objref::std).map(|std| std.ipid.0);
        argument::fields([
            ("iid", interface.iid.value()),
            ("status", Some(Value::Status(interface.result))),
            ("ipid", ipid.value()),
        ])
    };
    put_list(call, "results", interfaces.iter().map(result));
    for interface in interfaces {
        if let Some(objref) = &interface.objref {
            call.objects_mut().add_objref(objref);
        }
    }
}

/// Puts a list, unless it is empty.
pub(super) fn put_list<A: Argument>(call: &mut Decoded, name: &'static str, values: impl Iterator<Item = A>) {
    let mut list = List::default();
    values.filter_map(Argument::value).for_each(|value| list.push(value));
    if !list.values.is_empty() {
        call.put(name, list);
    }
}

/// A protocol sequence by its name.
fn protocol(tower_id: u16) -> Value {
    match StringBinding::protocol(tower_id) {
        Some(name) => Value::Symbol(u32::from(tower_id), name),
        None => Value::Number(u64::from(tower_id)),
    }
}
