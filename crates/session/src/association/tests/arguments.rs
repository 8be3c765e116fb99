//! Arguments, decoded from stubs in clear; names that travel with context handles.

use crate::Protocol;
use crate::harness::{SAMR, SVCCTL, Seen, Tap};
use rpcscope_model::{AuthLevel, Limits, Side, StopReason};
use rpcscope_testkit::conversation::{Activity, Answer, Call, Conversation};
use rpcscope_testkit::pdu::{Format, Offer, Request, Response, Verifier};
use uuid::Uuid;

pub(super) const OPEN: u16 = 16;
pub(super) const START: u16 = 19;
const CLOSE: u16 = 0;

fn handle(number: u8) -> Vec<u8> {
    [vec![0; 4], vec![number; 16]].concat()
}

/// The stub of ROpenServiceW ([MS-SCMR] 3.1.4.16): handle of the manager, name, access.
pub(super) fn open_service(manager: u8, name: &str) -> Vec<u8> {
    let mut stub = handle(manager);
    let units: Vec<u16> = name.encode_utf16().chain([0]).collect();
    let length = u32::try_from(units.len()).expect("short");
    for number in [length, 0, length] {
        stub.extend(number.to_le_bytes());
    }
    units.iter().for_each(|unit| stub.extend(unit.to_le_bytes()));
    stub.resize(stub.len().next_multiple_of(4), 0);
    stub.extend(0x10_u32.to_le_bytes());
    stub
}

pub(super) fn opened(number: u8) -> Vec<u8> {
    [handle(number), vec![0; 4]].concat()
}

/// RStartServiceW without arguments.
pub(super) fn start_service(service: u8) -> Vec<u8> {
    [handle(service), vec![0; 8]].concat()
}

fn bound() -> Conversation {
    Conversation::new().bind(&[(Offer::ndr(0, SVCCTL), Answer::NDR)])
}

fn service(seen: &Seen, call_id: u32) -> Option<&str> {
    seen.call(call_id).arguments.as_ref()?.text("service")
}

fn seen(conversation: &Conversation) -> Seen {
    Tap::tcp().steps(conversation.steps()).finish()
}

#[test]
fn a_handle_carries_its_name_to_later_calls_until_it_is_closed() {
    let conversation = bound()
        .call(Call::new(0, OPEN).id(10).stub(open_service(1, "evil")).returns(opened(2)))
        .call(Call::new(0, START).id(11).stub(start_service(2)).returns([0; 4]))
        .call(Call::new(0, START).id(12).stub(start_service(3)).returns([0; 4]))
        .call(Call::new(0, CLOSE).id(13).stub(handle(2)).returns(opened(0)))
        .call(Call::new(0, START).id(14).stub(start_service(2)).returns([0; 4]));
    let seen = seen(&conversation);
    assert_eq!(service(&seen, 10), Some("evil"));
    assert_eq!(service(&seen, 11), Some("evil"));
    assert_eq!(service(&seen, 12), None, "another handle");
    assert_eq!(service(&seen, 13), Some("evil"));
    assert_eq!(service(&seen, 14), None, "the handle was closed");
    assert_eq!(seen.stats.stubs_stopped, 0);
}

#[test]
fn a_handle_stays_open_when_closing_it_failed() {
    let conversation = bound()
        .call(Call::new(0, OPEN).id(10).stub(open_service(1, "evil")).returns(opened(2)))
        .call(Call::new(0, CLOSE).id(11).stub(handle(2)).faults(5))
        .call(Call::new(0, START).id(12).stub(start_service(2)).returns([0; 4]));
    assert_eq!(service(&seen(&conversation), 12), Some("evil"));
}

#[test]
fn a_stub_in_fragments_is_decoded_whatever_their_size_and_byte_order() {
    for size in [1, 7, 20, 39, 1000] {
        let request = Request::new(9, 0, OPEN, open_service(1, "evil")).fragments(Format::LITTLE, size);
        let response = Response::new(9, 0, opened(2)).fragments(Format::LITTLE, size);
        let seen = Tap::tcp()
            .steps(bound().steps())
            .send(Side::Client, &request.concat())
            .send(Side::Server, &response.concat())
            .finish();
        let arguments = seen.call(9).arguments.as_ref().expect("arguments");
        assert_eq!(
            (arguments.text("service"), arguments.number("status")),
            (Some("evil"), Some(0)),
            "{size}"
        );
        assert_eq!(arguments.stopped, None, "{size}");
    }
}

