//! Activation and objects: IRemoteSCMActivator, IObjectExporter, IRemUnknown ([MS-DCOM] 3.1.2.5,
//! 3.1.1.5.6).

use super::objref::{Bindings, Standard, custom, oxid};
use super::operation::{class, interfaces, number, optional, status, text, texts, uuid};
use super::serialized::{blob, serialize};
use super::{Argument, Arguments, Ndr, Operation, identifier};
use crate::encoder::{length16, length32};
use uuid::Uuid;

const ACTIVATOR: Uuid = Uuid::from_u128(0x000001a0_0000_0000_c000_000000000046);
const OBJECT_EXPORTER: Uuid = Uuid::from_u128(0x99fcfec4_5260_101b_bbcb_00aa0021347a);
const REM_UNKNOWN: Uuid = Uuid::from_u128(0x00000131_0000_0000_c000_000000000046);

const ACTIVATION: &[Argument] = &[
    class("clsid", "WbemLevel1Login"),
    interfaces("iids", "IWbemLevel1Login"),
    optional("server", "~"),
    number("impersonation_level", "2"),
];
const ACTIVATED: &[Argument] = &[
    text("oxid", "oxid"),
    text("oid", "oid"),
    interfaces("iids", "IWbemLevel1Login"),
    texts("ipids", ""),
    uuid("rem_unknown", "00000131-0000-0000-c000-000000000046"),
    texts("bindings", "10.0.0.9[49670]"),
    number("auth_hint", "4"),
    number("status", "0"),
];

/// The operations of these interfaces.
pub(super) const OPERATIONS: &[Operation] = &[
    Operation {
        interface: ACTIVATOR,
        opnum: 3,
        name: "RemoteGetClassObject",
        arguments: ACTIVATION,
        results: ACTIVATED,
        request: |call, ndr| {
            ndr.pointer();
            interface_pointer(ndr, &activation_request(call));
        },
        response: activation_response,
    },
    Operation {
        interface: ACTIVATOR,
        opnum: 4,
        name: "RemoteCreateInstance",
        arguments: ACTIVATION,
        results: ACTIVATED,
        request: |call, ndr| {
            // No outer object.
            ndr.null().pointer();
            interface_pointer(ndr, &activation_request(call));
        },
        response: activation_response,
    },
    Operation {
        interface: OBJECT_EXPORTER,
        opnum: 4,
        name: "ResolveOxid2",
        arguments: &[text("oxid", "oxid")],
        results: &[
            texts("bindings", "10.0.0.9[49670]"),
            uuid("rem_unknown", "00000131-0000-0000-c000-000000000046"),
            number("auth_hint", "4"),
            number("status", "0"),
        ],
        request: |call, ndr| {
            // One protocol sequence: ncacn_ip_tcp.
            ndr.u64(oxid(call.text("oxid"))).u16(1).count(1).u16(7);
        },
        response: |result, ndr| {
            let bindings = Bindings::new(result.texts("bindings"));
            ndr.pointer();
            bindings.write_conformant(ndr);
            ndr.uuid(result.uuid("rem_unknown")).u32(result.number("auth_hint")).u16(5).u16(7);
            status(result, ndr);
        },
    },
    Operation {
        interface: OBJECT_EXPORTER,
        opnum: 5,
        name: "ServerAlive2",
        arguments: &[],
        results: &[texts("bindings", "SERVER, 10.0.0.9"), number("status", "0")],
        request: |_, _| {},
        response: |result, ndr| {
            let bindings = Bindings::new(result.texts("bindings"));
            ndr.u16(5).u16(7).pointer();
            bindings.write_conformant(ndr);
            ndr.u32(0);
            status(result, ndr);
        },
    },
    Operation {
        interface: REM_UNKNOWN,
        opnum: 3,
        name: "RemQueryInterface",
        arguments: &[uuid("ipid", "IWbemLevel1Login"), interfaces("iids", "IWbemServices")],
        results: &[
            text("oxid", "oxid"),
            text("oid", "oid"),
            interfaces("iids", "IWbemServices"),
            texts("ipids", ""),
            number("status", "0"),
        ],
        request: |call, ndr| {
            let iids = call.uuids("iids");
            ndr.uuid(call.uuid("ipid")).u32(5).u16(length16(iids.len())).count(iids.len());
            iids.iter().for_each(|iid| {
                ndr.uuid(*iid);
            });
        },
        response: |result, ndr| {
            let objects = standards(result);
            ndr.pointer().count(objects.len());
            for object in objects {
                // REMQIRESULT: the result, then STDOBJREF, which is aligned to eight bytes.
                ndr.align(8, 8).u32(0).align(8, 8);
                object.write(ndr);
            }
            status(result, ndr);
        },
    },
];

