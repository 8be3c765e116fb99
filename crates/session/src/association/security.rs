//! Security contexts of an association.

use crate::bounded::Bounded;
use rpcscope_model::{AuthLevel, Limits, Security, Stats};
use rpcscope_wire::dcerpc::{Pdu, PduType};

/// What is known of the security contexts, by `auth_context_id`: one association may have several, of different
/// levels ([MS-RPCE] 3.3.1.5.4).
#[derive(Debug)]
pub(crate) struct SecurityContexts {
    known: Bounded<u32, Security>,
    /// The one that was last negotiated with a level that leaves requests without a verifier.
    unprotected: Option<Security>,
}

impl SecurityContexts {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self { known: Bounded::new(limits.security_contexts), unprotected: None }
    }

    /// Reads the verifier of a PDU. Returns the security context that protects it, if any.
    ///
    /// A PDU whose verifier was not captured announces one by its `auth_length`; it is taken to belong to the
    /// only security context that there is.
    pub(crate) fn note(&mut self, pdu: &Pdu<'_>, stats: &mut Stats) -> Option<Security> {
        let Some(trailer) = pdu.trailer else {
            let announced = pdu.header.auth_length > 0 && self.known.len() == 1;
            return if announced { self.known.oldest().map(|(_, security)| *security) } else { None };
        };
        let security =
            Security { auth_type: trailer.auth_type, level: trailer.level, context_id: trailer.context_id };
        match self.known.get_mut(&security.context_id) {
            Some(known) => *known = security,
            None => {
                let evicted = self.known.insert(security.context_id, security);
                stats.security_contexts_evicted += u64::from(evicted.is_some());
            }
        }
        let negotiates =
            matches!(pdu.header.pdu_type, PduType::BIND | PduType::ALTER_CONTEXT | PduType::AUTH3);
        if negotiates && security.level <= AuthLevel::CONNECT {
            self.unprotected = Some(security);
        }
        Some(security)
    }

    /// The security context of requests that carry no verifier: with level connect only the bind is authenticated.
    pub(crate) const fn of_unprotected_calls(&self) -> Option<Security> {
        self.unprotected
    }
}
