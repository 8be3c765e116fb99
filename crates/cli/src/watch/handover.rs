//! Packets on their way from the threads that read sockets to those that run shards, put in the order of their time.
//!
//! Two hosts meet in one shard, but their packets may come from several sockets: those of two interfaces of a TAP, of
//! which each carries one direction, or those of one interface whose kernel cannot look into a tunnel. An answer must not
//! be looked at before its question, so packets wait a moment for older ones of other sockets.

use rpcscope_flow::{Direction, Packet, Pair};
use rpcscope_model::{Frame, FrameNumber, KeptFrame, Timestamp};
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// Packets that were copied out of a ring.
#[derive(Default, Debug)]
pub(super) struct Load {
    packets: Vec<Copied>,
    bytes: Vec<u8>,
    /// The frames of all fragments of packets, the last one's last, by the packet's position, when sessions may be carved.
    frames: VecDeque<(usize, Vec<KeptFrame>)>,
    frame_bytes: usize,
}

#[derive(Clone, Copy, Debug)]
struct Copied {
    time: Timestamp,
    frame: FrameNumber,
    shard: usize,
    hosts: Pair,
    direction: Direction,
    protocol: u8,
    length: usize,
    /// Where its payload ends in the bytes of the load. It begins where that of the packet before ends.
    end: usize,
}

impl Load {
    /// Copies a packet.
    pub(super) fn add(&mut self, shard: usize, packet: &Packet<'_>) {
        self.bytes.extend_from_slice(packet.payload);
        self.packets.push(Copied {
            time: packet.time,
            frame: packet.frame,
            shard,
            hosts: packet.hosts,
            direction: packet.direction,
            protocol: packet.protocol,
            length: packet.length,
            end: self.bytes.len(),
        });
    }

    /// Copies a packet, the frame that it came in, and takes those of its other fragments.
    pub(super) fn add_with(
        &mut self,
        shard: usize,
        packet: &Packet<'_>,
        frame: &Frame<'_>,
        fragments: &mut Vec<KeptFrame>,
    ) {
        let mut frames = std::mem::take(fragments);
        self.frame_bytes += frame.bytes.len();
        frames.push(KeptFrame::from(frame));
        self.frames.push_back((self.packets.len(), frames));
        self.add(shard, packet);
    }

    /// Number of packets.
    pub(super) fn len(&self) -> usize {
        self.packets.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.packets.is_empty()
    }

    /// Whether it is large enough to be handed over.
    pub(super) fn is_full(&self) -> bool {
        self.packets.len() >= MOST_PACKETS || self.bytes.len() + self.frame_bytes >= MOST_BYTES
    }

    /// Takes out the frames of a packet.
    fn take_frames(&mut self, index: usize) -> Vec<KeptFrame> {
        let is_its = self.frames.front().is_some_and(|(of, _)| *of == index);
        is_its.then(|| self.frames.pop_front()).flatten().map(|(_, frames)| frames).unwrap_or_default()
    }

    fn packet(&self, index: usize) -> Option<(usize, Packet<'_>)> {
        let start = match index.checked_sub(1) {
            None => 0,
            Some(before) => self.packets.get(before)?.end,
        };
        let copied = self.packets.get(index)?;
        let packet = Packet {
            time: copied.time,
            frame: copied.frame,
            hosts: copied.hosts,
            direction: copied.direction,
            protocol: copied.protocol,
            payload: self.bytes.get(start..copied.end)?,
            length: copied.length,
        };
        Some((copied.shard, packet))
    }
}

/// Loads of all sockets, from which packets are taken by time.
///
/// Nothing waits for a socket that has nothing to say, and a clock that is set back or forth costs the order of a moment
/// and no packet: what has waited for [`PATIENCE`] is taken whatever its time.
#[derive(Debug)]
pub(super) struct Merge {
    /// By socket.
    queues: Vec<VecDeque<Waiting>>,
    loads: usize,
}

#[derive(Debug)]
struct Waiting {
    load: Load,
    /// The packet that comes next.
    next: usize,
    since: Instant,
}

impl Merge {
    pub(super) fn new(sockets: usize) -> Self {
        Self { queues: (0..sockets).map(|_| VecDeque::new()).collect(), loads: 0 }
    }

    /// Adds a load that came from a socket, after the loads that came from it before.
    pub(super) fn push(&mut self, socket: usize, load: Load, now: Instant) {
        if let Some(queue) = self.queues.get_mut(socket).filter(|_| !load.is_empty()) {
            queue.push_back(Waiting { load, next: 0, since: now });
            self.loads += 1;
        }
    }

