//! What the tokens of one authentication say together.

use super::{Message, Token, kerberos, name, netlogon, ntlmssp, spnego};
use crate::utf16::Text;
use rpcscope_model::{AuthResult, Identity, Kerberos, Side, Text as Name};

/// One authentication, fed with the tokens of both directions: one for each security context of an association, and
/// one for each SMB session.
///
/// Bounded by the names of an [`Identity`]. Of challenge and response only the challenge is kept, for
/// [`crackable_line`](Self::crackable_line).
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Exchange {
    identity: Identity,
    server_challenge: Option<[u8; 8]>,
    is_claimed: bool,
}

impl Exchange {
    /// Takes a token that `side` sent. Messages that this side never sends are not believed.
    ///
    /// The first message of a mechanism starts over: a client may be asked to begin again, or may change its mind. Who
    /// needs what was known before has to keep a copy of it.
    pub fn learn(&mut self, side: Side, token: &Token<'_>) {
        match (side, &token.message) {
            (_, None) => {}
            (Side::Client, Some(Message::Ntlm(ntlmssp::Message::Negotiate(message)))) => {
                *self = Self::default();
                self.learn_negotiate(message);
            }
            (Side::Server, Some(Message::Ntlm(ntlmssp::Message::Challenge(message)))) => {
                self.learn_challenge(message);
            }
            (Side::Client, Some(Message::Ntlm(ntlmssp::Message::Authenticate(message)))) => {
                self.learn_authenticate(message);
            }
            (Side::Client, Some(Message::Kerberos(kerberos::Message::ApReq(message)))) => {
                self.learn_request(message);
            }
            (Side::Client, Some(Message::Kerberos(kerberos::Message::TgtReq(message)))) => {
                *self = Self::default();
                self.identity.realm = message.realm.and_then(kerberos::realm_name);
                self.identity.service = message.service.and_then(|service| service.name());
            }
            (Side::Server, Some(Message::Kerberos(message))) => self.learn_kerberos_answer(message),
            (Side::Client, Some(Message::Netlogon(message))) => self.learn_netlogon(message),
            _ => {}
        }
        self.learn_mechanism(side, token);
        if let Some(negotiation) = token.negotiation {
            self.identity.spnego = true;
            self.learn_state(side, negotiation);
        }
    }

    /// Takes the account of an SMB1 session setup without extended security, which has no tokens ([MS-CIFS]
    /// 2.2.4.53.1). An empty account is nobody.
    pub fn learn_account(&mut self, account: Text<'_>, domain: Text<'_>) {
        *self = Self { is_claimed: true, ..Self::default() };
        self.identity.user = name(account);
        self.identity.domain = name(domain);
        self.identity.anonymous = account.is_empty() && account.complete;
    }

    /// What is known so far.
    pub const fn identity(&self) -> &Identity {
        &self.identity
    }

    /// Whether the client has said all that it says of itself: an NTLM AUTHENTICATE, a Kerberos AP-REQ or a Netlogon
    /// request was seen since the authentication began. What the server says to it may follow.
    pub const fn is_claimed(&self) -> bool {
        self.is_claimed
    }

    /// What lets the password be tried offline, when `token` holds the client's answer to the challenge that was seen
    /// before it. See [`crackable_line`](ntlmssp::Authenticate::crackable_line); this is a secret.
    pub fn crackable_line(&self, token: &Token<'_>) -> Option<String> {
        match &token.message {
            Some(Message::Ntlm(ntlmssp::Message::Authenticate(message))) => {
                message.crackable_line(&self.server_challenge?)
            }
            _ => None,
        }
    }

    /// The client uses a mechanism; a server that chooses one counts while the client has used none.
    fn learn_mechanism(&mut self, side: Side, token: &Token<'_>) {
        // What protects a PDU belongs to an authentication that is over.
        if matches!(token.message, Some(Message::Protection(_))) {
            return;
        }
        let old = self.identity.auth_type;
        self.identity.auth_type = match side {
            Side::Client => token.auth_type().or(old),
            Side::Server => old.or(token.auth_type()),
        };
    }

