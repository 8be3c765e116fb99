//! What was received and lost.

/// Frames of a source since it was made, over all openings of its interface.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct LiveCounters {
    /// Frames that passed the filter, with those that the kernel then dropped.
    pub received: u64,
    /// Frames that the kernel dropped since the ring was full: the program was too slow.
    pub dropped: u64,
    /// Frames that the interface or its driver dropped before the kernel saw them. This counts for the interface, so that all
    /// sources of a [`Share`](super::Share) tell the same: take one of them.
    pub interface_dropped: u64,
}

/// Adds up what libpcap counts.
///
/// libpcap's counters have 32 bits and start at 0 with each opening.
#[derive(Default)]
pub(super) struct Tally {
    total: LiveCounters,
    last: Counted,
}

/// Counters of one handle, as libpcap gives them: 32 bits that wrap.
#[derive(Clone, Copy, Default)]
pub(super) struct Counted {
    pub(super) received: u32,
    pub(super) dropped: u32,
    pub(super) interface_dropped: u32,
}

impl Tally {
    /// Takes what a handle has counted by now.
    ///
    /// To be called before a counter can have wrapped twice: 2^32 frames take five minutes at 14 million a second.
    pub(super) fn add(&mut self, now: Counted) {
        self.total.received += u64::from(now.received.wrapping_sub(self.last.received));
        self.total.dropped += u64::from(now.dropped.wrapping_sub(self.last.dropped));
        let interface_dropped = now.interface_dropped.wrapping_sub(self.last.interface_dropped);
        if interface_dropped <= MAX_INTERFACE_STEP {
            self.total.interface_dropped += u64::from(interface_dropped);
        }
        self.last = now;
    }

    /// A new handle starts at 0.
    pub(super) fn restart(&mut self) {
        self.last = Counted::default();
    }

    pub(super) fn total(&self) -> LiveCounters {
        self.total
    }
}

/// A larger step of the interface's counter is one backwards: drivers start at 0 again when they are reset, and libpcap passes
/// that on.
const MAX_INTERFACE_STEP: u32 = u32::MAX / 2;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_go_on_where_32_bits_end_and_where_a_handle_starts_again() {
        let mut tally = Tally::default();
        tally.add(Counted { received: u32::MAX - 1, dropped: 5, interface_dropped: 1 });
        tally.add(Counted { received: 3, dropped: 7, interface_dropped: 1 });
        tally.restart();
        tally.add(Counted { received: 10, dropped: 0, interface_dropped: 2 });
        assert_eq!(
            tally.total(),
            LiveCounters { received: (1 << 32) + 3 + 10, dropped: 7, interface_dropped: 3 }
        );
    }

    #[test]
    fn a_driver_that_counts_from_0_again_takes_nothing_back() {
        let mut tally = Tally::default();
        tally.add(Counted { interface_dropped: 100, ..Counted::default() });
        tally.add(Counted { interface_dropped: 0, ..Counted::default() });
        tally.add(Counted { interface_dropped: 4, ..Counted::default() });
        assert_eq!(tally.total().interface_dropped, 104);
    }
}
