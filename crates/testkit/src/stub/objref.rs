//! References to objects and the bindings in them ([MS-DCOM] 2.2.18, 2.2.19).

use super::{Ndr, identifier};
use crate::encoder::{ByteOrder, Encoder, length16, length32};
use uuid::Uuid;

/// OBJREF_CUSTOM ([MS-DCOM] 2.2.18.6): data that a class of its own unpacks.
pub(super) fn custom(iid: Uuid, class: Uuid, data: &[u8]) -> Vec<u8> {
    let mut out = Encoder::new(ByteOrder::Little);
    out.raw(SIGNATURE).u32(4).uuid(iid).uuid(class).u32(0).u32(length32(data.len())).raw(data);
    out.finish()
}

/// A reference to one interface of an object (STDOBJREF, [MS-DCOM] 2.2.18.2).
pub(super) struct Standard {
    pub(super) iid: Uuid,
    pub(super) oxid: u64,
    pub(super) oid: u64,
    pub(super) ipid: Uuid,
}

impl Standard {
    /// Writes it as a structure of NDR: no flags, five references.
    pub(super) fn write(&self, ndr: &mut Ndr) {
        ndr.u32(0).u32(5).u64(self.oxid).u64(self.oid).uuid(self.ipid);
    }

    /// OBJREF_STANDARD ([MS-DCOM] 2.2.18.4) with the addresses of the object resolver.
    pub(super) fn objref(&self, bindings: &Bindings) -> Vec<u8> {
        let mut out = Encoder::new(ByteOrder::Little);
        out.raw(SIGNATURE).u32(1).uuid(self.iid).u32(0).u32(5).u64(self.oxid).u64(self.oid).uuid(self.ipid);
        out.u16(length16(bindings.words.len())).u16(bindings.security_offset);
        bindings.words.iter().for_each(|word| {
            out.u16(*word);
        });
        out.finish()
    }
}

/// Where a server listens (DUALSTRINGARRAY, [MS-DCOM] 2.2.19).
pub(super) struct Bindings {
    words: Vec<u16>,
    security_offset: u16,
}

impl Bindings {
    /// String bindings over TCP (`10.0.0.9[49670]`), and NTLM as the way to authenticate.
    pub(super) fn new(addresses: &[String]) -> Self {
        let mut words = Vec::new();
        for address in addresses {
            // The protocol sequence, then the address ([MS-DCOM] 2.2.19.3).
            words.push(NCACN_IP_TCP);
            words.extend(address.encode_utf16().take(LONGEST_ADDRESS).chain([0]));
        }
        words.push(0);
        let security_offset = length16(words.len());
        // The service, no authorization service, no principal ([MS-DCOM] 2.2.19.4); the end.
        words.extend([NTLM, 0xffff, 0, 0]);
        Self { words, security_offset }
    }

    /// Writes it as a structure of NDR: counts, and the array that they count.
    pub(super) fn write_conformant(&self, ndr: &mut Ndr) {
        ndr.count(self.words.len()).u16(length16(self.words.len())).u16(self.security_offset);
        self.words.iter().for_each(|word| {
            ndr.u16(*word);
        });
    }
}

/// The OXID or OID that a word stands for: a number, or the same one for the same word.
pub(super) fn oxid(word: &str) -> u64 {
    crate::scenario::parse_number(word).unwrap_or_else(|| identifier(word).as_u64_pair().0)
}

const SIGNATURE: &[u8; 4] = b"MEOW";
/// Tower identifier of TCP.
const NCACN_IP_TCP: u16 = 7;
/// RPC_C_AUTHN_WINNT.
const NTLM: u16 = 10;
/// Characters of an address; 256 of them fit the 16-bit count.
const LONGEST_ADDRESS: usize = 200;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bindings_are_counted_in_words() {
        let bindings = Bindings::new(&["ab".to_owned()]);
        assert_eq!(bindings.words, [7, 97, 98, 0, 0, 10, 0xffff, 0, 0]);
        assert_eq!(bindings.security_offset, 5);
        let object = Standard { iid: Uuid::nil(), oxid: 1, oid: 2, ipid: Uuid::from_u128(3) };
        let objref = object.objref(&bindings);
        assert_eq!(objref[..8], *b"MEOW\x01\0\0\0");
        assert_eq!(objref.len(), 24 + 40 + 4 + 18);
        assert_eq!(objref[64..72], [9, 0, 5, 0, 7, 0, 97, 0]);
    }

    #[test]
    fn a_number_is_itself_and_a_word_always_the_same() {
        assert_eq!(oxid("0x1122"), 0x1122);
        assert_eq!(oxid("first"), oxid("first"));
        assert_ne!(oxid("first"), oxid("second"));
    }
}
