//! Calls of the connectionless protocol.

use crate::Protocol;
use crate::harness::{CLIENT, SAMR, SERVER, SVCCTL, Seen, Tap};
use rpcscope_model::{
    Address, AnomalyKind, AuthLevel, Calls, Endpoint, Interface, Learned, Limits, Opnum, Outcome, Phase,
    Transport,
};
use rpcscope_testkit::conversation::{Activity, Call};
use rpcscope_testkit::pdu::{Connectionless, Format, dg_ptype, dg_status};
use uuid::Uuid;

const ACTIVITY: Uuid = Uuid::from_u128(0xac71);

fn activity() -> Activity {
    Activity::new(ACTIVITY, SVCCTL)
}

fn tap() -> Tap {
    Tap::of(Protocol::Rpc, 0, Limits::WHOLE)
}

fn seen(activity: &Activity) -> Seen {
    tap().datagrams(activity.steps()).finish()
}

fn request(sequence: u32) -> Connectionless {
    Connectionless::request(SVCCTL, ACTIVITY, sequence, 12, [1; 8])
}

fn shape(seen: &Seen) -> Vec<(u32, Outcome)> {
    seen.calls().iter().map(|call| (call.call_id.0, call.outcome)).collect()
}

#[test]
fn a_call_has_its_interface_and_opnum_from_its_header() {
    let activity = activity().sequence(7).call(Call::new(0, 12).stub([1; 9]).returns([2; 4]));
    let seen = seen(&activity);
    seen.assert_is(activity.expected());
    let call = seen.calls()[0];
    assert_eq!(
        (call.procedure, call.learned, call.rpc_version),
        (Some("RCreateServiceW"), Learned::Header, (4, 0))
    );
    assert_eq!(seen.events[0].header.transport, Transport::NcadgIpUdp);
}

#[test]
fn fragments_byte_orders_and_outcomes_are_understood() {
    for format in [Format::LITTLE, Format::BIG] {
        for size in [3, 10, 1000] {
            let activity = activity()
                .format(format)
                .fragment_bytes(size)
                .call(Call::new(0, 1).stub([1; 40]).returns([2; 25]).object(Uuid::from_u128(5)))
                .slow_call(Call::new(0, 2).stub([1; 12]).returns([]))
                .call(Call::new(0, 3).faults(5))
                .interface(SAMR)
                .call(Call::new(0, 4).rejected(0x1c01_0003))
                .call(Call::new(0, 5).cancelled())
                .call(Call::new(0, 6).unanswered());
            seen(&activity).assert_is(activity.expected());
        }
    }
}

#[test]
fn datagrams_that_come_twice_are_counted_once() {
    let activity = activity().fragment_bytes(4).call(Call::new(0, 1).stub([1; 20]).returns([2; 10]));
    let mut tap = tap();
    for step in activity.steps() {
        for _ in 0..2 {
            tap = tap.datagrams(std::slice::from_ref(step));
        }
    }
    tap.finish().assert_is(activity.expected());
}

#[test]
fn what_comes_again_after_the_reply_is_no_new_call() {
    let activity = activity().call(Call::new(0, 1).stub([1; 20]).returns([2; 10])).call(Call::new(0, 2));
    let again = activity.steps().iter().chain(activity.steps()).cloned().collect::<Vec<_>>();
    tap().datagrams(&again).finish().assert_is(activity.expected());
}

#[test]
fn a_fragment_that_is_missing_leaves_the_request_incomplete() {
    let fragments = Connectionless::request(SVCCTL, ACTIVITY, 1, 12, [1; 30]).fragments(Format::LITTLE, 10);
    let mut tap = tap();
    for number in [0, 2] {
        assert!(tap.datagram(CLIENT, SERVER, &fragments[number]));
    }
    let seen = tap.finish();
    let part = seen.call(1).request.expect("a request");
    assert_eq!((part.fragments, part.stub_bytes, part.complete), (2, 20, false));
}

#[test]
fn a_reply_may_come_from_another_port() {
    let mut tap = tap();
    let other = Endpoint::new(SERVER.address, 1025);
    let response = request(1).about_it(dg_ptype::RESPONSE, [2; 4]).encode(Format::LITTLE);
    assert!(tap.datagram(CLIENT, SERVER, &request(1).encode(Format::LITTLE)));
    assert!(tap.datagram(other, CLIENT, &response));
    let seen = tap.finish();
    assert_eq!(shape(&seen), [(1, Outcome::Replied)]);
    assert_eq!((&*seen.call(1).endpoint, seen.events[0].header.server), ("49670", SERVER));
}

#[test]
fn a_later_sequence_number_ends_the_call_before_it() {
    let mut tap = tap();
    for sequence in [u32::MAX, 0, 5] {
        tap.datagram(CLIENT, SERVER, &request(sequence).encode(Format::LITTLE));
    }
    // A late copy.
    tap.datagram(CLIENT, SERVER, &request(0).encode(Format::LITTLE));
    use Outcome::Unanswered;
    assert_eq!(shape(&tap.finish()), [(u32::MAX, Unanswered), (0, Unanswered), (5, Unanswered)]);
}

