//! SPNEGO: the negotiation of a mechanism around that mechanism's own tokens.

use super::der::{self, Der, tag};
use super::gss::Oid;
use crate::Data;
use rpcscope_model::{AuthResult, ParseError};

/// A token of the negotiation ([RFC4178] 4.2).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NegToken<'a> {
    /// The first one, with what its sender offers.
    Init(NegTokenInit<'a>),
    /// A later one.
    Response(NegTokenResp<'a>),
}

/// What is offered ([RFC4178] 4.2.1; from a server [MS-SPNG] 2.2.1).
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct NegTokenInit<'a> {
    mech_types: Data<'a>,
    /// The first token of the mechanism that is offered first.
    pub mech_token: Option<Data<'a>>,
    /// True for a NegTokenInit2, with which a server begins: it carries hints.
    pub is_from_server: bool,
    /// A name that older servers give for themselves; others a text that asks to be ignored.
    pub hint_name: Option<Data<'a>>,
}

/// What is said to it ([RFC4178] 4.2.2).
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct NegTokenResp<'a> {
    /// How far it is.
    pub state: Option<NegState>,
    /// The mechanism that the server chose.
    pub supported_mech: Option<Oid<'a>>,
    /// A token of the mechanism.
    pub response_token: Option<Data<'a>>,
}

/// How far the negotiation is ([RFC4178] 4.2.2). Unknown values survive.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct NegState(pub u8);

impl NegState {
    /// The mechanism is done, and content.
    pub const ACCEPT_COMPLETED: Self = Self(0);
    /// More tokens are needed.
    pub const ACCEPT_INCOMPLETE: Self = Self(1);
    /// It ends here.
    pub const REJECT: Self = Self(2);
    /// More tokens are needed, also one that proves that nobody changed the offers.
    pub const REQUEST_MIC: Self = Self(3);

    /// What it says of the authentication, when it is decided.
    pub const fn result(self) -> Option<AuthResult> {
        match self {
            Self::ACCEPT_COMPLETED => Some(AuthResult::Accepted),
            Self::REJECT => Some(AuthResult::Rejected),
            _ => None,
        }
    }

    /// The name in the standard, or `None` for a number that it does not have.
    pub const fn name(self) -> Option<&'static str> {
        Some(match self {
            Self::ACCEPT_COMPLETED => "accept-completed",
            Self::ACCEPT_INCOMPLETE => "accept-incomplete",
            Self::REJECT => "reject",
            Self::REQUEST_MIC => "request-mic",
            _ => return None,
        })
    }
}

impl<'a> NegToken<'a> {
    /// Reads a token without the frame that the first one has. Fields that stand before the first unreadable one are
    /// kept; what stopped it comes with them.
    pub(super) fn parse(data: Data<'a>) -> (Option<Self>, Option<ParseError>) {
        const LAYER: &str = "spnego";
        let token = match Der::new(LAYER, data).element("NegotiationToken") {
            Ok(Some(token)) => token,
            Ok(None) => return (None, Some(ParseError::short(LAYER, "NegotiationToken", 0, 2, 0))),
            Err(error) => return (None, Some(error)),
        };
        const INIT: u8 = der::context(0);
        const RESPONSE: u8 = der::context(1);
        match token.tag {
            INIT => {
                let mut init = NegTokenInit::default();
                let stopped = init.read(token.content).err();
                (Some(Self::Init(init)), stopped)
            }
            RESPONSE => {
                let mut response = NegTokenResp::default();
                let stopped = response.read(token.content).err();
                (Some(Self::Response(response)), stopped)
            }
            other => (None, Some(ParseError::invalid(LAYER, "NegotiationToken", 0, usize::from(other)))),
        }
    }

    /// The token of the mechanism that it carries.
    pub const fn mechanism_token(&self) -> Option<Data<'a>> {
        match self {
            Self::Init(init) => init.mech_token,
            Self::Response(response) => response.response_token,
        }
    }
}

impl<'a> NegTokenInit<'a> {
    /// The mechanisms that are offered, the preferred one first.
    pub fn mech_types(&self) -> impl Iterator<Item = Oid<'a>> + use<'a> {
        der::sequence_of(self.mech_types, tag::OBJECT_IDENTIFIER).map(|oid| Oid(oid.bytes))
    }

