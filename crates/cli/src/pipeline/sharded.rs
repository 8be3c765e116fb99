//! One thread reads and decodes frames, others run the shards, one writes.
//!
//! ```text
//!            ┌──► worker 0: shards 0, N, 2N …  ──┐
//!   reader ──┼──► worker 1: shards 1, N+1 …    ──┼──► writer
//!            └──► …                            ──┘
//! ```
//!
//! Every worker gets a task for every batch, and gives a parcel for every task, so the writer needs no more than the
//! next parcel of each to go on. A frame belongs to one shard: the parcels of a batch, merged by frame number, are in
//! one order whatever the number of workers.

use super::writer::{Deferred, Writer};
use super::{BATCH_FRAMES, Findings, Plan, Results};
use crate::feed::Feed;
use crossbeam_channel::{Receiver, Sender, bounded};
use indicatif::ProgressBar;
use rpcscope_capture::Batch;
use rpcscope_engine::{SHARDS, Shard, shard_of, sort_final_events};
use rpcscope_flow::{Decoder, Direction, Packet, Pair};
use rpcscope_model::{CarveId, Carved, Event, Frame, KeptFrame, Limits, Stats, Timestamp};
use rpcscope_rules::Correlator;
use rpcscope_sinks::Summary;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

/// Batches that may be under way. More would only cost memory and cache.
const BATCHES_UNDER_WAY: usize = 8;

/// A packet on its way to its shard: which frame it came in, and where its payload lies.
#[derive(Clone, Copy)]
struct Located {
    shard: u8,
    /// Index of its frame in the batch.
    frame: u32,
    hosts: Pair,
    direction: Direction,
    protocol: u8,
    length: u32,
    payload: Place,
}

/// Where the bytes of a payload lie.
#[derive(Clone, Copy)]
enum Place {
    /// In the frame.
    Frame { start: u32, length: u32 },
    /// In the task: put together from fragments.
    Task { start: u32, length: u32 },
}

/// Packets of a batch for one worker.
#[derive(Default)]
struct Task {
    packets: Vec<Located>,
    reassembled: Vec<u8>,
    /// Frames of the other fragments of packets, by the packet's position, when frames are carved.
    fragments: Vec<(usize, Vec<KeptFrame>)>,
}

/// What a worker made of a task.
struct Parcel {
    marks: Vec<Mark>,
    bytes: Vec<u8>,
    deferred: Vec<Deferred>,
    carved: Vec<Carved>,
}

/// What a frame led to.
struct Mark {
    frame: u64,
    /// Where its lines end in the bytes of the parcel.
    bytes: usize,
    /// Where its events end among those of the parcel that correlations are to be asked about.
    deferred: usize,
    /// How much of what is carved it led to.
    carved: usize,
}

/// An event, with the positions of the rules that hold for it and where its session is carved to.
type Judged = (Event, (Vec<usize>, Option<CarveId>));

/// What a worker has at the end.
struct Rest {
    /// The events of each of its shards, and what is carved, by the shard's number.
    shards: Vec<(usize, Vec<Judged>, Vec<Carved>)>,
    stats: Stats,
    summary: Summary,
}

/// What the one who writes has at the end.
struct Written<'r, 'a> {
    results: &'r mut Results<'a>,
    correlator: Option<Correlator>,
    summary: Summary,
    alerts: u64,
}

pub(super) fn run(
    plan: &Plan<'_>,
    feed: &mut Feed,
    bar: &ProgressBar,
    results: &mut Results<'_>,
) -> Findings {
    let workers = plan.threads.min(SHARDS);
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        let mut tasks = Vec::new();
        let mut parcels = Vec::new();
        let mut handles = Vec::new();
        for worker in 0..workers {
            let (task_to, task_from) = bounded(BATCHES_UNDER_WAY);
            let (parcel_to, parcel_from) = bounded(BATCHES_UNDER_WAY);
            tasks.push(task_to);
            parcels.push(parcel_from);
            handles.push(scope.spawn(move || work(plan, worker, workers, &task_from, &parcel_to)));
        }
        let stop = &stop;
        let writing = scope.spawn(move || write(plan, parcels, results, stop));
        let (mut stats, last) = read(plan, feed, bar, &tasks, stop);
        drop(tasks);
        let mut rests: Vec<Rest> = Vec::new();
        for handle in handles {
            match handle.join() {
                Ok(rest) => rests.push(rest),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        let Written { results, mut correlator, mut summary, alerts } = match writing.join() {
            Ok(written) => written,
            Err(panic) => std::panic::resume_unwind(panic),
        };
        let mut by_shard = Vec::new();
        for rest in rests {
            stats.add(&rest.stats);
            summary.merge(&rest.summary);
            by_shard.extend(rest.shards);
        }
        by_shard.sort_by_key(|(shard, ..)| *shard);
        let mut events: Vec<Judged> = Vec::new();
        for (_, judged, carved) in by_shard {
            events.extend(judged);
            results.carve(carved);
        }
        sort_final_events(&mut events);
        let mut writer = Writer::new(plan);
        for (event, (hits, carve)) in events {
            writer.event(event, &hits, carve);
            if let Some(correlator) = &mut correlator {
                writer.settle(correlator);
            }
        }
        if let Some(correlator) = &mut correlator {
            writer.finish(correlator);
            stats.correlation_groups_evicted += correlator.groups_evicted();
        }
        stats.alerts += alerts + writer.alerts;
        summary.merge(&writer.summary);
        results.output.write(&writer.bytes);
        Findings { stats, summary, last }
    })
}

