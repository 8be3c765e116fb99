//! What operations were asked to do: decoders of stubs, one file per interface.
//!
//! An interface is a table of operations in a file of its own, and one line in `registry.rs`. A decoder reads the stub in
//! the order of the wire and puts what tells something into a [`Decoded`]; it stops at the first thing that cannot be
//! read, and what it has put stays.

mod activation;
mod argument;
mod atsvc;
mod backupkey;
mod bstr;
#[cfg(test)]
mod captured;
mod certificate_request;
mod cim;
mod decoded;
mod dnsserver;
mod drsuapi;
mod efsrpc;
#[cfg(test)]
mod encoder;
mod entries;
mod epm;
mod eventlog;
mod fileservervssagent;
mod forest_trust;
mod fuzz;
mod handles;
mod iactivation;
mod icertpassage;
mod icertrequestd;
mod iclassfactory;
mod idispatch;
mod ienumwbemclassobject;
mod ieventservice;
mod initshutdown;
mod iobjectexporter;
mod iremotescmactivator;
mod iremotewinspool;
mod iremunknown;
mod itaskschedulerservice;
mod iwbemlevel1login;
mod iwbemloginclientid;
mod iwbemobjectsink;
mod iwbemservices;
mod iwbemwcosmartenum;
mod lanman;
mod lsarpc;
mod mgmt;
mod netdfs;
mod netlogon;
mod objects;
mod operation;
mod orpc;
mod pkcs10;
mod principals;
mod print;
mod registry;
mod reply;
mod samr;
mod sasec;
mod shutdown;
mod srvsvc;
mod svcctl;
mod task_xml;
mod tower;
mod unc;
mod variant;
mod windowsshutdown;
mod winreg;
mod winspool;
mod wkssvc;

pub use crate::ndr::{Handle, Stub, Syntax};
pub use argument::Argument;
pub use decoded::Decoded;
pub use fuzz::fuzz_stub;
pub use handles::{Handles, Names, Naming};
pub use idispatch::{command_line, known_member};
pub use objects::{Exporter, Objects, Reference, Release};
pub use operation::{Interface, Operation};
pub use registry::{interface, interfaces};
pub use tower::Tower;

use rpcscope_model::Opnum;
use uuid::Uuid;

/// Decodes the arguments of a request. `None`: the operation is not one that is decoded.
pub fn decode_request(interface_uuid: Uuid, opnum: Opnum, stub: Stub<'_>) -> Option<Decoded> {
    interface(interface_uuid)?.operation(opnum)?.decode_request(stub)
}

/// Decodes what a response gives back. `request` is what the request said, when it was seen.
pub fn decode_response(
    interface_uuid: Uuid,
    opnum: Opnum,
    stub: Stub<'_>,
    request: Option<&Decoded>,
) -> Option<Decoded> {
    interface(interface_uuid)?.operation(opnum)?.decode_response(stub, request)
}
