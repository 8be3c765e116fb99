//! The items that begin or extend associations: `bind` and `alter_context`.

use super::carrier::{http, pipe, smb, tcp_port};
use super::connection::{Carrier, Connection};
use super::contexts::{Context, contexts, refusal, split};
use super::error::ScenarioError;
use super::fields::{Fields, Parsed, choice, number, truth};
use super::forge::{Forge, Known, Session, Udp};
use super::names::Named;
use super::network::between;
use super::security::{Carried, Security};
use super::text::limited;
use crate::ByteOrder;
use crate::packets::{TcpEnd, TcpStart};
use crate::pdu::{self, Bind, BindAck, BindNak, Format, Offer, flags};
use crate::stub::Syntax;
use crate::transport::{Smb1, Smb2, SmbFraming};
use rpcscope_model::{CallId, Endpoint, Side};
use rpcscope_text::Node;
use std::collections::BTreeMap;

/// What of the negotiation the capture lacks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Missing {
    Nothing,
    /// The capture starts in mid-stream, behind the bind.
    Bind,
    /// The server's answer was lost.
    Ack,
    /// The server never answered.
    Answer,
}

/// Transports by name.
pub(crate) const TRANSPORTS: &[(&str, Transport)] = &[
    ("ncacn_ip_tcp", Transport::Tcp),
    ("ncacn_np", Transport::Pipe),
    ("ncacn_http", Transport::Http),
    ("ncadg_ip_udp", Transport::Udp),
];

/// What carries an association.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Transport {
    Tcp,
    Pipe,
    Http,
    Udp,
}

impl Forge {
    pub(super) fn bind(&mut self, node: &Node) -> Parsed<()> {
        let fields = Fields::new(node, "bind")?;
        let name = fields.get("as", limited)?.map(str::to_owned);
        let over = fields.get("over", |node| self.session_named(node))?;
        let transport = fields.get("transport", |node| choice(node, "transport", TRANSPORTS))?;
        let format = format(&fields, "byte_order", "minor")?.unwrap_or(Format::LITTLE);
        let server_format = format_of_server(&fields)?.unwrap_or(format);
        let missing =
            fields.get("missing", |node| choice(node, "part", MISSING))?.unwrap_or(Missing::Nothing);
        let contexts = contexts(&fields)?;
        let refused = fields.get("refused", refusal)?;
        let security = fields.get("auth", |node| Security::parse(node, &mut self.rng))?.flatten();
        let mut session = Session {
            name,
            connection: 0,
            pipe: 0,
            format,
            server_format,
            fragment_bytes: fields.get("fragment", |node| between(node, 1, 60_000))?.unwrap_or(4096),
            contexts: BTreeMap::new(),
            current: 0,
            securities: Vec::new(),
            next_call_id: fields.get("call_id", number)?.unwrap_or(1),
            group: fields.get("association_group", number)?.unwrap_or(0),
            max_fragment: fields.get("max_fragment", number)?.unwrap_or(5840),
            udp: None,
        };
        let multiplex = fields.get("multiplex", truth)?.unwrap_or(false);
        let transport = transport.or(over.map(|_| Transport::Pipe)).unwrap_or(Transport::Tcp);
        self.connect(&fields, transport, over, missing, &contexts, &mut session)?;
        fields.finish()?;

        if transport == Transport::Udp {
            let place = node.place;
            let wrong = |cause: &str| Err(ScenarioError::new(place, cause));
            let [Context { interface: Some(Named { syntax, .. }), .. }] = contexts.as_slice() else {
                return wrong("ncadg_ip_udp has one interface and no presentation contexts");
            };
            if security.is_some() || refused.is_some() || missing != Missing::Nothing {
                return wrong("ncadg_ip_udp has no bind: `auth`, `refused` and `missing` do not go with it");
            }
            session.udp = Some(Udp { activity: self.rng.uuid(), interface: *syntax, server_boot: 0 });
        }
        session.learn(&contexts);
        session.securities.extend(security);
        self.sessions.push(session);
        self.current = Some(self.sessions.len() - 1);
        if transport == Transport::Udp || missing == Missing::Bind {
            if let Some(session) = self.sessions.last_mut().filter(|_| missing == Missing::Bind) {
                session.next_call_id = session.next_call_id.max(2);
            }
            return Ok(());
        }
        match refused {
            Some(reason) => self.refuse(&contexts, reason),
            None => self.negotiate(&contexts, missing, multiplex),
        }
        Ok(())
    }