    /// Gives packets with their shards to `each`, the oldest first, until all that are left may still wait.
    pub(super) fn take(&mut self, now: Instant, each: &mut impl FnMut(usize, &Packet<'_>, Vec<KeptFrame>)) {
        while self.is_due(now) && self.take_one(each) {}
    }

    /// Gives all packets to `each`.
    pub(super) fn take_all(&mut self, each: &mut impl FnMut(usize, &Packet<'_>, Vec<KeptFrame>)) {
        while self.take_one(each) {}
    }

    /// Whether something has waited for long enough, or too much waits, or there is nothing to wait for.
    fn is_due(&self, now: Instant) -> bool {
        let has_waited = |queue: &VecDeque<Waiting>| {
            queue.front().is_some_and(|front| now.saturating_duration_since(front.since) >= PATIENCE)
        };
        self.queues.len() == 1 || self.loads > MOST_LOADS || self.queues.iter().any(has_waited)
    }

    /// Takes the oldest packet.
    fn take_one(&mut self, each: &mut impl FnMut(usize, &Packet<'_>, Vec<KeptFrame>)) -> bool {
        let time = |queue: &VecDeque<Waiting>| {
            let front = queue.front()?;
            Some(front.load.packets.get(front.next)?.time)
        };
        let oldest = self.queues.iter().enumerate().filter_map(|(at, queue)| Some((time(queue)?, at))).min();
        let Some(queue) = oldest.and_then(|(_, at)| self.queues.get_mut(at)) else { return false };
        let Some(front) = queue.front_mut() else { return false };
        let frames = front.load.take_frames(front.next);
        if let Some((shard, packet)) = front.load.packet(front.next) {
            each(shard, &packet, frames);
        }
        front.next += 1;
        if front.next >= front.load.len() {
            queue.pop_front();
            self.loads -= 1;
        }
        true
    }
}

/// How long a packet waits for older ones of other sockets: three times as long as a ring keeps a frame back.
pub(super) const PATIENCE: Duration = Duration::from_millis(30);
/// Loads that may wait; with [`MOST_BYTES`] it bounds what a thread holds.
const MOST_LOADS: usize = 256;
/// Packets of a load: enough that handing it over costs little for each.
const MOST_PACKETS: usize = 512;
/// Payload bytes of a load.
const MOST_BYTES: usize = 256 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    fn load(times: &[i64]) -> Load {
        let mut load = Load::default();
        for time in times {
            let payload = time.to_le_bytes();
            load.add(
                3,
                &Packet {
                    time: Timestamp(*time),
                    frame: FrameNumber(1),
                    protocol: 6,
                    payload: &payload,
                    length: payload.len(),
                    ..Packet::default()
                },
            );
        }
        load
    }

    fn taken(merge: &mut Merge, now: Instant) -> Vec<i64> {
        let mut times = Vec::new();
        merge.take(now, &mut |shard, packet, _| {
            assert_eq!((shard, packet.payload), (3, packet.time.0.to_le_bytes().as_slice()));
            times.push(packet.time.0);
        });
        times
    }

    #[test]
    fn packets_of_two_sockets_come_by_time_once_they_have_waited() {
        let start = Instant::now();
        let mut merge = Merge::new(2);
        merge.push(0, load(&[10, 30, 50]), start);
        merge.push(1, load(&[20, 40]), start + PATIENCE / 2);
        assert_eq!(taken(&mut merge, start + PATIENCE / 2), Vec::<i64>::new());
        // The first load has waited; nothing of the second that is older than its last packet is behind it.
        assert_eq!(taken(&mut merge, start + PATIENCE), [10, 20, 30, 40, 50]);
    }

    #[test]
    fn packets_of_one_socket_do_not_wait() {
        let start = Instant::now();
        let mut merge = Merge::new(1);
        merge.push(0, load(&[10, 5]), start);
        assert_eq!(taken(&mut merge, start), [10, 5]);
    }

    #[test]
    fn a_clock_that_is_set_back_delays_nothing_for_longer() {
        let start = Instant::now();
        let mut merge = Merge::new(2);
        merge.push(0, load(&[1_000_000]), start);
        merge.push(1, load(&[5]), start);
        assert_eq!(taken(&mut merge, start + PATIENCE), [5, 1_000_000]);
    }

    #[test]
    fn too_many_loads_do_not_wait() {
        let start = Instant::now();
        let mut merge = Merge::new(2);
        for time in 0..=MOST_LOADS {
            merge.push(0, load(&[i64::try_from(time).expect("a small number")]), start);
        }
        assert_eq!(taken(&mut merge, start), [0]);
    }
}
