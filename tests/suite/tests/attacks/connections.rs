//! Floods of connections, and of what stands in the place of them.

use crate::frames::{bound, client, connection, open_flow, server};
use crate::process::alone;
use crate::sensor::Attack;
use rpcscope_model::{Outcome, Side};
use rpcscope_suite::scenario::SAMR;
use rpcscope_testkit::conversation::{Activity, Call};
use rpcscope_testkit::packets::{Framing, OwnedFrame, UdpFlow};
use rpcscope_testkit::transport::{HttpV2, Message, plain};
use uuid::Uuid;

#[test]
fn a_flood_of_syns_is_forgotten() {
    alone("connections::a_flood_of_syns_is_forgotten", || {
        let syn = connection(&open_flow(client(0), server(0, 445)), &[Message::new(Side::Client, vec![1])])
            .swap_remove(0);
        let attack = Attack { name: "SYN flood", steps: 10_000_000, most_mb: 300, ..Attack::default() };
        let outcomes = attack.run(|step, frames| frames.push(from_elsewhere(&syn, step)));
        let flows = outcomes.stats.flows;
        assert!(flows >= outcomes.steps, "{flows} flows");
        assert!(outcomes.stats.flows_evicted > 0);
        assert!(outcomes.fullest.flows <= outcomes.limits.flows as u64);
        assert!(outcomes.calls.is_empty());
    });
}

/// The same frame from another address: that of the IPv4 header.
fn from_elsewhere(frame: &OwnedFrame, number: u64) -> OwnedFrame {
    let mut frame = frame.clone();
    let [.., b, c, d] = number.to_be_bytes();
    frame.bytes[14 + 13..14 + 16].copy_from_slice(&[b, c, d]);
    frame
}

#[test]
fn binds_that_nobody_answers_are_forgotten() {
    alone("connections::binds_that_nobody_answers_are_forgotten", || {
        let bind = plain(&bound().steps()[..1]);
        let template = connection(&open_flow(client(0), server(1, 135)), &bind);
        let attack = Attack { name: "half-open binds", steps: 2_000_000, most_mb: 1200, ..Attack::default() };
        let outcomes = attack.run(|step, frames| {
            // SYN, SYN and ACK, ACK, bind: all that the client sends.
            let of_client = [&template[0], &template[2], &template[3]];
            frames.extend(of_client.map(|frame| from_elsewhere(frame, step)));
        });
        assert!(outcomes.stats.flows_followed >= outcomes.steps);
        assert!(outcomes.stats.flows_evicted > 0);
        assert!(outcomes.fullest.flows <= outcomes.limits.flows as u64);
    });
}

#[test]
fn activities_without_end_are_forgotten() {
    alone("connections::activities_without_end_are_forgotten", || {
        let attack = Attack { name: "connectionless activities", ..Attack::default() };
        let outcomes = attack.run(|step, frames| {
            let activity =
                Activity::new(Uuid::from_u128(step.into()), SAMR).call(Call::new(0, 1).unanswered());
            let flow = UdpFlow { client: client(step % 5000), ..UdpFlow::default() };
            frames.extend(Framing::default().datagrams(&flow.datagrams(&plain(activity.steps()))));
        });
        assert_eq!(outcomes.calls.get(&Outcome::Unanswered), Some(&outcomes.steps));
        assert!(outcomes.stats.activities_evicted > 0);
        assert!(outcomes.fullest.activities <= outcomes.limits.activities as u64);
    });
}

#[test]
fn rpc_over_http_without_end_is_forgotten() {
    alone("connections::rpc_over_http_without_end_is_forgotten", || {
        let attack = Attack { name: "RPC over HTTP connections", steps: 100_000, ..Attack::default() };
        let conversation = bound().call(Call::new(0, 5).unanswered());
        let outcomes = attack.run(|step, frames| {
            let messages = HttpV2 { seed: step, ..HttpV2::default() }.carry(conversation.steps());
            frames.extend(connection(&open_flow(client(step), server(step % 100, 80)), &messages));
        });
        assert_eq!(outcomes.calls.get(&Outcome::Unanswered), Some(&outcomes.steps));
        assert!(outcomes.stats.http_connections_evicted > 0);
    });
}
