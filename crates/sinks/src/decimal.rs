//! Integers as decimal digits, without the standard library's formatting machinery: a line of output has about
//! twenty of them.

/// Digits of 2^64 - 1.
const MOST_DIGITS: usize = 20;

/// The numbers 0 to 99 as two digits each.
const PAIRS: [[u8; 2]; 100] = {
    let mut pairs = [[b'0'; 2]; 100];
    let mut number = 0u8;
    while number < 100 {
        pairs[number as usize] = [b'0' + number / 10, b'0' + number % 10];
        number += 1;
    }
    pairs
};

/// Appends `value` in decimal.
pub(crate) fn push(out: &mut Vec<u8>, value: u64) {
    if value < 10 {
        return out.push(b'0' + (value % 10) as u8);
    }
    let count = value.checked_ilog10().map_or(1, |log| log as usize + 1);
    // Room of a fixed size is made and then cut to what is needed: that is faster than a copy of a length that is not
    // known, and than a copy that must wait for the digits.
    let start = out.len();
    out.extend_from_slice(&[b'0'; MOST_DIGITS]);
    let digits = out.get_mut(start..start + count).unwrap_or_default();
    let mut rest = value;
    let mut pairs = digits.rchunks_exact_mut(2);
    for pair in &mut pairs {
        pair.copy_from_slice(&PAIRS[(rest % 100) as usize]);
        rest /= 100;
    }
    if let [digit] = pairs.into_remainder() {
        *digit = b'0' + (rest % 10) as u8;
    }
    out.truncate(start + count);
}

/// Appends the last `N` decimal digits of `value`, with leading zeros.
pub(crate) fn push_fixed<const N: usize>(out: &mut Vec<u8>, value: u32) {
    let mut digits = [b'0'; N];
    let mut rest = value;
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
    out.extend_from_slice(&digits);
}

/// Appends `value` as `0x` and eight hexadecimal digits.
pub(crate) fn push_hex(out: &mut Vec<u8>, value: u32) {
    let mut digits = *b"0x00000000";
    let mut rest = value;
    for digit in digits.iter_mut().skip(2).rev() {
        let nibble = (rest & 0xf) as u8;
        *digit = if nibble < 10 { b'0' + nibble } else { b'a' + nibble - 10 };
        rest >>= 4;
    }
    out.extend_from_slice(&digits);
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
            let mut out = Vec::new();
            push_fixed::<6>(&mut out, word % 1_000_000);
            prop_assert_eq!(String::from_utf8(out).expect("digits"), format!("{:06}", word % 1_000_000));
            let mut out = Vec::new();
            push_hex(&mut out, word);
            prop_assert_eq!(String::from_utf8(out).expect("digits"), format!("{word:#010x}"));
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
