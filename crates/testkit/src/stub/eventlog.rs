//! Event logs: eventlog ([MS-EVEN] 3.1.4).

use super::Operation;
use super::operation::{STATUS, handle, handle_and_status, number, optional, status, text};
use uuid::Uuid;

const EVENTLOG: Uuid = Uuid::from_u128(0x82273fdc_e32a_18c3_3f78_827929dc23ea);

/// The operations of this interface.
pub(super) const OPERATIONS: &[Operation] = &[
    Operation {
        interface: EVENTLOG,
        opnum: 0,
        name: "ElfrClearELFW",
        arguments: &[handle("log", "log"), optional("backup_file", "~")],
        results: STATUS,
        request: |call, ndr| {
            let file = call.optional("backup_file");
            ndr.handle(call.text("log")).pointer_if(file.is_some());
            if let Some(file) = file {
                ndr.counted(file, 0);
            }
        },
        response: status,
    },
    Operation {
        interface: EVENTLOG,
        opnum: 7,
        name: "ElfrOpenELW",
        arguments: &[text("module", "Security")],
        results: &[handle("handle", "log"), number("status", "0")],
        request: |call, ndr| {
            ndr.pointer().u16(u16::from(b'\\')).counted(call.text("module"), 0).counted("", 0).u32(1).u32(1);
        },
        response: handle_and_status,
    },
    Operation {
        interface: EVENTLOG,
        opnum: 9,
        name: "ElfrOpenBELW",
        arguments: &[text("backup_file", "\\??\\UNC\\10.0.0.66\\share\\file")],
        results: &[handle("handle", "log"), number("status", "0")],
        request: |call, ndr| {
            // The name of the server is one character behind a unique pointer; versions 1 and 1.
            ndr.pointer().u16(u16::from(b'\\')).counted(call.text("backup_file"), 0).u32(1).u32(1);
        },
        response: handle_and_status,
    },
];
