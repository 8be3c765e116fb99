//! Which file format a capture has.

use crate::Damage;
use crate::batch::Sink;
use crate::pcap::Pcap;
use crate::pcapng::{Pcapng, Skipped};

/// Walks the records of one file format. Knows nothing of files: it is given bytes and says where it stopped.
pub(crate) enum Format {
    Pcap(Pcap),
    Pcapng(Pcapng),
}

/// Why a walk ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Stop {
    /// The batch is full.
    Full,
    /// What comes next needs this many bytes, more than are left. At the end of a capture nothing is left.
    Short { needed: usize },
    /// What comes next cannot be, so that nothing behind it can be found.
    Damaged(Damage),
}

/// What the first bytes of a capture say.
pub(crate) enum Detected {
    /// A capture; its first record begins at `at`.
    Format { format: Format, at: usize },
    /// A capture whose header needs this many bytes, more than there are.
    Short { needed: usize },
    /// Something else.
    Nothing,
}

impl Format {
    /// Tells the format from the first bytes of a capture.
    pub(crate) fn detect(start: &[u8]) -> Detected {
        match Pcap::detect(start) {
            Detected::Nothing => Pcapng::detect(start),
            detected => detected,
        }
    }

    /// Pushes the records of `window` from `at` on and moves `at` behind the last one.
    ///
    /// `base` is the offset of the window in the capture.
    pub(crate) fn walk(&mut self, window: &[u8], base: u64, at: &mut usize, sink: &mut Sink<'_>) -> Stop {
        match self {
            Self::Pcap(pcap) => pcap.walk(window, at, sink),
            Self::Pcapng(pcapng) => pcapng.walk(window, base, at, sink),
        }
    }

    /// What had to be left out so far.
    pub(crate) fn skipped(&self) -> Option<Skipped> {
        match self {
            Self::Pcap(_) => None,
            Self::Pcapng(pcapng) => pcapng.skipped(),
        }
    }
}
