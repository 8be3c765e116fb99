//! A thread's shards: packets in, parcels of lines out.

use super::running::{Counted, Running};
use super::teller::Message;
use crate::pipeline::Plan;
use crate::pipeline::writer::{Deferred, Writer};
use crossbeam_channel::Sender;
use rpcscope_engine::{SHARDS, Shard, sort_final_events};
use rpcscope_flow::Packet;
use rpcscope_model::{CarveId, Carved, Event, Frame, KeptFrame, Stats, Timestamp};
use rpcscope_rules::RuleSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// What a worker has to tell.
pub(super) struct Parcel {
    /// The generation of the rules that hold for its events, and the rules.
    pub(super) generation: u64,
    pub(super) rules: Option<Arc<RuleSet>>,
    /// Whole lines.
    pub(super) bytes: Vec<u8>,
    /// Events that correlations are to be asked about, with where in `bytes` the answer stands.
    pub(super) deferred: Vec<Deferred>,
}

/// An event, with the positions of the rules that hold for it and where its session is carved to.
type Judged = (Event, (Vec<usize>, Option<CarveId>));

/// Some of the shards, and what is told of their events.
pub(super) struct Worker<'a> {
    number: usize,
    workers: usize,
    running: &'a Running,
    /// Shard `s` is the `s / workers`th of worker `s % workers`.
    shards: Vec<Shard>,
    writer: Writer<'a>,
    generation: u64,
    messages: Sender<Message>,
    /// Takes what is carved, when that is wanted.
    carver: Option<Sender<Vec<Carved>>>,
    carved: Vec<Carved>,
    sent: Instant,
    published: Instant,
}

impl<'a> Worker<'a> {
    pub(super) fn new(
        plan: &'a Plan<'a>,
        running: &'a Running,
        number: usize,
        workers: usize,
        messages: Sender<Message>,
        carver: Option<Sender<Vec<Carved>>>,
        now: Instant,
    ) -> Self {
        Self {
            number,
            workers,
            running,
            shards: (number..SHARDS).step_by(workers).map(|_| plan.shard()).collect(),
            writer: Writer::new(plan),
            generation: 0,
            messages,
            carver,
            carved: Vec::new(),
            sent: now,
            published: now,
        }
    }

    /// Takes a packet of one of its shards.
    #[inline]
    pub(super) fn packet(&mut self, shard: usize, packet: &Packet<'_>) {
        let Self { shards, writer, workers, .. } = self;
        if let Some(shard) = shards.get_mut(shard / *workers) {
            shard.packet(packet);
            shard.tell(&mut |event, hits| writer.event(event, hits, None));
        }
    }

    /// The same, with the frame that it came in and those of its other fragments, for rules that want sessions to be
    /// carved.
    pub(super) fn packet_with(
        &mut self,
        shard: usize,
        packet: &Packet<'_>,
        frame: &Frame<'_>,
        fragments: &mut Vec<KeptFrame>,
    ) {
        let Self { shards, writer, workers, carved, .. } = self;
        if let Some(shard) = shards.get_mut(shard / *workers) {
            shard.packet(packet);
            shard.keep(packet, frame, fragments);
            shard.tell_carved(&mut |event, hits, carve| writer.event(event, hits, carve));
            carved.extend(shard.carved());
        }
    }

    /// To be called after some packets, or when none have come for a moment: hands over what there is to tell, and looks
    /// whether the rules have changed.
    pub(super) fn turn(&mut self, now: Instant) {
        let waited = now.saturating_duration_since(self.sent) >= LATENCY;
        if self.writer.bytes.len() >= PARCEL_BYTES || (waited && self.has_something()) {
            self.send(now);
        }
        if !self.carved.is_empty() {
            self.send_carved();
        }
        if let Some((generation, rules)) = self.running.changed_rules(self.generation) {
            self.send(now);
            self.generation = generation;
            for shard in &mut self.shards {
                shard.reload(rules.clone());
            }
            self.writer.reload(rules);
        }
        if now.saturating_duration_since(self.published) >= PUBLISHED_EACH {
            self.published = now;
            self.running.publish(self.thread(), self.counted());
        }
        self.running.turn(self.thread());
    }

    /// It is `now`, and no packet has come.
    pub(super) fn tick(&mut self, now: Timestamp) {
        let Self { shards, writer, carved, .. } = self;
        for shard in shards {
            shard.tick(now);
            shard.tell_carved(&mut |event, hits, carve| writer.event(event, hits, carve));
            carved.extend(shard.carved());
        }
    }

    /// Tells what is still open, and publishes the last figures.
    pub(super) fn finish(mut self) {
        let mut last: Vec<Judged> = Vec::new();
        for shard in &mut self.shards {
            shard.finish();
            shard.tell_carved(&mut |event, hits, carve| last.push((event, (hits.to_vec(), carve))));
            self.carved.extend(shard.carved());
        }
        self.send_carved();
        sort_final_events(&mut last);
        for (event, (hits, carve)) in last {
            self.writer.event(event, &hits, carve);
            if self.writer.bytes.len() >= PARCEL_BYTES {
                self.send_last();
            }
        }
        self.send_last();
        self.running.publish(self.thread(), self.counted());
    }

    fn has_something(&self) -> bool {
        !self.writer.bytes.is_empty() || !self.writer.deferred.is_empty()
    }

    /// Never waits: what the teller does not take in time is dropped and counted.
    fn send(&mut self, now: Instant) {
        self.sent = now;
        let parcel = self.parcel();
        if self.messages.try_send(Message::Parcel(parcel)).is_err() {
            self.running.batches_shed.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Waits for the teller: no packets are to be taken any more.
    fn send_last(&mut self) {
        let parcel = self.parcel();
        if self.messages.send_timeout(Message::Parcel(parcel), LAST_WAIT).is_err() {
            self.running.batches_shed.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Never waits, as [`send`](Self::send).
    fn send_carved(&mut self) {
        let carved = std::mem::take(&mut self.carved);
        let Some(carver) = self.carver.as_ref().filter(|_| !carved.is_empty()) else { return };
        if let Err(error) = carver.try_send(carved) {
            let lost = error.into_inner().len() as u64;
            self.running.pieces_shed.fetch_add(lost, Ordering::Relaxed);
        }
    }

    fn parcel(&mut self) -> Parcel {
        Parcel {
            generation: self.generation,
            rules: self.writer.rules().cloned(),
            bytes: std::mem::take(&mut self.writer.bytes),
            deferred: std::mem::take(&mut self.writer.deferred),
        }
    }

    fn counted(&self) -> Counted {
        let mut counted =
            Counted { stats: Stats { alerts: self.writer.alerts, ..Stats::default() }, ..Counted::default() };
        for shard in &self.shards {
            counted.stats.add(&shard.stats());
            counted.sizes.add(&shard.sizes());
        }
        counted
    }

    /// Its number among all threads: readers come first, one for each socket.
    fn thread(&self) -> usize {
        self.running.sockets() + self.number
    }
}

/// How long a line may wait for others.
const LATENCY: Duration = Duration::from_millis(50);
/// How long the end waits for the teller.
const LAST_WAIT: Duration = Duration::from_secs(5);
/// Bytes after which lines do not wait.
const PARCEL_BYTES: usize = 64 << 10;
/// How often figures are published.
pub(super) const PUBLISHED_EACH: Duration = Duration::from_millis(250);
