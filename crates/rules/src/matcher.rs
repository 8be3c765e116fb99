//! One condition on one value.

use crate::field::Field;
use crate::glob::{Glob, Subject};
use crate::suricata::Program;
use crate::value::{FieldValue, Fields};
use regex::Regex;
use rpcscope_model::{Address, Timestamp};
use std::cmp::Ordering;
use std::net::IpAddr;
use std::sync::Arc;
use uuid::Uuid;

/// A condition on a value, or on the field as a whole.
#[derive(Clone, Debug)]
pub(crate) enum Matcher {
    /// The text is of this pattern.
    Glob(Glob),
    /// The expression is found in the text.
    Regex(Regex),
    /// A number stands to this one as said. A text that is a decimal number counts as one.
    Number(Comparison, Number),
    /// A number from the first to the second, both included.
    Between(i128, i128),
    /// What the steps of a rule look for, in bytes or in those of a text.
    Payload(Arc<Program>),
    /// A part of a time, in UTC, stands to this number as said.
    TimePart(TimePart, Comparison, Number),
    /// This truth value.
    Flag(bool),
    /// An address of this network.
    Cidr(Network),
    /// This UUID.
    Uuid(Uuid),
    /// One of these operations, sorted.
    Operations(Box<[(Uuid, u16)]>),
    /// The field has no value.
    Null,
    /// The field is there, or is not there.
    Exists(bool),
    /// A value of another field.
    FieldRef(Field, Likeness),
}

/// How one number stands to another.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Comparison {
    /// The same.
    Equal,
    /// Another one.
    NotEqual,
    /// Less.
    Less,
    /// Less, or the same.
    LessOrEqual,
    /// Greater.
    Greater,
    /// Greater, or the same.
    GreaterOrEqual,
}

/// A number in a rule.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Number {
    /// Without a fraction.
    Whole(i128),
    /// With a fraction.
    Real(f64),
}

/// A part of a date, in UTC (Sigma modifiers, Time Modifiers).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum TimePart {
    Minute,
    Hour,
    Day,
    Week,
    Month,
    Year,
}

/// How the text of one field is to be found in that of another.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Likeness {
    pub(crate) place: Anchor,
    pub(crate) cased: bool,
}

/// Where a text is expected in another.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Anchor {
    Whole,
    Start,
    End,
    Anywhere,
}

/// A network: an address, and how many of its bits count. An IPv4 address is in no network of IPv6, also not in `::/0`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Network {
    address: u128,
    mask: u128,
    family: Family,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Family {
    V4,
    V6,
}

impl Family {
    /// The family of an address in the one size that all have: IPv4 is mapped into IPv6.
    fn of(address: Address) -> Self {
        if address.bits() >> 32 == 0xffff { Self::V4 } else { Self::V6 }
    }
}

