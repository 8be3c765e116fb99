//! One direction of a connection.

use super::held::{Brought, Content, Held, Piece, Stretch};
use super::history::History;
use super::outlet::Outlet;
use super::{At, Direction, Item, Memory};
use crate::{TcpFlags, TcpSegment};
use rpcscope_model::Timestamp;

/// The bytes sent in one direction.
///
/// Places in the stream are positions: sequence numbers unwrapped to 64 bits, whose lower 32 bits are the sequence number.
#[derive(Debug)]
pub(super) struct Stream {
    direction: Direction,
    started: bool,
    closed: bool,
    /// Whether the other side asked for the byte at `next` after the hole there was noticed.
    is_asked_for: bool,
    /// Sequence number of the first byte.
    first: u32,
    /// Position of the next byte to deliver: everything before it was delivered, missing or not needed.
    next: u64,
    /// Where the FIN stands.
    fin: Option<u64>,
    /// Bytes behind `next` that are not needed, beyond those that were already passed over.
    to_skip: u64,
    /// Where the bytes start and end that were passed over last.
    passed: (u64, u64),
    held: Held,
    /// The position of the hole that was noticed last, and since when something waits behind it.
    hole: (u64, Timestamp),
    history: History,
}

impl Stream {
    pub(super) const fn new(direction: Direction) -> Self {
        Self {
            direction,
            started: false,
            closed: false,
            is_asked_for: false,
            first: 0,
            next: 0,
            fin: None,
            to_skip: 0,
            passed: (0, 0),
            held: Held::new(),
            hole: (0, Timestamp::MIN),
            history: History::new(),
        }
    }

    pub(super) fn start(&mut self, sequence: u32) {
        if !self.started {
            self.started = true;
            self.first = sequence;
            self.next = ORIGIN + u64::from(sequence);
        }
    }

