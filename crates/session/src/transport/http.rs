//! RPC over HTTP: two connections, one for each direction, that together carry one association.
//!
//! Source: [MS-RPCH]. Between client and proxy, each connection is read as a sequence of HTTP messages, whose bodies
//! hold PDUs; between proxy and server, PDUs follow a greeting. The first cookie of the RTS PDU that opens a channel
//! names the virtual connection to which an IN and an OUT channel belong ([MS-RPCH] 2.2.4.2, 2.2.4.5).

mod direction;

use crate::association::{Association, Scope};
use crate::bounded::Bounded;
use crate::channel::deliver;
use crate::framer::Framed;
use crate::output::Output;
use crate::{At, Flow};
use direction::{Direction, Found, Role};
use rpcscope_model::{AnomalyKind, Limits, Side, Transport};
use rpcscope_wire::dcerpc::{Pdu, PduType};
use std::sync::Arc;
use uuid::Uuid;

/// What a server sends to a proxy first ([MS-RPCH] 2.1.1.2.1, 2.1.2.2.1).
pub(crate) const GREETING: &[u8] = b"ncacn_http/1.0";

/// The virtual connections of one shard.
#[derive(Debug)]
pub(crate) struct VirtualConnections {
    known: Bounded<Name, VirtualConnection>,
    /// The flows that were joined last, until somebody asks.
    joined: Option<(u64, u64)>,
}

/// Names a virtual connection on one leg of its way: a proxy passes the cookie on to the server.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
struct Name {
    cookie: Uuid,
    leg: Leg,
}

/// Who talks to whom.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Leg {
    ClientToProxy,
    ProxyToServer,
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
        Self { known: Bounded::new(limits.http_connections), joined: None }
    }

    /// Adds a channel to a virtual connection. `side` sends over it.
    fn join(&mut self, name: Name, side: Side, at: At, flow: &Flow, output: &mut Output) {
        if self.known.refresh(&name).is_none() {
            let new = VirtualConnection {
                association: Association::new(&output.limits),
                endpoint: flow.ends.server.port.to_string().into(),
                flow: flow.clone(),
                channels: 0,
                seen: [false; 2],
            };
            if let Some(mut oldest) = self.known.insert(name, new) {
                output.stats.http_connections_evicted += 1;
                oldest.close(at, output);
            }
        }
        if let Some(connection) = self.known.get_mut(&name) {
            connection.channels = connection.channels.saturating_add(1);
            connection.seen[side.index()] = true;
            if connection.flow.ends.id != flow.ends.id {
                self.joined = Some((connection.flow.ends.id, flow.ends.id));
            }
            if side == Side::Client {
                connection.flow = flow.clone();
            }
        }
    }

    /// The flows of which it has become known that they carry one association, once.
    pub(crate) fn take_joined(&mut self) -> Option<(u64, u64)> {
        self.joined.take()
    }

    /// Takes a channel away; the last one closes the virtual connection.
    fn leave(&mut self, name: Name, at: At, output: &mut Output) {
        let Some(connection) = self.known.get_mut(&name) else { return };
        connection.channels = connection.channels.saturating_sub(1);
        if connection.channels == 0
            && let Some(mut connection) = self.known.remove(&name)
        {
            connection.close(at, output);
        }
    }
}

impl VirtualConnection {
    fn close(&mut self, at: At, output: &mut Output) {
        let Self { association, endpoint, flow, seen, .. } = self;
        let mut scope =
            Scope { flow, output, transport: Transport::NcacnHttp, endpoint, carrier_identity: None };
        if seen.contains(&false) {
            scope.anomaly(at, AnomalyKind::HttpChannelUnpaired);
        }
        association.finish(&mut scope);
    }
}

/// One TCP connection of RPC over HTTP.
#[derive(Debug)]
pub(crate) struct HttpConnection {
    sides: [Direction; 2],
    leg: Leg,
    role: Role,
    /// The virtual connection, once its cookie was seen.
    joined: Option<Name>,
    /// For PDUs that come without a cookie: the start of the connection was not captured, or version 1.
    own: Association,
    endpoint: Arc<str>,
}

