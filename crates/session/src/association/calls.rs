//! Open calls of an association: requests that wait for their reply, and fragments that wait for the rest.

use super::Scope;
use super::contexts::{Answered, Contexts};
use super::meaning::Meaning;
use super::open_call::OpenCall;
use super::progress::{Fragment, Progress};
use crate::At;
use crate::arguments::{CallArguments, Decoder, Finished, HandleTable};
use crate::bounded::Bounded;
use crate::kept::Kept;
use crate::objects::is_orpc;
use crate::output::Output;
use rpcscope_model::{AnomalyKind, CallId, ContextId, Identity, Limits, Outcome, Reply, Security, Side};
use rpcscope_wire::dcerpc::{Fault, Header, Request, Response};
use std::sync::Arc;

/// The open calls, by call id.
#[derive(Debug)]
pub(crate) struct Calls {
    /// Behind a pointer, since the table moves them about.
    open: Bounded<CallId, Box<OpenCall>>,
    /// What the context handles are called that calls have opened.
    handles: HandleTable,
    /// How often bytes of each side were lost. A call that was open meanwhile may have lost its reply.
    losses: [u32; 2],
}

/// Who makes a call, and how it is protected.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    pub(crate) security: Option<Security>,
    pub(crate) identity: Option<Arc<Identity>>,
}

