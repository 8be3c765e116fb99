//! What one lost segment costs.
//!
//! Over TCP, for every segment of a conversation: no call has a wrong interface or operation; and every call that has
//! no byte in the lost segment is found as it was made, but that
//! - its interface is not known, or said to be assumed, when the lost segment held bytes of the bind that tells it or of
//!   that bind's answer, which may have been a rejection;
//! - its security may not be known when the lost segment held bytes of a bind, since calls of level connect have none
//!   of their own;
//! - its outcome is `lost` in place of `unanswered`, since the reply may have stood in the lost bytes;
//! - its request or reply is said to be incomplete when it was being sent in fragments meanwhile, since fragments have no
//!   numbers and one of it may have stood in the lost bytes.
//!
//! Over SMB the same holds for the messages next to the lost one, too: an answer is worth nothing without its request.
//! That an id is given to another interface in a lost alter_context cannot be known; conversations here give each id once.

use proptest::prelude::*;
use rpcscope_model::{CallId, ContextId, Outcome, Side, SyntaxId};
use rpcscope_suite::carry::Carrier;
use rpcscope_suite::cases;
use rpcscope_suite::expectation::differences;
use rpcscope_suite::reading::read_frames;
use rpcscope_suite::scenario::scenarios;
use rpcscope_suite::told::{Said, ToldCall, ToldPart, told};
use rpcscope_testkit::conversation::{Conversation, ExpectedCall, Step};
use rpcscope_testkit::packets::{Disturbance, Framing, Segment, TcpFlow};
use rpcscope_testkit::pdu::ptype;
use rpcscope_testkit::transport::{PipeStyle, Smb1, Smb2};
use std::collections::{BTreeMap, BTreeSet};

fn calls_without(segments: &[Segment], lost: usize) -> Vec<ToldCall> {
    let left = Disturbance { drop: vec![lost], ..Disturbance::default() }.apply(segments.to_vec());
    let found = told(&read_frames(&Framing::default().segments(&left)));
    let calls = found.into_iter().filter_map(|told| match told.said {
        Said::Call(call) => Some(call),
        _ => None,
    });
    calls.collect()
}

/// What stood in the lost segment, by the PDUs that have a byte in it.
#[derive(Default, Debug)]
struct Hit {
    calls: BTreeSet<CallId>,
    bind: bool,
    answer: bool,
}

impl Hit {
    fn add(&mut self, step: &Step, is_big_endian: bool) {
        let id = step.pdu[12..16].try_into().expect("four bytes of call id");
        let id = if is_big_endian { u32::from_be_bytes(id) } else { u32::from_le_bytes(id) };
        match step.pdu[2] {
            ptype::BIND | ptype::ALTER_CONTEXT => self.bind = true,
            ptype::BIND_ACK | ptype::ALTER_CONTEXT_RESP => self.answer = true,
            _ => drop(self.calls.insert(CallId(id))),
        }
    }
}

/// What each context id was offered for, whether or not it was accepted.
fn offered(conversation: &Conversation) -> BTreeMap<ContextId, SyntaxId> {
    let segments = TcpFlow::default().segments(&Carrier::Tcp.messages(conversation.steps()));
    let binds = told(&read_frames(&Framing::default().segments(&segments)));
    let contexts = binds.into_iter().filter_map(|told| match told.said {
        Said::Bind(bind) => Some(bind.contexts),
        _ => None,
    });
    contexts.flatten().map(|(id, syntax, ..)| (id, syntax)).collect()
}

/// Checks all that the head of this file says.
fn check(name: &str, conversation: &Conversation, hit: &Hit, found: &[ToldCall]) {
    let offered = offered(conversation);
    for call in found {
        let made = conversation.expected().iter().find(|made| made.call_id == call.call_id);
        let made = made.unwrap_or_else(|| panic!("{name}: {hit:?}: a call that nobody made: {call:#?}"));
        if let Some(opnum) = call.opnum {
            assert_eq!(opnum, made.opnum, "{name}: {hit:?}: {call:#?}");
        }
        if let Some(interface) = call.interface {
            let offered = call.context_id.and_then(|id| offered.get(&id)).copied();
            let possible = if call.assumed { offered } else { made.interface };
            assert_eq!(Some(interface), possible, "{name}: {hit:?}: {call:#?}");
        }
    }
    for made in conversation.expected().iter().filter(|made| !hit.calls.contains(&made.call_id)) {
        let found: Vec<_> = found.iter().filter(|call| call.call_id == made.call_id).collect();
        let [call] = found.as_slice() else {
            panic!("{name}: {hit:?}: {} events of {made:#?}: {found:#?}", found.len());
        };
        let differences = differences(&excused(made, call, hit), &complete(call));
        assert!(differences.is_empty(), "{name}: {hit:?}: {differences:#?}\n{call:#?}");
    }
}