impl Matcher {
    /// Whether it holds for the values of a field.
    pub(crate) fn holds(&self, values: &[FieldValue<'_>], event: &dyn Fields) -> bool {
        match self {
            Self::Null => values.is_empty(),
            Self::Exists(wanted) => values.is_empty() != *wanted,
            Self::FieldRef(field, likeness) => {
                let others = event.values(field);
                values.iter().any(|value| others.iter().any(|other| likeness.holds(value, other)))
            }
            Self::Payload(program) => {
                let order = program.byte_order(event);
                values.iter().any(|value| match value {
                    FieldValue::Bytes(bytes) => program.holds(bytes, order),
                    FieldValue::Text(text) => program.holds(text.as_bytes(), order),
                    _ => false,
                })
            }
            _ => values.iter().any(|value| self.holds_for(value)),
        }
    }

    /// Whether it holds for one value.
    pub(crate) fn holds_for(&self, value: &FieldValue<'_>) -> bool {
        match (self, value) {
            (Self::Glob(glob), FieldValue::Bytes(bytes)) => glob.matches(Subject::Bytes(bytes)),
            (Self::Glob(glob), value) => {
                value.as_text().is_some_and(|text| glob.matches(Subject::Text(&text)))
            }
            (Self::Regex(regex), value) => value.as_text().is_some_and(|text| regex.is_match(&text)),
            (Self::Number(comparison, wanted), value) => Number::of(value)
                .and_then(|seen| seen.compare(*wanted))
                .is_some_and(|order| comparison.holds(order)),
            (Self::Between(low, high), FieldValue::Number(number)) => (low..=high).contains(&number),
            (Self::TimePart(part, comparison, wanted), FieldValue::Time(time)) => {
                let seen = Number::Whole(part.of(*time).into());
                seen.compare(*wanted).is_some_and(|order| comparison.holds(order))
            }
            (Self::Flag(wanted), FieldValue::Flag(flag)) => wanted == flag,
            (Self::Flag(wanted), FieldValue::Text(text)) => {
                text.eq_ignore_ascii_case(if *wanted { "true" } else { "false" })
            }
            (Self::Cidr(network), FieldValue::Address(address)) => network.contains(*address),
            (Self::Cidr(network), FieldValue::Text(text)) => {
                text.parse::<IpAddr>().is_ok_and(|address| network.contains(address.into()))
            }
            (Self::Uuid(wanted), FieldValue::Uuid(uuid)) => wanted == uuid,
            (Self::Uuid(wanted), FieldValue::Text(text)) => {
                Uuid::try_parse(text).is_ok_and(|uuid| uuid == *wanted)
            }
            (Self::Operations(wanted), FieldValue::Operation(interface, opnum)) => {
                wanted.binary_search(&(*interface, *opnum)).is_ok()
            }
            _ => false,
        }
    }
}

impl Comparison {
    /// All of them, with the names that Sigma has for them.
    pub(crate) const NAMED: [(&'static str, Self); 6] = [
        ("eq", Self::Equal),
        ("neq", Self::NotEqual),
        ("lt", Self::Less),
        ("lte", Self::LessOrEqual),
        ("gt", Self::Greater),
        ("gte", Self::GreaterOrEqual),
    ];

    /// Whether two things that stand in this order are as wanted.
    pub fn holds(self, order: Ordering) -> bool {
        match self {
            Self::Equal => order.is_eq(),
            Self::NotEqual => order.is_ne(),
            Self::Less => order.is_lt(),
            Self::LessOrEqual => order.is_le(),
            Self::Greater => order.is_gt(),
            Self::GreaterOrEqual => order.is_ge(),
        }
    }

    /// The sign that stands for it in messages.
    pub const fn sign(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::NotEqual => "≠",
            Self::Less => "<",
            Self::LessOrEqual => "≤",
            Self::Greater => ">",
            Self::GreaterOrEqual => "≥",
        }
    }
}

impl std::fmt::Display for Number {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Whole(number) => number.fmt(f),
            Self::Real(number) => number.fmt(f),
        }
    }
}

impl Number {
    /// Reads a number: decimal, with a fraction, or hexadecimal after `0x`.
    pub fn parse(text: &str) -> Option<Self> {
        let (sign, digits) = match text.strip_prefix('-') {
            Some(digits) => (-1, digits),
            None => (1, text.strip_prefix('+').unwrap_or(text)),
        };
        if let Some(hex) = digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")) {
            let plain = hex.bytes().all(|byte| byte.is_ascii_hexdigit());
            return i128::from_str_radix(hex, 16)
                .ok()
                .filter(|_| plain)
                .map(|number| Self::Whole(number * sign));
        }
        if !digits.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
            return None;
        }
        let whole = text.parse().ok().map(Self::Whole);
        whole.or_else(|| text.parse().ok().filter(|number: &f64| number.is_finite()).map(Self::Real))
    }

    fn of(value: &FieldValue<'_>) -> Option<Self> {
        match value {
            FieldValue::Number(number) => Some(Self::Whole(*number)),
            FieldValue::Real(number) => Some(Self::Real(*number)),
            FieldValue::Text(text) => Self::parse(text),
            _ => None,
        }
    }

    pub(crate) fn compare(self, other: Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Whole(one), Self::Whole(other)) => Some(one.cmp(&other)),
            (one, other) => one.real().partial_cmp(&other.real()),
        }
    }

    fn real(self) -> f64 {
        match self {
            // Whole numbers beyond 2^53 lose digits only beside a number with a fraction.
            Self::Whole(number) => number as f64,
            Self::Real(number) => number,
        }
    }
}

