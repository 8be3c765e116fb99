//! request, response and fault.

use crate::Reader;
use rpcscope_model::{ContextId, Opnum, ParseError};
use uuid::Uuid;

/// A request, or a fragment of one ([C706] 12.6.4.9).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Request<'a> {
    /// Presentation context.
    pub context_id: ContextId,
    /// Operation.
    pub opnum: Opnum,
    /// Object UUID; an IPID in DCOM.
    pub object: Option<Uuid>,
    /// Stub data, as captured.
    pub stub: &'a [u8],
    /// Bytes of stub and padding that were not captured.
    pub missing: usize,
}

impl<'a> Request<'a> {
    pub(super) fn parse(
        mut reader: Reader<'a>,
        has_object: bool,
        missing: usize,
    ) -> Result<Self, ParseError> {
        reader.skip("alloc_hint", 4)?;
        let context_id = ContextId(reader.u16("p_cont_id")?);
        let opnum = Opnum(reader.u16("opnum")?);
        let object = if has_object { Some(reader.uuid("object")?) } else { None };
        Ok(Self { context_id, opnum, object, stub: reader.rest(), missing })
    }
}

/// A response, or a fragment of one ([C706] 12.6.4.10).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Response<'a> {
    /// Presentation context.
    pub context_id: ContextId,
    /// Stub data, as captured.
    pub stub: &'a [u8],
    /// Bytes of stub and padding that were not captured.
    pub missing: usize,
}

impl<'a> Response<'a> {
    pub(super) fn parse(mut reader: Reader<'a>, missing: usize) -> Result<Self, ParseError> {
        reader.skip("alloc_hint", 4)?;
        let context_id = ContextId(reader.u16("p_cont_id")?);
        reader.skip("cancel_count", 2)?;
        Ok(Self { context_id, stub: reader.rest(), missing })
    }
}

/// A fault ([C706] 12.6.4.7, [MS-RPCE] 2.2.2.8).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Fault<'a> {
    /// Presentation context.
    pub context_id: ContextId,
    /// Why the call failed.
    pub status: u32,
    /// Stub data, as captured; extended error information in Windows.
    pub stub: &'a [u8],
}

impl<'a> Fault<'a> {
    pub(super) fn parse(mut reader: Reader<'a>) -> Result<Self, ParseError> {
        reader.skip("alloc_hint", 4)?;
        let context_id = ContextId(reader.u16("p_cont_id")?);
        reader.skip("cancel_count", 2)?;
        let status = reader.u32("status")?;
        // Some servers end the PDU here.
        reader.up_to(4);
        Ok(Self { context_id, status, stub: reader.rest() })
    }
}

#[cfg(test)]
mod tests {
    use super::super::Pdu;
    use super::*;

    #[test]
    fn the_object_stands_between_header_and_stub() {
        let mut bytes = vec![5, 0, 0, 0x83, 0x10, 0, 0, 0, 42, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 4, 0, 24, 0];
        bytes.extend([0x11; 16]);
        bytes.extend([0xaa, 0xbb]);
        let request = Pdu::parse(&bytes).and_then(|pdu| pdu.request()).expect("a request");
        assert_eq!((request.context_id, request.opnum), (ContextId(4), Opnum(24)));
        assert_eq!(request.object, Some(Uuid::from_bytes([0x11; 16])));
        assert_eq!(request.stub, [0xaa, 0xbb]);
    }

    #[test]
    fn a_fault_status_follows_the_byte_order() {
        let big =
            [5, 0, 3, 3, 0, 0, 0, 0, 0, 32, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 5, 0, 0, 0, 0];
        let fault = Pdu::parse(&big).and_then(|pdu| pdu.fault()).expect("a fault");
        assert_eq!((fault.context_id, fault.status), (ContextId(2), 5));
    }
}
