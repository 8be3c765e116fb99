//! Authentication of an association.

use super::error::ScenarioError;
use super::fields::{Fields, Parsed, bytes, choice, number, variant};
use super::text::{limited, user_of};
use crate::pdu::Verifier;
use crate::rng::Rng;
use crate::token::{self, Kerberos, NtlmSession, SecureChannel, Signature, signature};
use rpcscope_model::{AuthLevel, AuthType, Side};
use rpcscope_text::Node;

/// A security context.
#[derive(Debug)]
pub(crate) struct Security {
    auth_type: AuthType,
    pub(crate) level: AuthLevel,
    pub(crate) context_id: u32,
    legs: Vec<Leg>,
    signature: Signature,
    /// Bytes that bodies are padded to.
    alignment: usize,
    /// PDUs that each side has closed with a token.
    sequences: [u32; 2],
    /// Signs and seals, when a password is known.
    session: Option<NtlmSession>,
}

/// One token of the exchange.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Leg {
    pub(crate) how: Carried,
    pub(crate) token: Vec<u8>,
}

/// What carries a token behind bind and bind_ack.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Carried {
    Bind,
    BindAck,
    Auth3,
    AlterContext,
    AlterContextResponse,
}

impl Security {
    /// `auth: {ntlm: {user: CORP\alice}, level: pkt_privacy}`, or one word.
    pub(crate) fn parse(node: &Node, rng: &mut Rng) -> Parsed<Option<Self>> {
        let simple = node.scalar().is_some();
        if simple && super::fields::text(node)? == "none" {
            return Ok(None);
        }
        if simple {
            let (name, place, _) = variant(node, SERVICE)?;
            let service = Service::parse(name, place, None, rng)?;
            return Ok(Some(Self::new(service, AuthLevel::PKT_PRIVACY, 0)));
        }
        let fields = Fields::new(node, "auth")?;
        let level = fields.get("level", |node| choice(node, "authentication level", LEVELS))?;
        let context_id = fields.get("context_id", number)?.unwrap_or(0);
        let mut service = None;
        for name in SERVICES {
            if let Some(parameters) = fields.optional(name) {
                if service.is_some() {
                    let cause = "`auth` wants one authentication service, here are several";
                    return Err(ScenarioError::new(parameters.place, cause));
                }
                service = Some(Service::parse(name, parameters.place, Some(parameters), rng)?);
            }
        }
        let place = fields.place;
        fields.finish()?;
        let service = service.ok_or_else(|| {
            ScenarioError::new(place, "`auth` wants an authentication service").nearest("", SERVICES)
        })?;
        Ok(Some(Self::new(service, level.unwrap_or(AuthLevel::PKT_PRIVACY), context_id)))
    }

    fn new(service: Service, level: AuthLevel, context_id: u32) -> Self {
        let Service { auth_type, legs, signature, alignment, session } = service;
        Self { auth_type, level, context_id, legs, signature, alignment, sequences: [0; 2], session }
    }

    /// Whether stubs are encrypted.
    fn seals(&self) -> bool {
        self.level >= AuthLevel::PKT_PRIVACY
    }

    /// What stands in the place of a stub before it is signed and sealed: without a key, a sealed one is random bytes.
    pub(crate) fn stub(&self, stub: Vec<u8>, rng: &mut Rng) -> Vec<u8> {
        if self.seals() && self.session.is_none() { rng.bytes(stub.len()) } else { stub }
    }

    /// Signs, and seals from byte `stub_at` on, a PDU that [`Security::close`] gave a verifier, when a password is known.
    pub(crate) fn protect(&mut self, side: Side, pdu: &mut [u8], stub_at: usize) {
        let sealed_from = self.seals().then_some(stub_at);
        if let Some(session) = self.session.as_mut().filter(|_| self.level > AuthLevel::CONNECT) {
            session.protect(side, pdu, sealed_from);
        }
    }

    /// The verifier of bind or bind_ack, when there is a token for it.
    pub(crate) fn first(&self, how: Carried) -> Option<Verifier> {
        self.legs.iter().find(|leg| leg.how == how).map(|leg| self.verifier(leg.token.clone()))
    }

    /// The legs behind the bind_ack.
    pub(crate) fn later(&self) -> Vec<(Carried, Verifier)> {
        let later = self.legs.iter().filter(|leg| !matches!(leg.how, Carried::Bind | Carried::BindAck));
        later.map(|leg| (leg.how, self.verifier(leg.token.clone()))).collect()
    }

    /// The verifier of the next PDU of a call; none below level call, as in Windows.
    pub(crate) fn close(&mut self, side: Side, rng: &mut Rng) -> Option<Verifier> {
        if self.level <= AuthLevel::CONNECT {
            return None;
        }
        let sequence = self.sequences[side.index()];
        self.sequences[side.index()] = sequence.wrapping_add(1);
        Some(self.verifier(signature(self.signature, sequence, self.seals(), rng)))
    }

    fn verifier(&self, token: Vec<u8>) -> Verifier {
        Verifier::new(self.auth_type, self.level, self.context_id, token).aligned_to(self.alignment)
    }
}

/// An authentication service with the tokens of its exchange.
struct Service {
    auth_type: AuthType,
    legs: Vec<Leg>,
    signature: Signature,
    alignment: usize,
    session: Option<NtlmSession>,
}

