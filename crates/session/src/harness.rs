//! Feeds conversations of the testkit into a session and collects what it says.

use crate::{At, Connection, Datagram, Flow, Protocol, Session};
use rpcscope_model::{
    Activation, Address, AnomalyKind, Bind, Call, CallId, Calls, Contents, Endpoint, Event, EventBody,
    FrameNumber, Learned, Limits, Outcome, Phase, Reply, Side, Stats, SyntaxId, Timestamp, Wanted, Wmi,
};
use rpcscope_testkit::conversation::{ExpectedCall, Step};
use rpcscope_testkit::transport::Message;
use std::sync::Arc;
use uuid::Uuid;

pub(crate) const SVCCTL: SyntaxId = syntax(0x367abb81_9844_35f1_ad32_98f038001003, 2);
pub(crate) const SAMR: SyntaxId = syntax(0x12345778_1234_abcd_ef00_0123456789ac, 1);
/// An interface that no catalogue knows.
pub(crate) const STRANGE: SyntaxId = syntax(0xfeed_face, 7);

pub(crate) const CLIENT: Endpoint = Endpoint::new(Address::v4([10, 0, 0, 5]), 50123);
pub(crate) const SERVER: Endpoint = Endpoint::new(Address::v4([10, 0, 0, 9]), 49670);

const fn syntax(uuid: u128, major: u16) -> SyntaxId {
    SyntaxId { uuid: Uuid::from_u128(uuid), major, minor: 0 }
}

/// A session with some connections, each message in a frame of its own.
pub(crate) struct Tap {
    session: Session,
    connections: Vec<Connection>,
    frame: u64,
}

#[derive(Debug)]
struct Sought {
    sender: Side,
    bytes: &'static [u8],
}

impl Contents for Sought {
    fn may_be_in(&self, sender: Side, pdu: &[u8], _: &[u8]) -> bool {
        sender == self.sender && pdu.windows(self.bytes.len()).any(|window| window == self.bytes)
    }
}

impl Tap {
    /// One connection of RPC over TCP.
    pub(crate) fn tcp() -> Self {
        Self::of(Protocol::Rpc, 1, Limits::WHOLE)
    }

    /// Some connections of one protocol.
    pub(crate) fn of(protocol: Protocol, count: u64, limits: Limits) -> Self {
        let mut session = Session::new(limits);
        let connections =
            (0..count).map(|id| session.open(protocol, Flow::new(id, CLIENT, SERVER))).collect();
        Self { session, connections, frame: 0 }
    }

    /// The same, for somebody who wants more.
    pub(crate) fn wanting(mut self, requests: Calls, wire: Calls) -> Self {
        self.session = self.session.with_wanted(Arc::new(Wanted { requests, wire, contents: None }));
        self
    }

    /// The same, for somebody who looks for bytes that a side sends.
    pub(crate) fn looking_for(mut self, sender: Side, bytes: &'static [u8]) -> Self {
        let contents: Arc<dyn Contents> = Arc::new(Sought { sender, bytes });
        self.session =
            self.session.with_wanted(Arc::new(Wanted { contents: Some(contents), ..Wanted::default() }));
        self
    }

    pub(crate) fn send(mut self, side: Side, bytes: &[u8]) -> Self {
        self.send_on(0, side, bytes);
        self
    }

    pub(crate) fn send_on(&mut self, connection: usize, side: Side, bytes: &[u8]) {
        let at = self.next();
        self.session.data(&mut self.connections[connection], side, bytes, at);
    }

    /// The next bytes of a side are not captured.
    pub(crate) fn lose(mut self, side: Side, bytes: usize) -> Self {
        self.lose_on(0, side, bytes);
        self
    }

    pub(crate) fn lose_on(&mut self, connection: usize, side: Side, bytes: usize) {
        let at = self.next();
        self.session.gap(&mut self.connections[connection], side, bytes as u64, at);
    }

