//! The threads that take frames: one for all when there is one socket, else one for each socket and one for each part of
//! the shards.
//!
//! ```text
//!   one socket:                            several:
//!
//!   socket ──► decoder ──► worker ─►       socket 0 ──► decoder ──┬──► merge ──► worker 0 ─►
//!              one thread, no copy         socket 1 ──► decoder ──┴──► merge ──► worker 1 ─►
//!                                          a thread each   copies      a thread each
//! ```

use super::clock;
use super::handover::{Load, Merge, PATIENCE};
use super::running::{Counted, Running};
use super::worker::{PUBLISHED_EACH, Worker};
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender};
use rpcscope_capture::live::{LiveSource, Notice};
use rpcscope_engine::shard_of;
use rpcscope_flow::{Decoder, Packet};
use rpcscope_model::{Frame, FrameNumber, KeptFrame, Limits, Sizes};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// Whether sessions may be carved.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Carving {
    /// Frames are kept for it.
    Asked,
    /// Only packets are of interest.
    Not,
}

/// A packet, and the frame that it came in with those of its other fragments, when sessions may be carved.
type Arrived<'f, 'p> = (&'p Packet<'f>, Option<(&'p Frame<'f>, &'p mut Vec<KeptFrame>)>);

/// One socket and what takes its frames apart.
pub(super) struct Reader<'a> {
    source: LiveSource,
    decoder: Decoder,
    /// Whether frames are needed beside packets, for sessions that are carved.
    carving: Carving,
    /// Frames of the other fragments of a packet.
    fragments: Vec<KeptFrame>,
    socket: usize,
    /// Added to the number of each frame, so that numbers of flows are not used again after a restart.
    base: u64,
    running: &'a Running,
    notices: Sender<(usize, Notice)>,
    published: Instant,
    /// Since when the sensor is to end, and how often nothing was read since.
    ending: Option<(Instant, u32)>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(
        source: LiveSource,
        socket: usize,
        base: u64,
        carving: Carving,
        running: &'a Running,
        notices: Sender<(usize, Notice)>,
    ) -> Self {
        let decoder = Decoder::new(&Limits::WHOLE);
        Self {
            source,
            decoder,
            carving,
            fragments: Vec::new(),
            socket,
            base,
            running,
            notices,
            published: Instant::now(),
            ending: None,
        }
    }

    /// Reads what is there, at most [`BURST`] frames, waiting a moment when nothing is. Returns how many it were.
    fn read(&mut self, each: &mut impl FnMut(Arrived<'_, '_>)) -> usize {
        let Self { source, decoder, carving, fragments, socket, base, running, notices, .. } = self;
        let (socket, sockets) = (*socket, running.sockets());
        let reading = source.read(BURST, &mut |frame| {
            let number = FrameNumber(base.saturating_add(frame.number.0)).of_source(socket, sockets);
            let frame = Frame { number, ..*frame };
            match carving {
                Carving::Not => {
                    if let Some(packet) = decoder.decode(&frame) {
                        each((&packet, None));
                    }
                }
                Carving::Asked => {
                    if let Some(packet) = decoder.decode_keeping(&frame, fragments) {
                        each((&packet, Some((&frame, fragments))));
                    }
                }
            }
        });
        while let Some(notice) = source.notice() {
            // Nobody listens any more when the sensor comes to its end.
            let _ = notices.send((socket, notice));
        }
        reading.frames
    }

    /// Whether to read on after so many frames. What had come when the sensor was told to end is read, too: the kernel hands
    /// the last frames over in a moment.
    fn goes_on(&mut self, frames: usize) -> bool {
        if !self.running.is_stopped() {
            return true;
        }
        let (since, silent) = self.ending.get_or_insert_with(|| (Instant::now(), 0));
        *silent = if frames == 0 { *silent + 1 } else { 0 };
        *silent <= SILENT_READS && since.elapsed() < LAST_READ
    }

    /// Publishes what was counted, now and then.
    fn turn(&mut self, now: Instant) {
        self.running.turn(self.socket);
        if now.saturating_duration_since(self.published) >= PUBLISHED_EACH {
            self.published = now;
            self.publish();
        }
    }

    fn publish(&mut self) {
        let counted = Counted { stats: *self.decoder.stats(), sizes: Sizes::default() };
        self.running.publish(self.socket, counted);
        self.running.publish_counters(self.socket, self.source.counters());
    }

    fn finish(mut self) {
        self.decoder.finish();
        self.publish();
    }
}

/// Takes the frames of one socket to the end, with all shards.
pub(super) fn watch_alone(mut reader: Reader<'_>, mut worker: Worker<'_>) {
    let mut frames = 0;
    while reader.goes_on(frames) {
        frames = reader.read(&mut |(packet, frames)| match frames {
            None => worker.packet(shard_of(packet), packet),
            Some((frame, fragments)) => worker.packet_with(shard_of(packet), packet, frame, fragments),
        });
        if frames == 0 {
            worker.tick(clock::now());
        }
        let now = Instant::now();
        reader.turn(now);
        worker.turn(now);
    }
    reader.finish();
    worker.finish();
}

/// Reads one socket to the end, and hands its packets to the workers of their shards.
pub(super) fn read(mut reader: Reader<'_>, workers: &[Sender<(usize, Load)>], running: &Running) {
    let mut loads: Vec<Load> = workers.iter().map(|_| Load::default()).collect();
    let mut frames = 0;
    while reader.goes_on(frames) {
        let socket = reader.socket;
        frames = reader.read(&mut |(packet, frames)| {
            let shard = shard_of(packet);
            let at = shard % workers.len();
            if let (Some(load), Some(worker)) = (loads.get_mut(at), workers.get(at)) {
                match frames {
                    None => load.add(shard, packet),
                    Some((frame, fragments)) => load.add_with(shard, packet, frame, fragments),
                }
                if load.is_full() {
                    hand_over(socket, load, worker, running);
                }
            }
        });
        for (load, worker) in loads.iter_mut().zip(workers) {
            hand_over(socket, load, worker, running);
        }
        reader.turn(Instant::now());
    }
    reader.finish();
}

/// Waits a moment for a worker that is behind, while frames are kept in the ring; then drops the packets.
fn hand_over(socket: usize, load: &mut Load, worker: &Sender<(usize, Load)>, running: &Running) {
    if load.is_empty() {
        return;
    }
    let packets = load.len() as u64;
    if worker.send_timeout((socket, std::mem::take(load)), STALL).is_err() {
        running.packets_shed.fetch_add(packets, Ordering::Relaxed);
    }
}

/// Runs shards on the packets of several sockets, to the end.
pub(super) fn work(mut worker: Worker<'_>, loads: &Receiver<(usize, Load)>, running: &Running) {
    let mut merge = Merge::new(running.sockets());
    loop {
        match loads.recv_timeout(PATIENCE / 2) {
            Ok((socket, load)) => {
                let now = Instant::now();
                merge.push(socket, load, now);
                for (socket, load) in loads.try_iter().take(LOADS_AT_ONCE) {
                    merge.push(socket, load, now);
                }
            }
            Err(RecvTimeoutError::Timeout) => worker.tick(clock::now()),
            Err(RecvTimeoutError::Disconnected) => break,
        }
        let now = Instant::now();
        merge.take(now, &mut |shard, packet, frames| take(&mut worker, shard, packet, frames));
        worker.turn(now);
    }
    merge.take_all(&mut |shard, packet, frames| take(&mut worker, shard, packet, frames));
    worker.finish();
}

/// Gives a worker a packet, with its frames when sessions may be carved.
fn take(worker: &mut Worker<'_>, shard: usize, packet: &Packet<'_>, mut frames: Vec<KeptFrame>) {
    match frames.pop() {
        None => worker.packet(shard, packet),
        Some(last) => worker.packet_with(shard, packet, &last.as_frame(), &mut frames),
    }
}

/// Frames that are read before the thread looks at anything else.
const BURST: usize = 512;
/// Reads without a frame after which no more come: the ring keeps a frame back for no longer than one read waits.
const SILENT_READS: u32 = 2;
/// How long frames are read on when the sensor was told to end, should they not cease.
const LAST_READ: Duration = Duration::from_secs(1);
/// Loads that a worker may be behind, for each socket.
pub(super) const LOADS_BEHIND: usize = 64;
/// Loads that are looked at together.
const LOADS_AT_ONCE: usize = 16;
/// How long a reader waits for a worker that is behind.
const STALL: Duration = Duration::from_millis(100);
