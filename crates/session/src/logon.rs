//! Authentications: who a client says it is, in an SMB session or in a security context of an association.

use crate::At;
use rpcscope_model::{AuthResult, AuthType, Identity, Secrets, Side};
use rpcscope_wire::auth::{Exchange, Message, ntlmssp, token};
use std::sync::Arc;

/// One authentication, from its first token to what came of it.
#[derive(Debug, Default)]
pub(crate) struct Logon {
    exchange: Exchange,
    /// Where the client said who it is; `None` once that was reported.
    claimed: Option<At>,
    /// Who calls are made as. An identity that the server has accepted stays until it accepts another one: a client
    /// that begins anew must not blank it.
    identity: Option<Arc<Identity>>,
    guest: bool,
    /// What lets the password be tried, of the claim that is to be reported, when it may be told.
    crackable: Option<Box<str>>,
}

/// What to report of a claim.
#[derive(Debug)]
pub(crate) struct Claim {
    /// Where the client made it.
    pub(crate) at: At,
    /// Who it said it is, with what came of it.
    pub(crate) identity: Arc<Identity>,
    /// What lets the password be tried, when it may be told.
    pub(crate) crackable: Option<Box<str>>,
}

impl Logon {
    /// Takes a token. `auth_type` is what the verifier says that carries it; an SMB session says nothing.
    pub(crate) fn token(
        &mut self,
        side: Side,
        auth_type: Option<AuthType>,
        bytes: &[u8],
        at: At,
        secrets: Secrets,
    ) {
        let token = token(auth_type, bytes);
        if secrets == Secrets::Told
            && side == Side::Client
            && let Some(Message::Ntlm(ntlmssp::Message::Authenticate(_))) = token.message
        {
            // Before the exchange learns it: the answer belongs to the challenge that came before it.
            self.crackable = self.exchange.crackable_line(&token).map(Into::into);
        }
        self.exchange.learn(side, &token);
        match (side, self.exchange.is_claimed()) {
            (Side::Client, true) => self.claim(at),
            // The client begins anew.
            (Side::Client, false) => self.crackable = None,
            (Side::Server, _) => {}
        }
    }

    /// Takes the account of an SMB 1 session setup, which has no tokens.
    pub(crate) fn account(
        &mut self,
        account: rpcscope_wire::utf16::Text<'_>,
        domain: rpcscope_wire::utf16::Text<'_>,
        at: At,
    ) {
        self.exchange.learn_account(account, domain);
        self.claim(at);
    }

    /// The server took the client for a guest.
    pub(crate) fn mark_guest(&mut self) {
        self.guest = true;
    }

    /// Who calls are made as, as far as it is known.
    pub(crate) fn identity(&self) -> Option<&Arc<Identity>> {
        self.identity.as_ref()
    }

    /// What the tokens themselves say of the server's answer.
    pub(crate) fn result(&self) -> Option<AuthResult> {
        self.exchange.identity().result
    }

    /// Notes what came of it: `result`, unless the tokens say more. Returns what to report, once for each claim.
    pub(crate) fn settle(&mut self, result: Option<AuthResult>) -> Option<Claim> {
        let at = self.claimed.take()?;
        let result = self.result().or(result);
        let identity = Identity { result, guest: self.guest, ..self.exchange.identity().clone() };
        let identity = Arc::new(identity);
        if result == Some(AuthResult::Accepted) || !self.is_accepted() {
            self.identity = Some(Arc::clone(&identity));
        }
        Some(Claim { at, identity, crackable: self.crackable.take() })
    }

    fn claim(&mut self, at: At) {
        self.claimed = Some(at);
        if !self.is_accepted() {
            self.identity = Some(Arc::new(self.exchange.identity().clone()));
        }
    }

    fn is_accepted(&self) -> bool {
        self.identity.as_ref().is_some_and(|identity| identity.result == Some(AuthResult::Accepted))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rpcscope_testkit::token::NtlmSession;
    use rpcscope_testkit::{Ntlm, Rng};

    const NTLMSSP: Option<AuthType> = Some(AuthType(10));

    fn alice() -> Ntlm {
        Ntlm::new("CORP", "alice", "WS1")
    }

    /// NEGOTIATE, CHALLENGE and AUTHENTICATE, with the side that sends each.
    fn tokens(seed: u64) -> [(Side, Vec<u8>); 3] {
        let ([negotiate, challenge, authenticate], _) =
            NtlmSession::authenticate(&alice(), "password", &mut Rng::new(seed));
        [(Side::Client, negotiate), (Side::Server, challenge), (Side::Client, authenticate)]
    }

    fn take(logon: &mut Logon, secrets: Secrets, tokens: &[(Side, Vec<u8>)]) {
        for (side, bytes) in tokens {
            logon.token(*side, NTLMSSP, bytes, At::default(), secrets);
        }
    }

    #[test]
    fn challenge_and_response_are_told_when_they_may_be() {
        let told = |secrets| {
            let mut logon = Logon::default();
            take(&mut logon, secrets, &tokens(1));
            logon.settle(Some(AuthResult::Accepted)).expect("a claim").crackable
        };
        assert_eq!(told(Secrets::Withheld), None);
        let line = told(Secrets::Told).expect("a line");
        assert!(line.starts_with("alice::CORP:"), "{line}");
    }

    #[test]
    fn a_response_belongs_to_the_challenge_that_came_before_it() {
        let mut logon = Logon::default();
        take(&mut logon, Secrets::Told, &tokens(1));
        let first = logon.settle(None).expect("a claim").crackable;
        take(&mut logon, Secrets::Told, &tokens(2));
        let second = logon.settle(None).expect("a claim").crackable;
        assert!(first.is_some() && second.is_some() && first != second);
    }

    #[test]
    fn a_client_that_begins_anew_takes_its_response_back() {
        let mut logon = Logon::default();
        take(&mut logon, Secrets::Told, &tokens(1));
        take(&mut logon, Secrets::Told, &tokens(2)[..1]);
        assert_eq!(logon.settle(None).expect("a claim").crackable, None);
    }
}
