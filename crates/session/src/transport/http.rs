//! RPC over HTTP: two HTTP connections, one for each direction, that together carry one association.
//!
//! Source: [MS-RPCH]. Each HTTP connection is read as a sequence of messages, whose bodies hold PDUs. The first
//! cookie of an RTS PDU names the virtual connection that an IN and an OUT channel belong to ([MS-RPCH] 2.2.3.6.2).

use crate::association::{Association, Scope};
use crate::bounded::Bounded;
use crate::channel::deliver;
use crate::framer::{Framed, Framer};
use crate::output::Output;
use crate::{At, Flow};
use rpcscope_model::{AnomalyKind, Limits, Side, Transport};
use rpcscope_wire::dcerpc::{Pdu, PduType};
use std::sync::Arc;
use uuid::Uuid;

/// What a server of RPC over HTTP version 1 sends first ([MS-RPCH] 2.1.1.1.1).
pub(crate) const GREETING: &[u8] = b"ncacn_http/1.0";

/// The virtual connections of one shard.
#[derive(Debug)]
pub(crate) struct VirtualConnections {
    known: Bounded<Uuid, VirtualConnection>,
}

/// An association whose two directions run over two TCP connections.
#[derive(Debug)]
struct VirtualConnection {
    association: Association,
    endpoint: Arc<str>,
    /// The connection under which calls are reported: the IN channel's, over which requests come.
    flow: Flow,
    /// TCP connections that carry it now.
    channels: u32,
    seen: [bool; 2],
}

impl VirtualConnections {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self { known: Bounded::new(limits.http_connections) }
    }

    /// Adds a channel to a virtual connection. `side` sends over it.
    fn join(&mut self, cookie: Uuid, side: Side, at: At, flow: &Flow, output: &mut Output) {
        if self.known.refresh(&cookie).is_none() {
            let new = VirtualConnection {
                association: Association::new(&output.limits),
                endpoint: flow.server.port.to_string().into(),
                flow: flow.clone(),
                channels: 0,
                seen: [false; 2],
            };
            if let Some(mut oldest) = self.known.insert(cookie, new) {
                oldest.close(at, output);
            }
        }
        if let Some(connection) = self.known.get_mut(&cookie) {
            connection.channels += 1;
            connection.seen[side.index()] = true;
            if side == Side::Client {
                connection.flow = flow.clone();
            }
        }
    }

    /// Takes a channel away; the last one closes the virtual connection.
    fn leave(&mut self, cookie: Uuid, at: At, output: &mut Output) {
        let Some(connection) = self.known.get_mut(&cookie) else { return };
        connection.channels = connection.channels.saturating_sub(1);
        if connection.channels == 0
            && let Some(mut connection) = self.known.remove(&cookie)
        {
            connection.close(at, output);
        }
    }
}

impl VirtualConnection {
    fn close(&mut self, at: At, output: &mut Output) {
        let Self { association, endpoint, flow, seen, .. } = self;
        let mut scope = Scope { flow, output, transport: Transport::NcacnHttp, endpoint };
        if seen.contains(&false) {
            scope.anomaly(at, AnomalyKind::HttpChannelUnpaired);
        }
        association.finish(&mut scope);
    }
}

/// One HTTP connection that carries RPC.
#[derive(Debug)]
pub(crate) struct HttpConnection {
    sides: [Direction; 2],
    role: Role,
    /// The virtual connection, once its cookie was seen.
    cookie: Option<Uuid>,
    /// For PDUs that come without a cookie: the start of the connection was not captured, or version 1.
    own: Association,
    endpoint: Arc<str>,
}

/// What the client asked the proxy for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Role {
    Unknown,
    In,
    Out,
    /// Version 1: after the headers, PDUs in both directions.
    Connect,
}

impl HttpConnection {
    pub(crate) fn new(flow: &Flow, limits: &Limits) -> Self {
        Self {
            sides: Default::default(),
            role: Role::Unknown,
            cookie: None,
            own: Association::new(limits),
            endpoint: flow.server.port.to_string().into(),
        }
    }

