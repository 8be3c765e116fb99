//! A sensor under attack.

use crate::frames::{client, connection, open_flow, server};
use crate::process::{MARK, anonymous_kb, is_full};
use rpcscope_engine::{Checksums, SHARDS, Shard, shard_of};
use rpcscope_flow::Decoder;
use rpcscope_model::{
    Endpoint, Event, EventBody, Frame, FrameNumber, Limits, Opnum, Outcome, Sizes, Stats, Timestamp,
};
use rpcscope_rules::{Correlator, Loader, Placeholders, RuleSet, Told};
use rpcscope_suite::scenario::SVCCTL;
use rpcscope_testkit::conversation::{Answer, Call, Conversation};
use rpcscope_testkit::packets::{OwnedFrame, TcpFlow};
use rpcscope_testkit::pdu::Offer;
use rpcscope_testkit::transport::{Message, Smb1, Smb2, plain};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A flood, and what is to be made of it.
pub(crate) struct Attack {
    pub(crate) name: &'static str,
    /// How often the flood is stepped in full size.
    pub(crate) steps: u64,
    /// How much smaller an ordinary run is: fewer steps, and tables as much smaller.
    pub(crate) smaller: u64,
    /// Between whom planted calls are made: the shard that is flooded, when it is one.
    pub(crate) planted: (Endpoint, Endpoint),
    /// Most anonymous memory in full size, in megabytes.
    pub(crate) most_mb: u64,
}

impl Default for Attack {
    fn default() -> Self {
        Self {
            name: "",
            steps: 1_000_000,
            smaller: 64,
            planted: (client(0xff_0000), server(0xff_0001, 49_670)),
            most_mb: 600,
        }
    }
}

/// What came of it.
pub(crate) struct Outcomes {
    /// The counters at the end.
    pub(crate) stats: Stats,
    /// The fullest that the tables were seen.
    pub(crate) fullest: Sizes,
    /// Steps that were made.
    pub(crate) steps: u64,
    /// Calls of the flood by what became of them.
    pub(crate) calls: BTreeMap<Outcome, u64>,
    /// Alerts by the title of their rule, planted calls apart.
    pub(crate) alerts: BTreeMap<String, u64>,
    /// The limits of all shards together.
    pub(crate) limits: Limits,
}

impl Attack {
    /// Frames of two associations, one over TCP, one over a pipe: up to their bind_ack, and those of a call that follows.
    fn long_lived(&self) -> (Vec<OwnedFrame>, Vec<OwnedFrame>) {
        let conversation = planted_conversation();
        let tcp = plain(conversation.steps());
        let smb = Smb1::default().carry(&[("svcctl", conversation.steps())]);
        let parts = [(tcp, self.planted.1.port, 4), (smb, 445, 8)].into_iter().zip(LONG_LIVED_PORTS);
        let parts = parts.map(|((messages, server_port, last), port)| {
            let (client, server) = self.planted;
            let flow = open_flow(Endpoint { port, ..client }, Endpoint { port: server_port, ..server });
            let mut before = connection(&flow, &messages);
            let after = before.split_off(before.len() - last);
            (before, after)
        });
        let (before, after): (Vec<_>, Vec<_>) = parts.unzip();
        (before.concat(), after.concat())
    }

    /// Floods a sensor: `flood` adds the frames of a step. Fails when a planted call is missed or misnamed or does not
    /// alert, and when memory grows over its bound.
    pub(crate) fn run(&self, mut flood: impl FnMut(u64, &mut Vec<OwnedFrame>)) -> Outcomes {
        let smaller = if is_full() { 1 } else { self.smaller };
        let steps = self.steps / smaller;
        let before_kb = anonymous_kb();
        let mut sensor = Sensor::new(usize::try_from(smaller).expect("a small number"));
        let mut frames = Vec::new();
        let mut tenths = [Cost::default(); 10];
        let (mut peak_kb, mut fullest) = (0, Sizes::default());
        let mut planted = 0;
        let (before, after) = self.long_lived();
        before.iter().for_each(|frame| sensor.push(frame));
        for step in 0..steps {
            if step % (steps / PLANTED).max(1) == 0 {
                sensor.plant(self.planted, planted);
                planted += 1;
            }
            flood(step, &mut frames);
            if frames.len() >= TIMED_FRAMES || step + 1 == steps {
                let tenth = usize::try_from(step * 10 / steps).expect("below ten");
                tenths[tenth].add(&mut sensor, &frames);
                frames.clear();
            }
            if step % (steps / 64).max(1) == 0 || step + 1 == steps {
                peak_kb = peak_kb.max(anonymous_kb());
                fullest = most(&fullest, &sensor.sizes());
            }
        }
        sensor.settle();
        sensor.plant(self.planted, planted);
        sensor.settle();
        after.iter().for_each(|frame| sensor.push(frame));
        sensor.finish();
        peak_kb = peak_kb.max(anonymous_kb());
        let used_mb = peak_kb.saturating_sub(before_kb) / 1024;
        let Sensor { frames, calls, alerts, planted_calls, planted_alerts, long_lived, .. } = &sensor;
        let named = long_lived.values().filter(|is_named| **is_named).count();
        println!(
            "\n{MARK}{:<44} {steps:>8} steps {frames:>9} frames {:>6} ns {:>6} ns {used_mb:>5} MB  {named} of 2 known",
            self.name, tenths[0], tenths[9]
        );
        let ports: Vec<u16> = (0..=planted).map(planted_port).collect();
        assert_eq!(planted_calls, &ports, "planted calls that were told, by port");
        assert_eq!(planted_alerts, &ports, "planted calls that alerted, by port");
        assert_eq!(
            long_lived.keys().copied().collect::<Vec<_>>(),
            LONG_LIVED_PORTS,
            "calls on old connections"
        );
        // A smaller sensor is given as much less, and what a process needs anyway.
        let most_mb = self.most_mb / smaller + ANYWAY_MB;
        assert!(used_mb <= most_mb, "{used_mb} MB of anonymous memory, want at most {most_mb}");
        let (stats, limits) = (sensor.stats(), sensor.limits);
        Outcomes { stats, fullest, steps, calls: calls.clone(), alerts: alerts.clone(), limits }
    }
}

