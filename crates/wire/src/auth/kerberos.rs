//! Kerberos: the messages between a client and a service.
//!
//! The client's name and all times are encrypted. In clear are the service that the ticket is for, and how ticket and
//! authenticator are encrypted.

use super::der::{self, Der, tag};
use super::name::utf8_name;
use crate::Data;
use rpcscope_model::{EncryptionType, ParseError, Text as Name};

/// A message between a client and a service ([RFC4120] 5.5).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Message<'a> {
    /// The client presents a ticket.
    ApReq(ApReq<'a>),
    /// The other side proves that it could read it. In the three-leg form of DCE the client sends one, too
    /// ([MS-KILE] 3.4.5.1).
    ApRep(ApRep),
    /// The service refuses.
    Error(KrbError<'a>),
    /// The client asks for the ticket-granting ticket of a service that a user runs.
    TgtReq(TgtReq<'a>),
    /// Another token of the mechanism, with its token id.
    Other([u8; 2]),
}

/// A ticket with an authenticator ([RFC4120] 5.5.1).
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct ApReq<'a> {
    /// What the client wants.
    pub options: ApOptions,
    /// The realm of the service.
    pub realm: Option<Data<'a>>,
    /// The service that the ticket is for.
    pub service: Option<Principal<'a>>,
    /// How the ticket is encrypted.
    pub ticket_encryption: Option<EncryptionType>,
    /// Version of the service's key.
    pub key_version: Option<i32>,
    /// How the authenticator is encrypted.
    pub authenticator_encryption: Option<EncryptionType>,
}

/// An answer to a ticket ([RFC4120] 5.5.2).
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct ApRep {
    /// How the answer is encrypted.
    pub encryption: Option<EncryptionType>,
}

/// A refusal ([RFC4120] 5.9.1).
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct KrbError<'a> {
    /// Why ([RFC4120] 7.5.9).
    pub code: Option<i32>,
    /// The realm of the client, which most services leave out.
    pub client_realm: Option<Data<'a>>,
    /// The client, which most services leave out.
    pub client: Option<Principal<'a>>,
    /// The realm of the service.
    pub realm: Option<Data<'a>>,
    /// The service.
    pub service: Option<Principal<'a>>,
}

/// KERB-TGT-REQUEST: a question before an AP-REQ from user to user ([UUKA-GSSAPI], after [MS-SPNG] 3.1.5.2).
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct TgtReq<'a> {
    /// The user that runs the service, as the client knows it.
    pub service: Option<Principal<'a>>,
    /// The realm of that user.
    pub realm: Option<Data<'a>>,
}

/// What a client wants ([RFC4120] 5.5.1). Bit 0 of the standard is the highest here.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, Debug)]
pub struct ApOptions(pub u32);

impl ApOptions {
    /// The ticket is encrypted with the session key of the server's ticket.
    pub const fn use_session_key(self) -> bool {
        self.0 & 1 << 30 != 0
    }

    /// The server is to authenticate, too.
    pub const fn mutual_required(self) -> bool {
        self.0 & 1 << 29 != 0
    }
}

/// The name of a client or a service ([RFC4120] 5.2.2).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Principal<'a> {
    /// What kind of name it is: 1 a user, 2 a service and instance, 3 a service and host, 10 an e-mail address.
    pub name_type: Option<i32>,
    components: Data<'a>,
}

impl<'a> Principal<'a> {
    /// Its parts, such as `cifs` and `dc1.lab.test`.
    pub fn components(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        der::sequence_of(self.components, tag::GENERAL_STRING).map(|component| component.bytes)
    }

    /// Its parts with slashes between them; `None` when there are none.
    pub fn name(&self) -> Option<Name> {
        utf8_name(self.components(), '/', self.components.missing() == 0)
    }

