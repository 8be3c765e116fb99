//! The state of one shard above TCP: its connections, and what they share.

use crate::bounded::Bounded;
use crate::channel::Channel;
use crate::logon::{Claim, Logon};
use crate::output::Output;
use crate::transport::Protocol;
use crate::transport::http::{HttpConnection, VirtualConnections};
use crate::transport::smb::{Boundary, PipeId, SmbConnection, SmbEvents, SmbSessions, SmbVersion};
use crate::transport::udp::{Activities, Datagram};
use crate::{At, Flow};
use rpcscope_model::{
    Anomaly, AnomalyKind, AuthResult, Authentication, Event, EventBody, Identity, Limits, Secrets, Side,
    Sizes, Stats, ToCompactString, Transport, Wanted,
};
use std::sync::Arc;

/// What the connections of one shard share, and what they have to say.
#[derive(Debug)]
pub struct Session {
    output: Output,
    smb: SmbSessions,
    pipes: Pipes,
    http: VirtualConnections,
    activities: Activities,
}

/// The open pipes of a shard; behind pointers, since the table moves them about.
type Pipes = Bounded<PipeId, Box<Channel>>;

/// One TCP connection that carries remote procedure calls.
#[derive(Debug)]
pub struct Connection {
    flow: Flow,
    carrier: Carrier,
}

#[derive(Debug)]
enum Carrier {
    Direct(Box<Channel>),
    Smb(Box<SmbConnection>),
    Http(Box<HttpConnection>),
}

impl Session {
    /// A shard that has seen nothing.
    pub fn new(limits: Limits) -> Self {
        Self {
            smb: SmbSessions::new(&limits),
            pipes: Bounded::new(limits.pipes_in_all),
            http: VirtualConnections::new(&limits),
            activities: Activities::new(&limits),
            output: Output::new(limits),
        }
    }

    /// The same, that tells secrets or withholds them; it withholds them unless told so.
    pub fn with_secrets(mut self, secrets: Secrets) -> Self {
        self.output.secrets = secrets;
        self
    }

    /// The same, that tells what is wanted beside what is told always.
    pub fn with_wanted(mut self, wanted: Arc<Wanted>) -> Self {
        self.want(wanted);
        self
    }

    /// Tells other things than before beside what is told always.
    pub fn want(&mut self, wanted: Arc<Wanted>) {
        self.output.wanted = wanted;
    }

    /// Begins to follow a connection.
    pub fn open(&mut self, protocol: Protocol, flow: Flow) -> Connection {
        let limits = &self.output.limits;
        self.output.stats.flows_followed += 1;
        let carrier = match protocol {
            Protocol::Rpc => {
                let endpoint = flow.ends.server.port.to_compact_string().as_str().into();
                Carrier::Direct(Box::new(Channel::new(Transport::NcacnIpTcp, endpoint, limits)))
            }
            Protocol::Smb => Carrier::Smb(Box::new(SmbConnection::new(flow.ends.server, limits))),
            Protocol::Http => Carrier::Http(Box::new(HttpConnection::to_proxy(&flow, limits))),
            Protocol::HttpGreeting => Carrier::Http(Box::new(HttpConnection::to_server(&flow, limits))),
        };
        Connection { flow, carrier }
    }

    /// Takes the next bytes that one side sent. Returns how many of the bytes behind them are not needed.
    pub fn data(&mut self, connection: &mut Connection, side: Side, bytes: &[u8], at: At) -> u64 {
        let Self { output, smb, pipes, http, .. } = self;
        let Connection { flow, carrier } = connection;
        match carrier {
            Carrier::Direct(channel) => {
                channel.data(side, bytes, false, at, flow, output);
                0
            }
            Carrier::Smb(connection) => {
                connection.data(side, bytes, at, smb, &mut PipeHost { pipes, flow, output })
            }
            Carrier::Http(connection) => {
                connection.data(side, bytes, at, flow, output, http);
                0
            }
        }
    }

    /// Notes that the next `bytes` bytes that one side sent were never captured.
    pub fn gap(&mut self, connection: &mut Connection, side: Side, bytes: u64, at: At) {
        let Self { output, smb, pipes, http, .. } = self;
        let Connection { flow, carrier } = connection;
        let anomaly = Anomaly { bytes: Some(bytes), ..AnomalyKind::TcpGap.into() };
        let transport = carrier.transport();
        output.anomaly(flow, transport, at, anomaly);
        match carrier {
            Carrier::Direct(channel) => channel.gap(side, bytes, at, flow, output),
            Carrier::Smb(connection) => {
                connection.gap(side, bytes, at, smb, &mut PipeHost { pipes, flow, output })
            }
            Carrier::Http(connection) => connection.gap(side, bytes, at, flow, output, http),
        }
    }

    /// Notes that one side sent bytes twice, with different values.
    pub fn conflict(&mut self, connection: &mut Connection, at: At) {
        let transport = connection.carrier.transport();
        self.output.anomaly(&mut connection.flow, transport, at, AnomalyKind::TcpOverlapConflict);
    }

    /// Reports what is still open on a connection that ends.
    pub fn finish(&mut self, connection: &mut Connection, at: At) {
        let Self { output, smb, pipes, http, .. } = self;
        let Connection { flow, carrier } = connection;
        match carrier {
            Carrier::Direct(channel) => channel.finish(at, flow, output),
            Carrier::Smb(connection) => connection.finish(at, smb, &mut PipeHost { pipes, flow, output }),
            Carrier::Http(connection) => connection.finish(at, flow, output, http),
        }
    }

