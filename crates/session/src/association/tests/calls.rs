//! Requests and their replies.

use crate::harness::{SVCCTL, Seen, Tap};
use rpcscope_model::{AnomalyKind, CallId, Learned, Outcome, Reply, Side};
use rpcscope_testkit::Rng;
use rpcscope_testkit::conversation::{Answer, Call, Conversation};
use rpcscope_testkit::pdu::{self, Format, Offer};
use uuid::Uuid;

fn bound() -> Conversation {
    Conversation::new().bind(&[(Offer::ndr(0, SVCCTL), Answer::NDR)])
}

fn seen(conversation: &Conversation) -> Seen {
    Tap::tcp().steps(conversation.steps()).finish()
}

#[test]
fn a_call_says_who_when_and_what() {
    let conversation = bound().call(Call::new(0, 12).stub([1; 9]).returns([2; 4]));
    let seen = seen(&conversation);
    seen.assert_is(conversation.expected());
    let event = seen.events.last().expect("an event");
    assert_eq!((event.header.frame.0, event.header.server.port), (3, 49670));
    let call = seen.calls()[0];
    assert_eq!(
        (call.procedure, &*call.endpoint, call.rpc_version),
        (Some("RCreateServiceW"), "49670", (5, 0))
    );
    let frames = (call.request.map(|part| part.frame.0), call.reply.map(|(_, part)| part.frame.0));
    assert_eq!(frames, (Some(3), Some(4)));
    assert_eq!((seen.stats.calls, seen.stats.binds, seen.stats.pdus), (1, 1, 4));
}

#[test]
fn an_object_uuid_is_no_part_of_the_stub() {
    let object = Uuid::from_u128(0xabc);
    let conversation = bound().call(Call::new(0, 3).object(object).stub([1; 5]));
    let seen = seen(&conversation);
    seen.assert_is(conversation.expected());
    assert_eq!(seen.calls()[0].object, Some(object));
}

#[test]
fn a_fault_ends_its_call_with_its_status() {
    let conversation = bound().call(Call::new(0, 3).faults(pdu::Fault::OP_RANGE));
    let seen = seen(&conversation);
    seen.assert_is(conversation.expected());
    assert_eq!(seen.stats.faults, 1);
}

#[test]
fn a_call_without_reply_is_unanswered() {
    let conversation = bound().call(Call::new(0, 3).unanswered());
    seen(&conversation).assert_is(conversation.expected());
}

#[test]
fn a_call_that_was_given_up_is_cancelled_unless_a_reply_comes() {
    let conversation = bound()
        .call(Call::new(0, 3).cancelled())
        .call(Call::new(0, 3).id(20).unanswered())
        .orphaned(20)
        .call(Call::new(0, 3).id(21).unanswered())
        .co_cancel(21)
        .push(Side::Server, pdu::Response::new(21, 0, []).encode(Format::LITTLE));
    let seen = seen(&conversation);
    let outcomes = [2, 20, 21].map(|id| seen.call(id).outcome);
    assert_eq!(outcomes, [Outcome::Cancelled, Outcome::Cancelled, Outcome::Replied]);
}

#[test]
fn a_call_id_used_again_closes_the_older_call() {
    let conversation = bound().call(Call::new(0, 3).id(9).unanswered()).call(Call::new(0, 4).id(9));
    let seen = seen(&conversation);
    assert_eq!(seen.anomalies(), [AnomalyKind::CallIdReused]);
    let found: Vec<_> =
        seen.calls().iter().map(|call| (call.opnum.map(|opnum| opnum.0), call.outcome)).collect();
    assert_eq!(found, [(Some(3), Outcome::Unanswered), (Some(4), Outcome::Replied)]);
}

#[test]
fn a_call_id_used_again_is_nothing_special_after_the_reply() {
    let conversation = bound().call(Call::new(0, 3).id(9)).call(Call::new(0, 4).id(9));
    assert_eq!(seen(&conversation).anomalies(), []);
}

#[test]
fn a_reply_without_request_has_its_interface_but_no_opnum() {
    let conversation = bound()
        .push(Side::Server, pdu::Response::new(7, 0, [1; 8]).encode(Format::LITTLE))
        .push(Side::Server, pdu::Fault::new(8, 0, 5).encode(Format::LITTLE));
    let seen = seen(&conversation);
    for (id, reply) in [(7, Reply::Response), (8, Reply::Fault(5))] {
        let call = seen.call(id);
        assert_eq!((call.opnum, call.request, call.learned), (None, None, Learned::Bind));
        assert_eq!(call.reply.map(|(reply, _)| reply), Some(reply));
    }
}

#[test]
fn interleaved_calls_are_kept_apart() {
    let calls: Vec<Call> = (0..20)
        .map(|opnum| Call::new(0, opnum).stub(vec![1; usize::from(opnum) * 7]).returns([2; 30]))
        .collect();
    for seed in 0..5 {
        let conversation = bound().fragment_bytes(8).interleaved(&calls, &mut Rng::new(seed));
        seen(&conversation).assert_is(conversation.expected());
    }
}

