//! Open calls of an association: requests that wait for their reply, and fragments that wait for the rest.

use super::Scope;
use super::contexts::{Contexts, Definition, Standing};
use crate::At;
use crate::bounded::Bounded;
use rpcscope_model::{
    AnomalyKind, AuthLevel, Call, CallId, ContextId, EventBody, Interface, Learned, Limits, Opnum, Outcome,
    Part, Reply, Security, Side, SyntaxId,
};
use rpcscope_wire::dcerpc::{Fault, Flags, Header, Request, Response};
use std::sync::Arc;
use uuid::Uuid;

/// The open calls, by call id.
#[derive(Debug)]
pub(crate) struct Calls {
    open: Bounded<CallId, OpenCall>,
    /// How often bytes of each side were lost. A call that was open meanwhile may have lost its reply.
    losses: [u32; 2],
}

/// A call that is not complete.
#[derive(Debug)]
struct OpenCall {
    /// First frame that is known of it.
    at: At,
    rpc_minor: u8,
    context_id: ContextId,
    definition: Option<Definition>,
    opnum: Option<Opnum>,
    object: Option<Uuid>,
    security: Option<Security>,
    request: Option<Progress>,
    reply: Option<Progress>,
    cancelled: bool,
    /// Losses of both sides when it was opened.
    losses: [u32; 2],
    /// How its interface is known when no bind told it.
    hint: Option<Interface>,
}

