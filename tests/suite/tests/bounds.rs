//! Hostile floods: every table stays within its limit, what is forgotten is counted, and its calls are reported before.

use rpcscope_engine::{Checksums, Shard};
use rpcscope_flow::Decoder;
use rpcscope_model::{
    Address, AnomalyKind, AuthLevel, Endpoint, EventBody, FrameNumber, Limits, Outcome, Stats,
};
use rpcscope_suite::scenario::{SAMR, SVCCTL, UNKNOWN};
use rpcscope_testkit::conversation::{Activity, Answer, Call, Conversation};
use rpcscope_testkit::packets::{Framing, OwnedFrame, Segment, TcpEnd, TcpFlow, TcpStart, UdpFlow};
use rpcscope_testkit::pdu::{Connectionless, Format, Offer, Request, Verifier, flags};
use rpcscope_testkit::transport::{HttpV2, Message, Smb1, Smb2, SmbStart, plain};
use std::collections::BTreeMap;
use uuid::Uuid;

/// One shard with its decoder, and what it said.
struct Sensor {
    decoder: Decoder,
    shard: Shard,
    frames: u64,
    calls: BTreeMap<Outcome, u64>,
    anomalies: BTreeMap<AnomalyKind, u64>,
}

impl Sensor {
    fn new(limits: Limits) -> Self {
        Self {
            decoder: Decoder::new(&limits),
            shard: Shard::new(limits, Checksums::Accepted),
            frames: 0,
            calls: BTreeMap::new(),
            anomalies: BTreeMap::new(),
        }
    }

    fn frames(&mut self, frames: &[OwnedFrame]) {
        for frame in frames {
            self.frames += 1;
            if let Some(packet) = self.decoder.decode(&frame.as_frame(self.frames)) {
                self.shard.packet(&packet);
            }
            self.listen();
        }
    }

    fn segments(&mut self, segments: &[Segment]) {
        self.frames(&Framing::default().segments(segments));
    }

    fn connection(&mut self, flow: &TcpFlow, messages: &[Message]) {
        self.segments(&flow.segments(messages));
    }

    /// Reads on to the end, and gives the counters.
    fn finish(&mut self) -> Stats {
        self.decoder.finish();
        self.shard.finish();
        self.listen();
        assert_memory_is_bounded();
        let mut stats = *self.decoder.stats();
        stats.add(&self.shard.stats());
        stats
    }

    fn listen(&mut self) {
        for event in self.shard.events().drain(..) {
            assert!(event.header.frame <= FrameNumber(self.frames));
            match event.body {
                EventBody::Call(call) => *self.calls.entry(call.outcome).or_default() += 1,
                EventBody::Anomaly(anomaly) => *self.anomalies.entry(anomaly.kind).or_default() += 1,
                EventBody::Bind(_)
                | EventBody::Authentication(_)
                | EventBody::Activation(_)
                | EventBody::Wmi(_)
                | EventBody::EndpointMap(_)
                | EventBody::SmbMapping(_)
                | EventBody::Pipe(_)
                | EventBody::SmbFile(_) => {}
            }
        }
    }

    fn all_calls(&self) -> u64 {
        self.calls.values().sum()
    }
}

/// All floods together, in one process, hold no more than this.
const MOST_ANONYMOUS_KB: u64 = 100_000;

/// Fails when the process has taken more memory than a bounded sensor needs. Only Linux tells.
fn assert_memory_is_bounded() {
    let Ok(status) = std::fs::read_to_string("/proc/self/status") else { return };
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:"));
    let used: Option<u64> = line.and_then(|rest| rest.trim().trim_end_matches(" kB").parse().ok());
    if let Some(used) = used {
        assert!(used < MOST_ANONYMOUS_KB, "{used} kB of anonymous memory");
    }
}

/// Client `number` of many.
fn client(number: u32) -> Endpoint {
    let [_, b, c, d] = number.to_be_bytes();
    Endpoint::new(Address::v4([10, b, c, d]), 50_000)
}

/// Server `number` of many.
fn server(number: u32, port: u16) -> Endpoint {
    let [_, b, c, d] = number.to_be_bytes();
    Endpoint::new(Address::v4([11, b, c, d]), port)
}

fn bound() -> Conversation {
    Conversation::new().bind(&[(Offer::ndr(0, SAMR), Answer::NDR)])
}

