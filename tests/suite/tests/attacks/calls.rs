//! Floods of calls, and of what a call is made of.

use crate::frames::{Line, bound, client, connection, open_flow, server};
use crate::process::alone;
use crate::sensor::Attack;
use rpcscope_model::{Endpoint, Outcome, Side};
use rpcscope_suite::scenario::UNKNOWN;
use rpcscope_testkit::conversation::Call;
use rpcscope_testkit::packets::OwnedFrame;
use rpcscope_testkit::pdu::{Bind, BindAck, ContextResult, Format, Offer, Request, flags};
use rpcscope_testkit::transport::plain;

/// One pair of hosts, whose shard is attacked and has to tell planted calls, too.
fn pair() -> (Endpoint, Endpoint) {
    (client(1), server(1, 49_670))
}

/// A line on which accounts were bound.
fn bound_line(client: Endpoint, server: Endpoint, frames: &mut Vec<OwnedFrame>) -> Line {
    let mut line = Line::new(client, server);
    frames.extend(bound().steps().iter().map(|step| line.send(step.side, &step.pdu)));
    line
}

#[test]
fn calls_that_nobody_answers_are_told_and_forgotten() {
    alone("calls::calls_that_nobody_answers_are_told_and_forgotten", || {
        let attack = Attack {
            name: "open calls, 2,000 connections",
            steps: 2_000_000,
            smaller: 32,
            ..Attack::default()
        };
        let mut lines: Vec<Line> = Vec::new();
        let request = Request::new(0, 0, 5, [7; 40]);
        let outcomes = attack.run(|step, frames| {
            let (at, call_id) = (step % 2000, u32::try_from(step / 2000 + 2).expect("some thousand calls"));
            if call_id == 2 {
                lines.push(bound_line(client(at), server(at, 49_670), frames));
            }
            let line = &mut lines[usize::try_from(at).expect("below 2000")];
            let request = Request { call_id: rpcscope_model::CallId(call_id), ..request.clone() };
            frames.push(line.send(Side::Client, &request.encode(Format::LITTLE)));
        });
        assert_eq!(outcomes.calls.get(&Outcome::Unanswered), Some(&outcomes.steps));
        assert!(outcomes.stats.calls_evicted > 0);
        assert!(outcomes.fullest.open_calls <= outcomes.limits.open_calls_in_all as u64);
    });
}

#[test]
fn calls_that_nobody_answers_on_one_connection_are_told_and_forgotten() {
    alone("calls::calls_that_nobody_answers_on_one_connection_are_told_and_forgotten", || {
        let attack =
            Attack { name: "open calls, one connection", planted: pair(), smaller: 32, ..Attack::default() };
        let mut line = None;
        let outcomes = attack.run(|step, frames| {
            let line = line.get_or_insert_with(|| bound_line(pair().0, pair().1, frames));
            let request = Request::new(u32::try_from(step + 2).expect("a million"), 0, 5, [7; 40]);
            frames.push(line.send(Side::Client, &request.encode(Format::LITTLE)));
        });
        assert_eq!(outcomes.calls.get(&Outcome::Unanswered), Some(&outcomes.steps));
        assert!(outcomes.stats.calls_evicted > 0);
    });
}

/// The first fragment of a request, and one that follows it without being the last.
fn endless(call_id: u32, stub_bytes: usize) -> (Vec<u8>, Vec<u8>) {
    let whole = Request::new(call_id, 0, 5, vec![7; stub_bytes * 3]);
    let mut fragments = whole.fragments(Format::LITTLE, stub_bytes);
    let first = fragments.remove(0);
    let mut middle = first.clone();
    middle[3] &= !(flags::FIRST | flags::LAST);
    (first, middle)
}

#[test]
fn calls_whose_fragments_never_end_hold_bounded_memory() {
    alone("calls::calls_whose_fragments_never_end_hold_bounded_memory", || {
        let attack = Attack { name: "endless RPC fragments, 1,000 connections", ..Attack::default() };
        let (first, middle) = endless(2, 1200);
        let mut lines: Vec<Line> = Vec::new();
        let outcomes = attack.run(|step, frames| {
            let at = usize::try_from(step % 1000).expect("below 1000");
            if step < 1000 {
                let mut line = bound_line(client(step), server(step, 49_670), frames);
                frames.push(line.send(Side::Client, &first));
                lines.push(line);
            } else {
                frames.push(lines[at].send(Side::Client, &middle));
            }
        });
        assert!(outcomes.fullest.held_bytes <= outcomes.limits.held_bytes as u64);
        assert_eq!(outcomes.calls.get(&Outcome::Unanswered), Some(&1000));
    });
}

