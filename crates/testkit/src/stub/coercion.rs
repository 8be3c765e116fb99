//! Operations that make a server connect to a path: efsrpc ([MS-EFSR] 3.1.4.2), winspool ([MS-RPRN] 3.1.4), netdfs
//! ([MS-DFSNM] 3.1.4), FileServerVssAgent ([MS-FSRVP] 3.1.4).

use super::operation::{STATUS, handle, handle_and_status, number, optional, status, text};
use super::{Argument, Ndr, Operation};
use uuid::Uuid;

const EFSRPC: Uuid = Uuid::from_u128(0xdf1941c5_fe89_4e79_bf10_463657acf44d);
/// The same interface over the pipe of LSA.
const EFSRPC_LSA: Uuid = Uuid::from_u128(0xc681d488_d850_11d0_8c52_00c04fd90f7e);
const WINSPOOL: Uuid = Uuid::from_u128(0x12345678_1234_abcd_ef00_0123456789ab);
const NETDFS: Uuid = Uuid::from_u128(0x4fc742e0_4a10_11cf_8273_00aa004ae673);
const FSRVP: Uuid = Uuid::from_u128(0xa8e0653c_2744_4389_a61d_7373df8b2292);
const PATH: &str = "\\\\10.0.0.66\\share\\file";
const FILE: &[Argument] = &[text("file", PATH)];
const FILE_AND_FLAGS: &[Argument] = &[text("file", PATH), number("flags", "0")];
const OPENED: &[Argument] = &[handle("handle", "file"), number("status", "0")];
const SHARE: &[Argument] = &[text("share", "\\\\10.0.0.66\\share")];

/// The operations of these interfaces.
pub(super) const OPERATIONS: &[Operation] = &[
    open_file_raw(EFSRPC),
    encrypt_file(EFSRPC),
    decrypt_file(EFSRPC),
    users_on_file(EFSRPC),
    recovery_agents(EFSRPC),
    open_file_raw(EFSRPC_LSA),
    encrypt_file(EFSRPC_LSA),
    decrypt_file(EFSRPC_LSA),
    users_on_file(EFSRPC_LSA),
    recovery_agents(EFSRPC_LSA),
    Operation {
        interface: WINSPOOL,
        opnum: 1,
        name: "RpcOpenPrinter",
        arguments: &[optional("printer", "\\\\SERVER"), number("desired_access", "0")],
        results: &[handle("handle", "printer"), number("status", "0")],
        request: |call, ndr| {
            // No data type, an empty DEVMODE_CONTAINER.
            ndr.unique_string(call.optional("printer")).null().align(4, 8).u32(0).null();
            ndr.u32(call.number("desired_access"));
        },
        response: handle_and_status,
    },
    Operation {
        interface: WINSPOOL,
        opnum: 65,
        name: "RpcRemoteFindFirstPrinterChangeNotificationEx",
        arguments: &[
            handle("printer", "printer"),
            number("flags", "0x100"),
            number("options", "0"),
            optional("local_machine", "\\\\10.0.0.66"),
            number("printer_local", "0"),
        ],
        results: STATUS,
        request: |call, ndr| {
            ndr.handle(call.text("printer")).u32(call.number("flags")).u32(call.number("options"));
            ndr.unique_string(call.optional("local_machine")).u32(call.number("printer_local")).null();
        },
        response: status,
    },
    Operation {
        interface: NETDFS,
        opnum: 12,
        name: "NetrDfsAddStdRoot",
        arguments: &[
            text("server", "10.0.0.66"),
            text("share", "share"),
            text("comment", ""),
            number("flags", "0"),
        ],
        results: STATUS,
        request: |call, ndr| {
            ndr.string(call.text("server")).string(call.text("share")).string(call.text("comment"));
            ndr.u32(call.number("flags"));
        },
        response: status,
    },
    Operation {
        interface: NETDFS,
        opnum: 13,
        name: "NetrDfsRemoveStdRoot",
        arguments: &[text("server", "10.0.0.66"), text("share", "share"), number("flags", "0")],
        results: STATUS,
        request: |call, ndr| {
            ndr.string(call.text("server")).string(call.text("share")).u32(call.number("flags"));
        },
        response: status,
    },
    Operation {
        interface: FSRVP,
        opnum: 8,
        name: "IsPathSupported",
        arguments: SHARE,
        results: &[number("supported", "1"), optional("owner", "SERVER"), number("status", "0")],
        request: |call, ndr| {
            ndr.string(call.text("share"));
        },
        response: |result, ndr| {
            ndr.u32(result.number("supported")).unique_string(result.optional("owner"));
            status(result, ndr);
        },
    },
    Operation {
        interface: FSRVP,
        opnum: 9,
        name: "IsPathShadowCopied",
        arguments: SHARE,
        results: &[number("present", "0"), number("compatibility", "0"), number("status", "0")],
        request: |call, ndr| {
            ndr.string(call.text("share"));
        },
        response: |result, ndr| {
            ndr.u32(result.number("present")).u32(result.number("compatibility"));
            status(result, ndr);
        },
    },
];

const fn open_file_raw(interface: Uuid) -> Operation {
    Operation {
        interface,
        opnum: 0,
        name: "EfsRpcOpenFileRaw",
        arguments: FILE_AND_FLAGS,
        results: OPENED,
        request: |call, ndr| {
            ndr.string(call.text("file")).u32(call.number("flags"));
        },
        response: handle_and_status,
    }
}

const fn encrypt_file(interface: Uuid) -> Operation {
    Operation {
        interface,
        opnum: 4,
        name: "EfsRpcEncryptFileSrv",
        arguments: FILE,
        results: STATUS,
        request: |call, ndr| {
            ndr.string(call.text("file"));
        },
        response: status,
    }
}

const fn decrypt_file(interface: Uuid) -> Operation {
    Operation {
        interface,
        opnum: 5,
        name: "EfsRpcDecryptFileSrv",
        arguments: FILE_AND_FLAGS,
        results: STATUS,
        request: |call, ndr| {
            ndr.string(call.text("file")).u32(call.number("flags"));
        },
        response: status,
    }
}

const fn users_on_file(interface: Uuid) -> Operation {
    Operation {
        interface,
        opnum: 6,
        name: "EfsRpcQueryUsersOnFile",
        arguments: FILE,
        results: STATUS,
        request: |call, ndr| {
            ndr.string(call.text("file"));
        },
        response: no_list,
    }
}

const fn recovery_agents(interface: Uuid) -> Operation {
    Operation { opnum: 7, name: "EfsRpcQueryRecoveryAgents", ..users_on_file(interface) }
}

/// A list that is absent, and a status.
fn no_list(result: &super::Arguments, ndr: &mut Ndr) {
    ndr.null();
    status(result, ndr);
}
