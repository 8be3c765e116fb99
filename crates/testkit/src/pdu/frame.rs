//! The common header and what follows every body.

use super::Verifier;
use crate::encoder::{ByteOrder, Encoder, length16};
use rpcscope_model::CallId;

/// What all PDUs of one sender share.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Format {
    /// Byte order of the header and, by the format label, of the stub.
    pub order: ByteOrder,
    /// `rpc_vers_minor`: 0 or 1.
    pub minor: u8,
}

impl Format {
    /// Little-endian, version 5.0: what Windows sends.
    pub const LITTLE: Self = Self { order: ByteOrder::Little, minor: 0 };
    /// Big-endian, version 5.0.
    pub const BIG: Self = Self { order: ByteOrder::Big, minor: 0 };

    /// First byte of the NDR format label: integer representation and ASCII ([C706] 14.1).
    pub const fn integer_label(self) -> u8 {
        match self.order {
            ByteOrder::Little => 0x10,
            ByteOrder::Big => 0x00,
        }
    }
}

/// Bits of `pfc_flags` ([C706] 12.6.3.1, [MS-RPCE] 2.2.2.3).
pub mod flags {
    /// First fragment of a call.
    pub const FIRST: u8 = 0x01;
    /// Last fragment of a call.
    pub const LAST: u8 = 0x02;
    /// A cancel was pending at the sender; in a bind or alter_context: header signing is supported.
    pub const PENDING_CANCEL: u8 = 0x04;
    /// Concurrent multiplexing is supported.
    pub const CONC_MPX: u8 = 0x10;
    /// The call that faulted was certainly not executed.
    pub const DID_NOT_EXECUTE: u8 = 0x20;
    /// `maybe` semantics: no reply is wanted.
    pub const MAYBE: u8 = 0x40;
    /// The header is followed by an object UUID.
    pub const OBJECT_UUID: u8 = 0x80;
}

/// PDU types ([C706] 12.6.4, [MS-RPCE] 2.2.2.1, [MS-RPCH] 2.2.3.6.1).
pub mod ptype {
    /// A call.
    pub const REQUEST: u8 = 0;
    /// Its result.
    pub const RESPONSE: u8 = 2;
    /// Its failure.
    pub const FAULT: u8 = 3;
    /// Begins an association.
    pub const BIND: u8 = 11;
    /// Accepts it.
    pub const BIND_ACK: u8 = 12;
    /// Refuses it.
    pub const BIND_NAK: u8 = 13;
    /// Adds presentation or security contexts.
    pub const ALTER_CONTEXT: u8 = 14;
    /// Answers that.
    pub const ALTER_CONTEXT_RESP: u8 = 15;
    /// Third leg of an authentication.
    pub const AUTH3: u8 = 16;
    /// Asks the server to close the connection.
    pub const SHUTDOWN: u8 = 17;
    /// Cancels a call.
    pub const CO_CANCEL: u8 = 18;
    /// Gives up a call that is still being sent.
    pub const ORPHANED: u8 = 19;
    /// Control of RPC over HTTP.
    pub const RTS: u8 = 20;
}

/// Puts the 16-byte common header before `body`, and the verifier after it.
///
/// `frag_length` and `auth_length` are counted. Panics when the PDU would be longer than 65,535 bytes.
pub fn frame(
    format: Format,
    ptype: u8,
    pfc_flags: u8,
    call_id: CallId,
    body: &[u8],
    verifier: Option<&Verifier>,
) -> Vec<u8> {
    let trailer = verifier.map_or_else(Vec::new, |verifier| verifier.encode(format, body.len()));
    let token_bytes = verifier.map_or(0, |verifier| verifier.token.len());
    let mut out = Encoder::new(format.order);
    out.u8(5).u8(format.minor).u8(ptype).u8(pfc_flags);
    out.u8(format.integer_label()).zeros(3);
    out.u16(length16(HEADER_BYTES + body.len() + trailer.len()));
    out.u16(length16(token_bytes)).u32(call_id.0);
    out.raw(body).raw(&trailer);
    out.finish()
}

/// Length of the common header.
const HEADER_BYTES: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn header_follows_the_byte_order() {
        let little = frame(Format { minor: 1, ..Format::LITTLE }, 2, 3, CallId(0x0102_0304), &[9, 9], None);
        assert_eq!(little, [5, 1, 2, 3, 0x10, 0, 0, 0, 18, 0, 0, 0, 4, 3, 2, 1, 9, 9]);
        let big = frame(Format::BIG, 2, 3, CallId(0x0102_0304), &[9, 9], None);
        assert_eq!(big, [5, 0, 2, 3, 0, 0, 0, 0, 0, 18, 0, 0, 1, 2, 3, 4, 9, 9]);
    }
}
