//! Time as people and other tools read it. All of it is UTC.

use crate::decimal;
use rpcscope_model::Timestamp;

/// Date and time of day.
struct Civil {
    year: u32,
    month: u32,
    day: u32,
    hour: u32,
    minute: u32,
    second: u32,
}

/// A time to the second as Suricata writes it: `2026-01-02T03:04:05`.
pub(crate) fn eve_second(time: Timestamp) -> [u8; 19] {
    let Civil { year, month, day, hour, minute, second } = Civil::at(time);
    let [y, e, a, r] = decimal::fixed(year);
    let [[o, n], [d, t], [h, u], [m, i], [s, c]] = [month, day, hour, minute, second].map(decimal::fixed);
    [y, e, a, r, b'-', o, n, b'-', d, t, b'T', h, u, b':', m, i, b':', s, c]
}

/// Appends a time without signs that file names must not have: `20260102T030405.678901Z`.
pub(crate) fn push_compact(out: &mut Vec<u8>, time: Timestamp) {
    let Civil { year, month, day, hour, minute, second } = Civil::at(time);
    out.extend_from_slice(&decimal::fixed::<4>(year));
    for part in [month, day] {
        out.extend_from_slice(&decimal::fixed::<2>(part));
    }
    out.push(b'T');
    for part in [hour, minute, second] {
        out.extend_from_slice(&decimal::fixed::<2>(part));
    }
    out.push(b'.');
    out.extend_from_slice(&decimal::fixed::<6>(time.subsec_nanos() / 1000));
    out.push(b'Z');
}

/// Appends the date: `2026-01-02`.
pub(crate) fn push_date(out: &mut Vec<u8>, time: Timestamp) {
    Civil::at(time).push_date(out);
}

/// Appends the time of day to the millisecond: `03:04:05.678`.
pub(crate) fn push_time_of_day(out: &mut Vec<u8>, time: Timestamp) {
    Civil::at(time).push_time_of_day(out);
    out.push(b'.');
    out.extend_from_slice(&decimal::fixed::<3>(time.subsec_nanos() / 1_000_000));
}

/// Appends a time to the second: `2026-01-02 03:04:05`.
pub(crate) fn push_seconds(out: &mut Vec<u8>, time: Timestamp) {
    let civil = Civil::at(time);
    civil.push_date(out);
    out.push(b' ');
    civil.push_time_of_day(out);
}

/// Appends a time to the microsecond as syslog wants it ([RFC 5424] 6.2.3): `2026-01-02T03:04:05.678901Z`.
pub(crate) fn push_rfc3339(out: &mut Vec<u8>, time: Timestamp) {
    out.extend_from_slice(&eve_second(time));
    out.push(b'.');
    out.extend_from_slice(&decimal::fixed::<6>(time.subsec_nanos() / 1000));
    out.push(b'Z');
}

/// Appends a time to the second for the name of a file (ISO 8601, basic format): `20260102T030405Z`.
pub(crate) fn push_basic(out: &mut Vec<u8>, time: Timestamp) {
    let civil = Civil::at(time);
    out.extend_from_slice(&decimal::fixed::<4>(civil.year));
    out.extend_from_slice(&decimal::fixed::<2>(civil.month));
    out.extend_from_slice(&decimal::fixed::<2>(civil.day));
    out.push(b'T');
    out.extend_from_slice(&decimal::fixed::<2>(civil.hour));
    out.extend_from_slice(&decimal::fixed::<2>(civil.minute));
    out.extend_from_slice(&decimal::fixed::<2>(civil.second));
    out.push(b'Z');
}

/// Appends the seconds from `start` to `time`, to the microsecond. Times before `start` are negative.
pub(crate) fn push_since(out: &mut Vec<u8>, start: Timestamp, time: Timestamp) {
    if time < start {
        out.push(b'-');
    }
    let nanos = time.since_ns(start).max(start.since_ns(time));
    decimal::push(out, nanos / 1_000_000_000);
    out.push(b'.');
    out.extend_from_slice(&decimal::fixed::<6>((nanos % 1_000_000_000) as u32 / 1000));
}