/// Writes the start of every call on an object, with a causality id (ORPCTHIS, [MS-DCOM] 2.2.13.3).
pub fn orpcthis(ndr: &mut Ndr) {
    write_orpcthis(ndr, CAUSALITY);
}

/// Writes the start of every response of an object (ORPCTHAT, [MS-DCOM] 2.2.13.4).
pub fn orpcthat(ndr: &mut Ndr) {
    write_orpcthat(ndr);
}

pub(super) fn write_orpcthis(ndr: &mut Ndr, causality: Uuid) {
    // Version 5.7, no flags, reserved, causality id, no extensions. The runtime of COM writes both headers itself,
    // before the arguments: as NDR, also in a call that is NDR64.
    ndr.u16(5).u16(7).u32(0).u32(0).uuid(causality).u32(0);
}

pub(super) fn write_orpcthat(ndr: &mut Ndr) {
    ndr.u32(0).u32(0);
}

/// MInterfacePointer ([MS-DCOM] 2.2.14): the length, for the array, and again, then an OBJREF.
pub(super) fn interface_pointer(ndr: &mut Ndr, objref: &[u8]) {
    ndr.count(objref.len()).u32(length32(objref.len())).raw(objref);
}

/// The OBJREF with the properties that a client sends ([MS-DCOM] 2.2.22).
fn activation_request(call: &Arguments) -> Vec<u8> {
    let iids = call.uuids("iids");
    // InstantiationInfoData ([MS-DCOM] 2.2.22.2.1).
    let instantiation = serialize(|ndr| {
        ndr.uuid(call.uuid("clsid")).u32(0x10).u32(0).u32(0).u32(length32(iids.len())).u32(0).pointer();
        ndr.u32(0).u16(5).u16(7).count(iids.len());
        iids.iter().for_each(|iid| {
            ndr.uuid(*iid);
        });
    });
    // SpecialPropertiesData ([MS-DCOM] 2.2.22.2.2): any session; the authentication level; where the class may run.
    let special = serialize(|ndr| {
        ndr.u32(u32::MAX).u32(0).u32(0).u32(0).u32(2).uuid(Uuid::nil()).u32(0).u32(0x14).u32(2);
        ndr.u32(0).u64(0).zeros(20);
    });
    // ActivationContextInfoData ([MS-DCOM] 2.2.22.2.5): nothing of it crosses the network.
    let context = serialize(|ndr| {
        ndr.u32(0).u32(0).u32(0).u32(0).null().null();
    });
    // LocationInfoData ([MS-DCOM] 2.2.22.2.6).
    let location = serialize(|ndr| {
        ndr.null().u32(0).u32(0).u32(0);
    });
    // SecurityInfoData ([MS-DCOM] 2.2.22.2.7): the name of the server stands in a COSERVERINFO.
    let security = serialize(|ndr| {
        let server = call.optional("server");
        ndr.u32(0).pointer_if(server.is_some()).null();
        if let Some(server) = server {
            ndr.u32(0).pointer().null().u32(0).string(server);
        }
    });
    // ScmRequestInfoData ([MS-DCOM] 2.2.22.2.4): impersonation level, and ncacn_ip_tcp.
    let request = serialize(|ndr| {
        ndr.null().pointer().u32(call.number("impersonation_level")).u16(1).pointer().count(1).u16(7);
    });
    let properties = [
        (SPECIAL, special),
        (INSTANTIATION, instantiation),
        (CONTEXT, context),
        (LOCATION, location),
        (SECURITY, security),
        (SCM_REQUEST, request),
    ];
    custom(IID_PROPERTIES_IN, CLSID_PROPERTIES_IN, &blob(&properties))
}

