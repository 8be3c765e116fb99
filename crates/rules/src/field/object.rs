//! The values of fields of activations, of management operations, and of endpoint mappers.

use super::FieldId;
use super::event::{endpoint, identity, interface_field, number, operation_names, security, status};
use crate::rule_set::MANAGEMENT;
use crate::value::{FieldValue, FieldValues};
use rpcscope_model::{
    Activation, ActivationId, Class, EndpointMap, Identity, Interface, Linked, Opnum, Text, Wmi,
};
use std::sync::Arc;

/// Adds the values of a field of an activation.
pub(super) fn activation<'a>(activation: &'a Activation, id: FieldId, values: &mut FieldValues<'a>) {
    match id {
        FieldId::Endpoint => endpoint(&activation.endpoint, id, values),
        FieldId::CallId => values.push(number(activation.id.call_id.0)),
        FieldId::Interface => interface_field(&activation.interface, id, values),
        FieldId::Opnum | FieldId::Procedure => {
            called(Some(&activation.interface), activation.opnum, activation.procedure, id, values);
        }
        FieldId::Clsid | FieldId::ClsidGuess => class(activation.class, id, values),
        FieldId::ActivationId => values.push(FieldValue::text(activation.id.to_string())),
        FieldId::Iid => {
            activation.interfaces.iter().for_each(|asked| interface_field(asked, FieldId::Interface, values));
        }
        FieldId::Oxid => values.extend(text(&activation.oxid)),
        FieldId::Ipid => values.extend(activation.pointers.iter().map(|(_, ipid)| FieldValue::Uuid(*ipid))),
        FieldId::Binding => {
            let bindings = activation.bindings.iter();
            values.extend(bindings.map(|binding| FieldValue::text(binding.string.as_str())));
        }
        FieldId::AuthType | FieldId::AuthLevel => security(activation.security, id, values),
        FieldId::Sealed => values.push(FieldValue::Flag(activation.is_sealed())),
        FieldId::Outcome => values.push(FieldValue::text(activation.outcome.name())),
        FieldId::Fault => activation.status.iter().for_each(|returned| status(*returned, values)),
        _ => who(activation.identity.as_ref(), id, values),
    }
}

/// Adds the values of a field of a management operation.
pub(super) fn wmi<'a>(wmi: &'a Wmi, id: FieldId, values: &mut FieldValues<'a>) {
    match id {
        FieldId::Endpoint => endpoint(&wmi.endpoint, id, values),
        FieldId::CallId => values.push(number(wmi.call_id.0)),
        FieldId::Procedure => management(wmi.operation, values),
        FieldId::Namespace => values.extend(text(&wmi.namespace)),
        FieldId::WmiClass => values.extend(text(&wmi.class)),
        FieldId::ObjectPath => values.extend(text(&wmi.object_path)),
        FieldId::Method => values.extend(text(&wmi.method)),
        FieldId::Query => values.extend(text(&wmi.query)),
        FieldId::CommandLine => values.extend(text(&wmi.command_line)),
        FieldId::ActivationId => activation_id(wmi.activation, values),
        FieldId::AuthType | FieldId::AuthLevel => security(wmi.security, id, values),
        FieldId::Outcome => values.push(FieldValue::text(wmi.outcome.name())),
        FieldId::Fault => wmi.status.iter().for_each(|returned| status(*returned, values)),
        _ => who(wmi.identity.as_ref(), id, values),
    }
}

/// Adds the values of a field of what an endpoint mapper answered.
pub(super) fn endpoint_map<'a>(map: &'a EndpointMap, id: FieldId, values: &mut FieldValues<'a>) {
    match id {
        FieldId::Endpoint => endpoint(&map.endpoint, id, values),
        FieldId::Interface => {
            let interfaces = map.entries.iter().filter_map(|entry| entry.interface.as_ref());
            interfaces.for_each(|interface| interface_field(interface, id, values));
        }
        FieldId::Asked => {
            map.asked.iter().for_each(|asked| interface_field(asked, FieldId::Interface, values));
        }
        FieldId::Opnum | FieldId::Procedure => called(None, map.opnum, map.procedure, id, values),
        FieldId::Annotation => {
            values.extend(map.entries.iter().filter_map(|entry| text(&entry.annotation)));
        }
        FieldId::MappedPort => values.extend(map.entries.iter().filter_map(|entry| entry.port).map(number)),
        FieldId::Binding => {
            values.extend(map.entries.iter().map(|entry| FieldValue::text(entry.binding().to_string())));
        }
        FieldId::AuthType | FieldId::AuthLevel => security(map.security, id, values),
        FieldId::Outcome => values.push(FieldValue::text(map.outcome.name())),
        FieldId::Fault => map.status.iter().for_each(|returned| status(*returned, values)),
        _ => who(map.identity.as_ref(), id, values),
    }
}

/// Adds the class that was read, or the one that was guessed, as the field asks.
pub(super) fn class(class: Option<Class>, id: FieldId, values: &mut FieldValues<'_>) {
    let Some(class) = class.filter(|class| class.guess.is_some() == (id == FieldId::ClsidGuess)) else {
        return;
    };
    values.push(FieldValue::Uuid(class.uuid));
    values.extend(class.name.map(FieldValue::text));
    let known = rpcscope_catalog::class(&class.uuid);
    values.extend(known.and_then(|known| known.progid).map(FieldValue::text));
}

/// Adds the name of an activation.
pub(super) fn activation_id(activation: Option<(ActivationId, Linked)>, values: &mut FieldValues<'_>) {
    values.extend(activation.map(|(id, _)| FieldValue::text(id.to_string())));
}

fn called<'a>(
    interface: Option<&Interface>,
    opnum: Opnum,
    procedure: Option<&'static str>,
    id: FieldId,
    values: &mut FieldValues<'a>,
) {
    let uuid = interface.map(|interface| interface.syntax.uuid);
    values.push(number(opnum.0));
    values.extend(uuid.map(|uuid| FieldValue::Operation(uuid, opnum.0)));
    if id == FieldId::Procedure {
        values.extend(procedure.map(FieldValue::text));
        operation_names(uuid, opnum, values);
    }
}

/// Adds a management operation, which the event has by name only.
fn management<'a>(operation: &'static str, values: &mut FieldValues<'a>) {
    values.push(FieldValue::text(operation));
    for interface in MANAGEMENT {
        let known = rpcscope_catalog::interface(&interface);
        let opnums = (0..OPERATIONS).filter(|opnum| {
            known.is_some_and(|known| known.procedure(*opnum).is_some_and(|name| name == operation))
        });
        values.extend(opnums.map(|opnum| FieldValue::Operation(interface, opnum)));
    }
}

/// More than the interfaces of management have operations: the last is `ExecMethodAsync`, 25 ([MS-WMI] 3.1.4.3).
const OPERATIONS: u16 = 32;

fn text(text: &Option<Text>) -> Option<FieldValue<'_>> {
    text.as_ref().map(|text| FieldValue::text(text.string.as_str()))
}

fn who<'a>(who: Option<&'a Arc<Identity>>, id: FieldId, values: &mut FieldValues<'a>) {
    who.iter().for_each(|who| identity(who, id, values));
}
