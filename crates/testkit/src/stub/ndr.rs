//! Writes arguments in NDR ([C706] 14) and NDR64 ([MS-RPCE] 2.2.5).
//!
//! The caller writes in the order of the wire: a pointer first, what it points at when its turn comes.

use crate::encoder::{ByteOrder, Encoder, length32};
use uuid::Uuid;

/// A transfer syntax.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Syntax {
    /// NDR, version 2.
    #[default]
    Ndr,
    /// NDR64, version 1: pointers and counts have eight bytes.
    Ndr64,
}

/// A stub that is being written.
#[derive(Clone, Debug)]
pub struct Ndr {
    out: Encoder,
    order: ByteOrder,
    syntax: Syntax,
    pointers: u32,
}

impl Ndr {
    /// An empty stub.
    pub const fn new(order: ByteOrder, syntax: Syntax) -> Self {
        Self { out: Encoder::new(order), order, syntax, pointers: 0 }
    }

    /// An empty stub of a response, in which pointers have other identifiers than in the request: a full pointer that
    /// bears the same points at the same thing ([C706] 14.3).
    pub fn response(order: ByteOrder, syntax: Syntax) -> Self {
        Self { pointers: 0x1000, ..Self::new(order, syntax) }
    }

    /// The stub.
    pub fn finish(self) -> Vec<u8> {
        self.out.finish()
    }

    /// Pads to a multiple of `narrow` bytes in NDR, of `wide` bytes in NDR64.
    pub fn align(&mut self, narrow: usize, wide: usize) -> &mut Self {
        self.out.align(if self.is_wide() { wide } else { narrow });
        self
    }

    /// One byte.
    pub fn u8(&mut self, value: u8) -> &mut Self {
        self.out.u8(value);
        self
    }

    /// Two bytes, aligned.
    pub fn u16(&mut self, value: u16) -> &mut Self {
        self.out.align(2).u16(value);
        self
    }

    /// Four bytes, aligned.
    pub fn u32(&mut self, value: u32) -> &mut Self {
        self.out.align(4).u32(value);
        self
    }

    /// Eight bytes, aligned.
    pub fn u64(&mut self, value: u64) -> &mut Self {
        self.out.align(8).u64(value);
        self
    }

    /// A number that is as wide as a pointer: `DWORD_PTR`.
    pub fn size(&mut self, value: u32) -> &mut Self {
        if self.is_wide() { self.u64(value.into()) } else { self.u32(value) }
    }

    /// An enumeration: 16 bits in NDR, 32 in NDR64 ([MS-RPCE] 2.2.5.2).
    pub fn enumeration(&mut self, value: u16) -> &mut Self {
        if self.is_wide() { self.u32(value.into()) } else { self.u16(value) }
    }

    /// A UUID, which is aligned as the number that it begins with.
    pub fn uuid(&mut self, value: Uuid) -> &mut Self {
        self.out.align(4).uuid(value);
        self
    }

    /// Bytes as they are.
    pub fn raw(&mut self, bytes: &[u8]) -> &mut Self {
        self.out.raw(bytes);
        self
    }

    /// Zeros without alignment.
    pub fn zeros(&mut self, count: usize) -> &mut Self {
        self.out.zeros(count);
        self
    }

    /// A pointer that points at something ([C706] 14.3, [MS-RPCE] 2.2.5.3.5).
    pub fn pointer(&mut self) -> &mut Self {
        self.pointers += 1;
        self.size(0x0002_0000 + (self.pointers - 1) * 4)
    }

    /// A pointer that points at nothing.
    pub fn null(&mut self) -> &mut Self {
        self.size(0)
    }

    /// A pointer at something that may be absent.
    pub fn pointer_if(&mut self, present: bool) -> &mut Self {
        if present { self.pointer() } else { self.null() }
    }

    /// A count before a conformant array, or the offset or length of a varying one.
    pub fn count(&mut self, count: usize) -> &mut Self {
        self.size(length32(count))
    }

    /// A conformant array of bytes.
    pub fn bytes(&mut self, bytes: &[u8]) -> &mut Self {
        self.count(bytes.len()).raw(bytes)
    }

    /// A string of 16-bit characters with its terminator: conformant and varying.
    pub fn string(&mut self, text: &str) -> &mut Self {
        let length = units(text) + 1;
        self.count(length).count(0).count(length);
        self.out.align(2).utf16(text).u16(0);
        self
    }

    /// A unique pointer and the string it points at: a parameter, not a field.
    pub fn unique_string(&mut self, text: Option<&str>) -> &mut Self {
        self.pointer_if(text.is_some());
        if let Some(text) = text {
            self.string(text);
        }
        self
    }

    /// A unique pointer and the number it points at: a parameter, not a field.
    pub fn unique_u32(&mut self, value: Option<u32>) -> &mut Self {
        self.pointer_if(value.is_some());
        if let Some(value) = value {
            self.u32(value);
        }
        self
    }

    /// The fixed part of a counted string (RPC_UNICODE_STRING, [MS-DTYP] 2.3.10): lengths in bytes, then a pointer.
    ///
    /// `terminators` is 1 where the length counts a terminator, as in the registry's protocol.
    pub fn counted_head(&mut self, text: &str, terminators: usize) -> &mut Self {
        let bytes = crate::encoder::length16((units(text) + terminators) * 2);
        self.align(4, 8).u16(bytes).u16(bytes).pointer()
    }

    /// What the pointer of a counted string points at.
    pub fn counted_tail(&mut self, text: &str, terminators: usize) -> &mut Self {
        let length = units(text) + terminators;
        self.count(length).count(0).count(length);
        self.out.align(2).utf16(text).zeros(terminators * 2);
        self
    }