impl Calls {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self { open: Bounded::new(limits.open_calls), losses: [0; 2] }
    }

    /// Takes a request or a fragment of one.
    pub(crate) fn request(
        &mut self,
        header: &Header,
        request: &Request<'_>,
        security: Option<Security>,
        contexts: &Contexts,
        at: At,
        scope: &mut Scope<'_>,
    ) {
        let first = header.flags.has(Flags::FIRST_FRAG);
        if !first && self.add_fragment(header, request, at, scope) {
            return;
        }
        if let Some(old) = self.open.remove(&header.call_id) {
            let sent = old.request.is_some_and(|request| request.ended);
            let kind = if sent { AnomalyKind::CallIdReused } else { AnomalyKind::FragmentFirstRepeated };
            scope.anomaly(at, kind);
            self.close(header.call_id, old, None, scope);
        }
        if !first {
            scope.anomaly(at, AnomalyKind::FragmentWithoutFirst);
        }
        let definition = self.definition(request.context_id, contexts, at, scope);
        let call = OpenCall {
            at,
            rpc_minor: header.minor_version,
            context_id: request.context_id,
            definition,
            opnum: Some(request.opnum),
            object: request.object,
            security,
            request: Some(Progress::begin(header, request.stub.len(), request.missing, at)),
            reply: None,
            cancelled: false,
            losses: self.losses,
            hint: if definition.is_none() { interface_of_pipe(scope.endpoint) } else { None },
        };
        self.insert(header.call_id, call, scope, at);
    }

    /// Adds a fragment to the call that it continues. Returns false when there is none.
    fn add_fragment(
        &mut self,
        header: &Header,
        request: &Request<'_>,
        at: At,
        scope: &mut Scope<'_>,
    ) -> bool {
        let Some(call) = self.open.get_mut(&header.call_id) else {
            return false;
        };
        let Some(sent) = call.request.as_mut().filter(|request| !request.ended && call.reply.is_none())
        else {
            return false;
        };
        if call.opnum != Some(request.opnum) || call.context_id != request.context_id {
            scope.anomaly(at, AnomalyKind::FragmentMismatch);
        }
        sent.grow(header, request.stub.len(), request.missing, at, scope);
        true
    }

    /// Takes a response or a fragment of one.
    pub(crate) fn response(
        &mut self,
        header: &Header,
        response: &Response<'_>,
        contexts: &Contexts,
        at: At,
        scope: &mut Scope<'_>,
    ) {
        let first = header.flags.has(Flags::FIRST_FRAG);
        let Self { open, losses } = self;
        match open.get_mut(&header.call_id) {
            Some(call) => match &mut call.reply {
                Some(reply) if !first => reply.grow(header, response.stub.len(), response.missing, at, scope),
                reply => *reply = Some(Progress::begin(header, response.stub.len(), response.missing, at)),
            },
            None => {
                let definition = contexts.definition(response.context_id).filter(is_usable);
                let call = OpenCall {
                    at,
                    rpc_minor: header.minor_version,
                    context_id: response.context_id,
                    definition,
                    opnum: None,
                    object: None,
                    security: None,
                    request: None,
                    reply: Some(Progress::begin(header, response.stub.len(), response.missing, at)),
                    cancelled: false,
                    losses: *losses,
                    hint: if definition.is_none() { interface_of_pipe(scope.endpoint) } else { None },
                };
                self.insert(header.call_id, call, scope, at);
            }
        }
        if header.flags.has(Flags::LAST_FRAG)
            && let Some(call) = self.open.remove(&header.call_id)
        {
            self.close(header.call_id, call, Some(Reply::Response), scope);
        }
    }

    /// Takes a fault.
    pub(crate) fn fault(
        &mut self,
        header: &Header,
        fault: &Fault<'_>,
        contexts: &Contexts,
        at: At,
        scope: &mut Scope<'_>,
    ) {
        let mut call = self.open.remove(&header.call_id).unwrap_or_else(|| {
            let definition = contexts.definition(fault.context_id).filter(is_usable);
            OpenCall {
                at,
                rpc_minor: header.minor_version,
                context_id: fault.context_id,
                definition,
                opnum: None,
                object: None,
                security: None,
                request: None,
                reply: None,
                cancelled: false,
                losses: self.losses,
                hint: if definition.is_none() { interface_of_pipe(scope.endpoint) } else { None },
            }
        });
        call.reply = Some(Progress { ended: true, ..Progress::begin(header, fault.stub.len(), 0, at) });
        self.close(header.call_id, call, Some(Reply::Fault(fault.status)), scope);
    }

    /// Notes that the client gave a call up. A reply may still come.
    pub(crate) fn cancel(&mut self, call_id: CallId) {
        if let Some(call) = self.open.get_mut(&call_id) {
            call.cancelled = true;
        }
    }

    /// Notes that a PDU of a call could not be read.
    pub(crate) fn malformed(&mut self, side: Side, call_id: CallId) {
        if let Some(call) = self.open.get_mut(&call_id) {
            let part = match side {
                Side::Client => &mut call.request,
                Side::Server => &mut call.reply,
            };
            if let Some(part) = part {
                part.damaged = true;
            }
        }
    }

    /// Notes that bytes of one side were lost.
    pub(crate) fn lost(&mut self, side: Side) {
        let losses = &mut self.losses[side.index()];
        *losses = losses.saturating_add(1);
    }

    /// Looks again at open calls whose context was taken as accepted and has now been rejected.
    pub(crate) fn reconsider(&mut self, rejected: &[ContextId], contexts: &Contexts) {
        if rejected.is_empty() {
            return;
        }
        for call in self.open.values_mut().filter(|call| rejected.contains(&call.context_id)) {
            if call.definition.is_some_and(|definition| definition.standing == Standing::Assumed) {
                call.definition = contexts.definition(call.context_id).filter(is_usable);
            }
        }
    }

    /// Reports what is still open.
    pub(crate) fn finish(&mut self, scope: &mut Scope<'_>) {
        while let Some((call_id, call)) = self.open.pop_oldest() {
            // Part of a response was seen: that the server replied is known.
            let reply = call.reply.map(|_| Reply::Response);
            self.close(call_id, call, reply, scope);
        }
    }

    fn definition(
        &self,
        id: ContextId,
        contexts: &Contexts,
        at: At,
        scope: &mut Scope<'_>,
    ) -> Option<Definition> {
        let Some(definition) = contexts.definition(id) else {
            scope.anomaly(at, AnomalyKind::ContextUnknown);
            return None;
        };
        if !is_usable(&definition) {
            scope.anomaly(at, AnomalyKind::ContextRejected);
            return None;
        }
        Some(definition)
    }

    fn insert(&mut self, call_id: CallId, call: OpenCall, scope: &mut Scope<'_>, at: At) {
        let oldest = self.open.oldest().map(|(id, _)| *id);
        if let Some(evicted) = self.open.insert(call_id, call) {
            scope.output.stats.calls_evicted += 1;
            scope.anomaly(at, AnomalyKind::CallsEvicted);
            self.close(oldest.unwrap_or(call_id), evicted, None, scope);
        }
    }

    fn close(&self, call_id: CallId, call: OpenCall, reply: Option<Reply>, scope: &mut Scope<'_>) {
        let lost = self.losses != call.losses;
        let reply = reply.zip(call.reply.map(|reply| reply.part()));
        let outcome = match reply {
            Some((Reply::Response, _)) => Outcome::Replied,
            Some((Reply::Fault(_), _)) => Outcome::Faulted,
            Some((Reply::Reject(_), _)) => Outcome::Rejected,
            None if call.cancelled => Outcome::Cancelled,
            None if lost => Outcome::Lost,
            None => Outcome::Unanswered,
        };
        let interface = call.definition.map(|definition| definition.interface).or(call.hint);
        let catalogued = match call.definition {
            Some(definition) => definition.catalogued,
            None => call.hint.and_then(|hint| rpcscope_catalog::interface(&hint.syntax.uuid)),
        };
        let learned = match (call.definition, call.hint) {
            (Some(definition), _) => definition.learned,
            (None, Some(_)) => Learned::PipeName,
            (None, None) => Learned::Unknown,
        };
        let event = Call {
            endpoint: Arc::clone(scope.endpoint),
            rpc_version: (5, call.rpc_minor),
            call_id,
            context_id: Some(call.context_id),
            interface,
            learned,
            assumed: call.definition.is_some_and(|definition| definition.standing == Standing::Assumed),
            transfer_syntax: call.definition.and_then(|definition| definition.transfer_syntax),
            opnum: call.opnum,
            procedure: catalogued.zip(call.opnum).and_then(|(interface, opnum)| interface.procedure(opnum.0)),
            object: call.object,
            security: call.security,
            sealed: call.security.is_some_and(|security| security.level == AuthLevel::PKT_PRIVACY),
            request: call.request.map(|request| request.part()),
            reply,
            outcome,
            activity: None,
        };
        scope.output.event(scope.flow, scope.transport, call.at, EventBody::Call(Box::new(event)));
    }
}

