//! What a call that is over has said about DCOM objects, and the events that tell of it.

use super::Scope;
use crate::At;
use crate::arguments::CallArguments;
use crate::flow::Ends;
use crate::objects::{Held, Told, activation, wmi};
use crate::output::Output;
use rpcscope_model::{ActivationId, Call, EventBody, Linked, Object, Outcome};
use rpcscope_wire::stub::{Objects as Said, Tower};
use uuid::Uuid;

/// What the stubs of a call have said about objects and where they are.
#[derive(Debug)]
pub(super) struct Objects {
    pub(super) request: Option<Box<Said>>,
    pub(super) response: Option<Box<Said>>,
    pub(super) towers: Vec<Tower>,
}

/// Reports a call, and what it did with objects.
pub(super) fn report(mut call: Box<Call>, told: Objects, ends: &Ends, at: At, scope: &mut Scope<'_>) {
    let Objects { request, response, towers } = told;
    let (request, response) = (request.as_deref(), response.as_deref());
    let id = ActivationId { flow_id: ends.id, frame: at.frame, call_id: call.call_id };
    let Output { objects, stats, .. } = &mut *scope.output;
    objects.mapped(ends, &towers, stats);
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
        call.instance = Some(Box::new(Object {
            interface: None,
            class: None,
            activation: Some((id, Linked::Reference)),
            about: std::sync::Arc::default(),
        }));
    }
    let wmi = wmi(&call);
    let answered = call.reply.map_or(at.time, |(_, part)| part.time);
    let is_replied = call.outcome == Outcome::Replied;
    scope.output.event(ends, scope.transport, at, EventBody::Call(call));
    if let Some(activation) = activation {
        let held = Box::new(Held { ends: *ends, transport: scope.transport, at, activation });
        let due = if is_unread && is_replied {
            let Output { objects, stats, .. } = &mut *scope.output;
            objects.activated_unread(held, answered, stats)
        } else {
            Some(held)
        };
        report_held(due, scope.output);
    }
    if let Some(wmi) = wmi {
        scope.output.event(ends, scope.transport, at, EventBody::Wmi(Box::new(wmi)));
    }
}

/// Notes the objects that a request refers to: a server may call a sink of its client before it answers.
pub(super) fn note_references(arguments: &CallArguments, object: Option<Uuid>, scope: &mut Scope<'_>) {
    if let Some(request) = arguments.referring_request() {
        let Output { objects, stats, .. } = &mut *scope.output;
        objects.refer_to(&scope.flow.ends, object, request, stats);
    }
}

/// Reports an activation of which nothing more will be told.
pub(super) fn report_held(held: Option<Box<Held>>, output: &mut Output) {
    if let Some(held) = held {
        let Held { ends, transport, at, activation } = *held;
        output.event(&ends, transport, at, EventBody::Activation(Box::new(activation)));
    }
}
