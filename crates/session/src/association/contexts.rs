//! Presentation contexts of an association: what bind and alter_context offered, and what the server accepted.

use super::Scope;
use crate::At;
use crate::bounded::Bounded;
use crate::flow::Ends;
use crate::kept::{First, Kept};
use crate::output::Output;
use rpcscope_model::{
    AnomalyKind, Bind, BindResult, CallId, ContextId, EventBody, Interface, Learned, Limits, OfferedContext,
    Security, Side, SyntaxId, Transport, bind_time_feature_negotiation,
};
use rpcscope_wire::dcerpc::{BindAck, BindNak, BindPdu, Fault, Header, PduType};
use std::sync::Arc;
use uuid::Uuid;

/// What a presentation context stands for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Definition {
    pub(crate) interface: Interface,
    pub(crate) catalogued: Option<&'static rpcscope_catalog::Interface>,
    /// What decodes the arguments of its operations.
    pub(crate) decoders: Option<&'static rpcscope_wire::stub::Interface>,
    pub(crate) learned: Learned,
    /// The agreed transfer syntax; the only offered one while no answer was seen.
    pub(crate) transfer_syntax: Option<Uuid>,
    pub(crate) standing: Standing,
    /// Number of the proposal that it comes from, unique in its association until the number wraps.
    pub(crate) proposal: u32,
}

/// What the server said to a presentation context.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Standing {
    /// No answer was seen; taken as accepted.
    Assumed,
    Accepted,
    Rejected,
}

/// One context id: what it stands for, and what the client last proposed for it and the server has not answered.
#[derive(Clone, Copy, Debug, Default)]
struct Slot {
    current: Option<Definition>,
    proposed: Option<Definition>,
}

/// The presentation contexts, and the binds that wait for their answer.
#[derive(Debug)]
pub(crate) struct Contexts {
    slots: Bounded<ContextId, Slot>,
    pending: Bounded<CallId, Pending>,
    /// Presentation contexts that were offered so far.
    proposals: u32,
    /// What of the budget of the shard is taken by `slots`. Those that are kept behind the end of a connection are not.
    charged: usize,
}

#[derive(Debug)]
struct Pending {
    bind: Bind,
    /// Its PDUs, when they are wanted.
    kept: Kept,
    at: At,
    /// The connection over which it came.
    origin: Ends,
    /// Number of its first presentation context; the others follow.
    first_proposal: u32,
}

/// The proposals that the server has just answered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Answered {
    first: u32,
    count: u32,
}

impl Answered {
    pub(crate) const fn includes(self, proposal: u32) -> bool {
        proposal.wrapping_sub(self.first) < self.count
    }
}

/// Presentation contexts that an association keeps when there are too many in all: no client that binds to be understood
/// needs more, since bind-time feature negotiation takes none.
const CONTEXTS_ALWAYS: usize = 4;

/// Binds that may wait for an answer at once. A client sends one at a time; without a bound, one that gets no
/// answers could make memory grow.
const MAX_PENDING_BINDS: usize = 16;

