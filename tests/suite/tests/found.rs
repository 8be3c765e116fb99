//! What a conversation was told to do is what the sensor finds, for every kind of conversation.

use proptest::prelude::*;
use rpcscope_model::{AuthLevel, Learned, Opnum, Outcome, Side, SyntaxId};
use rpcscope_suite::carry::{Carrier, every_carrier};
use rpcscope_suite::cases;
use rpcscope_suite::expectation::assert_found;
use rpcscope_suite::reading::read_frames;
use rpcscope_suite::scenario::{SAMR, SVCCTL, UNKNOWN, scenarios};
use rpcscope_suite::told::{Said, ToldBind, ToldCall, told};
use rpcscope_testkit::conversation::{Activity, Answer, Call, Conversation};
use rpcscope_testkit::packets::{Framing, TcpFlow, TcpStart, UdpFlow};
use rpcscope_testkit::pdu::{Fault, Format, Offer, Verifier};
use rpcscope_testkit::transport::{PipeStyle, Smb1, Smb2, SmbStart, plain};
use uuid::Uuid;

/// The calls and binds in a conversation over one carrier.
fn read(carrier: &Carrier, flow: &TcpFlow, conversation: &Conversation) -> (Vec<ToldBind>, Vec<ToldCall>) {
    let messages = carrier.messages(conversation.steps());
    split(&told(&read_frames(&Framing::default().segments(&flow.segments(&messages)))))
}

fn read_activity(activity: &Activity) -> Vec<ToldCall> {
    let datagrams = UdpFlow::default().datagrams(&plain(activity.steps()));
    split(&told(&read_frames(&Framing::default().datagrams(&datagrams)))).1
}

fn split(told: &[rpcscope_suite::told::Told]) -> (Vec<ToldBind>, Vec<ToldCall>) {
    let (mut binds, mut calls) = (Vec::new(), Vec::new());
    for told in told {
        match &told.said {
            Said::Bind(bind) => binds.push(bind.clone()),
            Said::Call(call) => calls.push(call.clone()),
            _ => {}
        }
    }
    (binds, calls)
}

fn by_id(mut calls: Vec<ToldCall>) -> Vec<ToldCall> {
    calls.sort_by_key(|call| call.call_id);
    calls
}

proptest! {
    #![proptest_config(cases(48))]

    #[test]
    fn every_association_is_found_as_it_was_made(scenario in scenarios()) {
        let conversation = scenario.conversation();
        for carrier in every_carrier() {
            let (_, calls) = read(&carrier, &carrier.flow(), &conversation);
            assert_found(&format!("{carrier:?}"), conversation.expected(), &calls);
        }
    }

    #[test]
    fn every_activity_is_found_as_it_was_made(scenario in scenarios()) {
        let activity = scenario.activity();
        assert_found("udp", activity.expected(), &read_activity(&activity));
    }

    /// Both versions of SMB with several pipes on one connection, whose exchanges are mixed.
    #[test]
    fn pipes_on_one_connection_are_kept_apart(
        scenarios in proptest::collection::vec(scenarios(), 2..5),
        seed in any::<u64>(),
        interim in any::<bool>(),
    ) {
        let conversations: Vec<Conversation> =
            scenarios.iter().map(rpcscope_suite::scenario::Scenario::conversation).collect();
        let names: Vec<String> = (0..conversations.len()).map(|pipe| format!("pipe{pipe}")).collect();
        let pipes: Vec<_> =
            names.iter().map(String::as_str).zip(conversations.iter().map(Conversation::steps)).collect();
        let one = Smb1 { seed, ..Smb1::default() }.carry(&pipes);
        let two = Smb2 { seed, interim, ..Smb2::default() }.carry(&pipes);
        for messages in [one, two] {
            let segments = TcpFlow::to_port(445).segments(&messages);
            let (_, calls) = split(&told(&read_frames(&Framing::default().segments(&segments))));
            for (name, conversation) in names.iter().zip(&conversations) {
                let endpoint = format!("\\pipe\\{name}");
                let of_pipe: Vec<ToldCall> =
                    calls.iter().filter(|call| *call.endpoint == *endpoint).cloned().collect();
                assert_found(name, conversation.expected(), &of_pipe);
            }
        }
    }
}