#[test]
fn pdus_that_claim_to_be_giant_hold_bounded_memory() {
    alone("calls::pdus_that_claim_to_be_giant_hold_bounded_memory", || {
        let attack = Attack { name: "giant frag_length, never filled", steps: 300_000, ..Attack::default() };
        let mut giant = Request::new(2, 0, 5, vec![7; 1400]).encode(Format::LITTLE);
        // frag_length and alloc_hint: as long as a PDU and a stub can say they are.
        giant[8..10].copy_from_slice(&u16::MAX.to_le_bytes());
        giant[16..20].copy_from_slice(&u32::MAX.to_le_bytes());
        let outcomes = attack.run(|step, frames| {
            let mut line = bound_line(client(step), server(step, 49_670), frames);
            frames.push(line.send(Side::Client, &giant));
            frames.push(line.send(Side::Client, &[7; 1400]));
        });
        assert!(outcomes.fullest.held_bytes <= outcomes.limits.held_bytes as u64);
        assert!(outcomes.stats.pdus_given_up > 0);
    });
}

#[test]
fn presentation_contexts_without_end_on_one_connection_are_forgotten() {
    alone("calls::presentation_contexts_without_end_on_one_connection_are_forgotten", || {
        let attack = Attack {
            name: "context-id churn, one connection",
            planted: pair(),
            steps: 500_000,
            smaller: 16,
            ..Attack::default()
        };
        let mut line = None;
        let outcomes = attack.run(|step, frames| {
            let line = line.get_or_insert_with(|| bound_line(pair().0, pair().1, frames));
            let id = u16::try_from(step % 65_535).expect("below 65535") + 1;
            let call_id = u32::try_from(step + 2).expect("below a million");
            let alter = Bind::alter_context(call_id, [Offer::ndr(id, UNKNOWN)]);
            frames.push(line.send(Side::Client, &alter.encode(Format::LITTLE)));
            let answer = BindAck::alter_context(call_id, vec![ContextResult::NDR]);
            frames.push(line.send(Side::Server, &answer.encode(Format::LITTLE)));
        });
        assert!(outcomes.stats.contexts_evicted > outcomes.steps / 2);
    });
}

#[test]
fn presentation_contexts_on_many_connections_hold_bounded_memory() {
    alone("calls::presentation_contexts_on_many_connections_hold_bounded_memory", || {
        let attack = Attack {
            name: "20 contexts on each of many connections",
            steps: 500_000,
            most_mb: 1600,
            ..Attack::default()
        };
        let outcomes = attack.run(|step, frames| {
            let offers: Vec<Offer> = (0..20).map(|id| Offer::ndr(id, UNKNOWN)).collect();
            let bind = Bind::new(1, offers).encode(Format::LITTLE);
            frames.push(Line::new(client(step), server(step, 49_670)).send(Side::Client, &bind));
        });
        assert!(outcomes.fullest.flows <= outcomes.limits.flows as u64);
    });
}

#[test]
fn calls_of_one_pair_on_ever_new_connections_are_told() {
    alone("calls::calls_of_one_pair_on_ever_new_connections_are_told", || {
        let attack = Attack {
            name: "calls on ever new connections of one pair",
            planted: pair(),
            steps: 200_000,
            ..Attack::default()
        };
        let conversation = bound().call(Call::new(0, 5).stub([1; 60]).returns([2; 60]));
        let messages = plain(conversation.steps());
        let outcomes = attack.run(|step, frames| {
            let port = u16::try_from(1024 + step % 50_000).expect("a port");
            let client = Endpoint { port, ..pair().0 };
            let sequence = u32::try_from(step * 3000 % (1 << 31)).expect("31 bits");
            let flow = open_flow(client, pair().1);
            let flow = rpcscope_testkit::packets::TcpFlow {
                client_sequence: sequence,
                server_sequence: sequence,
                ..flow
            };
            frames.extend(connection(&flow, &messages));
        });
        assert_eq!(outcomes.calls.get(&Outcome::Replied), Some(&outcomes.steps));
    });
}
