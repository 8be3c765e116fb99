//! Tests of tokens: those of our lab, and those that are built to be wrong.

mod content;
mod exchange;
mod hostile;
mod kerberos;
mod ntlmssp;

use super::{Exchange, Token, token};
use rpcscope_model::{AuthType, Side};

/// The tokens of a sample with their senders. A sample names its origin in its first lines.
fn sample(text: &str) -> Vec<(Side, Vec<u8>)> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let token = |line: &str| {
        let (side, hex) = line.split_once(' ').expect("a side and a token");
        let side = if side == "C" { Side::Client } else { Side::Server };
        let digits = hex.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).expect("hex"));
        (side, digits.map(|pair| u8::from_str_radix(pair, 16).expect("hex")).collect())
    };
    lines.map(token).collect()
}

/// What an exchange knows after these tokens.
fn learned(auth_type: Option<AuthType>, tokens: &[(Side, Vec<u8>)]) -> Exchange {
    let mut exchange = Exchange::default();
    for (side, bytes) in tokens {
        exchange.learn(*side, &token(auth_type, bytes));
    }
    exchange
}

/// A token that is read to its end.
fn whole(bytes: &[u8]) -> Token<'_> {
    let token = token(None, bytes);
    assert_eq!(token.stopped, None);
    token
}

const NTLMSSP_SAMPLE: &str = include_str!("samples/ntlmssp.hex");
const NTLMSSP_ANONYMOUS: &str = include_str!("samples/ntlmssp-anonymous.hex");
const SPNEGO_NTLMSSP: &str = include_str!("samples/spnego-ntlmssp.hex");
const KERBEROS_DCE: &str = include_str!("samples/kerberos-dce.hex");
const SPNEGO_KERBEROS_DCE: &str = include_str!("samples/spnego-kerberos-dce.hex");
const SPNEGO_KERBEROS_SMB: &str = include_str!("samples/spnego-kerberos-smb.hex");
const NETLOGON_SAMPLE: &str = include_str!("samples/netlogon.hex");

/// All samples, with what their verifiers say.
const SAMPLES: [(Option<AuthType>, &str); 7] = [
    (Some(AuthType(0x0a)), NTLMSSP_SAMPLE),
    (Some(AuthType(0x0a)), NTLMSSP_ANONYMOUS),
    (Some(AuthType(0x09)), SPNEGO_NTLMSSP),
    (Some(AuthType(0x10)), KERBEROS_DCE),
    (Some(AuthType(0x09)), SPNEGO_KERBEROS_DCE),
    (None, SPNEGO_KERBEROS_SMB),
    (Some(AuthType(0x44)), NETLOGON_SAMPLE),
];