    fn read(&mut self, content: Data<'a>) -> Result<(), ParseError> {
        const LAYER: &str = "spnego NegTokenInit";
        let mut fields = Der::new(LAYER, der::explicit(LAYER, "NegTokenInit", content, tag::SEQUENCE)?);
        while let Some(field) = fields.element("field")? {
            let inner = |name, tag| der::explicit(LAYER, name, field.content, tag);
            match field.number() {
                Some(0) => self.mech_types = inner("mechTypes", tag::SEQUENCE)?,
                Some(2) => self.mech_token = Some(inner("mechToken", tag::OCTET_STRING)?),
                Some(3) => {
                    // A client has its mechListMIC here, a server its negHints.
                    if let Ok(hints) = inner("negHints", tag::SEQUENCE) {
                        self.is_from_server = true;
                        self.hint_name = Self::hint_name(hints);
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn hint_name(hints: Data<'a>) -> Option<Data<'a>> {
        let name = der::explicit("spnego NegHints", "hintName", hints, der::context(0)).ok()?;
        der::explicit("spnego NegHints", "hintName", name, tag::GENERAL_STRING).ok()
    }
}

impl<'a> NegTokenResp<'a> {
    fn read(&mut self, content: Data<'a>) -> Result<(), ParseError> {
        const LAYER: &str = "spnego NegTokenResp";
        let mut fields = Der::new(LAYER, der::explicit(LAYER, "NegTokenResp", content, tag::SEQUENCE)?);
        while let Some(field) = fields.element("field")? {
            let inner = |name, tag| der::explicit(LAYER, name, field.content, tag);
            match field.number() {
                Some(0) => {
                    self.state = inner("negState", tag::ENUMERATED)?.bytes.first().copied().map(NegState)
                }
                Some(1) => {
                    let mechanism = inner("supportedMech", tag::OBJECT_IDENTIFIER)?;
                    self.supported_mech = Some(Oid(mechanism.bytes));
                }
                Some(2) => self.response_token = Some(inner("responseToken", tag::OCTET_STRING)?),
                _ => {}
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(bytes: &[u8]) -> (Option<NegToken<'_>>, Option<ParseError>) {
        NegToken::parse(Data { bytes, length: bytes.len() })
    }

    /// The offer of a server, as Samba sends it in its answer to an SMB negotiate.
    const INIT2: &[u8] = &[
        0xa0, 0x48, 0x30, 0x46, // negTokenInit
        0xa0, 0x18, 0x30, 0x16, // mechTypes
        0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x12, 0x01, 0x02, 0x02, // Kerberos
        0x06, 0x09, 0x2a, 0x86, 0x48, 0x82, 0xf7, 0x12, 0x01, 0x02, 0x02, // Kerberos of Windows 2000
        0xa3, 0x2a, 0x30, 0x28, 0xa0, 0x26, 0x1b, 0x24, // negHints, hintName
        b'n', b'o', b't', b'_', b'd', b'e', b'f', b'i', b'n', b'e', b'd', b'_', b'i', b'n', b'_', b'R', b'F',
        b'C', b'4', b'1', b'7', b'8', b'@', b'p', b'l', b'e', b'a', b's', b'e', b'_', b'i', b'g', b'n', b'o',
        b'r', b'e',
    ];

    #[test]
    fn a_server_offers_mechanisms_with_hints() {
        let (Some(NegToken::Init(init)), None) = parse(INIT2) else { panic!("a whole NegTokenInit2") };
        assert_eq!(init.mech_types().collect::<Vec<_>>(), [Oid::KERBEROS, Oid::MS_KERBEROS]);
        assert_eq!(init.hint_name.map(|name| name.bytes), Some(&b"not_defined_in_RFC4178@please_ignore"[..]));
        assert!(init.is_from_server && init.mech_token.is_none());
    }

    #[test]
    fn a_response_says_how_far_it_is_and_what_was_chosen() {
        let bytes = [
            0xa1, 0x1b, 0x30, 0x19, // negTokenResp
            0xa0, 3, 0x0a, 1, 2, // reject
            0xa1, 0x0c, 0x06, 0x0a, 0x2b, 6, 1, 4, 1, 0x82, 0x37, 2, 2, 0x0a, // NTLMSSP
            0xa2, 4, 0x04, 2, 0xca, 0xfe, // responseToken
        ];
        let (Some(NegToken::Response(response)), None) = parse(&bytes) else { panic!("a whole response") };
        assert_eq!(response.state, Some(NegState::REJECT));
        assert_eq!(response.state.and_then(NegState::result), Some(AuthResult::Rejected));
        assert_eq!(response.supported_mech, Some(Oid::NTLMSSP));
        assert_eq!(response.response_token.map(|token| token.bytes), Some(&[0xca, 0xfe][..]));
    }

    #[test]
    fn what_stands_before_damage_is_kept() {
        let bytes = [0xa1, 0x0b, 0x30, 0x09, 0xa0, 3, 0x0a, 1, 0, 0xa2, 2, 0x30, 0];
        let (Some(NegToken::Response(response)), Some(error)) = parse(&bytes) else { panic!("half of it") };
        assert_eq!(response.state, Some(NegState::ACCEPT_COMPLETED));
        assert_eq!(error.to_string(), "spnego NegTokenResp: responseToken at byte 0: impossible value 48");
        assert!(parse(&[0xa5, 0]).0.is_none() && parse(&[]).0.is_none());
    }

    #[test]
    fn every_beginning_of_an_offer_can_be_read() {
        for end in 0..INIT2.len() {
            let cut = Data { bytes: &INIT2[..end], length: INIT2.len() };
            if let (Some(NegToken::Init(init)), _) = NegToken::parse(cut) {
                assert!(init.mech_types().count() <= 2);
            }
        }
    }
}