impl Civil {
    /// Finds the date in the Gregorian calendar.
    ///
    /// Nanoseconds in 64 bits reach from 1677 to 2262, so that years have four digits and all sums are small.
    fn at(time: Timestamp) -> Self {
        let seconds = time.seconds();
        let second_of_day = to_u32(seconds.rem_euclid(86_400));
        // Years are counted from 1 March 1600, so that a leap day is the last of its year and 400 years, after
        // which the calendar repeats, start with a leap year.
        const MARCH_1600_TO_1970: i64 = 135_080;
        let day = to_u32(seconds.div_euclid(86_400) + MARCH_1600_TO_1970);
        let (era, day) = (day / 146_097, day % 146_097);
        let century = (day / 36_524).min(3);
        let day = day - century * 36_524;
        let (leap_cycle, day) = (day / 1_461, day % 1_461);
        let year = (day / 365).min(3);
        let day = day - year * 365;
        // From March on, months repeat 31, 30, 31, 30, 31: 153 days in five months.
        let month = (5 * day + 2) / 153;
        let day = day - (153 * month + 2) / 5;
        let from_january = month >= 10;
        Self {
            year: 1600 + 400 * era + 100 * century + 4 * leap_cycle + year + u32::from(from_january),
            month: if from_january { month - 9 } else { month + 3 },
            day: day + 1,
            hour: second_of_day / 3600,
            minute: second_of_day / 60 % 60,
            second: second_of_day % 60,
        }
    }

    fn push_date(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&decimal::fixed::<4>(self.year));
        out.push(b'-');
        out.extend_from_slice(&decimal::fixed::<2>(self.month));
        out.push(b'-');
        out.extend_from_slice(&decimal::fixed::<2>(self.day));
    }

    fn push_time_of_day(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&decimal::fixed::<2>(self.hour));
        out.push(b':');
        out.extend_from_slice(&decimal::fixed::<2>(self.minute));
        out.push(b':');
        out.extend_from_slice(&decimal::fixed::<2>(self.second));
    }
}

/// Days since 1600 and seconds of a day are small and not negative.
fn to_u32(value: i64) -> u32 {
    u32::try_from(value).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn eve(time: i64) -> String {
        String::from_utf8(eve_second(Timestamp(time)).to_vec()).expect("ASCII")
    }

    #[test]
    fn known_times_are_written_as_suricata_does() {
        assert_eq!(eve(0), "1970-01-01T00:00:00");
        assert_eq!(eve(1_767_323_045_678_901_234), "2026-01-02T03:04:05");
        assert_eq!(eve(951_782_400_000_000_000), "2000-02-29T00:00:00");
        assert_eq!(eve(-1), "1969-12-31T23:59:59");
        assert_eq!(eve(4_107_542_400_000_000_000), "2100-03-01T00:00:00");
    }

    #[test]
    fn times_are_written_as_syslog_and_names_of_files_want_them() {
        let mut out = Vec::new();
        push_rfc3339(&mut out, Timestamp(1_767_323_045_678_901_234));
        out.push(b' ');
        push_basic(&mut out, Timestamp(1_767_323_045_678_901_234));
        assert_eq!(out, b"2026-01-02T03:04:05.678901Z 20260102T030405Z");
    }

    #[test]
    fn the_ends_of_time_are_written() {
        assert_eq!(eve(i64::MIN), "1677-09-21T00:12:43");
        assert_eq!(eve(i64::MAX), "2262-04-11T23:47:16");
    }

    #[test]
    fn time_before_the_start_is_negative() {
        let mut out = Vec::new();
        push_since(&mut out, Timestamp(2_000_000_000), Timestamp(500_001_000));
        out.push(b' ');
        push_since(&mut out, Timestamp(i64::MIN), Timestamp(i64::MAX));
        assert_eq!(out, b"-1.499999 9223372036.854775");
    }

    proptest! {
        #[test]
        fn each_day_follows_the_day_before(day in -106_000i64..106_000) {
            let (before, after) = (eve((day - 1) * 86_400_000_000_000), eve(day * 86_400_000_000_000));
            let date = |text: &str| -> (u32, u32, u32) {
                let mut parts = text[..10].split('-').map(|part| part.parse().expect("a number"));
                (parts.next().expect("year"), parts.next().expect("month"), parts.next().expect("day"))
            };
            let ((y, m, d), next) = (date(&before), date(&after));
            let leap = y % 4 == 0 && (y % 100 != 0 || y % 400 == 0);
            let length = match m { 2 => 28 + u32::from(leap), 4 | 6 | 9 | 11 => 30, _ => 31 };
            let expected = if d < length { (y, m, d + 1) } else if m < 12 { (y, m + 1, 1) } else { (y + 1, 1, 1) };
            prop_assert_eq!(next, expected);
        }
    }
}
