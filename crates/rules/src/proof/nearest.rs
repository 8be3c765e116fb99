//! The events that came nearest to what a rule wants.

use crate::{Trace, Watch};
use rpcscope_model::Event;
use std::cmp::Reverse;
use std::sync::Arc;

/// An event that a rule looked at, with what came of each condition.
#[derive(Clone, Debug)]
pub struct Near {
    /// The event.
    pub event: Arc<Event>,
    /// What came of each condition.
    pub trace: Trace,
}

/// Collects the events that came nearest to what a rule wants: those for which it held, then those of which more
/// conditions held; of equal ones the first.
#[derive(Debug)]
pub struct Nearest {
    most: usize,
    events: Vec<(Key, Near)>,
    /// Events that the rule looked at.
    pub looked_at: u64,
    /// Events for which it held.
    pub held: u64,
}

/// Whether the rule held, which share of its conditions did in thousandths, and the place among all events.
type Key = (bool, u64, Reverse<u64>);

impl Nearest {
    /// Collects up to `most` events.
    pub fn new(most: usize) -> Self {
        Self { most, events: Vec::new(), looked_at: 0, held: 0 }
    }

    /// Takes an event, if the rule at a position looks at it. `watch` has seen the events before it.
    pub fn event(&mut self, watch: &Watch, position: usize, event: &Arc<Event>) {
        let Some(trace) = watch.trace(event, position) else { return };
        self.looked_at += 1;
        self.held += u64::from(trace.held);
        let (held, all) = trace.nearness();
        let share = 1000 * held as u64 / (all.max(1) as u64);
        if !trace.held && held == 0 {
            return;
        }
        let key = (trace.held, share, Reverse(self.looked_at));
        let at = self.events.partition_point(|(known, _)| *known > key);
        if at < self.most {
            self.events.insert(at, (key, Near { event: Arc::clone(event), trace }));
            self.events.truncate(self.most);
        }
    }

    /// The events, nearest first.
    pub fn events(&self) -> impl Iterator<Item = &Near> {
        self.events.iter().map(|(_, near)| near)
    }
}
