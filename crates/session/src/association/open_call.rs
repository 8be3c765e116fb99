//! A call that is not complete, and the event that tells of it.

use super::Scope;
use super::contexts::Standing;
use super::meaning::Meaning;
use super::objects::Announced;
use super::progress::{Fragment, Progress};
use crate::At;
use crate::arguments::{CallArguments, HandleTable};
use crate::flow::Ends;
use crate::kept::Kept;
use crate::output::Output;
use rpcscope_model::{
    AnomalyKind, Call, CallId, Calls, ContextId, Identity, Object, Opnum, Outcome, Part, Reply, Security,
    Side,
};
use std::sync::Arc;
use uuid::Uuid;

/// A call that is not complete.
#[derive(Debug)]
pub(crate) struct OpenCall {
    /// First frame that is known of it.
    pub(super) at: At,
    /// The connection over which that frame came; an SMB session may use several.
    pub(super) origin: Ends,
    pub(super) rpc_minor: u8,
    pub(super) context_id: ContextId,
    pub(super) meaning: Meaning,
    pub(super) opnum: Option<Opnum>,
    pub(super) object: Option<Uuid>,
    /// What is known of that object.
    pub(super) instance: Option<Box<Object>>,
    pub(super) security: Option<Security>,
    pub(super) identity: Option<Arc<Identity>>,
    pub(super) request: Option<Progress>,
    pub(super) reply: Option<Progress>,
    /// What its stubs say, when the operation is one that is decoded and the stubs are in clear.
    pub(super) arguments: Option<CallArguments>,
    /// Its PDUs, when they are wanted.
    pub(super) kept: Kept,
    /// What was told of its request, when that was wanted.
    pub(super) announced: Option<Announced>,
    pub(super) cancelled: bool,
    /// Losses of the server's side when it was opened.
    pub(super) losses: u32,
}

impl OpenCall {
    /// Takes the request as complete, if it is: tells whoever asked for it, and notes what it says about objects.
    pub(super) fn requested(&mut self, call_id: CallId, scope: &mut Scope<'_>) {
        if !self.request.is_some_and(|request| request.has_ended()) {
            return;
        }
        if let Some(arguments) = &mut self.arguments {
            super::objects::note_request(arguments, self.object, self.instance.as_deref(), scope);
        }
        let interface = self.meaning.interface().map(|interface| interface.syntax.uuid);
        let is_wanted = |opnum| scope.output.wanted.requests.include(interface, opnum);
        if !self.opnum.is_some_and(is_wanted) && !self.kept.has_contents(Side::Client) {
            return;
        }
        let request = self.arguments.as_ref().map(CallArguments::request).unwrap_or_default();
        let event = Call {
            instance: self.instance.clone(),
            arguments: request.arguments.cloned(),
            wire: self.kept.so_far(),
            ..self.event(call_id, None, Outcome::Pending, scope)
        };
        let said = request.objects;
        let announced = super::objects::announce(Box::new(event), said, &self.origin, self.at, scope);
        self.announced = Some(announced);
    }

    /// Whether its PDUs are wanted by what is known of it. When that may change, they are.
    pub(super) fn is_kept(&self, output: &Output) -> bool {
        let wanted = &output.wanted.wire;
        let is_settled = self.meaning.definition().is_none_or(|it| it.standing == Standing::Accepted);
        match self.opnum.filter(|_| is_settled) {
            Some(opnum) => {
                wanted.include(self.meaning.interface().map(|interface| interface.syntax.uuid), opnum)
            }
            None => !matches!(wanted, Calls::None),
        }
    }

    /// Adds a fragment of its response.
    pub(super) fn replied(
        &mut self,
        (pdu, stub): (&[u8], &[u8]),
        fragment: &Fragment<'_>,
        handles: &mut HandleTable,
        scope: &mut Scope<'_>,
    ) {
        if let Some(arguments) = &mut self.arguments {
            let piece = fragment.piece(Side::Server, stub, self.reply.as_ref());
            arguments.piece(piece, handles, scope.output);
        }
        match &mut self.reply {
            Some(reply) if !fragment.is_first() => {
                self.kept.grow(Side::Server, stub, scope.output);
                reply.grow(fragment, scope);
            }
            reply => {
                if !fragment.is_first() {
                    scope.anomaly(fragment.at, AnomalyKind::FragmentWithoutFirst);
                } else if reply.is_some() {
                    scope.anomaly(fragment.at, AnomalyKind::FragmentFirstRepeated);
                }
                self.kept.begin(Side::Server, fragment.message(pdu, stub), scope.output);
                *reply = Some(Progress::begin(fragment));
            }
        }
    }

    /// What is known of it, its object, arguments and PDUs aside.
    pub(super) fn event(
        &self,
        call_id: CallId,
        reply: Option<(Reply, Part)>,
        outcome: Outcome,
        scope: &Scope<'_>,
    ) -> Call {
        let definition = self.meaning.definition();
        let procedure = self.meaning.catalogued().zip(self.opnum);
        Call {
            endpoint: Arc::clone(scope.endpoint),
            rpc_version: (5, self.rpc_minor),
            call_id,
            context_id: Some(self.context_id),
            interface: self.meaning.interface(),
            learned: self.meaning.learned(),
            assumed: definition.is_some_and(|definition| definition.standing == Standing::Assumed),
            transfer_syntax: definition.and_then(|definition| definition.transfer_syntax),
            opnum: self.opnum,
            procedure: procedure.and_then(|(interface, opnum)| interface.procedure(opnum.0)),
            object: self.object,
            instance: None,
            security: self.security,
            sealed: self.security.is_some_and(Security::seals),
            request: self.request.map(Progress::part),
            reply,
            outcome,
            activity: None,
            identity: self.identity.clone(),
            identity_hint: None,
            arguments: None,
            announced: None,
            wire: None,
        }
    }
}
