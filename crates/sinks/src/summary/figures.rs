//! Numbers as people read them.

use std::time::Duration;

/// Appends a count with its thousands apart: `2,130,000`.
pub(super) fn push_count(out: &mut Vec<u8>, count: u64) {
    let mut digits = Vec::new();
    crate::decimal::push(&mut digits, count);
    for (position, digit) in digits.iter().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            out.push(b',');
        }
        out.push(*digit);
    }
}

/// A count with its noun: `1 call`, `2 calls`.
pub(super) fn counted(count: u64, noun: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{} {noun}{plural}", count_text(count))
}

/// A count as text.
pub(super) fn count_text(count: u64) -> String {
    let mut out = Vec::new();
    push_count(&mut out, count);
    String::from_utf8(out).unwrap_or_default()
}

/// Bytes in decimal units: `1.04 GB`.
pub(super) fn bytes_text(bytes: u64) -> String {
    scaled(bytes, &["B", "kB", "MB", "GB", "TB", "PB", "EB"])
}

/// A count in decimal units: `1.72 M`.
pub(super) fn short_count(count: u64) -> String {
    scaled(count, &["", "k", "M", "G", "T", "P", "E"])
}

/// A rate per second; `None` when the time is too short to tell.
pub(super) fn per_second(amount: u64, elapsed: Duration) -> Option<u64> {
    let nanos = elapsed.as_nanos();
    // What takes less than this says more about the start of a program than about its speed.
    if nanos < 1_000_000 {
        return None;
    }
    u64::try_from(u128::from(amount) * 1_000_000_000 / nanos).ok()
}

/// A time: `350 µs`, `1.24 s`, `12 min 5 s`, `3 h 20 min`.
pub(super) fn duration_text(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        0 if duration.as_millis() == 0 => format!("{} µs", duration.as_micros()),
        0 => format!("{} ms", duration.as_millis()),
        1..=59 => format!("{seconds}.{:02} s", duration.subsec_millis() / 10),
        60..=3599 => format!("{} min {} s", seconds / 60, seconds % 60),
        3600..=86_399 => format!("{} h {} min", seconds / 3600, seconds / 60 % 60),
        _ => format!("{} d {} h", seconds / 86_400, seconds / 3600 % 24),
    }
}

/// Three digits and a unit, rounded down.
fn scaled(value: u64, units: &[&str]) -> String {
    let mut rest = value;
    let mut divisor = 1u64;
    let mut unit = 0;
    while rest >= 1000 && unit + 1 < units.len() {
        rest /= 1000;
        divisor = divisor.saturating_mul(1000);
        unit += 1;
    }
    let name = units.get(unit).copied().unwrap_or_default();
    let hundredths = u128::from(value) * 100 / u128::from(divisor);
    let text = match rest {
        _ if unit == 0 => value.to_string(),
        0..=9 => format!("{rest}.{:02}", hundredths % 100),
        10..=99 => format!("{rest}.{}", hundredths / 10 % 10),
        _ => rest.to_string(),
    };
    if name.is_empty() { text } else { format!("{text} {name}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short_and_readable() {
        assert_eq!(count_text(0), "0");
        assert_eq!(count_text(999), "999");
        assert_eq!(count_text(2_130_000), "2,130,000");
        assert_eq!(counted(1, "call"), "1 call");
        assert_eq!(counted(2, "call"), "2 calls");
        assert_eq!(bytes_text(999), "999 B");
        assert_eq!(bytes_text(1_040_000_000), "1.04 GB");
        assert_eq!(bytes_text(12_999), "12.9 kB");
        assert_eq!(bytes_text(u64::MAX), "18.4 EB");
        assert_eq!(short_count(1_717_741), "1.71 M");
        assert_eq!(short_count(12), "12");
    }

    #[test]
    fn times_have_the_unit_that_fits() {
        let texts = [350, 12_000, 1_240_000, 725_000_000, 12_000_000_000, 200_000_000_000]
            .map(|micros| duration_text(Duration::from_micros(micros)));
        assert_eq!(texts, ["350 µs", "12 ms", "1.24 s", "12 min 5 s", "3 h 20 min", "2 d 7 h"]);
    }

    #[test]
    fn no_rate_is_told_for_no_time() {
        assert_eq!(per_second(100, Duration::ZERO), None);
        assert_eq!(per_second(1_000, Duration::from_millis(500)), Some(2_000));
    }
}
