//! A clock that is set back or forth while frames are captured. Times come from the system's clock as they are.

use rpcscope_engine::{Checksums, Shard};
use rpcscope_flow::Decoder;
use rpcscope_model::{Address, Endpoint, EventBody, Limits, Outcome, Phase, Timestamp};
use rpcscope_rules::{Loader, Placeholders};
use rpcscope_suite::scenario::SVCCTL;
use rpcscope_testkit::conversation::{Answer, Call, Conversation};
use rpcscope_testkit::packets::{Framing, OwnedFrame, TcpEnd, TcpFlow};
use rpcscope_testkit::pdu::Offer;
use rpcscope_testkit::transport::plain;
use std::sync::Arc;

/// A shard with a rule, and what it said.
struct Sensor {
    decoder: Decoder,
    shard: Shard,
    frames: u64,
    outcomes: Vec<Outcome>,
    alerts: usize,
}

impl Sensor {
    fn new(limits: Limits) -> Self {
        let rule = "title: T\nlogsource: {product: rpcscope, service: call}\ndetection: {s: {opnum: 12}, condition: s}\n";
        let mut loader = Loader::new(Placeholders::new());
        loader.add("rule.yml", rule);
        let (rules, findings) = loader.finish();
        assert!(findings.is_empty(), "{findings:?}");
        Self {
            decoder: Decoder::new(&limits),
            shard: Shard::new(limits, Checksums::Accepted).with_rules(Arc::new(rules)),
            frames: 0,
            outcomes: Vec::new(),
            alerts: 0,
        }
    }

    /// Takes frames, all of one moment.
    fn frames(&mut self, frames: &[OwnedFrame], seconds: i64) {
        for frame in frames {
            self.frames += 1;
            let frame = OwnedFrame { time: Timestamp::from_parts(seconds, 0), ..frame.clone() };
            if let Some(packet) = self.decoder.decode(&frame.as_frame(self.frames)) {
                self.shard.packet(&packet);
            }
            let Self { shard, outcomes, alerts, .. } = self;
            shard.tell(&mut |event, hits| {
                *alerts += hits.len();
                if let (EventBody::Call(call), Phase::Settled) = (&event.body, event.header.phase) {
                    outcomes.push(call.outcome);
                }
            });
        }
    }
}

impl Sensor {
    /// Takes the same call again and again, so that the hand of the table comes round.
    fn goes_on(&mut self, number: u8, seconds: i64) {
        (0..20).for_each(|_| self.frames(&call(number), seconds));
    }
}

/// The frames of a connection with one call; the last one is the reply.
fn call(number: u8) -> Vec<OwnedFrame> {
    let conversation = Conversation::new()
        .bind(&[(Offer::ndr(0, SVCCTL), Answer::NDR)])
        .call(Call::new(0, 12).stub([0; 40]).returns([0; 8]));
    let client = Endpoint::new(Address::v4([10, 0, 1, number]), 50_000);
    let server = Endpoint::new(Address::v4([10, 0, 2, 1]), 49_670);
    let flow = TcpFlow { end: TcpEnd::Open, acknowledge: false, ..TcpFlow::between(client, server) };
    Framing::default().segments(&flow.segments(&plain(conversation.steps())))
}

/// 2026-01-02 03:04:05 UTC.
const NOW: i64 = 1_767_323_045;
const HOUR: i64 = 3600;

#[test]
fn calls_are_paired_and_alert_over_every_jump() {
    let mut sensor = Sensor::new(Limits::WHOLE);
    for (number, to) in (0..).zip([NOW - 5 * HOUR, NOW + 5 * HOUR, 0, -HOUR, i64::from(u32::MAX), NOW]) {
        let frames = call(number);
        let (asked, answered) = frames.split_at(frames.len() - 1);
        sensor.frames(asked, NOW);
        sensor.frames(answered, to);
    }
    assert_eq!((sensor.outcomes, sensor.alerts), (vec![Outcome::Replied; 6], 6));
}

#[test]
fn connections_from_before_the_clock_was_set_back_are_forgotten_in_time() {
    let mut sensor = Sensor::new(Limits::WHOLE);
    let frames = call(1);
    sensor.frames(&frames[..frames.len() - 1], NOW);
    // Ten hours back. The hand passes it, and it is idle from then on.
    let back = NOW - 10 * HOUR;
    sensor.goes_on(2, back);
    sensor.goes_on(3, back + HOUR / 2);
    assert_eq!(sensor.shard.sizes().flows, 3);
    assert_eq!(sensor.outcomes.iter().filter(|outcome| **outcome == Outcome::Unanswered).count(), 0);
    sensor.goes_on(4, back + HOUR + 60);
    assert_eq!(sensor.outcomes.iter().filter(|outcome| **outcome == Outcome::Unanswered).count(), 1);
}
