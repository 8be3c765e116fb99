//! A field of variable length whose end may be missing.

/// Bytes of a field, with the length that the message says it has.
///
/// Messages come cut: by the snap length, by a gap, or because the caller hands over the first bytes of a large one only.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Data<'a> {
    /// What is there; never longer than `length`.
    pub bytes: &'a [u8],
    /// Length of the whole field, in bytes, as far as the message can hold it.
    pub length: usize,
}

impl<'a> Data<'a> {
    /// The field of `length` bytes at `offset` of a message of `message_length` bytes, of which `message` is there.
    ///
    /// A field that would reach past the end of its message ends there.
    pub(crate) fn locate(message: &'a [u8], message_length: usize, offset: usize, length: usize) -> Self {
        let length = length.min(message_length.saturating_sub(offset));
        let rest = message.get(offset..).unwrap_or_default();
        Self { bytes: rest.get(..length).unwrap_or(rest), length }
    }

    /// How many bytes at the end are missing.
    pub const fn missing(&self) -> usize {
        self.length.saturating_sub(self.bytes.len())
    }

    /// The field from `count` bytes on.
    #[must_use]
    pub fn skip(&self, count: usize) -> Self {
        Self { bytes: self.bytes.get(count..).unwrap_or_default(), length: self.length.saturating_sub(count) }
    }

    /// The first `count` bytes of the field.
    #[must_use]
    pub fn take(&self, count: usize) -> Self {
        Self { bytes: self.bytes.get(..count).unwrap_or(self.bytes), length: self.length.min(count) }
    }

    /// Whether `self` is `whole` with some of its end missing.
    #[cfg(test)]
    pub(crate) fn is_cut_of(&self, whole: &Data<'_>) -> bool {
        self.length == whole.length && whole.bytes.starts_with(self.bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_field_keeps_its_declared_length() {
        let field = Data::locate(&[0, 1, 2, 3], 10, 2, 6);
        assert_eq!((field.bytes, field.length, field.missing()), (&[2, 3][..], 6, 4));
        assert!(field.is_cut_of(&Data { bytes: &[2, 3, 4, 5, 6, 7], length: 6 }));
    }

    #[test]
    fn a_field_ends_with_its_message() {
        assert_eq!(Data::locate(&[0, 1, 2, 3], 4, 2, 600), Data { bytes: &[2, 3], length: 2 });
        assert_eq!(Data::locate(&[0, 1, 2, 3], 4, usize::MAX, usize::MAX), Data { bytes: &[], length: 0 });
    }

    #[test]
    fn parts_of_a_cut_field_know_what_they_miss() {
        let field = Data { bytes: &[1, 2, 3], length: 8 };
        assert_eq!(field.skip(2), Data { bytes: &[3], length: 6 });
        assert_eq!(field.skip(5), Data { bytes: &[], length: 3 });
        assert_eq!(field.take(2), Data { bytes: &[1, 2], length: 2 });
        assert_eq!(field.take(5), Data { bytes: &[1, 2, 3], length: 5 });
    }
}
