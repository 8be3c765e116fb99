//! Integers as decimal digits, without the standard library's formatting machinery: a line of output has about
//! twenty of them.

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
///
/// Every copy has a length that is known when it is compiled, and most numbers in a line have one or two digits.
#[inline]
pub(crate) fn push(out: &mut Vec<u8>, value: u64) {
    match value {
        0..10 => out.push(digit(value)),
        10..100 => out.extend_from_slice(pair(value)),
        _ => push_long(out, value),
    }
}

fn push_long(out: &mut Vec<u8>, value: u64) {
    match value {
        0..10 => out.push(digit(value)),
        10..100 => out.extend_from_slice(pair(value)),
        100..1000 => {
            let [tens, units] = *pair(value % 100);
            out.extend_from_slice(&[digit(value / 100), tens, units]);
        }
        1000..10_000 => out.extend_from_slice(&four(value)),
        _ => {
            push_long(out, value / 10_000);
            out.extend_from_slice(&four(value % 10_000));
        }
    }
}

fn digit(value: u64) -> u8 {
    b'0' + (value % 10) as u8
}

fn pair(value: u64) -> &'static [u8; 2] {
    &PAIRS[(value % 100) as usize]
}

/// The four digits of a number below 10,000.
fn four(value: u64) -> [u8; 4] {
    let ([a, b], [c, d]) = (*pair(value / 100), *pair(value % 100));
    [a, b, c, d]
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
        *digit = hex_digit((rest & 0xf) as u8);
        rest >>= 4;
    }
    out.extend_from_slice(&digits);
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
