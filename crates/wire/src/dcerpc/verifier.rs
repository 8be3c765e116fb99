//! The verifier that closes a protected PDU.

use super::Header;
use crate::Reader;
use rpcscope_model::{AuthLevel, AuthType, ParseError};

/// Length of a sec_trailer, in bytes.
const SEC_TRAILER_BYTES: usize = 8;

/// What a verifier says of its security context ([MS-RPCE] 2.2.2.11).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SecTrailer<'a> {
    /// Authentication service.
    pub auth_type: AuthType,
    /// Protection.
    pub level: AuthLevel,
    /// Bytes of padding between stub and trailer.
    pub pad_length: u8,
    /// Names the security context within the association.
    pub context_id: u32,
    /// The token of the authentication service.
    pub token: &'a [u8],
}

/// Splits a PDU into header with body, and verifier, if any. Returns where the body ends.
///
/// Source: [MS-RPCE] 2.2.2.11. `auth_length` counts the token only, in bytes, not the 8-byte sec_trailer. A PDU
/// whose end is missing has no verifier to read; its body is what there is before the place of the verifier.
#[inline]
pub fn split_verifier<'a>(
    pdu: &'a [u8],
    header: &Header,
) -> Result<(usize, Option<SecTrailer<'a>>), ParseError> {
    if header.auth_length == 0 {
        return Ok((pdu.len().min(usize::from(header.frag_length)), None));
    }
    read_verifier(pdu, header)
}

fn read_verifier<'a>(pdu: &'a [u8], header: &Header) -> Result<(usize, Option<SecTrailer<'a>>), ParseError> {
    const LAYER: &str = "dcerpc sec_trailer";
    let frag_length = usize::from(header.frag_length);
    let token_bytes = usize::from(header.auth_length);
    let Some(trailer_at) = frag_length.checked_sub(token_bytes + SEC_TRAILER_BYTES) else {
        return Err(ParseError::invalid(LAYER, "auth_length", 10, token_bytes));
    };
    if trailer_at < super::HEADER_BYTES {
        return Err(ParseError::invalid(LAYER, "auth_length", 10, token_bytes));
    }
    if pdu.len() < trailer_at + SEC_TRAILER_BYTES {
        return Ok((pdu.len().min(trailer_at), None));
    }
    let mut reader = Reader::new(LAYER, header.order, pdu);
    reader.seek(trailer_at);
    let auth_type = AuthType(reader.u8("auth_type")?);
    let level = AuthLevel(reader.u8("auth_level")?);
    let pad_length = reader.u8("auth_pad_length")?;
    reader.skip("auth_reserved", 1)?;
    let context_id = reader.u32("auth_context_id")?;
    let token = reader.up_to(token_bytes);
    // A pad length that reaches into the header is a lie; then nothing is taken for padding.
    let body_end = trailer_at
        .checked_sub(usize::from(pad_length))
        .filter(|end| *end >= super::HEADER_BYTES)
        .unwrap_or(trailer_at);
    Ok((body_end, Some(SecTrailer { auth_type, level, pad_length, context_id, token })))
}

#[cfg(test)]
mod tests {
    use super::super::Pdu;
    use super::*;

    /// A request with a stub of 4 bytes, 4 bytes padding and a token of 4 bytes.
    const SEALED: [u8; 44] = [
        5, 0, 0, 3, 0x10, 0, 0, 0, 44, 0, 4, 0, 1, 0, 0, 0, // common header
        0, 0, 0, 0, 0, 0, 1, 0, // alloc_hint, p_cont_id, opnum
        0xaa, 0xbb, 0xcc, 0xdd, // stub
        0, 0, 0, 0, // padding
        10, 6, 4, 0, 9, 0, 0, 0, // NTLMSSP, pkt_privacy, pad 4, context 9
        1, 2, 3, 4, // token
    ];

    #[test]
    fn padding_and_verifier_are_no_part_of_the_stub() {
        let pdu = Pdu::parse(&SEALED).expect("a PDU");
        let trailer = pdu.trailer.expect("a verifier");
        assert_eq!(
            (trailer.level, trailer.context_id, trailer.token),
            (AuthLevel::PKT_PRIVACY, 9, &[1, 2, 3, 4][..])
        );
        assert_eq!(pdu.request().expect("a request").stub, [0xaa, 0xbb, 0xcc, 0xdd]);
    }

    #[test]
    fn a_cut_pdu_has_no_verifier_but_the_stub_that_is_there() {
        let pdu = Pdu::parse(&SEALED[..26]).expect("a PDU");
        assert!(pdu.trailer.is_none() && pdu.is_cut());
        let request = pdu.request().expect("a request");
        assert_eq!((request.stub, request.missing), (&[0xaa, 0xbb][..], 6));
    }

    #[test]
    fn a_token_longer_than_the_pdu_is_an_error() {
        let mut bytes = SEALED;
        bytes[10] = 40;
        assert!(Pdu::parse(&bytes).is_err());
    }
}
