//! bind and alter_context ([C706] 12.6.4.3, 12.6.4.1).

use super::{Format, Verifier, flags, frame, ptype};
use crate::encoder::{Encoder, length16};
use rpcscope_model::{CallId, ContextId, NDR, NDR64, SyntaxId};
use uuid::Uuid;

/// Whether an association begins or is extended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BindKind {
    /// bind and bind_ack.
    Bind,
    /// alter_context and alter_context_resp.
    AlterContext,
}

/// A presentation context as the client offers it (`p_cont_elem_t`, [C706] 12.6.3.1).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Offer {
    /// Its id.
    pub id: ContextId,
    /// The interface.
    pub abstract_syntax: SyntaxId,
    /// Transfer syntaxes, best first.
    pub transfer_syntaxes: Vec<SyntaxId>,
}

impl Offer {
    /// Version 2 of NDR.
    pub const NDR: SyntaxId = SyntaxId { uuid: NDR, major: 2, minor: 0 };
    /// Version 1 of NDR64.
    pub const NDR64: SyntaxId = SyntaxId { uuid: NDR64, major: 1, minor: 0 };

    /// An interface with NDR.
    pub fn ndr(id: u16, abstract_syntax: SyntaxId) -> Self {
        Self { id: ContextId(id), abstract_syntax, transfer_syntaxes: vec![Self::NDR] }
    }

    /// An interface with NDR64, in a presentation context of its own as Windows does.
    pub fn ndr64(id: u16, abstract_syntax: SyntaxId) -> Self {
        Self { id: ContextId(id), abstract_syntax, transfer_syntaxes: vec![Self::NDR64] }
    }

    /// Bind-time feature negotiation in the place of a transfer syntax ([MS-RPCE] 2.2.2.14).
    ///
    /// `features` is a bit mask: 1 multiple security contexts, 2 keep connection on orphan.
    pub fn features(id: u16, abstract_syntax: SyntaxId, features: u8) -> Self {
        let uuid = Uuid::from_u128(0x6cb7_1c2c_9812_4540_0000_0000_0000_0000 | u128::from(features) << 56);
        let syntax = SyntaxId { uuid, major: 1, minor: 0 };
        Self { id: ContextId(id), abstract_syntax, transfer_syntaxes: vec![syntax] }
    }
}

/// A bind or an alter_context.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Bind {
    /// Which of the two.
    pub kind: BindKind,
    /// Pairs it with its answer.
    pub call_id: CallId,
    /// Further `pfc_flags`.
    pub pfc_flags: u8,
    /// Largest fragment that the client sends and receives, in bytes.
    pub max_fragment: u16,
    /// Association group; 0 asks for a new one.
    pub association_group: u32,
    /// What is offered.
    pub contexts: Vec<Offer>,
    /// First token of an authentication.
    pub verifier: Option<Verifier>,
}

impl Bind {
    /// A bind with common values.
    pub fn new(call_id: u32, contexts: impl Into<Vec<Offer>>) -> Self {
        Self {
            kind: BindKind::Bind,
            call_id: CallId(call_id),
            pfc_flags: 0,
            max_fragment: 5840,
            association_group: 0,
            contexts: contexts.into(),
            verifier: None,
        }
    }

    /// An alter_context with common values.
    pub fn alter_context(call_id: u32, contexts: impl Into<Vec<Offer>>) -> Self {
        Self { kind: BindKind::AlterContext, ..Self::new(call_id, contexts) }
    }

    /// The PDU.
    pub fn encode(&self, format: Format) -> Vec<u8> {
        let mut body = Encoder::new(format.order);
        body.u16(self.max_fragment).u16(self.max_fragment).u32(self.association_group);
        body.u8(count8(self.contexts.len())).zeros(3);
        for context in &self.contexts {
            body.u16(context.id.0).u8(count8(context.transfer_syntaxes.len())).u8(0);
            write_syntax(&mut body, context.abstract_syntax);
            context.transfer_syntaxes.iter().for_each(|syntax| write_syntax(&mut body, *syntax));
        }
        let ptype = match self.kind {
            BindKind::Bind => ptype::BIND,
            BindKind::AlterContext => ptype::ALTER_CONTEXT,
        };
        let pfc_flags = self.pfc_flags | flags::FIRST | flags::LAST;
        frame(format, ptype, pfc_flags, self.call_id, &body.finish(), self.verifier.as_ref())
    }
}

/// Writes a `p_syntax_id_t`: UUID, then the version as one number with the major version in its low half.
pub(super) fn write_syntax(out: &mut Encoder, syntax: SyntaxId) {
    out.uuid(syntax.uuid).u32(u32::from(syntax.minor) << 16 | u32::from(syntax.major));
}

/// A count for a field of one byte. Panics above 255, which the field cannot say.
pub(super) fn count8(count: usize) -> u8 {
    u8::try_from(length16(count)).expect("at most 255 elements")
}

#[cfg(test)]
mod tests {
    use super::*;

    const SVCCTL: SyntaxId =
        SyntaxId { uuid: Uuid::from_u128(0x367abb81_9844_35f1_ad32_98f038001003), major: 2, minor: 0 };

    #[test]
    fn bind_is_laid_out_as_c706_says() {
        let pdu = Bind::new(1, [Offer::ndr(5, SVCCTL)]).encode(Format::LITTLE);
        #[rustfmt::skip]
        let expected = [
            5, 0, 11, 3, 0x10, 0, 0, 0, 72, 0, 0, 0, 1, 0, 0, 0, // common header
            0xd0, 0x16, 0xd0, 0x16, 0, 0, 0, 0,                  // max_xmit_frag, max_recv_frag, assoc_group_id
            1, 0, 0, 0,                                          // n_context_elem, reserved
            5, 0, 1, 0,                                          // p_cont_id, n_transfer_syn, reserved
            0x81, 0xbb, 0x7a, 0x36, 0x44, 0x98, 0xf1, 0x35,
            0xad, 0x32, 0x98, 0xf0, 0x38, 0, 0x10, 3, 2, 0, 0, 0, // svcctl 2.0
            4, 0x5d, 0x88, 0x8a, 0xeb, 0x1c, 0xc9, 0x11,
            0x9f, 0xe8, 8, 0, 0x2b, 0x10, 0x48, 0x60, 2, 0, 0, 0, // NDR 2.0
        ];
        assert_eq!(pdu, expected);
    }

    #[test]
    fn feature_bits_stand_in_the_ninth_byte() {
        let offer = Offer::features(1, SVCCTL, 3);
        let uuid = offer.transfer_syntaxes[0].uuid;
        assert_eq!(rpcscope_model::bind_time_feature_negotiation(uuid), Some(3));
    }

    #[test]
    fn big_endian_alter_context_has_its_own_type() {
        let pdu =
            Bind::alter_context(1, [Offer::ndr(5, SVCCTL), Offer::ndr64(6, SVCCTL)]).encode(Format::BIG);
        assert_eq!(pdu[2], 14);
        assert_eq!(pdu[24..32], [2, 0, 0, 0, 0, 5, 1, 0]);
        assert_eq!(pdu[32..36], [0x36, 0x7a, 0xbb, 0x81]);
        assert_eq!(pdu[48..52], [0, 0, 0, 2]);
        assert_eq!(pdu.len(), 116);
    }
}
