//! Integers as decimal digits, without the standard library's formatting machinery: a line of output has about
//! twenty of them.

use crate::words;

/// Appends `value` in decimal.
pub(crate) fn push(out: &mut Vec<u8>, value: u64) {
    push_ended(out, value, b' ');
    out.pop();
}

/// Appends `value` in decimal, and `end` behind it.
pub(crate) fn push_ended(out: &mut Vec<u8>, value: u64, end: u8) {
    // Digits in the order of the text, with leading zeros; these are shifted out.
    let (digits, bits, zeros) = match value {
        0..10 => return out.extend_from_slice(&[b'0' + (value % 10) as u8, end]),
        10..1000 => {
            let (digits, zeros) = three(value);
            (digits, 24, zeros)
        }
        1000..1_000_000 => {
            let (high, zeros) = three(value / 1000);
            (high | three(value % 1000).0 << 24, 48, zeros)
        }
        _ => return push_long(out, value, end),
    };
    let bits = bits - zeros;
    let text = digits >> zeros | u64::from(end) << bits;
    words::push_start(out, text.to_le_bytes(), bits as usize / 8 + 1);
}

/// The same for large numbers.
#[inline(never)]
fn push_long(out: &mut Vec<u8>, value: u64, end: u8) {
    push(out, value / 1_000_000);
    words::push_start(out, (six(value) | u64::from(end) << 48).to_le_bytes(), 7);
}

/// The last `N` decimal digits of `value`, at most six, with leading zeros.
#[inline]
pub(crate) fn fixed<const N: usize>(value: u32) -> [u8; N] {
    const { assert!(N <= 6) };
    (six(value.into()) << 16).to_le_bytes().last_chunk().copied().unwrap_or([b'0'; N])
}

/// The last six decimal digits of `value`, the first in the lowest byte.
#[inline]
pub(crate) fn six(value: u64) -> u64 {
    three(value / 1000 % 1000).0 | three(value % 1000).0 << 24
}

/// The three digits of a number below 1000, the first in the lowest byte, and how many bits of them are leading zeros of
/// the number.
#[inline(always)]
fn three(value: u64) -> (u64, u32) {
    let [a, b, c, zeros] = THREES[(value % 1000) as usize].to_le_bytes();
    (u32::from_le_bytes([a, b, c, 0]).into(), zeros.into())
}

const THREES: [u32; 1000] = {
    let mut threes = [0; 1000];
    let mut number = 0;
    while number < 1000 {
        let digits = [number / 100, number / 10 % 10, number % 10];
        let zeros = 8 * ((number < 100) as u32 + (number < 10) as u32);
        let text = 0x30_3030 | digits[0] | digits[1] << 8 | digits[2] << 16;
        threes[number as usize] = text | zeros << 24;
        number += 1;
    }
    threes
};

/// Appends `value` as `0x` and eight hexadecimal digits.
pub(crate) fn push_hex(out: &mut Vec<u8>, value: u32) {
    out.extend_from_slice(b"0x");
    out.extend_from_slice(&hex_digits(value));
}

/// Appends `value` in hexadecimal without leading zeros, and `end` behind it.
pub(crate) fn push_hex_ended(out: &mut Vec<u8>, value: u16, end: u8) {
    let zeros = (value | 1).leading_zeros() / 4 * 8;
    let digits = u64::from_le_bytes(hex_digits(value.into())) >> (32 + zeros);
    let bits = 32 - zeros;
    words::push_start(out, (digits | u64::from(end) << bits).to_le_bytes(), bits as usize / 8 + 1);
}

/// Eight hexadecimal digits, spread over a word: halves, quarters, digits.
fn hex_digits(value: u32) -> [u8; 8] {
    let value = u64::from(value);
    let fours = (value | value << 16) & 0x0000_ffff_0000_ffff;
    let twos = (fours | fours << 8) & 0x00ff_00ff_00ff_00ff;
    let digits = (twos | twos << 4) & 0x0f0f_0f0f_0f0f_0f0f;
    // Adding six carries out of those that are letters.
    let letters = ((digits + 0x0606_0606_0606_0606) >> 4) & 0x0101_0101_0101_0101;
    (0x3030_3030_3030_3030 + digits + letters * (b'a' - b'9' - 1) as u64).to_be_bytes()
}

/// The hexadecimal digit of a number below 16.
pub(crate) fn hex_digit(nibble: u8) -> u8 {
    if nibble < 10 { b'0' + nibble } else { b'a' + nibble.saturating_sub(10).min(5) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn digits_agree_with_the_standard_library(value: u64, bits in 0u32..64, word: u32) {
            let value = value >> bits;
            let mut out = Vec::new();
            push(&mut out, value);
            prop_assert_eq!(String::from_utf8(out).expect("digits"), value.to_string());
            let digits = fixed::<6>(word).to_vec();
            prop_assert_eq!(String::from_utf8(digits).expect("digits"), format!("{:06}", word % 1_000_000));
            let mut out = Vec::new();
            push_hex(&mut out, word);
            prop_assert_eq!(String::from_utf8(out).expect("digits"), format!("{word:#010x}"));
        }
    }

    #[test]
    fn every_number_of_four_digits_is_written() {
        for number in 0..10_000 {
            assert_eq!(fixed::<4>(number), *format!("{number:04}").as_bytes());
        }
    }

    #[test]
    fn the_ends_of_the_range_are_written() {
        let mut out = Vec::new();
        push(&mut out, 0);
        out.push(b' ');
        push(&mut out, u64::MAX);
        assert_eq!(out, b"0 18446744073709551615");
    }
}
