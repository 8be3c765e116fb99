//! Services: svcctl ([MS-SCMR] 3.1.4).

use super::operation::{STATUS, bytes, handle, handle_and_status, number, optional, status, text, texts};
use super::{Argument, Arguments, Ndr, Operation};
use crate::encoder::length32;
use uuid::Uuid;

const SVCCTL: Uuid = Uuid::from_u128(0x367abb81_9844_35f1_ad32_98f038001003);
const SERVICE: &[Argument] = &[handle("service", "service")];

/// The operations of this interface.
pub(super) const OPERATIONS: &[Operation] = &[
    Operation {
        interface: SVCCTL,
        opnum: 0,
        name: "RCloseServiceHandle",
        arguments: SERVICE,
        results: &[handle("handle", "null"), number("status", "0")],
        request: |call, ndr| {
            ndr.handle(call.text("service"));
        },
        response: handle_and_status,
    },
    Operation {
        interface: SVCCTL,
        opnum: 1,
        name: "RControlService",
        arguments: &[handle("service", "service"), number("control", "1")],
        results: &[number("state", "1"), number("status", "0")],
        request: |call, ndr| {
            ndr.handle(call.text("service")).u32(call.number("control"));
        },
        response: |result, ndr| {
            // SERVICE_STATUS: type, state, accepted controls, exit codes, checkpoint, wait hint.
            ndr.u32(0x10).u32(result.number("state")).u32(0).u32(0).u32(0).u32(0).u32(0);
            status(result, ndr);
        },
    },
    Operation {
        interface: SVCCTL,
        opnum: 2,
        name: "RDeleteService",
        arguments: SERVICE,
        results: STATUS,
        request: |call, ndr| {
            ndr.handle(call.text("service"));
        },
        response: status,
    },
    Operation {
        interface: SVCCTL,
        opnum: 11,
        name: "RChangeServiceConfigW",
        arguments: &[
            handle("service", "service"),
            number("type", "0xffffffff"),
            number("start", "0xffffffff"),
            number("error_control", "0xffffffff"),
            optional("binary_path", "~"),
            optional("load_order_group", "~"),
            optional("account", "~"),
            bytes("password", "hex:"),
            optional("display_name", "~"),
        ],
        results: STATUS,
        request: change_service_config,
        response: |result, ndr| {
            ndr.null();
            status(result, ndr);
        },
    },
    Operation {
        interface: SVCCTL,
        opnum: 12,
        name: "RCreateServiceW",
        arguments: &[
            handle("scm", "scm"),
            text("name", "service"),
            optional("display_name", "~"),
            number("desired_access", "0xf01ff"),
            number("type", "0x10"),
            number("start", "3"),
            number("error_control", "0"),
            text("binary_path", "C:\\Windows\\service.exe"),
            optional("load_order_group", "~"),
            optional("account", "~"),
            bytes("password", "hex:"),
        ],
        results: &[handle("handle", "service"), number("status", "0")],
        request: create_service,
        response: |result, ndr| {
            ndr.null();
            handle_and_status(result, ndr);
        },
    },
    Operation {
        interface: SVCCTL,
        opnum: 15,
        name: "ROpenSCManagerW",
        arguments: &[
            optional("machine", "SERVER"),
            optional("database", "ServicesActive"),
            number("desired_access", "0xf003f"),
        ],
        results: &[handle("handle", "scm"), number("status", "0")],
        request: |call, ndr| {
            ndr.unique_string(call.optional("machine")).unique_string(call.optional("database"));
            ndr.u32(call.number("desired_access"));
        },
        response: handle_and_status,
    },
    Operation {
        interface: SVCCTL,
        opnum: 16,
        name: "ROpenServiceW",
        arguments: &[handle("scm", "scm"), text("name", "service"), number("desired_access", "0xf01ff")],
        results: &[handle("handle", "service"), number("status", "0")],
        request: |call, ndr| {
            ndr.handle(call.text("scm")).string(call.text("name")).u32(call.number("desired_access"));
        },
        response: handle_and_status,
    },
    Operation {
        interface: SVCCTL,
        opnum: 19,
        name: "RStartServiceW",
        arguments: &[handle("service", "service"), texts("arguments", "")],
        results: STATUS,
        request: start_service,
        response: status,
    },
];

fn create_service(call: &Arguments, ndr: &mut Ndr) {
    ndr.handle(call.text("scm")).string(call.text("name")).unique_string(call.optional("display_name"));
    for number in ["desired_access", "type", "start", "error_control"] {
        ndr.u32(call.number(number));
    }
    ndr.string(call.text("binary_path")).unique_string(call.optional("load_order_group"));
    // No tag, no dependencies.
    ndr.null().null().u32(0);
    ndr.unique_string(call.optional("account"));
    password(call, ndr);
}

fn change_service_config(call: &Arguments, ndr: &mut Ndr) {
    ndr.handle(call.text("service"));
    for number in ["type", "start", "error_control"] {
        ndr.u32(call.number(number));
    }
    ndr.unique_string(call.optional("binary_path")).unique_string(call.optional("load_order_group"));
    ndr.null().null().u32(0);
    ndr.unique_string(call.optional("account"));
    password(call, ndr);
    ndr.unique_string(call.optional("display_name"));
}

/// A unique pointer to bytes, and their number.
fn password(call: &Arguments, ndr: &mut Ndr) {
    let password = call.bytes("password");
    ndr.pointer_if(!password.is_empty());
    if !password.is_empty() {
        ndr.bytes(password);
    }
    ndr.u32(length32(password.len()));
}

fn start_service(call: &Arguments, ndr: &mut Ndr) {
    let arguments = call.texts("arguments");
    ndr.handle(call.text("service")).u32(length32(arguments.len())).pointer_if(!arguments.is_empty());
    if arguments.is_empty() {
        return;
    }
    // An array of structures with one pointer each: pointers first.
    ndr.count(arguments.len());
    arguments.iter().for_each(|_| {
        ndr.pointer();
    });
    arguments.iter().for_each(|argument| {
        ndr.string(argument);
    });
}
