//! Comparing what a conversation was told to do with what the sensor found.

use crate::told::ToldCall;
use rpcscope_model::{AuthLevel, Learned, Outcome, Reply};
use rpcscope_testkit::conversation::ExpectedCall;

/// Says how a call that was found differs from the one that was made; empty when it does not.
pub fn differences(made: &ExpectedCall, found: &ToldCall) -> Vec<String> {
    let mut differences = Vec::new();
    let mut compare = |field: &str, made: String, found: String| {
        if made != found {
            differences.push(format!("{field}: made {made}, found {found}"));
        }
    };
    compare("interface", format!("{:?}", made.interface), format!("{:?}", found.interface));
    compare("opnum", format!("{:?}", Some(made.opnum)), format!("{:?}", found.opnum));
    compare("call id", format!("{:?}", made.call_id), format!("{:?}", found.call_id));
    compare("context", format!("{:?}", made.context_id), format!("{:?}", found.context_id));
    compare("object", format!("{:?}", made.object), format!("{:?}", found.object));
    compare("activity", format!("{:?}", made.activity), format!("{:?}", found.activity));
    compare("outcome", format!("{:?}", made.outcome), format!("{:?}", found.outcome));
    // With level connect a call has no verifier, and the level is that of the bind.
    let level = found.security.map(|security| security.level).filter(|level| *level > AuthLevel::CONNECT);
    compare("level", format!("{:?}", made.level), format!("{level:?}"));
    compare("sealed", format!("{}", made.level == Some(AuthLevel::PKT_PRIVACY)), format!("{}", found.sealed));
    compare("request", part(made.request_fragments, made.request_stub_bytes), told(found.request));
    let reply = match (found.reply, made.outcome) {
        (None, _) => (None, part(0, 0)),
        (Some((Reply::Response, part)), _) => (None, told(Some(part))),
        // What stands behind the status of a fault is no result of the call.
        (Some((Reply::Fault(status) | Reply::Reject(status), _)), _) => {
            (Some(status), part(made.reply_fragments, made.response_stub_bytes))
        }
    };
    compare("status", format!("{:?}", made.status), format!("{:?}", reply.0));
    compare("reply", part(made.reply_fragments, made.response_stub_bytes), reply.1);
    let is_refused = matches!(found.reply, Some((Reply::Reject(_), _)));
    compare("kind of reply", format!("{}", made.outcome == Outcome::Rejected), format!("{is_refused}"));
    differences
}

/// Fails when the calls that were found are not exactly those that were made. The order is free, ids are unique.
pub fn assert_found(name: &str, made: &[ExpectedCall], found: &[ToldCall]) {
    let mut made: Vec<_> = made.iter().collect();
    let mut found: Vec<_> = found.iter().collect();
    made.sort_by_key(|call| (call.activity, call.call_id));
    found.sort_by_key(|call| (call.activity, call.call_id));
    let ids = |calls: Vec<_>| format!("{calls:?}");
    assert_eq!(
        ids(found.iter().map(|call| (call.activity, call.call_id.0)).collect()),
        ids(made.iter().map(|call| (call.activity, call.call_id.0)).collect()),
        "{name}: other calls"
    );
    for (made, found) in made.iter().zip(found) {
        let differences = differences(made, found);
        assert!(differences.is_empty(), "{name}: call {:?}: {differences:#?}\n{found:#?}", made.call_id);
        let named = found.learned != Learned::Unknown;
        assert_eq!(named, made.interface.is_some(), "{name}: call {:?}: {:?}", made.call_id, found.learned);
    }
}

fn part(fragments: usize, stub_bytes: usize) -> String {
    let complete = fragments > 0;
    format!("{fragments} fragments, {stub_bytes} bytes, complete {complete}")
}

fn told(part: Option<crate::told::ToldPart>) -> String {
    let (fragments, bytes, complete) =
        part.map_or((0, 0, false), |part| (part.fragments, part.stub_bytes, part.complete));
    format!("{fragments} fragments, {bytes} bytes, complete {complete}")
}
