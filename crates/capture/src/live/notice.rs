//! What is said when an interface goes and comes.

use std::fmt;
use std::time::Duration;

/// Something that an operator has to know of a source.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Notice {
    /// No frames can come, or for another reason than said before. The source waits.
    Gone {
        /// Why.
        reason: Absence,
    },
    /// Frames can come again.
    Back {
        /// How long none could.
        after: Duration,
    },
}

/// Why an interface gives no frames.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Absence {
    /// No interface has this name.
    Missing,
    /// The name is another interface's now: it was deleted and made again, or renamed.
    Replaced,
    /// It is switched off.
    Down,
    /// It is switched on and nothing is at the other end of the wire.
    NoCarrier,
    /// It cannot be opened, or reading failed; with the reason.
    Failed(String),
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Gone { reason } => write!(f, "{reason}; waiting for it"),
            Self::Back { after } => write!(f, "back after {:.1} s", after.as_secs_f64()),
        }
    }
}

impl fmt::Display for Absence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("no such interface"),
            Self::Replaced => f.write_str("replaced by another interface of this name"),
            Self::Down => f.write_str("interface is down"),
            Self::NoCarrier => f.write_str("no carrier"),
            Self::Failed(reason) => f.write_str(reason),
        }
    }
}
