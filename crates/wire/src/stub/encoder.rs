//! Stubs for tests of decoders: the same arguments in every syntax and byte order.

use super::{Decoded, Operation, Stub, Syntax};
use crate::ByteOrder;

/// Writes a stub as a peer would.
#[derive(Clone)]
pub(super) struct Encoder {
    pub(super) bytes: Vec<u8>,
    pub(super) order: ByteOrder,
    pub(super) syntax: Syntax,
    referents: u32,
}

/// Encodes the same stub in NDR of both byte orders and in NDR64, decodes each as a request, and gives the one result.
/// Fails when they differ, when something stopped a decoder, or when a stub that is cut anywhere brings a decoder down.
pub(super) fn request(operation: &Operation, write: impl Fn(&mut Encoder)) -> Decoded {
    same_in_all(write, |stub| operation.decode_request(stub).expect("a request that is decoded"))
}

/// The same for a response.
pub(super) fn response(
    operation: &Operation,
    request: Option<&Decoded>,
    write: impl Fn(&mut Encoder),
) -> Decoded {
    same_in_all(write, |stub| operation.decode_response(stub, request).expect("a response that is decoded"))
}

fn same_in_all(write: impl Fn(&mut Encoder), decode: impl Fn(Stub<'_>) -> Decoded) -> Decoded {
    let forms =
        [(ByteOrder::Little, Syntax::Ndr), (ByteOrder::Big, Syntax::Ndr), (ByteOrder::Little, Syntax::Ndr64)];
    let mut results = forms.map(|(order, syntax)| {
        let mut encoder = Encoder { bytes: Vec::new(), order, syntax, referents: 0 };
        write(&mut encoder);
        let stub = Stub { bytes: &encoder.bytes, order, syntax, complete: true };
        let decoded = decode(stub);
        assert_eq!(decoded.arguments.stopped, None, "{order:?} {syntax:?}");
        for end in (0..encoder.bytes.len()).step_by(encoder.bytes.len() / 512 + 1) {
            let bytes = &encoder.bytes[..end];
            decode(Stub { bytes, complete: false, ..stub });
            decode(Stub { bytes, ..stub });
        }
        decoded
    });
    let [little, big, ndr64] = &mut results;
    assert_eq!(little, big, "both byte orders");
    assert_eq!(little, ndr64, "both syntaxes");
    little.clone()
}

impl Encoder {
    pub(super) fn align(&mut self, alignment: usize) -> &mut Self {
        self.bytes.resize(self.bytes.len().next_multiple_of(alignment), 0xbf);
        self
    }

    /// Aligns to 4 in NDR and to 8 in NDR64.
    pub(super) fn align_pointer(&mut self) -> &mut Self {
        self.align(if self.syntax == Syntax::Ndr { 4 } else { 8 })
    }

    /// Pads as NDR64 does at the end of a structure.
    pub(super) fn end_structure(&mut self, alignment: usize) -> &mut Self {
        if self.syntax == Syntax::Ndr64 { self.align(alignment) } else { self }
    }

    pub(super) fn raw(&mut self, bytes: &[u8]) -> &mut Self {
        self.bytes.extend_from_slice(bytes);
        self
    }

    pub(super) fn u8(&mut self, value: u8) -> &mut Self {
        self.raw(&[value])
    }

    pub(super) fn u16(&mut self, value: u16) -> &mut Self {
        let bytes = self.ordered(value.to_be_bytes());
        self.align(2).raw(&bytes)
    }

    pub(super) fn u32(&mut self, value: u32) -> &mut Self {
        let bytes = self.ordered(value.to_be_bytes());
        self.align(4).raw(&bytes)
    }

    pub(super) fn u64(&mut self, value: u64) -> &mut Self {
        let bytes = self.ordered(value.to_be_bytes());
        self.align(8).raw(&bytes)
    }

    /// An enumeration that is not `v1_enum`.
    pub(super) fn enumeration(&mut self, value: u16) -> &mut Self {
        if self.syntax == Syntax::Ndr { self.u16(value) } else { self.u32(value.into()) }
    }

    /// A count or another number as wide as a pointer.
    pub(super) fn count(&mut self, value: usize) -> &mut Self {
        let value = u32::try_from(value).expect("a small count");
        if self.syntax == Syntax::Ndr { self.u32(value) } else { self.u64(value.into()) }
    }

    /// A pointer that is not null.
    pub(super) fn pointer(&mut self) -> &mut Self {
        self.referents += 4;
        self.count(usize::try_from(0x2_0000 + self.referents).expect("32 bits"))
    }

    pub(super) fn null(&mut self) -> &mut Self {
        self.count(0)
    }

    pub(super) fn uuid(&mut self, uuid: uuid::Uuid) -> &mut Self {
        let bytes = match self.order {
            ByteOrder::Little => uuid.to_bytes_le(),
            ByteOrder::Big => *uuid.as_bytes(),
        };
        self.align(4).raw(&bytes)
    }

    /// A context handle, all bytes of it the same.
    pub(super) fn handle(&mut self, fill: u8) -> &mut Self {
        self.align(4).raw(&[fill; 20])
    }

    /// What a `[string] wchar_t *` points to.
    pub(super) fn wide(&mut self, text: &str) -> &mut Self {
        let units = text.encode_utf16().chain([0]).count();
        self.count(units).count(0).count(units).wide_units(text).u16(0)
    }

    /// Characters without count and terminator.
    pub(super) fn wide_units(&mut self, text: &str) -> &mut Self {
        for unit in text.encode_utf16() {
            self.u16(unit);
        }
        self
    }

    /// What a `[string] char *` points to.
    pub(super) fn narrow(&mut self, text: &str) -> &mut Self {
        let length = text.len() + 1;
        self.count(length).count(0).count(length).raw(text.as_bytes()).u8(0)
    }

    /// RPC_UNICODE_STRING in a structure.
    pub(super) fn counted(&mut self, text: &str) -> &mut Self {
        let bytes = u16::try_from(text.encode_utf16().count() * 2).expect("a short text");
        self.align_pointer().u16(bytes).u16(bytes).pointer()
    }

    /// The characters of an RPC_UNICODE_STRING.
    pub(super) fn counted_text(&mut self, text: &str) -> &mut Self {
        let units = text.encode_utf16().count();
        self.count(units).count(0).count(units).wide_units(text)
    }

    /// RPC_UNICODE_STRING as a parameter.
    pub(super) fn unicode_string(&mut self, text: &str) -> &mut Self {
        self.counted(text).counted_text(text)
    }

    /// A conformant array of bytes.
    pub(super) fn conformant(&mut self, bytes: &[u8]) -> &mut Self {
        self.count(bytes.len()).raw(bytes)
    }

    /// RPC_SID behind its pointer.
    pub(super) fn sid(&mut self, authority: u8, sub_authorities: &[u32]) -> &mut Self {
        let count = u8::try_from(sub_authorities.len()).expect("few");
        self.count(sub_authorities.len()).u8(1).u8(count).raw(&[0, 0, 0, 0, 0, authority]);
        for value in sub_authorities {
            self.u32(*value);
        }
        self
    }

    fn ordered<const N: usize>(&self, mut big_endian: [u8; N]) -> [u8; N] {
        if self.order == ByteOrder::Little {
            big_endian.reverse();
        }
        big_endian
    }
}
