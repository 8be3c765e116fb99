//! What the server says to a bind, and what it does not say.

use crate::harness::{SAMR, SVCCTL, Tap};
use rpcscope_model::{AnomalyKind, BindResult, Learned, Outcome, Side};
use rpcscope_testkit::conversation::{Answer, Call, Conversation};
use rpcscope_testkit::pdu::{self, Format, Offer};

fn bind(call_id: u32) -> Vec<u8> {
    pdu::Bind::new(call_id, [Offer::ndr(0, SVCCTL)]).encode(Format::LITTLE)
}

#[test]
fn a_bind_is_reported_with_its_answer() {
    let conversation =
        Conversation::new().secondary_address("\\PIPE\\svcctl").bind(&[(Offer::ndr(0, SVCCTL), Answer::NDR)]);
    let seen = Tap::tcp().steps(conversation.steps()).finish();
    let bind = seen.binds()[0];
    assert_eq!((bind.kind, &*bind.endpoint, bind.call_id.0), (Learned::Bind, "49670", 1));
    assert_eq!(bind.answered.map(|(_, frame)| frame.0), Some(2));
    let wanted = BindResult::Acknowledged {
        secondary_address: Some("\\PIPE\\svcctl".into()),
        association_group: 0x0001_2345,
    };
    assert_eq!(bind.result, wanted);
}

#[test]
fn a_bind_without_bind_ack_is_taken_as_accepted_and_says_so() {
    let conversation = Conversation::new().push(Side::Client, bind(1)).call(Call::new(0, 12).id(2));
    let seen = Tap::tcp().steps(conversation.steps()).finish();
    let call = seen.call(2);
    assert_eq!((call.procedure, call.learned, call.assumed), (Some("RCreateServiceW"), Learned::Bind, true));
    assert_eq!(seen.binds()[0].result, BindResult::Unanswered);
}

#[test]
fn a_bind_nak_gives_its_reason_and_versions_and_rejects_all_contexts() {
    let nak = pdu::BindNak { call_id: rpcscope_model::CallId(1), reason: 4, versions: vec![(5, 0), (5, 1)] };
    let conversation = Conversation::new()
        .push(Side::Client, bind(1))
        .call(Call::new(0, 1).id(2).unanswered())
        .push(Side::Server, nak.encode(Format::LITTLE))
        .call(Call::new(0, 1).id(3).unanswered());
    let seen = Tap::tcp().steps(conversation.steps()).finish();
    let result = BindResult::Rejected { reason: 4, versions: vec![(5, 0), (5, 1)] };
    assert_eq!(seen.binds()[0].result, result);
    assert_eq!((seen.call(2).interface, seen.call(3).interface), (None, None));
    assert_eq!(seen.anomalies(), [AnomalyKind::ContextRejected]);
}

#[test]
fn a_fault_may_answer_a_bind() {
    let conversation = Conversation::new()
        .push(Side::Client, bind(1))
        .push(Side::Server, pdu::Fault::new(1, 0, 5).encode(Format::LITTLE));
    let seen = Tap::tcp().steps(conversation.steps()).finish();
    assert_eq!(seen.binds()[0].result, BindResult::Faulted(5));
    assert!(seen.calls().is_empty());
}

#[test]
fn after_a_lost_bind_ack_a_fault_belongs_to_the_call_of_the_same_id() {
    let conversation = Conversation::new().push(Side::Client, bind(2)).call(Call::new(0, 12).id(2).faults(5));
    let seen = Tap::tcp().steps(conversation.steps()).finish();
    assert_eq!(seen.call(2).outcome, Outcome::Faulted);
    assert_eq!(seen.call(2).interface.map(|interface| interface.syntax), Some(SVCCTL));
    assert_eq!(seen.binds()[0].result, BindResult::Unanswered);
}

#[test]
fn answers_without_bind_are_an_anomaly_and_define_nothing() {
    let ack = pdu::BindAck::new(1, "135", [Answer::NDR]).encode(Format::LITTLE);
    let nak = pdu::BindNak { call_id: rpcscope_model::CallId(2), reason: 4, versions: vec![] };
    let conversation = Conversation::new()
        .push(Side::Server, ack)
        .push(Side::Server, nak.encode(Format::LITTLE))
        .call(Call::new(0, 1));
    let seen = Tap::tcp().steps(conversation.steps()).finish();
    use AnomalyKind::{BindAckUnexpected, ContextUnknown};
    assert_eq!(seen.anomalies(), [BindAckUnexpected, BindAckUnexpected, ContextUnknown]);
    assert!(seen.binds().is_empty());
}

#[test]
fn another_number_of_results_is_an_anomaly_and_those_there_are_count() {
    for results in
        [vec![Answer::UNKNOWN_INTERFACE], vec![Answer::UNKNOWN_INTERFACE, Answer::NDR, Answer::NDR]]
    {
        let offer = pdu::Bind::new(1, [Offer::ndr(0, SVCCTL), Offer::ndr(1, SAMR)]).encode(Format::LITTLE);
        let has_second = results.len() > 1;
        let conversation = Conversation::new()
            .push(Side::Client, offer)
            .push(Side::Server, pdu::BindAck::new(1, "135", results).encode(Format::LITTLE))
            .call(Call::new(1, 1).id(2))
            .call(Call::new(0, 1).id(3));
        let seen = Tap::tcp().steps(conversation.steps()).finish();
        assert_eq!(seen.anomalies(), [AnomalyKind::BindAckMismatch, AnomalyKind::ContextRejected]);
        assert_eq!(seen.call(2).interface.map(|interface| interface.syntax), Some(SAMR));
        assert_eq!(seen.call(2).assumed, !has_second);
        assert_eq!(seen.call(3).interface, None);
    }
}

#[test]
fn more_results_announced_than_there_are_is_an_anomaly() {
    let mut ack = pdu::BindAck::new(1, "135", [Answer::NDR]).encode(Format::LITTLE);
    // n_results follows the address "135", its terminator and two bytes of padding.
    ack[32] = 2;
    let offer = pdu::Bind::new(1, [Offer::ndr(0, SVCCTL), Offer::ndr(1, SAMR)]).encode(Format::LITTLE);
    let seen = Tap::tcp().send(Side::Client, &offer).send(Side::Server, &ack).finish();
    assert_eq!(seen.anomalies(), [AnomalyKind::BindAckMismatch]);
}

#[test]
fn a_malformed_bind_costs_what_follows_the_mistake_only() {
    let mut offer = pdu::Bind::new(1, [Offer::ndr(0, SVCCTL)]).encode(Format::LITTLE);
    offer[24] = 9; // n_context_elem
    let conversation = Conversation::new().push(Side::Client, offer).call(Call::new(0, 12).id(2));
    let seen = Tap::tcp().steps(conversation.steps()).finish();
    assert_eq!(seen.anomalies(), [AnomalyKind::PduMalformed]);
    assert_eq!(seen.call(2).procedure, Some("RCreateServiceW"));
}

#[test]
fn a_second_bind_of_the_same_id_ends_the_wait_for_the_first() {
    let conversation =
        Conversation::new().push(Side::Client, bind(1)).bind(&[(Offer::ndr(1, SAMR), Answer::NDR)]);
    let seen = Tap::tcp().steps(conversation.steps()).finish();
    let results: Vec<_> = seen.binds().iter().map(|bind| bind.result == BindResult::Unanswered).collect();
    assert_eq!(results, [true, false]);
}