#[test]
fn byte_order_and_minor_version_are_the_senders_choice() {
    let big = Format { minor: 1, ..Format::BIG };
    for (client, server) in [(big, big), (Format::LITTLE, big), (big, Format::LITTLE)] {
        let conversation = Conversation::new()
            .format(client)
            .server_format(server)
            .bind(&[(Offer::ndr(0x0102, SVCCTL), Answer::NDR)])
            .fragment_bytes(5)
            .call(Call::new(0x0102, 12).object(Uuid::from_u128(0x1234_5678)).stub([1; 12]).returns([2; 7]))
            .call(Call::new(0x0102, 12).faults(0x1c01_0002));
        let seen = seen(&conversation);
        seen.assert_is(conversation.expected());
        assert!(seen.calls().iter().all(|call| call.rpc_version == (5, client.minor)));
    }
}

#[test]
fn a_pdu_of_the_wrong_side_is_an_anomaly_and_no_call() {
    let conversation = Conversation::new()
        .push(Side::Server, pdu::Request::new(1, 0, 3, []).encode(Format::LITTLE))
        .push(Side::Client, pdu::Response::new(2, 0, []).encode(Format::LITTLE));
    let seen = seen(&conversation);
    assert_eq!(seen.anomalies(), [AnomalyKind::PduWrongDirection; 2]);
    assert!(seen.calls().is_empty());
}

#[test]
fn an_unknown_type_costs_that_pdu_only() {
    let strange = pdu::frame(Format::LITTLE, 77, 3, CallId(5), &[5; 40], None);
    let conversation = bound().push(Side::Client, strange).call(Call::new(0, 3));
    let seen = seen(&conversation);
    assert_eq!(seen.anomalies(), [AnomalyKind::PduUnknownType]);
    assert_eq!(seen.outcomes(), [Outcome::Replied]);
}

#[test]
fn a_malformed_request_costs_that_pdu_only() {
    // The object that the flag announces does not fit.
    let short = pdu::frame(Format::LITTLE, 0, 0x83, CallId(5), &[0; 9], None);
    let conversation = bound().push(Side::Client, short).call(Call::new(0, 3));
    let seen = seen(&conversation);
    assert_eq!(seen.anomalies(), [AnomalyKind::PduMalformed]);
    assert_eq!((seen.stats.pdus_malformed, seen.outcomes()), (1, vec![Outcome::Replied]));
}

#[test]
fn shutdown_is_no_anomaly() {
    let conversation = bound().call(Call::new(0, 3)).shutdown();
    seen(&conversation).assert_is(conversation.expected());
}

#[test]
fn a_reply_that_fell_into_a_gap_is_lost_and_one_that_never_came_is_not() {
    let start = bound().call(Call::new(0, 3).id(10).unanswered());
    let after = Conversation::new().call(Call::new(0, 3).id(11).unanswered());
    let seen = Tap::tcp().steps(start.steps()).lose(Side::Server, 100).steps(after.steps()).finish();
    assert_eq!(seen.call(10).outcome, Outcome::Lost);
    assert_eq!(seen.call(11).outcome, Outcome::Unanswered);
}

#[test]
fn a_gap_of_the_client_does_not_make_the_servers_reply_lost() {
    let start = bound().call(Call::new(0, 3).id(10).unanswered());
    let seen = Tap::tcp().steps(start.steps()).lose(Side::Client, 100).finish();
    assert_eq!(seen.call(10).outcome, Outcome::Unanswered);
}

#[test]
fn a_request_cut_by_a_gap_is_known_by_its_start() {
    let request = pdu::Request::new(10, 0, 12, [7; 100]).encode(Format::LITTLE);
    let seen = Tap::tcp()
        .steps(bound().steps())
        .send(Side::Client, &request[..40])
        .lose(Side::Client, request.len() - 40)
        .send(Side::Server, &pdu::Response::new(10, 0, []).encode(Format::LITTLE))
        .finish();
    assert_eq!(seen.anomalies(), [AnomalyKind::TcpGap, AnomalyKind::PduTruncated]);
    let call = seen.call(10);
    let request = call.request.expect("a request");
    assert_eq!((call.procedure, request.stub_bytes, request.complete), (Some("RCreateServiceW"), 16, false));
    assert_eq!(call.outcome, Outcome::Replied);
}

#[test]
fn a_request_cut_before_its_opnum_is_truncated_not_malformed() {
    let request = pdu::Request::new(10, 0, 12, [7; 100]).encode(Format::LITTLE);
    let seen = Tap::tcp().send(Side::Client, &request[..18]).lose(Side::Client, request.len() - 18).finish();
    assert_eq!(seen.anomalies(), [AnomalyKind::TcpGap, AnomalyKind::PduTruncated]);
    assert_eq!(seen.stats.pdus_malformed, 0);
}
