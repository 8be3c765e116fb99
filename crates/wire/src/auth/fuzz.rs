//! Body of the fuzz target: an authentication fed with what an attacker could send.

use super::{AvPairs, Exchange, Message, Oid, Token, kerberos, ntlmssp, spnego, token};
use rpcscope_model::{AuthType, Identity, Side, Text};

/// Feeds one exchange with tokens: a byte that chooses side (bit 7) and authentication service, two bytes length
/// (little-endian), then the token.
///
/// # Panics
/// When a bound does not hold; that is a finding.
pub fn fuzz_auth(input: &[u8]) {
    let mut exchange = Exchange::default();
    let mut rest = input;
    while let Some(([choice, low, high], tail)) = rest.split_first_chunk::<3>() {
        let length = usize::from(u16::from_le_bytes([*low, *high]));
        let (bytes, tail) = tail.split_at_checked(length).unwrap_or((tail, &[]));
        rest = tail;
        let side = if choice & 0x80 == 0 { Side::Client } else { Side::Server };
        let auth_type = match choice & 0x7f {
            0 => None,
            other => Some(AuthType(other)),
        };
        let token = token(auth_type, bytes);
        read(&token, bytes.len());
        if let Some(line) = exchange.crackable_line(&token) {
            assert!(!line.contains(char::is_control), "one line");
            assert!(line.matches(':').count() == 5, "its fields are apart");
        }
        exchange.learn(side, &token);
        check(exchange.identity());
    }
}

/// Reads everything that a token gives on demand.
fn read(token: &Token<'_>, bytes: usize) {
    assert!(bytes > 0 || *token == Token::default(), "nothing is nothing");
    let mut shown = token.stopped.map(|error| error.to_string()).unwrap_or_default().len();
    let show = |mechanism: Oid<'_>| mechanism.to_string().len();
    match token.negotiation {
        Some(spnego::NegToken::Init(init)) => shown += init.mech_types().map(show).sum::<usize>(),
        Some(spnego::NegToken::Response(response)) => shown += response.supported_mech.map_or(0, show),
        None => {}
    }
    let pairs = |pairs: AvPairs<'_>| {
        assert!(pairs.iter().all(|(_, value)| value.bytes.len() <= bytes));
        let _ = pairs.target_info();
    };
    match token.message {
        Some(Message::Ntlm(ntlmssp::Message::Challenge(challenge))) => pairs(challenge.target_info),
        Some(Message::Ntlm(ntlmssp::Message::Authenticate(authenticate))) => {
            pairs(authenticate.client_info());
            assert!(authenticate.nt_response.bytes.len() + authenticate.lm_response.bytes.len() <= 2 * bytes);
        }
        Some(Message::Kerberos(kerberos::Message::Error(error))) => {
            shown += error.client.and_then(|client| client.name()).map_or(0, |name| name.string.len());
        }
        Some(Message::Other(mechanism)) => shown += show(mechanism),
        _ => {}
    }
    assert!(shown <= 1024 + 64 * bytes, "output grows with the token");
}

/// What holds for every identity, whatever came in.
fn check(identity: &Identity) {
    let server = &identity.server;
    let names = [
        &identity.user,
        &identity.domain,
        &identity.workstation,
        &identity.realm,
        &identity.service,
        &server.target,
        &server.nb_computer,
        &server.nb_domain,
        &server.dns_computer,
        &server.dns_domain,
        &server.dns_tree,
    ];
    for Text { string, .. } in names.into_iter().flatten() {
        // What is not text takes at most eight characters: `\u{d800}`.
        assert!(!string.is_empty() && string.chars().count() <= 8 * Identity::MAX_NAME_CHARS);
        assert!(!string.contains('\0'));
    }
    assert!(!identity.anonymous || identity.user.is_none());
}
