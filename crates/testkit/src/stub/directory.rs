//! Replication: drsuapi ([MS-DRSR] 4.1).

use super::operation::{handle, number, optional, text, uuid};
use super::{Arguments, Ndr, Operation};
use crate::encoder::length32;
use uuid::Uuid;

const DRSUAPI: Uuid = Uuid::from_u128(0xe3514235_4b06_11d1_ab04_00c04fc2dcd2);

/// The operations of this interface.
pub(super) const OPERATIONS: &[Operation] = &[
    Operation {
        interface: DRSUAPI,
        opnum: 0,
        name: "IDL_DRSBind",
        arguments: &[uuid("client", "e24d201a-4fd6-11d1-a3da-0000f875ae0d"), number("flags", "0x04000000")],
        results: &[number("flags", "0x3ffffffb"), handle("handle", "drs"), number("status", "0")],
        request: |call, ndr| {
            ndr.pointer().uuid(call.uuid("client")).pointer();
            extensions(call, ndr);
        },
        response: |result, ndr| {
            ndr.pointer();
            extensions(result, ndr);
            ndr.handle(result.text("handle")).u32(result.number("status"));
        },
    },
    Operation {
        interface: DRSUAPI,
        opnum: 3,
        name: "IDL_DRSGetNCChanges",
        arguments: &[
            handle("drs", "drs"),
            text("naming_context", "DC=corp,DC=example"),
            optional("object", "~"),
            uuid("destination", "destination"),
            uuid("invocation", "invocation"),
            number("flags", "0x00088030"),
            number("max_objects", "1"),
            number("max_bytes", "0"),
            number("extended_operation", "6"),
        ],
        results: &[
            uuid("source", "source"),
            text("naming_context", "DC=corp,DC=example"),
            number("status", "0"),
        ],
        request: get_changes,
        response: changes,
    },
];

/// DRS_EXTENSIONS with DRS_EXTENSIONS_INT inside ([MS-DRSR] 5.39): flags, site, process, epoch.
fn extensions(call: &Arguments, ndr: &mut Ndr) {
    ndr.count(28).u32(28).u32(call.number("flags")).uuid(Uuid::nil()).u32(0).u32(0);
}

/// Version 8 of the request ([MS-DRSR] 4.1.10.2.6).
fn get_changes(call: &Arguments, ndr: &mut Ndr) {
    ndr.handle(call.text("drs")).u32(8).u32(8).align(8, 8);
    ndr.uuid(call.uuid("destination")).uuid(call.uuid("invocation")).pointer();
    // USN_VECTOR: where to start.
    ndr.u64(0).u64(0).u64(0).null();
    for number in ["flags", "max_objects", "max_bytes", "extended_operation"] {
        ndr.u32(call.number(number));
    }
    // liFsmoInfo; no attribute sets; an empty prefix table.
    ndr.u64(0).null().null().align(4, 8).u32(0).null();
    distinguished_name(ndr, call.optional("object").unwrap_or(call.text("naming_context")));
}

/// Version 6 of the reply, without objects ([MS-DRSR] 4.1.10.2).
fn changes(result: &Arguments, ndr: &mut Ndr) {
    ndr.u32(6).u32(6).align(8, 8).uuid(result.uuid("source")).uuid(result.uuid("source")).pointer();
    ndr.u64(0).u64(0).u64(0).u64(9).u64(0).u64(9).null();
    // An empty prefix table; no extended result, objects and bytes; no values; no error.
    ndr.align(4, 8).u32(0).null().u32(0).u32(0).u32(0).null().u32(0).u32(0).u32(0).u32(0).null().u32(0);
    ndr.align(1, 8);
    distinguished_name(ndr, result.text("naming_context"));
    ndr.u32(result.number("status"));
}

/// DSNAME ([MS-DRSR] 5) without GUID and SID.
fn distinguished_name(ndr: &mut Ndr, name: &str) {
    let length = name.encode_utf16().count();
    ndr.count(length + 1).u32(length32(56 + (length + 1) * 2)).u32(0).uuid(Uuid::nil()).zeros(28);
    ndr.u32(length32(length));
    name.encode_utf16().chain([0]).for_each(|unit| {
        ndr.u16(unit);
    });
}