    pub(crate) fn steps(mut self, steps: &[Step]) -> Self {
        for step in steps {
            self = self.send(step.side, &step.pdu);
        }
        self
    }

    pub(crate) fn messages(mut self, messages: &[Message]) -> Self {
        for message in messages {
            self.send_on(message.connection, message.side, &message.bytes);
        }
        self
    }

    /// One more connection. Returns its number.
    pub(crate) fn open(&mut self, protocol: Protocol) -> usize {
        let number = self.connections.len();
        self.connections.push(self.session.open(protocol, Flow::new(number as u64, CLIENT, SERVER)));
        number
    }

    /// One more connection of RPC over TCP, to another server. Returns its number.
    pub(crate) fn open_to(&mut self, server: Endpoint) -> usize {
        self.open_between(CLIENT, server)
    }

    /// The same from another client.
    pub(crate) fn open_between(&mut self, client: Endpoint, server: Endpoint) -> usize {
        let number = self.connections.len();
        self.connections.push(self.session.open(Protocol::Rpc, Flow::new(number as u64, client, server)));
        number
    }

    /// A datagram between client and server. Returns whether it was RPC.
    pub(crate) fn datagram(&mut self, source: Endpoint, destination: Endpoint, payload: &[u8]) -> bool {
        self.datagram_cut(source, destination, payload, 0)
    }

    /// A datagram of which the last bytes were not captured.
    pub(crate) fn datagram_cut(
        &mut self,
        source: Endpoint,
        destination: Endpoint,
        payload: &[u8],
        missing: usize,
    ) -> bool {
        let at = self.next();
        self.session.datagram(&Datagram { source, destination, payload, missing }, at)
    }

    /// What was said so far.
    pub(crate) fn events(&mut self) -> &[Event] {
        self.session.events()
    }

    pub(crate) fn datagrams(mut self, steps: &[Step]) -> Self {
        for step in steps {
            let (source, destination) =
                if step.side == Side::Client { (CLIENT, SERVER) } else { (SERVER, CLIENT) };
            assert!(self.datagram(source, destination, &step.pdu), "a datagram of the conversation");
        }
        self
    }

    /// Lets time pass: the next frame comes so much later.
    pub(crate) fn wait_seconds(mut self, seconds: u64) -> Self {
        self.frame += seconds * 1000;
        self
    }

    /// Ends all connections. What was seen of them and of all datagrams.
    pub(crate) fn finish(mut self) -> Seen {
        let at = self.next();
        for connection in &mut self.connections {
            self.session.finish(connection, at);
        }
        self.session.finish_datagrams();
        let held_bytes = self.held_bytes();
        Seen { events: std::mem::take(self.session.events()), stats: *self.session.stats(), held_bytes }
    }

    /// Bytes that wait for something.
    pub(crate) fn held_bytes(&self) -> usize {
        self.session.held_bytes()
    }

    /// One frame each millisecond.
    fn next(&mut self) -> At {
        self.frame += 1;
        let nanos = i64::try_from(self.frame).expect("few frames") * 1_000_000;
        At { time: Timestamp(nanos), frame: FrameNumber(self.frame) }
    }
}

/// What a session said.
pub(crate) struct Seen {
    pub(crate) events: Vec<Event>,
    pub(crate) stats: Stats,
    /// Bytes that still waited for something at the end.
    pub(crate) held_bytes: usize,
}

impl Seen {
    pub(crate) fn calls(&self) -> Vec<&Call> {
        self.calls_of(Phase::Settled)
    }

    /// The calls whose request was told before the reply came.
    pub(crate) fn requests(&self) -> Vec<&Call> {
        self.calls_of(Phase::Requested)
    }

    fn calls_of(&self, phase: Phase) -> Vec<&Call> {
        let calls = self.events.iter().filter_map(|event| match &event.body {
            EventBody::Call(call) if event.header.phase == phase => Some(&**call),
            _ => None,
        });
        calls.collect()
    }

