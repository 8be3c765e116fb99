//! The verifier that closes a PDU of a security context.

use super::Format;
use crate::encoder::Encoder;
use rpcscope_model::{AuthLevel, AuthType};

/// A sec_trailer with its token ([MS-RPCE] 2.2.2.11).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Verifier {
    /// Authentication service.
    pub auth_type: AuthType,
    /// Protection.
    pub level: AuthLevel,
    /// `auth_context_id`: names the security context within the association.
    pub context_id: u32,
    /// Opaque bytes of the authentication service.
    pub token: Vec<u8>,
    /// What the body is padded to, in bytes; [MS-RPCE] 2.2.2.11 wants 16 for stubs, [C706] 13.2.6.1 wants 4.
    pub alignment: usize,
}

impl Verifier {
    /// A verifier whose body is padded to 4 bytes.
    pub fn new(auth_type: AuthType, level: AuthLevel, context_id: u32, token: impl Into<Vec<u8>>) -> Self {
        Self { auth_type, level, context_id, token: token.into(), alignment: 4 }
    }

    /// An NTLMSSP verifier.
    pub fn ntlm(level: AuthLevel, context_id: u32, token: impl Into<Vec<u8>>) -> Self {
        Self::new(AuthType(0x0a), level, context_id, token)
    }

    /// The same with another alignment of the body, in bytes.
    pub fn aligned_to(mut self, alignment: usize) -> Self {
        self.alignment = alignment;
        self
    }

    /// The padding, the 8-byte sec_trailer and the token that follow a body of `body_bytes`.
    ///
    /// The common header is 16 bytes long, so the body's own length decides the padding.
    pub(super) fn encode(&self, format: Format, body_bytes: usize) -> Vec<u8> {
        let alignment = self.alignment.clamp(1, 255);
        let pad = body_bytes.next_multiple_of(alignment) - body_bytes;
        let mut out = Encoder::new(format.order);
        out.zeros(pad);
        out.u8(self.auth_type.0).u8(self.level.0);
        out.u8(u8::try_from(pad).expect("less than the alignment")).u8(0);
        out.u32(self.context_id).raw(&self.token);
        out.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pdu::frame;
    use rpcscope_model::CallId;

    #[test]
    fn body_is_padded_and_only_the_token_is_counted() {
        let verifier = Verifier::ntlm(AuthLevel::PKT_PRIVACY, 0x0001_3877, [0xaa, 0xbb]);
        let pdu = frame(Format::LITTLE, 0, 3, CallId(1), &[1, 2, 3], Some(&verifier));
        assert_eq!(pdu[8..12], [30, 0, 2, 0]); // frag_length, auth_length
        // body, pad, type, level, pad length, reserved, context id, token
        assert_eq!(pdu[16..], [1, 2, 3, 0, 0x0a, 6, 1, 0, 0x77, 0x38, 1, 0, 0xaa, 0xbb]);
    }
}
