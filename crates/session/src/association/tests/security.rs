//! Protection of calls.

use crate::harness::{SVCCTL, Seen, Tap};
use rpcscope_model::{AuthLevel, AuthResult, AuthType, Side};
use rpcscope_testkit::conversation::{Answer, Call, Conversation};
use rpcscope_testkit::pdu::{self, Format, Offer, Verifier};

const CONTEXTS: [(u16, rpcscope_model::SyntaxId); 1] = [(0, SVCCTL)];

fn offers() -> Vec<(Offer, Answer)> {
    CONTEXTS.map(|(id, syntax)| (Offer::ndr(id, syntax), Answer::NDR)).to_vec()
}

fn seen(conversation: &Conversation) -> Seen {
    Tap::tcp().steps(conversation.steps()).finish()
}

fn levels(seen: &Seen) -> Vec<Option<(u8, u32, bool)>> {
    let security = |call: &&rpcscope_model::Call| {
        call.security.map(|security| (security.level.0, security.context_id, call.sealed))
    };
    seen.calls().iter().map(security).collect()
}

#[test]
fn the_verifier_and_its_padding_are_split_off_the_stub() {
    for alignment in [1, 4, 16] {
        for stub in 0..20 {
            let verifier = Verifier::ntlm(AuthLevel::PKT_PRIVACY, 7, [9; 16]).aligned_to(alignment);
            let conversation = Conversation::new()
                .security(Some(verifier))
                .bind(&offers())
                .auth3([3; 40])
                .call(Call::new(0, 12).stub(vec![1; stub]).returns(vec![2; stub + 3]))
                .call(Call::new(0, 12).faults(5));
            seen(&conversation).assert_is(conversation.expected());
        }
    }
}

#[test]
fn privacy_seals_and_integrity_does_not() {
    for (level, sealed) in
        [(AuthLevel::PKT, false), (AuthLevel::PKT_INTEGRITY, false), (AuthLevel::PKT_PRIVACY, true)]
    {
        let conversation = Conversation::new()
            .security(Some(Verifier::new(AuthType(0x10), level, 7, [9; 16])))
            .bind(&offers())
            .call(Call::new(0, 12));
        let seen = seen(&conversation);
        assert_eq!(levels(&seen), [Some((level.0, 7, sealed))]);
        assert_eq!(seen.calls()[0].security.map(|security| security.auth_type), Some(AuthType(0x10)));
        assert_eq!(seen.binds()[0].security.map(|security| security.level), Some(level));
    }
}

#[test]
fn level_connect_covers_requests_that_carry_no_verifier() {
    let conversation = Conversation::new()
        .security(Some(Verifier::ntlm(AuthLevel::CONNECT, 1, [9; 16])))
        .bind(&offers())
        .auth3([1; 16])
        .call(Call::new(0, 12));
    assert_eq!(levels(&seen(&conversation)), [Some((2, 1, false))]);
}

#[test]
fn a_higher_level_does_not_cover_requests_that_carry_no_verifier() {
    let conversation = Conversation::new()
        .security(Some(Verifier::ntlm(AuthLevel::PKT_PRIVACY, 1, [9; 16])))
        .bind(&offers())
        .security(None)
        .call(Call::new(0, 12));
    assert_eq!(levels(&seen(&conversation)), [None]);
}

#[test]
fn the_level_changes_within_one_connection_with_the_security_context() {
    let connect = Verifier::ntlm(AuthLevel::CONNECT, 1, [9; 16]);
    let privacy = Verifier::ntlm(AuthLevel::PKT_PRIVACY, 2, [9; 16]);
    let integrity = Verifier::ntlm(AuthLevel::PKT_INTEGRITY, 3, [9; 16]);
    let conversation = Conversation::new()
        .security(Some(connect.clone()))
        .bind(&offers())
        .call(Call::new(0, 1))
        .security(Some(privacy.clone()))
        .alter_context(&offers())
        .call(Call::new(0, 2))
        .security(Some(integrity))
        .alter_context(&offers())
        .call(Call::new(0, 3))
        .security(Some(connect))
        .call(Call::new(0, 4))
        .security(Some(privacy))
        .call(Call::new(0, 5));
    let found = levels(&seen(&conversation));
    let (connect, privacy) = (Some((2, 1, false)), Some((6, 2, true)));
    assert_eq!(found, [connect, privacy, Some((5, 3, false)), connect, privacy]);
}

#[test]
fn a_verifier_that_was_not_captured_belongs_to_the_only_security_context() {
    let verifier = Verifier::ntlm(AuthLevel::PKT_PRIVACY, 4, [9; 16]);
    let request = pdu::Request { verifier: Some(verifier.clone()), ..pdu::Request::new(9, 0, 12, [1; 60]) };
    let request = request.encode(Format::LITTLE);
    let conversation = Conversation::new().security(Some(verifier)).bind(&offers());
    let seen = Tap::tcp()
        .steps(conversation.steps())
        .send(Side::Client, &request[..50])
        .lose(Side::Client, request.len() - 50)
        .finish();
    assert_eq!(levels(&seen), [Some((6, 4, true))]);
    let request = seen.call(9).request.expect("a request");
    assert_eq!((request.stub_bytes, request.complete), (26, false));
}

#[test]
fn a_fault_tells_whether_the_client_was_believed() {
    use crate::association::security::told_by_fault;
    for (status, has_verifier, told) in [
        (0x0000_06f7, false, Some(AuthResult::Accepted)),
        (5, true, Some(AuthResult::Accepted)),
        (5, false, None),
        (0x0721, false, Some(AuthResult::Rejected)),
        (0x1c01_000b, false, Some(AuthResult::Rejected)),
    ] {
        assert_eq!(told_by_fault(status, has_verifier), told, "{status:#x}");
    }
}
