//! Tables that are full.

use crate::Protocol;
use crate::harness::{SAMR, SVCCTL, Tap};
use rpcscope_model::{AnomalyKind, AuthLevel, Limits, Outcome, Side, SyntaxId};
use rpcscope_testkit::conversation::{Answer, Call, Conversation};
use rpcscope_testkit::pdu::{self, Format, Offer, Verifier};
use uuid::Uuid;

#[test]
fn an_evicted_call_is_reported_and_counted() {
    let limits = Limits { open_calls: 3, ..Limits::WHOLE };
    let mut conversation = Conversation::new().bind(&[(Offer::ndr(0, SVCCTL), Answer::NDR)]);
    for id in 10..15 {
        conversation = conversation.call(Call::new(0, 12).id(id).unanswered());
    }
    for id in 12..15 {
        conversation = conversation.push(Side::Server, pdu::Response::new(id, 0, []).encode(Format::LITTLE));
    }
    let seen = Tap::of(Protocol::Rpc, 1, limits).steps(conversation.steps()).finish();
    assert_eq!(seen.anomalies(), [AnomalyKind::CallsEvicted; 2]);
    assert_eq!(seen.stats.calls_evicted, 2);
    let ids: Vec<_> = seen.calls().iter().map(|call| (call.call_id.0, call.outcome)).collect();
    use Outcome::{Replied, Unanswered};
    assert_eq!(ids, [(10, Unanswered), (11, Unanswered), (12, Replied), (13, Replied), (14, Replied)]);
}

#[test]
fn an_evicted_context_is_told_and_unknown_from_then_on() {
    let limits = Limits { contexts: 2, ..Limits::WHOLE };
    let conversation = Conversation::new()
        .bind(&[
            (Offer::ndr(0, SVCCTL), Answer::NDR),
            (Offer::ndr(1, SAMR), Answer::NDR),
            (Offer::ndr(2, SAMR), Answer::NDR),
        ])
        .call(Call::new(0, 12).id(10))
        .call(Call::new(1, 5).id(11));
    let seen = Tap::of(Protocol::Rpc, 1, limits).steps(conversation.steps()).finish();
    assert_eq!(seen.anomalies(), [AnomalyKind::ContextsEvicted, AnomalyKind::ContextUnknown]);
    assert_eq!(seen.stats.contexts_evicted, 1);
    assert_eq!(seen.call(10).interface, None);
    assert_eq!(seen.call(11).interface.map(|interface| interface.syntax), Some(SAMR));
}

#[test]
fn binds_that_get_no_answer_are_reported_when_there_are_too_many() {
    let mut tap = Tap::tcp();
    for id in 0..100 {
        tap = tap.send(Side::Client, &pdu::Bind::new(id, [Offer::ndr(0, SVCCTL)]).encode(Format::LITTLE));
    }
    let ids: Vec<_> = tap.finish().binds().iter().map(|bind| bind.call_id.0).collect();
    assert_eq!(ids, (0..100).collect::<Vec<_>>());
}

#[test]
fn anomalies_of_one_kind_are_limited_in_a_flow_but_all_are_counted() {
    let limits = Limits { anomalies_per_flow: 2, ..Limits::WHOLE };
    let mut conversation = Conversation::new();
    for _ in 0..300 {
        conversation = conversation.call(Call::new(0, 1));
    }
    let conversation = conversation.push(Side::Client, pdu::Response::new(7, 0, []).encode(Format::LITTLE));
    let seen = Tap::of(Protocol::Rpc, 1, limits).steps(conversation.steps()).finish();
    use AnomalyKind::{ContextUnknown, PduWrongDirection};
    assert_eq!(seen.anomalies(), [ContextUnknown, ContextUnknown, PduWrongDirection]);
    assert_eq!((seen.stats.anomalies, seen.stats.anomalies_not_reported), (301, 298));
    assert_eq!(seen.calls().len(), 300);
}