impl Calls {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self { open: Bounded::new(limits.open_calls), handles: HandleTable::new(limits), losses: [0; 2] }
    }

    /// Takes a request or a fragment of one.
    pub(crate) fn request(
        &mut self,
        header: &Header,
        (pdu, request): (&[u8], &Request<'_>),
        caller: Caller,
        contexts: &Contexts,
        at: At,
        scope: &mut Scope<'_>,
    ) {
        let Caller { security, identity } = caller;
        let losses = self.losses[Side::Client.index()];
        let fragment =
            Fragment { header, stub_bytes: request.stub.len(), missing: request.missing, at, losses };
        if !fragment.is_first() && self.continues(request, &fragment, scope) {
            return;
        }
        if let Some(old) = self.open.remove(&header.call_id) {
            let is_unfinished = old.request.is_some_and(|request| !request.has_ended());
            let kind = if is_unfinished && fragment.is_first() {
                AnomalyKind::FragmentFirstRepeated
            } else {
                AnomalyKind::CallIdReused
            };
            scope.anomaly(at, kind);
            self.close(header.call_id, old, None, scope);
        }
        if !fragment.is_first() {
            scope.anomaly(at, AnomalyKind::FragmentWithoutFirst);
        }
        let (meaning, anomaly) = Meaning::of(request.context_id, contexts, request.object, scope);
        if let Some(anomaly) = anomaly {
            scope.anomaly(at, anomaly);
        }
        let Output { objects, stats, .. } = &mut *scope.output;
        let ends = &scope.flow.ends;
        let instance =
            request.object.and_then(|object| objects.called(ends, object, meaning.interface(), stats));
        // Of an object's operation that has no decoder, references to further objects are read.
        let operation = meaning.operation(request.opnum);
        let is_read = operation.is_some() || (request.object.is_some() && is_orpc(meaning.interface()));
        let decoder = Decoder { operation, syntax: meaning.syntax(), server: ends.server.address };
        let mut call = self.begin(header, request.context_id, meaning, identity, at, scope);
        if is_read && !security.is_some_and(Security::seals) {
            call.arguments = Some(CallArguments::new(decoder));
        }
        call.opnum = Some(request.opnum);
        call.object = request.object;
        call.instance = instance;
        call.security = security;
        call.kept = Kept::new(call.is_kept(scope.output));
        call.kept.begin(Side::Client, fragment.message(pdu, request.stub), scope.output);
        if let Some(arguments) = &mut call.arguments {
            let piece = fragment.piece(Side::Client, request.stub, None);
            arguments.piece(piece, &mut self.handles, scope.output);
        }
        call.request = Some(Progress::begin(&fragment));
        call.requested(header.call_id, scope);
        self.insert(header.call_id, call, at, scope);
    }

    /// Adds a fragment to the request that it continues. Returns false when there is none.
    fn continues(&mut self, request: &Request<'_>, fragment: &Fragment<'_>, scope: &mut Scope<'_>) -> bool {
        let Some(call) = self.open.get_mut(&fragment.header.call_id) else {
            return false;
        };
        let is_replied = call.reply.is_some();
        let Some(sent) = call.request.as_mut().filter(|request| !request.has_ended() && !is_replied) else {
            return false;
        };
        if call.opnum != Some(request.opnum) || call.context_id != request.context_id {
            scope.anomaly(fragment.at, AnomalyKind::FragmentMismatch);
        }
        if let Some(arguments) = &mut call.arguments {
            let piece = fragment.piece(Side::Client, request.stub, Some(sent));
            arguments.piece(piece, &mut self.handles, scope.output);
        }
        call.kept.grow(Side::Client, request.stub, scope.output);
        sent.grow(fragment, scope);
        call.requested(fragment.header.call_id, scope);
        true
    }

    /// Takes a response or a fragment of one.
    pub(crate) fn response(
        &mut self,
        header: &Header,
        (pdu, response): (&[u8], &Response<'_>),
        contexts: &Contexts,
        at: At,
        scope: &mut Scope<'_>,
    ) {
        let losses = self.losses[Side::Server.index()];
        let fragment =
            Fragment { header, stub_bytes: response.stub.len(), missing: response.missing, at, losses };
        if self.open.get(&header.call_id).is_none() {
            let call = self.begin_with_reply(header, response.context_id, contexts, at, scope);
            self.insert(header.call_id, call, at, scope);
        }
        if !fragment.is_last() {
            if let Some(call) = self.open.get_mut(&header.call_id) {
                call.replied((pdu, response.stub), &fragment, &mut self.handles, scope);
            }
        } else if let Some(mut call) = self.open.remove(&header.call_id) {
            call.replied((pdu, response.stub), &fragment, &mut self.handles, scope);
            self.close(header.call_id, call, Some(Reply::Response), scope);
        }
    }

    /// Takes a fault, which is one PDU and ends its call.
    pub(crate) fn fault(
        &mut self,
        header: &Header,
        (pdu, fault): (&[u8], &Fault<'_>),
        contexts: &Contexts,
        at: At,
        scope: &mut Scope<'_>,
    ) {
        let losses = self.losses[Side::Server.index()];
        let fragment = Fragment { header, stub_bytes: fault.stub.len(), missing: 0, at, losses };
        let mut call = match self.open.remove(&header.call_id) {
            Some(call) => call,
            None => {
                scope.output.open_calls += 1;
                self.begin_with_reply(header, fault.context_id, contexts, at, scope)
            }
        };
        call.kept.begin(Side::Server, fragment.message(pdu, fault.stub), scope.output);
        call.reply = Some(Progress::begin(&fragment));
        self.close(header.call_id, call, Some(Reply::Fault(fault.status)), scope);
    }

    /// Whether a call with this id is open.
    pub(crate) fn is_open(&self, call_id: CallId) -> bool {
        self.open.get(&call_id).is_some()
    }

    /// How an open call is protected.
    pub(crate) fn security(&self, call_id: CallId) -> Option<Security> {
        self.open.get(&call_id)?.security
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
                part.damage();
            }
        }
    }

    /// Notes that bytes of one side were lost.
    pub(crate) fn lost(&mut self, side: Side) {
        let losses = &mut self.losses[side.index()];
        *losses = losses.wrapping_add(1);
    }

    /// Looks again at open calls whose context was taken as accepted and has now been answered for.
    pub(crate) fn reconsider(&mut self, answered: Answered, contexts: &Contexts) {
        for call in self.open.values_mut() {
            if let Meaning::Defined(taken) = call.meaning
                && answered.includes(taken.proposal)
                && let Some(settled) = contexts.settled(call.context_id)
            {
                call.meaning = Meaning::settled(settled);
            }
        }
    }

    /// Reports what is still open.
    pub(crate) fn finish(&mut self, scope: &mut Scope<'_>) {
        while let Some((call_id, call)) = self.open.pop_oldest() {
            self.close(call_id, call, None, scope);
        }
        self.handles.clear(scope.output);
    }

    fn begin(
        &self,
        header: &Header,
        context_id: ContextId,
        meaning: Meaning,
        identity: Option<Arc<Identity>>,
        at: At,
        scope: &mut Scope<'_>,
    ) -> Box<OpenCall> {
        let call = OpenCall {
            at,
            origin: scope.flow.ends,
            rpc_minor: header.minor_version,
            context_id,
            meaning,
            opnum: None,
            object: None,
            instance: None,
            security: None,
            identity,
            request: None,
            reply: None,
            arguments: None,
            kept: Kept::default(),
            announced: None,
            cancelled: false,
            losses: self.losses[Side::Server.index()],
        };
        scope.output.begin_call(call)
    }

    /// A call whose request was not seen.
    fn begin_with_reply(
        &self,
        header: &Header,
        context_id: ContextId,
        contexts: &Contexts,
        at: At,
        scope: &mut Scope<'_>,
    ) -> Box<OpenCall> {
        let (meaning, _) = Meaning::of(context_id, contexts, None, scope);
        let mut call = self.begin(header, context_id, meaning, scope.carrier_identity.cloned(), at, scope);
        call.kept = Kept::new(call.is_kept(scope.output));
        call
    }

    fn insert(&mut self, call_id: CallId, call: Box<OpenCall>, at: At, scope: &mut Scope<'_>) {
        let oldest = self.open.oldest().map(|(id, _)| *id);
        scope.output.open_calls += 1;
        let evicted = match self.open.insert(call_id, call) {
            Some(evicted) => Some((oldest.unwrap_or(call_id), evicted)),
            // Too many in all: whoever has several pays. Others must not, or a few connections could fill the budget and
            // have every call in the shard reported before its reply.
            None if scope.output.open_calls > scope.output.limits.open_calls_in_all
                && self.open.len() > 1 =>
            {
                self.open.pop_oldest()
            }
            None => None,
        };
        if let Some((call_id, evicted)) = evicted {
            scope.output.stats.calls_evicted += 1;
            scope.anomaly(at, AnomalyKind::CallsEvicted);
            self.close(call_id, evicted, None, scope);
        }
    }

    /// Reports a call. `reply` is what ended it; when nothing did, part of a response may have been seen all the
    /// same: then it is known that the server replied.
    fn close(
        &mut self,
        call_id: CallId,
        mut call: Box<OpenCall>,
        reply: Option<Reply>,
        scope: &mut Scope<'_>,
    ) {
        scope.output.open_calls = scope.output.open_calls.saturating_sub(1);
        let [client_losses, server_losses] = self.losses;
        let lost = server_losses != call.losses
            || call.request.is_some_and(|request| request.is_lost_in_part(client_losses));
        let reply = call.reply.map(|part| (reply.unwrap_or(Reply::Response), part.part()));
        let outcome = match reply {
            Some((Reply::Response, _)) => Outcome::Replied,
            Some((Reply::Fault(_), _)) => Outcome::Faulted,
            Some((Reply::Reject(_), _)) => Outcome::Rejected,
            None if call.cancelled => Outcome::Cancelled,
            None if lost => Outcome::Lost,
            None => Outcome::Unanswered,
        };
        let finished = match &mut call.arguments {
            // The server has rejected the context meanwhile.
            Some(arguments) if matches!(call.meaning, Meaning::Nothing) => {
                arguments.discard(scope.output);
                Finished::default()
            }
            Some(arguments) => arguments.finish(outcome == Outcome::Replied, &mut self.handles, scope.output),
            None => Finished::default(),
        };
        let Finished { arguments, request, response } = finished;
        let mut event = Box::new(call.event(call_id, reply, outcome, scope));
        event.instance = call.instance.take();
        event.arguments = arguments;
        event.wire = call.kept.finish(scope.output);
        super::objects::report(event, (request, response), call.announced, &call.origin, call.at, scope);
        scope.output.end_call(call);
    }
}