/// The call as it was made, but for what may be unknown after the loss.
fn excused(made: &ExpectedCall, call: &ToldCall, hit: &Hit) -> ExpectedCall {
    let mut excused = made.clone();
    if hit.bind && call.interface.is_none() || (hit.bind || hit.answer) && call.assumed {
        excused.interface = call.interface;
    }
    if made.outcome == Outcome::Unanswered && call.outcome == Outcome::Lost {
        excused.outcome = Outcome::Lost;
    }
    excused
}

/// The call as if all its fragments were known to have been seen.
fn complete(call: &ToldCall) -> ToldCall {
    let fragmented = |part: ToldPart| ToldPart { complete: part.complete || part.fragments > 1, ..part };
    let (request, reply) = (call.request, call.reply);
    ToldCall {
        request: request.map(fragmented),
        reply: reply.map(|(reply, part)| (reply, fragmented(part))),
        ..call.clone()
    }
}

fn is_big_endian(conversation: &Conversation) -> bool {
    conversation.steps()[0].pdu[4] & 0x10 == 0
}

proptest! {
    #![proptest_config(cases(16))]

    #[test]
    fn a_lost_segment_of_tcp_costs_the_calls_whose_bytes_it_held(
        scenario in scenarios(),
        max_segment_bytes in prop_oneof![Just(1460_usize), 100..600_usize, 40..100_usize],
    ) {
        let conversation = scenario.conversation();
        let flow = TcpFlow { max_segment_bytes, ..TcpFlow::default() };
        let segments = flow.segments(&Carrier::Tcp.messages(conversation.steps()));
        // Where the bytes of each PDU stand in the stream of its side.
        let mut next = [0, 0];
        let places: Vec<(&Step, usize, usize)> = conversation.steps().iter().map(|step| {
            let start = next[step.side.index()];
            next[step.side.index()] += step.pdu.len();
            (step, start, next[step.side.index()])
        }).collect();
        let mut next = [0, 0];
        for (lost, segment) in segments.iter().enumerate() {
            let start = next[segment.side.index()];
            let end = start + segment.payload.len();
            next[segment.side.index()] = end;
            let mut hit = Hit::default();
            for (step, from, to) in &places {
                if step.side == segment.side && *from < end && start < *to {
                    hit.add(step, is_big_endian(&conversation));
                }
            }
            check(&format!("segment {lost}"), &conversation, &hit, &calls_without(&segments, lost));
        }
    }

    #[test]
    fn a_lost_message_of_smb_costs_the_calls_of_its_exchange(
        scenario in scenarios(),
        style in prop_oneof![Just(PipeStyle::WriteRead), Just(PipeStyle::Transact), Just(PipeStyle::Chained)],
    ) {
        let conversation = scenario.conversation();
        for carrier in [
            Carrier::Smb1(Smb1 { style, ..Smb1::default() }),
            Carrier::Smb2(Smb2 { style, ..Smb2::default() }),
        ] {
            let messages = carrier.messages(conversation.steps());
            let flow = TcpFlow { max_segment_bytes: usize::MAX, ..carrier.flow() };
            let segments = flow.segments(&messages);
            let holds = |message: &[u8], step: &Step| {
                message.windows(step.pdu.len()).any(|window| window == step.pdu)
            };
            let with_data: Vec<usize> =
                (0..segments.len()).filter(|at| !segments[*at].payload.is_empty()).collect();
            for (message, lost) in with_data.iter().enumerate() {
                let mut hit = Hit::default();
                let next_to_it = message.saturating_sub(1)..=(message + 1).min(messages.len() - 1);
                for near in next_to_it {
                    for step in conversation.steps() {
                        if step.side == messages[near].side && holds(&messages[near].bytes, step) {
                            hit.add(step, is_big_endian(&conversation));
                        }
                    }
                }
                check(&format!("{carrier:?} message {message}"), &conversation, &hit, &calls_without(&segments, *lost));
            }
        }
    }
}

#[test]
fn a_loss_in_one_direction_leaves_the_other_whole() {
    let conversation = Conversation::new()
        .bind(&[(
            rpcscope_testkit::pdu::Offer::ndr(0, rpcscope_suite::scenario::SAMR),
            rpcscope_testkit::conversation::Answer::NDR,
        )])
        .call(rpcscope_testkit::conversation::Call::new(0, 5).stub([1; 8]).returns([2; 8]));
    let segments = TcpFlow::default().segments(&Carrier::Tcp.messages(conversation.steps()));
    let is_reply =
        |segment: &Segment| segment.side == Side::Server && segment.payload.get(2) == Some(&ptype::RESPONSE);
    let lost = segments.iter().position(is_reply).expect("a response");
    let calls = calls_without(&segments, lost);
    assert_eq!(calls.iter().map(|call| call.outcome).collect::<Vec<_>>(), [Outcome::Lost]);
}
