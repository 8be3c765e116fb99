//! Security identifiers.

use super::Ndr;
use rpcscope_model::{CompactString, Stopped, ToCompactString};
use std::fmt;

/// A security identifier ([MS-DTYP] 2.4.2).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Sid {
    revision: u8,
    authority: [u8; 6],
    sub_authorities: [u32; Self::MAX_SUB_AUTHORITIES],
    count: usize,
}

impl Sid {
    /// Sub-authorities in one identifier ([MS-DTYP] 2.4.2.3).
    const MAX_SUB_AUTHORITIES: usize = 15;
}

impl Sid {
    /// The form of [MS-DTYP] 2.4.2.1: the authority is decimal when it fits into 32 bits.
    pub fn text(&self) -> CompactString {
        let authority = self.authority.iter().fold(0u64, |value, byte| value << 8 | u64::from(*byte));
        let mut text = String::with_capacity(MAX_PREFIX_BYTES + MAX_NUMBER_BYTES * self.count);
        text.push_str("S-");
        text.push_str(&self.revision.to_compact_string());
        text.push('-');
        match u32::try_from(authority) {
            Ok(authority) => text.push_str(&authority.to_compact_string()),
            Err(_) => text.push_str(&format!("0x{authority:012X}")),
        }
        for value in self.sub_authorities.iter().take(self.count) {
            text.push('-');
            text.push_str(&value.to_compact_string());
        }
        text.into()
    }
}

/// Bytes of a text up to its sub-authorities: `S-255-0xFFFFFFFFFFFF`.
const MAX_PREFIX_BYTES: usize = 20;
/// Bytes of a sub-authority in a text, with what parts it from those before.
const MAX_NUMBER_BYTES: usize = 11;

impl fmt::Display for Sid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text())
    }
}

impl Ndr<'_> {
    /// RPC_SID ([MS-DTYP] 2.4.2.3), behind its pointer.
    pub fn sid(&mut self, field: &'static str) -> Result<Sid, Stopped> {
        let count = self.count(field)?;
        let revision = self.u8(field)?;
        let declared = self.u8(field)?;
        if count > Sid::MAX_SUB_AUTHORITIES || usize::from(declared) != count {
            return Err(self.malformed(field));
        }
        let authority = self.fixed_bytes(field, 6)?.first_chunk().copied().unwrap_or_default();
        let mut sid = Sid { revision, authority, sub_authorities: [0; Sid::MAX_SUB_AUTHORITIES], count };
        if self.passes() {
            self.fixed_bytes(field, 4 * count)?;
            return Ok(Sid { count: 0, ..sid });
        }
        for value in sid.sub_authorities.iter_mut().take(count) {
            *value = self.u32(field)?;
        }
        Ok(sid)
    }
}
