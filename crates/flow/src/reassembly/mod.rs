//! TCP reassembly: the segments of one connection, in order, with explicit gaps.
//!
//! The first copy of a byte wins. Segments that come early are held back until the bytes before them have come, or are
//! known to be lost: then a gap stands for them.

mod held;
mod history;
mod memory;
mod outlet;
mod stream;
#[cfg(test)]
mod tests;

pub use memory::Memory;
pub use rpcscope_model::At;

use crate::TcpSegment;
use outlet::Outlet;
use rpcscope_model::Endpoint;
use stream::Stream;

/// One of the two directions of a connection.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Debug)]
pub enum Direction {
    /// Sent by the lower of the two endpoints.
    #[default]
    Forward,
    /// Sent by the higher of the two endpoints.
    Backward,
}

impl Direction {
    /// The direction of what `source` sends to `destination`.
    #[inline]
    pub fn of(source: Endpoint, destination: Endpoint) -> Self {
        if source <= destination { Self::Forward } else { Self::Backward }
    }

    /// The other direction.
    #[inline]
    pub const fn other(self) -> Self {
        match self {
            Self::Forward => Self::Backward,
            Self::Backward => Self::Forward,
        }
    }

    /// 0 for forward, 1 for backward: an index into a pair.
    #[inline]
    pub const fn index(self) -> usize {
        match self {
            Self::Forward => 0,
            Self::Backward => 1,
        }
    }
}

/// What comes out of one direction, in the order of the stream.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Item<'a> {
    /// The next bytes of the stream.
    Data {
        /// The bytes; never empty.
        bytes: &'a [u8],
        /// The segment that brought them.
        at: At,
    },
    /// The next bytes of the stream were never captured, or not in time.
    Gap {
        /// How many; never zero.
        bytes: u64,
        /// The segment behind the gap, or the one that showed that the bytes are lost.
        at: At,
    },
    /// A segment brought bytes that differ from those that came before at the same place; the first ones stand.
    Conflict {
        /// The segment.
        at: At,
    },
    /// The sender said that there is no more (FIN), or either side reset the connection (RST). Comes once; data that
    /// comes nevertheless is still delivered, since a forged FIN or RST must not blind the sensor.
    Closed {
        /// The segment that said so.
        at: At,
    },
}

/// Puts both directions of one connection in order.
///
/// The sink takes each item and returns how many of the bytes that follow that item in its direction it does not need;
/// 0 for all items but `Data` and `Gap` (it is ignored there). Bytes that are not needed are passed over: not
/// delivered, not held back, not remembered for comparison, and not reported when they are missing. The next data item
/// begins behind them.
///
/// Sequence numbers are unwrapped to 64 bits. A stream starts at [`Self::note_syn`] or [`Self::start_at`], at a SYN, or at
/// the first segment with data; data from before the start is dropped. A hole becomes a gap when
/// - the other side acknowledges all of it while something behind it is held back,
/// - what is held back would exceed a limit (bytes and segments of the stream, bytes of the shard),
/// - something has been held back behind it for 2 seconds of capture time when a further segment comes, unless the
///   other side still asks for the missing bytes, so that they will be sent again,
/// - a RST comes, or the connection is finished.
///
/// What it holds is charged to a [`Memory`]: call [`Self::finish`] before dropping it.
#[derive(Debug)]
pub struct Reassembler {
    streams: [Stream; 2],
}

impl Reassembler {
    /// Makes a reassembler that takes both streams where it first meets them.
    pub const fn new() -> Self {
        Self { streams: [Stream::new(Direction::Forward), Stream::new(Direction::Backward)] }
    }

    /// Starts a direction behind a SYN with initial sequence number `isn`, if it has not started.
    pub fn note_syn(&mut self, direction: Direction, isn: u32) {
        self.start_at(direction, isn.wrapping_add(1));
    }

    /// Starts a direction at the byte with this sequence number, if it has not started.
    pub fn start_at(&mut self, direction: Direction, sequence: u32) {
        self.stream_mut(direction).start(sequence);
    }

    /// Takes a segment that was sent in `direction`, and gives the sink what is in order now, of both directions.
    pub fn push<S>(
        &mut self,
        direction: Direction,
        segment: &TcpSegment<'_>,
        at: At,
        memory: &mut Memory,
        sink: &mut S,
    ) where
        S: FnMut(Direction, Item<'_>) -> u64,
    {
        let [forward, backward] = &mut self.streams;
        let (own, peer) = match direction {
            Direction::Forward => (forward, backward),
            Direction::Backward => (backward, forward),
        };
        let outlet = &mut Outlet { at, memory, sink };
        if let Some(acknowledgment) = segment.acknowledgment
            && !peer.is_flowing()
        {
            peer.acknowledge(acknowledgment, outlet);
        }
        if segment.flags.rst() {
            if own.is_plausible_reset(segment.sequence) {
                own.reset(outlet);
                peer.reset(outlet);
            }
            return;
        }
        own.take(segment, outlet);
        own.give_up_old_hole(outlet);
        peer.give_up_old_hole(outlet);
    }

    /// Delivers what is held back, with gaps before it, and returns all memory.
    pub fn finish<S>(&mut self, at: At, memory: &mut Memory, sink: &mut S)
    where
        S: FnMut(Direction, Item<'_>) -> u64,
    {
        let outlet = &mut Outlet { at, memory, sink };
        for stream in &mut self.streams {
            stream.flush(outlet);
            stream.release(outlet.memory);
        }
    }

    /// Whether a segment belongs to a later connection between the same endpoints: a SYN with another initial sequence
    /// number than the one this direction started with, or data more than 1 GiB, the largest window ([RFC 7323] 2.3),
    /// ahead of or behind the stream.
    #[inline]
    pub fn is_reopened_by(&self, direction: Direction, segment: &TcpSegment<'_>) -> bool {
        let [forward, backward] = &self.streams;
        match direction {
            Direction::Forward => forward.is_reopened_by(segment),
            Direction::Backward => backward.is_reopened_by(segment),
        }
    }

    /// Whether a segment changes nothing, which [`push`](Self::push) then need not be asked for: an acknowledgment when
    /// nothing is awaited, or bytes that were passed over.
    #[inline]
    pub fn is_unchanged_by(&self, direction: Direction, segment: &TcpSegment<'_>) -> bool {
        let [forward, backward] = &self.streams;
        let own = match direction {
            Direction::Forward => forward,
            Direction::Backward => backward,
        };
        forward.is_flowing() && backward.is_flowing() && own.is_unchanged_by(segment)
    }

    fn stream_mut(&mut self, direction: Direction) -> &mut Stream {
        let [forward, backward] = &mut self.streams;
        match direction {
            Direction::Forward => forward,
            Direction::Backward => backward,
        }
    }
}

impl Default for Reassembler {
    fn default() -> Self {
        Self::new()
    }
}
