//! What a call that is over has said about DCOM objects, and the events that tell of it.

use super::Scope;
use crate::At;
use crate::arguments::{CallArguments, Response};
use crate::endpoint_map::endpoint_map;
use crate::flow::Ends;
use crate::objects::{Held, Told, activated_class, activation, wmi};
use crate::output::Output;
use rpcscope_model::{ActivationId, Call, Class, EventBody, Linked, Object, Outcome};
use rpcscope_wire::stub::Objects as Said;
use uuid::Uuid;

/// Reports a call, and what it did with objects. `request` and `response` are what its stubs have said of them, `announced`
/// is what was told of its request.
pub(super) fn report(
    mut call: Box<Call>,
    (request, response): (Option<Box<Said>>, Response),
    announced: Option<Announced>,
    ends: &Ends,
    at: At,
    scope: &mut Scope<'_>,
) {
    let Response { objects: response, towers } = response;
    // Nothing is left of the arguments when the server has refused the presentation context.
    let known = call.arguments.as_ref().map_or(0, |arguments| arguments.len());
    call.announced = announced.map(|announced| announced.arguments.min(known));
    let (request, response) = (request.as_deref(), response.as_deref());
    let id = ActivationId { flow_id: ends.id, frame: at.frame, call_id: call.call_id };
    let Output { objects, stats, .. } = &mut *scope.output;
    if !towers.is_empty() {
        objects.mapped(ends, &towers, stats);
    }
    if let Some(managed) = request.and_then(|request| objects.managed(ends, request)) {
        call.instance = Some(managed);
    }
    if let (Some(object), Some(arguments)) = (call.object, &mut call.arguments) {
        let class = call.instance.as_ref().and_then(|instance| instance.class.as_ref());
        objects.name_member(ends, object, class, arguments);
    }
    if request.is_some() || response.is_some() {
        let told = Told { ends, id, object: call.object, request, response };
        if let Some(activated) = objects.tell(&told, stats) {
            call.instance = Some(activated);
        }
    }
    let activation = activation(id, &call, request, response);
    let is_unread = activation.is_some() && call.instance.is_none();
    if is_unread {
        call.instance = Some(Box::new(activated(id, None)));
    }
    let wmi = wmi(&call);
    let map = endpoint_map(&call, towers);
    let answered = call.reply.map_or(at.time, |(_, part)| part.time);
    let is_replied = call.outcome == Outcome::Replied;
    scope.output.event(ends, scope.transport, at, EventBody::Call(call));
    if let Some(mut activation) = activation {
        activation.announced = announced.is_some_and(|announced| announced.activation);
        let held = Box::new(Held { ends: *ends, transport: scope.transport, at, activation });
        let due = if is_unread && is_replied {
            let Output { objects, stats, .. } = &mut *scope.output;
            objects.activated_unread(held, answered, stats)
        } else {
            Some(held)
        };
        report_held(due, scope.output);
    }
    if let Some(map) = map {
        scope.output.event(ends, scope.transport, at, EventBody::EndpointMap(map));
    }
    if let Some(mut wmi) = wmi {
        wmi.announced = announced.is_some_and(|announced| announced.wmi);
        scope.output.event(ends, scope.transport, at, EventBody::Wmi(wmi));
    }
}

/// What was told of a request before its reply came.
#[derive(Clone, Copy, Debug)]
pub(super) struct Announced {
    /// How many arguments.
    pub(super) arguments: usize,
    activation: bool,
    wmi: bool,
}

/// Tells of a call whose request is complete, and of what it asks of objects. `said` is what the request says of them.
pub(super) fn announce(
    mut call: Box<Call>,
    said: Option<&Said>,
    ends: &Ends,
    at: At,
    scope: &mut Scope<'_>,
) -> Announced {
    let id = ActivationId { flow_id: ends.id, frame: at.frame, call_id: call.call_id };
    let Output { objects, .. } = &*scope.output;
    if let Some(managed) = said.and_then(|said| objects.managed(ends, said)) {
        call.instance = Some(managed);
    }
    let class = activated_class(said);
    if class.is_some() {
        call.instance = Some(Box::new(activated(id, class)));
    }
    // Without its class, there is nothing to tell of an activation yet.
    let activation = activation(id, &call, said, None).filter(|_| class.is_some());
    let wmi = wmi(&call);
    let announced = Announced {
        arguments: call.arguments.as_ref().map_or(0, |arguments| arguments.len()),
        activation: activation.is_some(),
        wmi: wmi.is_some(),
    };
    scope.output.announce(ends, scope.transport, at, EventBody::Call(call));
    if let Some(activation) = activation {
        scope.output.announce(ends, scope.transport, at, EventBody::Activation(Box::new(activation)));
    }
    if let Some(wmi) = wmi {
        scope.output.announce(ends, scope.transport, at, EventBody::Wmi(wmi));
    }
    announced
}

/// Notes what a request says, once it is complete: the objects that it refers to, since a server may call a sink of its
/// client before it answers, and what the member is called that it calls.
pub(super) fn note_request(
    arguments: &mut CallArguments,
    object: Option<Uuid>,
    instance: Option<&Object>,
    scope: &mut Scope<'_>,
) {
    let ends = &scope.flow.ends;
    if let Some(said) = arguments.request().objects.filter(|said| !said.references.is_empty()) {
        let Output { objects, stats, .. } = &mut *scope.output;
        objects.refer_to(ends, object, said, stats);
    }
    if let Some(object) = object {
        let class = instance.and_then(|instance| instance.class.as_ref());
        arguments.amend_request(scope.output, |arguments, output| {
            output.objects.name_member(ends, object, class, arguments);
        });
    }
}

/// What is known of an object that an activation makes, beside its class.
fn activated(id: ActivationId, class: Option<Class>) -> Object {
    Object {
        interface: None,
        class,
        activation: Some((id, Linked::Reference)),
        about: std::sync::Arc::default(),
    }
}

/// Reports an activation of which nothing more will be told.
pub(super) fn report_held(held: Option<Box<Held>>, output: &mut Output) {
    if let Some(held) = held {
        let Held { ends, transport, at, activation } = *held;
        output.event(&ends, transport, at, EventBody::Activation(Box::new(activation)));
    }
}
