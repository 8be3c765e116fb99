//! The registry: winreg ([MS-RRP] 3.1.5). Names count their terminator.

use super::operation::{STATUS, bytes, handle, handle_and_status, number, optional, status, text};
use super::{Argument, Ndr, Operation};
use crate::encoder::length32;
use uuid::Uuid;

const WINREG: Uuid = Uuid::from_u128(0x338cd001_2244_31f1_aaaa_900038001003);
const ROOT: &[Argument] = &[number("desired_access", "0x02000000")];
const ROOT_RESULT: &[Argument] = &[handle("handle", "root"), number("status", "0")];
const KEY_RESULT: &[Argument] = &[handle("handle", "key"), number("status", "0")];

/// The operations of this interface.
pub(super) const OPERATIONS: &[Operation] = &[
    open_root(0, "OpenClassesRoot"),
    open_root(1, "OpenCurrentUser"),
    open_root(2, "OpenLocalMachine"),
    open_root(4, "OpenUsers"),
    Operation {
        interface: WINREG,
        opnum: 5,
        name: "BaseRegCloseKey",
        arguments: &[handle("key", "key")],
        results: &[handle("handle", "null"), number("status", "0")],
        request: |call, ndr| {
            ndr.handle(call.text("key"));
        },
        response: handle_and_status,
    },
    Operation {
        interface: WINREG,
        opnum: 6,
        name: "BaseRegCreateKey",
        arguments: &[
            handle("key", "root"),
            text("name", "Software\\Example"),
            text("class", ""),
            number("options", "0"),
            number("desired_access", "0x20006"),
        ],
        results: &[handle("handle", "key"), number("disposition", "1"), number("status", "0")],
        request: |call, ndr| {
            ndr.handle(call.text("key")).counted(call.text("name"), 1).counted(call.text("class"), 1);
            // No security attributes; a place for the disposition.
            ndr.u32(call.number("options")).u32(call.number("desired_access")).null().unique_u32(Some(0));
        },
        response: |result, ndr| {
            ndr.handle(result.text("handle")).unique_u32(Some(result.number("disposition")));
            status(result, ndr);
        },
    },
    Operation {
        interface: WINREG,
        opnum: 15,
        name: "BaseRegOpenKey",
        arguments: &[
            handle("key", "root"),
            text("name", "SAM"),
            number("options", "0"),
            number("desired_access", "0x02000000"),
        ],
        results: KEY_RESULT,
        request: |call, ndr| {
            ndr.handle(call.text("key")).counted(call.text("name"), 1);
            ndr.u32(call.number("options")).u32(call.number("desired_access"));
        },
        response: handle_and_status,
    },
    Operation {
        interface: WINREG,
        opnum: 20,
        name: "BaseRegSaveKey",
        arguments: &[handle("key", "key"), text("file", "C:\\Windows\\Temp\\sam.save")],
        results: STATUS,
        request: |call, ndr| {
            ndr.handle(call.text("key")).counted(call.text("file"), 1).null();
        },
        response: status,
    },
    Operation {
        interface: WINREG,
        opnum: 22,
        name: "BaseRegSetValue",
        arguments: &[
            handle("key", "key"),
            text("name", "value"),
            number("type", "1"),
            optional("text", "C:\\evil.exe"),
            bytes("data", "hex:"),
        ],
        results: STATUS,
        request: |call, ndr| {
            // `text` is REG_SZ in little-endian UTF-16 with its terminator; `data` is said when there is none.
            let data: Vec<u8> = match call.optional("text") {
                Some(text) if call.bytes("data").is_empty() => {
                    text.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect()
                }
                _ => call.bytes("data").to_vec(),
            };
            ndr.handle(call.text("key")).counted(call.text("name"), 1).u32(call.number("type"));
            ndr.bytes(&data).u32(length32(data.len()));
        },
        response: status,
    },
    Operation {
        interface: WINREG,
        opnum: 31,
        name: "BaseRegSaveKeyEx",
        arguments: &[handle("key", "key"), text("file", "C:\\Windows\\Temp\\sam.save"), number("flags", "1")],
        results: STATUS,
        request: |call, ndr| {
            ndr.handle(call.text("key")).counted(call.text("file"), 1).null().u32(call.number("flags"));
        },
        response: status,
    },
];

const fn open_root(opnum: u16, name: &'static str) -> Operation {
    Operation {
        interface: WINREG,
        opnum,
        name,
        arguments: ROOT,
        results: ROOT_RESULT,
        request: |call, ndr: &mut Ndr| {
            ndr.null().u32(call.number("desired_access"));
        },
        response: handle_and_status,
    }
}
