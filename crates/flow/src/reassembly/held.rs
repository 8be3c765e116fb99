//! What came early, and waits for the bytes before it.

use super::{At, Memory};
use std::collections::BTreeMap;

/// A stretch of a stream: bytes, or the knowledge that bytes were cut off by the snap length.
#[derive(Clone, Copy, Debug)]
pub(super) enum Stretch<'a> {
    Bytes(&'a [u8]),
    Missing(u64),
}

impl<'a> Stretch<'a> {
    pub(super) fn length(self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::Missing(length) => length,
        }
    }

    /// The part from `from` to `to`, counted from its start; empty when there is none.
    pub(super) fn part(self, from: u64, to: u64) -> Self {
        let to = to.min(self.length());
        match self {
            Self::Bytes(bytes) => {
                let limit = |place| usize::try_from(place).unwrap_or(usize::MAX);
                Self::Bytes(bytes.get(limit(from)..limit(to)).unwrap_or_default())
            }
            Self::Missing(_) => Self::Missing(to.saturating_sub(from)),
        }
    }

    /// Whether both are bytes, and differ where they overlap.
    fn contradicts(self, start: u64, other: Stretch<'a>, other_start: u64) -> bool {
        let from = start.max(other_start);
        let to = (start + self.length()).min(other_start + other.length());
        if from >= to {
            return false;
        }
        match (self.part(from - start, to - start), other.part(from - other_start, to - other_start)) {
            (Self::Bytes(a), Self::Bytes(b)) => a != b,
            _ => false,
        }
    }
}

/// An owned [`Stretch`].
#[derive(Debug)]
pub(super) enum Content {
    Bytes(Box<[u8]>),
    Missing(u64),
}

impl Content {
    pub(super) fn stretch(&self) -> Stretch<'_> {
        match self {
            Self::Bytes(bytes) => Stretch::Bytes(bytes),
            Self::Missing(length) => Stretch::Missing(*length),
        }
    }

    fn cost(&self) -> usize {
        match self {
            Self::Bytes(bytes) => OVERHEAD + bytes.len(),
            Self::Missing(_) => OVERHEAD,
        }
    }
}

/// One piece held back, with the segment that brought it.
#[derive(Debug)]
pub(super) struct Piece {
    pub(super) content: Content,
    pub(super) at: At,
}

/// What a stretch brought.
#[derive(Clone, Copy, Default, Debug)]
pub(super) struct Brought {
    /// Something that was not there.
    pub(super) new: bool,
    /// Bytes that differ from those that were there.
    pub(super) conflict: bool,
    /// Something that must wait for bytes before it.
    pub(super) early: bool,
    /// Bytes that the consumer does not need.
    pub(super) passed: bool,
}

impl Brought {
    pub(super) fn and(self, other: Self) -> Self {
        Self {
            new: self.new | other.new,
            conflict: self.conflict | other.conflict,
            early: self.early | other.early,
            passed: self.passed | other.passed,
        }
    }
}

/// The pieces held back in one direction, by their position. They do not overlap.
#[derive(Debug)]
pub(super) struct Held {
    pieces: BTreeMap<u64, Piece>,
    bytes: usize,
}

impl Held {
    pub(super) const fn new() -> Self {
        Self { pieces: BTreeMap::new(), bytes: 0 }
    }

    /// Holds what is not there yet; the first copy of a byte stays.
    ///
    /// Takes time in proportion to the pieces it overlaps, which are at most as many as it has bytes.
    pub(super) fn insert(
        &mut self,
        start: u64,
        stretch: Stretch<'_>,
        at: At,
        memory: &mut Memory,
    ) -> Brought {
        let end = start + stretch.length();
        let mut brought = Brought { early: true, ..Brought::default() };
        let mut cursor = start;
        if let Some((&before, piece)) = self.pieces.range(..start).next_back() {
            brought.conflict |= piece.content.stretch().contradicts(before, stretch, start);
            cursor = cursor.max(before + piece.content.stretch().length());
        }
        while cursor < end {
            let mut next = end;
            let mut behind = end;
            if let Some((&there, piece)) = self.pieces.range(cursor..end).next() {
                brought.conflict |= piece.content.stretch().contradicts(there, stretch, start);
                next = there;
                behind = there + piece.content.stretch().length();
            }
            if cursor < next {
                let content = match stretch.part(cursor - start, next - start) {
                    Stretch::Bytes(bytes) => Content::Bytes(bytes.into()),
                    Stretch::Missing(length) => Content::Missing(length),
                };
                self.bytes += content.cost();
                memory.hold(content.cost());
                self.pieces.insert(cursor, Piece { content, at });
                brought.new = true;
            }
            cursor = behind;
        }
        brought
    }

    /// Takes out the first piece, with its position.
    pub(super) fn pop_first(&mut self, memory: &mut Memory) -> Option<(u64, Piece)> {
        let (start, piece) = self.pieces.pop_first()?;
        self.bytes = self.bytes.saturating_sub(piece.content.cost());
        memory.release_held(piece.content.cost());
        Some((start, piece))
    }

    /// Whether the first piece differs from `stretch` where both are.
    pub(super) fn first_contradicts(&self, start: u64, stretch: Stretch<'_>) -> bool {
        self.pieces
            .first_key_value()
            .is_some_and(|(&there, piece)| piece.content.stretch().contradicts(there, stretch, start))
    }

    /// Where the first piece starts, and which segment brought it.
    pub(super) fn first(&self) -> Option<(u64, At)> {
        self.pieces.first_key_value().map(|(start, piece)| (*start, piece.at))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    /// Whether a limit is exceeded: bytes of the stream or of the shard, or pieces.
    pub(super) fn is_too_much(&self, memory: &Memory) -> bool {
        !self.is_empty() && (self.pieces.len() > MAX_PIECES || memory.is_exceeded_by(self.bytes))
    }
}

/// Pieces held back in one direction. One lost segment before a full window of 4 MiB leaves 3,000 pieces behind it; without
/// a bound, one-byte segments could make sorting costly.
const MAX_PIECES: usize = 4096;

/// Memory that a piece takes beside its bytes: tree and allocator.
const OVERHEAD: usize = 96;