fn never_closed(port: u16) -> TcpFlow {
    TcpFlow { end: TcpEnd::Open, ..TcpFlow::to_port(port) }
}

#[test]
fn a_flood_of_connections_forgets_the_oldest_and_reports_their_calls() {
    const FLOWS: u32 = 3000;
    let limits = Limits { flows: 50, ..Limits::default() };
    let mut sensor = Sensor::new(limits);
    let messages = plain(bound().call(Call::new(0, 5).stub([1; 300]).unanswered()).steps());
    for number in 0..FLOWS {
        sensor.connection(&TcpFlow { client: client(number), ..never_closed(135) }, &messages);
    }
    let stats = sensor.finish();
    assert_eq!(stats.flows, u64::from(FLOWS));
    assert_eq!(stats.flows_evicted, u64::from(FLOWS) - 50);
    assert_eq!(sensor.calls, BTreeMap::from([(Outcome::Unanswered, u64::from(FLOWS))]));
}

#[test]
fn a_flood_of_connections_of_no_interest_forgets_the_oldest() {
    const FLOWS: u32 = 20_000;
    let limits = Limits { flows: 50, ..Limits::default() };
    let mut sensor = Sensor::new(limits);
    let syn = TcpFlow::default().segments(&[Message::new(rpcscope_model::Side::Client, vec![b'x'; 40])]);
    for number in 0..FLOWS {
        let flood = syn.iter().take(4).cloned().map(|segment| match segment.side {
            rpcscope_model::Side::Client => Segment { source: client(number), ..segment },
            rpcscope_model::Side::Server => Segment { destination: client(number), ..segment },
        });
        sensor.segments(&flood.collect::<Vec<_>>());
    }
    let stats = sensor.finish();
    assert_eq!((stats.flows_evicted, stats.flows_followed), (u64::from(FLOWS) - 50, 0));
}

#[test]
fn a_client_that_gets_no_answers_has_its_oldest_calls_reported_and_forgotten() {
    const CALLS: u16 = 5000;
    let limits = Limits { open_calls: 40, ..Limits::default() };
    let mut sensor = Sensor::new(limits);
    let conversation =
        (0..CALLS).fold(bound(), |all, opnum| all.call(Call::new(0, opnum).stub([1; 60]).unanswered()));
    sensor.connection(&TcpFlow::default(), &plain(conversation.steps()));
    let stats = sensor.finish();
    assert_eq!(stats.calls_evicted, u64::from(CALLS) - 40);
    assert_eq!(sensor.all_calls(), u64::from(CALLS));
    let told = sensor.anomalies[&AnomalyKind::CallsEvicted];
    assert_eq!(told, u64::from(Limits::default().anomalies_per_flow), "each flow says so only a few times");
    assert_eq!(stats.anomalies, stats.anomalies_not_reported + told);
}

#[test]
fn calls_of_others_wait_for_their_reply_when_a_few_connections_hold_all_open_calls() {
    let limits = Limits { open_calls_in_all: 40, ..Limits::default() };
    let mut sensor = Sensor::new(limits);
    let hoarder = (0..100).fold(bound(), |all, opnum| all.call(Call::new(0, opnum).unanswered()));
    sensor.connection(&TcpFlow { client: client(1), ..never_closed(135) }, &plain(hoarder.steps()));
    let other = bound().call(Call::new(0, 5).returns([1; 8])).call(Call::new(0, 6).returns([1; 8]));
    sensor.connection(&TcpFlow { client: client(2), ..never_closed(135) }, &plain(other.steps()));
    let stats = sensor.finish();
    assert_eq!(sensor.calls, BTreeMap::from([(Outcome::Replied, 2), (Outcome::Unanswered, 100)]));
    assert_eq!(stats.calls_evicted, 60);
}