#[test]
fn connectionless_calls_have_every_outcome_in_both_byte_orders() {
    for format in [Format::LITTLE, Format::BIG] {
        let activity = Activity::new(Uuid::from_u128(0xac), SAMR)
            .format(format)
            .call(Call::new(0, 3).stub([1; 30]).returns([2; 10]))
            .slow_call(Call::new(0, 4).faults(Fault::ACCESS_DENIED))
            .call(Call::new(0, 5).rejected(Fault::UNKNOWN_INTERFACE))
            .call(Call::new(0, 6).cancelled())
            .call(Call::new(0, 7).object(Uuid::from_u128(9)).unanswered())
            .interface(UNKNOWN)
            .fragment_bytes(100)
            .slow_call(Call::new(0, 8).stub([3; 250]).returns([4; 150]));
        let found = read_activity(&activity);
        assert_found(&format!("{format:?}"), activity.expected(), &found);
        assert!(found.iter().all(|call| call.learned == Learned::Header));
        assert_eq!(found[0].procedure, Some("SamrQuerySecurityObject"));
    }
}

#[test]
fn sequence_numbers_of_an_activity_wrap() {
    let activity = Activity::new(Uuid::from_u128(0xac), SAMR)
        .sequence(u32::MAX - 1)
        .call(Call::new(0, 1).returns([1; 4]))
        .call(Call::new(0, 2).unanswered())
        .call(Call::new(0, 3).returns([1; 4]));
    assert_found("wrap", activity.expected(), &read_activity(&activity));
}

#[test]
fn level_connect_is_that_of_the_bind_although_calls_have_no_verifier() {
    let conversation = Conversation::new()
        .security(Some(Verifier::ntlm(AuthLevel::CONNECT, 3, [7; 16])))
        .bind(&[(Offer::ndr(0, SAMR), Answer::NDR)])
        .auth3([8; 40])
        .call(Call::new(0, 5).stub([1; 8]).returns([2; 8]));
    let (binds, calls) = read(&Carrier::Tcp, &TcpFlow::default(), &conversation);
    for security in [binds[0].security, calls[0].security] {
        assert_eq!(security.map(|security| security.level), Some(AuthLevel::CONNECT));
    }
    assert!(!calls[0].sealed);
}

#[test]
fn level_can_change_within_one_association() {
    let verifier = |level, id| Some(Verifier::ntlm(level, id, [7; 16]));
    let conversation = Conversation::new()
        .security(verifier(AuthLevel::PKT_INTEGRITY, 1))
        .bind(&[(Offer::ndr(0, SAMR), Answer::NDR)])
        .call(Call::new(0, 5).stub([1; 8]).returns([2; 8]))
        .security(verifier(AuthLevel::PKT_PRIVACY, 2))
        .alter_context(&[(Offer::ndr(0, SAMR), Answer::NDR)])
        .call(Call::new(0, 6).stub([1; 9]).returns([2; 9]))
        .security(verifier(AuthLevel::PKT_INTEGRITY, 1))
        .call(Call::new(0, 7).stub([1; 10]).returns([2; 10]));
    let (_, calls) = read(&Carrier::Tcp, &TcpFlow::default(), &conversation);
    assert_found("level", conversation.expected(), &calls);
    assert_eq!(calls.iter().map(|call| call.sealed).collect::<Vec<_>>(), [false, true, false]);
}