fn is_usable(definition: &Definition) -> bool {
    definition.standing != Standing::Rejected
}

/// What was seen so far of a request or a reply.
#[derive(Clone, Copy, Debug)]
struct Progress {
    at: At,
    fragments: u32,
    stub_bytes: u64,
    /// The last fragment was seen.
    ended: bool,
    /// Something of it is missing.
    damaged: bool,
}

impl Progress {
    fn begin(header: &Header, stub_bytes: usize, missing: usize, at: At) -> Self {
        Self {
            at,
            fragments: 1,
            stub_bytes: stub_bytes as u64,
            ended: header.flags.has(Flags::LAST_FRAG),
            damaged: missing > 0 || !header.flags.has(Flags::FIRST_FRAG),
        }
    }

    /// Adds a fragment.
    fn grow(&mut self, header: &Header, stub_bytes: usize, missing: usize, at: At, scope: &mut Scope<'_>) {
        self.fragments = self.fragments.saturating_add(1);
        self.stub_bytes = self.stub_bytes.saturating_add(stub_bytes as u64);
        self.ended = header.flags.has(Flags::LAST_FRAG);
        self.damaged |= missing > 0;
        if self.fragments == scope.output.limits.fragments {
            scope.anomaly(at, AnomalyKind::FragmentsTooMany);
        }
    }

    fn part(self) -> Part {
        let Self { at, fragments, stub_bytes, ended, damaged } = self;
        Part { time: at.time, frame: at.frame, fragments, stub_bytes, complete: ended && !damaged }
    }
}

/// The interface that a pipe serves, when it serves only one.
fn interface_of_pipe(endpoint: &str) -> Option<Interface> {
    let name = endpoint.strip_prefix("\\pipe\\")?;
    let known = rpcscope_catalog::sole_interface_on_pipe(name)?;
    Some(Interface { syntax: SyntaxId { uuid: known.uuid, ..SyntaxId::default() }, name: known.name })
}