    fn learn_negotiate(&mut self, message: &ntlmssp::Negotiate<'_>) {
        self.identity.domain = text(message.domain);
        self.identity.workstation = text(message.workstation);
        self.identity.os_version = message.version;
    }

    fn learn_challenge(&mut self, message: &ntlmssp::Challenge<'_>) {
        let info = message.target_info.target_info();
        let server = &mut self.identity.server;
        server.target = text(message.target_name);
        server.nb_computer = text(info.nb_computer);
        server.nb_domain = text(info.nb_domain);
        server.dns_computer = text(info.dns_computer);
        server.dns_domain = text(info.dns_domain);
        server.dns_tree = text(info.dns_tree);
        server.os_version = message.version;
        self.server_challenge = Some(message.server_challenge);
    }

    fn learn_authenticate(&mut self, message: &ntlmssp::Authenticate<'_>) {
        let identity = &mut self.identity;
        identity.user = text(message.user);
        // A client that names a domain in its first message and none in its last means none.
        identity.domain = text(message.domain);
        identity.workstation = text(message.workstation).or(identity.workstation.take());
        identity.os_version = message.version.or(identity.os_version);
        identity.anonymous = message.is_anonymous();
        identity.ntlm_version = message.ntlm_version();
        identity.realm = None;
        identity.service = text(message.client_info().target_info().target_name);
        identity.kerberos = None;
        identity.result = None;
        self.is_claimed = true;
    }

    fn learn_request(&mut self, request: &kerberos::ApReq<'_>) {
        *self = Self { is_claimed: true, ..Self::default() };
        self.identity.realm = request.realm.and_then(kerberos::realm_name);
        self.identity.service = request.service.and_then(|service| service.name());
        self.identity.kerberos = Some(Kerberos {
            ticket_encryption: request.ticket_encryption,
            authenticator_encryption: request.authenticator_encryption,
            mutual: request.options.mutual_required(),
            session_key: request.options.use_session_key(),
            error: None,
        });
    }

    fn learn_kerberos_answer(&mut self, answer: &kerberos::Message<'_>) {
        let identity = &mut self.identity;
        if identity.auth_type.is_some_and(|used| used != super::KERBEROS) {
            return;
        }
        match answer {
            // Only who could read ticket and authenticator answers so.
            kerberos::Message::ApRep(_) => identity.result = Some(AuthResult::Accepted),
            kerberos::Message::Error(error) => {
                identity.kerberos.get_or_insert_default().error = error.code;
                identity.result = Some(AuthResult::Rejected);
                identity.user = error.client.and_then(|client| client.name());
                identity.domain = error.client_realm.and_then(kerberos::realm_name);
                let realm = || error.realm.and_then(kerberos::realm_name);
                identity.realm = identity.realm.take().or_else(realm);
                let service = || error.service.and_then(|service| service.name());
                identity.service = identity.service.take().or_else(service);
            }
            _ => {}
        }
    }

    fn learn_netlogon(&mut self, message: &netlogon::AuthMessage<'_>) {
        if message.message_type != netlogon::MessageType::NEGOTIATE_REQUEST {
            return;
        }
        *self = Self { is_claimed: true, ..Self::default() };
        let names = message.names();
        self.identity.domain = names.nb_domain.or(names.dns_domain);
        self.identity.workstation = names.nb_computer.or(names.utf8_computer).or(names.dns_computer);
    }

    /// The server's last word counts; a step on the way is none.
    fn learn_state(&mut self, side: Side, negotiation: spnego::NegToken<'_>) {
        let (Side::Server, spnego::NegToken::Response(response)) = (side, negotiation) else {
            return;
        };
        let result = response.state.and_then(spnego::NegState::result);
        self.identity.result = result.or(self.identity.result);
    }
}

fn text(text: Option<Text<'_>>) -> Option<Name> {
    text.and_then(name)
}
