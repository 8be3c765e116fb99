//! Requests that are told before their reply comes.

use super::arguments::{OPEN, START, open_service, opened, start_service};
use crate::harness::{SAMR, SVCCTL, Seen, Tap};
use rpcscope_model::{CallId, Calls, Opnum, Outcome, Phase, Side, Transport};
use rpcscope_testkit::conversation::{Answer, Call, Conversation};
use rpcscope_testkit::pdu::{self, Format, Offer};

fn bound() -> Conversation {
    Conversation::new().bind(&[(Offer::ndr(0, SVCCTL), Answer::NDR), (Offer::ndr(1, SAMR), Answer::NDR)])
}

fn seen(requests: Calls, conversation: &Conversation) -> Seen {
    Tap::tcp().wanting(requests, Calls::None).steps(conversation.steps()).finish()
}

fn open() -> Call {
    Call::new(0, OPEN).id(10).stub(open_service(1, "evil")).returns(opened(2))
}

#[test]
fn a_wanted_request_is_told_when_its_last_fragment_was_seen() {
    let conversation = bound().fragment_bytes(16).call(open());
    let fragments = conversation.expected()[0].request_fragments;
    assert!(fragments > 2);
    let mut tap = Tap::tcp().wanting(Calls::All, Calls::None);
    // Bind, its answer, and all fragments but the last.
    let (before, after) = conversation.steps().split_at(2 + fragments - 1);
    tap = tap.steps(before);
    assert_eq!(tap.events().len(), 1, "the bind");
    tap = tap.steps(&after[..1]);
    assert_eq!(tap.events().len(), 2, "the request");
    let seen = tap.steps(&after[1..]).finish();
    assert_eq!(
        seen.phases(),
        [(Phase::Settled, None), (Phase::Requested, Some(10)), (Phase::Settled, Some(10))]
    );
    let [requested, settled] = &seen.events[1..] else { panic!("two events of the call") };
    assert_eq!((requested.header.time, requested.header.frame), (settled.header.time, settled.header.frame));
    assert_eq!(requested.header.transport, Transport::NcacnIpTcp);
    let told = seen.requests()[0];
    assert_eq!((told.outcome, told.reply, told.announced), (Outcome::Pending, None, None));
    assert_eq!((told.procedure, told.opnum), (Some("ROpenServiceW"), Some(Opnum(OPEN))));
    assert_eq!(told.request, seen.call(10).request);
}

#[test]
fn arguments_of_the_request_are_told_with_it_and_stay_the_first_ones() {
    let seen = seen(Calls::All, &bound().call(open()));
    let told = seen.requests()[0].arguments.as_ref().expect("arguments");
    assert_eq!(told.text("service"), Some("evil"));
    assert_eq!(told.get("status"), None);
    let call = seen.call(10);
    let all = call.arguments.as_ref().expect("arguments");
    assert_eq!(call.announced, Some(told.len()));
    assert!(all.len() > told.len() && all.get("status").is_some());
    assert!(told.iter().eq(all.iter().take(told.len())));
}

#[test]
fn a_name_that_came_with_the_handle_is_told_with_the_request() {
    let start = Call::new(0, START).id(11).stub(start_service(2)).returns([0; 4]);
    let seen = seen(Calls::All, &bound().call(open()).call(start));
    let told = seen.requests()[1].arguments.as_ref().expect("arguments");
    assert_eq!(told.text("service"), Some("evil"));
}

#[test]
fn only_wanted_requests_are_told() {
    let conversation = bound()
        .call(Call::new(0, 12).id(10))
        .call(Call::new(0, 13).id(11))
        .call(Call::new(1, 12).id(12))
        .call(Call::new(1, 5).id(13));
    let told = |requests: Calls| -> Vec<u32> {
        seen(requests, &conversation).requests().iter().map(|call| call.call_id.0).collect()
    };
    assert_eq!(told(Calls::None), []);
    assert_eq!(told(Calls::All), [10, 11, 12, 13]);
    let svcctl = Some(SVCCTL.uuid);
    assert_eq!(told(Calls::keyed([(svcctl, Some(Opnum(12)))])), [10]);
    assert_eq!(told(Calls::keyed([(svcctl, None)])), [10, 11]);
    assert_eq!(told(Calls::keyed([(None, Some(Opnum(12)))])), [10, 12]);
}

#[test]
fn what_is_told_twice_is_counted_once() {
    let conversation = bound().call(Call::new(0, 12)).call(Call::new(0, 13).faults(5));
    let (asked, plain) = (seen(Calls::All, &conversation), seen(Calls::None, &conversation));
    assert_eq!(asked.stats, plain.stats);
    assert_eq!((asked.requests().len(), asked.calls().len(), plain.requests().len()), (2, 2, 0));
}

#[test]
fn a_request_that_lost_its_end_is_not_told() {
    let request = pdu::Request::new(10, 0, 12, [7; 100]).encode(Format::LITTLE);
    let first =
        Conversation::new().fragment_bytes(16).call(Call::new(0, 12).id(11).stub([1; 40]).unanswered());
    let seen = Tap::tcp()
        .wanting(Calls::All, Calls::None)
        .steps(bound().steps())
        .steps(&first.steps()[..1])
        .send(Side::Client, &request[..40])
        .finish();
    // The rest of a PDU is missing; of a fragment, what the flag says was seen.
    let told: Vec<_> = seen.requests().iter().map(|call| call.call_id.0).collect();
    assert_eq!(told, [10]);
    assert_eq!(seen.calls().len(), 2);
    assert_eq!(seen.call(11).announced, None);
}

#[test]
fn a_request_is_told_although_its_context_is_refused_later() {
    let nak = pdu::BindNak { call_id: CallId(1), reason: 0, versions: Vec::new() }.encode(Format::LITTLE);
    let seen = Tap::tcp()
        .wanting(Calls::All, Calls::None)
        .send(Side::Client, &pdu::Bind::new(1, [Offer::ndr(0, SVCCTL)]).encode(Format::LITTLE))
        .send(Side::Client, &pdu::Request::new(10, 0, OPEN, open_service(1, "evil")).encode(Format::LITTLE))
        .send(Side::Server, &nak)
        .finish();
    let told = seen.requests()[0];
    assert_eq!((told.interface.map(|interface| interface.syntax), told.assumed), (Some(SVCCTL), true));
    assert!(told.arguments.is_some());
    let call = seen.call(10);
    assert_eq!((call.interface, call.arguments.is_none(), call.announced), (None, true, Some(0)));
}
