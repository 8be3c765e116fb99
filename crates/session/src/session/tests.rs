//! Whole sessions: what does not depend on how the bytes came.

use super::pipe_endpoint;
use crate::Protocol;
use crate::fuzz::{fuzz_association, fuzz_connection};
use crate::harness::{CLIENT, SAMR, SERVER, SVCCTL, Tap};
use crate::{At, Flow, Session};
use proptest::prelude::*;
use rpcscope_model::{AuthLevel, Event, EventBody, Limits, Side};
use rpcscope_testkit::Rng;
use rpcscope_testkit::conversation::{Answer, Call, Conversation};
use rpcscope_testkit::pdu::{Offer, Verifier};
use rpcscope_testkit::transport::{HttpV1, HttpV2, Message, Smb1, Smb2, plain};

#[test]
fn a_pipe_has_one_name_however_it_was_written() {
    for name in ["svcctl", "\\svcctl", "\\PIPE\\svcctl", "pipe\\SVCCTL"] {
        assert_eq!(&*pipe_endpoint(name), "\\pipe\\svcctl");
    }
}

#[test]
fn contexts_of_two_pipes_of_one_connection_are_not_mixed() {
    let over = |interface, opnum| {
        let calls = (0..6).map(|_| Call::new(0, opnum).stub([1; 20])).collect::<Vec<_>>();
        let start = Conversation::new().bind(&[(Offer::ndr(0, interface), Answer::NDR)]);
        calls.into_iter().fold(start, Conversation::call)
    };
    let (services, accounts) = (over(SVCCTL, 12), over(SAMR, 5));
    let pipes = [("svcctl", services.steps()), ("samr", accounts.steps())];
    for seed in 0..10 {
        let carried =
            [Smb2 { seed, ..Smb2::default() }.carry(&pipes), Smb1 { seed, ..Smb1::default() }.carry(&pipes)];
        for messages in carried {
            let seen = Tap::of(Protocol::Smb, 1, Limits::WHOLE).messages(&messages).finish();
            assert_eq!(seen.calls().len(), 12);
            for call in seen.calls() {
                let interface = if &*call.endpoint == "\\pipe\\svcctl" { SVCCTL } else { SAMR };
                assert_eq!(call.interface.map(|interface| interface.syntax), Some(interface));
            }
        }
    }
}

#[test]
fn a_call_is_named_after_the_connection_of_its_request_when_a_session_uses_several() {
    let start = Conversation::new().bind(&[(Offer::ndr(0, SVCCTL), Answer::NDR)]);
    let conversation =
        (0..3).fold(start, |conversation, _| conversation.call(Call::new(0, 12).stub([1; 20])));
    let messages = Smb2::default().carry(&[("svcctl", conversation.steps())]);
    let opened = messages.len() / 2;
    for split in opened..messages.len() {
        // Only between two exchanges: an answer comes over the connection of its question.
        if messages[split].side != Side::Client {
            continue;
        }
        let mut tap = Tap::of(Protocol::Smb, 2, Limits::WHOLE);
        for (number, message) in messages.iter().enumerate() {
            tap.send_on(usize::from(number >= split), message.side, &message.bytes);
        }
        let flows: Vec<_> = tap
            .events()
            .iter()
            .filter(|event| matches!(event.body, EventBody::Call(_)))
            .map(|event| (event.header.flow_id, u64::from(event.header.frame.0 > split as u64)))
            .collect();
        assert_eq!(flows.len(), 3, "split at {split}");
        assert!(flows.iter().all(|(found, expected)| found == expected), "split at {split}: {flows:?}");
    }
}

/// A conversation with something of everything.
fn conversation(seed: u64) -> Conversation {
    let mut rng = Rng::new(seed);
    let verifier = rng.chance(50).then(|| Verifier::ntlm(AuthLevel::PKT_PRIVACY, 1, [7; 16]));
    let start = Conversation::new()
        .security(verifier)
        .bind(&[
            (Offer::ndr(0, SVCCTL), Answer::NDR),
            (Offer::ndr64(1, SVCCTL), Answer::UNKNOWN_TRANSFER_SYNTAX),
            (Offer::features(2, SVCCTL, 3), Answer::features(3)),
        ])
        .alter_context(&[(Offer::ndr(3, SAMR), Answer::NDR)]);
    let calls: Vec<Call> = (0..rng.between(1, 8))
        .map(|_| {
            let opnum = u16::try_from(rng.below(30)).expect("small");
            let stub = rng.below(90);
            let call = Call::new([0, 3][rng.below(2)], opnum).stub(rng.bytes(stub)).returns(vec![5; stub]);
            if rng.chance(20) { call.faults(5) } else { call }
        })
        .collect();
    start.fragment_bytes(rng.between(5, 60)).interleaved(&calls, &mut rng)
}