    pub(crate) fn data(
        &mut self,
        side: Side,
        bytes: &[u8],
        at: At,
        flow: &mut Flow,
        output: &mut Output,
        shared: &mut VirtualConnections,
    ) {
        let mut direction = std::mem::take(&mut self.sides[side.index()]);
        direction.push(bytes, self.role, |found| match found {
            Found::Request(role) => self.role = role,
            Found::Malformed => {
                output.anomaly(flow, Transport::NcacnHttp, at, AnomalyKind::HttpMalformed);
            }
            Found::Framed(framed) => self.framed(framed, side, at, flow, output, shared),
        });
        self.sides[side.index()] = direction;
    }

    pub(crate) fn gap(
        &mut self,
        side: Side,
        bytes: u64,
        at: At,
        flow: &mut Flow,
        output: &mut Output,
        shared: &mut VirtualConnections,
    ) {
        let mut direction = std::mem::take(&mut self.sides[side.index()]);
        direction.gap(bytes, |framed| self.framed(framed, side, at, flow, output, shared));
        self.sides[side.index()] = direction;
        match self.cookie.and_then(|cookie| shared.known.get_mut(&cookie)) {
            Some(connection) => connection.association.lost(side),
            None => self.own.lost(side),
        }
    }

    pub(crate) fn finish(
        &mut self,
        at: At,
        flow: &mut Flow,
        output: &mut Output,
        shared: &mut VirtualConnections,
    ) {
        if let Some(cookie) = self.cookie.take() {
            shared.leave(cookie, at, output);
        }
        let mut scope = Scope { flow, output, transport: Transport::NcacnHttp, endpoint: &self.endpoint };
        self.own.finish(&mut scope);
    }

    fn framed(
        &mut self,
        framed: Framed<'_>,
        side: Side,
        at: At,
        flow: &mut Flow,
        output: &mut Output,
        shared: &mut VirtualConnections,
    ) {
        if self.cookie.is_none()
            && side == Side::Client
            && let Some(cookie) = virtual_connection(&framed)
        {
            // The client's PDUs come over the IN channel, the server's over the OUT channel.
            let carries = if self.role == Role::Out { Side::Server } else { Side::Client };
            shared.join(cookie, carries, at, flow, output);
            self.cookie = Some(cookie);
        }
        match self.cookie.and_then(|cookie| shared.known.get_mut(&cookie)) {
            Some(VirtualConnection { association, endpoint, flow, .. }) => {
                let mut scope = Scope { flow, output, transport: Transport::NcacnHttp, endpoint };
                deliver(framed, side, at, association, &mut scope);
            }
            None => {
                let Self { own, endpoint, .. } = self;
                let mut scope = Scope { flow, output, transport: Transport::NcacnHttp, endpoint };
                deliver(framed, side, at, own, &mut scope);
            }
        }
    }
}

/// The cookie of the virtual connection, when this is an RTS PDU that opens a channel.
fn virtual_connection(framed: &Framed<'_>) -> Option<Uuid> {
    let Framed::Pdu(bytes) = framed else { return None };
    let pdu = Pdu::parse(bytes).ok()?;
    if pdu.header.pdu_type != PduType::RTS {
        return None;
    }
    pdu.rts().ok()?.cookies().next()
}

