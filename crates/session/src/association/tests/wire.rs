//! PDUs that are kept for whoever asks for them.

use crate::Protocol;
use crate::harness::{SVCCTL, Seen, Tap};
use rpcscope_model::{AuthLevel, Calls, Limits, Message, Side};
use rpcscope_testkit::conversation::{Answer, Call, Conversation};
use rpcscope_testkit::pdu::{Format, Offer, Verifier};

fn bound() -> Conversation {
    Conversation::new().bind(&[(Offer::ndr(0, SVCCTL), Answer::NDR)])
}

fn seen(conversation: &Conversation) -> Seen {
    Tap::tcp().wanting(Calls::All, Calls::All).steps(conversation.steps()).finish()
}

fn of(seen: &Seen, call_id: u32, side: Side) -> &Message {
    let wire = seen.call(call_id).wire.as_deref().expect("PDUs");
    let message = if side == Side::Client { &wire.request } else { &wire.reply };
    message.as_ref().expect("a message")
}

#[test]
fn the_first_pdu_is_kept_whole_and_the_stubs_of_all_fragments() {
    let stub: Vec<u8> = (0..50).collect();
    let conversation =
        bound().fragment_bytes(16).call(Call::new(0, 12).id(10).stub(stub.clone()).returns([9; 40]));
    let seen = seen(&conversation);
    let request = of(&seen, 10, Side::Client);
    assert_eq!(
        (&request.pdu, &request.stub, request.is_big_endian),
        (&conversation.steps()[2].pdu, &stub, false)
    );
    let reply = of(&seen, 10, Side::Server);
    let first = conversation.steps().iter().skip(2).find(|step| step.side == Side::Server).expect("a reply");
    assert_eq!((&reply.pdu, &reply.stub), (&first.pdu, &vec![9; 40]));
    assert_eq!(seen.held_bytes, 0);
}

#[test]
fn verifier_byte_order_and_fault_are_kept_as_they_travelled() {
    let verifier = Verifier::ntlm(AuthLevel::PKT_PRIVACY, 3, [9; 16]);
    let conversation = Conversation::new()
        .format(Format::BIG)
        .server_format(Format::LITTLE)
        .bind(&[(Offer::ndr(0, SVCCTL), Answer::NDR)])
        .security(Some(verifier))
        .call(Call::new(0, 12).id(10).stub([7; 20]).faults(5));
    let seen = seen(&conversation);
    let [.., request, fault] = conversation.steps() else { panic!("four PDUs") };
    let kept = of(&seen, 10, Side::Client);
    assert_eq!((&kept.pdu, kept.is_big_endian), (&request.pdu, true));
    assert!(kept.stub.starts_with(&[7; 20]) && kept.pdu.ends_with(&[9; 16]));
    let kept = of(&seen, 10, Side::Server);
    assert_eq!((&kept.pdu, kept.is_big_endian), (&fault.pdu, false));
}

#[test]
fn a_bind_has_its_pdus_answered_or_not() {
    let unanswered = pdu_of_bind(2);
    let seen = Tap::tcp()
        .wanting(Calls::None, Calls::All)
        .steps(bound().steps())
        .send(Side::Client, &unanswered)
        .finish();
    let [first, second] = seen.binds()[..] else { panic!("two binds") };
    let [bind, ack] = bound().steps().to_vec().try_into().expect("two PDUs");
    let wire = first.wire.as_deref().expect("PDUs");
    assert_eq!(wire.request.as_ref().map(|message| &message.pdu), Some(&bind.pdu));
    assert_eq!(wire.reply.as_ref().map(|message| &message.pdu), Some(&ack.pdu));
    let wire = second.wire.as_deref().expect("a PDU");
    assert_eq!((wire.request.as_ref().map(|message| &message.pdu), &wire.reply), (Some(&unanswered), &None));
    assert_eq!(seen.held_bytes, 0);
}

fn pdu_of_bind(call_id: u32) -> Vec<u8> {
    rpcscope_testkit::pdu::Bind::new(call_id, [Offer::ndr(0, SVCCTL)]).encode(Format::LITTLE)
}

#[test]
fn a_request_that_is_told_has_its_pdu_already() {
    let conversation = bound().call(Call::new(0, 12).stub([1; 8]));
    let seen = seen(&conversation);
    let wire = seen.requests()[0].wire.as_deref().expect("PDUs");
    assert_eq!(wire.request.as_ref().map(|message| &message.pdu), Some(&conversation.steps()[2].pdu));
    assert_eq!(wire.reply, None);
}