    pub(super) fn alter_context(&mut self, node: &Node) -> Parsed<()> {
        let fields = Fields::new(node, "alter_context")?;
        let session = self.chosen(&fields)?;
        let contexts = contexts(&fields)?;
        let missing =
            fields.get("missing", |node| choice(node, "part", MISSING))?.unwrap_or(Missing::Nothing);
        let security = fields.get("auth", |node| Security::parse(node, &mut self.rng))?.flatten();
        let place = fields.place;
        fields.finish()?;
        if self.sessions[session].udp.is_some() {
            return Err(ScenarioError::new(place, "ncadg_ip_udp knows no alter_context"));
        }
        self.current = Some(session);
        let session = &mut self.sessions[session];
        session.learn(&contexts);
        let securing = security.is_some();
        session.securities.extend(security);
        let call_id = session.take_call_id();
        let group = session.group.max(GROUP);
        let (offers, results) = split(&contexts);
        let own = session.securities.last().filter(|_| securing);
        let (first, second) = (
            own.and_then(|security| security.first(Carried::Bind)),
            own.and_then(|security| security.first(Carried::BindAck)),
        );
        let alter =
            Bind { association_group: group, verifier: first, ..Bind::alter_context(call_id, offers) };
        let response = BindAck {
            association_group: group,
            verifier: second,
            ..BindAck::alter_context(call_id, results)
        };
        let (alter, response) = (alter.encode(session.format), response.encode(session.server_format));
        self.exchange(alter, response, missing);
        if securing {
            self.later_legs(&contexts, call_id);
        }
        Ok(())
    }

    fn negotiate(&mut self, contexts: &[Context], missing: Missing, multiplex: bool) {
        let address = self.secondary_address();
        let session = self.last_session();
        let call_id = session.take_call_id();
        let (offers, results) = split(contexts);
        let security = session.securities.last();
        let mut pfc_flags = if multiplex { flags::CONC_MPX } else { 0 };
        if security.is_some_and(|security| security.level >= rpcscope_model::AuthLevel::PKT_INTEGRITY) {
            // In a bind, this bit says that headers can be signed, too.
            pfc_flags |= flags::PENDING_CANCEL;
        }
        let bind = Bind {
            pfc_flags,
            max_fragment: session.max_fragment,
            association_group: session.group,
            verifier: security.and_then(|security| security.first(Carried::Bind)),
            ..Bind::new(call_id, offers)
        };
        let ack = BindAck {
            pfc_flags,
            max_fragment: session.max_fragment,
            association_group: session.group.max(GROUP),
            verifier: security.and_then(|security| security.first(Carried::BindAck)),
            ..BindAck::new(call_id, &address, results)
        };
        let (bind, ack) = (bind.encode(session.format), ack.encode(session.server_format));
        self.exchange(bind, ack, missing);
        self.later_legs(contexts, call_id);
    }

    /// A PDU and its answer, when that comes.
    fn exchange(&mut self, asked: Vec<u8>, answered: Vec<u8>, missing: Missing) {
        self.send(Side::Client, asked);
        match missing {
            Missing::Answer => {}
            Missing::Ack => self.send_lost(Side::Server, answered),
            Missing::Nothing | Missing::Bind => self.send(Side::Server, answered),
        }
    }

