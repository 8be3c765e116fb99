//! The Netlogon protocol: logon ([MS-NRPC] 3.5.4).

use super::operation::{STATUS, bytes, number, optional, status, text};
use super::{Ndr, Operation};
use uuid::Uuid;

const LOGON: Uuid = Uuid::from_u128(0x12345678_1234_abcd_ef00_01234567cffb);

/// The operations of this interface.
pub(super) const OPERATIONS: &[Operation] = &[
    Operation {
        interface: LOGON,
        opnum: 4,
        name: "NetrServerReqChallenge",
        arguments: &[
            optional("server", "\\\\SERVER"),
            text("computer", "WS1"),
            bytes("challenge", "hex:0000000000000000"),
        ],
        results: &[bytes("challenge", "hex:1122334455667788"), number("status", "0")],
        request: |call, ndr| {
            ndr.unique_string(call.optional("server")).string(call.text("computer"));
            credential(ndr, call.bytes("challenge"));
        },
        response: |result, ndr| {
            credential(ndr, result.bytes("challenge"));
            status(result, ndr);
        },
    },
    Operation {
        interface: LOGON,
        opnum: 26,
        name: "NetrServerAuthenticate3",
        arguments: &[
            optional("server", "\\\\SERVER"),
            text("account", "WS1$"),
            number("channel_type", "2"),
            text("computer", "WS1"),
            bytes("credential", "hex:0000000000000000"),
            number("flags", "0x212fffff"),
        ],
        results: &[
            bytes("credential", "hex:8877665544332211"),
            number("flags", "0x212fffff"),
            number("rid", "1103"),
            number("status", "0"),
        ],
        request: |call, ndr| {
            ndr.unique_string(call.optional("server")).string(call.text("account"));
            let channel_type = u16::try_from(call.number("channel_type")).unwrap_or(u16::MAX);
            ndr.enumeration(channel_type).string(call.text("computer"));
            credential(ndr, call.bytes("credential"));
            ndr.u32(call.number("flags"));
        },
        response: |result, ndr| {
            credential(ndr, result.bytes("credential"));
            ndr.u32(result.number("flags")).u32(result.number("rid"));
            status(result, ndr);
        },
    },
    Operation {
        interface: LOGON,
        opnum: 30,
        name: "NetrServerPasswordSet2",
        arguments: &[
            optional("server", "\\\\SERVER"),
            text("account", "DC1$"),
            number("channel_type", "6"),
            text("computer", "DC1"),
            bytes("credential", "hex:0000000000000000"),
            number("timestamp", "0"),
        ],
        results: STATUS,
        request: |call, ndr| {
            ndr.unique_string(call.optional("server")).string(call.text("account"));
            let channel_type = u16::try_from(call.number("channel_type")).unwrap_or(u16::MAX);
            ndr.enumeration(channel_type).string(call.text("computer")).align(4, 4);
            credential(ndr, call.bytes("credential"));
            // NL_TRUST_PASSWORD of zeros: 256 characters and a length.
            ndr.u32(call.number("timestamp")).zeros(516);
        },
        response: |result, ndr| {
            // The return authenticator.
            ndr.zeros(8).u32(0);
            status(result, ndr);
        },
    },
];

/// NETLOGON_CREDENTIAL ([MS-NRPC] 2.2.1.3.4): eight bytes without alignment.
fn credential(ndr: &mut Ndr, bytes: &[u8]) {
    let mut eight = [0; 8];
    eight.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
    ndr.raw(&eight);
}
