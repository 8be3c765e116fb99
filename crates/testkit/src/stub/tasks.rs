//! Scheduled tasks: ITaskSchedulerService and atsvc ([MS-TSCH] 3.2.5).

use super::operation::{STATUS, number, optional, status, text, texts, uuid};
use super::{Arguments, Ndr, Operation};
use crate::encoder::length32;
use uuid::Uuid;

const TASK_SCHEDULER: Uuid = Uuid::from_u128(0x86d35949_83c9_4044_b424_db363231fd0c);
const ATSVC: Uuid = Uuid::from_u128(0x1ff70682_0a51_30e8_076d_740be8cee98b);

/// The operations of these interfaces.
pub(super) const OPERATIONS: &[Operation] = &[
    Operation {
        interface: TASK_SCHEDULER,
        opnum: 1,
        name: "SchRpcRegisterTask",
        arguments: &[
            optional("path", "\\task"),
            text("xml", TASK),
            number("flags", "6"),
            optional("sddl", "~"),
            number("logon_type", "0"),
        ],
        results: &[optional("path", "\\task"), number("status", "0")],
        request: |call, ndr| {
            ndr.unique_string(call.optional("path")).string(call.text("xml")).u32(call.number("flags"));
            ndr.unique_string(call.optional("sddl")).u32(call.number("logon_type"));
            // No credentials.
            ndr.u32(0).null();
        },
        response: |result, ndr| {
            // The actual path, and no information about errors in the XML.
            ndr.unique_string(result.optional("path")).null();
            status(result, ndr);
        },
    },
    Operation {
        interface: TASK_SCHEDULER,
        opnum: 12,
        name: "SchRpcRun",
        arguments: &[
            text("path", "\\task"),
            texts("arguments", ""),
            number("flags", "0"),
            number("session", "0"),
            optional("user", "~"),
        ],
        results: &[uuid("instance", "instance"), number("status", "0")],
        request: run,
        response: |result, ndr| {
            ndr.uuid(result.uuid("instance"));
            status(result, ndr);
        },
    },
    Operation {
        interface: TASK_SCHEDULER,
        opnum: 13,
        name: "SchRpcDelete",
        arguments: &[text("path", "\\task"), number("flags", "0")],
        results: STATUS,
        request: |call, ndr| {
            ndr.string(call.text("path")).u32(call.number("flags"));
        },
        response: status,
    },
    Operation {
        interface: ATSVC,
        opnum: 0,
        name: "NetrJobAdd",
        arguments: &[
            optional("server", "\\\\SERVER"),
            number("job_time_ms", "43200000"),
            number("days_of_month", "0"),
            number("days_of_week", "0"),
            number("flags", "0"),
            text("command", "cmd /c calc"),
        ],
        results: &[number("job", "1"), number("status", "0")],
        request: |call, ndr| {
            let byte = |name| call.number(name).to_le_bytes()[0];
            ndr.unique_string(call.optional("server"));
            // AT_INFO ([MS-TSCH] 2.3.4).
            ndr.align(4, 8).size(call.number("job_time_ms")).u32(call.number("days_of_month"));
            ndr.u8(byte("days_of_week")).u8(byte("flags")).pointer().string(call.text("command"));
        },
        response: |result, ndr| {
            ndr.u32(result.number("job"));
            status(result, ndr);
        },
    },
];

fn run(call: &Arguments, ndr: &mut Ndr) {
    let arguments = call.texts("arguments");
    ndr.string(call.text("path")).u32(length32(arguments.len())).pointer_if(!arguments.is_empty());
    if !arguments.is_empty() {
        ndr.count(arguments.len());
        arguments.iter().for_each(|_| {
            ndr.pointer();
        });
        arguments.iter().for_each(|argument| {
            ndr.string(argument);
        });
    }
    ndr.u32(call.number("flags")).u32(call.number("session")).unique_string(call.optional("user"));
}

/// A task as short as can be.
const TASK: &str = "<?xml version=\"1.0\"?><Task version=\"1.2\" \
                    xmlns=\"http://schemas.microsoft.com/windows/2004/02/mit/task\"><Actions><Exec>\
                    <Command>cmd.exe</Command><Arguments>/c calc</Arguments></Exec></Actions></Task>";
