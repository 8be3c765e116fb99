//! Tokens of authentication services, as verifiers of PDUs and SMB session setups carry them.
//!
//! Which service a token belongs to is told by its content: servers accept NTLMSSP and Kerberos tokens with and
//! without SPNEGO around them, whatever the verifier calls them. Only a Netlogon token has nothing to be told by.

mod crackable;
pub(crate) mod der;
mod exchange;
mod fuzz;
mod gss;
pub mod kerberos;
mod name;
pub mod netlogon;
pub mod ntlmssp;
pub mod schannel;
pub mod spnego;
mod target_info;
#[cfg(test)]
mod tests;

pub use exchange::Exchange;
pub use fuzz::fuzz_auth;
pub use gss::Oid;
pub use name::name;
pub use target_info::{AvId, AvPairs, MAX_AV_PAIRS, TargetInfo};

use crate::Data;
use rpcscope_model::{AuthType, ParseError};

/// What a token is, as far as it could be read.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Token<'a> {
    /// SPNEGO around the message of the mechanism.
    pub negotiation: Option<spnego::NegToken<'a>>,
    /// The message of the mechanism; SPNEGO alone has none.
    pub message: Option<Message<'a>>,
    /// What stopped the reading of it, if anything did.
    pub stopped: Option<ParseError>,
}

