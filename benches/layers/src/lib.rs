//! What the layers are fed with: frames of generated loads, segments and events of these, and a conversation.

use rpcscope_engine::{Checksums, Engine};
use rpcscope_flow::{At, Decoder, Direction, Item, Memory, Packet, Reassembler, TcpSegment};
use rpcscope_model::{Address, Endpoint, Event, Frame, Limits, Side, SyntaxId};
use rpcscope_session::{Flow, Protocol, Session};
use rpcscope_sinks::{Context, Format, Memo};
use rpcscope_testkit::Rng;
use rpcscope_testkit::conversation::{Answer, Call, Conversation, Step};
use rpcscope_testkit::load::{Generator, Load, Profile};
use rpcscope_testkit::packets::OwnedFrame;
use rpcscope_testkit::pdu::Offer;
use rpcscope_wire::dcerpc::Pdu;
use std::collections::BTreeMap;

/// The frames of a load.
pub struct Frames(Vec<OwnedFrame>);

impl Frames {
    /// A load of this profile and about this many bytes.
    pub fn of(profile: Profile, bytes: u64) -> Self {
        let mut generator = Generator::new(Load::new(profile, bytes, 1));
        let mut frames = Vec::new();
        while let Some(frame) = generator.next_frame() {
            let Frame { time, link_type, original_length, bytes, .. } = frame;
            frames.push(OwnedFrame { time, link_type, original_length, bytes: bytes.to_vec() });
        }
        Self(frames)
    }

    /// How many there are.
    pub fn count(&self) -> u64 {
        self.0.len() as u64
    }

    fn each(&self) -> impl Iterator<Item = Frame<'_>> {
        (1..).zip(&self.0).map(|(number, frame)| frame.as_frame(number))
    }

    /// Takes link layer and IP header off all of them. Returns the bytes that they carry.
    pub fn decode(&self) -> usize {
        let mut decoder = Decoder::new(&Limits::WHOLE);
        self.each().filter_map(|frame| decoder.decode(&frame).map(|packet| packet.payload.len())).sum()
    }

    /// What IP carries in them, of connections over TCP.
    pub fn segments(&self) -> Segments {
        let mut decoder = Decoder::new(&Limits::WHOLE);
        let mut known = BTreeMap::new();
        let mut segments = Vec::new();
        for frame in self.each() {
            let Some(packet) = decoder.decode(&frame) else { continue };
            let Some(segment) = TcpSegment::parse(&packet) else { continue };
            let source = Endpoint::new(packet.source(), segment.source_port);
            let destination = Endpoint::new(packet.destination(), segment.destination_port);
            let direction = Direction::of(source, destination);
            let ends = (source.min(destination), source.max(destination));
            let next = known.len();
            let connection = *known.entry(ends).or_insert(next);
            let payload = packet.payload.to_vec();
            let head = Packet { payload: &[], ..packet };
            segments.push(Captured { connection, direction, packet: head, payload });
        }
        Segments { connections: known.len(), segments }
    }

    /// Runs the whole sensor over them, without rules, and returns its events.
    pub fn events(&self) -> Vec<Event> {
        let mut engine = Engine::new(Checksums::Accepted);
        let mut events = Vec::new();
        let mut keep = |event: Event| events.push(event);
        self.each().for_each(|frame| engine.push(&frame, &mut keep));
        engine.finish(&mut keep);
        events
    }
}

/// TCP segments of many connections, in the order of time.
pub struct Segments {
    connections: usize,
    segments: Vec<Captured>,
}

struct Captured {
    connection: usize,
    direction: Direction,
    /// Without its payload, which stands beside it.
    packet: Packet<'static>,
    payload: Vec<u8>,
}

impl Segments {
    /// How many there are.
    pub fn count(&self) -> u64 {
        self.segments.len() as u64
    }

    /// Reads their headers, puts all connections in order, and returns the bytes of their streams.
    pub fn reassemble(&self) -> usize {
        let mut memory = Memory::new(&Limits::WHOLE);
        let mut connections: Vec<Reassembler> = (0..self.connections).map(|_| Reassembler::new()).collect();
        let mut bytes = 0;
        let mut sink = |_, item: Item<'_>| {
            if let Item::Data { bytes: data, .. } = item {
                bytes += data.len();
            }
            0
        };
        for Captured { connection, direction, packet, payload } in &self.segments {
            let packet = Packet { payload, ..*packet };
            let at = At { time: packet.time, frame: packet.frame };
            if let Some(segment) = TcpSegment::parse(&packet) {
                connections[*connection].push(*direction, &segment, at, &mut memory, &mut sink);
            }
        }
        bytes
    }
}

/// An association of many calls over TCP.
pub struct Association(Conversation);

impl Association {
    /// A bind and `calls` calls, with stubs of some hundred bytes that no decoder knows.
    pub fn of(calls: u16) -> Self {
        let mut rng = Rng::new(1);
        let mut conversation = Conversation::new().bind(&[(Offer::ndr(0, SyntaxId::default()), Answer::NDR)]);
        for opnum in 0..calls {
            let (asked, answered) = (rng.between(20, 400), rng.between(4, 600));
            let call = Call::new(0, opnum % 60).stub(rng.bytes(asked)).returns(rng.bytes(answered));
            conversation = conversation.call(call);
        }
        Self(conversation)
    }

    /// How many PDUs there are.
    pub fn pdus(&self) -> u64 {
        self.0.steps().len() as u64
    }

    /// Reads all PDUs, each on its own. Returns the bytes of their stubs.
    pub fn parse(&self) -> usize {
        let stub = |step: &Step| {
            let pdu = Pdu::parse(&step.pdu).ok()?;
            match step.side {
                Side::Client => pdu.request().ok().map(|request| request.stub.len()),
                Side::Server => pdu.response().ok().map(|response| response.stub.len()),
            }
        };
        self.0.steps().iter().filter_map(stub).sum()
    }

    /// Frames and pairs all PDUs, as the stream of a connection. Returns the number of events.
    pub fn pair(&self) -> usize {
        let mut session = Session::new(Limits::WHOLE);
        let [client, server] = [[10, 0, 0, 5], [10, 0, 0, 9]].map(Address::v4);
        let flow = Flow::new(1, Endpoint::new(client, 50_000), Endpoint::new(server, 49_670));
        let mut connection = session.open(Protocol::Rpc, flow);
        let mut events = 0;
        for step in self.0.steps() {
            session.data(&mut connection, step.side, &step.pdu, At::default());
            events += session.events().drain(..).count();
        }
        session.finish(&mut connection, At::default());
        events + session.events().len()
    }
}

/// Writes events as EVE JSON. Returns the bytes of it.
pub fn write(events: &[Event], out: &mut Vec<u8>) -> usize {
    out.clear();
    let (context, mut memo) = (Context::default(), Memo::default());
    events.iter().for_each(|event| Format::Eve.event(event, &context, &mut memo, out));
    out.len()
}