impl TimePart {
    /// All of them, with the names that Sigma has for them.
    pub(crate) const NAMED: [(&'static str, Self); 6] = [
        ("minute", Self::Minute),
        ("hour", Self::Hour),
        ("day", Self::Day),
        ("week", Self::Week),
        ("month", Self::Month),
        ("year", Self::Year),
    ];

    fn of(self, time: Timestamp) -> i64 {
        let seconds = time.seconds();
        let days = seconds.div_euclid(86_400);
        let (year, month, day) = civil(days);
        match self {
            Self::Minute => seconds.rem_euclid(3_600) / 60,
            Self::Hour => seconds.rem_euclid(86_400) / 3_600,
            Self::Day => day,
            Self::Month => month,
            Self::Year => year,
            Self::Week => week(days),
        }
    }
}

/// Year, month and day of a number of days since 1970-01-01, in the Gregorian calendar.
fn civil(days: i64) -> (i64, i64, i64) {
    // Years begin in March here, so that the leap day is the last of its year.
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    (era * 400 + year_of_era + i64::from(month <= 2), month, day)
}

/// The ISO 8601 week: weeks begin on Monday, and belong to the year of their Thursday.
fn week(days: i64) -> i64 {
    // 1970-01-01 was a Thursday.
    let thursday = days - (days + 3).rem_euclid(7) + 3;
    let (year, ..) = civil(thursday);
    let mut first = thursday;
    // At most 53 weeks back.
    while civil(first - 7).0 == year {
        first -= 7;
    }
    (thursday - first) / 7 + 1
}

impl Likeness {
    fn holds(self, value: &FieldValue<'_>, other: &FieldValue<'_>) -> bool {
        if value == other {
            return true;
        }
        let (Some(text), Some(part)) = (value.as_text(), other.as_text()) else { return false };
        let fold = |text: &str| -> String {
            if self.cased { text.to_owned() } else { text.chars().map(crate::glob::fold).collect() }
        };
        let (text, part) = (fold(&text), fold(&part));
        match self.place {
            Anchor::Whole => text == part,
            Anchor::Start => text.starts_with(&part),
            Anchor::End => text.ends_with(&part),
            Anchor::Anywhere => text.contains(&part),
        }
    }
}

impl Network {
    /// Reads `address/bits`, or an address alone; the flag says that bits beyond the prefix were set.
    pub(crate) fn parse(text: &str) -> Option<(Self, bool)> {
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits.parse::<u32>().ok()?)),
            None => (text, None),
        };
        let ip: IpAddr = address.parse().ok()?;
        let width = if ip.is_ipv4() { 32 } else { 128 };
        let host = width - bits.unwrap_or(width).min(width);
        if bits.is_some_and(|bits| bits > width) {
            return None;
        }
        let mask = u128::MAX.checked_shl(host).unwrap_or(0);
        let address = Address::from(ip);
        // `::ffff:0:0/96` is all of IPv4, a shorter prefix more than that.
        let family = if ip.is_ipv4() || host <= 32 { Family::of(address) } else { Family::V6 };
        let bits = address.bits();
        Some((Self { address: bits & mask, mask, family }, bits & !mask != 0))
    }

    /// Whether all addresses of another network are of this one.
    pub(crate) fn covers(self, other: Self) -> bool {
        self.family == other.family
            && self.mask & !other.mask == 0
            && other.address & self.mask == self.address
    }

    /// The networks that together are the addresses from one to another; `None` when these are not of one family, or in
    /// the wrong order.
    pub(crate) fn between(first: IpAddr, last: IpAddr) -> Option<Vec<Self>> {
        let family = Family::of(first.into());
        let (mut low, high) = (Address::from(first).bits(), Address::from(last).bits());
        if low > high || family != Family::of(last.into()) {
            return None;
        }
        let mut networks = Vec::new();
        loop {
            // The largest network that begins here and does not reach too far.
            let aligned = |host: &u32| {
                let host_bits = 1_u128.checked_shl(*host).map_or(u128::MAX, |size| size - 1);
                low & host_bits == 0 && low.checked_add(host_bits).is_some_and(|end| end <= high)
            };
            let host = (0..=128).rev().find(aligned).unwrap_or(0);
            let mask = u128::MAX.checked_shl(host).unwrap_or(0);
            networks.push(Self { address: low, mask, family });
            match (low | !mask).checked_add(1) {
                Some(next) if next <= high => low = next,
                _ => return Some(networks),
            }
        }
    }

    fn contains(self, address: Address) -> bool {
        address.bits() & self.mask == self.address && Family::of(address) == self.family
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> Address {
        text.parse::<IpAddr>().expect("an address").into()
    }

    #[test]
    fn networks_hold_their_addresses_and_no_others() {
        let (network, dirty) = Network::parse("10.1.0.0/16").expect("a network");
        assert!(
            !dirty && network.contains(address("10.1.255.255")) && !network.contains(address("10.2.0.0"))
        );
        let (all, _) = Network::parse("0.0.0.0/0").expect("a network");
        assert!(all.contains(address("255.0.0.1")) && !all.contains(address("fe80::1")));
        let (six, dirty) = Network::parse("fe80::1/10").expect("a network");
        assert!(dirty && six.contains(address("fe80::2")) && !six.contains(address("10.0.0.1")));
        let (everything, _) = Network::parse("::/0").expect("a network");
        assert!(everything.contains(address("2001:db8::1")) && !everything.contains(address("10.0.0.1")));
        let (mapped, _) = Network::parse("::ffff:10.0.0.0/104").expect("a network");
        assert!(mapped.contains(address("10.9.9.9")) && !mapped.contains(address("11.0.0.0")));
        assert!(Network::parse("10.0.0.1").expect("one").0.contains(address("10.0.0.1")));
        for wrong in ["10.0.0.0/33", "10.0.0/8", "::/129", "x", "10.0.0.0/", "10.0.0.0/-1"] {
            assert_eq!(Network::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn numbers_are_decimal_or_hexadecimal() {
        assert_eq!(Number::parse("0x1F"), Some(Number::Whole(31)));
        assert_eq!(Number::parse("-2"), Some(Number::Whole(-2)));
        assert_eq!(Number::parse("2.5"), Some(Number::Real(2.5)));
        for wrong in ["", "nan", "inf", "0x", "0x-1", "12a", "--1", "infinity"] {
            assert_eq!(Number::parse(wrong), None, "{wrong}");
        }
        assert_eq!(Number::Whole(2).compare(Number::Real(2.5)), Some(Ordering::Less));
    }

    #[test]
    fn parts_of_a_date_are_of_the_gregorian_calendar() {
        // 2024-02-29 23:59:30 UTC, a Thursday.
        let leap = Timestamp::from_parts(1_709_251_170, 0);
        let parts = TimePart::NAMED.map(|(_, part)| part.of(leap));
        assert_eq!(parts, [59, 23, 29, 9, 2, 2024]);
        // 2021-01-03, a Sunday, is in week 53 of 2020; 1969-12-31 in week 1 of 1970.
        assert_eq!(TimePart::Week.of(Timestamp::from_parts(1_609_632_000, 0)), 53);
        assert_eq!(TimePart::Week.of(Timestamp::from_parts(-1, 0)), 1);
        assert_eq!(TimePart::Year.of(Timestamp::from_parts(-1, 0)), 1969);
        assert_eq!(TimePart::Year.of(Timestamp::MIN), 1677);
    }
}