/// Reads frames, decodes them, and hands the packets to the workers of their shards.
fn read(
    plan: &Plan<'_>,
    feed: &mut Feed,
    bar: &ProgressBar,
    workers: &[Sender<(Arc<Batch>, Task)>],
    stop: &AtomicBool,
) -> (Stats, Timestamp) {
    let mut decoder = Decoder::new(&Limits::WHOLE);
    let mut last = Timestamp::default();
    let mut fragments = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        let mut batch = Batch::new(BATCH_FRAMES);
        if !feed.next_batch(&mut batch) {
            break;
        }
        let mut tasks: Vec<Task> = workers.iter().map(|_| Task::default()).collect();
        for (index, frame) in batch.frames().enumerate() {
            last = frame.time;
            let packet = match plan.carve_bytes {
                None => decoder.decode(&frame),
                Some(_) => decoder.decode_keeping(&frame, &mut fragments),
            };
            let Some(packet) = packet else { continue };
            let shard = shard_of(&packet);
            if let Some(task) = tasks.get_mut(shard % workers.len()) {
                if !fragments.is_empty() {
                    task.fragments.push((task.packets.len(), std::mem::take(&mut fragments)));
                }
                task.add(shard, index, frame.bytes, &packet);
            }
        }
        bar.set_position(feed.position());
        let batch = Arc::new(batch);
        for (worker, task) in workers.iter().zip(tasks) {
            // A worker that is gone has panicked, which joining it will tell.
            let _ = worker.send((Arc::clone(&batch), task));
        }
    }
    decoder.finish();
    (*decoder.stats(), last)
}

impl Task {
    fn add(&mut self, shard: usize, index: usize, frame: &[u8], packet: &Packet<'_>) {
        let narrow = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        let length = narrow(packet.payload.len());
        // A payload that was not put together lies within its frame.
        let start = (packet.payload.as_ptr() as usize).wrapping_sub(frame.as_ptr() as usize);
        let in_frame = start <= frame.len() && packet.payload.len() <= frame.len() - start;
        let payload = if in_frame {
            Place::Frame { start: narrow(start), length }
        } else {
            let start = narrow(self.reassembled.len());
            self.reassembled.extend_from_slice(packet.payload);
            Place::Task { start, length }
        };
        self.packets.push(Located {
            shard: u8::try_from(shard).unwrap_or(u8::MAX),
            frame: narrow(index),
            hosts: packet.hosts,
            direction: packet.direction,
            protocol: packet.protocol,
            length: narrow(packet.length),
            payload,
        });
    }

    fn packet<'a>(&'a self, batch: &'a Batch, located: &Located) -> Option<(Packet<'a>, Frame<'a>)> {
        let frame = batch.frame(located.frame as usize)?;
        let (bytes, start, length) = match located.payload {
            Place::Frame { start, length } => (frame.bytes, start, length),
            Place::Task { start, length } => (self.reassembled.as_slice(), start, length),
        };
        let packet = Packet {
            time: frame.time,
            frame: frame.number,
            hosts: located.hosts,
            direction: located.direction,
            protocol: located.protocol,
            payload: bytes.get(start as usize..start as usize + length as usize)?,
            length: located.length as usize,
        };
        Some((packet, frame))
    }
}