#[test]
fn an_unrelated_request_leaves_the_call_before_it_open() {
    let mut tap = tap();
    let unrelated = Connectionless { flags2: 0x04, ..request(2) };
    tap.datagram(CLIENT, SERVER, &request(1).encode(Format::LITTLE));
    assert!(tap.datagram(CLIENT, SERVER, &unrelated.encode(Format::LITTLE)), "PF2_UNRELATED is RPC");
    for sequence in [2, 1] {
        let response = request(sequence).about_it(dg_ptype::RESPONSE, [2; 4]);
        tap.datagram(SERVER, CLIENT, &response.encode(Format::LITTLE));
    }
    assert_eq!(shape(&tap.finish()), [(2, Outcome::Replied), (1, Outcome::Replied)]);
}

#[test]
fn open_calls_of_one_activity_are_limited() {
    let mut tap = tap();
    for sequence in 0..50 {
        let unrelated = Connectionless { flags2: 0x04, ..request(sequence) };
        tap.datagram(CLIENT, SERVER, &unrelated.encode(Format::LITTLE));
    }
    let seen = tap.finish();
    assert_eq!(shape(&seen), (0..50).map(|sequence| (sequence, Outcome::Unanswered)).collect::<Vec<_>>());
    assert_eq!(seen.stats.calls_evicted, 34);
}

#[test]
fn one_activity_uuid_of_two_clients_is_two_activities() {
    let mut tap = tap();
    let other = Endpoint::new(Address::v4([10, 0, 0, 6]), CLIENT.port);
    tap.datagram(CLIENT, SERVER, &request(1).encode(Format::LITTLE));
    tap.datagram(other, SERVER, &request(1).encode(Format::LITTLE));
    tap.datagram(SERVER, other, &request(1).about_it(dg_ptype::RESPONSE, []).encode(Format::LITTLE));
    let seen = tap.finish();
    assert_eq!(shape(&seen), [(1, Outcome::Replied), (1, Outcome::Unanswered)]);
    assert_eq!(seen.events[0].header.client, other);
}

#[test]
fn an_evicted_activity_is_reported_and_counted() {
    let limits = Limits { activities: 2, ..Limits::WHOLE };
    let mut tap = Tap::of(Protocol::Rpc, 0, limits);
    for id in 0..5 {
        let request = Connectionless { activity: Uuid::from_u128(id), sequence: 9, ..request(9) };
        tap.datagram(CLIENT, SERVER, &request.encode(Format::LITTLE));
    }
    let seen = tap.finish();
    assert_eq!(seen.stats.activities_evicted, 3);
    let order: Vec<_> = seen.calls().iter().map(|call| call.activity.map(|id| id.as_u128())).collect();
    assert_eq!(order, [Some(0), Some(1), Some(2), Some(3), Some(4)]);
}

#[test]
fn an_activity_that_fell_silent_is_reported_without_waiting_for_the_end() {
    let limits = Limits { flow_idle_seconds: 60, ..Limits::WHOLE };
    let mut tap = Tap::of(Protocol::Rpc, 0, limits);
    tap.datagram(CLIENT, SERVER, &request(1).encode(Format::LITTLE));
    let mut tap = tap.wait_seconds(61);
    let other = Connectionless { activity: Uuid::from_u128(2), ..request(3) };
    tap.datagram(CLIENT, SERVER, &other.encode(Format::LITTLE));
    assert_eq!(tap.events().len(), 1);
    // The activity was forgotten: its reply is a call of its own.
    tap.datagram(SERVER, CLIENT, &request(1).about_it(dg_ptype::RESPONSE, []).encode(Format::LITTLE));
    assert_eq!(shape(&tap.finish()).len(), 3);
}

#[test]
fn the_level_stands_in_the_verifier_and_privacy_seals() {
    // The stub of 9 bytes is padded to 16; then auth_level, key_vers_num, padding and token.
    for (level, sealed) in [(5, false), (6, true)] {
        let mut verifier = vec![0; 7];
        verifier.extend([level, 0, 0, 0, 9, 9, 9, 9]);
        let request = Connectionless { auth_protocol: 0x0a, body: vec![1; 9], verifier, ..request(1) };
        let mut tap = tap();
        assert!(tap.datagram(CLIENT, SERVER, &request.encode(Format::LITTLE)));
        let seen = tap.finish();
        let call = seen.call(1);
        assert_eq!(call.security.map(|security| security.level), Some(AuthLevel(level)));
        assert_eq!((call.sealed, call.request.map(|part| part.stub_bytes)), (sealed, Some(9)));
    }
}

