//! Which interface a call is of.

use crate::harness::{SAMR, STRANGE, SVCCTL, Tap};
use rpcscope_model::{AnomalyKind, Call as Seen, Learned, NDR, NDR64, Side, SyntaxId};
use rpcscope_testkit::conversation::{Answer, Call, Conversation};
use rpcscope_testkit::pdu::{self, Format, Offer};

fn interface(call: &Seen) -> Option<SyntaxId> {
    call.interface.map(|interface| interface.syntax)
}

#[test]
fn each_context_of_a_bind_names_its_own_calls() {
    let conversation = Conversation::new()
        .bind(&[
            (Offer::ndr(0, SVCCTL), Answer::NDR),
            (Offer::ndr(7, SAMR), Answer::NDR),
            (Offer::ndr(3, STRANGE), Answer::NDR),
        ])
        .call(Call::new(7, 1))
        .call(Call::new(0, 2))
        .call(Call::new(3, 3));
    let seen = Tap::tcp().steps(conversation.steps()).finish();
    seen.assert_is(conversation.expected());
    let names: Vec<_> = seen.calls().iter().map(|call| call.interface.and_then(|known| known.name)).collect();
    assert_eq!(names, [Some("samr"), Some("svcctl"), None]);
    assert!(seen.calls().iter().all(|call| call.learned == Learned::Bind && !call.assumed));
}

#[test]
fn results_are_matched_by_position_and_a_rejected_context_never_names() {
    let conversation = Conversation::new()
        .bind(&[
            (Offer::ndr(5, SVCCTL), Answer::UNKNOWN_INTERFACE),
            (Offer::ndr(2, SAMR), Answer::NDR),
            (Offer::ndr(1, STRANGE), Answer::UNKNOWN_TRANSFER_SYNTAX),
        ])
        .call(Call::new(5, 1))
        .call(Call::new(2, 1))
        .call(Call::new(1, 1));
    let seen = Tap::tcp().steps(conversation.steps()).finish();
    assert_eq!(seen.calls().iter().map(|call| interface(call)).collect::<Vec<_>>(), [None, Some(SAMR), None]);
    assert_eq!(seen.anomalies(), [AnomalyKind::ContextRejected; 2]);
    let answers: Vec<_> = seen.binds()[0].contexts.iter().map(|context| context.answer).collect();
    assert_eq!(answers, [Some((2, 1)), Some((0, 0)), Some((2, 2))]);
}

#[test]
fn a_rejected_context_is_not_named_after_its_pipe_either() {
    use rpcscope_testkit::transport::Smb2;
    let conversation = Conversation::new()
        .bind(&[(Offer::ndr(0, STRANGE), Answer::UNKNOWN_INTERFACE)])
        .call(Call::new(0, 12).faults(5));
    let seen = Tap::of(crate::Protocol::Smb, 1, rpcscope_model::Limits::WHOLE)
        .messages(&Smb2::default().carry(&[("svcctl", conversation.steps())]))
        .finish();
    assert_eq!((interface(seen.calls()[0]), seen.calls()[0].learned), (None, Learned::Unknown));
}

#[test]
fn a_pipe_of_one_interface_names_calls_whose_bind_was_not_seen() {
    use rpcscope_testkit::transport::Smb2;
    let conversation = Conversation::new()
        .bind(&[(Offer::ndr(0, SVCCTL), Answer::NDR)])
        .call(Call::new(0, 12))
        .without_first(2);
    let seen = Tap::of(crate::Protocol::Smb, 1, rpcscope_model::Limits::WHOLE)
        .messages(&Smb2::default().carry(&[("svcctl", conversation.steps())]))
        .finish();
    let call = seen.calls()[0];
    assert_eq!(
        (interface(call).map(|syntax| syntax.uuid), call.learned),
        (Some(SVCCTL.uuid), Learned::PipeName)
    );
    assert_eq!(call.procedure, Some("RCreateServiceW"));
}

