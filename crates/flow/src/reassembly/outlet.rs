//! Where a stream puts what it delivers.

use super::{At, Direction, Item, Memory};

/// The surroundings of one call: the segment at hand, the shared memory, and who takes the items.
pub(super) struct Outlet<'o, S> {
    pub(super) at: At,
    pub(super) memory: &'o mut Memory,
    pub(super) sink: &'o mut S,
}

impl<S> Outlet<'_, S>
where
    S: FnMut(Direction, Item<'_>) -> u64,
{
    pub(super) fn give(&mut self, direction: Direction, item: Item<'_>) -> u64 {
        (self.sink)(direction, item)
    }
}
