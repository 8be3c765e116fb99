//! The single activation properties.

use super::serialized::{open, uuids};
use super::{ComVersion, DualStringArray, Ipid, Objref, Oxid};
use crate::ndr::Ndr;
use rpcscope_model::{Stopped, Text};
use uuid::Uuid;

/// What is to be activated ([MS-DCOM] 2.2.22.2.1).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Instantiation {
    /// The class.
    pub clsid: Uuid,
    /// `CLSCTX` bits of the client: 16 asks for a remote server.
    pub class_context: u32,
    /// `ACTVFLAGS` bits.
    pub flags: u32,
    /// The interfaces that are asked for: the first 64.
    pub iids: Vec<Uuid>,
    /// Version that the client speaks.
    pub client_version: ComVersion,
}

impl Instantiation {
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, Stopped> {
        let ndr = &mut open(bytes)?;
        let clsid = ndr.uuid("classId")?;
        let class_context = ndr.u32("classCtx")?;
        let flags = ndr.u32("actvflags")?;
        ndr.fixed_bytes("fIsSurrogate", 12)?;
        let iids = ndr.pointer("pIID")?;
        ndr.u32("thisSize")?;
        let client_version = ComVersion::read(ndr)?;
        let iids = ndr.referent(iids, |ndr| uuids(ndr, "pIID"))?.unwrap_or_default();
        Ok(Self { clsid, class_context, flags, iids, client_version })
    }
}

/// Parameters beside the class ([MS-DCOM] 2.2.22.2.2).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SpecialProperties {
    /// Logon session that the server is to run in; absent when any will do.
    pub session_id: Option<u32>,
    /// Authentication level that the client's process starts with ([MS-RPCE] 2.2.1.1.8).
    pub default_authn_level: u32,
    /// `CLSCTX` bits that the client's program gave.
    pub original_class_context: u32,
}

impl SpecialProperties {
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, Stopped> {
        let ndr = &mut open(bytes)?;
        let session_id = Some(ndr.u32("dwSessionId")?).filter(|id| *id != u32::MAX);
        ndr.fixed_bytes("fRemoteThisSessionId", 12)?;
        let default_authn_level = ndr.u32("dwDefaultAuthnLvl")?;
        ndr.fixed_bytes("guidPartition", 16 + 4)?;
        let original_class_context = ndr.u32("dwOrigClsctx")?;
        Ok(Self { session_id, default_authn_level, original_class_context })
    }
}

/// What the new object is loaded from ([MS-DCOM] 2.2.22.2.3).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct InstanceInfo<'a> {
    /// A file on the server.
    pub file_name: Option<Text>,
    /// How to open it.
    pub mode: u32,
    /// A storage that the client holds.
    pub storage: Option<Objref<'a>>,
}

impl<'a> InstanceInfo<'a> {
    pub(super) fn parse(bytes: &'a [u8]) -> Result<Self, Stopped> {
        let ndr = &mut open(bytes)?;
        let file_name = ndr.pointer("fileName")?;
        let mode = ndr.u32("mode")?;
        let running = ndr.pointer("ifdROT")?;
        let storage = ndr.pointer("ifdStg")?;
        let file_name = ndr.referent(file_name, |ndr| ndr.wide_string("fileName"))?;
        // Reserved; it is read because the storage stands behind it.
        ndr.referent(running, |ndr| Objref::read(ndr, "ifdROT"))?;
        let storage = ndr.referent(storage, |ndr| Objref::read(ndr, "ifdStg"))?.flatten();
        Ok(Self { file_name, mode, storage })
    }
}

/// How the client can be answered ([MS-DCOM] 2.2.22.2.4.1).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ScmRequest {
    /// Protocol sequences that the client speaks: the first 64.
    pub protseqs: Vec<u16>,
}

impl ScmRequest {
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, Stopped> {
        let ndr = &mut open(bytes)?;
        let reserved = ndr.pointer("pdwReserved")?;
        let request = ndr.pointer("remoteRequest")?;
        ndr.referent(reserved, |ndr| ndr.u32("pdwReserved"))?;
        let protseqs = ndr.referent(request, |ndr| {
            ndr.u32("ClientImpLevel")?;
            ndr.u16("cRequestedProtseqs")?;
            let protseqs = ndr.pointer("pRequestedProtseqs")?;
            ndr.referent(protseqs, |ndr| {
                let count = ndr.count("pRequestedProtseqs")?;
                ndr.elements("pRequestedProtseqs", count, |ndr| ndr.u16("pRequestedProtseqs"))
            })
        })?;
        Ok(Self { protseqs: protseqs.flatten().map(|elements| elements.items).unwrap_or_default() })
    }
}

/// The contexts that the client passes on ([MS-DCOM] 2.2.22.2.5).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ActivationContext<'a> {
    /// Context of the client.
    pub client: Option<Objref<'a>>,
    /// Context that the object is to have.
    pub prototype: Option<Objref<'a>>,
}

impl<'a> ActivationContext<'a> {
    pub(super) fn parse(bytes: &'a [u8]) -> Result<Self, Stopped> {
        let ndr = &mut open(bytes)?;
        ndr.fixed_bytes("clientOK", 16)?;
        let client = ndr.pointer("pIFDClientCtx")?;
        let prototype = ndr.pointer("pIFDPrototypeCtx")?;
        let client = ndr.referent(client, |ndr| Objref::read(ndr, "pIFDClientCtx"))?.flatten();
        let prototype = ndr.referent(prototype, |ndr| Objref::read(ndr, "pIFDPrototypeCtx"))?.flatten();
        Ok(Self { client, prototype })
    }
}