/// Runs the shards of one worker.
fn work(
    plan: &Plan<'_>,
    worker: usize,
    workers: usize,
    tasks: &Receiver<(Arc<Batch>, Task)>,
    parcels: &Sender<Parcel>,
) -> Rest {
    // Shard s belongs to worker s mod N and is its (s div N)th.
    let numbers: Vec<usize> = (worker..SHARDS).step_by(workers).collect();
    let mut shards: Vec<Shard> = numbers.iter().map(|_| plan.shard()).collect();
    let mut writer = Writer::new(plan);
    for (batch, mut task) in tasks {
        let (mut marks, mut carved) = (Vec::new(), Vec::new());
        let mut fragments = std::mem::take(&mut task.fragments).into_iter().peekable();
        for (position, located) in task.packets.iter().enumerate() {
            let Some((packet, frame)) = task.packet(&batch, located) else { continue };
            let Some(shard) = shards.get_mut(usize::from(located.shard) / workers) else { continue };
            shard.packet(&packet);
            let before = carved.len();
            if plan.carve_bytes.is_some() {
                let of_packet = fragments.next_if(|(of, _)| *of == position);
                let mut fragments = of_packet.map(|(_, frames)| frames).unwrap_or_default();
                shard.keep(&packet, &frame, &mut fragments);
            }
            let has_events = !shard.events().is_empty();
            if has_events {
                shard.tell_carved(&mut |event, hits, carve| writer.event(event, hits, carve));
            }
            if plan.carve_bytes.is_some() {
                carved.extend(shard.carved());
            }
            if has_events || carved.len() > before {
                let (bytes, deferred) = (writer.bytes.len(), writer.deferred.len());
                marks.push(Mark { frame: packet.frame.0, bytes, deferred, carved: carved.len() - before });
            }
        }
        let (bytes, deferred) = (std::mem::take(&mut writer.bytes), std::mem::take(&mut writer.deferred));
        // A writer that is gone has panicked, which joining it will tell.
        let _ = parcels.send(Parcel { marks, bytes, deferred, carved });
    }
    let mut stats = Stats { alerts: writer.alerts, ..Stats::default() };
    let mut rest = Vec::new();
    for (number, shard) in numbers.into_iter().zip(&mut shards) {
        shard.finish();
        let mut last = Vec::new();
        shard.tell_carved(&mut |event, hits, carve| last.push((event, (hits.to_vec(), carve))));
        rest.push((number, last, shard.carved().collect()));
        stats.add(&shard.stats());
    }
    Rest { shards: rest, stats, summary: writer.summary }
}

/// Writes the parcels of each batch, merged by frame number, with what correlations say about their events.
fn write<'r, 'a>(
    plan: &Plan<'_>,
    workers: Vec<Receiver<Parcel>>,
    results: &'r mut Results<'a>,
    stop: &AtomicBool,
) -> Written<'r, 'a> {
    let mut correlator = plan.rules.clone().map(Correlator::new);
    let mut writer = Writer::new(plan);
    loop {
        let mut parcels: Vec<Parcel> = workers.iter().map_while(|worker| worker.recv().ok()).collect();
        if parcels.len() < workers.len() {
            return Written { results, correlator, summary: writer.summary, alerts: writer.alerts };
        }
        let mut carved: Vec<_> =
            parcels.iter_mut().map(|parcel| std::mem::take(&mut parcel.carved).into_iter()).collect();
        let mut frames: Vec<(&Mark, usize, Range<usize>, &[Deferred])> = Vec::new();
        for (worker, parcel) in parcels.iter().enumerate() {
            let (mut bytes, mut deferred) = (0, 0);
            for mark in &parcel.marks {
                let asked = parcel.deferred.get(deferred..mark.deferred).unwrap_or_default();
                frames.push((mark, worker, bytes..mark.bytes, asked));
                (bytes, deferred) = (mark.bytes, mark.deferred);
            }
        }
        frames.sort_by_key(|(mark, ..)| mark.frame);
        writer.bytes.clear();
        for (mark, worker, lines, asked) in frames {
            let Some(parcel) = parcels.get(worker) else { continue };
            let mut start = lines.start;
            for deferred in asked {
                writer.bytes.extend_from_slice(parcel.bytes.get(start..deferred.at).unwrap_or_default());
                start = deferred.at;
                if let Some(correlator) = &mut correlator {
                    writer.correlate(deferred, correlator);
                }
            }
            writer.bytes.extend_from_slice(parcel.bytes.get(start..lines.end).unwrap_or_default());
            if let Some(carved) = carved.get_mut(worker) {
                results.carve(carved.take(mark.carved));
            }
        }
        results.output.write(&writer.bytes);
        if results.output.is_stopped() {
            stop.store(true, Ordering::Relaxed);
        }
    }
}
