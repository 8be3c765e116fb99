//! Time as captures give it.

/// Nanoseconds since 1970-01-01 00:00:00 UTC, as the capture says.
///
/// Captures come from strangers, so times may run backwards or be absurd; arithmetic saturates.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Debug)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// The earliest time that can be told.
    pub const MIN: Self = Self(i64::MIN);

    /// Makes a time from whole seconds and nanoseconds.
    pub const fn from_parts(seconds: i64, nanos: u32) -> Self {
        Self(seconds.saturating_mul(1_000_000_000).saturating_add(nanos as i64))
    }

    /// Nanoseconds from `earlier` to `self`; 0 when time ran backwards.
    pub const fn since_ns(self, earlier: Self) -> u64 {
        let gap = self.0.saturating_sub(earlier.0);
        if gap > 0 { gap.unsigned_abs() } else { 0 }
    }

    /// Whole seconds since 1970, rounded down.
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(1_000_000_000)
    }

    /// Nanoseconds within the second, 0 to 999,999,999.
    pub const fn subsec_nanos(self) -> u32 {
        // The remainder is below 10^9 and not negative.
        {
            #[allow(clippy::cast_possible_truncation)]
            let nanos = self.0.rem_euclid(1_000_000_000).unsigned_abs() as u32;
            nanos
        }
    }
}