#[test]
fn ndr64_is_the_transfer_syntax_of_its_context_alone() {
    let conversation = Conversation::new()
        .bind(&[
            (Offer::ndr(0, SVCCTL), Answer::UNKNOWN_TRANSFER_SYNTAX),
            (Offer::ndr64(1, SVCCTL), Answer::NDR64),
            (Offer::features(2, SVCCTL, 3), Answer::features(3)),
            (Offer::ndr(3, SAMR), Answer::NDR),
        ])
        .call(Call::new(1, 12).stub([1; 8]).returns([2; 8]))
        .call(Call::new(3, 5).stub([1; 8]).returns([2; 8]));
    let (binds, calls) = read(&Carrier::Tcp, &TcpFlow::default(), &conversation);
    assert_found("ndr64", conversation.expected(), &calls);
    let syntaxes: Vec<_> = calls.iter().map(|call| call.transfer_syntax).collect();
    assert_eq!(syntaxes, [Some(rpcscope_model::NDR64), Some(rpcscope_model::NDR)]);
    let answers: Vec<_> = binds[0].contexts.iter().map(|(_, _, _, answer)| *answer).collect();
    assert_eq!(answers, [Some((2, 2)), Some((0, 0)), Some((3, 3)), Some((0, 0))]);
}

#[test]
fn a_context_id_that_is_given_to_another_interface_names_the_calls_after_it() {
    let conversation = Conversation::new()
        .bind(&[(Offer::ndr(0, SVCCTL), Answer::NDR)])
        .call(Call::new(0, 1).returns([1; 4]))
        .alter_context(&[(Offer::ndr(0, SAMR), Answer::NDR)])
        .call(Call::new(0, 1).returns([1; 4]));
    for carrier in every_carrier() {
        let (_, calls) = read(&carrier, &carrier.flow(), &conversation);
        assert_found(&format!("{carrier:?}"), conversation.expected(), &calls);
        let named: Vec<_> = by_id(calls).iter().map(|call| (call.interface, call.learned)).collect();
        assert_eq!(named, [(Some(SVCCTL), Learned::Bind), (Some(SAMR), Learned::AlterContext)]);
    }
}

#[test]
fn a_context_that_was_rejected_again_keeps_its_interface() {
    let conversation = Conversation::new()
        .bind(&[(Offer::ndr(0, SVCCTL), Answer::NDR)])
        .alter_context(&[(Offer::ndr(0, SAMR), Answer::UNKNOWN_INTERFACE)])
        .call(Call::new(0, 1).returns([1; 4]));
    let (_, calls) = read(&Carrier::Tcp, &TcpFlow::default(), &conversation);
    assert_found("kept", conversation.expected(), &calls);
    assert_eq!(calls[0].interface, Some(SVCCTL));
}

/// Some clients bind to what the server does not have, and call it all the same.
#[test]
fn a_pipe_does_not_name_the_calls_of_a_rejected_context() {
    let conversation = Conversation::new()
        .bind(&[(Offer::ndr(0, UNKNOWN), Answer::UNKNOWN_INTERFACE)])
        .call(Call::new(0, 1).faults(Fault::UNKNOWN_INTERFACE));
    let messages = Smb2::default().carry(&[("svcctl", conversation.steps())]);
    let segments = TcpFlow::to_port(445).segments(&messages);
    let (_, calls) = split(&told(&read_frames(&Framing::default().segments(&segments))));
    assert_eq!((calls[0].interface, calls[0].learned), (None, Learned::Unknown));
}

#[test]
fn a_refused_bind_is_told_with_its_reason_and_versions() {
    let conversation = Conversation::new().bind_refused(&[Offer::ndr(0, SAMR)], 4);
    for carrier in every_carrier() {
        let (binds, calls) = read(&carrier, &carrier.flow(), &conversation);
        assert!(calls.is_empty());
        let result = rpcscope_model::BindResult::Rejected { reason: 4, versions: vec![(5, 0)] };
        assert_eq!(binds.iter().map(|bind| &bind.result).collect::<Vec<_>>(), [&result], "{carrier:?}");
    }
}

#[test]
fn server_may_speak_in_another_byte_order_than_the_client() {
    let conversation = Conversation::new()
        .server_format(Format::BIG)
        .bind(&[(Offer::ndr(0, SAMR), Answer::NDR)])
        .call(Call::new(0, 5).stub([1; 8]).returns([2; 300]))
        .call(Call::new(0, 6).faults(Fault::ACCESS_DENIED));
    for carrier in every_carrier() {
        let (_, calls) = read(&carrier, &carrier.flow(), &conversation);
        assert_found(&format!("{carrier:?}"), conversation.expected(), &calls);
    }
}