impl Contexts {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            slots: Bounded::new(limits.contexts),
            pending: Bounded::new(MAX_PENDING_BINDS),
            proposals: 0,
            charged: 0,
        }
    }

    /// Takes a bind or alter_context.
    pub(crate) fn offer(
        &mut self,
        header: &Header,
        (pdu, bind): (&[u8], &BindPdu<'_>),
        security: Option<Security>,
        at: At,
        scope: &mut Scope<'_>,
    ) {
        let kind = if header.pdu_type == PduType::BIND { Learned::Bind } else { Learned::AlterContext };
        let mut contexts = Vec::new();
        let first_proposal = self.proposals;
        for element in bind.elements() {
            let element = match element {
                Ok(element) => element,
                Err(error) => {
                    let kind = AnomalyKind::PduMalformed;
                    scope.anomaly(at, rpcscope_model::Anomaly { error: Some(error), ..kind.into() });
                    break;
                }
            };
            let catalogued = rpcscope_catalog::interface(&element.abstract_syntax.uuid);
            let interface = Interface {
                syntax: element.abstract_syntax,
                name: catalogued.and_then(|interface| interface.name),
            };
            let transfer_syntaxes: Vec<SyntaxId> = element.transfer_syntaxes.collect();
            // A feature negotiation looks like a context of the same interface and is none ([MS-RPCE] 3.3.1.5.3).
            let negotiates_features = !transfer_syntaxes.is_empty()
                && transfer_syntaxes
                    .iter()
                    .all(|syntax| bind_time_feature_negotiation(syntax.uuid).is_some());
            let proposal = self.proposals;
            self.proposals = proposal.wrapping_add(1);
            if !negotiates_features {
                let transfer_syntax = match transfer_syntaxes.as_slice() {
                    [only] => Some(only.uuid),
                    _ => None,
                };
                let definition = Definition {
                    interface,
                    catalogued,
                    decoders: rpcscope_wire::stub::interface(element.abstract_syntax.uuid),
                    learned: kind,
                    transfer_syntax,
                    standing: Standing::Assumed,
                    proposal,
                };
                self.propose(element.id, definition, at, scope);
                if scope.transport == Transport::NcacnIpTcp {
                    let Output { objects, stats, .. } = &mut *scope.output;
                    let told = objects.bound(&scope.flow.ends, &interface, at, stats);
                    super::objects::report_held(told, scope.output);
                }
            }
            contexts.push(OfferedContext { id: element.id, interface, transfer_syntaxes, answer: None });
        }
        let bind = Bind {
            endpoint: Arc::clone(scope.endpoint),
            rpc_version: (5, header.minor_version),
            call_id: header.call_id,
            kind,
            contexts,
            association_group: bind.association_group,
            result: BindResult::Unanswered,
            security,
            answered: None,
            wire: None,
        };
        let mut pending = Pending {
            bind,
            kept: Kept::new(scope.output.wanted.has_messages()),
            at,
            origin: scope.flow.ends,
            first_proposal,
        };
        pending.kept.begin(Side::Client, First::alone(pdu, header.order), scope.output);
        let offered = pending.bind.contexts.len();
        if offered > CONTEXTS_ALWAYS && scope.output.contexts + offered > scope.output.limits.contexts_in_all
        {
            // Its answer, should it come, finds nothing that it could settle.
            return report(pending, scope);
        }
        scope.output.contexts += offered;
        let mut evicted = self.pending.insert(header.call_id, pending);
        if evicted.is_none()
            && scope.output.contexts > scope.output.limits.contexts_in_all
            && self.pending.len() > 1
        {
            evicted = self.pending.pop_oldest().map(|(_, oldest)| oldest);
        }
        if let Some(old) = evicted {
            end_waiting(&old, scope);
            report(old, scope);
        }
    }

    fn propose(&mut self, id: ContextId, definition: Definition, at: At, scope: &mut Scope<'_>) {
        let known = self.slots.remove(&id);
        if known.is_none() {
            self.charged += 1;
            scope.output.contexts += 1;
        }
        let mut slot = known.unwrap_or_default();
        // An older proposal that got no answer counts as accepted, until its answer comes.
        if let Some(unanswered) = slot.proposed.take() {
            slot.current = Some(unanswered);
        }
        let redefined = slot.current.is_some_and(|current| {
            current.standing != Standing::Rejected
                && current.interface.syntax.uuid != definition.interface.syntax.uuid
        });
        slot.proposed = Some(definition);
        if redefined {
            scope.anomaly(at, AnomalyKind::ContextRedefined);
        }
        let evicted = match self.slots.insert(id, slot) {
            None if scope.output.contexts > scope.output.limits.contexts_in_all
                && self.slots.len() > CONTEXTS_ALWAYS =>
            {
                self.slots.pop_oldest().is_some()
            }
            evicted => evicted.is_some(),
        };
        if evicted {
            let released = self.charged.min(1);
            self.charged -= released;
            scope.output.contexts = scope.output.contexts.saturating_sub(released);
            scope.output.stats.contexts_evicted += 1;
            scope.anomaly(at, AnomalyKind::ContextsEvicted);
        }
    }

    /// Takes a bind_ack or alter_context_resp. Returns which proposals it answers.
    pub(crate) fn acknowledge(
        &mut self,
        header: &Header,
        (pdu, ack): (&[u8], &BindAck<'_>),
        at: At,
        scope: &mut Scope<'_>,
    ) -> Option<Answered> {
        let Some(mut pending) = self.pending.remove(&header.call_id) else {
            scope.anomaly(at, AnomalyKind::BindAckUnexpected);
            return None;
        };
        end_waiting(&pending, scope);
        let offered = pending.bind.contexts.len();
        // The count of the server may promise more results than there are bytes.
        if usize::from(ack.count()) != offered || ack.results().count() != offered {
            scope.anomaly(at, AnomalyKind::BindAckMismatch);
        }
        let mut answered = Answered { first: pending.first_proposal, count: 0 };
        // Results stand in the order of the offers ([C706] 12.6.3.1).
        for (offered, result) in pending.bind.contexts.iter_mut().zip(ack.results()) {
            let proposal = answered.first.wrapping_add(answered.count);
            answered.count += 1;
            offered.answer = Some((result.result, result.reason));
            let agreed = result.transfer_syntax.uuid;
            if let Some(at) = offered.transfer_syntaxes.iter().position(|syntax| syntax.uuid == agreed) {
                offered.transfer_syntaxes.swap(0, at);
            }
            if result.result != NEGOTIATE_ACK {
                self.settle(offered.id, proposal, result.is_accepted().then_some(agreed));
            }
        }
        let address = String::from_utf8_lossy(ack.secondary_address);
        let result = BindResult::Acknowledged {
            secondary_address: (!address.is_empty()).then(|| Arc::from(address)),
            association_group: ack.association_group,
        };
        report_answered(pending, result, (header, pdu), at, scope);
        Some(answered)
    }

    /// Takes a bind_nak: nothing that the bind offered may be used. Returns which proposals it answers.
    pub(crate) fn refuse(
        &mut self,
        header: &Header,
        (pdu, nak): (&[u8], &BindNak<'_>),
        at: At,
        scope: &mut Scope<'_>,
    ) -> Option<Answered> {
        let result = BindResult::Rejected { reason: nak.reason, versions: nak.versions().collect() };
        let answered = self.fail((header, pdu), result, at, scope);
        if answered.is_none() {
            scope.anomaly(at, AnomalyKind::BindAckUnexpected);
        }
        answered
    }

    /// Takes a fault. Returns which proposals it answers, when it answers a bind or alter_context.
    pub(crate) fn fault(
        &mut self,
        header: &Header,
        (pdu, fault): (&[u8], &Fault<'_>),
        at: At,
        scope: &mut Scope<'_>,
    ) -> Option<Answered> {
        self.fail((header, pdu), BindResult::Faulted(fault.status), at, scope)
    }

    fn fail(
        &mut self,
        (header, pdu): (&Header, &[u8]),
        result: BindResult,
        at: At,
        scope: &mut Scope<'_>,
    ) -> Option<Answered> {
        let pending = self.pending.remove(&header.call_id)?;
        end_waiting(&pending, scope);
        let mut answered = Answered { first: pending.first_proposal, count: 0 };
        for offered in &pending.bind.contexts {
            self.settle(offered.id, answered.first.wrapping_add(answered.count), None);
            answered.count += 1;
        }
        report_answered(pending, result, (header, pdu), at, scope);
        Some(answered)
    }

    /// Applies the answer to a proposal: the transfer syntax agreed on, or `None` for a rejection, after which the
    /// id stands for what it stood for before.
    fn settle(&mut self, id: ContextId, proposal: u32, agreed: Option<Uuid>) {
        let Some(slot) = self.slots.get_mut(&id) else { return };
        let settled = |definition: Definition| match agreed {
            Some(_) => Definition { transfer_syntax: agreed, standing: Standing::Accepted, ..definition },
            None => Definition { standing: Standing::Rejected, ..definition },
        };
        let is_answered = |definition: &Definition| definition.proposal == proposal;
        if let Some(proposed) = slot.proposed.filter(is_answered) {
            slot.proposed = None;
            let is_usable = |current: Definition| current.standing != Standing::Rejected;
            if agreed.is_some() || !slot.current.is_some_and(is_usable) {
                slot.current = Some(settled(proposed));
            }
        } else if let Some(current) = slot.current.filter(is_answered) {
            slot.current = Some(settled(current));
        }
    }

    /// What a context id stands for now. An unanswered proposal counts: its answer may not have been captured.
    pub(crate) fn definition(&self, id: ContextId) -> Option<&Definition> {
        self.slots.get(&id).and_then(|slot| slot.proposed.as_ref().or(slot.current.as_ref()))
    }

    /// What the answers seen so far have made of a context id.
    pub(crate) fn settled(&self, id: ContextId) -> Option<&Definition> {
        self.slots.get(&id).and_then(|slot| slot.current.as_ref())
    }

    /// Reports the binds that got no answer, and gives back what is not needed to understand what may follow.
    pub(crate) fn finish(&mut self, scope: &mut Scope<'_>) {
        while let Some((_, pending)) = self.pending.pop_oldest() {
            end_waiting(&pending, scope);
            report(pending, scope);
        }
        while self.slots.len() > CONTEXTS_ALWAYS {
            self.slots.pop_oldest();
        }
        scope.output.contexts = scope.output.contexts.saturating_sub(std::mem::take(&mut self.charged));
    }
}

/// Gives back what a bind takes that waits for its answer.
fn end_waiting(pending: &Pending, scope: &mut Scope<'_>) {
    scope.output.contexts = scope.output.contexts.saturating_sub(pending.bind.contexts.len());
}

fn report_answered(
    mut pending: Pending,
    result: BindResult,
    (header, pdu): (&Header, &[u8]),
    at: At,
    scope: &mut Scope<'_>,
) {
    pending.bind.result = result;
    pending.bind.answered = Some((at.time, at.frame));
    pending.kept.begin(Side::Server, First::alone(pdu, header.order), scope.output);
    report(pending, scope);
}

fn report(mut pending: Pending, scope: &mut Scope<'_>) {
    pending.bind.wire = pending.kept.finish(scope.output);
    scope.output.event(&pending.origin, scope.transport, pending.at, EventBody::Bind(Box::new(pending.bind)));
}

/// Result of a bind-time feature negotiation ([MS-RPCE] 2.2.2.4).
const NEGOTIATE_ACK: u16 = 3;