#[test]
fn connections_with_calls_have_a_limit_of_their_own() {
    const FLOWS: u32 = 400;
    let limits = Limits { followed_flows: 20, ..Limits::default() };
    let mut sensor = Sensor::new(limits);
    let messages = plain(bound().call(Call::new(0, 5).unanswered()).steps());
    let nothing = [Message::new(rpcscope_model::Side::Client, b"GET / HTTP/1.1\r\n".to_vec())];
    for number in 0..FLOWS {
        sensor.connection(&TcpFlow { client: client(number), ..never_closed(135) }, &messages);
        sensor.connection(&TcpFlow { client: client(number), ..never_closed(8080) }, &nothing);
    }
    assert_eq!(sensor.shard.sizes().flows, u64::from(2 * FLOWS), "the others stay");
    assert_eq!(sensor.calls, BTreeMap::from([(Outcome::Unanswered, u64::from(FLOWS) - 20)]));
    // A connection that was forgotten is followed again, and its calls are told.
    let again = TcpFlow { client: client(0), start: TcpStart::MidStream, ..never_closed(135) };
    let later = Conversation::new().next_call_id(9).call(Call::new(0, 5).returns([1; 8]));
    sensor.connection(&again, &plain(later.steps()));
    let stats = sensor.finish();
    assert_eq!(sensor.calls.get(&Outcome::Replied), Some(&1));
    assert_eq!((stats.flows, stats.flows_evicted), (u64::from(2 * FLOWS), u64::from(FLOWS) - 20 + 1));
}

#[test]
fn presentation_contexts_of_all_associations_have_a_limit() {
    let limits = Limits { contexts_in_all: 40, ..Limits::default() };
    let offers = |count: u16| (0..count).map(|id| (Offer::ndr(id, SAMR), Answer::NDR)).collect::<Vec<_>>();
    let mut sensor = Sensor::new(limits);
    for number in 0..20 {
        let conversation = Conversation::new().bind(&offers(10)).call(Call::new(9, 5));
        sensor.connection(
            &TcpFlow { client: client(number), ..never_closed(135) },
            &plain(conversation.steps()),
        );
    }
    // Whoever needs few is understood all the same.
    let few = Conversation::new().bind(&offers(4)).call(Call::new(0, 5)).call(Call::new(3, 5));
    sensor.connection(&TcpFlow { client: client(99), ..never_closed(135) }, &plain(few.steps()));
    let stats = sensor.finish();
    assert_eq!(sensor.calls, BTreeMap::from([(Outcome::Replied, 22)]));
    assert_eq!(sensor.anomalies.get(&AnomalyKind::ContextUnknown), None);
    assert!(stats.contexts_evicted > 0);
    assert_eq!(stats.binds, 21);
}

#[test]
fn a_pipe_that_was_forgotten_is_followed_again_when_data_comes() {
    let limits = Limits { pipes_in_all: 5, ..Limits::default() };
    let mut sensor = Sensor::new(limits);
    let call = bound().call(Call::new(0, 5).returns([1; 8]));
    let first = TcpFlow { client: client(1), server: server(1, 445), ..never_closed(445) };
    let segments = first.segments(&Smb1::default().carry(&[("samr", call.steps())]));
    // The call: its write, its read, and the close, with what answers each, acknowledged.
    let (before, after) = segments.split_at(segments.len() - 12);
    sensor.segments(before);
    for number in 2..22 {
        let flow = TcpFlow { client: client(number), server: server(number, 445), ..never_closed(445) };
        let messages = Smb1::default().carry(&[("samr", bound().steps())]);
        sensor.connection(&flow, &messages[..messages.len() - 2]);
    }
    sensor.segments(after);
    let stats = sensor.finish();
    assert_eq!(sensor.calls, BTreeMap::from([(Outcome::Replied, 1)]));
    assert!(stats.pipes_evicted > 0);
}

#[test]
fn pipes_that_are_never_closed_are_forgotten_and_their_calls_reported() {
    const PIPES: u64 = 400;
    /// The command in an SMB2 header behind the four bytes of the session service.
    const CLOSE: (usize, u8) = (4 + 12, 6);
    let limits = Limits { pipes: 10, ..Limits::default() };
    let conversation = bound().call(Call::new(0, 5).unanswered());
    let mut messages = Smb2::default().carry(&[]);
    for seed in 1..=PIPES {
        let smb = Smb2 { seed, start: SmbStart::Create, ..Smb2::default() };
        let opened = smb.carry(&[("samr", conversation.steps())]);
        messages.extend(opened.into_iter().filter(|message| message.bytes.get(CLOSE.0) != Some(&CLOSE.1)));
    }
    let mut sensor = Sensor::new(limits);
    sensor.connection(&never_closed(445), &messages);
    let stats = sensor.finish();
    assert_eq!((stats.pipes, stats.pipes_evicted), (PIPES, PIPES - 10));
    assert_eq!(sensor.all_calls(), PIPES);
}

