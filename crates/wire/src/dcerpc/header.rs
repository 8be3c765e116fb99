//! The common header of connection-oriented PDUs.

use crate::ByteOrder;
use rpcscope_model::{CallId, ParseError};

/// Length of the common header, in bytes ([C706] 12.6.1).
pub const HEADER_BYTES: usize = 16;

/// Type of a PDU ([C706] 12.1, [MS-RPCE] 2.2.2.10, [MS-RPCH] 2.2.3.6.1). Unknown values survive.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct PduType(pub u8);

/// The PDU types, by the names of their standards.
#[allow(missing_docs)]
impl PduType {
    pub const REQUEST: Self = Self(0);
    pub const PING: Self = Self(1);
    pub const RESPONSE: Self = Self(2);
    pub const FAULT: Self = Self(3);
    pub const WORKING: Self = Self(4);
    pub const NOCALL: Self = Self(5);
    pub const REJECT: Self = Self(6);
    pub const ACK: Self = Self(7);
    pub const CL_CANCEL: Self = Self(8);
    pub const FACK: Self = Self(9);
    pub const CANCEL_ACK: Self = Self(10);
    pub const BIND: Self = Self(11);
    pub const BIND_ACK: Self = Self(12);
    pub const BIND_NAK: Self = Self(13);
    pub const ALTER_CONTEXT: Self = Self(14);
    pub const ALTER_CONTEXT_RESP: Self = Self(15);
    pub const AUTH3: Self = Self(16);
    pub const SHUTDOWN: Self = Self(17);
    pub const CO_CANCEL: Self = Self(18);
    pub const ORPHANED: Self = Self(19);
    pub const RTS: Self = Self(20);

    /// Whether the connection-oriented protocol has this type.
    pub const fn is_connection_oriented(self) -> bool {
        matches!(self.0, 0 | 2 | 3 | 11..=20)
    }
}

/// Flags of a connection-oriented PDU (`pfc_flags`).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Flags(pub u8);

impl Flags {
    /// First fragment of its call.
    pub const FIRST_FRAG: Self = Self(0x01);
    /// Last fragment of its call.
    pub const LAST_FRAG: Self = Self(0x02);
    /// An object UUID stands before the stub of a request.
    pub const OBJECT_UUID: Self = Self(0x80);

    /// Whether all of `wanted` are set.
    pub const fn has(self, wanted: Self) -> bool {
        self.0 & wanted.0 == wanted.0
    }
}

/// The common header.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Header {
    /// Minor version of the protocol, 0 or 1; the major version is 5.
    pub minor_version: u8,
    /// What kind of PDU it is.
    pub pdu_type: PduType,
    /// Flags.
    pub flags: Flags,
    /// Byte order of all integers of the PDU, from the data representation label ([C706] 14.1).
    pub order: ByteOrder,
    /// Length of the whole PDU with header and verifier, in bytes; at least 16.
    pub frag_length: u16,
    /// Length of the authentication token, in bytes, without its 8-byte sec_trailer; 0 when there is none.
    pub auth_length: u16,
    /// Pairs requests with replies.
    pub call_id: CallId,
}

impl Header {
    /// Reads a header. The PDU may be of an unknown type, but must be of version 5 and at least as long as a header.
    pub fn parse(bytes: &[u8]) -> Result<Self, ParseError> {
        const LAYER: &str = "dcerpc header";
        let Some(&[version, minor_version, pdu_type, flags, drep, _, _, _, f0, f1, a0, a1, c0, c1, c2, c3]) =
            bytes.first_chunk::<HEADER_BYTES>()
        else {
            return Err(ParseError::short(LAYER, "header", 0, HEADER_BYTES, bytes.len()));
        };
        if version != 5 {
            return Err(ParseError::invalid(LAYER, "rpc_vers", 0, usize::from(version)));
        }
        let order = if drep & 0xf0 == 0 { ByteOrder::Big } else { ByteOrder::Little };
        let frag_length = order.u16([f0, f1]);
        if usize::from(frag_length) < HEADER_BYTES {
            return Err(ParseError::invalid(LAYER, "frag_length", 8, usize::from(frag_length)));
        }
        Ok(Self {
            minor_version,
            pdu_type: PduType(pdu_type),
            flags: Flags(flags),
            order,
            frag_length,
            auth_length: order.u16([a0, a1]),
            call_id: CallId(order.u32([c0, c1, c2, c3])),
        })
    }