    fn parse(content: Data<'a>) -> Result<Self, ParseError> {
        const LAYER: &str = "kerberos PrincipalName";
        let mut principal = Principal { name_type: None, components: Data::default() };
        let mut fields = Der::new(LAYER, der::explicit(LAYER, "PrincipalName", content, tag::SEQUENCE)?);
        while let Some(field) = fields.element("field")? {
            match field.number() {
                Some(0) => {
                    let name_type = der::explicit(LAYER, "name-type", field.content, tag::INTEGER)?;
                    principal.name_type = der::integer(name_type);
                }
                Some(1) => {
                    principal.components = der::explicit(LAYER, "name-string", field.content, tag::SEQUENCE)?;
                }
                _ => {}
            }
        }
        Ok(principal)
    }
}

/// A realm as text; `None` when it is empty.
pub(super) fn realm_name(realm: Data<'_>) -> Option<Name> {
    utf8_name([realm.bytes], '/', realm.missing() == 0)
}

/// Whether a token that begins with this byte may be a message without a frame.
pub(super) const fn begins_message(first: u8) -> bool {
    matches!(first, AP_REQ | AP_REP | KRB_ERROR)
}

impl<'a> Message<'a> {
    /// Reads a message. Fields that stand before the first unreadable one are kept; what stopped it comes with them.
    pub(super) fn parse(data: Data<'a>) -> (Option<Self>, Option<ParseError>) {
        const LAYER: &str = "kerberos";
        let message = match Der::new(LAYER, data).element("message") {
            Ok(Some(message)) => message,
            Ok(None) => return (None, Some(ParseError::short(LAYER, "message", 0, 2, 0))),
            Err(error) => return (None, Some(error)),
        };
        let content = message.content;
        match message.tag {
            AP_REQ => {
                let mut request = ApReq::default();
                let stopped = request.read(content).err();
                (Some(Self::ApReq(request)), stopped)
            }
            AP_REP => {
                let mut reply = ApRep::default();
                let stopped = reply.read(content).err();
                (Some(Self::ApRep(reply)), stopped)
            }
            KRB_ERROR => {
                let mut error = KrbError::default();
                let stopped = error.read(content).err();
                (Some(Self::Error(error)), stopped)
            }
            other => (None, Some(ParseError::invalid(LAYER, "message", 0, usize::from(other)))),
        }
    }
}

impl<'a> TgtReq<'a> {
    /// Reads a question, which has no tag of its own. What stopped it comes with what was read.
    pub(super) fn parse(data: Data<'a>) -> (Self, Option<ParseError>) {
        let mut request = Self::default();
        let stopped = request.read(data).err();
        (request, stopped)
    }

    fn read(&mut self, data: Data<'a>) -> Result<(), ParseError> {
        const LAYER: &str = "kerberos KERB-TGT-REQUEST";
        let mut fields = Der::new(LAYER, der::explicit(LAYER, "KERB-TGT-REQUEST", data, tag::SEQUENCE)?);
        while let Some(field) = fields.element("field")? {
            match field.number() {
                Some(2) => self.service = Some(Principal::parse(field.content)?),
                Some(3) => {
                    let realm = der::explicit(LAYER, "realm", field.content, tag::GENERAL_STRING)?;
                    self.realm = Some(realm);
                }
                _ => {}
            }
        }
        Ok(())
    }
}