#[test]
fn smb_sessions_without_end_are_forgotten_and_their_calls_reported() {
    const SESSIONS: u32 = 600;
    let conversation = bound().call(Call::new(0, 5).unanswered());
    // Sessions of version 1 end with their connection; those of version 2 may go on over others.
    let one = Smb1::default().carry(&[("samr", conversation.steps())]);
    let two = Smb2::default().carry(&[("samr", conversation.steps())]);
    let few_flows = Limits { flows: 12, ..Limits::default() };
    let few_sessions = Limits { smb_sessions: 12, ..Limits::default() };
    for (messages, limits) in [(&one, few_flows), (&two, few_flows), (&two, few_sessions)] {
        let mut sensor = Sensor::new(limits);
        let open = &messages[..messages.len() - 2];
        for number in 0..SESSIONS {
            let flow = TcpFlow { client: client(number), server: server(number, 445), ..never_closed(445) };
            sensor.connection(&flow, open);
        }
        let stats = sensor.finish();
        assert_eq!(
            stats.flows_evicted.max(stats.smb_sessions_evicted),
            u64::from(SESSIONS) - 12,
            "{stats:?}"
        );
        assert_eq!(sensor.all_calls(), u64::from(SESSIONS));
    }
}

#[test]
fn smb_requests_without_answers_do_not_pile_up() {
    let limits = Limits { smb_requests: 16, ..Limits::default() };
    let conversation = (0..2000).fold(bound(), |all, opnum| all.call(Call::new(0, opnum).stub([1; 50])));
    let mut sensor = Sensor::new(limits);
    for messages in [
        Smb1::default().carry(&[("samr", conversation.steps())]),
        Smb2::default().carry(&[("samr", conversation.steps())]),
    ] {
        let requests: Vec<Message> =
            messages.into_iter().filter(|message| message.side == rpcscope_model::Side::Client).collect();
        let flow = TcpFlow { acknowledge: false, ..never_closed(445) };
        sensor.connection(&TcpFlow { client: client(u32::from(requests[0].bytes[5])), ..flow }, &requests);
    }
    let stats = sensor.finish();
    assert!(stats.smb_messages > 4000, "{stats:?}");
}

#[test]
fn a_call_of_endless_fragments_is_one_call_and_costs_no_memory() {
    const FRAGMENTS: u32 = 30_000;
    let limits = Limits { fragments: 100, ..Limits::default() };
    let mut sensor = Sensor::new(limits);
    let mut steps = bound().steps().to_vec();
    let first = Request { pfc_flags: 0, ..Request::new(9, 0, 5, [7; 64]) }.fragments(Format::LITTLE, 40);
    let [begin, ..] = first.as_slice() else { panic!("two fragments") };
    let mut middle = begin.clone();
    middle[3] &= !(flags::FIRST | flags::LAST);
    let client = |pdu| rpcscope_testkit::conversation::Step { side: rpcscope_model::Side::Client, pdu };
    steps.push(client(begin.clone()));
    steps.extend((0..FRAGMENTS).map(|_| client(middle.clone())));
    sensor.connection(&never_closed(135), &plain(&steps));
    sensor.finish();
    assert_eq!(sensor.calls, BTreeMap::from([(Outcome::Unanswered, 1)]));
    assert_eq!(sensor.anomalies.get(&AnomalyKind::FragmentsTooMany), Some(&1));
}

#[test]
fn presentation_contexts_without_end_are_forgotten() {
    const CONTEXTS: u16 = 3000;
    let limits = Limits { contexts: 30, ..Limits::default() };
    let conversation = (0..CONTEXTS).fold(Conversation::new(), |all, id| {
        if id == 0 {
            all.bind(&[(Offer::ndr(id, SVCCTL), Answer::NDR)])
        } else {
            all.alter_context(&[(Offer::ndr(id, UNKNOWN), Answer::NDR)])
        }
    });
    let conversation = conversation.call(Call::new(CONTEXTS - 1, 1)).call(Call::new(0, 1));
    let mut sensor = Sensor::new(limits);
    sensor.connection(&TcpFlow::default(), &plain(conversation.steps()));
    let stats = sensor.finish();
    assert!(sensor.anomalies.contains_key(&AnomalyKind::ContextsEvicted));
    assert_eq!(sensor.anomalies.get(&AnomalyKind::ContextUnknown), Some(&1), "the first was forgotten");
    assert_eq!(stats.anomalies, u64::from(CONTEXTS) - 30 + 1);
}

