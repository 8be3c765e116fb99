//! bind_ack, alter_context_resp and bind_nak ([C706] 12.6.4.4, 12.6.4.2, 12.6.4.5).

use super::bind::{count8, write_syntax};
use super::{BindKind, Format, Offer, Verifier, flags, frame, ptype};
use crate::encoder::{Encoder, length16};
use rpcscope_model::{CallId, SyntaxId};

/// What the server says to one presentation context (`p_result_t`).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ContextResult {
    /// 0 acceptance, 1 user rejection, 2 provider rejection, 3 negotiate_ack.
    pub result: u16,
    /// Reason of a rejection; the granted features in a negotiate_ack.
    pub reason: u16,
    /// The agreed transfer syntax; zeros when there is none.
    pub transfer_syntax: SyntaxId,
}

impl ContextResult {
    /// NDR is agreed.
    pub const NDR: Self = Self::accepted(Offer::NDR);
    /// NDR64 is agreed.
    pub const NDR64: Self = Self::accepted(Offer::NDR64);
    /// The server does not know the interface.
    pub const UNKNOWN_INTERFACE: Self = Self::rejected(1);
    /// The server does not support the transfer syntaxes.
    pub const UNKNOWN_TRANSFER_SYNTAX: Self = Self::rejected(2);

    /// A transfer syntax is agreed.
    pub const fn accepted(transfer_syntax: SyntaxId) -> Self {
        Self { result: 0, reason: 0, transfer_syntax }
    }

    /// Provider rejection with its reason.
    pub const fn rejected(reason: u16) -> Self {
        Self { result: 2, reason, transfer_syntax: NO_SYNTAX }
    }

    /// Features of a bind-time feature negotiation that both sides support ([MS-RPCE] 2.2.2.4).
    pub const fn features(features: u16) -> Self {
        Self { result: 3, reason: features, transfer_syntax: NO_SYNTAX }
    }
}

/// A bind_ack or an alter_context_resp.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BindAck {
    /// Which of the two.
    pub kind: BindKind,
    /// The id of what it answers.
    pub call_id: CallId,
    /// Further `pfc_flags`.
    pub pfc_flags: u8,
    /// Largest fragment that the server sends and receives, in bytes.
    pub max_fragment: u16,
    /// Association group.
    pub association_group: u32,
    /// Secondary address, without its terminator; empty means a length of 0.
    pub secondary_address: String,
    /// One result for each presentation context, in the order of the offer.
    pub results: Vec<ContextResult>,
    /// Second token of an authentication.
    pub verifier: Option<Verifier>,
}

impl BindAck {
    /// A bind_ack with common values.
    pub fn new(call_id: u32, secondary_address: &str, results: impl Into<Vec<ContextResult>>) -> Self {
        Self {
            kind: BindKind::Bind,
            call_id: CallId(call_id),
            pfc_flags: 0,
            max_fragment: 5840,
            association_group: 0x0001_2345,
            secondary_address: secondary_address.to_owned(),
            results: results.into(),
            verifier: None,
        }
    }

    /// An alter_context_resp with common values.
    pub fn alter_context(call_id: u32, results: impl Into<Vec<ContextResult>>) -> Self {
        Self { kind: BindKind::AlterContext, ..Self::new(call_id, "", results) }
    }

    /// The PDU.
    pub fn encode(&self, format: Format) -> Vec<u8> {
        let mut body = Encoder::new(format.order);
        body.u16(self.max_fragment).u16(self.max_fragment).u32(self.association_group);
        if self.secondary_address.is_empty() {
            body.u16(0);
        } else {
            body.u16(length16(self.secondary_address.len() + 1));
            body.raw(self.secondary_address.as_bytes()).u8(0);
        }
        body.align(4);
        body.u8(count8(self.results.len())).zeros(3);
        for result in &self.results {
            body.u16(result.result).u16(result.reason);
            write_syntax(&mut body, result.transfer_syntax);
        }
        let ptype = match self.kind {
            BindKind::Bind => ptype::BIND_ACK,
            BindKind::AlterContext => ptype::ALTER_CONTEXT_RESP,
        };
        let pfc_flags = self.pfc_flags | flags::FIRST | flags::LAST;
        frame(format, ptype, pfc_flags, self.call_id, &body.finish(), self.verifier.as_ref())
    }
}

/// A bind_nak.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BindNak {
    /// The id of the bind.
    pub call_id: CallId,
    /// Reason ([C706] 12.6.3.1, [MS-RPCE] 2.2.2.5): 4 protocol version, 8 authentication type.
    pub reason: u16,
    /// Versions that the server supports, as (major, minor).
    pub versions: Vec<(u8, u8)>,
}

impl BindNak {
    /// The PDU.
    pub fn encode(&self, format: Format) -> Vec<u8> {
        let mut body = Encoder::new(format.order);
        body.u16(self.reason).u8(count8(self.versions.len()));
        for (major, minor) in &self.versions {
            body.u8(*major).u8(*minor);
        }
        body.align(4);
        frame(format, ptype::BIND_NAK, flags::FIRST | flags::LAST, self.call_id, &body.finish(), None)
    }
}

/// The syntax of a rejected presentation context.
const NO_SYNTAX: SyntaxId = SyntaxId { uuid: uuid::Uuid::nil(), major: 0, minor: 0 };

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_aligned_after_the_secondary_address() {
        let results = [ContextResult::UNKNOWN_INTERFACE, ContextResult::features(3)];
        let pdu = BindAck::new(7, "135", results).encode(Format::LITTLE);
        assert_eq!(pdu[2], 12);
        // max_xmit_frag, max_recv_frag, assoc_group_id
        assert_eq!(pdu[16..24], [0xd0, 0x16, 0xd0, 0x16, 0x45, 0x23, 1, 0]);
        // length, "135", terminator, two bytes of padding
        assert_eq!(pdu[24..32], [4, 0, b'1', b'3', b'5', 0, 0, 0]);
        // n_results, reserved, result, reason
        assert_eq!(pdu[32..40], [2, 0, 0, 0, 2, 0, 1, 0]);
        assert_eq!(pdu[60..64], [3, 0, 3, 0]);
        assert_eq!(pdu.len(), 84);
    }

    #[test]
    fn absent_secondary_address_still_takes_four_bytes() {
        let pdu = BindAck::alter_context(7, [ContextResult::NDR]).encode(Format::BIG);
        assert_eq!(pdu[2], 15);
        assert_eq!(pdu[24..36], [0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(pdu[36..40], [0x8a, 0x88, 0x5d, 4]);
    }

    #[test]
    fn bind_nak_lists_versions() {
        let pdu = BindNak { call_id: CallId(2), reason: 4, versions: vec![(5, 0), (5, 1)] };
        assert_eq!(pdu.encode(Format::LITTLE)[16..], [4, 0, 2, 5, 0, 5, 1, 0]);
    }
}
