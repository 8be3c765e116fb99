//! What whoever listens to events wants to be told beside what is told always.

use crate::{HashState, Opnum, Side};
use std::collections::HashSet;
use std::fmt::Debug;
use std::sync::Arc;
use uuid::Uuid;

/// What is told only to those who ask for it, since it costs time or memory.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// The calls whose request is told as soon as it is complete ([`Phase::Requested`](crate::Phase)).
    pub requests: Calls,
    /// The calls that carry their PDUs ([`Wire`](crate::Wire)); binds carry theirs when any call may.
    pub wire: Calls,
    /// What somebody looks for in messages of other calls: those that have it carry their PDUs, and when the client sent
    /// it, their request is told as soon as it is complete.
    pub contents: Option<Arc<dyn Contents>>,
}

impl Wanted {
    /// The same, with the PDUs of all calls and not only of those that have what is looked for: for whoever asks why it was
    /// not found.
    #[must_use]
    pub fn with_all_messages(&self) -> Self {
        if !self.has_messages() {
            return self.clone();
        }
        let requests = if self.contents.is_some() { Calls::All } else { self.requests.clone() };
        Self { requests, wire: Calls::All, contents: None }
    }

    /// Whether there may be a call that carries its PDUs.
    pub fn has_messages(&self) -> bool {
        self.contents.is_some() || !matches!(self.wire, Calls::None)
    }
}

/// Calls, by what is known of them when they are made.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum Calls {
    /// None.
    #[default]
    None,
    /// Those with one of these interfaces, operation numbers, or pairs of them.
    Keyed(HashSet<(Option<Uuid>, Option<Opnum>), HashState>),
    /// All.
    All,
}

impl Calls {
    /// Those with one of these interfaces, operation numbers, or pairs of them; none when there are no keys.
    pub fn keyed(keys: impl IntoIterator<Item = (Option<Uuid>, Option<Opnum>)>) -> Self {
        let mut set = HashSet::with_hasher(HashState::default());
        set.extend(keys);
        if set.is_empty() { Self::None } else { Self::Keyed(set) }
    }

    /// Whether a call is among them.
    pub fn include(&self, interface: Option<Uuid>, opnum: Opnum) -> bool {
        match self {
            Self::None => false,
            Self::All => true,
            Self::Keyed(keys) => {
                let has = |key| keys.contains(&key);
                has((None, Some(opnum)))
                    || interface.is_some_and(|interface| {
                        has((Some(interface), Some(opnum))) || has((Some(interface), None))
                    })
            }
        }
    }
}

/// Bytes that somebody looks for in messages as they travelled.
pub trait Contents: Debug + Send + Sync {
    /// Whether a message that `sender` sent in one PDU has some of them; `stub` is the part of it that is stub. May say so
    /// when it has not.
    fn may_be_in(&self, sender: Side, pdu: &[u8], stub: &[u8]) -> bool;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_wanted_by_interface_by_operation_or_by_both() {
        let [one, other] = [1, 2].map(Uuid::from_u128);
        let keys = [(Some(one), Some(Opnum(12))), (Some(other), None), (None, Some(Opnum(3)))];
        let requests = Calls::keyed(keys);
        for (interface, opnum, wanted) in [
            (Some(one), 12, true),
            (Some(one), 13, false),
            (Some(other), 13, true),
            (None, 12, false),
            (None, 3, true),
            (Some(one), 3, true),
        ] {
            assert_eq!(requests.include(interface, Opnum(opnum)), wanted, "{interface:?} {opnum}");
        }
        assert!(Calls::All.include(None, Opnum(0)) && !Calls::None.include(Some(one), Opnum(0)));
    }
}