/// A whole sensor with rules, and what it said.
struct Sensor {
    decoder: Decoder,
    shards: Vec<Shard>,
    limits: Limits,
    rules: Arc<RuleSet>,
    correlator: Correlator,
    frames: u64,
    /// Frames of planted calls that are to come between those of the flood.
    waiting: VecDeque<OwnedFrame>,
    calls: BTreeMap<Outcome, u64>,
    alerts: BTreeMap<String, u64>,
    planted_calls: Vec<u16>,
    planted_alerts: Vec<u16>,
    /// Ports of calls on connections from before the flood, and whether their interface was known.
    long_lived: BTreeMap<u16, bool>,
}

impl Sensor {
    fn new(smaller: usize) -> Self {
        let shard_limits = Limits::shared_by(SHARDS * smaller);
        let mut loader = Loader::new(Placeholders::new());
        loader.add("attacks.yml", RULES);
        let (rules, findings) = loader.finish();
        assert!(findings.is_empty(), "{findings:?}");
        let rules = Arc::new(rules);
        let shard = || Shard::new(shard_limits, Checksums::Accepted).with_rules(Arc::clone(&rules));
        Self {
            decoder: Decoder::new(&Limits::WHOLE),
            shards: (0..SHARDS).map(|_| shard()).collect(),
            limits: Limits::shared_by(smaller),
            correlator: Correlator::new(Arc::clone(&rules)),
            rules,
            frames: 0,
            waiting: VecDeque::new(),
            calls: BTreeMap::new(),
            alerts: BTreeMap::new(),
            planted_calls: Vec::new(),
            planted_alerts: Vec::new(),
            long_lived: BTreeMap::new(),
        }
    }

    /// Makes a call come between the next frames: that of a service, over TCP and over a pipe in turns.
    fn plant(&mut self, (client, server): (Endpoint, Endpoint), number: u16) {
        self.settle();
        let conversation = planted_conversation();
        let (messages, port): (Vec<Message>, u16) = if number.is_multiple_of(2) {
            (plain(conversation.steps()), server.port)
        } else {
            let seed = u64::from(number) + 77;
            (Smb2 { seed, ..Smb2::default() }.carry(&[("svcctl", conversation.steps())]), 445)
        };
        let client = Endpoint { port: planted_port(number), ..client };
        let flow = TcpFlow { acknowledge: true, ..open_flow(client, Endpoint { port, ..server }) };
        self.waiting.extend(connection(&flow, &messages));
    }

    /// Takes a frame of the flood.
    fn frame(&mut self, frame: &OwnedFrame) {
        self.push(frame);
        if self.frames.is_multiple_of(APART)
            && let Some(planted) = self.waiting.pop_front()
        {
            self.push(&planted);
        }
    }

    /// Takes what is left of planted calls.
    fn settle(&mut self) {
        while let Some(planted) = self.waiting.pop_front() {
            self.push(&planted);
        }
    }

    fn push(&mut self, frame: &OwnedFrame) {
        self.frames += 1;
        // A million frames a second.
        let elapsed_ns = i64::try_from(self.frames * 1000).expect("some hours");
        let time = Timestamp(START.0 + elapsed_ns);
        let frame = Frame { number: FrameNumber(self.frames), time, ..frame.as_frame(0) };
        let Some(packet) = self.decoder.decode(&frame) else { return };
        let at = shard_of(&packet);
        self.shards[at].packet(&packet);
        self.listen(at);
    }

