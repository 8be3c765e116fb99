//! Requests and replies in several fragments.

use crate::harness::{SVCCTL, Seen, Tap};
use rpcscope_model::{AnomalyKind, Limits, Outcome, Part, Reply, Side};
use rpcscope_testkit::conversation::{Answer, Conversation};
use rpcscope_testkit::pdu::{Format, Offer, Request, Response};

fn bound() -> Tap {
    Tap::tcp().steps(Conversation::new().bind(&[(Offer::ndr(0, SVCCTL), Answer::NDR)]).steps())
}

/// A request with a stub of 30 bytes in fragments of 10.
fn request(opnum: u16) -> Vec<Vec<u8>> {
    Request::new(9, 0, opnum, [1; 30]).fragments(Format::LITTLE, 10)
}

fn response() -> Vec<Vec<u8>> {
    Response::new(9, 0, [2; 30]).fragments(Format::LITTLE, 10)
}

fn shape(part: Part) -> (u32, u64, bool) {
    (part.fragments, part.stub_bytes, part.complete)
}

fn request_of(seen: &Seen) -> (u32, u64, bool) {
    shape(seen.call(9).request.expect("a request"))
}

fn reply_of(seen: &Seen) -> (u32, u64, bool) {
    shape(seen.call(9).reply.expect("a reply").1)
}

#[test]
fn fragments_are_joined_in_both_directions() {
    let (request, response) = (request(3).concat(), response().concat());
    let seen = bound().send(Side::Client, &request).send(Side::Server, &response).finish();
    assert_eq!((request_of(&seen), reply_of(&seen)), ((3, 30, true), (3, 30, true)));
    assert_eq!(seen.anomalies(), []);
}

#[test]
fn a_middle_fragment_that_fell_into_a_gap_is_missed() {
    let (request, response) = (request(3), response());
    let seen = bound()
        .send(Side::Client, &request[0])
        .lose(Side::Client, request[1].len())
        .send(Side::Client, &request[2])
        .send(Side::Server, &response[0])
        .lose(Side::Server, response[1].len())
        .send(Side::Server, &response[2])
        .finish();
    assert_eq!((request_of(&seen), reply_of(&seen)), ((2, 20, false), (2, 20, false)));
    assert_eq!(seen.call(9).outcome, Outcome::Replied);
}

#[test]
fn a_fragment_of_an_unknown_call_opens_one_that_is_not_complete() {
    let request = request(3);
    let seen = bound().send(Side::Client, &request[1]).send(Side::Client, &request[2]).finish();
    assert_eq!(seen.anomalies(), [AnomalyKind::FragmentWithoutFirst]);
    assert_eq!(request_of(&seen), (2, 20, false));
    assert_eq!(seen.call(9).procedure, Some("RLockServiceDatabase"));
    assert_eq!(seen.call(9).outcome, Outcome::Lost);
}

#[test]
fn a_response_without_its_first_fragment_is_not_complete() {
    let response = response();
    let seen = bound()
        .send(Side::Client, &request(3).concat())
        .send(Side::Server, &response[1])
        .send(Side::Server, &response[2])
        .finish();
    assert_eq!(seen.anomalies(), [AnomalyKind::FragmentWithoutFirst]);
    assert_eq!(reply_of(&seen), (2, 20, false));
}

#[test]
fn a_second_first_fragment_begins_a_new_call() {
    let (three, four) = (request(3), request(4));
    let seen = bound()
        .send(Side::Client, &three[0])
        .send(Side::Client, &four.concat())
        .send(Side::Server, &response().concat())
        .finish();
    assert_eq!(seen.anomalies(), [AnomalyKind::FragmentFirstRepeated]);
    let found: Vec<_> = seen
        .calls()
        .iter()
        .map(|call| (call.opnum.map(|opnum| opnum.0), call.outcome, call.request.map(shape)))
        .collect();
    let first = (Some(3), Outcome::Unanswered, Some((1, 10, false)));
    assert_eq!(found, [first, (Some(4), Outcome::Replied, Some((3, 30, true)))]);
}

#[test]
fn a_second_first_fragment_of_a_response_begins_it_anew() {
    let response = response();
    let seen = bound()
        .send(Side::Client, &request(3).concat())
        .send(Side::Server, &response[0])
        .send(Side::Server, &response.concat())
        .finish();
    assert_eq!(seen.anomalies(), [AnomalyKind::FragmentFirstRepeated]);
    assert_eq!(reply_of(&seen), (3, 30, true));
}

#[test]
fn a_fragment_of_another_opnum_does_not_change_the_call() {
    let (three, four) = (request(3), request(4));
    let seen = bound()
        .send(Side::Client, &three[0])
        .send(Side::Client, &four[1])
        .send(Side::Client, &three[2])
        .finish();
    assert_eq!(seen.anomalies(), [AnomalyKind::FragmentMismatch]);
    assert_eq!((seen.call(9).opnum.map(|opnum| opnum.0), request_of(&seen)), (Some(3), (3, 30, true)));
}

#[test]
fn a_byte_order_that_changes_within_a_call_is_an_anomaly() {
    let big = Request::new(9, 0, 3, [1; 30]).fragments(Format::BIG, 10);
    let seen = bound().send(Side::Client, &request(3)[0]).send(Side::Client, &big[1..].concat()).finish();
    assert_eq!(seen.anomalies(), [AnomalyKind::ByteOrderChanged; 2]);
    assert_eq!(request_of(&seen), (3, 30, true));
}

#[test]
fn a_response_whose_end_is_missing_counts_as_a_reply() {
    let response = response();
    let seen =
        bound().send(Side::Client, &request(3).concat()).send(Side::Server, &response[..2].concat()).finish();
    let call = seen.call(9);
    assert_eq!((call.outcome, call.reply.map(|(reply, _)| reply)), (Outcome::Replied, Some(Reply::Response)));
    assert_eq!(reply_of(&seen), (2, 20, false));
}

#[test]
fn a_call_id_used_again_during_the_reply_keeps_what_was_seen_of_it() {
    let seen = bound()
        .send(Side::Client, &request(3).concat())
        .send(Side::Server, &response()[0])
        .send(Side::Client, &request(4).concat())
        .finish();
    assert_eq!(seen.anomalies(), [AnomalyKind::CallIdReused]);
    assert_eq!(seen.outcomes(), [Outcome::Replied, Outcome::Unanswered]);
}

#[test]
fn a_malformed_fragment_leaves_its_call_incomplete() {
    let request = request(3);
    let mut broken = request[1].clone();
    broken[10] = 200; // auth_length
    let seen = bound()
        .send(Side::Client, &request[0])
        .send(Side::Client, &broken)
        .send(Side::Client, &request[2])
        .finish();
    assert_eq!(seen.anomalies(), [AnomalyKind::PduMalformed]);
    assert_eq!(request_of(&seen), (2, 20, false));
}

#[test]
fn too_many_fragments_are_told_once_and_counted_on() {
    let limits = Limits { fragments: 5, ..Limits::WHOLE };
    let many = Request::new(9, 0, 3, [1; 10]).fragments(Format::LITTLE, 1);
    let seen = Tap::of(crate::Protocol::Rpc, 1, limits).send(Side::Client, &many.concat()).finish();
    assert_eq!(seen.anomalies(), [AnomalyKind::ContextUnknown, AnomalyKind::FragmentsTooMany]);
    assert_eq!(request_of(&seen), (10, 10, true));
}