#[test]
fn nothing_is_kept_unless_it_is_wanted() {
    let conversation = bound().call(Call::new(0, 12).id(10).stub([1; 8]).unanswered());
    let tap = Tap::tcp().steps(conversation.steps());
    assert_eq!(tap.held_bytes(), 0);
    let seen = tap.finish();
    assert!(seen.call(10).wire.is_none() && seen.binds()[0].wire.is_none());
}

#[test]
fn only_calls_that_have_what_is_looked_for_carry_their_messages() {
    let conversation = bound()
        .call(Call::new(0, 12).id(10).stub(*b"..needle..").returns(*b"reply"))
        .call(Call::new(0, 12).id(11).stub(*b"..hay..").returns(*b"needle"));
    let seen = Tap::tcp().looking_for(Side::Client, b"needle").steps(conversation.steps()).finish();
    let told: Vec<_> = seen.requests().iter().map(|call| (call.call_id.0, call.wire.is_some())).collect();
    assert_eq!(told, [(10, true)], "its request is told at once");
    let wire = seen.call(10).wire.as_deref().expect("its request");
    assert_eq!((wire.request.is_some(), wire.reply.is_some()), (true, false));
    assert_eq!(seen.call(11).wire, None);
    assert!(seen.binds()[0].wire.is_some(), "binds are few");
    assert_eq!(seen.held_bytes, 0);

    let seen = Tap::tcp().looking_for(Side::Server, b"needle").steps(conversation.steps()).finish();
    assert_eq!(seen.requests().len(), 0);
    let wire = seen.call(11).wire.as_deref().expect("its reply");
    assert_eq!((wire.request.is_some(), wire.reply.is_some()), (false, true));
    assert_eq!(seen.call(10).wire, None);
}

#[test]
fn a_message_of_several_fragments_is_carried_since_what_is_looked_for_may_lie_across_them() {
    let conversation = bound().fragment_bytes(4).call(Call::new(0, 12).id(10).stub(*b"..needle.."));
    let seen = Tap::tcp().looking_for(Side::Client, b"needle").steps(conversation.steps()).finish();
    assert_eq!(of(&seen, 10, Side::Client).stub, b"..needle..");
    assert_eq!(seen.requests().len(), 1);
}

#[test]
fn a_call_whose_interface_may_still_change_carries_its_messages() {
    let svcctl = Calls::keyed([(Some(SVCCTL.uuid), None)]);
    let other = rpcscope_model::SyntaxId { uuid: uuid::Uuid::from_u128(7), ..SVCCTL };
    let of = |answered: bool| {
        let conversation = Conversation::new()
            .bind(&[(Offer::ndr(0, other), Answer::NDR)])
            .call(Call::new(0, 12).id(10).stub([1; 8]));
        let steps: Vec<_> = conversation
            .steps()
            .iter()
            .enumerate()
            .filter(|(at, _)| answered || *at != 1)
            .map(|(_, step)| step.clone())
            .collect();
        let seen = Tap::tcp().wanting(Calls::None, svcctl.clone()).steps(&steps).finish();
        seen.call(10).wire.is_some()
    };
    assert!(!of(true), "the interface is another one");
    assert!(of(false), "nobody has accepted it yet");
}

#[test]
fn what_is_kept_is_bounded_for_a_call_and_in_all() {
    let long = bound().fragment_bytes(4000).call(Call::new(0, 12).id(10).stub(vec![1; 100_000]));
    assert_eq!(of(&seen(&long), 10, Side::Client).stub.len(), Message::MAX_BYTES);

    let limits = Limits { held_bytes: 5_000, ..Limits::WHOLE };
    let mut tap = Tap::of(Protocol::Rpc, 1, limits).wanting(Calls::None, Calls::All).steps(bound().steps());
    for id in 10..20 {
        let call = Conversation::new().call(Call::new(0, 12).id(id).stub([1; 600]).unanswered());
        tap = tap.steps(call.steps());
        assert!(tap.held_bytes() <= limits.held_bytes, "{}", tap.held_bytes());
    }
    let seen = tap.finish();
    let kept = |id| !of(&seen, id, Side::Client).pdu.is_empty();
    assert!(kept(10) && !kept(19), "those that come when there is no room are left out");
    assert_eq!((seen.calls().len(), seen.held_bytes), (10, 0));
}
