//! A cursor over bytes that knows what it reads, so that errors can say it.

use rpcscope_model::ParseError;
use uuid::Uuid;

/// Order of the bytes of an integer.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum ByteOrder {
    /// Least significant byte first.
    Little,
    /// Most significant byte first.
    Big,
}

impl ByteOrder {
    /// The integer of these bytes.
    #[inline]
    pub const fn u16(self, bytes: [u8; 2]) -> u16 {
        match self {
            Self::Little => u16::from_le_bytes(bytes),
            Self::Big => u16::from_be_bytes(bytes),
        }
    }

    /// The integer of these bytes.
    #[inline]
    pub const fn u32(self, bytes: [u8; 4]) -> u32 {
        match self {
            Self::Little => u32::from_le_bytes(bytes),
            Self::Big => u32::from_be_bytes(bytes),
        }
    }

    /// The integer of these bytes.
    #[inline]
    pub const fn u64(self, bytes: [u8; 8]) -> u64 {
        match self {
            Self::Little => u64::from_le_bytes(bytes),
            Self::Big => u64::from_be_bytes(bytes),
        }
    }
}

/// Reads fields one after the other. Never reads past the end; errors name the layer, the field and the place.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    order: ByteOrder,
    layer: &'static str,
}

impl<'a> Reader<'a> {
    /// Reads `bytes` as `layer`, which errors will name.
    pub const fn new(layer: &'static str, order: ByteOrder, bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0, order, layer }
    }

    /// Goes on at `at` bytes from the start; an offset past the end reads nothing.
    pub fn seek(&mut self, at: usize) {
        self.at = at.min(self.bytes.len());
    }

    /// Passes over bytes up to the next multiple of `alignment`, counted from the start.
    pub fn align(&mut self, alignment: usize) {
        self.seek(self.at.next_multiple_of(alignment.max(1)));
    }

    /// Passes over `count` bytes.
    pub fn skip(&mut self, field: &'static str, count: usize) -> Result<(), ParseError> {
        self.bytes(field, count).map(|_| ())
    }

    /// The next `count` bytes.
    #[inline]
    pub fn bytes(&mut self, field: &'static str, count: usize) -> Result<&'a [u8], ParseError> {
        let rest = self.rest();
        match rest.split_at_checked(count) {
            Some((head, _)) => {
                self.at += count;
                Ok(head)
            }
            None => Err(ParseError::short(self.layer, field, self.at, count, rest.len())),
        }
    }

    /// The next `count` bytes, or as many of them as there are.
    pub fn up_to(&mut self, count: usize) -> &'a [u8] {
        let rest = self.rest();
        let taken = rest.get(..count).unwrap_or(rest);
        self.at += taken.len();
        taken
    }

    #[inline]
    fn array<const N: usize>(&mut self, field: &'static str) -> Result<[u8; N], ParseError> {
        match self.rest().first_chunk::<N>() {
            Some(chunk) => {
                self.at += N;
                Ok(*chunk)
            }
            None => Err(ParseError::short(self.layer, field, self.at, N, self.rest().len())),
        }
    }

    /// An unsigned 8-bit integer.
    #[inline]
    pub fn u8(&mut self, field: &'static str) -> Result<u8, ParseError> {
        self.array::<1>(field).map(|[byte]| byte)
    }

    /// An unsigned 16-bit integer.
    #[inline]
    pub fn u16(&mut self, field: &'static str) -> Result<u16, ParseError> {
        self.array(field).map(|bytes| self.order.u16(bytes))
    }

    /// An unsigned 32-bit integer.
    #[inline]
    pub fn u32(&mut self, field: &'static str) -> Result<u32, ParseError> {
        self.array(field).map(|bytes| self.order.u32(bytes))
    }

    /// An unsigned 64-bit integer.
    #[inline]
    pub fn u64(&mut self, field: &'static str) -> Result<u64, ParseError> {
        self.array(field).map(|bytes| self.order.u64(bytes))
    }

    /// A UUID whose first three fields follow the byte order ([C706] appendix A).
    #[inline]
    pub fn uuid(&mut self, field: &'static str) -> Result<Uuid, ParseError> {
        let bytes = self.array(field)?;
        Ok(match self.order {
            ByteOrder::Little => Uuid::from_bytes_le(bytes),
            ByteOrder::Big => Uuid::from_bytes(bytes),
        })
    }

    /// What has not been read.
    #[inline]
    pub fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    /// Bytes read so far, from the start.
    pub const fn position(&self) -> usize {
        self.at
    }

    /// The error that `field` at this place holds an impossible value.
    pub const fn invalid(&self, field: &'static str, value: usize) -> ParseError {
        ParseError::invalid(self.layer, field, self.at, value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_names_layer_field_place_and_lengths() {
        let mut reader = Reader::new("dcerpc bind_ack", ByteOrder::Little, &[1, 0, 2]);
        assert_eq!(reader.u16("max_xmit_frag"), Ok(1));
        let error = reader.u32("assoc_group_id").expect_err("only one byte is left");
        assert_eq!(error.to_string(), "dcerpc bind_ack: assoc_group_id at byte 2: need 4 bytes, have 1");
    }

    #[test]
    fn byte_order_applies_to_integers_and_uuids() {
        let bytes = [0x12, 0x34, 0x56, 0x78, 0x9a, 0xbc, 0xde, 0xf0, 1, 2, 3, 4, 5, 6, 7, 8];
        let mut little = Reader::new("test", ByteOrder::Little, &bytes);
        let mut big = Reader::new("test", ByteOrder::Big, &bytes);
        assert_eq!(
            little.uuid("id").map(|id| id.to_string()),
            Ok("78563412-bc9a-f0de-0102-030405060708".into())
        );
        assert_eq!(
            big.uuid("id").map(|id| id.to_string()),
            Ok("12345678-9abc-def0-0102-030405060708".into())
        );
    }

    #[test]
    fn seeking_past_the_end_leaves_nothing() {
        let mut reader = Reader::new("test", ByteOrder::Big, &[1, 2]);
        reader.seek(99);
        assert!(reader.rest().is_empty());
        assert!(reader.u8("byte").is_err());
    }
}
