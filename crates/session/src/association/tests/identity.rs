//! Who calls: identities of security contexts, their results, and hints.

use crate::Protocol;
use crate::harness::{SVCCTL, Seen, Tap};
use rpcscope_model::{AuthLevel, AuthResult, Authentication, Call as Told, EventBody, Identity, Limits};
use rpcscope_testkit::conversation::{Answer, Call, Conversation};
use rpcscope_testkit::pdu::{Offer, Verifier};
use rpcscope_testkit::{Ntlm, Rng};

/// A bind and an auth3 as alice of CORP, whose calls carry signatures.
fn alice(context_id: u32) -> Conversation {
    let (ntlm, mut rng) = (Ntlm::new("CORP", "alice", "WS1"), Rng::new(7));
    let verifier = |token: Vec<u8>| Some(Verifier::ntlm(AuthLevel::PKT_INTEGRITY, context_id, token));
    Conversation::new()
        .security(verifier(ntlm.negotiate()))
        .bind(&[(Offer::ndr(0, SVCCTL), Answer::NDR)])
        .auth3(ntlm.authenticate(&mut rng))
        .security(verifier([1, 0, 0, 0].repeat(4)))
}

fn unprotected() -> Conversation {
    Conversation::new().bind(&[(Offer::ndr(0, SVCCTL), Answer::NDR)]).call(Call::new(0, 12).id(30))
}

fn seen(conversation: &Conversation) -> Seen {
    Tap::tcp().steps(conversation.steps()).finish()
}

fn user(identity: Option<&std::sync::Arc<Identity>>) -> Option<&str> {
    Some(&identity?.user.as_ref()?.string)
}

fn authentications(seen: &Seen) -> Vec<&Authentication> {
    let bodies = seen.events.iter().map(|event| &event.body);
    bodies
        .filter_map(|body| match body {
            EventBody::Authentication(authentication) => Some(&**authentication),
            _ => None,
        })
        .collect()
}

fn results(seen: &Seen) -> Vec<Option<AuthResult>> {
    authentications(seen).iter().map(|authentication| authentication.identity.result).collect()
}

#[test]
fn a_call_is_made_by_who_its_security_context_names() {
    let seen = seen(&alice(3).call(Call::new(0, 12).id(10)).call(Call::new(0, 13).id(11)));
    for id in [10, 11] {
        assert_eq!(user(seen.call(id).identity.as_ref()), Some("alice"));
    }
    let [authentication] = authentications(&seen)[..] else { panic!("one authentication") };
    assert_eq!(user(Some(&authentication.identity)), Some("alice"));
    assert_eq!(authentication.security.map(|security| security.context_id), Some(3));
    assert_eq!((seen.stats.authentications, seen.stats.authentications_rejected), (1, 0));
}

#[test]
fn the_first_reply_tells_whether_the_client_was_believed() {
    for (call, result) in [
        (Call::new(0, 12), Some(AuthResult::Accepted)),
        (Call::new(0, 12).unanswered(), None),
        (Call::new(0, 12).faults(0x6f7), Some(AuthResult::Accepted)),
    ] {
        assert_eq!(results(&seen(&alice(3).call(call))), [result]);
    }
}

#[test]
fn a_second_reply_changes_nothing() {
    let conversation = alice(3).call(Call::new(0, 12)).call(Call::new(0, 12).faults(0x721));
    assert_eq!(results(&seen(&conversation)), [Some(AuthResult::Accepted)]);
}

#[test]
fn a_call_that_names_nobody_has_a_hint_at_most() {
    let nobody = |seen: &Seen| seen.call(30).identity.is_none();
    let hint = |call: &Told| user(call.identity_hint.as_ref()).map(str::to_owned);
    let mut tap = Tap::of(Protocol::Rpc, 2, Limits::WHOLE);
    for (connection, conversation) in
        [alice(3).call(Call::new(0, 12).id(10)), unprotected()].iter().enumerate()
    {
        for step in conversation.steps() {
            tap.send_on(connection, step.side, &step.pdu);
        }
    }
    let after = tap.finish();
    assert!(nobody(&after));
    assert_eq!(hint(after.call(30)).as_deref(), Some("alice"));
    assert_eq!(hint(after.call(10)), None, "who says it needs no hint");
    let alone = seen(&unprotected());
    assert!(nobody(&alone));
    assert_eq!(hint(alone.call(30)), None);
}
