//! SPNEGO around the tokens of a mechanism (RFC 4178 4.2, [MS-SPNG] 2.2).

use super::der::{ENUMERATED, OCTETS, OID, SEQUENCE, field, parts, value};

/// 1.3.6.1.4.1.311.2.2.10, NTLMSSP.
pub const NTLM: [u8; 10] = [0x2b, 0x06, 0x01, 0x04, 0x01, 0x82, 0x37, 0x02, 0x02, 0x0a];
/// 1.2.840.48018.1.2.2, Kerberos as Microsoft numbers it.
pub const KERBEROS: [u8; 9] = [0x2a, 0x86, 0x48, 0x82, 0xf7, 0x12, 0x01, 0x02, 0x02];

/// NegTokenInit of the client: one mechanism and its first token (RFC 4178 4.2.1).
pub fn first(mechanism: &[u8], token: &[u8]) -> Vec<u8> {
    let mechanisms = field(0, parts(SEQUENCE, &[value(OID, mechanism)]));
    let init = field(0, parts(SEQUENCE, &[mechanisms, field(2, value(OCTETS, token))]));
    parts(APPLICATION, &[value(OID, &SPNEGO), init])
}

/// NegTokenResp of the server: more is needed, in this mechanism (RFC 4178 4.2.2).
pub fn second(mechanism: &[u8], token: &[u8]) -> Vec<u8> {
    let state = field(0, value(ENUMERATED, &[ACCEPT_INCOMPLETE]));
    let fields = [state, field(1, value(OID, mechanism)), field(2, value(OCTETS, token))];
    field(1, parts(SEQUENCE, &fields))
}

/// NegTokenResp of the client: its last token.
pub fn third(token: &[u8]) -> Vec<u8> {
    field(1, parts(SEQUENCE, &[field(2, value(OCTETS, token))]))
}

/// NegTokenResp of the server: all is well.
pub fn accepted() -> Vec<u8> {
    field(1, parts(SEQUENCE, &[field(0, value(ENUMERATED, &[ACCEPT_COMPLETED]))]))
}

/// 1.3.6.1.5.5.2.
const SPNEGO: [u8; 6] = [0x2b, 0x06, 0x01, 0x05, 0x05, 0x02];
/// The tag of a GSS-API initial token (RFC 2743 3.1).
const APPLICATION: u8 = 0x60;
const ACCEPT_COMPLETED: u8 = 0;
const ACCEPT_INCOMPLETE: u8 = 1;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_laid_out_as_the_standard_says() {
        #[rustfmt::skip]
        let expected = [
            0x60, 34,                                             // application 0
            0x06, 6, 0x2b, 6, 1, 5, 5, 2,                         // SPNEGO
            0xa0, 24, 0x30, 22,                                   // NegTokenInit
            0xa0, 14, 0x30, 12, 0x06, 10, 0x2b, 6, 1, 4, 1, 0x82, 0x37, 2, 2, 0x0a, // mechTypes
            0xa2, 4, 0x04, 2, 8, 9,                               // mechToken
        ];
        assert_eq!(first(&NTLM, &[8, 9]), expected);
        assert_eq!(third(&[8]), [0xa1, 7, 0x30, 5, 0xa2, 3, 4, 1, 8]);
        assert_eq!(accepted(), [0xa1, 7, 0x30, 5, 0xa0, 3, 0x0a, 1, 0]);
        assert_eq!(second(&NTLM, &[8])[..9], [0xa1, 26, 0x30, 24, 0xa0, 3, 0x0a, 1, 1]);
    }
}