/// The result of both activations.
fn activation_response(result: &Arguments, ndr: &mut Ndr) {
    let failed = result.number("status") >= 0x8000_0000;
    ndr.pointer_if(!failed);
    if !failed {
        interface_pointer(ndr, &activation_reply(result));
    }
    status(result, ndr);
}

fn activation_reply(result: &Arguments) -> Vec<u8> {
    let bindings = Bindings::new(result.texts("bindings"));
    // ScmReplyInfoData ([MS-DCOM] 2.2.22.2.8).
    let reply = serialize(|ndr| {
        ndr.null().pointer().u64(oxid(result.text("oxid"))).pointer().uuid(result.uuid("rem_unknown"));
        ndr.u32(result.number("auth_hint")).u16(5).u16(7);
        bindings.write_conformant(ndr);
    });
    let objects = standards(result);
    // PropsOutInfo ([MS-DCOM] 2.2.22.2.9): identifiers, results and OBJREFs, each an array behind a pointer.
    let output = serialize(|ndr| {
        ndr.u32(length32(objects.len())).pointer().pointer().pointer().count(objects.len());
        objects.iter().for_each(|object| {
            ndr.uuid(object.iid);
        });
        ndr.count(objects.len());
        objects.iter().for_each(|_| {
            ndr.u32(0);
        });
        ndr.count(objects.len());
        objects.iter().for_each(|_| {
            ndr.pointer();
        });
        for object in &objects {
            interface_pointer(ndr, &object.objref(&bindings));
        }
    });
    let properties = [(SCM_REPLY, reply), (PROPERTIES_OUT, output)];
    custom(IID_PROPERTIES_OUT, PROPERTIES_OUT, &blob(&properties))
}

/// One reference for each interface; an IPID that is not named follows from the interface, as the object of calls does.
fn standards(result: &Arguments) -> Vec<Standard> {
    let (oid, ipids) = (oxid(result.text("oid")), result.texts("ipids"));
    let references = result.uuids("iids").into_iter().enumerate().map(|(number, iid)| {
        let word = ipids.get(number).cloned().unwrap_or_else(|| iid.to_string());
        let ipid = Uuid::parse_str(&word).ok().filter(|_| number < ipids.len());
        let ipid = ipid.unwrap_or_else(|| identifier(&word));
        Standard { iid, oxid: oxid(result.text("oxid")), oid, ipid }
    });
    references.collect()
}

/// Ties the calls of one scenario together.
pub(super) const CAUSALITY: Uuid = Uuid::from_u128(0xca05a117_0000_4000_8000_000000000001);
/// A class or interface of the family that begins with this number.
const fn family(number: u128) -> Uuid {
    Uuid::from_u128(number << 96 | 0xc000_0000_0000_0046)
}
const IID_PROPERTIES_IN: Uuid = family(0x1a2);
const IID_PROPERTIES_OUT: Uuid = family(0x1a3);
const CLSID_PROPERTIES_IN: Uuid = family(0x338);
const PROPERTIES_OUT: Uuid = family(0x339);
const LOCATION: Uuid = family(0x1a4);
const CONTEXT: Uuid = family(0x1a5);
const SECURITY: Uuid = family(0x1a6);
const SCM_REQUEST: Uuid = family(0x1aa);
const INSTANTIATION: Uuid = family(0x1ab);
const SPECIAL: Uuid = family(0x1b9);
const SCM_REPLY: Uuid = family(0x1b6);