impl HttpConnection {
    /// A connection between client and proxy.
    pub(crate) fn to_proxy(flow: &Flow, limits: &Limits) -> Self {
        Self::new(Leg::ClientToProxy, Default::default(), flow, limits)
    }

    /// A connection between proxy and server.
    pub(crate) fn to_server(flow: &Flow, limits: &Limits) -> Self {
        Self::new(Leg::ProxyToServer, [Direction::of_pdus(), Direction::greeted()], flow, limits)
    }

    fn new(leg: Leg, sides: [Direction; 2], flow: &Flow, limits: &Limits) -> Self {
        Self {
            sides,
            leg,
            role: Role::Unknown,
            joined: None,
            own: Association::new(limits),
            endpoint: flow.ends.server.port.to_string().into(),
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
        let before = direction.held();
        direction.push(bytes, self.role, |found| match found {
            // Only a client asks.
            Found::Request(role) if side == Side::Client => self.role = role,
            Found::Request(_) => {}
            Found::Malformed => {
                output.anomaly(flow, Transport::NcacnHttp, at, AnomalyKind::HttpMalformed);
            }
            Found::Framed(framed) => self.framed(framed, side, at, flow, output, shared),
        });
        let held = direction.held();
        if output.hold(before, held) {
            output.stats.pdus_given_up += 1;
            direction.give_up_pdu(|framed| self.framed(framed, side, at, flow, output, shared));
            output.hold(held, direction.held());
        }
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
        let before = direction.held();
        direction.gap(bytes, |framed| self.framed(framed, side, at, flow, output, shared));
        output.hold(before, direction.held());
        self.sides[side.index()] = direction;
        match self.joined.and_then(|name| shared.known.get_mut(&name)) {
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
        for side in [Side::Client, Side::Server] {
            let mut direction = std::mem::take(&mut self.sides[side.index()]);
            let before = direction.held();
            direction.give_up_pdu(|framed| self.framed(framed, side, at, flow, output, shared));
            output.hold(before, direction.held());
            self.sides[side.index()] = direction;
        }
        if let Some(name) = self.joined.take() {
            shared.leave(name, at, output);
        }
        let mut scope = Scope {
            flow,
            output,
            transport: Transport::NcacnHttp,
            endpoint: &self.endpoint,
            carrier_identity: None,
        };
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
        if self.joined.is_none()
            && side == Side::Client
            && let Some((cookie, channel)) = virtual_connection(&framed)
        {
            let role = if self.leg == Leg::ClientToProxy { self.role } else { channel };
            // The client's PDUs come over the IN channel, the server's over the OUT channel.
            let carries = if role == Role::Out { Side::Server } else { Side::Client };
            let name = Name { cookie, leg: self.leg };
            shared.join(name, carries, at, flow, output);
            self.joined = Some(name);
        }
        match self.joined.and_then(|name| shared.known.get_mut(&name)) {
            Some(VirtualConnection { association, endpoint, flow, .. }) => {
                let mut scope =
                    Scope { flow, output, transport: Transport::NcacnHttp, endpoint, carrier_identity: None };
                deliver(framed, side, at, association, &mut scope);
            }
            None => {
                let Self { own, endpoint, .. } = self;
                let mut scope =
                    Scope { flow, output, transport: Transport::NcacnHttp, endpoint, carrier_identity: None };
                deliver(framed, side, at, own, &mut scope);
            }
        }
    }
}

/// The cookie of the virtual connection and the channel, when this is an RTS PDU that opens a channel. Only proxies
/// name the channel ([MS-RPCH] 2.2.4.3, 2.2.4.6); clients tell it by their request.
fn virtual_connection(framed: &Framed<'_>) -> Option<(Uuid, Role)> {
    /// RTS_FLAG_OUT_CHANNEL ([MS-RPCH] 2.2.3.6.1).
    const OUT_CHANNEL: u16 = 0x10;
    let Framed::Pdu(bytes) = framed else { return None };
    let pdu = Pdu::parse(bytes).ok()?;
    if pdu.header.pdu_type != PduType::RTS {
        return None;
    }
    let rts = pdu.rts().ok()?;
    let channel = if rts.flags & OUT_CHANNEL == 0 { Role::In } else { Role::Out };
    Some((rts.cookies().next()?, channel))
}

#[cfg(test)]
mod tests;