/// The events of messages of which each is cut into pieces; all bytes come in one frame.
fn events(protocol: Protocol, messages: &[Message], mut cut: impl FnMut() -> usize) -> Vec<Event> {
    let mut session = Session::new(Limits::WHOLE);
    let mut connections: Vec<_> =
        (0..2).map(|id| session.open(protocol, Flow::new(id, CLIENT, SERVER))).collect();
    for message in messages {
        let mut rest = message.bytes.as_slice();
        while !rest.is_empty() {
            let (piece, after) = rest.split_at(cut().clamp(1, rest.len()));
            let skip = session.data(&mut connections[message.connection], message.side, piece, At::default());
            assert_eq!(skip, 0, "these messages carry nothing to pass over");
            rest = after;
        }
    }
    for connection in &mut connections {
        session.finish(connection, At::default());
    }
    std::mem::take(session.events())
}

/// A conversation over each protocol.
fn carried(conversation: &Conversation, seed: u64) -> Vec<(Protocol, Vec<Message>)> {
    let steps = conversation.steps();
    let chunked = HttpV2 {
        chunked: seed.is_multiple_of(2),
        acknowledge_every: Some(300),
        ping: true,
        ..HttpV2::default()
    };
    vec![
        (Protocol::Rpc, plain(steps)),
        (Protocol::HttpGreeting, HttpV1::default().carry(steps)),
        (Protocol::Http, chunked.carry(steps)),
        (Protocol::Smb, Smb2 { seed, ..Smb2::default() }.carry(&[("svcctl", steps)])),
        (Protocol::Smb, Smb1 { seed, ..Smb1::default() }.carry(&[("svcctl", steps)])),
    ]
}

#[test]
fn one_byte_at_a_time_gives_the_same_events() {
    for seed in 0..10 {
        for (protocol, messages) in carried(&conversation(seed), seed) {
            let whole = events(protocol, &messages, || usize::MAX);
            assert!(!whole.is_empty());
            assert_eq!(events(protocol, &messages, || 1), whole, "{protocol:?}");
        }
    }
}

/// Pieces as the fuzz targets read them: (length, side and kind, bytes).
fn pieces() -> impl Strategy<Value = Vec<u8>> {
    let steps = any::<u64>().prop_map(|seed| {
        let mut rng = Rng::new(seed);
        let mut input = Vec::new();
        let (_, mut messages) = carried(&conversation(seed), seed).swap_remove(rng.below(5));
        for message in &mut messages {
            if rng.chance(10) && !message.bytes.is_empty() {
                let at = rng.below(message.bytes.len());
                message.bytes[at] = rng.bytes(1)[0];
            }
            let length = u16::try_from(message.bytes.len().min(0x3fff)).expect("14 bits");
            let side = if message.side == Side::Server { 0x8000 } else { 0 };
            if rng.chance(10) {
                input.extend((length | side | 0x4000).to_le_bytes());
            } else {
                input.extend((length | side).to_le_bytes());
                input.extend(message.bytes.iter().take(0x3fff));
            }
        }
        input
    });
    prop_oneof![steps, prop::collection::vec(any::<u8>(), 0..2000)]
}

/// PDUs as the fuzz target of associations reads them; small numbers, so that ids meet.
fn pdus() -> impl Strategy<Value = Vec<u8>> {
    let body = prop::collection::vec(prop_oneof![4 => 0..4_u8, 1 => any::<u8>()], 0..120);
    let pdu = (any::<[u8; 4]>(), body).prop_map(|(head, body)| {
        let length = u16::try_from(body.len()).expect("short").to_le_bytes();
        [head.as_slice(), &length, &body].concat()
    });
    prop::collection::vec(pdu, 0..60).prop_map(|pdus| pdus.concat())
}

proptest! {
    #[test]
    fn however_a_conversation_is_cut_the_events_are_the_same(seed: u64) {
        for (protocol, messages) in carried(&conversation(seed), seed) {
            let whole = events(protocol, &messages, || usize::MAX);
            let mut rng = Rng::new(seed ^ 1);
            prop_assert_eq!(events(protocol, &messages, || rng.between(1, 70)), whole);
        }
    }

    #[test]
    fn the_calls_of_a_conversation_are_found_over_every_transport(seed: u64) {
        let conversation = conversation(seed);
        for (protocol, messages) in carried(&conversation, seed) {
            Tap::of(protocol, 2, Limits::WHOLE).messages(&messages).finish().assert_is(conversation.expected());
        }
    }

    #[test]
    fn arbitrary_pieces_and_gaps_never_panic(input in pieces()) {
        for protocol in [Protocol::Rpc, Protocol::Smb, Protocol::Http, Protocol::HttpGreeting] {
            fuzz_connection(protocol, &input);
        }
    }

    #[test]
    fn arbitrary_pdus_and_gaps_never_panic(input in pdus()) {
        fuzz_association(&input);
    }
}
