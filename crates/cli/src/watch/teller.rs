//! The thread that tells: puts what correlations say between the lines of workers, and hands both to the outputs.

use super::worker::Parcel;
use crate::pipeline::Plan;
use crate::pipeline::writer::Writer;
use crossbeam_channel::Receiver;
use rpcscope_rules::{Correlator, Moved, RuleSet};
use rpcscope_sinks::destination::Outlet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// What the teller is given.
pub(super) enum Message {
    /// What a worker has to tell.
    Parcel(Parcel),
    /// Lines that are told as they are.
    Lines(Vec<u8>),
}

/// What the teller counts, for others to read.
#[derive(Default, Debug)]
pub(super) struct Told {
    /// Alerts of correlations, and of rules that may alert only so often.
    pub(super) alerts: AtomicU64,
    pub(super) groups_evicted: AtomicU64,
}

/// Tells until no worker is left.
pub(super) fn tell(plan: &Plan<'_>, messages: &Receiver<Message>, outlets: &[Outlet], told: &Told) {
    let mut teller = Teller {
        writer: Writer::new(plan),
        correlator: plan.rules.clone().map(Correlator::new),
        generation: 0,
        moved: None,
    };
    for message in messages {
        match message {
            Message::Parcel(parcel) => teller.parcel(parcel),
            Message::Lines(lines) => teller.writer.bytes.extend_from_slice(&lines),
        }
        teller.hand_over(outlets, told);
    }
    if let Some(correlator) = &mut teller.correlator {
        teller.writer.finish(correlator);
    }
    teller.hand_over(outlets, told);
}

struct Teller<'a> {
    writer: Writer<'a>,
    correlator: Option<Correlator>,
    /// Of the rules that the correlator has.
    generation: u64,
    /// Where rules of the generation before stand now, for workers that have not heard of the new one.
    moved: Option<Moved>,
}

impl Teller<'_> {
    fn parcel(&mut self, parcel: Parcel) {
        if parcel.generation > self.generation {
            self.change_rules(parcel.generation, parcel.rules.as_ref());
        }
        let is_late = parcel.generation < self.generation;
        let mut start = 0;
        for mut deferred in parcel.deferred {
            self.writer.bytes.extend_from_slice(parcel.bytes.get(start..deferred.at).unwrap_or_default());
            start = deferred.at;
            if is_late {
                deferred.move_to(self.moved.as_ref());
            }
            if let Some(correlator) = &mut self.correlator {
                self.writer.correlate(&deferred, correlator);
            }
        }
        self.writer.bytes.extend_from_slice(parcel.bytes.get(start..).unwrap_or_default());
    }

    fn change_rules(&mut self, generation: u64, rules: Option<&Arc<RuleSet>>) {
        self.generation = generation;
        match (&mut self.correlator, rules) {
            (Some(correlator), Some(rules)) => self.moved = Some(correlator.reload(Arc::clone(rules))),
            (correlator, rules) => {
                *correlator = rules.cloned().map(Correlator::new);
                self.moved = None;
            }
        }
    }

    fn hand_over(&mut self, outlets: &[Outlet], told: &Told) {
        told.alerts.store(self.writer.alerts, Ordering::Relaxed);
        let evicted = self.correlator.as_ref().map_or(0, Correlator::groups_evicted);
        told.groups_evicted.store(evicted, Ordering::Relaxed);
        if self.writer.bytes.is_empty() {
            return;
        }
        let lines: Arc<[u8]> = std::mem::take(&mut self.writer.bytes).into();
        for outlet in outlets {
            outlet.offer(Arc::clone(&lines));
        }
    }
}
