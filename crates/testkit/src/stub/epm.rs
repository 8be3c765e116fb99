//! The endpoint mapper: ept_map ([C706] appendix O, appendix L, [MS-RPCE] 2.2.1.2.5).

use super::operation::{number, text, uuid};
use super::{Arguments, Ndr, Operation};
use crate::encoder::{ByteOrder, Encoder, length16, length32};
use crate::pdu::Offer;
use rpcscope_model::SyntaxId;
use std::net::Ipv4Addr;
use uuid::Uuid;

const EPM: Uuid = Uuid::from_u128(0xe1af8308_5d1f_11c9_91a4_08002b14a0fa);

/// The operations of this interface.
pub(super) const OPERATIONS: &[Operation] = &[Operation {
    interface: EPM,
    opnum: 3,
    name: "ept_map",
    arguments: &[
        uuid("interface", "367abb81-9844-35f1-ad32-98f038001003"),
        number("major", "2"),
        number("minor", "0"),
        number("max_towers", "4"),
    ],
    results: &[
        uuid("interface", "367abb81-9844-35f1-ad32-98f038001003"),
        number("major", "2"),
        number("minor", "0"),
        text("address", "10.0.0.9"),
        number("port", "49670"),
        number("status", "0"),
    ],
    request: |call, ndr| {
        ndr.pointer().uuid(Uuid::nil()).pointer();
        twr(ndr, &tower(call, 0, Ipv4Addr::UNSPECIFIED));
        ndr.handle("null").u32(call.number("max_towers"));
    },
    response: |result, ndr| {
        let port = u16::try_from(result.number("port")).unwrap_or(u16::MAX);
        let address = result.text("address").parse().unwrap_or(Ipv4Addr::UNSPECIFIED);
        ndr.handle("null").u32(1);
        // An array of pointers to towers, with room for four and one in it.
        ndr.count(4).count(0).count(1).pointer();
        twr(ndr, &tower(result, port, address));
        ndr.u32(result.number("status"));
    },
}];

/// `twr_t`: the length, for the array, and again, then the tower.
fn twr(ndr: &mut Ndr, tower: &[u8]) {
    ndr.count(tower.len()).u32(length32(tower.len())).raw(tower);
}

/// Five floors: interface, transfer syntax, connection-oriented RPC, TCP port, IP address.
fn tower(arguments: &Arguments, port: u16, address: Ipv4Addr) -> Vec<u8> {
    let short = |name| u16::try_from(arguments.number(name)).unwrap_or(u16::MAX);
    let interface =
        SyntaxId { uuid: arguments.uuid("interface"), major: short("major"), minor: short("minor") };
    let mut out = Encoder::new(ByteOrder::Little);
    out.u16(5);
    for SyntaxId { uuid, major, minor } in [interface, Offer::NDR] {
        out.u16(19).u8(0x0d).uuid(uuid).u16(major).u16(2).u16(minor);
    }
    out.u16(1).u8(0x0b).u16(2).u16(0);
    // Port and address are in network order.
    out.u16(1).u8(0x07).u16(length16(2)).raw(&port.to_be_bytes());
    out.u16(1).u8(0x09).u16(4).raw(&address.octets());
    out.finish()
}