    /// The third leg of an authentication, and the fourth.
    fn later_legs(&mut self, contexts: &[Context], bind_id: u32) {
        let session = self.last_session();
        let (format, server_format) = (session.format, session.server_format);
        let later = session.securities.last().map(Security::later).unwrap_or_default();
        if later.is_empty() {
            return;
        }
        let (mut offers, mut results) = split(contexts);
        // An alter_context for authentication alone names one context that is agreed already.
        offers.truncate(1);
        results.truncate(1);
        let alter_id = match later.iter().any(|(how, _)| *how == Carried::AlterContext) {
            true => session.take_call_id(),
            false => bind_id,
        };
        let group = session.group.max(GROUP);
        for (how, verifier) in later {
            match how {
                Carried::Auth3 => {
                    let pdu = pdu::auth3(format, bind_id, &verifier);
                    self.send(Side::Client, pdu);
                }
                Carried::AlterContext => {
                    let alter = Bind::alter_context(alter_id, offers.clone());
                    let alter = Bind { association_group: group, verifier: Some(verifier), ..alter };
                    self.send(Side::Client, alter.encode(format));
                }
                _ => {
                    let response = BindAck::alter_context(alter_id, results.clone());
                    let response = BindAck { association_group: group, verifier: Some(verifier), ..response };
                    self.send(Side::Server, response.encode(server_format));
                }
            }
        }
    }

    fn refuse(&mut self, contexts: &[Context], reason: u16) {
        let session = self.last_session();
        let call_id = session.take_call_id();
        let verifier = session.securities.last().and_then(|security| security.first(Carried::Bind));
        let bind = Bind { verifier, ..Bind::new(call_id, split(contexts).0) };
        let nak = BindNak { call_id: CallId(call_id), reason, versions: vec![(5, 0)] };
        let (bind, nak) = (bind.encode(session.format), nak.encode(session.server_format));
        self.send(Side::Client, bind);
        self.send(Side::Server, nak);
    }

    fn secondary_address(&mut self) -> String {
        let (connection, pipe) = {
            let session = self.last_session();
            (session.connection, session.pipe)
        };
        let connection = &self.connections[connection];
        match connection.pipes.get(pipe) {
            Some(pipe) => format!("\\PIPE\\{pipe}"),
            None => connection.server.port.to_string(),
        }
    }

    /// The connection of a bind: a new one, or a further pipe of one that is there.
    fn connect(
        &mut self,
        fields: &Fields<'_>,
        transport: Transport,
        over: Option<usize>,
        missing: Missing,
        contexts: &[Context],
        session: &mut Session,
    ) -> Parsed<()> {
        for (key, of) in [("pipe", Transport::Pipe), ("smb", Transport::Pipe), ("http", Transport::Http)] {
            if let Some(node) = fields.optional(key).filter(|_| of != transport) {
                let names = TRANSPORTS.iter().find(|(_, known)| *known == of);
                let name = names.map_or("another", |(name, _)| *name);
                return Err(ScenarioError::new(node.place, format!("`{key}` goes with `transport: {name}`")));
            }
        }
        let interface = contexts.iter().find_map(|context| context.interface);
        let pipe = match transport {
            Transport::Pipe => Some(pipe(fields, interface)?),
            _ => None,
        };
        if let Some(over) = over {
            let connection = self.sessions[over].connection;
            let Some(pipe) = pipe.filter(|_| !self.connections[connection].pipes.is_empty()) else {
                let cause = "`over` opens a further pipe: both have to be ncacn_np";
                return Err(ScenarioError::new(fields.place, cause));
            };
            session.connection = connection;
            session.pipe = self.connections[connection].pipes.len();
            self.connections[connection].pipes.push(pipe);
            return Ok(());
        }
        let seed = self.rng.next_u64();
        let carrier = match transport {
            Transport::Tcp => Carrier::Tcp,
            Transport::Udp => Carrier::Udp,
            Transport::Pipe => smb(fields, missing, seed)?,
            Transport::Http => http(fields, seed)?,
        };
        let usual = match &carrier {
            Carrier::Tcp => tcp_port(interface),
            Carrier::Udp => 1026,
            Carrier::Smb1(Smb1 { framing, .. }) | Carrier::Smb2(Smb2 { framing, .. }) => match framing {
                SmbFraming::Direct => 445,
                SmbFraming::NetBios => 139,
            },
            Carrier::HttpV1(_) => 593,
            Carrier::HttpV2(_) => 80,
        };
        let port = fields.get("port", number)?.or(self.server.1).unwrap_or(usual);
        let client_port = fields.get("client_port", number)?.or(self.client.1);
        let client_port = client_port.unwrap_or_else(|| self.take_client_port());
        let end = fields.get("end", |node| choice(node, "end", ENDS))?.unwrap_or(TcpEnd::Finish);
        let start = fields.get("start", |node| choice(node, "start", STARTS))?;
        let usual = if missing == Missing::Bind { TcpStart::MidStream } else { TcpStart::Handshake };
        if let (Carrier::Udp, Some((key, place))) = (&carrier, self.network.tcp_only) {
            return Err(ScenarioError::new(
                place,
                format!("`{key}` is about TCP, this bind is ncadg_ip_udp"),
            ));
        }
        session.connection = self.connections.len();
        self.connections.push(Connection {
            carrier,
            client: Endpoint::new(self.client.0, client_port),
            server: Endpoint::new(self.server.0, port),
            network: self.network.clone(),
            pipes: pipe.into_iter().collect(),
            sent: Vec::new(),
            start: start.unwrap_or(usual),
            end,
            seed,
        });
        Ok(())
    }
}