    /// Whether `bytes` begin like a PDU of a known type, with every fixed field of the header as it must be.
    ///
    /// Used to recognise RPC on any port and to find the next PDU after a gap. About one in 2^50 random
    /// positions would pass, so that a flow of something else is not mistaken.
    pub fn is_plausible(bytes: &[u8]) -> Option<Self> {
        let &[5, 0 | 1, pdu_type, _, 0x00 | 0x01 | 0x10 | 0x11, 0..=3, 0, 0] = bytes.first_chunk::<8>()?
        else {
            return None;
        };
        if !PduType(pdu_type).is_connection_oriented() {
            return None;
        }
        let header = Self::parse(bytes).ok()?;
        let body = usize::from(header.frag_length) - HEADER_BYTES;
        let least = match header.pdu_type {
            PduType::REQUEST | PduType::RESPONSE => 8,
            PduType::FAULT | PduType::BIND | PduType::ALTER_CONTEXT => 12,
            PduType::BIND_ACK | PduType::ALTER_CONTEXT_RESP => 10,
            PduType::BIND_NAK => 2,
            PduType::RTS => 4,
            _ => 0,
        };
        (body >= least + usize::from(header.verifier_length())).then_some(header)
    }

    /// Length of sec_trailer and token together, in bytes; 0 when there is no verifier.
    pub const fn verifier_length(&self) -> u16 {
        if self.auth_length == 0 { 0 } else { self.auth_length.saturating_add(8) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A request of 24 bytes without a stub, call id 7.
    const REQUEST: [u8; 24] = [
        5, 0, 0, 3, // version 5.0, request, first and last fragment
        0x10, 0, 0, 0, // little-endian, ASCII, IEEE
        24, 0, 0, 0, // frag_length, auth_length
        7, 0, 0, 0, // call_id
        0, 0, 0, 0, 1, 0, 12, 0, // alloc_hint, p_cont_id, opnum
    ];

    #[test]
    fn a_header_is_read_in_both_byte_orders() {
        let little = Header::parse(&REQUEST).expect("a header");
        assert_eq!((little.frag_length, little.call_id, little.order), (24, CallId(7), ByteOrder::Little));
        let mut bytes = REQUEST;
        bytes[4] = 0;
        bytes[8..16].copy_from_slice(&[0, 24, 0, 0, 0, 0, 0, 7]);
        let big = Header::parse(&bytes).expect("a header");
        assert_eq!((big.frag_length, big.call_id, big.order), (24, CallId(7), ByteOrder::Big));
    }

    #[test]
    fn a_length_below_the_header_is_refused() {
        let mut bytes = REQUEST;
        bytes[8] = 15;
        let error = Header::parse(&bytes).expect_err("too short");
        assert_eq!(error.to_string(), "dcerpc header: frag_length at byte 8: impossible value 15");
    }

    #[test]
    fn plausibility_wants_every_fixed_field_right() {
        assert!(Header::is_plausible(&REQUEST).is_some());
        for (at, value) in
            [(0, 4), (1, 2), (2, 1), (2, 21), (4, 0x20), (5, 4), (6, 1), (7, 1), (8, 23), (10, 200)]
        {
            let mut bytes = REQUEST;
            bytes[at] = value;
            assert!(Header::is_plausible(&bytes).is_none(), "byte {at} = {value}");
        }
    }
}
