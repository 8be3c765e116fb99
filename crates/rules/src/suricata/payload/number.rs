//! Numbers in bytes: tested, jumped by, or kept for later steps.

use super::{Run, Value, length, length_of};
use crate::matcher::Comparison;

/// The byte order of a message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum ByteOrder {
    Little,
    Big,
}

/// How a number is read.
#[derive(Clone, Debug)]
pub(in crate::suricata) struct Reading {
    /// How many bytes it has: at most 8, or [`MAX_DIGITS`] of digits.
    pub(in crate::suricata) bytes: usize,
    pub(in crate::suricata) offset: Value,
    /// Whether the offset counts from where the last step ended.
    pub(in crate::suricata) relative: bool,
    pub(in crate::suricata) coding: Coding,
    /// Bits that count; what is read is shifted down to the lowest of them.
    pub(in crate::suricata) mask: Option<u64>,
}

/// How bytes become a number.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::suricata) enum Coding {
    Binary(ByteOrder),
    /// In the byte order of the PDU.
    OfPdu,
    /// Digits of this base.
    Digits(u32),
}

/// A number must stand in some way to another.
#[derive(Clone, Debug)]
pub(in crate::suricata) struct NumberTest {
    pub(in crate::suricata) reading: Reading,
    pub(in crate::suricata) operator: Operator,
    pub(in crate::suricata) negated: bool,
    pub(in crate::suricata) wanted: Value,
}

/// How two numbers stand to each other.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::suricata) enum Operator {
    Compare(Comparison),
    /// They have a bit in common.
    And,
    /// They have a bit that is not in common.
    Xor,
}

/// Goes on where a number says.
#[derive(Clone, Debug)]
pub(in crate::suricata) struct Jump {
    pub(in crate::suricata) reading: Reading,
    pub(in crate::suricata) multiplier: i64,
    pub(in crate::suricata) align: Option<Align>,
    pub(in crate::suricata) origin: Origin,
    pub(in crate::suricata) post_offset: Value,
}

/// To multiples of how many bytes a number is rounded up: 2 or 4.
pub(in crate::suricata) type Align = i64;

/// Where a jump begins.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::suricata) enum Origin {
    /// After the number.
    Number,
    Beginning,
    End,
}

/// Keeps a number for later steps.
#[derive(Clone, Debug)]
pub(in crate::suricata) struct Extract {
    pub(in crate::suricata) reading: Reading,
    pub(in crate::suricata) multiplier: i64,
    pub(in crate::suricata) align: Option<Align>,
    pub(in crate::suricata) variable: usize,
}

impl Run<'_> {
    /// Whether a test holds; `None` when there is no such number.
    pub(super) fn number_test(&mut self, test: &NumberTest, cursor: usize) -> Option<bool> {
        let (seen, _) = self.number(&test.reading, cursor)?;
        let wanted = self.value(test.wanted);
        let held = match test.operator {
            Operator::Compare(comparison) => comparison.holds(i128::from(seen).cmp(&unsigned(wanted))),
            Operator::And => seen & wanted.cast_unsigned() != 0,
            Operator::Xor => seen ^ wanted.cast_unsigned() != 0,
        };
        Some(held != test.negated)
    }

    /// Where a jump ends; `None` when that is not in the bytes.
    pub(super) fn jump(&mut self, jump: &Jump, cursor: usize) -> Option<usize> {
        let (seen, stop) = self.number(&jump.reading, cursor)?;
        let number = scaled(seen, jump.multiplier, jump.align)?;
        let origin = match jump.origin {
            Origin::Number => length_of(stop),
            Origin::Beginning => 0,
            Origin::End => length(self.bytes),
        };
        let target = origin.checked_add(number)?.checked_add(self.value(jump.post_offset))?;
        usize::try_from(target).ok().filter(|target| *target <= self.bytes.len())
    }

    /// Keeps a number; `None` when there is none.
    pub(super) fn extract(&mut self, extract: &Extract, cursor: usize) -> Option<()> {
        let (seen, _) = self.number(&extract.reading, cursor)?;
        let number = scaled(seen, extract.multiplier, extract.align)?;
        *self.variables.get_mut(extract.variable)? = number;
        Some(())
    }

    /// A number, and the byte after it.
    fn number(&mut self, reading: &Reading, cursor: usize) -> Option<(u64, usize)> {
        if !self.spend(reading.bytes) {
            return None;
        }
        let base = if reading.relative { length_of(cursor) } else { 0 };
        let start = usize::try_from(base.checked_add(self.value(reading.offset))?).ok()?;
        let stop = start.checked_add(reading.bytes)?;
        let bytes = self.bytes.get(start..stop)?;
        let order = match reading.coding {
            Coding::Binary(order) => order,
            Coding::OfPdu => self.order,
            Coding::Digits(base) => {
                let (number, digits) = digits(bytes, base)?;
                return Some((masked(number, reading.mask), start + digits));
            }
        };
        let join = |number: u64, byte: &u8| number << 8 | u64::from(*byte);
        let number = match order {
            ByteOrder::Big => bytes.iter().fold(0, join),
            ByteOrder::Little => bytes.iter().rev().fold(0, join),
        };
        Some((masked(number, reading.mask), stop))
    }
}

/// Numbers of rules fill 64 bits without a sign when they are compared.
fn unsigned(number: i64) -> i128 {
    number.cast_unsigned().into()
}

fn scaled(number: u64, multiplier: i64, align: Option<Align>) -> Option<i64> {
    let number = i64::try_from(number).ok()?.checked_mul(multiplier)?;
    match align {
        Some(align) => number.checked_add(align - 1).map(|number| number / align * align),
        None => Some(number),
    }
}

fn masked(number: u64, mask: Option<u64>) -> u64 {
    match mask {
        Some(mask) => (number & mask).checked_shr(mask.trailing_zeros()).unwrap_or(0),
        None => number,
    }
}

/// The number that the bytes begin with, blanks before it aside, and how many bytes that takes.
fn digits(bytes: &[u8], base: u32) -> Option<(u64, usize)> {
    let blanks = bytes.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
    let rest = bytes.get(blanks..)?;
    let prefix = match rest {
        [b'0', b'x' | b'X', ..] if base == 16 => 2,
        _ => 0,
    };
    let rest = rest.get(prefix..)?;
    let mut number = 0_u64;
    let mut count = 0;
    for digit in rest.iter().map_while(|byte| char::from(*byte).to_digit(base)) {
        number = number.checked_mul(base.into())?.checked_add(digit.into())?;
        count += 1;
    }
    (count > 0).then_some((number, blanks + prefix + count))
}

/// Bytes of a number that is written in digits.
pub(in crate::suricata) const MAX_DIGITS: usize = 23;
