//! Numbers in the byte order of a capture.

/// The first `N` 32-bit numbers of `bytes`, or `None` when there are fewer.
#[inline(always)]
pub(crate) fn words<const BIG: bool, const N: usize>(bytes: &[u8]) -> Option<[u32; N]> {
    let (words, _) = bytes.as_chunks::<4>();
    words.first_chunk::<N>().map(|words| words.map(word::<BIG>))
}

/// A 32-bit number.
#[inline(always)]
pub(crate) fn word<const BIG: bool>(bytes: [u8; 4]) -> u32 {
    if BIG { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) }
}

/// The two 16-bit numbers that were read as one of 32 bits, in the order in which they stand in the file.
#[inline(always)]
pub(crate) fn halves<const BIG: bool>(word: u32) -> [u16; 2] {
    let [a, b, c, d] = word.to_be_bytes();
    let (high, low) = (u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d]));
    if BIG { [high, low] } else { [low, high] }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_in_either_byte_order() {
        let bytes = [1, 2, 3, 4, 5, 6, 7, 8, 9];
        assert_eq!(words::<false, 2>(&bytes), Some([0x0403_0201, 0x0807_0605]));
        assert_eq!(words::<true, 2>(&bytes), Some([0x0102_0304, 0x0506_0708]));
        assert_eq!(words::<true, 3>(&bytes), None);
        assert_eq!(halves::<false>(0x0403_0201), [0x0201, 0x0403]);
        assert_eq!(halves::<true>(0x0102_0304), [0x0102, 0x0304]);
    }
}
