//! Interfaces of a pcapng section, and their clocks.

use rpcscope_model::{LinkType, Timestamp};

use crate::words::{halves, word, words};

/// What an interface description block says about the packets of an interface.
///
/// Source: draft-ietf-opsawg-pcapng, section 4.2.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Interface {
    pub(super) link_type: LinkType,
    /// Longest packet captured, in bytes; 0 for no limit.
    pub(super) snap_length: u32,
    resolution: Resolution,
    offset_ns: i64,
}

/// How timestamps become nanoseconds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Resolution {
    /// Units of a nanosecond or more.
    Multiply(u64),
    /// Decimal units below a nanosecond.
    Divide(u64),
    /// Units of 2^-n seconds.
    Binary(u32),
}

impl Interface {
    /// Reads an interface description block, or `None` when it is too short for one.
    pub(super) fn read<const BIG: bool>(block: &[u8]) -> Option<Self> {
        let [_, _, link_type, snap_length, _] = words::<BIG, 5>(block)?;
        let [link_type, _reserved] = halves::<BIG>(link_type);
        let mut interface = Self {
            link_type: LinkType(link_type),
            snap_length,
            resolution: Resolution::new(DEFAULT_RESOLUTION),
            offset_ns: 0,
        };
        let mut options = block.get(16..block.len().saturating_sub(4)).unwrap_or_default();
        while let Some((header, rest)) = options.split_first_chunk::<4>() {
            let [code, length] = halves::<BIG>(word::<BIG>(*header));
            let Some(value) = rest.get(..usize::from(length)) else { break };
            match (code, value) {
                (END_OF_OPTIONS, _) => break,
                (TIME_RESOLUTION, [resolution]) => interface.resolution = Resolution::new(*resolution),
                (TIME_OFFSET, _) => {
                    if let Ok(bytes) = value.try_into() {
                        let seconds = if BIG { i64::from_be_bytes(bytes) } else { i64::from_le_bytes(bytes) };
                        interface.offset_ns = seconds.saturating_mul(NS_PER_SECOND);
                    }
                }
                _ => {}
            }
            options = rest.get(usize::from(length).next_multiple_of(4)..).unwrap_or_default();
        }
        Some(interface)
    }

    /// When a packet of this interface was captured.
    #[inline(always)]
    pub(super) fn time(&self, units: u64) -> Timestamp {
        let ns = self.resolution.nanoseconds(units);
        Timestamp(ns.saturating_add(self.offset_ns))
    }
}

impl Resolution {
    /// Reads `if_tsresol`: the negative exponent of 10, or of 2 when the highest bit is set.
    fn new(if_tsresol: u8) -> Self {
        let exponent = u32::from(if_tsresol & 0x7f);
        if if_tsresol & 0x80 != 0 {
            return Self::Binary(exponent);
        }
        match exponent {
            0..=9 => Self::Multiply(10_u64.pow(9 - exponent)),
            // 10^20 and more units in a nanosecond: more than a 64-bit number counts, so that all times are 0.
            _ => 10_u64.checked_pow(exponent - 9).map_or(Self::Multiply(0), Self::Divide),
        }
    }

    /// Saturates; times of strangers may be absurd.
    #[inline(always)]
    fn nanoseconds(self, units: u64) -> i64 {
        match self {
            Self::Multiply(factor) => saturated(units.saturating_mul(factor)),
            Self::Divide(divisor) => saturated(units / divisor.max(1)),
            // 64 and 30 bits fit into 128; the exponent is at most 127.
            Self::Binary(exponent) => {
                let ns = (u128::from(units) * u128::from(NS_PER_SECOND.unsigned_abs())) >> exponent;
                i64::try_from(ns).unwrap_or(i64::MAX)
            }
        }
    }
}

fn saturated(ns: u64) -> i64 {
    i64::try_from(ns).unwrap_or(i64::MAX)
}

const NS_PER_SECOND: i64 = 1_000_000_000;
/// Microseconds, when the interface does not say.
const DEFAULT_RESOLUTION: u8 = 6;

// Option codes, sections 3.5 and 4.2.
const END_OF_OPTIONS: u16 = 0;
const TIME_RESOLUTION: u16 = 9;
const TIME_OFFSET: u16 = 14;

#[cfg(test)]
mod tests {
    use super::*;

    fn nanoseconds(if_tsresol: u8, units: u64) -> i64 {
        Resolution::new(if_tsresol).nanoseconds(units)
    }

    #[test]
    fn decimal_resolutions_become_nanoseconds() {
        assert_eq!(nanoseconds(0, 3), 3_000_000_000);
        assert_eq!(nanoseconds(3, 1_234), 1_234_000_000);
        assert_eq!(nanoseconds(6, 1_700_000_000_654_321), 1_700_000_000_654_321_000);
        assert_eq!(nanoseconds(9, 1_700_000_000_987_654_321), 1_700_000_000_987_654_321);
        assert_eq!(nanoseconds(12, 1_999), 1);
        assert_eq!(nanoseconds(28, u64::MAX), 1);
        assert_eq!(nanoseconds(127, u64::MAX), 0);
    }

    #[test]
    fn binary_resolutions_become_nanoseconds() {
        assert_eq!(nanoseconds(0x80, 5), 5_000_000_000);
        assert_eq!(nanoseconds(0x8a, 1_024 + 512), 1_500_000_000);
        assert_eq!(nanoseconds(0xa0, (7 << 32) | (1 << 30)), 7_250_000_000);
        assert_eq!(nanoseconds(0xc0, u64::MAX), 999_999_999);
        assert_eq!(nanoseconds(0xff, u64::MAX), 0);
    }

    #[test]
    fn absurd_times_saturate() {
        for if_tsresol in [0, 3, 6, 0x80, 0x8a] {
            assert_eq!(nanoseconds(if_tsresol, u64::MAX), i64::MAX);
        }
    }
}
