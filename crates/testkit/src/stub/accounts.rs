//! Accounts and secrets: samr ([MS-SAMR] 3.1.5), lsarpc ([MS-LSAD] 3.1.4, [MS-LSAT] 3.1.4).

use super::operation::{STATUS, handle, handle_and_status, number, optional, status, text, texts};
use super::{Argument, Arguments, Ndr, Operation};
use crate::encoder::length32;
use uuid::Uuid;

const SAMR: Uuid = Uuid::from_u128(0x12345778_1234_abcd_ef00_0123456789ac);
const LSARPC: Uuid = Uuid::from_u128(0x12345778_1234_abcd_ef00_0123456789ab);
const CLOSED: &[Argument] = &[handle("handle", "null"), number("status", "0")];

/// The operations of these interfaces.
pub(super) const OPERATIONS: &[Operation] = &[
    Operation {
        interface: SAMR,
        opnum: 1,
        name: "SamrCloseHandle",
        arguments: &[handle("handle", "user")],
        results: CLOSED,
        request: |call, ndr| {
            ndr.handle(call.text("handle"));
        },
        response: handle_and_status,
    },
    Operation {
        interface: SAMR,
        opnum: 5,
        name: "SamrLookupDomainInSamServer",
        arguments: &[handle("server", "server"), text("domain", "CORP")],
        results: &[texts("sid", "21, 1, 2, 3"), number("status", "0")],
        request: |call, ndr| {
            ndr.handle(call.text("server")).counted(call.text("domain"), 0);
        },
        response: |result, ndr| {
            ndr.pointer().sid(&sub_authorities(result));
            status(result, ndr);
        },
    },
    Operation {
        interface: SAMR,
        opnum: 7,
        name: "SamrOpenDomain",
        arguments: &[
            handle("server", "server"),
            number("desired_access", "0x00000200"),
            texts("sid", "21, 1, 2, 3"),
        ],
        results: &[handle("handle", "domain"), number("status", "0")],
        request: |call, ndr| {
            ndr.handle(call.text("server")).u32(call.number("desired_access")).sid(&sub_authorities(call));
        },
        response: handle_and_status,
    },
    Operation {
        interface: SAMR,
        opnum: 13,
        name: "SamrEnumerateUsersInDomain",
        arguments: &[
            handle("domain", "domain"),
            number("resume", "0"),
            number("account_control", "0x10"),
            number("max_bytes", "65535"),
        ],
        results: &[number("resume", "0"), number("status", "0")],
        request: |call, ndr| {
            ndr.handle(call.text("domain")).u32(call.number("resume"));
            ndr.u32(call.number("account_control")).u32(call.number("max_bytes"));
        },
        response: |result, ndr| {
            // No users.
            ndr.u32(result.number("resume")).null().u32(0);
            status(result, ndr);
        },
    },
    Operation {
        interface: SAMR,
        opnum: 17,
        name: "SamrLookupNamesInDomain",
        arguments: &[handle("domain", "domain"), texts("names", "alice")],
        results: &[number("rid", "1104"), number("status", "0")],
        request: |call, ndr| {
            let names = call.texts("names");
            ndr.handle(call.text("domain")).u32(length32(names.len()));
            // A varying array with room for 1,000 names.
            ndr.count(1000).count(0).count(names.len());
            counted_array(names, ndr);
        },
        response: |result, ndr| {
            // Two arrays of one number each: the relative identifier, and its use (a user).
            ndr.align(4, 8).u32(1).pointer().count(1).u32(result.number("rid"));
            ndr.align(4, 8).u32(1).pointer().count(1).u32(1);
            status(result, ndr);
        },
    },
    Operation {
        interface: SAMR,
        opnum: 34,
        name: "SamrOpenUser",
        arguments: &[
            handle("domain", "domain"),
            number("desired_access", "0x000f07ff"),
            number("rid", "500"),
        ],
        results: &[handle("handle", "user"), number("status", "0")],
        request: |call, ndr| {
            ndr.handle(call.text("domain")).u32(call.number("desired_access")).u32(call.number("rid"));
        },
        response: handle_and_status,
    },
    Operation {
        interface: SAMR,
        opnum: 50,
        name: "SamrCreateUser2InDomain",
        arguments: &[
            handle("domain", "domain"),
            text("name", "EVIL$"),
            number("account_type", "0x80"),
            number("desired_access", "0x000f07ff"),
        ],
        results: &[
            handle("handle", "user"),
            number("granted_access", "0x000f07ff"),
            number("rid", "1105"),
            number("status", "0"),
        ],
        request: |call, ndr| {
            ndr.handle(call.text("domain")).counted(call.text("name"), 0);
            ndr.u32(call.number("account_type")).u32(call.number("desired_access"));
        },
        response: |result, ndr| {
            ndr.handle(result.text("handle")).u32(result.number("granted_access")).u32(result.number("rid"));
            status(result, ndr);
        },
    },
    Operation {
        interface: SAMR,
        opnum: 64,
        name: "SamrConnect5",
        arguments: &[optional("server", "\\\\SERVER"), number("desired_access", "0x30")],
        results: &[handle("handle", "server"), number("status", "0")],
        request: |call, ndr| {
            ndr.unique_string(call.optional("server")).u32(call.number("desired_access"));
            // Version 1, and revision information of version 1: revision 3, no features.
            ndr.u32(1).u32(1).u32(3).u32(0);
        },
        response: |result, ndr| {
            ndr.u32(1).u32(1).u32(3).u32(0);
            handle_and_status(result, ndr);
        },
    },
    Operation {
        interface: LSARPC,
        opnum: 0,
        name: "LsarClose",
        arguments: &[handle("policy", "policy")],
        results: CLOSED,
        request: |call, ndr| {
            ndr.handle(call.text("policy"));
        },
        response: handle_and_status,
    },
    Operation {
        interface: LSARPC,
        opnum: 14,
        name: "LsarLookupNames",
        arguments: &[handle("policy", "policy"), texts("names", "CORP\\alice"), number("level", "1")],
        results: &[number("status", "0xc0000073")],
        request: |call, ndr| {
            let names = call.texts("names");
            ndr.handle(call.text("policy")).u32(length32(names.len())).count(names.len());
            counted_array(names, ndr);
            let level = u16::try_from(call.number("level")).unwrap_or(u16::MAX);
            ndr.align(4, 8).u32(0).null().enumeration(level).u32(0);
        },
        response: |result, ndr| {
            // No domains, no identifiers, nothing mapped.
            ndr.null().align(4, 8).u32(0).null().u32(0);
            status(result, ndr);
        },
    },
    Operation {
        interface: LSARPC,
        opnum: 43,
        name: "LsarRetrievePrivateData",
        arguments: &[handle("policy", "policy"), text("key", "DPAPI_SYSTEM")],
        results: STATUS,
        request: |call, ndr| {
            ndr.handle(call.text("policy")).counted(call.text("key"), 0).null();
        },
        response: |result, ndr| {
            ndr.null();
            status(result, ndr);
        },
    },
    Operation {
        interface: LSARPC,
        opnum: 44,
        name: "LsarOpenPolicy2",
        arguments: &[optional("server", "\\\\SERVER"), number("desired_access", "0x02000000")],
        results: &[handle("handle", "policy"), number("status", "0")],
        request: |call, ndr| {
            ndr.unique_string(call.optional("server"));
            // LSAPR_OBJECT_ATTRIBUTES without anything in it.
            ndr.align(4, 8).u32(24).null().null().u32(0).null().null().u32(call.number("desired_access"));
        },
        response: handle_and_status,
    },
];

/// The elements of an array of counted strings: all fixed parts, then what they point at.
fn counted_array(names: &[String], ndr: &mut Ndr) {
    names.iter().for_each(|name| {
        ndr.counted_head(name, 0);
    });
    names.iter().for_each(|name| {
        ndr.counted_tail(name, 0);
    });
}

/// The sub-authorities of a SID behind `S-1-5-`.
fn sub_authorities(arguments: &Arguments) -> Vec<u32> {
    let texts = arguments.texts("sid").iter();
    let parts = texts.flat_map(|text| text.trim_start_matches("S-1-5-").split('-').collect::<Vec<_>>());
    parts.map(|part| part.trim().parse().unwrap_or(0)).collect()
}