    fn listen(&mut self, at: usize) {
        let Self {
            shards, rules, correlator, calls, alerts, planted_calls, planted_alerts, long_lived, ..
        } = self;
        shards[at].tell(&mut |event, hits| {
            let port = event.header.client.port;
            let is_planted = port >= PLANTED_PORT && !LONG_LIVED_PORTS.contains(&port);
            if let EventBody::Call(call) = &event.body
                && event.header.phase == rpcscope_model::Phase::Settled
            {
                let interface = call.interface.map(|interface| interface.syntax);
                if LONG_LIVED_PORTS.contains(&port) {
                    // Its bind may be forgotten. Then it is unknown, never another one.
                    assert!(interface.is_none_or(|syntax| syntax == SVCCTL), "{call:?}");
                    assert_eq!((call.opnum, call.outcome), (Some(Opnum(12)), Outcome::Replied));
                    long_lived.insert(port, interface.is_some());
                } else if is_planted {
                    assert_eq!(
                        (interface, call.opnum, call.outcome),
                        (Some(SVCCTL), Some(Opnum(12)), Outcome::Replied)
                    );
                    planted_calls.push(port);
                } else {
                    *calls.entry(call.outcome).or_default() += 1;
                }
            }
            if hits.is_empty() {
                return;
            }
            let event: Arc<Event> = Arc::new(event);
            let mut told: Vec<Told> = Vec::new();
            for hit in hits {
                let own = rules.alert(*hit, &event);
                told.extend(own.map(|alert| Told { position: *hit, alert }));
                correlator.hit(*hit, &event, &mut told);
            }
            for Told { alert, .. } in told {
                match (&*alert.rule.title, is_planted) {
                    ("planted", true) => planted_alerts.push(port),
                    (title, _) => *alerts.entry(title.to_owned()).or_default() += 1,
                }
            }
        });
    }

    fn finish(&mut self) {
        self.decoder.finish();
        for at in 0..self.shards.len() {
            self.shards[at].finish();
            self.listen(at);
        }
    }

    fn stats(&self) -> Stats {
        let mut stats = *self.decoder.stats();
        self.shards.iter().for_each(|shard| stats.add(&shard.stats()));
        stats.correlation_groups_evicted += self.correlator.groups_evicted();
        stats
    }

    fn sizes(&self) -> Sizes {
        let mut sizes = Sizes::default();
        self.shards.iter().for_each(|shard| sizes.add(&shard.sizes()));
        sizes
    }
}

/// What frames cost.
#[derive(Clone, Copy, Default)]
struct Cost {
    frames: u32,
    took: Duration,
}

impl Cost {
    fn add(&mut self, sensor: &mut Sensor, frames: &[OwnedFrame]) {
        let start = Instant::now();
        frames.iter().for_each(|frame| sensor.frame(frame));
        self.took += start.elapsed();
        self.frames += u32::try_from(frames.len()).expect("some thousand frames");
    }
}

impl std::fmt::Display for Cost {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(&self.took.checked_div(self.frames).unwrap_or_default().as_nanos().to_string())
    }
}

fn most(one: &Sizes, other: &Sizes) -> Sizes {
    Sizes {
        flows: one.flows.max(other.flows),
        reassembly_bytes: one.reassembly_bytes.max(other.reassembly_bytes),
        smb_sessions: one.smb_sessions.max(other.smb_sessions),
        pipes: one.pipes.max(other.pipes),
        activities: one.activities.max(other.activities),
        open_calls: one.open_calls.max(other.open_calls),
        held_bytes: one.held_bytes.max(other.held_bytes),
        objects: one.objects.max(other.objects),
        exporters: one.exporters.max(other.exporters),
    }
}

fn planted_conversation() -> Conversation {
    Conversation::new()
        .bind(&[(Offer::ndr(0, SVCCTL), Answer::NDR)])
        .call(Call::new(0, 12).stub([0; 3000]).returns([0; 24]))
}

fn planted_port(number: u16) -> u16 {
    PLANTED_PORT + number
}

/// Ports of clients from here on are those of planted calls.
const PLANTED_PORT: u16 = 60_000;
/// Those of two associations that are older than the flood.
const LONG_LIVED_PORTS: [u16; 2] = [65_000, 65_001];
/// Calls that are planted during a flood; one more comes after it.
const PLANTED: u64 = 16;
/// Frames of the flood between two of a planted call.
const APART: u64 = 20;
/// Frames that are timed together.
const TIMED_FRAMES: usize = 512;
/// Memory that a process needs for code, rules and the frames of the flood, in megabytes.
const ANYWAY_MB: u64 = 40;
/// 2026-01-02 03:04:05 UTC.
const START: Timestamp = Timestamp::from_parts(1_767_323_045, 0);

/// One rule for planted calls, one for those of the flood, and a correlation that counts over all hosts.
const RULES: &str = "
title: planted
logsource: {product: rpcscope, service: call}
detection: {s: {interface: svcctl, opnum: 12}, condition: s}
---
title: flooded
name: flooded
logsource: {product: rpcscope, service: call}
detection: {s: {interface: samr, opnum: 7}, condition: s}
---
title: many
correlation: {type: value_count, rules: [flooded], group-by: [client_ip], timespan: 1h, condition: {field: server_ip, gte: 3}, generate: true}
";