    /// A counted string that is a parameter.
    pub fn counted(&mut self, text: &str, terminators: usize) -> &mut Self {
        self.counted_head(text, terminators).counted_tail(text, terminators)
    }

    /// A context handle: attributes and a UUID ([MS-RPCE] 2.2.1.1.4).
    ///
    /// `hex:` and 20 bytes are taken as they are, `null` is all zeros; any other word names a handle: the same word, the
    /// same handle.
    pub fn handle(&mut self, name: &str) -> &mut Self {
        if let Some(bytes) = handle_bytes(name) {
            self.out.align(4).raw(&bytes);
            return self;
        }
        self.u32(0).uuid(identifier(name))
    }

    /// A SID: the number of sub-authorities, then the SID ([MS-DTYP] 2.4.2.3).
    pub fn sid(&mut self, sub_authorities: &[u32]) -> &mut Self {
        let count = sub_authorities.len().min(15);
        self.count(count).align(4, 8).u8(1).u8(count.to_le_bytes()[0]).raw(&[0, 0, 0, 0, 0, 5]);
        sub_authorities.iter().take(count).for_each(|part| {
            self.u32(*part);
        });
        self
    }

    /// A text as BSTR behind its pointer (FLAGGED_WORD_BLOB, [MS-OAUT] 2.2.23): characters without terminator.
    pub fn bstr(&mut self, text: &str) -> &mut Self {
        let length = units(text);
        self.count(length).u32(length32(length * 2)).u32(length32(length));
        self.out.utf16(text);
        self
    }

    fn is_wide(&self) -> bool {
        self.syntax == Syntax::Ndr64
    }

    /// Bytes so far.
    pub const fn len(&self) -> usize {
        self.out.len()
    }

    /// Whether nothing was written.
    pub const fn is_empty(&self) -> bool {
        self.out.is_empty()
    }

    /// The byte order.
    pub const fn order(&self) -> ByteOrder {
        self.order
    }
}

/// The identifier that a word stands for: the same word, the same identifier, in every scenario.
pub fn identifier(word: &str) -> Uuid {
    // FNV-1a of 128 bits, without version bits.
    let mix = |hash: u128, byte: u8| {
        (hash ^ u128::from(byte)).wrapping_mul(0x0000_0000_0100_0000_0000_0000_0000_013b)
    };
    Uuid::from_u128(word.bytes().fold(0x6c62_272e_07bb_0142_62b8_2175_6295_c58d, mix))
}

/// A handle that is given as bytes: `hex:` and 20 bytes, or `null`.
pub(crate) fn handle_bytes(name: &str) -> Option<Vec<u8>> {
    if name == "null" {
        return Some(vec![0; HANDLE_BYTES]);
    }
    crate::scenario::parse_hex(name.strip_prefix("hex:")?).filter(|bytes| bytes.len() == HANDLE_BYTES)
}

fn units(text: &str) -> usize {
    text.encode_utf16().count()
}

/// Length of a context handle, in bytes.
const HANDLE_BYTES: usize = 20;

#[cfg(test)]
mod tests {
    use super::*;

    fn written(syntax: Syntax, write: impl Fn(&mut Ndr)) -> Vec<u8> {
        let mut ndr = Ndr::new(ByteOrder::Little, syntax);
        write(&mut ndr);
        ndr.finish()
    }

    #[test]
    fn strings_are_counted_in_words_as_wide_as_the_syntax_says() {
        let string = |ndr: &mut Ndr| {
            ndr.u8(9).unique_string(Some("ab"));
        };
        #[rustfmt::skip]
        let narrow = [
            9, 0, 0, 0, 0, 0, 2, 0,                         // the byte, padding, a pointer
            3, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0,             // maximum count, offset, actual count
            b'a', 0, b'b', 0, 0, 0,
        ];
        assert_eq!(written(Syntax::Ndr, string), narrow);
        let wide = written(Syntax::Ndr64, string);
        assert_eq!(wide[..24], [9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(wide.len(), 46);
    }

    #[test]
    fn counted_strings_tell_bytes_and_arrays_tell_characters() {
        let bytes = written(Syntax::Ndr, |ndr| {
            ndr.counted("ab", 1);
        });
        assert_eq!(bytes[..8], [6, 0, 6, 0, 0, 0, 2, 0]);
        assert_eq!(bytes[8..], [3, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, b'a', 0, b'b', 0, 0, 0]);
        assert_eq!(
            written(Syntax::Ndr64, |ndr| {
                ndr.counted_head("ab", 0);
            })
            .len(),
            16
        );
    }

    #[test]
    fn handles_are_named_or_given() {
        let named = written(Syntax::Ndr, |ndr| {
            ndr.handle("scm");
        });
        assert_eq!((named.len(), &named[..4]), (20, &[0; 4][..]));
        assert_eq!(
            named,
            written(Syntax::Ndr, |ndr| {
                ndr.handle("scm");
            })
        );
        assert_ne!(
            named,
            written(Syntax::Ndr, |ndr| {
                ndr.handle("service");
            })
        );
        let given = "hex:0102030405060708090a0b0c0d0e0f1011121314";
        assert_eq!(
            written(Syntax::Ndr, |ndr| {
                ndr.handle(given);
            })[..3],
            [1, 2, 3]
        );
        assert_eq!(
            written(Syntax::Ndr, |ndr| {
                ndr.handle("null");
            }),
            [0; 20]
        );
    }

    #[test]
    fn sids_are_counted_twice() {
        let sid = written(Syntax::Ndr, |ndr| {
            ndr.sid(&[21, 7]);
        });
        assert_eq!(sid, [2, 0, 0, 0, 1, 2, 0, 0, 0, 0, 0, 5, 21, 0, 0, 0, 7, 0, 0, 0]);
    }
}