    /// Takes SYN, data and FIN of a segment.
    pub(super) fn take<S>(&mut self, segment: &TcpSegment<'_>, outlet: &mut Outlet<'_, S>)
    where
        S: FnMut(Direction, Item<'_>) -> u64,
    {
        let sequence = segment.sequence.wrapping_add(u32::from(segment.flags.syn()));
        let bytes = Stretch::Bytes(segment.payload);
        let missing = Stretch::Missing(u64::from(segment.missing));
        let is_empty = segment.payload.is_empty() && segment.missing == 0;
        if is_empty && !segment.flags.syn() && !segment.flags.fin() {
            return;
        }
        self.start(sequence);
        let start = self.position(sequence);
        let behind = start + bytes.length();
        let end = behind + missing.length();
        if !segment.flags.intersects(TcpFlags::ENDS) && self.is_flowing() {
            // The usual case: the next bytes.
            if start == self.next && self.to_skip == 0 && segment.missing == 0 {
                return self.deliver(bytes, outlet.at, outlet);
            }
        }
        if !is_empty && !self.is_keep_alive(start, end) {
            let mut brought = self.accept(start, bytes, outlet);
            if segment.missing > 0 {
                brought = brought.and(self.accept(behind, missing, outlet));
            }
            self.count(brought, outlet);
        }
        if segment.flags.fin() && self.fin.is_none() {
            self.fin = Some(end);
        }
        if self.is_flowing() {
            return;
        }
        self.deliver_held(outlet);
        while self.held.is_too_much(outlet.memory) {
            self.give_up_hole(outlet);
        }
        self.notice_hole(outlet.at);
    }

    /// Takes what the other side says it has received.
    pub(super) fn acknowledge<S>(&mut self, acknowledgment: u32, outlet: &mut Outlet<'_, S>)
    where
        S: FnMut(Direction, Item<'_>) -> u64,
    {
        if self.hole_end().is_none() {
            return;
        }
        let acknowledged = self.position(acknowledgment);
        if acknowledged == self.next {
            self.is_asked_for = true;
        }
        while self.hole_end().is_some_and(|end| acknowledged >= end) {
            self.give_up_hole(outlet);
        }
        self.notice_hole(outlet.at);
    }

    /// Turns holes to gaps behind which something has waited for too long.
    #[inline]
    pub(super) fn give_up_old_hole<S>(&mut self, outlet: &mut Outlet<'_, S>)
    where
        S: FnMut(Direction, Item<'_>) -> u64,
    {
        if self.is_flowing() {
            return;
        }
        while self.hole_end().is_some()
            && !self.is_asked_for
            && outlet.at.time.since_ns(self.hole.1) > HOLE_TIMEOUT_NS
        {
            self.give_up_hole(outlet);
            self.notice_hole(outlet.at);
        }
    }

    /// Ends the stream: nothing will be sent again.
    pub(super) fn reset<S>(&mut self, outlet: &mut Outlet<'_, S>)
    where
        S: FnMut(Direction, Item<'_>) -> u64,
    {
        self.flush(outlet);
        self.close(outlet);
    }

    /// Delivers all that is held back, with gaps before it.
    pub(super) fn flush<S>(&mut self, outlet: &mut Outlet<'_, S>)
    where
        S: FnMut(Direction, Item<'_>) -> u64,
    {
        while self.hole_end().is_some() {
            self.give_up_hole(outlet);
        }
    }

    pub(super) fn release(&mut self, memory: &mut Memory) {
        self.history.release(memory);
        while self.held.pop_first(memory).is_some() {}
    }

    pub(super) fn is_plausible_reset(&self, sequence: u32) -> bool {
        !self.started || self.position(sequence).abs_diff(self.next) <= MAX_WINDOW
    }

    /// Whether a segment, which comes while nothing is awaited, brings nothing: no bytes, or such that are not needed.
    #[inline]
    pub(super) fn is_unchanged_by(&self, segment: &TcpSegment<'_>) -> bool {
        if segment.flags.intersects(TcpFlags::ENDS) {
            return false;
        }
        let length = segment.payload.len() as u64 + u64::from(segment.missing);
        let start = self.position(segment.sequence);
        length == 0 || start >= self.passed.0 && start.saturating_add(length) <= self.passed.1
    }

    #[inline]
    pub(super) fn is_reopened_by(&self, segment: &TcpSegment<'_>) -> bool {
        if !self.started {
            return false;
        }
        if segment.flags.syn() {
            return segment.sequence.wrapping_add(1) != self.first;
        }
        let has_data = !segment.payload.is_empty() || segment.missing > 0;
        has_data && self.position(segment.sequence).abs_diff(self.next) > MAX_WINDOW
    }

    /// Delivers or holds back one stretch.
    fn accept<S>(&mut self, start: u64, stretch: Stretch<'_>, outlet: &mut Outlet<'_, S>) -> Brought
    where
        S: FnMut(Direction, Item<'_>) -> u64,
    {
        let end = start + stretch.length();
        while self.to_skip > 0 && end > self.next {
            self.pass_over(0);
        }
        if start > self.next {
            return self.held.insert(start, stretch, outlet.at, outlet.memory);
        }
        let mut brought = Brought::default();
        if start < self.next {
            brought.passed = start < self.passed.1 && end > self.passed.0;
            if let Stretch::Bytes(bytes) = stretch {
                brought.conflict = self.history.differs(start, bytes, self.next);
            }
        }
        // Each turn moves `next`, by what this segment brings or by what came before it.
        while self.next < end {
            let first = self.held.first().map_or(u64::MAX, |(first, _)| first);
            if first > self.next {
                brought.new = true;
                self.deliver(stretch.part(self.next - start, first - start), outlet.at, outlet);
            } else {
                brought.conflict |= self.held.first_contradicts(start, stretch);
                self.deliver_first_held(outlet);
            }
        }
        brought
    }

    /// Delivers what stands at `next`.
    fn deliver<S>(&mut self, stretch: Stretch<'_>, at: At, outlet: &mut Outlet<'_, S>)
    where
        S: FnMut(Direction, Item<'_>) -> u64,
    {
        let not_needed = match stretch {
            Stretch::Bytes([]) | Stretch::Missing(0) => return,
            Stretch::Bytes(bytes) => {
                self.next += bytes.len() as u64;
                let not_needed = outlet.give(self.direction, Item::Data { bytes, at });
                if not_needed == 0 {
                    self.history.append(bytes, outlet.memory);
                }
                not_needed
            }
            Stretch::Missing(bytes) => {
                self.history.clear();
                self.next += bytes;
                outlet.memory.stats.tcp_gaps += 1;
                outlet.memory.stats.tcp_gap_bytes += bytes;
                outlet.give(self.direction, Item::Gap { bytes, at })
            }
        };
        if not_needed > 0 {
            self.pass_over(not_needed);
        }
    }

    /// Moves on over bytes that are not needed: a part at once, so that positions stay near the real sequence number.
    fn pass_over(&mut self, not_needed: u64) {
        self.to_skip = self.to_skip.saturating_add(not_needed);
        let step = self.to_skip.min(MAX_SKIP_AT_ONCE);
        if self.passed.1 != self.next {
            self.passed.0 = self.next;
        }
        self.to_skip -= step;
        self.next += step;
        self.passed.1 = self.next;
        self.history.clear();
    }

    /// Delivers what is held back and no longer has to wait, and the end of the stream.
    fn deliver_held<S>(&mut self, outlet: &mut Outlet<'_, S>)
    where
        S: FnMut(Direction, Item<'_>) -> u64,
    {
        while self.held.first().is_some_and(|(first, _)| first <= self.next) {
            self.deliver_first_held(outlet);
        }
        if self.fin.is_some_and(|fin| fin <= self.next) {
            self.close(outlet);
        }
    }

    fn deliver_first_held<S>(&mut self, outlet: &mut Outlet<'_, S>)
    where
        S: FnMut(Direction, Item<'_>) -> u64,
    {
        let Some((start, Piece { content, at })) = self.held.pop_first(outlet.memory) else { return };
        let end = start + content.stretch().length();
        while self.to_skip > 0 && end > self.next {
            self.pass_over(0);
        }
        // What was passed over meanwhile is left out.
        let from = self.next.saturating_sub(start);
        match content {
            Content::Bytes(bytes) => self.deliver(Stretch::Bytes(&bytes).part(from, u64::MAX), at, outlet),
            Content::Missing(length) => {
                self.deliver(Stretch::Missing(length.saturating_sub(from)), at, outlet)
            }
        }
    }

    /// Turns the first hole to a gap and delivers what is behind it.
    fn give_up_hole<S>(&mut self, outlet: &mut Outlet<'_, S>)
    where
        S: FnMut(Direction, Item<'_>) -> u64,
    {
        let Some(end) = self.hole_end() else { return };
        while self.to_skip > 0 && end > self.next {
            self.pass_over(0);
        }
        let at = self.held.first().filter(|(first, _)| *first == end).map_or(outlet.at, |(_, at)| at);
        self.deliver(Stretch::Missing(end.saturating_sub(self.next)), at, outlet);
        self.deliver_held(outlet);
    }

    fn close<S>(&mut self, outlet: &mut Outlet<'_, S>)
    where
        S: FnMut(Direction, Item<'_>) -> u64,
    {
        if !self.closed {
            self.closed = true;
            outlet.give(self.direction, Item::Closed { at: outlet.at });
        }
    }

    /// Remembers since when something waits behind the first hole, if the hole is another one than before.
    fn notice_hole(&mut self, at: At) {
        if self.hole.0 != self.next && self.hole_end().is_some() {
            self.hole = (self.next, self.held.first().map_or(at.time, |(_, at)| at.time));
            self.is_asked_for = false;
        }
    }

    fn count<S>(&mut self, brought: Brought, outlet: &mut Outlet<'_, S>)
    where
        S: FnMut(Direction, Item<'_>) -> u64,
    {
        let stats = &mut outlet.memory.stats;
        stats.tcp_out_of_order += u64::from(brought.new && brought.early);
        stats.tcp_retransmissions += u64::from(!brought.new && !brought.passed);
        if brought.conflict {
            stats.tcp_overlap_conflicts += 1;
            outlet.give(self.direction, Item::Conflict { at: outlet.at });
        }
    }

    /// Whether nothing waits for anything: nothing is held back, and no end was announced. The usual case.
    #[inline]
    pub(super) fn is_flowing(&self) -> bool {
        self.fin.is_none() && self.held.is_empty()
    }

    /// Where the first hole ends: at the first piece held back, or at a FIN.
    fn hole_end(&self) -> Option<u64> {
        if self.is_flowing() {
            return None;
        }
        let fin = self.fin.filter(|fin| *fin > self.next && !self.closed);
        match self.held.first() {
            Some((first, _)) => Some(fin.map_or(first, |fin| fin.min(first))),
            None => fin,
        }
    }

    /// Whether a segment only asks whether the other side is there: one byte that was sent before, of any value
    /// ([RFC 9293] 3.8.4). Behind a FIN, which takes a sequence number of its own, that byte stands at the end.
    fn is_keep_alive(&self, start: u64, end: u64) -> bool {
        end == start + 1
            && (end == self.next || (start == self.next && self.closed && self.fin == Some(self.next)))
    }

    /// The position of a sequence number: the one nearest to `next`, which is far from zero once the stream has started.
    #[inline]
    fn position(&self, sequence: u32) -> u64 {
        #[allow(clippy::cast_possible_truncation)] // positions are sequence numbers in their lower half
        let distance = sequence.wrapping_sub(self.next as u32).cast_signed();
        self.next.wrapping_add_signed(i64::from(distance))
    }
}

/// Added to the first sequence number, so that positions before the first byte are not negative.
const ORIGIN: u64 = 1 << 32;

/// The largest window that TCP knows ([RFC 7323] 2.3).
const MAX_WINDOW: u64 = 1 << 30;

/// Bytes passed over at once. Kept well below the window, so that sequence numbers before and behind stay apart.
const MAX_SKIP_AT_ONCE: u64 = 1 << 28;

/// Capture time after which missing bytes are no longer expected, when the other side does not ask for them.
const HOLE_TIMEOUT_NS: u64 = 2_000_000_000;