/// Bind, two calls of which one fails.
fn short() -> Conversation {
    Conversation::new()
        .bind(&[(Offer::ndr(0, SAMR), Answer::NDR), (Offer::ndr(1, SVCCTL), Answer::UNKNOWN_INTERFACE)])
        .call(Call::new(0, 5).stub([1; 8]).returns([2; 8]))
        .call(Call::new(1, 6).stub([1; 8]).faults(Fault::UNKNOWN_INTERFACE))
}

/// What is known of the calls of [`short`] when the first PDUs were not captured:
/// interface, whether it is assumed, operation, outcome.
type Known = (Option<SyntaxId>, bool, Option<Opnum>, Outcome);

fn known_after(lost: usize, carrier: &Carrier) -> Vec<Known> {
    let flow = TcpFlow { start: TcpStart::MidStream, ..carrier.flow() };
    let (_, calls) = read(carrier, &flow, &short().without_first(lost));
    by_id(calls).iter().map(|call| (call.interface, call.assumed, call.opnum, call.outcome)).collect()
}

#[test]
fn captures_that_start_late_show_what_is_left() {
    let (replied, faulted) = (Outcome::Replied, Outcome::Faulted);
    let (first, second) = (Some(Opnum(5)), Some(Opnum(6)));
    let expected: [(usize, Vec<Known>); 6] = [
        (0, vec![(Some(SAMR), false, first, replied), (None, false, second, faulted)]),
        // The bind is lost: its answer names no interface.
        (1, vec![(None, false, first, replied), (None, false, second, faulted)]),
        (2, vec![(None, false, first, replied), (None, false, second, faulted)]),
        // The first request is lost, its response tells that there was one.
        (3, vec![(None, false, None, replied), (None, false, second, faulted)]),
        (4, vec![(None, false, second, faulted)]),
        (5, vec![(None, false, None, faulted)]),
    ];
    let late = |style| Carrier::Smb2(Smb2 { start: SmbStart::Opened, style, ..Smb2::default() });
    let late1 = |style| Carrier::Smb1(Smb1 { start: SmbStart::Opened, style, ..Smb1::default() });
    let mut carriers = vec![Carrier::Tcp];
    for style in [PipeStyle::WriteRead, PipeStyle::Transact, PipeStyle::Chained] {
        carriers.extend([late(style), late1(style)]);
    }
    for carrier in carriers {
        for (lost, known) in &expected {
            assert_eq!(known_after(*lost, &carrier), *known, "{lost} lost, {carrier:?}");
        }
    }
}

#[test]
fn a_bind_without_its_answer_is_believed_and_said_to_be_assumed() {
    let conversation = short();
    let steps: Vec<_> =
        conversation.steps().iter().filter(|step| step.side == Side::Client).cloned().collect();
    let segments = TcpFlow { acknowledge: false, ..TcpFlow::default() }.segments(&plain(&steps));
    let (binds, calls) = split(&told(&read_frames(&Framing::default().segments(&segments))));
    assert_eq!(binds[0].result, rpcscope_model::BindResult::Unanswered);
    let known: Vec<_> = calls.iter().map(|call| (call.interface, call.assumed, call.outcome)).collect();
    let unanswered = Outcome::Unanswered;
    assert_eq!(known, [(Some(SAMR), true, unanswered), (Some(SVCCTL), true, unanswered)]);
}

#[test]
fn a_server_heard_alone_still_tells_its_replies() {
    let conversation = short();
    let steps: Vec<_> =
        conversation.steps().iter().filter(|step| step.side == Side::Server).cloned().collect();
    let flow = TcpFlow { acknowledge: false, start: TcpStart::MidStream, ..TcpFlow::default() };
    let (_, calls) = split(&told(&read_frames(&Framing::default().segments(&flow.segments(&plain(&steps))))));
    let known: Vec<_> = calls.iter().map(|call| (call.interface, call.opnum, call.outcome)).collect();
    assert_eq!(known, [(None, None, Outcome::Replied), (None, None, Outcome::Faulted)]);
}