#[test]
fn behind_a_lost_fragment_nothing_is_decoded() {
    let stub = open_service(1, "a service with a long name");
    let fragments = Request::new(9, 0, OPEN, stub).fragments(Format::LITTLE, 40);
    let seen = Tap::tcp()
        .steps(bound().steps())
        .send(Side::Client, &fragments[0])
        .lose(Side::Client, fragments[1].len())
        .send(Side::Client, &fragments[2..].concat())
        .finish();
    let arguments = seen.call(9).arguments.as_ref().expect("arguments");
    let stopped = arguments.stopped.expect("it is not whole");
    assert_eq!((stopped.reason, arguments.text("service")), (StopReason::Cut, Some("a se")));
}

#[test]
fn a_request_that_is_never_complete_gives_what_there_is() {
    let fragments = Request::new(9, 0, OPEN, open_service(1, "evil")).fragments(Format::LITTLE, 44);
    let seen = Tap::tcp().steps(bound().steps()).send(Side::Client, &fragments[0]).finish();
    assert_eq!(service(&seen, 9), Some("evil"));
}

#[test]
fn sealed_stubs_are_not_decoded() {
    for (level, decoded) in [(AuthLevel::PKT_INTEGRITY, true), (AuthLevel::PKT_PRIVACY, false)] {
        let conversation = bound()
            .security(Some(Verifier::ntlm(level, 0, [9; 16])))
            .call(Call::new(0, OPEN).id(10).stub(open_service(1, "evil")).returns(opened(2)));
        assert_eq!(seen(&conversation).call(10).arguments.is_some(), decoded);
    }
}

#[test]
fn a_call_on_a_rejected_context_has_no_arguments() {
    let conversation = Conversation::new()
        .bind(&[(Offer::ndr(0, SVCCTL), Answer::rejected(1))])
        .call(Call::new(0, OPEN).id(10).stub(open_service(1, "evil")).unanswered());
    assert!(seen(&conversation).call(10).arguments.is_none());
}

#[test]
fn an_interface_without_decoders_has_no_arguments() {
    let conversation = Conversation::new()
        .bind(&[(Offer::ndr(0, SAMR), Answer::NDR)])
        .call(Call::new(0, 999).id(10).stub([1; 40]));
    assert!(seen(&conversation).call(10).arguments.is_none());
}

#[test]
fn datagrams_are_decoded_too() {
    for size in [7, 1000] {
        let activity = Activity::new(Uuid::from_u128(7), SVCCTL)
            .fragment_bytes(size)
            .call(Call::new(0, OPEN).stub(open_service(1, "evil")).returns(opened(2)))
            .call(Call::new(0, START).stub(start_service(2)).returns([0; 4]));
        let seen = Tap::of(Protocol::Rpc, 0, Limits::WHOLE).datagrams(activity.steps()).finish();
        let services = seen.calls().into_iter().map(|call| call.arguments.as_ref()?.text("service"));
        assert_eq!(services.collect::<Vec<_>>(), [Some("evil"), Some("evil")], "{size}");
    }
}

#[test]
fn handles_are_limited_and_the_oldest_goes() {
    let mut conversation = bound();
    for number in 1..=5 {
        let call = Call::new(0, OPEN).stub(open_service(0, "evil")).returns(opened(number));
        conversation = conversation.call(call);
    }
    let conversation = conversation
        .call(Call::new(0, START).id(20).stub(start_service(3)))
        .call(Call::new(0, START).id(21).stub(start_service(4)));
    let limits = Limits { handles: 2, ..Limits::WHOLE };
    let seen = Tap::of(Protocol::Rpc, 1, limits).steps(conversation.steps()).finish();
    assert_eq!(seen.stats.handles_evicted, 3);
    assert_eq!((service(&seen, 20), service(&seen, 21)), (None, Some("evil")));
}

#[test]
fn what_waits_is_limited_in_all_and_given_back() {
    let limits = Limits { held_bytes: 2000, ..Limits::WHOLE };
    let mut tap = Tap::of(Protocol::Rpc, 1, limits);
    let fragments =
        Request::new(9, 0, OPEN, open_service(1, &"x".repeat(3000))).fragments(Format::LITTLE, 1500);
    for step in bound().steps() {
        tap.send_on(0, step.side, &step.pdu);
    }
    for fragment in &fragments {
        tap.send_on(0, Side::Client, fragment);
    }
    assert!((1..=2000).contains(&tap.held_bytes()));
    let seen = tap.finish();
    assert_eq!(seen.held_bytes, 0);
    assert_eq!(seen.stats.stubs_given_up, 1);
    assert!(seen.call(9).arguments.is_some());
}