impl Session {
    fn learn(&mut self, contexts: &[Context]) {
        for Context { offer, result, interface } in contexts {
            let Some(Named { syntax, known }) = *interface else { continue };
            let accepted = result.result == 0;
            let wide = result.transfer_syntax == Offer::NDR64;
            let syntax_of_stubs = if wide { Syntax::Ndr64 } else { Syntax::Ndr };
            let before = self.contexts.get(&offer.id.0);
            // A rejected redefinition leaves the context as it was.
            if accepted || before.is_none() {
                self.contexts.insert(offer.id.0, Known { syntax, known, syntax_of_stubs });
            }
        }
        let named = contexts.iter().filter(|context| context.interface.is_some());
        let chosen = named.clone().find(|context| context.result.result == 0).or(named.clone().next());
        if let Some(context) = chosen {
            self.current = context.offer.id.0;
        }
    }
}

fn format(fields: &Fields<'_>, order: &'static str, minor: &'static str) -> Parsed<Option<Format>> {
    let order = fields.get(order, |node| choice(node, "byte order", ORDERS))?;
    let minor = fields.get(minor, |node| between(node, 0, 1))?;
    if order.is_none() && minor.is_none() {
        return Ok(None);
    }
    let minor = u8::from(minor == Some(1));
    Ok(Some(Format { order: order.unwrap_or(ByteOrder::Little), minor }))
}

fn format_of_server(fields: &Fields<'_>) -> Parsed<Option<Format>> {
    format(fields, "server_byte_order", "server_minor")
}

const ORDERS: &[(&str, ByteOrder)] = &[("little", ByteOrder::Little), ("big", ByteOrder::Big)];
const MISSING: &[(&str, Missing)] = &[
    ("nothing", Missing::Nothing),
    ("bind", Missing::Bind),
    ("ack", Missing::Ack),
    ("answer", Missing::Answer),
];
const ENDS: &[(&str, TcpEnd)] =
    &[("finish", TcpEnd::Finish), ("reset", TcpEnd::Reset), ("open", TcpEnd::Open)];
const STARTS: &[(&str, TcpStart)] =
    &[("handshake", TcpStart::Handshake), ("mid_stream", TcpStart::MidStream)];
/// The group that the server assigns.
const GROUP: u32 = 0x0001_2345;