/// A message of an authentication service.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Message<'a> {
    /// NTLMSSP ([MS-NLMP]).
    Ntlm(ntlmssp::Message<'a>),
    /// Kerberos ([RFC4120], [RFC4121]).
    Kerberos(kerberos::Message<'a>),
    /// A Netlogon secure channel ([MS-NRPC] 3.3).
    Netlogon(netlogon::AuthMessage<'a>),
    /// TLS.
    Schannel(schannel::Record),
    /// What protects one PDU: a signature or a wrap token of this service. It names nobody.
    Protection(AuthType),
    /// A token of a mechanism that is not read.
    Other(Oid<'a>),
    /// It could not be told.
    Unknown,
}

/// Tells what a token is, and reads it.
///
/// `auth_type` is what the verifier of a PDU says; a session setup says nothing. An empty token is nothing.
pub fn token(auth_type: Option<AuthType>, bytes: &[u8]) -> Token<'_> {
    // How long the whole token is is not known: a field that reaches past the end may have been cut off.
    let data = Data { bytes, length: if bytes.is_empty() { 0 } else { usize::MAX } };
    let mut token = Token::default();
    let (inner, mechanism) = match bytes {
        [GSS_FRAME, ..] => match gss::unframe(data) {
            Ok((mechanism, inner)) => (inner, Some(mechanism)),
            Err(error) => return Token { stopped: Some(error), ..token },
        },
        [NEG_TOKEN_INIT | NEG_TOKEN_RESP, ..] => (data, Some(Oid::SPNEGO)),
        _ => (data, None),
    };
    if mechanism != Some(Oid::SPNEGO) {
        token.read_message(auth_type, mechanism, inner);
        return token;
    }
    (token.negotiation, token.stopped) = spnego::NegToken::parse(inner);
    let Some(inner) = token.negotiation.and_then(|negotiation| negotiation.mechanism_token()) else {
        return token;
    };
    let stopped = token.stopped;
    // The mechanism's own frame, if it has one; SPNEGO in SPNEGO is not a thing.
    match inner.bytes {
        [GSS_FRAME, ..] => match gss::unframe(inner) {
            Ok((mechanism, inner)) => token.read_message(auth_type, Some(mechanism), inner),
            Err(error) => token.stopped = Some(error),
        },
        _ => token.read_message(auth_type, None, inner),
    }
    token.stopped = stopped.or(token.stopped);
    token
}

impl<'a> Token<'a> {
    /// The authentication service: the mechanism, not SPNEGO around it, when that is known.
    pub fn auth_type(&self) -> Option<AuthType> {
        let of_message = match self.message {
            Some(Message::Ntlm(_)) => Some(NTLMSSP),
            Some(Message::Kerberos(_)) => Some(KERBEROS),
            Some(Message::Netlogon(_)) => Some(NETLOGON),
            Some(Message::Schannel(_)) => Some(SCHANNEL),
            Some(Message::Protection(auth_type)) => Some(auth_type),
            Some(Message::Other(mechanism)) => mechanism.auth_type(),
            Some(Message::Unknown) | None => None,
        };
        let chosen = match self.negotiation {
            Some(spnego::NegToken::Response(response)) => response.supported_mech,
            _ => None,
        };
        of_message.or_else(|| chosen?.auth_type())
    }

    /// Reads a message of `mechanism`, or of one that is told by its content.
    fn read_message(&mut self, auth_type: Option<AuthType>, mechanism: Option<Oid<'a>>, data: Data<'a>) {
        if data.bytes.is_empty() {
            return;
        }
        let is_kerberos = mechanism.is_some_and(|mechanism| mechanism.auth_type() == Some(KERBEROS));
        if data.bytes.starts_with(&ntlmssp::SIGNATURE) {
            match ntlmssp::Message::parse(data) {
                Ok(message) => self.message = Some(Message::Ntlm(message)),
                Err(error) => self.stopped = Some(error),
            }
        } else if is_kerberos {
            self.read_framed_kerberos(data);
        } else if let Some(mechanism) = mechanism {
            self.message = Some(Message::Other(mechanism));
        } else if data.bytes.first().is_some_and(|first| kerberos::begins_message(*first)) {
            self.read_kerberos(data);
        } else if auth_type == Some(NETLOGON) {
            self.read_netlogon(data.bytes);
        } else {
            self.message = Some(recognise(data.bytes));
        }
    }

    /// Reads what follows the frame of a Kerberos token: two bytes that say what it is, and that ([RFC4121] 4.1).
    fn read_framed_kerberos(&mut self, data: Data<'a>) {
        match data.bytes.first_chunk() {
            // AP-REQ, AP-REP, KRB-ERROR.
            Some([1..=3, 0]) => self.read_kerberos(data.skip(2)),
            Some([4, 0]) => {
                let (request, stopped) = kerberos::TgtReq::parse(data.skip(2));
                self.message = Some(Message::Kerberos(kerberos::Message::TgtReq(request)));
                self.stopped = stopped;
            }
            // GSS_GetMIC and GSS_Wrap tokens ([RFC1964] 1.2), as RC4 keys still use them.
            Some([1 | 2, 1]) => self.message = Some(Message::Protection(KERBEROS)),
            Some(id) => self.message = Some(Message::Kerberos(kerberos::Message::Other(*id))),
            None => self.stopped = Some(ParseError::short("gss token", "TOK_ID", 0, 2, data.bytes.len())),
        }
    }

    fn read_kerberos(&mut self, data: Data<'a>) {
        let (message, stopped) = kerberos::Message::parse(data);
        self.message = message.map(Message::Kerberos);
        self.stopped = stopped;
    }

    fn read_netlogon(&mut self, bytes: &'a [u8]) {
        // The algorithms that a signature begins with ([MS-NRPC] 2.2.1.3.2, 2.2.1.3.3).
        if let [0x77 | 0x13, 0, ..] = bytes {
            self.message = Some(Message::Protection(NETLOGON));
            return;
        }
        match netlogon::AuthMessage::parse(bytes) {
            Ok(message) => self.message = Some(Message::Netlogon(message)),
            Err(error) => self.stopped = Some(error),
        }
    }
}

/// Tells what can be told of a token that is not read.
fn recognise(bytes: &[u8]) -> Message<'_> {
    if let Some(record) = schannel::Record::plausible(bytes) {
        return Message::Schannel(record);
    }
    match bytes {
        // NTLMSSP_MESSAGE_SIGNATURE, always of version 1 ([MS-NLMP] 2.2.2.9).
        [1, 0, 0, 0, ..] if bytes.len() == 16 => Message::Protection(NTLMSSP),
        // MIC and wrap tokens ([RFC4121] 4.2.6): id, flags, filler.
        [4, 4, _, 0xff, ..] | [5, 4, _, 0xff, ..] => Message::Protection(KERBEROS),
        _ if bytes.starts_with(b"NEGOEXTS") => Message::Other(Oid::NEGOEX),
        _ => Message::Unknown,
    }
}

/// What a token with a frame begins with ([RFC2743] 3.1).
const GSS_FRAME: u8 = der::application(0);
/// What a SPNEGO token without a frame begins with ([RFC4178] 4.2).
const NEG_TOKEN_INIT: u8 = der::context(0);
const NEG_TOKEN_RESP: u8 = der::context(1);

const NTLMSSP: AuthType = AuthType(0x0a);
const SCHANNEL: AuthType = AuthType(0x0e);
const KERBEROS: AuthType = AuthType(0x10);
const NETLOGON: AuthType = AuthType(0x44);
