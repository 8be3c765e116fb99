//! PDUs of the connectionless protocol, version 4.

use super::PduType;
use crate::{ByteOrder, Reader};
use rpcscope_model::{AuthLevel, Opnum, ParseError, SyntaxId};
use uuid::Uuid;

/// Length of the header, in bytes ([C706] 12.5.2).
pub const HEADER_BYTES: usize = 80;

/// Set in `flags1` of the last fragment of a call.
const LAST_FRAGMENT: u8 = 0x02;
/// Set in `flags1` of every fragment of a call that has several.
const FRAGMENT: u8 = 0x04;
/// Set in `flags2` of a request that leaves earlier calls of its activity open ([MS-RPCE] 2.2.3.3).
const UNRELATED: u8 = 0x04;

/// One connectionless PDU, or the part of it that was captured.
#[derive(Clone, Copy, Debug)]
pub struct Pdu<'a> {
    /// What kind of PDU it is.
    pub pdu_type: PduType,
    /// First flags.
    pub flags1: u8,
    /// Second flags.
    pub flags2: u8,
    /// Byte order of all integers of the PDU.
    pub order: ByteOrder,
    /// Object UUID; all zeros when there is none.
    pub object: Uuid,
    /// The interface.
    pub interface: SyntaxId,
    /// The activity: one client's sequence of calls, of which one is open at a time.
    pub activity: Uuid,
    /// When the server booted, as the client knows it; 0 when it does not.
    pub server_boot: u32,
    /// Number of the call within its activity.
    pub sequence: u32,
    /// Operation.
    pub opnum: Opnum,
    /// Length of the body, in bytes.
    pub length: u16,
    /// Number of the fragment, from 0.
    pub fragment: u16,
    /// Authentication service; 0 for none.
    pub auth_type: u8,
    /// Bytes of the PDU, from its header on, with the verifier, as captured: all of its datagram.
    pub bytes: &'a [u8],
    /// The body, as captured.
    pub body: &'a [u8],
    /// Protection, when there is a verifier and it was captured.
    pub auth_level: Option<AuthLevel>,
}