#[test]
fn security_contexts_without_end_do_not_pile_up() {
    let limits = Limits { security_contexts: 8, ..Limits::default() };
    let conversation = (0..3000).fold(bound(), |all, id| {
        let verifier = Verifier::ntlm(AuthLevel::PKT_PRIVACY, id, [3; 16]);
        all.security(Some(verifier)).call(Call::new(0, 5).returns([1; 4]))
    });
    let mut sensor = Sensor::new(limits);
    sensor.connection(&TcpFlow::default(), &plain(conversation.steps()));
    sensor.finish();
    assert_eq!(sensor.calls, BTreeMap::from([(Outcome::Replied, 3000)]));
}

#[test]
fn virtual_connections_of_http_without_end_are_forgotten_and_their_calls_reported() {
    const CONNECTIONS: u32 = 500;
    let limits = Limits { http_connections: 10, ..Limits::default() };
    let conversation = bound().call(Call::new(0, 5).unanswered());
    let mut sensor = Sensor::new(limits);
    for number in 0..CONNECTIONS {
        let messages = HttpV2 { seed: number.into(), ..HttpV2::default() }.carry(conversation.steps());
        sensor.connection(&TcpFlow { client: client(number), ..never_closed(80) }, &messages);
    }
    sensor.finish();
    assert_eq!(sensor.calls, BTreeMap::from([(Outcome::Unanswered, u64::from(CONNECTIONS))]));
}

#[test]
fn activities_without_end_are_forgotten_and_their_calls_reported() {
    const ACTIVITIES: u32 = 5000;
    let limits = Limits { activities: 50, ..Limits::default() };
    let mut sensor = Sensor::new(limits);
    for number in 0..ACTIVITIES {
        let activity = Activity::new(Uuid::from_u128(number.into()), SAMR).call(Call::new(0, 1).unanswered());
        let datagrams = UdpFlow::default().datagrams(&plain(activity.steps()));
        sensor.frames(&Framing::default().datagrams(&datagrams));
    }
    let stats = sensor.finish();
    assert_eq!(stats.activities_evicted, u64::from(ACTIVITIES) - 50);
    assert_eq!(sensor.calls, BTreeMap::from([(Outcome::Unanswered, u64::from(ACTIVITIES))]));
}

#[test]
fn datagrams_whose_fragments_never_end_are_dropped() {
    const DATAGRAMS: u32 = 3000;
    let limits = Limits { ip_datagrams: 20, ..Limits::default() };
    let mut sensor = Sensor::new(limits);
    let request = Connectionless::request(SAMR, Uuid::from_u128(1), 0, 1, vec![5; 1200]);
    let pdu = Message::new(rpcscope_model::Side::Client, request.encode(Format::LITTLE));
    let framing = Framing { fragment_bytes: Some(512), ..Framing::default() };
    for number in 0..DATAGRAMS {
        let flow = UdpFlow { client: client(number), ..UdpFlow::default() };
        let frames = framing.datagrams(&flow.datagrams(std::slice::from_ref(&pdu)));
        sensor.frames(&frames[..frames.len() - 1]);
    }
    let stats = sensor.finish();
    assert_eq!(stats.datagrams_dropped, u64::from(DATAGRAMS));
    assert_eq!(stats.datagrams_reassembled, 0);
}

#[test]
fn segments_behind_a_hole_are_held_only_up_to_the_limit() {
    let limits = Limits {
        reassembly_bytes: 1 << 20,
        reassembly_bytes_per_stream: 1 << 18,
        flows: 1000,
        ..Limits::default()
    };
    let mut sensor = Sensor::new(limits);
    let calls = (0..200).fold(bound(), |all, _| all.call(Call::new(0, 5).stub(vec![9; 5000]).unanswered()));
    for number in 0..60 {
        let flow = TcpFlow { client: client(number), acknowledge: false, ..never_closed(135) };
        let segments = flow.segments(&plain(calls.steps()));
        // Past handshake, bind and bind_ack: the first segment of the first request never comes.
        let hole = segments.iter().rposition(|segment| segment.side == rpcscope_model::Side::Server);
        let hole = hole.expect("a bind_ack") + 1;
        sensor.segments(&segments[..hole]);
        sensor.segments(&segments[hole + 1..]);
    }
    let stats = sensor.finish();
    assert_eq!(stats.tcp_gaps, 60);
    // The first call of each lost its header.
    assert_eq!(sensor.all_calls(), 60 * 199);
}
