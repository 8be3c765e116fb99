//! The properties of an activation: a header, then one serialized structure after the other ([MS-DCOM] 2.2.22).

use super::{Ndr, Syntax};
use crate::encoder::{ByteOrder, Encoder, length32};
use uuid::Uuid;

/// A structure in type serialization version 1 ([MS-RPCE] 2.2.6): common header, private header, structure.
pub(super) fn serialize(write: impl Fn(&mut Ndr)) -> Vec<u8> {
    let mut ndr = Ndr::new(ByteOrder::Little, Syntax::Ndr);
    write(&mut ndr);
    let mut body = ndr.finish();
    body.resize(body.len().next_multiple_of(8), 0);
    let mut out = Encoder::new(ByteOrder::Little);
    // Version 1, little-endian, length of this header, filler; length of the object, filler.
    out.u8(1).u8(0x10).u16(8).u32(FILLER).u32(length32(body.len())).u32(0).raw(&body);
    out.finish()
}

/// The properties behind each other, with the header that lists them (CustomHeader, [MS-DCOM] 2.2.22.1).
pub(super) fn blob(properties: &[(Uuid, Vec<u8>)]) -> Vec<u8> {
    let all: usize = properties.iter().map(|(_, property)| property.len()).sum();
    let header = |header_bytes: usize| {
        serialize(|ndr| {
            // Sizes of all and of the header; destination context: another machine.
            ndr.u32(length32(header_bytes + all)).u32(length32(header_bytes)).u32(0).u32(2);
            ndr.u32(length32(properties.len())).uuid(Uuid::nil()).pointer().pointer().null();
            ndr.count(properties.len());
            properties.iter().for_each(|(class, _)| {
                ndr.uuid(*class);
            });
            ndr.count(properties.len());
            properties.iter().for_each(|(_, property)| {
                ndr.u32(length32(property.len()));
            });
        })
    };
    // The numbers in the header do not change its length.
    let header = header(header(0).len());
    let mut out = Encoder::new(ByteOrder::Little);
    out.u32(length32(header.len() + all)).u32(0).raw(&header);
    properties.iter().for_each(|(_, property)| {
        out.raw(property);
    });
    out.finish()
}

const FILLER: u32 = 0xcccc_cccc;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_count_headers_and_padding() {
        let property = serialize(|ndr| {
            ndr.u32(7);
        });
        assert_eq!(property[..16], [1, 0x10, 8, 0, 0xcc, 0xcc, 0xcc, 0xcc, 8, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(property.len(), 24);
        let blob = blob(&[(Uuid::from_u128(1), property)]);
        // size, reserved, serialization header, total size, header size
        let number = |at: usize| u32::from_le_bytes([blob[at], blob[at + 1], blob[at + 2], blob[at + 3]]);
        assert_eq!(length32(blob.len()), number(0) + 8);
        assert_eq!((number(24), number(28)), (number(0), number(0) - 24));
    }
}