impl<'a> Pdu<'a> {
    /// Reads a PDU that must be of version 4 and of a known type, with every fixed field as it must be.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, ParseError> {
        const LAYER: &str = "dcerpc connectionless header";
        let order = match bytes.get(4) {
            Some(drep) if drep & 0xf0 == 0 => ByteOrder::Big,
            _ => ByteOrder::Little,
        };
        let mut reader = Reader::new(LAYER, order, bytes);
        let version = reader.u8("rpc_vers")?;
        if version != 4 {
            return Err(ParseError::invalid(LAYER, "rpc_vers", 0, usize::from(version)));
        }
        let pdu_type = PduType(reader.u8("ptype")?);
        if pdu_type.0 > PduType::CANCEL_ACK.0 {
            return Err(ParseError::invalid(LAYER, "ptype", 1, usize::from(pdu_type.0)));
        }
        let flags1 = reader.u8("flags1")?;
        // Two bits of the first flags should never be set on the wire; some senders set them, and are answered.
        let flags2 = reader.u8("flags2")?;
        // Defined are a bit for the implementation's own use, cancel_pending and PF2_UNRELATED ([C706] 12.5.2).
        if flags2 & 0xf8 != 0 {
            return Err(ParseError::invalid(LAYER, "flags2", 3, usize::from(flags2)));
        }
        let integer = reader.u8("drep")?;
        let float = reader.u8("drep")?;
        if integer & 0xee != 0 || float > 3 {
            return Err(ParseError::invalid(LAYER, "drep", 4, usize::from(integer)));
        }
        reader.skip("drep", 1)?;
        reader.skip("serial_hi", 1)?;
        let object = reader.uuid("object")?;
        let uuid = reader.uuid("if_id")?;
        let activity = reader.uuid("act_id")?;
        let server_boot = reader.u32("server_boot")?;
        let version = reader.u32("if_vers")?;
        #[allow(clippy::cast_possible_truncation)] // both halves are 16 bits wide
        let interface = SyntaxId { uuid, major: version as u16, minor: (version >> 16) as u16 };
        let sequence = reader.u32("seqnum")?;
        let opnum = Opnum(reader.u16("opnum")?);
        reader.skip("ihint", 2)?;
        reader.skip("ahint", 2)?;
        let length = reader.u16("len")?;
        let fragment = reader.u16("fragnum")?;
        let auth_type = reader.u8("auth_proto")?;
        reader.skip("serial_lo", 1)?;
        let body = reader.up_to(usize::from(length));
        // The verifier stands at the next multiple of 8; its first byte is the level ([MS-RPCE] 2.2.3.4).
        let verifier_at = (HEADER_BYTES + usize::from(length)).next_multiple_of(8);
        let auth_level =
            if auth_type == 0 { None } else { bytes.get(verifier_at).map(|level| AuthLevel(*level)) };
        Ok(Self {
            pdu_type,
            flags1,
            flags2,
            order,
            object,
            interface,
            activity,
            server_boot,
            sequence,
            opnum,
            length,
            fragment,
            auth_type,
            bytes,
            body,
            auth_level,
        })
    }

    /// Whether this is the last fragment of its call, or the only one.
    pub const fn is_last(&self) -> bool {
        self.flags1 & FRAGMENT == 0 || self.flags1 & LAST_FRAGMENT != 0
    }

    /// Whether this is a request that leaves earlier calls of its activity open.
    pub const fn is_unrelated(&self) -> bool {
        self.flags2 & UNRELATED != 0
    }

    /// The status of a fault or reject, which is all of its body ([C706] 12.5.3.5, 12.5.3.8).
    pub fn status(&self) -> Result<u32, ParseError> {
        Reader::new("dcerpc connectionless status", self.order, self.body).u32("status")
    }

    /// Whether the body is what there must be at least for this type, and all there. `missing` bytes of the datagram
    /// were not captured.
    pub fn is_plausible(&self, missing: usize) -> bool {
        if self.body.len() + missing < usize::from(self.length) {
            return false;
        }
        match self.pdu_type {
            PduType::FAULT | PduType::REJECT => self.length >= 4,
            PduType::REQUEST | PduType::RESPONSE => !self.interface.uuid.is_nil(),
            _ => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pdu(big: bool) -> Vec<u8> {
        let mut bytes = vec![4, 0, 0x28, 0, if big { 0 } else { 0x10 }, 0, 0, 0];
        bytes.extend([0; 16]);
        bytes.extend([0xde, 0xa0, 0, 1, 0x6c, 0x97, 0x11, 0xd1, 0x82, 0x71, 0, 0xa0, 0x24, 0x42, 0xdf, 0x7d]);
        bytes.extend([9; 16]);
        let number = |value: u32| if big { value.to_be_bytes() } else { value.to_le_bytes() };
        let half = |value: u16| if big { value.to_be_bytes() } else { value.to_le_bytes() };
        bytes.extend(number(0));
        bytes.extend(number(1));
        bytes.extend(number(77));
        bytes.extend(half(2));
        bytes.extend([0xff; 4]);
        bytes.extend(half(4));
        bytes.extend(half(0));
        bytes.extend([0, 0]);
        bytes.extend([1, 2, 3, 4]);
        bytes
    }

    #[test]
    fn interface_opnum_and_sequence_follow_the_byte_order() {
        let bytes = pdu(true);
        let big = Pdu::parse(&bytes).expect("a PDU");
        assert_eq!(big.interface.to_string(), "dea00001-6c97-11d1-8271-00a02442df7d v1.0");
        assert_eq!((big.sequence, big.opnum, big.body), (77, Opnum(2), &[1, 2, 3, 4][..]));
        let bytes = pdu(false);
        let little = Pdu::parse(&bytes).expect("a PDU");
        assert_eq!(little.interface.uuid.to_string(), "0100a0de-976c-d111-8271-00a02442df7d");
        assert_eq!((little.sequence, little.opnum), (77, Opnum(2)));
    }

    #[test]
    fn dns_is_no_pdu() {
        for flags in [[0x01, 0x00], [0x81, 0x80]] {
            let mut message = vec![4, 0, flags[0], flags[1], 0, 1, 0, 0, 0, 0, 0, 1];
            message.extend([b'x'; 160]);
            assert!(!Pdu::parse(&message).is_ok_and(|pdu| pdu.is_plausible(0)));
        }
    }

    #[test]
    fn a_body_that_should_be_there_and_is_not_makes_a_pdu_implausible() {
        let bytes = pdu(true);
        let cut = Pdu::parse(&bytes[..82]).expect("a PDU");
        assert!(cut.is_plausible(2) && !cut.is_plausible(1));
    }
}
