//! An association: the state that client and server share over one channel, and the calls in it.
//!
//! Any PDU is accepted in any state. What is not as it should be is a named anomaly, never the end of the channel.

mod calls;
mod contexts;
mod meaning;
mod objects;
mod open_call;
mod progress;
mod security;

use crate::output::Output;
use crate::{At, Flow};
use calls::{Caller, Calls};
use contexts::{Answered, Contexts};
pub(crate) use open_call::OpenCall;
use rpcscope_model::{Anomaly, AnomalyKind, AuthResult, Identity, Limits, Side, Transport};
use rpcscope_wire::dcerpc::{Fault, Header, Pdu, PduType};
use security::SecurityContexts;
use std::sync::Arc;

/// Where an association runs, and where its events go.
pub(crate) struct Scope<'a> {
    pub(crate) flow: &'a mut Flow,
    pub(crate) output: &'a mut Output,
    pub(crate) transport: Transport,
    pub(crate) endpoint: &'a Arc<str>,
    /// Who is behind the SMB session that carries it.
    pub(crate) carrier_identity: Option<&'a Arc<Identity>>,
}

impl Scope<'_> {
    pub(crate) fn anomaly(&mut self, at: At, anomaly: impl Into<Anomaly>) {
        self.output.anomaly(self.flow, self.transport, at, anomaly);
    }
}

/// The state of one association.
#[derive(Debug)]
pub(crate) struct Association {
    contexts: Contexts,
    security: SecurityContexts,
    calls: Calls,
    has_begun: bool,
}

impl Association {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            contexts: Contexts::new(limits),
            security: SecurityContexts::new(limits),
            calls: Calls::new(limits),
            has_begun: false,
        }
    }

    /// Takes one PDU.
    pub(crate) fn pdu(&mut self, side: Side, pdu: &Pdu<'_>, at: At, scope: &mut Scope<'_>) {
        self.has_begun = true;
        let Some(expected) = sender(pdu.header.pdu_type) else {
            let anomaly = if pdu.header.pdu_type == PduType::RTS {
                // Channel management of RPC over HTTP, which its transport has read.
                return;
            } else {
                AnomalyKind::PduUnknownType
            };
            return scope.anomaly(at, anomaly);
        };
        if expected != side {
            return scope.anomaly(at, AnomalyKind::PduWrongDirection);
        }
        let security = self.security.note(pdu, at, scope);
        let read = match pdu.header.pdu_type {
            PduType::BIND | PduType::ALTER_CONTEXT => pdu
                .bind()
                .map(|bind| self.contexts.offer(&pdu.header, (pdu.bytes, &bind), security, at, scope)),
            PduType::BIND_ACK | PduType::ALTER_CONTEXT_RESP => pdu.bind_ack().map(|ack| {
                let answered = self.contexts.acknowledge(&pdu.header, (pdu.bytes, &ack), at, scope);
                self.reconsider(answered);
            }),
            PduType::BIND_NAK => pdu.bind_nak().map(|nak| {
                let answered = self.contexts.refuse(&pdu.header, (pdu.bytes, &nak), at, scope);
                self.reconsider(answered);
            }),
            PduType::REQUEST => pdu.request().map(|request| {
                let security = security.or(self.security.of_unprotected_calls());
                let identity = security.and_then(|security| self.security.identity(security));
                let caller = Caller { security, identity: identity.or(scope.carrier_identity).cloned() };
                self.calls.request(&pdu.header, (pdu.bytes, &request), caller, &self.contexts, at, scope);
            }),
            PduType::RESPONSE => pdu.response().map(|response| {
                if let Some(security) = security.or(self.security.of_unprotected_calls()) {
                    self.security.settle(security, AuthResult::Accepted, scope);
                }
                self.calls.response(&pdu.header, (pdu.bytes, &response), &self.contexts, at, scope);
            }),
            PduType::FAULT => pdu.fault().map(|fault| {
                let asked = self.calls.security(pdu.header.call_id);
                if let Some(security) = asked
                    && let Some(result) = security::told_by_fault(fault.status, pdu.trailer.is_some())
                {
                    self.security.settle(security, result, scope);
                }
                self.fault(&pdu.header, (pdu.bytes, &fault), at, scope);
            }),
            PduType::CO_CANCEL | PduType::ORPHANED => {
                self.calls.cancel(pdu.header.call_id);
                Ok(())
            }
            // auth3 carries a verifier only; shutdown carries nothing.
            _ => Ok(()),
        };
        if let Err(error) = read {
            // What ends early because the capture does is not malformed; it was reported as truncated.
            if !pdu.is_cut() {
                scope.output.stats.pdus_malformed += 1;
                scope.anomaly(at, Anomaly { error: Some(error), ..AnomalyKind::PduMalformed.into() });
            }
            self.malformed(side, &pdu.header);
        }
    }

    /// Notes a PDU of which only the header could be read: the call that it belongs to is not complete.
    pub(crate) fn malformed(&mut self, side: Side, header: &Header) {
        self.calls.malformed(side, header.call_id);
    }

    /// Notes that bytes of one side were lost.
    pub(crate) fn lost(&mut self, side: Side) {
        self.calls.lost(side);
    }

    /// Whether there has been a PDU.
    pub(crate) const fn has_begun(&self) -> bool {
        self.has_begun
    }

    /// Reports what is still open.
    pub(crate) fn finish(&mut self, scope: &mut Scope<'_>) {
        self.contexts.finish(scope);
        self.security.finish(scope);
        self.calls.finish(scope);
        objects::report_held(scope.output.objects.over(&scope.flow.ends), scope.output);
    }

    /// Takes a fault: the answer to a call, else to a bind. Windows gives a call the id of the bind that it waited
    /// for, so that after a lost bind_ack both are open.
    fn fault(&mut self, header: &Header, (pdu, fault): (&[u8], &Fault<'_>), at: At, scope: &mut Scope<'_>) {
        if !self.calls.is_open(header.call_id) {
            let answered = self.contexts.fault(header, (pdu, fault), at, scope);
            if answered.is_some() {
                return self.reconsider(answered);
            }
        }
        self.calls.fault(header, (pdu, fault), &self.contexts, at, scope);
    }

    /// Lets open calls know what became of the contexts that they were taken to use.
    fn reconsider(&mut self, answered: Option<Answered>) {
        if let Some(answered) = answered {
            self.calls.reconsider(answered, &self.contexts);
        }
    }
}

/// Which side sends PDUs of a type; `None` for types that are no part of an association.
///
/// Source: [C706] 12.6.4, [MS-RPCE] 2.2.2.10.
pub(crate) const fn sender(pdu_type: PduType) -> Option<Side> {
    match pdu_type {
        PduType::REQUEST
        | PduType::BIND
        | PduType::ALTER_CONTEXT
        | PduType::AUTH3
        | PduType::CO_CANCEL
        | PduType::ORPHANED => Some(Side::Client),
        PduType::RESPONSE
        | PduType::FAULT
        | PduType::BIND_ACK
        | PduType::BIND_NAK
        | PduType::ALTER_CONTEXT_RESP
        | PduType::SHUTDOWN => Some(Side::Server),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