    /// Takes a UDP datagram. Returns whether it carried a connectionless PDU.
    pub fn datagram(&mut self, datagram: &Datagram<'_>, at: At) -> bool {
        self.activities.datagram(datagram, at, &mut self.output)
    }

    /// The flow of the last datagram, as its events name it, if it carried a PDU of an activity; once.
    pub fn take_activity(&mut self) -> Option<u64> {
        self.activities.take_last()
    }

    /// The flows of two connections of which it has become known that they carry one association; once.
    pub fn take_joined(&mut self) -> Option<(u64, u64)> {
        self.http.take_joined()
    }

    /// Reports what is still open that belongs to no connection.
    pub fn finish_datagrams(&mut self) {
        self.activities.finish(&mut self.output);
    }

    /// What there is to say since it was last taken, in order.
    pub fn events(&mut self) -> &mut Vec<Event> {
        &mut self.output.events
    }

    /// Bytes that wait for something: of PDUs and stubs for their rest, of arguments for the end of their call, of names
    /// for calls that use them.
    pub const fn held_bytes(&self) -> usize {
        self.output.held_bytes()
    }

    /// The counters.
    pub const fn stats(&self) -> &Stats {
        &self.output.stats
    }

    /// How full the tables are.
    pub fn sizes(&self) -> Sizes {
        Sizes {
            smb_sessions: self.smb.len() as u64,
            pipes: self.pipes.len() as u64,
            activities: self.activities.len() as u64,
            open_calls: self.output.open_calls as u64,
            held_bytes: self.output.held_bytes() as u64,
            objects: self.output.objects.pointers() as u64,
            exporters: self.output.objects.exporters() as u64,
            ..Sizes::default()
        }
    }
}

impl Carrier {
    const fn transport(&self) -> Transport {
        match self {
            Self::Direct(channel) => channel.transport(),
            Self::Smb(_) => Transport::NcacnNpSmb2,
            Self::Http(_) => Transport::NcacnHttp,
        }
    }
}

/// Lets the pipes of an SMB connection be channels.
struct PipeHost<'a> {
    pipes: &'a mut Pipes,
    flow: &'a mut Flow,
    output: &'a mut Output,
}

impl SmbEvents for PipeHost<'_> {
    fn open(&mut self, pipe: PipeId, name: Option<&str>, version: SmbVersion, at: At) {
        let transport = transport(version);
        self.output.stats.pipes += 1;
        let channel = Channel::new(transport, pipe_endpoint(name.unwrap_or_default()), &self.output.limits);
        // Without a name the opening was not seen, so the first bytes may stand anywhere in a PDU.
        let channel = if name.is_some() { channel } else { channel.mid_stream() };
        if let Some(mut oldest) = self.pipes.insert(pipe, Box::new(channel)) {
            self.output.stats.pipes_evicted += 1;
            self.anomaly(AnomalyKind::SmbPipesEvicted.into(), at);
            oldest.finish(at, self.flow, self.output);
        }
    }

    fn data(&mut self, pipe: PipeId, side: Side, bytes: &[u8], at: At, boundary: Boundary) {
        if let Some(channel) = self.pipes.refresh(&pipe) {
            channel.data(side, bytes, boundary == Boundary::Start, at, self.flow, self.output);
        }
    }

    fn is_followed(&self, pipe: PipeId) -> bool {
        self.pipes.get(&pipe).is_some()
    }

    fn lost(&mut self, pipe: PipeId, side: Side, bytes: u64, at: At) {
        if let Some(channel) = self.pipes.get_mut(&pipe) {
            channel.gap(side, bytes, at, self.flow, self.output);
        }
    }

    fn identify(&mut self, pipe: PipeId, identity: &Arc<Identity>) {
        if let Some(channel) = self.pipes.get_mut(&pipe) {
            channel.identify(Arc::clone(identity));
        }
    }

    fn authenticated(&mut self, logon: &mut Logon, version: SmbVersion, result: Option<AuthResult>) {
        if let Some(Claim { at, identity, crackable }) = logon.settle(result) {
            let authentication = Authentication { endpoint: None, security: None, identity, crackable };
            let body = EventBody::Authentication(Box::new(authentication));
            self.output.event(&self.flow.ends, transport(version), at, body);
        }
    }

    fn secrets(&self) -> Secrets {
        self.output.secrets
    }

    fn close(&mut self, pipe: PipeId, at: At) {
        if let Some(mut channel) = self.pipes.remove(&pipe) {
            channel.finish(at, self.flow, self.output);
        }
    }

    fn tell(&mut self, version: SmbVersion, at: At, body: EventBody) {
        self.output.event(&self.flow.ends, transport(version), at, body);
    }

    fn hold(&mut self, before: usize, after: usize) {
        self.output.hold(before, after);
    }

    fn is_full(&self) -> bool {
        self.output.is_full(0)
    }

    fn anomaly(&mut self, anomaly: Anomaly, at: At) {
        self.output.anomaly(self.flow, Transport::NcacnNpSmb2, at, anomaly);
    }

    fn stats(&mut self) -> &mut Stats {
        &mut self.output.stats
    }
}

const fn transport(version: SmbVersion) -> Transport {
    match version {
        SmbVersion::Smb1 => Transport::NcacnNpSmb1,
        SmbVersion::Smb2 => Transport::NcacnNpSmb2,
    }
}

/// The endpoint of a pipe, in the one form that output and rules use: `\pipe\` and the name in lower case.
pub(crate) fn pipe_endpoint(name: &str) -> Arc<str> {
    let name = name.trim_start_matches('\\').to_lowercase();
    let name = name.strip_prefix("pipe\\").unwrap_or(&name);
    format!("\\pipe\\{name}").into()
}

#[cfg(test)]
mod tests;
