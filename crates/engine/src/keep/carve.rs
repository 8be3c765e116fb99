//! One session that is carved.

use rpcscope_model::{CarveEnd, Timestamp};
use rpcscope_rules::{Keeps, Unit};

/// A session that is carved.
#[derive(Debug, Default)]
pub(super) struct Carve {
    /// Its connections, the first of which was alerted on.
    pub(super) flows: Vec<u64>,
    /// When it last had a frame, or an alert.
    pub(super) last: Timestamp,
    /// Bytes that were carved so far.
    pub(super) bytes: u64,
    pub(super) allowance: Allowance,
    /// Why nothing more is carved, although alerts may still come.
    pub(super) ended: Option<CarveEnd>,
}

/// How much may still be carved: as much as the rule that wants most.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Allowance {
    everything: bool,
    packets: u64,
    bytes: u64,
    until: Option<Timestamp>,
}

impl Allowance {
    /// Adds what a rule wants from `now` on.
    pub(super) fn grant(&mut self, keeps: Keeps, now: Timestamp) {
        match keeps {
            Keeps::Everything => self.everything = true,
            Keeps::Only(packets, Unit::Packets) => self.packets = self.packets.max(packets.into()),
            Keeps::Only(bytes, Unit::Bytes) => self.bytes = self.bytes.max(bytes.into()),
            Keeps::Only(seconds, Unit::Seconds) => {
                let end = Timestamp(now.0.saturating_add(i64::from(seconds) * 1_000_000_000));
                self.until = self.until.max(Some(end));
            }
        }
    }

    /// Whether a frame that was captured at `time` may be carved.
    pub(super) fn covers(&self, time: Timestamp) -> bool {
        self.everything || self.packets > 0 || self.bytes > 0 || self.until.is_some_and(|end| time <= end)
    }

    /// Takes off a frame of so many bytes.
    pub(super) const fn spend(&mut self, bytes: u64) {
        self.packets = self.packets.saturating_sub(1);
        self.bytes = self.bytes.saturating_sub(bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn second(seconds: i64) -> Timestamp {
        Timestamp::from_parts(seconds, 0)
    }

    #[test]
    fn an_amount_is_spent_frame_by_frame() {
        let mut allowance = Allowance::default();
        assert!(!allowance.covers(second(0)));
        allowance.grant(Keeps::Only(2, Unit::Packets), second(0));
        allowance.spend(100);
        assert!(allowance.covers(second(1)));
        allowance.spend(100);
        assert!(!allowance.covers(second(1)));
        allowance.grant(Keeps::Only(150, Unit::Bytes), second(0));
        allowance.spend(100);
        assert!(allowance.covers(second(1)), "the frame in which it ends is carved whole");
        allowance.spend(100);
        assert!(!allowance.covers(second(1)));
    }

    #[test]
    fn the_rule_that_wants_most_decides() {
        let mut allowance = Allowance::default();
        allowance.grant(Keeps::Only(10, Unit::Seconds), second(100));
        allowance.grant(Keeps::Only(5, Unit::Seconds), second(100));
        assert!(allowance.covers(second(110)) && !allowance.covers(second(111)));
        allowance.grant(Keeps::Everything, second(100));
        assert!(allowance.covers(second(1_000_000)));
    }
}
