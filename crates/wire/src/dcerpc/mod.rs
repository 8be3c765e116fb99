//! RPC protocol data units, connection-oriented (version 5) and connectionless (version 4).
//!
//! Source: [C706] chapter 12, [MS-RPCE] 2.2.

mod acknowledge;
mod bind;
mod call;
pub mod connectionless;
mod header;
mod rts;
mod verifier;

pub use acknowledge::{BindAck, BindNak, ContextResult};
pub use bind::{BindPdu, ContextElement, ContextElements, TransferSyntaxes};
pub use call::{Fault, Request, Response};
pub use header::{Flags, HEADER_BYTES, Header, PduType};
pub use rts::{Rts, RtsCommand, RtsCommands};
pub use verifier::{SecTrailer, split_verifier};

use crate::Reader;
use rpcscope_model::ParseError;

/// One connection-oriented PDU, or the part of it that was captured.
#[derive(Clone, Copy, Debug)]
pub struct Pdu<'a> {
    /// The common header.
    pub header: Header,
    /// Bytes of the PDU, from its header on; fewer than `frag_length` when its end is missing.
    pub bytes: &'a [u8],
    /// The verifier, when there is one and it was captured.
    pub trailer: Option<SecTrailer<'a>>,
    /// Where header and body end and padding and verifier begin, in bytes from the start.
    body_end: usize,
}

impl<'a> Pdu<'a> {
    /// Takes one PDU apart into header, body and verifier. `bytes` starts with the PDU; what follows it is ignored.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, ParseError> {
        let header = Header::parse(bytes)?;
        let bytes = bytes.get(..usize::from(header.frag_length)).unwrap_or(bytes);
        let (body_end, trailer) = split_verifier(bytes, &header)?;
        Ok(Self { header, bytes, trailer, body_end })
    }

    /// Whether the end of the PDU is missing.
    pub fn is_cut(&self) -> bool {
        self.bytes.len() < usize::from(self.header.frag_length)
    }

    /// Reads the body, for the parser of one PDU type.
    fn body(&self, layer: &'static str) -> Reader<'a> {
        let body = self.bytes.get(..self.body_end).unwrap_or(self.bytes);
        let mut reader = Reader::new(layer, self.header.order, body);
        reader.seek(HEADER_BYTES);
        reader
    }

    /// Reads a bind or alter_context.
    pub fn bind(&self) -> Result<BindPdu<'a>, ParseError> {
        BindPdu::parse(self.body("dcerpc bind"))
    }

    /// Reads a bind_ack or alter_context_resp.
    pub fn bind_ack(&self) -> Result<BindAck<'a>, ParseError> {
        BindAck::parse(self.body("dcerpc bind_ack"))
    }

    /// Reads a bind_nak.
    pub fn bind_nak(&self) -> Result<BindNak<'a>, ParseError> {
        BindNak::parse(self.body("dcerpc bind_nak"))
    }

    /// Reads a request.
    pub fn request(&self) -> Result<Request<'a>, ParseError> {
        let object = self.header.flags.has(Flags::OBJECT_UUID);
        Request::parse(self.body("dcerpc request"), object, self.missing())
    }

    /// Reads a response.
    pub fn response(&self) -> Result<Response<'a>, ParseError> {
        Response::parse(self.body("dcerpc response"), self.missing())
    }

    /// Reads a fault.
    pub fn fault(&self) -> Result<Fault<'a>, ParseError> {
        Fault::parse(self.body("dcerpc fault"))
    }

    /// Reads a request-to-send PDU of RPC over HTTP.
    pub fn rts(&self) -> Result<Rts<'a>, ParseError> {
        Rts::parse(self.body("dcerpc rts"))
    }

    /// Bytes of the body that were not captured.
    fn missing(&self) -> usize {
        usize::from(self.header.frag_length)
            .saturating_sub(usize::from(self.header.verifier_length()))
            .saturating_sub(self.bytes.len())
    }
}

/// Reads arbitrary bytes as a PDU of either version, as every type that it could be: the body of a fuzz target.
pub fn fuzz_pdu(bytes: &[u8]) {
    let _ = Header::is_plausible(bytes);
    if let Ok(pdu) = Pdu::parse(bytes) {
        if let Ok(bind) = pdu.bind() {
            for element in bind.elements() {
                let _ = element.map(|element| element.transfer_syntaxes.count());
            }
        }
        let _ = pdu.bind_ack().map(|ack| ack.results().count());
        let _ = pdu.bind_nak().map(|nak| nak.versions().count());
        let _ = pdu.rts().map(|rts| rts.commands().count());
        if let Ok(request) = pdu.request() {
            assert!(request.stub.len() + request.missing <= usize::from(pdu.header.frag_length));
        }
        if let Ok(response) = pdu.response() {
            assert!(response.stub.len() + response.missing <= usize::from(pdu.header.frag_length));
        }
        let _ = pdu.fault();
    }
    if let Ok(pdu) = connectionless::Pdu::parse(bytes) {
        assert!(pdu.body.len() <= usize::from(pdu.length));
        let _ = pdu.status();
    }
}