#[test]
fn ndr64_and_feature_negotiation_stand_beside_ndr_as_windows_sends_them() {
    let conversation = Conversation::new()
        .bind(&[
            (Offer::ndr(0, SVCCTL), Answer::UNKNOWN_TRANSFER_SYNTAX),
            (Offer::ndr64(1, SVCCTL), Answer::NDR64),
            (Offer::features(2, SVCCTL, 3), Answer::features(3)),
        ])
        .call(Call::new(1, 12))
        .call(Call::new(2, 12));
    let seen = Tap::tcp().steps(conversation.steps()).finish();
    let call = seen.calls()[0];
    assert_eq!((interface(call), call.transfer_syntax), (Some(SVCCTL), Some(NDR64)));
    // The negotiation of features defines no context.
    assert_eq!(interface(seen.calls()[1]), None);
    assert_eq!(seen.anomalies(), [AnomalyKind::ContextUnknown]);
    assert_eq!(seen.binds()[0].contexts[2].answer, Some((3, 3)));
}

#[test]
fn a_feature_negotiation_with_the_id_of_a_context_does_not_touch_it() {
    let conversation = Conversation::new()
        .bind(&[
            (Offer::ndr(0, SVCCTL), Answer::NDR),
            (Offer::features(0, SVCCTL, 3), Answer::UNKNOWN_TRANSFER_SYNTAX),
        ])
        .call(Call::new(0, 12));
    Tap::tcp().steps(conversation.steps()).finish().assert_is(conversation.expected());
}

#[test]
fn one_id_may_be_offered_twice_with_different_transfer_syntaxes() {
    let conversation = Conversation::new()
        .bind(&[
            (Offer::ndr(0, SVCCTL), Answer::UNKNOWN_TRANSFER_SYNTAX),
            (Offer::ndr64(0, SVCCTL), Answer::NDR64),
        ])
        .call(Call::new(0, 12));
    let seen = Tap::tcp().steps(conversation.steps()).finish();
    seen.assert_is(conversation.expected());
    assert_eq!((seen.calls()[0].transfer_syntax, seen.calls()[0].assumed), (Some(NDR64), false));
}

#[test]
fn the_transfer_syntax_agreed_on_stands_first_in_the_bind() {
    let both = Offer { transfer_syntaxes: vec![Offer::NDR, Offer::NDR64], ..Offer::ndr(0, SVCCTL) };
    let conversation = Conversation::new().bind(&[(both, Answer::NDR64)]).call(Call::new(0, 12));
    let seen = Tap::tcp().steps(conversation.steps()).finish();
    assert_eq!(seen.binds()[0].contexts[0].transfer_syntaxes, [Offer::NDR64, Offer::NDR]);
    assert_eq!(seen.calls()[0].transfer_syntax, Some(NDR64));
}

#[test]
fn an_accepted_alter_context_gives_an_id_to_another_interface() {
    let conversation = Conversation::new()
        .bind(&[(Offer::ndr(0, SVCCTL), Answer::NDR)])
        .call(Call::new(0, 1))
        .alter_context(&[(Offer::ndr(0, SAMR), Answer::NDR)])
        .call(Call::new(0, 1));
    let seen = Tap::tcp().steps(conversation.steps()).finish();
    let found: Vec<_> = seen.calls().iter().map(|call| (interface(call), call.learned)).collect();
    assert_eq!(found, [(Some(SVCCTL), Learned::Bind), (Some(SAMR), Learned::AlterContext)]);
    assert_eq!(seen.anomalies(), [AnomalyKind::ContextRedefined]);
}

#[test]
fn a_rejected_alter_context_leaves_the_old_interface() {
    let conversation = Conversation::new()
        .bind(&[(Offer::ndr(0, SVCCTL), Answer::NDR)])
        .alter_context(&[(Offer::ndr(0, SAMR), Answer::UNKNOWN_INTERFACE)])
        .call(Call::new(0, 1));
    let seen = Tap::tcp().steps(conversation.steps()).finish();
    assert_eq!(interface(seen.calls()[0]), Some(SVCCTL));
}

#[test]
fn an_id_that_was_rejected_may_be_offered_again() {
    let conversation = Conversation::new()
        .bind(&[(Offer::ndr(0, SVCCTL), Answer::UNKNOWN_INTERFACE)])
        .alter_context(&[(Offer::ndr(0, SAMR), Answer::NDR)])
        .call(Call::new(0, 1));
    let seen = Tap::tcp().steps(conversation.steps()).finish();
    seen.assert_is(conversation.expected());
}

