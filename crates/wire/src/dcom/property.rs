//! The single activation properties.

use super::serialized::{first, open, uuids};
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
                first(ndr, "pRequestedProtseqs", |ndr| ndr.u16("pRequestedProtseqs"))
            })
        })?;
        Ok(Self { protseqs: protseqs.flatten().unwrap_or_default() })
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
        let results = ndr.referent(results, |ndr| first(ndr, "phresults", |ndr| ndr.u32("phresults")))?;
        let results = results.unwrap_or_default();
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ByteOrder;

    /// A serialized value of words and of texts with their counts.
    fn serialized(order: ByteOrder, words: &[u32], text: &str) -> Vec<u8> {
        let little = order == ByteOrder::Little;
        let word = |word: u32| if little { word.to_le_bytes() } else { word.to_be_bytes() };
        let mut bytes = vec![1, if little { 0x10 } else { 0 }, 8, 0];
        bytes.extend([0xcc; 12]);
        words.iter().for_each(|value| bytes.extend(word(*value)));
        if !text.is_empty() {
            let units: Vec<u16> = text.encode_utf16().chain([0]).collect();
            let count = u32::try_from(units.len()).expect("short");
            [count, 0, count].iter().for_each(|value| bytes.extend(word(*value)));
            let unit = |unit: u16| if little { unit.to_le_bytes() } else { unit.to_be_bytes() };
            units.into_iter().for_each(|value| bytes.extend(unit(value)));
            bytes.resize(bytes.len().next_multiple_of(8), 0xfa);
        }
        bytes
    }

    #[test]
    fn the_name_of_the_server_is_read_in_both_byte_orders() {
        for order in [ByteOrder::Little, ByteOrder::Big] {
            let words = [0, 0x20000, 0, 0, 0x20004, 0, 0];
            let bytes = serialized(order, &words, "SNICKLE");
            let security = SecurityInfo::parse(&bytes).expect("a property");
            assert_eq!(security.server_name, Some(Text::whole("SNICKLE")));
        }
        let bytes = serialized(ByteOrder::Little, &[0, 0, 0], "");
        assert_eq!(SecurityInfo::parse(&bytes).map(|security| security.server_name), Ok(None));
    }

    #[test]
    fn the_place_of_the_object_is_read() {
        let bytes = serialized(ByteOrder::Little, &[0x20000, 17, 0, 0], "elsewhere");
        let location = Location::parse(&bytes).expect("a property");
        assert_eq!((location.machine, location.process_id), (Some(Text::whole("elsewhere")), 17));
    }

    #[test]
    fn the_file_of_a_persistent_activation_is_read() {
        let bytes = serialized(ByteOrder::Little, &[0x20000, 2, 0, 0], r"C:\evil.xls");
        let instance = InstanceInfo::parse(&bytes).expect("a property");
        assert_eq!((instance.file_name, instance.mode), (Some(Text::whole(r"C:\evil.xls")), 2));
        assert_eq!(instance.storage, None);
    }

    #[test]
    fn session_and_level_of_the_client_are_read() {
        // Session 3, no flags, level 6, no partition, context 20.
        let mut words = [0; 12];
        (words[0], words[4], words[10]) = (3, 6, 20);
        let special =
            SpecialProperties::parse(&serialized(ByteOrder::Little, &words, "")).expect("a property");
        assert_eq!((special.session_id, special.default_authn_level), (Some(3), 6));
        assert_eq!(special.original_class_context, 20);
        words[0] = u32::MAX;
        let special =
            SpecialProperties::parse(&serialized(ByteOrder::Little, &words, "")).expect("a property");
        assert_eq!(special.session_id, None);
    }

    #[test]
    fn many_protocol_sequences_are_bounded() {
        let mut words = vec![0, 0x20000, 2, 100, 0x20004, 100];
        words.extend([0x0007_0007; 50]);
        let bytes = serialized(ByteOrder::Little, &words, "");
        let request = ScmRequest::parse(&bytes).expect("a property");
        assert_eq!(request.protseqs, [7; 64]);
    }

    #[test]
    fn a_reply_without_an_exporter_says_so() {
        assert_eq!(ScmReply::parse(&serialized(ByteOrder::Little, &[0, 0], "")), Ok(None));
        let stopped = ScmReply::parse(&serialized(ByteOrder::Little, &[0, 1, 0], "")).expect_err("no OXID");
        assert_eq!(stopped.field, "Oxid");
    }

    #[test]
    fn an_interface_that_was_refused_has_no_reference() {
        let mut words = vec![1, 0x20000, 0x20004, 0x20008, 1];
        words.extend([0x00020400, 0, 0x000000c0, 0x46000000]);
        words.extend([1, 0x8000_4002, 1, 0]);
        let bytes = serialized(ByteOrder::Little, &words, "");
        let interfaces = InterfaceResult::parse_all(&bytes).expect("a list");
        let [interface] = interfaces.as_slice() else { panic!("one interface") };
        assert_eq!(interface.iid.to_string(), "00020400-0000-0000-c000-000000000046");
        assert_eq!((interface.result, interface.objref), (0x8000_4002, None));
    }

    #[test]
    fn another_version_of_serialization_is_not_read() {
        let mut bytes = serialized(ByteOrder::Little, &[0, 0], "");
        bytes[0] = 2;
        assert_eq!(ScmReply::parse(&bytes).map_err(|stopped| stopped.field), Err("Version"));
        assert_eq!(ScmReply::parse(&[1, 0x10]).map_err(|stopped| stopped.field), Err("CommonTypeHeader"));
    }
}