#[test]
fn many_open_calls_and_redefinitions_take_no_time() {
    let mut tap = Tap::tcp();
    for round in 0..2000 {
        let interface = SyntaxId { uuid: Uuid::from_u128(u128::from(round)), major: 1, minor: 0 };
        tap = tap
            .send(
                Side::Client,
                &pdu::Bind::alter_context(round, [Offer::ndr(0, interface)]).encode(Format::LITTLE),
            )
            .send(Side::Client, &pdu::Request::new(100_000 + round, 0, 1, []).encode(Format::LITTLE))
            .send(Side::Server, &pdu::BindAck::alter_context(round, [Answer::NDR]).encode(Format::LITTLE));
    }
    let seen = tap.finish();
    assert_eq!(seen.calls().len(), 2000);
    let right = |(round, call): (usize, &&rpcscope_model::Call)| {
        call.interface.is_some_and(|interface| interface.syntax.uuid.as_u128() == round as u128)
    };
    assert!(seen.calls().iter().enumerate().all(right));
}

#[test]
fn open_calls_of_all_connections_together_are_limited() {
    let limits = Limits { open_calls_in_all: 10, ..Limits::WHOLE };
    let mut conversation = Conversation::new().bind(&[(Offer::ndr(0, SVCCTL), Answer::NDR)]);
    for id in 10..14 {
        conversation = conversation.call(Call::new(0, 12).id(id).unanswered());
    }
    let mut tap = Tap::of(Protocol::Rpc, 5, limits);
    for connection in 0..5 {
        for step in conversation.steps() {
            tap.send_on(connection, step.side, &step.pdu);
        }
    }
    let seen = tap.finish();
    assert_eq!(seen.calls().len(), 20);
    // Those that came last keep one each.
    assert_eq!(seen.stats.calls_evicted, 8);
}

#[test]
fn pdus_that_wait_for_their_rest_are_limited_in_all_and_reported_as_cut() {
    let limits = Limits { held_bytes: 1000, ..Limits::WHOLE };
    let conversation = Conversation::new()
        .bind(&[(Offer::ndr(0, SVCCTL), Answer::NDR)])
        .call(Call::new(0, 12).id(10).stub([7; 600]).unanswered())
        .call(Call::new(0, 13).id(11).unanswered());
    let [bind, ack, large, small] = conversation.steps() else { panic!("four PDUs") };
    let mut tap = Tap::of(Protocol::Rpc, 3, limits);
    for connection in 0..3 {
        tap.send_on(connection, bind.side, &bind.pdu);
        tap.send_on(connection, ack.side, &ack.pdu);
        tap.send_on(connection, large.side, &large.pdu[..400]);
    }
    for connection in 0..3 {
        tap.send_on(connection, large.side, &large.pdu[400..]);
        tap.send_on(connection, small.side, &small.pdu);
    }
    let seen = tap.finish();
    assert_eq!(seen.stats.pdus_given_up, 1);
    assert_eq!(seen.anomalies(), [AnomalyKind::PduTruncated]);
    let large: Vec<_> = seen.calls().into_iter().filter(|call| call.call_id.0 == 10).collect();
    assert_eq!(large.len(), 3);
    assert_eq!(large.iter().filter(|call| call.request.is_some_and(|request| request.complete)).count(), 2);
    // What comes behind a PDU that was given up is read as ever.
    assert_eq!(seen.calls().into_iter().filter(|call| call.call_id.0 == 11).count(), 3);
}

#[test]
fn an_evicted_security_context_is_counted() {
    let limits = Limits { security_contexts: 2, ..Limits::WHOLE };
    let mut conversation = Conversation::new();
    for context_id in 0..5 {
        let verifier = Verifier::ntlm(AuthLevel::PKT, context_id, [9; 16]);
        conversation = conversation.security(Some(verifier)).call(Call::new(0, 12));
    }
    let seen = Tap::of(Protocol::Rpc, 1, limits).steps(conversation.steps()).finish();
    assert_eq!(seen.stats.security_contexts_evicted, 3);
}
