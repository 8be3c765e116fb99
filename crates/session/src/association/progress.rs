//! What was seen so far of one direction of a call.

use super::Scope;
use crate::At;
use crate::arguments::Piece;
use crate::kept::First;
use rpcscope_model::{AnomalyKind, Part, Side};
use rpcscope_wire::ByteOrder;
use rpcscope_wire::dcerpc::{Flags, Header};

/// One fragment of a request or a reply.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fragment<'a> {
    pub(super) header: &'a Header,
    pub(super) stub_bytes: usize,
    /// Bytes of its stub that were not captured.
    pub(super) missing: usize,
    pub(super) at: At,
    /// How often bytes of its side were lost so far.
    pub(super) losses: u32,
}

impl Fragment<'_> {
    pub(super) const fn is_first(&self) -> bool {
        self.header.flags.has(Flags::FIRST_FRAG)
    }

    /// Its stub, which is part of what `side` says. `so_far` is what was seen of that before.
    pub(super) fn piece<'s>(&self, side: Side, stub: &'s [u8], so_far: Option<&Progress>) -> Piece<'s> {
        Piece {
            side,
            bytes: stub,
            order: self.header.order,
            is_first: self.is_first(),
            is_last: self.is_last(),
            is_behind_loss: so_far.is_none_or(|progress| progress.losses != self.losses),
            is_cut: self.missing > 0,
        }
    }

    /// The message that begins with it.
    pub(super) const fn message<'p>(&self, pdu: &'p [u8], stub: &'p [u8]) -> First<'p> {
        First { pdu, stub, order: self.header.order, is_last: self.is_last() }
    }

    pub(super) const fn is_last(&self) -> bool {
        self.header.flags.has(Flags::LAST_FRAG)
    }
}

/// What was seen so far of a request or a reply.
#[derive(Clone, Copy, Debug)]
pub(super) struct Progress {
    at: At,
    order: ByteOrder,
    fragments: u32,
    stub_bytes: u64,
    /// Losses of its side when the last fragment came that was seen.
    losses: u32,
    /// The last fragment was seen.
    ended: bool,
    /// Something of it is missing.
    damaged: bool,
}

impl Progress {
    pub(super) fn begin(fragment: &Fragment<'_>) -> Self {
        Self {
            at: fragment.at,
            order: fragment.header.order,
            fragments: 1,
            stub_bytes: fragment.stub_bytes as u64,
            losses: fragment.losses,
            ended: fragment.is_last(),
            damaged: fragment.missing > 0 || !fragment.is_first(),
        }
    }

    /// Adds a fragment.
    pub(super) fn grow(&mut self, fragment: &Fragment<'_>, scope: &mut Scope<'_>) {
        self.fragments = self.fragments.saturating_add(1);
        self.stub_bytes = self.stub_bytes.saturating_add(fragment.stub_bytes as u64);
        self.ended = fragment.is_last();
        // Fragments are not numbered: after a loss, whether one of them fell into it cannot be told.
        self.damaged |= fragment.missing > 0 || self.losses != fragment.losses;
        self.losses = fragment.losses;
        if self.order != fragment.header.order {
            scope.anomaly(fragment.at, AnomalyKind::ByteOrderChanged);
        }
        if self.fragments == scope.output.limits.fragments {
            scope.anomaly(fragment.at, AnomalyKind::FragmentsTooMany);
        }
    }

    /// Notes that a fragment could not be read.
    pub(super) fn damage(&mut self) {
        self.damaged = true;
    }

    pub(super) const fn has_ended(&self) -> bool {
        self.ended
    }

    /// Whether some of it fell into a loss, when its side has had `losses` of them by now.
    pub(super) const fn is_lost_in_part(&self, losses: u32) -> bool {
        self.damaged || (!self.ended && self.losses != losses)
    }

    pub(super) fn part(self) -> Part {
        let Self { at, fragments, stub_bytes, ended, damaged, .. } = self;
        Part { time: at.time, frame: at.frame, fragments, stub_bytes, complete: ended && !damaged }
    }
}
