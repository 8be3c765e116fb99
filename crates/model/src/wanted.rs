//! What whoever listens to events wants to be told beside what is told always.

use crate::Opnum;
use std::collections::HashSet;
use uuid::Uuid;

/// What is told only to those who ask for it, since it costs time or memory.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Wanted {
    /// The calls whose request is told as soon as it is complete ([`Phase::Requested`](crate::Phase)).
    pub requests: Requests,
    /// Whether calls and binds carry their PDUs ([`Wire`](crate::Wire)).
    pub wire: bool,
}

/// Calls, by what is known of them when they are made.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum Requests {
    /// None.
    #[default]
    None,
    /// Those with one of these interfaces, operation numbers, or pairs of them.
    Keyed(HashSet<(Option<Uuid>, Option<Opnum>)>),
    /// All.
    All,
}

impl Requests {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_wanted_by_interface_by_operation_or_by_both() {
        let [one, other] = [1, 2].map(Uuid::from_u128);
        let keys = [(Some(one), Some(Opnum(12))), (Some(other), None), (None, Some(Opnum(3)))];
        let requests = Requests::Keyed(keys.into());
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
        assert!(Requests::All.include(None, Opnum(0)) && !Requests::None.include(Some(one), Opnum(0)));
    }
}
