//! response and fault ([C706] 12.6.4.10, 12.6.4.7).

use super::request::split;
use super::{Format, Verifier, flags, frame, ptype};
use crate::encoder::{Encoder, length32};
use rpcscope_model::{CallId, ContextId};

/// The result of a call.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Response {
    /// The id of the request.
    pub call_id: CallId,
    /// Its presentation context.
    pub context_id: ContextId,
    /// Results.
    pub stub: Vec<u8>,
    /// Closes each fragment.
    pub verifier: Option<Verifier>,
}

impl Response {
    /// A result without protection.
    pub fn new(call_id: u32, context_id: u16, stub: impl Into<Vec<u8>>) -> Self {
        Self {
            call_id: CallId(call_id),
            context_id: ContextId(context_id),
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
            body.u32(length32(remaining)).u16(self.context_id.0).u8(0).u8(0).raw(piece);
            frame(format, ptype::RESPONSE, position, self.call_id, &body.finish(), verifier().as_ref())
        })
    }
}

/// The failure of a call.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fault {
    /// The id of the request.
    pub call_id: CallId,
    /// Its presentation context.
    pub context_id: ContextId,
    /// What went wrong ([C706] appendix E, [MS-RPCE] 2.2.2.8).
    pub status: u32,
    /// Further `pfc_flags`.
    pub pfc_flags: u8,
    /// Bytes after the status, such as extended error information.
    pub stub: Vec<u8>,
    /// Closes the PDU.
    pub verifier: Option<Verifier>,
}

impl Fault {
    /// nca_s_op_rng_error: the interface has no such operation.
    pub const OP_RANGE: u32 = 0x1c01_0002;
    /// nca_s_unk_if: the server does not offer the interface.
    pub const UNKNOWN_INTERFACE: u32 = 0x1c01_0003;
    /// nca_s_fault_access_denied.
    pub const ACCESS_DENIED: u32 = 0x0000_0005;

    /// A fault of a call that was not executed.
    pub fn new(call_id: u32, context_id: u16, status: u32) -> Self {
        Self {
            call_id: CallId(call_id),
            context_id: ContextId(context_id),
            status,
            pfc_flags: flags::DID_NOT_EXECUTE,
            stub: Vec::new(),
            verifier: None,
        }
    }

    /// The PDU. `alloc_hint` counts the bytes after the status only.
    pub fn encode(&self, format: Format) -> Vec<u8> {
        let mut body = Encoder::new(format.order);
        body.u32(length32(self.stub.len())).u16(self.context_id.0).u8(0).u8(0);
        body.u32(self.status).zeros(4).raw(&self.stub);
        let pfc_flags = self.pfc_flags | flags::FIRST | flags::LAST;
        frame(format, ptype::FAULT, pfc_flags, self.call_id, &body.finish(), self.verifier.as_ref())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn response_is_laid_out_as_c706_says() {
        let pdu = Response::new(2, 1, [9, 8]).encode(Format::LITTLE);
        #[rustfmt::skip]
        let expected = [
            5, 0, 2, 3, 0x10, 0, 0, 0, 26, 0, 0, 0, 2, 0, 0, 0, // common header
            2, 0, 0, 0, 1, 0, 0, 0,                             // alloc_hint, p_cont_id, cancel_count, reserved
            9, 8,
        ];
        assert_eq!(pdu, expected);
    }

    #[test]
    fn fault_status_stands_at_byte_24_in_the_byte_order() {
        let pdu = Fault::new(2, 1, Fault::OP_RANGE).encode(Format::BIG);
        assert_eq!(pdu[2..4], [3, 0x23]);
        assert_eq!(pdu[16..], [0, 0, 0, 0, 0, 1, 0, 0, 0x1c, 1, 0, 2, 0, 0, 0, 0]);
    }
}