#[test]
fn an_alter_context_without_answer_is_taken_as_accepted() {
    let alter = pdu::Bind::alter_context(2, [Offer::ndr(0, SAMR)]).encode(Format::LITTLE);
    let conversation = Conversation::new()
        .bind(&[(Offer::ndr(0, SVCCTL), Answer::NDR)])
        .push(Side::Client, alter)
        .next_call_id(3)
        .call(Call::new(0, 1));
    let seen = Tap::tcp().steps(conversation.steps()).finish();
    assert_eq!((interface(seen.calls()[0]), seen.calls()[0].assumed), (Some(SAMR), true));
}

#[test]
fn a_request_that_did_not_wait_for_its_rejection_has_the_old_interface() {
    let alter =
        pdu::Bind::alter_context(2, [Offer::ndr(0, SAMR), Offer::ndr(1, SAMR)]).encode(Format::LITTLE);
    let resp = pdu::BindAck::alter_context(2, [Answer::UNKNOWN_INTERFACE, Answer::UNKNOWN_INTERFACE])
        .encode(Format::LITTLE);
    let conversation = Conversation::new()
        .bind(&[(Offer::ndr(0, SVCCTL), Answer::NDR)])
        .push(Side::Client, alter)
        .call(Call::new(0, 1).id(10).unanswered())
        .call(Call::new(1, 1).id(11).unanswered())
        .push(Side::Server, resp)
        .push(Side::Server, pdu::Response::new(10, 0, []).encode(Format::LITTLE))
        .push(Side::Server, pdu::Fault::new(11, 1, 5).encode(Format::LITTLE));
    let seen = Tap::tcp().steps(conversation.steps()).finish();
    assert_eq!((interface(seen.call(10)), seen.call(10).assumed), (Some(SVCCTL), false));
    assert_eq!(interface(seen.call(11)), None);
}

#[test]
fn a_request_that_did_not_wait_for_its_acceptance_is_no_longer_assumed() {
    let conversation = Conversation::new();
    let bind = pdu::Bind::new(1, [Offer::ndr(0, SVCCTL)]).encode(Format::LITTLE);
    let ack = pdu::BindAck::new(1, "135", [Answer::NDR]).encode(Format::LITTLE);
    let conversation = conversation
        .push(Side::Client, bind)
        .call(Call::new(0, 1).id(10).unanswered())
        .push(Side::Server, ack)
        .push(Side::Server, pdu::Response::new(10, 0, []).encode(Format::LITTLE));
    let call_seen = Tap::tcp().steps(conversation.steps()).finish();
    let call = call_seen.call(10);
    assert_eq!((interface(call), call.assumed, call.transfer_syntax), (Some(SVCCTL), false, Some(NDR)));
}

#[test]
fn an_answer_for_a_later_alter_context_does_not_change_an_older_call() {
    // The first bind gets no answer; its call is open while the id goes to another interface.
    let bind = pdu::Bind::new(1, [Offer::ndr(0, SVCCTL)]).encode(Format::LITTLE);
    let conversation = Conversation::new()
        .push(Side::Client, bind)
        .call(Call::new(0, 1).id(10).unanswered())
        .next_call_id(11)
        .alter_context(&[(Offer::ndr(0, SAMR), Answer::NDR)])
        .push(Side::Server, pdu::Response::new(10, 0, []).encode(Format::LITTLE));
    let seen = Tap::tcp().steps(conversation.steps()).finish();
    assert_eq!((interface(seen.call(10)), seen.call(10).assumed), (Some(SVCCTL), true));
}

#[test]
fn a_context_without_bind_names_nothing() {
    let conversation = Conversation::new().call(Call::new(4, 1));
    let seen = Tap::tcp().steps(conversation.steps()).finish();
    let call = seen.calls()[0];
    assert_eq!((interface(call), call.learned, call.procedure), (None, Learned::Unknown, None));
    assert_eq!(seen.anomalies(), [AnomalyKind::ContextUnknown]);
}
