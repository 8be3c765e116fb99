//! Tables of what is decoded.

use super::Decoded;
use crate::ndr::{Ndr, Stub};
use rpcscope_model::{Opnum, Stopped};
use uuid::Uuid;

/// Reads a request's stub into what it means.
pub(super) type Request = fn(&mut Ndr<'_>, &mut Decoded) -> Result<(), Stopped>;

/// Reads a response's stub; the third value is what its request said, when that was seen.
pub(super) type Response = fn(&mut Ndr<'_>, &mut Decoded, Option<&Decoded>) -> Result<(), Stopped>;

/// An interface some of whose operations are decoded.
#[derive(Debug)]
pub struct Interface {
    /// Its UUID.
    pub uuid: Uuid,
    /// Its name, as in the catalogue.
    pub name: &'static str,
    /// What is decoded, by rising opnum.
    pub operations: &'static [Operation],
}

/// An operation that is decoded.
#[derive(Clone, Copy, Debug)]
pub struct Operation {
    /// Its number.
    pub opnum: u16,
    /// Its name, as in the catalogue.
    pub name: &'static str,
    /// The arguments that it can have in output: those of the request, then those of the response.
    pub fields: &'static [&'static str],
    request: Option<Request>,
    response: Option<Response>,
}

impl Interface {
    /// The operation of this number, when it is decoded.
    pub fn operation(&self, opnum: Opnum) -> Option<&'static Operation> {
        let at = self.operations.binary_search_by_key(&opnum.0, |operation| operation.opnum).ok()?;
        self.operations.get(at)
    }
}

impl Operation {
    /// An operation, of which nothing is decoded yet; `request` and `response` add how.
    pub(super) const fn new(opnum: u16, name: &'static str, fields: &'static [&'static str]) -> Self {
        Self { opnum, name, fields, request: None, response: None }
    }

    pub(super) const fn request(self, decode: Request) -> Self {
        Self { request: Some(decode), ..self }
    }

    pub(super) const fn response(self, decode: Response) -> Self {
        Self { response: Some(decode), ..self }
    }

    /// Whether something of its requests is decoded.
    pub fn reads_request(&self) -> bool {
        self.request.is_some()
    }

    /// Whether something of its responses is decoded.
    pub fn reads_response(&self) -> bool {
        self.response.is_some()
    }

    /// Decodes a request.
    pub fn decode_request(&self, stub: Stub<'_>) -> Option<Decoded> {
        let mut decoded = Decoded::default();
        self.read_request(stub, &mut decoded).then_some(decoded)
    }

    /// Decodes a response. `request` is what the request said, when it was seen.
    pub fn decode_response(&self, stub: Stub<'_>, request: Option<&Decoded>) -> Option<Decoded> {
        let mut decoded = Decoded::default();
        self.read_response(stub, request, &mut decoded).then_some(decoded)
    }

    /// Decodes a request into `decoded`, which says nothing yet. Returns whether something of requests is decoded.
    pub fn read_request(&self, stub: Stub<'_>, decoded: &mut Decoded) -> bool {
        self.request.is_some_and(|decode| read(stub, decoded, decode))
    }

    /// The same for a response.
    pub fn read_response(&self, stub: Stub<'_>, request: Option<&Decoded>, decoded: &mut Decoded) -> bool {
        self.response.is_some_and(|decode| read(stub, decoded, |ndr, call| decode(ndr, call, request)))
    }
}

fn read(
    stub: Stub<'_>,
    decoded: &mut Decoded,
    decode: impl FnOnce(&mut Ndr<'_>, &mut Decoded) -> Result<(), Stopped>,
) -> bool {
    let mut ndr = Ndr::new(stub);
    let result = decode(&mut ndr, decoded);
    let stopped = &mut decoded.arguments.stopped;
    *stopped = ndr.cut().or(result.err()).or(*stopped);
    true
}
