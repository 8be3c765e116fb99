//! request ([C706] 12.6.4.9).

use super::{Format, Verifier, flags, frame, ptype};
use crate::encoder::{Encoder, length32};
use rpcscope_model::{CallId, ContextId, Opnum};
use uuid::Uuid;

/// A call.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Request {
    /// Pairs it with its reply.
    pub call_id: CallId,
    /// Presentation context.
    pub context_id: ContextId,
    /// Operation.
    pub opnum: Opnum,
    /// Object UUID, repeated in each fragment.
    pub object: Option<Uuid>,
    /// Further `pfc_flags`.
    pub pfc_flags: u8,
    /// Arguments.
    pub stub: Vec<u8>,
    /// Closes each fragment.
    pub verifier: Option<Verifier>,
}

impl Request {
    /// A call without object and protection.
    pub fn new(call_id: u32, context_id: u16, opnum: u16, stub: impl Into<Vec<u8>>) -> Self {
        Self {
            call_id: CallId(call_id),
            context_id: ContextId(context_id),
            opnum: Opnum(opnum),
            object: None,
            pfc_flags: 0,
            stub: stub.into(),
            verifier: None,
        }
    }

    /// One PDU with the whole stub.
    pub fn encode(&self, format: Format) -> Vec<u8> {
        self.fragments(format, usize::MAX).remove(0)
    }

    /// PDUs with at most `stub_bytes` of the stub each; at least one PDU.
    pub fn fragments(&self, format: Format, stub_bytes: usize) -> Vec<Vec<u8>> {
        self.fragments_with(format, stub_bytes, || self.verifier.clone())
    }

    /// The same with a verifier of its own for each PDU.
    pub fn fragments_with(
        &self,
        format: Format,
        stub_bytes: usize,
        mut verifier: impl FnMut() -> Option<Verifier>,
    ) -> Vec<Vec<u8>> {
        split(&self.stub, stub_bytes, |position, piece, remaining| {
            let mut body = Encoder::new(format.order);
            body.u32(length32(remaining)).u16(self.context_id.0).u16(self.opnum.0);
            if let Some(object) = self.object {
                body.uuid(object);
            }
            body.raw(piece);
            let object_flag = if self.object.is_some() { flags::OBJECT_UUID } else { 0 };
            let pfc_flags = position | self.pfc_flags | object_flag;
            frame(format, ptype::REQUEST, pfc_flags, self.call_id, &body.finish(), verifier().as_ref())
        })
    }
}

/// Cuts a stub and builds a PDU for each piece from: first/last flags, the piece, and the bytes from it to the end.
pub(super) fn split(
    stub: &[u8],
    stub_bytes: usize,
    mut build: impl FnMut(u8, &[u8], usize) -> Vec<u8>,
) -> Vec<Vec<u8>> {
    let mut pdus = Vec::new();
    let mut rest = stub;
    loop {
        let (piece, after) = rest.split_at(stub_bytes.max(1).min(rest.len()));
        let first = if pdus.is_empty() { flags::FIRST } else { 0 };
        let last = if after.is_empty() { flags::LAST } else { 0 };
        pdus.push(build(first | last, piece, rest.len()));
        if after.is_empty() {
            return pdus;
        }
        rest = after;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rpcscope_model::AuthLevel;

    #[test]
    fn object_uuid_stands_between_opnum_and_stub() {
        let request = Request { object: Some(Uuid::from_u128(1)), ..Request::new(9, 4, 24, [0xaa]) };
        let pdu = request.encode(Format::LITTLE);
        assert_eq!(pdu[..4], [5, 0, 0, 0x83]);
        assert_eq!(pdu[8..24], [41, 0, 0, 0, 9, 0, 0, 0, 1, 0, 0, 0, 4, 0, 24, 0]);
        assert_eq!(pdu[39..], [1, 0xaa]);
    }

    #[test]
    fn fragments_are_flagged_and_count_down() {
        let mut request = Request::new(9, 4, 24, [1, 2, 3, 4, 5]);
        request.verifier = Some(Verifier::ntlm(AuthLevel::PKT, 1, [7]));
        let pdus = request.fragments(Format::LITTLE, 2);
        let seen: Vec<_> = pdus.iter().map(|pdu| (pdu[3], pdu[16], pdu[24], pdu[10])).collect();
        assert_eq!(seen, [(1, 5, 1, 1), (0, 3, 3, 1), (2, 1, 5, 1)]);
    }

    #[test]
    fn empty_stub_is_one_fragment() {
        assert_eq!(Request::new(1, 0, 0, []).fragments(Format::LITTLE, 10).len(), 1);
    }
}