#[test]
fn a_reply_alone_is_a_call_and_a_reject_without_interface_names_none() {
    let mut tap = tap();
    let nameless = Connectionless {
        interface: rpcscope_model::SyntaxId::default(),
        activity: Uuid::from_u128(3),
        ..request(1)
    };
    let response = request(1).about_it(dg_ptype::RESPONSE, [2; 4]).encode(Format::LITTLE);
    let reject = nameless.about_it(dg_ptype::REJECT, dg_status(Format::LITTLE, 7)).encode(Format::LITTLE);
    tap.datagram(SERVER, CLIENT, &response);
    tap.datagram(SERVER, CLIENT, &reject);
    let seen = tap.finish();
    let found: Vec<_> = seen
        .calls()
        .iter()
        .map(|call| (call.opnum, call.interface.map(|Interface { syntax, .. }| syntax), call.learned))
        .collect();
    let opnum = Some(Opnum(12));
    assert_eq!(found, [(opnum, Some(SVCCTL), Learned::Header), (opnum, None, Learned::Unknown)]);
}

#[test]
fn a_fault_cut_before_its_status_is_an_anomaly() {
    let mut tap = tap();
    let fault = request(1).about_it(dg_ptype::FAULT, dg_status(Format::LITTLE, 5)).encode(Format::LITTLE);
    tap.datagram(CLIENT, SERVER, &request(1).encode(Format::LITTLE));
    tap.datagram_cut(SERVER, CLIENT, &fault[..82], 2);
    let seen = tap.finish();
    assert_eq!(
        (seen.anomalies(), shape(&seen)),
        (vec![AnomalyKind::PduMalformed], vec![(1, Outcome::Unanswered)])
    );
}

#[test]
fn what_only_manages_calls_opens_none() {
    for ptype in
        [dg_ptype::PING, dg_ptype::WORKING, dg_ptype::NOCALL, dg_ptype::ACK, dg_ptype::FACK, dg_ptype::CANCEL]
    {
        let mut tap = tap();
        assert!(tap.datagram(CLIENT, SERVER, &request(1).about_it(ptype, []).encode(Format::LITTLE)));
        assert!(tap.finish().calls().is_empty());
    }
}

#[test]
fn other_datagrams_are_not_mistaken() {
    let mut tap = tap();
    // A DNS query with id 0x0402, recursion desired, for a name of 4 × 20 letters.
    let mut dns = vec![4, 2, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    for _ in 0..4 {
        dns.push(20);
        dns.extend([b'a'; 20]);
    }
    dns.extend([0, 0, 1, 0, 1]);
    assert!(!tap.datagram(CLIENT, SERVER, &dns));
    // The same without recursion: its "body" would be longer than the datagram.
    dns[2] = 0;
    assert!(!tap.datagram(CLIENT, SERVER, &dns));
    // NTP, version 0 with mode 4.
    assert!(!tap.datagram(CLIENT, SERVER, &[4; 48]));
    assert!(!tap.datagram(CLIENT, SERVER, &[]));
    // A PDU of version 5.
    assert!(!tap.datagram(CLIENT, SERVER, &[5; 200]));
    let seen = tap.finish();
    assert_eq!((seen.events.len(), seen.stats.pdus), (0, 0));
}

#[test]
fn requests_of_a_server_are_calls_of_a_server() {
    // The server calls back to learn who the client is.
    let mut tap = tap();
    tap.datagram(SERVER, CLIENT, &request(0).encode(Format::LITTLE));
    tap.datagram(CLIENT, SERVER, &request(0).about_it(dg_ptype::RESPONSE, []).encode(Format::LITTLE));
    let seen = tap.finish();
    assert_eq!((seen.events[0].header.client, seen.outcomes()), (SERVER, vec![Outcome::Replied]));
}

#[test]
fn a_wanted_request_is_told_once_when_its_last_fragment_came() {
    let activity = activity()
        .fragment_bytes(8)
        .call(Call::new(0, 12).stub((0..20).collect::<Vec<u8>>()).returns([2; 4]))
        .call(Call::new(0, 13).stub([1; 4]).faults(5));
    let keys = [(Some(SVCCTL.uuid), Some(Opnum(12)))];
    let mut tap = tap().wanting(Calls::keyed(keys), Calls::All);
    for step in activity.steps() {
        for _ in 0..2 {
            tap = tap.datagrams(std::slice::from_ref(step));
        }
    }
    let seen = tap.finish();
    let [first, second] = [seen.calls()[0], seen.calls()[1]];
    use Phase::{Requested, Settled};
    let ids = [first.call_id.0, second.call_id.0].map(Some);
    assert_eq!(seen.phases(), [(Requested, ids[0]), (Settled, ids[0]), (Settled, ids[1])]);
    assert_eq!((first.announced, second.announced), (Some(0), None));
    let told = seen.requests()[0];
    assert_eq!((told.outcome, told.reply, told.request), (Outcome::Pending, None, first.request));
    let kept = told.wire.as_deref().and_then(|wire| wire.request.as_ref()).expect("a PDU");
    assert_eq!((&kept.pdu, &kept.stub), (&activity.steps()[0].pdu, &(0..20).collect::<Vec<u8>>()));
    let reply = second.wire.as_deref().and_then(|wire| wire.reply.as_ref()).expect("a fault");
    assert_eq!(Some(&reply.pdu), activity.steps().last().map(|step| &step.pdu));
    assert_eq!((seen.stats.calls, seen.held_bytes), (2, 0));
}