/// One direction of an HTTP connection: headers, then a body, then headers again.
#[derive(Debug, Default)]
struct Direction {
    state: State,
    /// Header lines that are not complete.
    headers: Vec<u8>,
    framer: Framer,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
enum State {
    #[default]
    Headers,
    /// This many bytes of PDUs follow.
    Body(u64),
    /// This many bytes of something else follow.
    Other(u64),
    /// PDUs follow to the end.
    Endless,
}

enum Found<'a> {
    Request(Role),
    Malformed,
    Framed(Framed<'a>),
}

impl Direction {
    fn push(&mut self, mut bytes: &[u8], mut role: Role, mut found: impl FnMut(Found<'_>)) {
        while !bytes.is_empty() {
            match self.state {
                State::Headers => {
                    let before = self.headers.len();
                    self.headers.extend_from_slice(bytes.get(..MAX_HEADER_BYTES).unwrap_or(bytes));
                    // The end may straddle what was there before.
                    let from = before.saturating_sub(3);
                    let end = memchr::memmem::find(self.headers.get(from..).unwrap_or_default(), b"\r\n\r\n");
                    let Some(end) = end.map(|end| from + end + 4) else {
                        if self.headers.len() > MAX_HEADER_BYTES {
                            found(Found::Malformed);
                            self.headers = Vec::new();
                            self.state = State::Endless;
                            self.framer = Framer::out_of_step();
                        }
                        return;
                    };
                    bytes = bytes.get(end - before..).unwrap_or_default();
                    let head = Head::read(self.headers.get(..end).unwrap_or_default());
                    self.headers = Vec::new();
                    if let Some(asked) = head.role {
                        role = asked;
                        found(Found::Request(asked));
                    }
                    self.state = head.body(role);
                    self.framer = Framer::default();
                }
                State::Body(length) | State::Other(length) => {
                    let taken = usize::try_from(length).unwrap_or(usize::MAX).min(bytes.len());
                    let (body, rest) = bytes.split_at_checked(taken).unwrap_or((bytes, &[]));
                    let left = length - taken as u64;
                    if matches!(self.state, State::Body(_)) {
                        self.framer.push(body, false, |framed| found(Found::Framed(framed)));
                        self.state = State::Body(left);
                    } else {
                        self.state = State::Other(left);
                    }
                    if left == 0 {
                        self.framer.finish(|framed| found(Found::Framed(framed)));
                        self.state = State::Headers;
                    }
                    bytes = rest;
                }
                State::Endless => {
                    self.framer.push(bytes, false, |framed| found(Found::Framed(framed)));
                    return;
                }
            }
        }
    }

    fn gap(&mut self, missing: u64, found: impl FnMut(Framed<'_>)) {
        match self.state {
            State::Body(left) if missing < left => {
                self.state = State::Body(left - missing);
                self.framer.gap(missing, found);
            }
            State::Other(left) if missing < left => self.state = State::Other(left - missing),
            // Where the next message starts is not known: from here on only PDUs are looked for.
            _ => {
                self.headers = Vec::new();
                self.state = State::Endless;
                self.framer.gap(missing, found);
            }
        }
    }
}

/// What the header lines of a message say.
struct Head {
    role: Option<Role>,
    status: Option<u16>,
    content_length: u64,
}

impl Head {
    fn read(bytes: &[u8]) -> Self {
        let mut lines = bytes.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
        let first = lines.next().unwrap_or_default();
        let mut words = first.split(|byte| *byte == b' ');
        let (role, status) = match words.next().unwrap_or_default() {
            b"RPC_IN_DATA" => (Some(Role::In), None),
            b"RPC_OUT_DATA" => (Some(Role::Out), None),
            b"RPC_CONNECT" => (Some(Role::Connect), None),
            version if version.starts_with(b"HTTP/") => (None, words.next().and_then(number)),
            _ => (Some(Role::Unknown), None),
        };
        let content_length = lines
            .filter_map(|line| {
                let colon = memchr::memchr(b':', line)?;
                let (name, value) = line.split_at_checked(colon)?;
                let value = value.get(1..)?.trim_ascii();
                name.eq_ignore_ascii_case(b"content-length").then(|| number(value))?
            })
            .next()
            .unwrap_or(0);
        Self { role, status: status.and_then(|status| u16::try_from(status).ok()), content_length }
    }

    fn body(&self, role: Role) -> State {
        let carries_pdus = match self.status {
            None => self.role != Some(Role::Unknown),
            Some(status) => status == 200,
        };
        match (role, carries_pdus) {
            (Role::Connect, true) => State::Endless,
            _ if self.content_length == 0 => State::Headers,
            (_, true) => State::Body(self.content_length),
            (_, false) => State::Other(self.content_length),
        }
    }
}

/// Reads a decimal number.
fn number(digits: &[u8]) -> Option<u64> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}

/// Longest header lines of a message, in bytes. Without a bound, a peer that never ends them would fill memory.
const MAX_HEADER_BYTES: usize = 64 << 10;
