//! Security contexts of an association.

use super::Scope;
use crate::At;
use crate::bounded::Bounded;
use crate::logon::Logon;
use rpcscope_model::{AuthLevel, AuthResult, Authentication, EventBody, Identity, Limits, Security, Side};
use rpcscope_wire::dcerpc::{Pdu, PduType};
use std::sync::Arc;

/// What is known of the security contexts, by `auth_context_id`: one association may have several, of different
/// levels ([MS-RPCE] 3.3.1.5.4).
#[derive(Debug)]
pub(crate) struct SecurityContexts {
    known: Bounded<u32, Known>,
    /// The one that was last negotiated with a level that leaves requests without a verifier.
    unprotected: Option<Security>,
}

#[derive(Debug)]
struct Known {
    security: Security,
    /// Who is behind it; `None` when its negotiation was not seen.
    logon: Option<Box<Logon>>,
}

impl SecurityContexts {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self { known: Bounded::new(limits.security_contexts), unprotected: None }
    }

    /// Reads the verifier of a PDU. Returns the security context that protects it, if any.
    ///
    /// A PDU whose verifier was not captured announces one by its `auth_length`; it is taken to belong to the
    /// only security context that there is.
    pub(crate) fn note(&mut self, pdu: &Pdu<'_>, at: At, scope: &mut Scope<'_>) -> Option<Security> {
        let Some(trailer) = pdu.trailer else {
            let announced = pdu.header.auth_length > 0 && self.known.len() == 1;
            return if announced { self.known.oldest().map(|(_, known)| known.security) } else { None };
        };
        let security =
            Security { auth_type: trailer.auth_type, level: trailer.level, context_id: trailer.context_id };
        match self.known.get_mut(&security.context_id) {
            Some(known) => known.security = security,
            None => {
                if let Some(mut evicted) =
                    self.known.insert(security.context_id, Known { security, logon: None })
                {
                    scope.output.stats.security_contexts_evicted += 1;
                    evicted.report(None, scope);
                }
            }
        }
        let sender = match pdu.header.pdu_type {
            PduType::BIND | PduType::ALTER_CONTEXT | PduType::AUTH3 => Some(Side::Client),
            PduType::BIND_ACK | PduType::ALTER_CONTEXT_RESP => Some(Side::Server),
            _ => None,
        };
        if let Some(side) = sender
            && let Some(known) = self.known.get_mut(&security.context_id)
        {
            let logon = known.logon.get_or_insert_default();
            logon.token(side, Some(trailer.auth_type), trailer.token, at, scope.output.secrets);
            if side == Side::Server && logon.result().is_some() {
                known.report(None, scope);
            }
        }
        if sender == Some(Side::Client) && security.level <= AuthLevel::CONNECT {
            self.unprotected = Some(security);
        }
        Some(security)
    }

    /// The security context of requests that carry no verifier: with level connect only the bind is authenticated.
    pub(crate) const fn of_unprotected_calls(&self) -> Option<Security> {
        self.unprotected
    }

    /// Who is behind a security context.
    pub(crate) fn identity(&self, security: Security) -> Option<&Arc<Identity>> {
        self.known.get(&security.context_id)?.logon.as_ref()?.identity()
    }

    /// Notes what the reply to a call says of its security context. The first reply counts.
    pub(crate) fn settle(&mut self, security: Security, result: AuthResult, scope: &mut Scope<'_>) {
        if let Some(known) = self.known.get_mut(&security.context_id) {
            known.report(Some(result), scope);
        }
    }

    /// Reports the authentications of which it is not known what came of them.
    pub(crate) fn finish(&mut self, scope: &mut Scope<'_>) {
        for known in self.known.values_mut() {
            known.report(None, scope);
        }
    }
}

/// What a fault tells of the authentication of its call, if anything. A server that looks at the call has believed the
/// client; one that could not verify it says so without a verifier of its own, but so do servers that deny access to a
/// client that they know.
pub(super) const fn told_by_fault(status: u32, has_verifier: bool) -> Option<AuthResult> {
    const ACCESS_DENIED: u32 = 5;
    const RPC_S_SEC_PKG_ERROR: u32 = 0x0721;
    const NCA_S_PROTO_ERROR: u32 = 0x1c01_000b;
    match status {
        _ if has_verifier => Some(AuthResult::Accepted),
        ACCESS_DENIED => None,
        RPC_S_SEC_PKG_ERROR | NCA_S_PROTO_ERROR => Some(AuthResult::Rejected),
        _ => Some(AuthResult::Accepted),
    }
}

impl Known {
    /// Reports who the client says it is, unless that was done.
    fn report(&mut self, result: Option<AuthResult>, scope: &mut Scope<'_>) {
        let Some(claim) = self.logon.as_mut().and_then(|logon| logon.settle(result)) else { return };
        let authentication = Authentication {
            endpoint: Some(Arc::clone(scope.endpoint)),
            security: Some(self.security),
            identity: claim.identity,
            crackable: claim.crackable,
        };
        let body = EventBody::Authentication(Box::new(authentication));
        scope.output.event(&scope.flow.ends, scope.transport, claim.at, body);
    }
}