impl Service {
    fn parse(name: &str, place: super::Place, parameters: Option<&Node>, rng: &mut Rng) -> Parsed<Self> {
        let nothing = Node::new(place, rpcscope_text::Value::Null);
        let parameters = parameters.unwrap_or(&nothing);
        match name {
            "ntlm" => {
                let (tokens, session) = ntlm(parameters, rng)?;
                Ok(Self { session, ..Self::three(0x0a, tokens, Carried::Auth3, Signature::Ntlm) })
            }
            "kerberos" => {
                let ticket = kerberos(parameters)?;
                let tokens = [ticket.request(rng), ticket.reply(rng), ticket.reply(rng)];
                Ok(Self::three(0x10, tokens, Carried::Auth3, Signature::Kerberos))
            }
            "spnego" => Self::spnego(parameters, rng),
            "netlogon" => {
                let fields = Fields::new(parameters, "netlogon")?;
                let domain = fields.get("domain", limited)?.unwrap_or("CORP").to_owned();
                let computer = fields.get("computer", limited)?.unwrap_or("WS1").to_owned();
                fields.finish()?;
                let channel = SecureChannel { domain, computer };
                let legs =
                    vec![leg(Carried::Bind, channel.request()), leg(Carried::BindAck, channel.reply())];
                let auth_type = AuthType(0x44);
                Ok(Self { auth_type, legs, signature: Signature::Netlogon, alignment: 4, session: None })
            }
            "opaque" => {
                let fields = Fields::new(parameters, "opaque")?;
                let auth_type = AuthType(fields.required("type").and_then(number)?);
                let length = fields.get("signature_bytes", number::<u8>)?.unwrap_or(16);
                let token = fields.get("token", bytes)?.unwrap_or_else(|| rng.bytes(40));
                fields.finish()?;
                if token.len() > LONGEST_TOKEN {
                    return Err(ScenarioError::new(place, "a token may have 16,384 bytes at most"));
                }
                let legs = vec![leg(Carried::Bind, token), leg(Carried::BindAck, rng.bytes(40))];
                let signature = Signature::Opaque(length.into());
                Ok(Self { auth_type, legs, signature, alignment: 16, session: None })
            }
            _ => {
                let cause = format!("unknown authentication service `{name}`");
                Err(ScenarioError::new(place, cause).nearest(name, SERVICES))
            }
        }
    }

    fn spnego(parameters: &Node, rng: &mut Rng) -> Parsed<Self> {
        let (mechanism, place, inner) = match parameters.value {
            rpcscope_text::Value::Null => ("ntlm", parameters.place, None),
            _ => variant(parameters, "mechanism of SPNEGO")?,
        };
        let nothing = Node::new(place, rpcscope_text::Value::Null);
        let inner = inner.unwrap_or(&nothing);
        let mut session = None;
        let (oid, tokens, signature): (&[u8], _, _) = match mechanism {
            "ntlm" => {
                let (tokens, established) = ntlm(inner, rng)?;
                session = established;
                (&token::NTLM, tokens, Signature::Ntlm)
            }
            "kerberos" => {
                let ticket = kerberos(inner)?;
                let tokens = [ticket.framed_request(rng), ticket.reply(rng), ticket.reply(rng)];
                (&token::KERBEROS, tokens, Signature::Kerberos)
            }
            _ => {
                let cause = format!("unknown mechanism of SPNEGO `{mechanism}`");
                return Err(ScenarioError::new(place, cause).nearest(mechanism, &["ntlm", "kerberos"]));
            }
        };
        let [one, two, three] = tokens;
        let tokens = [token::first(oid, &one), token::second(oid, &two), token::third(&three)];
        let mut service = Self::three(0x09, tokens, Carried::AlterContext, signature);
        service.legs.push(leg(Carried::AlterContextResponse, token::accepted()));
        service.session = session;
        Ok(service)
    }

    fn three(auth_type: u8, tokens: [Vec<u8>; 3], third: Carried, signature: Signature) -> Self {
        let [one, two, three] = tokens;
        let legs = vec![leg(Carried::Bind, one), leg(Carried::BindAck, two), leg(third, three)];
        Self { auth_type: AuthType(auth_type), legs, signature, alignment: 16, session: None }
    }
}

/// The messages of NTLM: true ones when `password` is given, else with random proofs.
fn ntlm(node: &Node, rng: &mut Rng) -> Parsed<([Vec<u8>; 3], Option<NtlmSession>)> {
    let fields = Fields::new(node, "ntlm")?;
    let password = fields.get("password", limited)?;
    let user = user_of(fields)?;
    Ok(match password {
        None => ([user.negotiate(), user.challenge(rng), user.authenticate(rng)], None),
        Some(password) => {
            let (tokens, session) = NtlmSession::authenticate(&user, password, rng);
            (tokens, Some(session))
        }
    })
}

fn kerberos(node: &Node) -> Parsed<Kerberos> {
    let fields = Fields::new(node, "kerberos")?;
    let realm = fields.get("realm", limited)?.unwrap_or("CORP.EXAMPLE").to_owned();
    let service = fields.get("service", limited)?.unwrap_or("host/server.corp.example").to_owned();
    fields.finish()?;
    Ok(Kerberos { realm, service })
}

fn leg(how: Carried, token: Vec<u8>) -> Leg {
    Leg { how, token }
}

const SERVICE: &str = "authentication service";
/// What `auth` may name.
pub(crate) const SERVICES: &[&str] = &["ntlm", "kerberos", "spnego", "netlogon", "opaque"];
/// Levels by their names in output.
pub(crate) const LEVELS: &[(&str, AuthLevel)] = &[
    ("none", AuthLevel::NONE),
    ("connect", AuthLevel::CONNECT),
    ("call", AuthLevel(3)),
    ("pkt", AuthLevel::PKT),
    ("pkt_integrity", AuthLevel::PKT_INTEGRITY),
    ("pkt_privacy", AuthLevel::PKT_PRIVACY),
];
/// A PDU has to hold it.
const LONGEST_TOKEN: usize = 16_384;