    /// What was told, in order: whether with its outcome, and the id of the call if it is one.
    pub(crate) fn phases(&self) -> Vec<(Phase, Option<u32>)> {
        let phases = self.events.iter().map(|event| match &event.body {
            EventBody::Call(call) => (event.header.phase, Some(call.call_id.0)),
            _ => (event.header.phase, None),
        });
        phases.collect()
    }

    /// The call with this id, of which there must be one.
    pub(crate) fn call(&self, id: u32) -> &Call {
        let calls = self.calls();
        let mut found = calls.into_iter().filter(|call| call.call_id == CallId(id));
        let call = found.next().expect("a call of this id");
        assert!(found.next().is_none(), "one call of this id");
        call
    }

    pub(crate) fn activations(&self) -> Vec<&Activation> {
        let activations = self.events.iter().filter_map(|event| match &event.body {
            EventBody::Activation(activation) if event.header.phase == Phase::Settled => Some(&**activation),
            _ => None,
        });
        activations.collect()
    }

    pub(crate) fn management(&self) -> Vec<&Wmi> {
        let management = self.events.iter().filter_map(|event| match &event.body {
            EventBody::Wmi(wmi) if event.header.phase == Phase::Settled => Some(&**wmi),
            _ => None,
        });
        management.collect()
    }

    pub(crate) fn binds(&self) -> Vec<&Bind> {
        let binds = self.events.iter().filter_map(|event| match &event.body {
            EventBody::Bind(bind) => Some(&**bind),
            _ => None,
        });
        binds.collect()
    }

    pub(crate) fn anomalies(&self) -> Vec<AnomalyKind> {
        let anomalies = self.events.iter().filter_map(|event| match &event.body {
            EventBody::Anomaly(anomaly) => Some(anomaly.kind),
            _ => None,
        });
        anomalies.collect()
    }

    pub(crate) fn outcomes(&self) -> Vec<Outcome> {
        self.calls().into_iter().map(|call| call.outcome).collect()
    }

    /// Checks that the calls are those that were made, each with its interface, stub and reply, and nothing is amiss.
    pub(crate) fn assert_is(&self, expected: &[ExpectedCall]) {
        assert_eq!(self.anomalies(), []);
        let mut calls = self.calls();
        calls.sort_by_key(|call| call.call_id);
        let mut expected: Vec<_> = expected.iter().collect();
        expected.sort_by_key(|call| call.call_id);
        assert_eq!(calls.len(), expected.len());
        for (call, expected) in calls.into_iter().zip(expected) {
            assert_call(call, expected);
        }
    }
}

fn assert_call(call: &Call, expected: &ExpectedCall) {
    assert_eq!(call.call_id, expected.call_id);
    assert_eq!(call.context_id, expected.context_id);
    assert_eq!(call.interface.map(|interface| interface.syntax), expected.interface);
    assert_eq!(call.interface.is_none(), call.learned == Learned::Unknown);
    assert_eq!(call.opnum, Some(expected.opnum));
    assert_eq!(call.object, expected.object);
    assert_eq!(call.activity, expected.activity);
    assert_eq!(call.security.map(|security| security.level), expected.level);
    assert_eq!(call.outcome, expected.outcome);
    let request = call.request.expect("a request");
    let wanted = (expected.request_fragments, expected.request_stub_bytes, true);
    assert_eq!((request.fragments as usize, sum(request.stub_bytes), request.complete), wanted);
    let reply = call.reply.map(|(reply, part)| match reply {
        Reply::Response => (None, part.fragments as usize, sum(part.stub_bytes), part.complete),
        Reply::Fault(status) | Reply::Reject(status) => {
            (Some(status), part.fragments as usize, 0, part.complete)
        }
    });
    let wanted = (expected.reply_fragments > 0).then_some((
        expected.status,
        expected.reply_fragments,
        expected.response_stub_bytes,
        true,
    ));
    assert_eq!(reply, wanted);
}

fn sum(bytes: u64) -> usize {
    usize::try_from(bytes).expect("small")
}