/// Where the object is to live ([MS-DCOM] 2.2.22.2.6).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Location {
    /// Name of the machine; the standard wants none.
    pub machine: Option<Text>,
    /// Process on that machine.
    pub process_id: u32,
}

impl Location {
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, Stopped> {
        let ndr = &mut open(bytes)?;
        let machine = ndr.pointer("machineName")?;
        let process_id = ndr.u32("processId")?;
        ndr.fixed_bytes("apartmentId", 8)?;
        let machine = ndr.referent(machine, |ndr| ndr.wide_string("machineName"))?;
        Ok(Self { machine, process_id })
    }
}

/// How the client calls the server ([MS-DCOM] 2.2.22.2.7).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SecurityInfo {
    /// Reserved; 0 in most requests.
    pub authn_flags: u32,
    /// Name that the client calls the server by.
    pub server_name: Option<Text>,
}

impl SecurityInfo {
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, Stopped> {
        let ndr = &mut open(bytes)?;
        let authn_flags = ndr.u32("dwAuthnFlags")?;
        let server = ndr.pointer("pServerInfo")?;
        ndr.u32("pdwReserved")?;
        let server_name = ndr.referent(server, |ndr| {
            ndr.u32("dwReserved1")?;
            let name = ndr.pointer("pwszName")?;
            ndr.fixed_bytes("pdwReserved", 8)?;
            ndr.referent(name, |ndr| ndr.wide_string("pwszName"))
        })?;
        Ok(Self { authn_flags, server_name: server_name.flatten() })
    }
}

/// The exporter of what was activated ([MS-DCOM] 2.2.22.2.8.1).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ScmReply<'a> {
    /// The exporter.
    pub oxid: Oxid,
    /// Where it listens.
    pub bindings: DualStringArray<'a>,
    /// Its `IRemUnknown`.
    pub rem_unknown: Ipid,
    /// Least authentication level that it takes.
    pub authn_hint: u32,
    /// Version that the server speaks.
    pub server_version: ComVersion,
}

impl<'a> ScmReply<'a> {
    pub(super) fn parse(bytes: &'a [u8]) -> Result<Option<Self>, Stopped> {
        let ndr = &mut open(bytes)?;
        let reserved = ndr.pointer("pdwReserved")?;
        let reply = ndr.pointer("remoteReply")?;
        ndr.referent(reserved, |ndr| ndr.u32("pdwReserved"))?;
        ndr.referent(reply, |ndr| {
            let oxid = Oxid(ndr.u64("Oxid")?);
            let bindings = ndr.pointer("pdsaOxidBindings")?;
            let rem_unknown = Ipid(ndr.uuid("ipidRemUnknown")?);
            let authn_hint = ndr.u32("authnHint")?;
            let server_version = ComVersion::read(ndr)?;
            let bindings = ndr.referent(bindings, DualStringArray::read)?.unwrap_or(DualStringArray::EMPTY);
            Ok(Self { oxid, bindings, rem_unknown, authn_hint, server_version })
        })
    }
}

/// What became of one interface that was asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct InterfaceResult<'a> {
    /// The interface.
    pub iid: Uuid,
    /// `HRESULT`: 0 when the object has it.
    pub result: u32,
    /// The reference, when there is one.
    pub objref: Option<Objref<'a>>,
}

impl<'a> InterfaceResult<'a> {
    /// Reads the lists of [MS-DCOM] 2.2.22.2.9: the first 64 elements of each.
    pub(super) fn parse_all(bytes: &'a [u8]) -> Result<Vec<Self>, Stopped> {
        let ndr = &mut open(bytes)?;
        ndr.u32("cIfs")?;
        let iids = ndr.pointer("piid")?;
        let results = ndr.pointer("phresults")?;
        let pointers = ndr.pointer("ppIntfData")?;
        let iids = ndr.referent(iids, |ndr| uuids(ndr, "piid"))?.unwrap_or_default();
        let results = ndr.referent(results, |ndr| {
            let count = ndr.count("phresults")?;
            ndr.elements("phresults", count, |ndr| ndr.u32("phresults"))
        })?;
        let results = results.map(|elements| elements.items).unwrap_or_default();
        let objrefs = ndr.referent(pointers, Self::objrefs)?.unwrap_or_default();
        let result = |at: usize| results.get(at).copied().unwrap_or_default();
        let objref = |at: usize| objrefs.get(at).copied().flatten();
        let found = iids.into_iter().enumerate();
        Ok(found.map(|(at, iid)| Self { iid, result: result(at), objref: objref(at) }).collect())
    }

    /// Reads a conformant array of interface pointers, one for each interface. What stops it costs the rest of them.
    pub(crate) fn objrefs(ndr: &mut Ndr<'a>) -> Result<Vec<Option<Objref<'a>>>, Stopped> {
        let count = ndr.count("ppIntfData")?;
        let pointers = ndr.elements("ppIntfData", count, |ndr| ndr.pointer("ppIntfData"))?.items;
        let objrefs = pointers
            .into_iter()
            .map_while(|pointer| ndr.referent(pointer, |ndr| Objref::read(ndr, "ppIntfData")).ok());
        Ok(objrefs.map(Option::flatten).collect())
    }
}
