//! The object of a call, and the class that it came from.

use crate::json::{Json, key};
use rpcscope_model::{ActivationId, Class, Interface, Linked, Object};

/// Writes what is known of the object of a call.
pub(super) fn write(json: &mut Json<'_>, object: &Object) {
    if let Some(pointed) = object.interface {
        json.open(key!("object_interface"));
        interface(json, &pointed);
        json.close();
    }
    if let Some(activation) = object.activation {
        self::activation(json, activation);
    }
    if let Some(class) = &object.class {
        self::class(json, class);
    }
    if !object.about.is_empty() {
        json.open(key!("about"));
        for (field, text) in &*object.about {
            json.key_word(field);
            json.string_value(&text.string);
        }
        json.close();
    }
}

/// Writes which activation something belongs to, and how that is known.
pub(super) fn activation(json: &mut Json<'_>, (id, linked): (ActivationId, Linked)) {
    activation_id(json, id);
    json.plain(key!("activation_by"), linked.name());
}

/// Writes the name of an activation.
pub(super) fn activation_id(json: &mut Json<'_>, id: ActivationId) {
    json.joined(key!("activation_id"), b'-', [id.flow_id, id.frame.0, id.call_id.0.into()]);
}

/// Writes a class, or what it is guessed to be: never both, so that nobody takes one for the other.
pub(super) fn class(json: &mut Json<'_>, class: &Class) {
    json.open(key!("clsid"));
    match &class.guess {
        None => json.uuid(key!("uuid"), class.uuid),
        Some(guess) => {
            json.uuid(key!("guess"), class.uuid);
            json.plain(key!("confidence"), guess.confidence.name());
            json.open(key!("because"));
            json.open(key!("bound"));
            interface(json, &guess.because);
            json.close();
            json.number(key!("port"), guess.port);
            json.number(key!("candidates"), guess.candidates as u64);
            json.close();
        }
    }
    if let Some(name) = class.name {
        json.string(key!("name"), name);
    }
    json.close();
}

/// Writes the members of an interface.
pub(super) fn interface(json: &mut Json<'_>, interface: &Interface) {
    json.uuid(key!("uuid"), interface.syntax.uuid);
    if let Some(name) = interface.name {
        json.plain(key!("name"), name);
    }
}