impl<'a> ApReq<'a> {
    fn read(&mut self, content: Data<'a>) -> Result<(), ParseError> {
        const LAYER: &str = "kerberos AP-REQ";
        let mut fields = Der::new(LAYER, der::explicit(LAYER, "AP-REQ", content, tag::SEQUENCE)?);
        while let Some(field) = fields.element("field")? {
            match field.number() {
                Some(2) => {
                    let bits = der::explicit(LAYER, "ap-options", field.content, tag::BIT_STRING)?;
                    self.options = ap_options(bits);
                }
                Some(3) => {
                    let ticket = der::explicit(LAYER, "ticket", field.content, TICKET)?;
                    self.read_ticket(ticket)?;
                }
                Some(4) => {
                    let (encryption, _) = encrypted_data(field.content)?;
                    self.authenticator_encryption = encryption;
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Reads a ticket ([RFC4120] 5.3).
    fn read_ticket(&mut self, content: Data<'a>) -> Result<(), ParseError> {
        const LAYER: &str = "kerberos Ticket";
        let mut fields = Der::new(LAYER, der::explicit(LAYER, "Ticket", content, tag::SEQUENCE)?);
        while let Some(field) = fields.element("field")? {
            match field.number() {
                Some(1) => {
                    self.realm = Some(der::explicit(LAYER, "realm", field.content, tag::GENERAL_STRING)?)
                }
                Some(2) => self.service = Some(Principal::parse(field.content)?),
                Some(3) => (self.ticket_encryption, self.key_version) = encrypted_data(field.content)?,
                _ => {}
            }
        }
        Ok(())
    }
}

impl ApRep {
    fn read(&mut self, content: Data<'_>) -> Result<(), ParseError> {
        const LAYER: &str = "kerberos AP-REP";
        let mut fields = Der::new(LAYER, der::explicit(LAYER, "AP-REP", content, tag::SEQUENCE)?);
        while let Some(field) = fields.element("field")? {
            if field.number() == Some(2) {
                (self.encryption, _) = encrypted_data(field.content)?;
            }
        }
        Ok(())
    }
}

impl<'a> KrbError<'a> {
    fn read(&mut self, content: Data<'a>) -> Result<(), ParseError> {
        const LAYER: &str = "kerberos KRB-ERROR";
        let mut fields = Der::new(LAYER, der::explicit(LAYER, "KRB-ERROR", content, tag::SEQUENCE)?);
        while let Some(field) = fields.element("field")? {
            let realm = |name| der::explicit(LAYER, name, field.content, tag::GENERAL_STRING);
            match field.number() {
                Some(6) => {
                    let code = der::explicit(LAYER, "error-code", field.content, tag::INTEGER)?;
                    self.code = der::integer(code);
                }
                Some(7) => self.client_realm = Some(realm("crealm")?),
                Some(8) => self.client = Some(Principal::parse(field.content)?),
                Some(9) => self.realm = Some(realm("realm")?),
                Some(10) => self.service = Some(Principal::parse(field.content)?),
                _ => {}
            }
        }
        Ok(())
    }
}

/// The bits of AP options, at most 32 of them ([RFC4120] 5.2.8). The first byte counts unused bits at the end.
fn ap_options(bits: Data<'_>) -> ApOptions {
    let mut word = [0_u8; 4];
    let flags = bits.bytes.get(1..).unwrap_or_default();
    word.iter_mut().zip(flags).for_each(|(to, from)| *to = *from);
    ApOptions(u32::from_be_bytes(word))
}

/// How data is encrypted, and the version of the key ([RFC4120] 5.2.9).
fn encrypted_data(content: Data<'_>) -> Result<(Option<EncryptionType>, Option<i32>), ParseError> {
    const LAYER: &str = "kerberos EncryptedData";
    let mut encryption = None;
    let mut key_version = None;
    let mut fields = Der::new(LAYER, der::explicit(LAYER, "EncryptedData", content, tag::SEQUENCE)?);
    while let Some(field) = fields.element("field")? {
        match field.number() {
            Some(0) => {
                let number = der::explicit(LAYER, "etype", field.content, tag::INTEGER)?;
                encryption = der::integer(number).map(EncryptionType);
            }
            Some(1) => key_version = der::integer(der::explicit(LAYER, "kvno", field.content, tag::INTEGER)?),
            _ => {}
        }
    }
    Ok((encryption, key_version))
}

/// Tags of the messages ([RFC4120] 5.10).
const TICKET: u8 = der::application(1);
const AP_REQ: u8 = der::application(14);
const AP_REP: u8 = der::application(15);
const KRB_ERROR: u8 = der::application(30);
