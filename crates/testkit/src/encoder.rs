//! Writes numbers, UUIDs and padding in a chosen byte order.

use uuid::Uuid;

/// Byte order of numbers; the integer representation of an NDR format label ([C706] 14.1).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum ByteOrder {
    /// Least significant byte first, as Windows sends.
    #[default]
    Little,
    /// Most significant byte first.
    Big,
}

/// A growing buffer with a byte order.
#[derive(Clone, Debug)]
pub struct Encoder {
    order: ByteOrder,
    bytes: Vec<u8>,
}

impl Encoder {
    /// An empty buffer.
    pub const fn new(order: ByteOrder) -> Self {
        Self { order, bytes: Vec::new() }
    }

    /// Appends one byte.
    pub fn u8(&mut self, value: u8) -> &mut Self {
        self.bytes.push(value);
        self
    }

    /// Appends two bytes.
    pub fn u16(&mut self, value: u16) -> &mut Self {
        match self.order {
            ByteOrder::Little => self.raw(&value.to_le_bytes()),
            ByteOrder::Big => self.raw(&value.to_be_bytes()),
        }
    }

    /// Appends four bytes.
    pub fn u32(&mut self, value: u32) -> &mut Self {
        match self.order {
            ByteOrder::Little => self.raw(&value.to_le_bytes()),
            ByteOrder::Big => self.raw(&value.to_be_bytes()),
        }
    }

    /// Appends eight bytes.
    pub fn u64(&mut self, value: u64) -> &mut Self {
        match self.order {
            ByteOrder::Little => self.raw(&value.to_le_bytes()),
            ByteOrder::Big => self.raw(&value.to_be_bytes()),
        }
    }

    /// Appends a UUID: three numbers in the byte order, then eight bytes ([C706] appendix A).
    pub fn uuid(&mut self, uuid: Uuid) -> &mut Self {
        match self.order {
            ByteOrder::Little => self.raw(&uuid.to_bytes_le()),
            ByteOrder::Big => self.raw(uuid.as_bytes()),
        }
    }

    /// Appends bytes as they are.
    pub fn raw(&mut self, bytes: &[u8]) -> &mut Self {
        self.bytes.extend_from_slice(bytes);
        self
    }

    /// Appends text as UTF-16 without a terminator.
    pub fn utf16(&mut self, text: &str) -> &mut Self {
        text.encode_utf16().for_each(|unit| {
            self.u16(unit);
        });
        self
    }

    /// Appends zeros.
    pub fn zeros(&mut self, count: usize) -> &mut Self {
        self.bytes.resize(self.bytes.len() + count, 0);
        self
    }

    /// Appends zeros until the length is a multiple of `alignment`.
    pub fn align(&mut self, alignment: usize) -> &mut Self {
        let length = self.bytes.len().next_multiple_of(alignment.max(1));
        self.bytes.resize(length, 0);
        self
    }

    /// Bytes written so far.
    pub const fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Whether nothing was written yet.
    pub const fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Takes the bytes.
    pub fn finish(self) -> Vec<u8> {
        self.bytes
    }
}

/// A length for a field of two bytes.
///
/// # Panics
/// When it does not fit: the test asks for what the wire cannot carry.
pub(crate) fn length16(length: usize) -> u16 {
    u16::try_from(length).expect("a length below 65,536; ask for smaller fragments")
}

/// A length for a field of four bytes.
///
/// # Panics
/// When it does not fit.
pub(crate) fn length32(length: usize) -> u32 {
    u32::try_from(length).expect("a length below 4 GiB")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(order: ByteOrder) -> Vec<u8> {
        let mut out = Encoder::new(order);
        out.u8(1).u16(0x0203).u32(0x0405_0607).align(8);
        out.uuid(Uuid::from_u128(0x0011_2233_4455_6677_8899_aabb_ccdd_eeff));
        out.finish()
    }

    #[test]
    fn numbers_and_uuids_follow_the_byte_order() {
        assert_eq!(sample(ByteOrder::Little)[..8], [1, 3, 2, 7, 6, 5, 4, 0]);
        assert_eq!(sample(ByteOrder::Big)[..8], [1, 2, 3, 4, 5, 6, 7, 0]);
        assert_eq!(
            sample(ByteOrder::Little)[8..18],
            [0x33, 0x22, 0x11, 0, 0x55, 0x44, 0x77, 0x66, 0x88, 0x99]
        );
        assert_eq!(sample(ByteOrder::Big)[8..18], [0, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99]);
    }
}
