//! PDUs of the connectionless protocol, version 4 ([C706] 12.5).

use super::Format;
use crate::encoder::{Encoder, length16};
use rpcscope_model::{Opnum, SyntaxId};
use uuid::Uuid;

/// PDU types ([C706] 12.5.2).
pub mod dg_ptype {
    /// A call.
    pub const REQUEST: u8 = 0;
    /// Asks whether a call is still being worked on.
    pub const PING: u8 = 1;
    /// Result of a call.
    pub const RESPONSE: u8 = 2;
    /// Failure of a call.
    pub const FAULT: u8 = 3;
    /// Answers a ping: still at work.
    pub const WORKING: u8 = 4;
    /// Answers a ping: the call is not known.
    pub const NOCALL: u8 = 5;
    /// Refuses a call.
    pub const REJECT: u8 = 6;
    /// Acknowledges a response.
    pub const ACK: u8 = 7;
    /// Cancels a call.
    pub const CANCEL: u8 = 8;
    /// Acknowledges fragments.
    pub const FACK: u8 = 9;
    /// Acknowledges a cancel.
    pub const CANCEL_ACK: u8 = 10;
}

/// Bits of the first set of flags ([C706] 12.5.2).
pub mod dg_flags1 {
    /// Last fragment.
    pub const LAST_FRAG: u8 = 0x02;
    /// A fragment of several.
    pub const FRAG: u8 = 0x04;
    /// No fack is wanted.
    pub const NO_FACK: u8 = 0x08;
    /// `maybe` semantics.
    pub const MAYBE: u8 = 0x10;
    /// `idempotent` semantics.
    pub const IDEMPOTENT: u8 = 0x20;
    /// `broadcast` semantics.
    pub const BROADCAST: u8 = 0x40;
}

/// One datagram, or the header that the fragments of one call share.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Connectionless {
    /// PDU type, one of [`dg_ptype`].
    pub ptype: u8,
    /// First set of flags, one of [`dg_flags1`] or several.
    pub flags1: u8,
    /// Second set of flags.
    pub flags2: u8,
    /// Object UUID; nil when there is none.
    pub object: Uuid,
    /// Interface with its version.
    pub interface: SyntaxId,
    /// Activity: names a client that makes one call at a time.
    pub activity: Uuid,
    /// When the server started; 0 when the client does not know it.
    pub server_boot: u32,
    /// Numbers the calls of an activity.
    pub sequence: u32,
    /// Operation.
    pub opnum: Opnum,
    /// Number of this fragment, from 0.
    pub fragment: u16,
    /// Number of the transmission.
    pub serial: u16,
    /// Authentication protocol; 0 for none.
    pub auth_protocol: u8,
    /// What follows the header.
    pub body: Vec<u8>,
    /// Authentication verifier after the body; not counted in the header's length.
    pub verifier: Vec<u8>,
}

impl Connectionless {
    /// A request of one datagram.
    pub fn request(
        interface: SyntaxId,
        activity: Uuid,
        sequence: u32,
        opnum: u16,
        stub: impl Into<Vec<u8>>,
    ) -> Self {
        Self {
            ptype: dg_ptype::REQUEST,
            flags1: dg_flags1::IDEMPOTENT,
            flags2: 0,
            object: Uuid::nil(),
            interface,
            activity,
            server_boot: 0,
            sequence,
            opnum: Opnum(opnum),
            fragment: 0,
            serial: 0,
            auth_protocol: 0,
            body: stub.into(),
            verifier: Vec::new(),
        }
    }

    /// Another PDU about the same call: an answer of the server, or a later word of the client.
    pub fn about_it(&self, ptype: u8, body: impl Into<Vec<u8>>) -> Self {
        Self { ptype, flags1: 0, body: body.into(), verifier: Vec::new(), ..self.clone() }
    }

    /// The datagram.
    pub fn encode(&self, format: Format) -> Vec<u8> {
        let [serial_high, serial_low] = self.serial.to_be_bytes();
        let mut out = Encoder::new(format.order);
        out.u8(4).u8(self.ptype).u8(self.flags1).u8(self.flags2);
        out.u8(format.integer_label()).u8(0).u8(0).u8(serial_high);
        out.uuid(self.object).uuid(self.interface.uuid).uuid(self.activity);
        out.u32(self.server_boot);
        out.u32(u32::from(self.interface.minor) << 16 | u32::from(self.interface.major));
        out.u32(self.sequence).u16(self.opnum.0);
        out.u16(NO_HINT).u16(NO_HINT);
        out.u16(length16(self.body.len())).u16(self.fragment);
        out.u8(self.auth_protocol).u8(serial_low);
        out.raw(&self.body).raw(&self.verifier);
        out.finish()
    }

    /// Datagrams with at most `body_bytes` of the body each. A body that fits gives one datagram without fragment flags.
    pub fn fragments(&self, format: Format, body_bytes: usize) -> Vec<Vec<u8>> {
        let size = body_bytes.max(1);
        if self.body.len() <= size {
            return vec![self.encode(format)];
        }
        let count = self.body.len().div_ceil(size);
        let pieces = self.body.chunks(size).enumerate();
        let datagrams = pieces.map(|(number, piece)| {
            let last = if number + 1 == count { dg_flags1::LAST_FRAG } else { 0 };
            let fragment = Self {
                flags1: self.flags1 | dg_flags1::FRAG | last,
                fragment: length16(number),
                serial: self.serial.wrapping_add(length16(number)),
                body: piece.to_vec(),
                ..self.clone()
            };
            fragment.encode(format)
        });
        datagrams.collect()
    }
}

/// Interface and activity hints that say nothing ([C706] 12.5.2).
const NO_HINT: u16 = 0xffff;

#[cfg(test)]
mod tests {
    use super::*;

    const INTERFACE: SyntaxId = SyntaxId { uuid: Uuid::from_u128(0xa1), major: 3, minor: 1 };

    #[test]
    fn header_has_80_bytes_in_the_order_of_c706() {
        let mut request = Connectionless::request(INTERFACE, Uuid::from_u128(0xb2), 7, 5, [0xee; 3]);
        request.serial = 0x0102;
        let pdu = request.encode(Format::LITTLE);
        assert_eq!(pdu.len(), 83);
        assert_eq!(pdu[..8], [4, 0, 0x20, 0, 0x10, 0, 0, 1]);
        assert_eq!((pdu[39], pdu[55]), (0xa1, 0xb2));
        #[rustfmt::skip]
        let rest = [
            0, 0, 0, 0, 3, 0, 1, 0, 7, 0, 0, 0, // server_boot, if_vers, seqnum
            5, 0, 0xff, 0xff, 0xff, 0xff,       // opnum, ihint, ahint
            3, 0, 0, 0, 0, 2,                   // len, fragnum, auth_proto, serial_lo
            0xee, 0xee, 0xee,
        ];
        assert_eq!(pdu[56..], rest);
        let big = request.encode(Format::BIG);
        assert_eq!(big[60..70], [0, 1, 0, 3, 0, 0, 0, 7, 0, 5]);
    }

    #[test]
    fn fragments_are_numbered_and_the_last_is_flagged() {
        let request = Connectionless::request(INTERFACE, Uuid::nil(), 7, 5, [1, 2, 3, 4, 5]);
        let seen: Vec<_> = request
            .fragments(Format::LITTLE, 2)
            .iter()
            .map(|pdu| (pdu[2], pdu[74], pdu[76], pdu[80]))
            .collect();
        assert_eq!(seen, [(0x24, 2, 0, 1), (0x24, 2, 1, 3), (0x26, 1, 2, 5)]);
    }
}
