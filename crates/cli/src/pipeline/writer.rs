//! Formats events and alerts, and counts them.

use super::Plan;
use rpcscope_model::{Alert, CarveId, Event, Phase};
use rpcscope_rules::{Correlator, Moved, RuleSet};
use rpcscope_sinks::{Memo, Summary};
use std::sync::Arc;

/// Formats events and alerts, and counts them.
pub(crate) struct Writer<'a> {
    plan: &'a Plan<'a>,
    /// The rules that events are told with the positions of.
    rules: Option<Arc<RuleSet>>,
    pub(crate) summary: Summary,
    memo: Memo,
    /// What was formatted and not taken yet: whole lines.
    pub(crate) bytes: Vec<u8>,
    /// Events that correlations are to be asked about, in order.
    pub(crate) deferred: Vec<Deferred>,
    /// Alerts so far.
    pub(crate) alerts: u64,
}

/// An event that correlations are to be asked about.
pub(crate) struct Deferred {
    /// Where in the bytes that were formatted meanwhile stands what they say.
    pub(crate) at: usize,
    /// The rules that hold for it.
    positions: Vec<usize>,
    event: Arc<Event>,
    /// Where the session of the event is carved to.
    carve: Option<CarveId>,
}

impl Deferred {
    /// Gives the rules the positions that they have in the set that was loaded since; those that are gone say nothing.
    pub(crate) fn move_to(&mut self, moved: Option<&Moved>) {
        let to = |position: &usize| moved.and_then(|moved| moved.get(*position));
        self.positions = self.positions.iter().filter_map(to).collect();
    }
}

impl<'a> Writer<'a> {
    pub(crate) fn new(plan: &'a Plan<'a>) -> Self {
        Self {
            plan,
            rules: plan.rules.clone(),
            summary: Summary::default(),
            memo: Memo::default(),
            bytes: Vec::new(),
            deferred: Vec::new(),
            alerts: 0,
        }
    }

    /// The rules that events are told with the positions of.
    pub(crate) const fn rules(&self) -> Option<&Arc<RuleSet>> {
        self.rules.as_ref()
    }

    /// Events are told with the positions of other rules from here on.
    pub(crate) fn reload(&mut self, rules: Option<Arc<RuleSet>>) {
        self.rules = rules;
    }

    /// Formats an event, and what the rules at these positions say about it. `carve` says where its session is carved to.
    pub(crate) fn event(&mut self, event: Event, hits: &[usize], carve: Option<CarveId>) {
        let plan = self.plan;
        if event.header.phase == Phase::Settled && self.is_printed(&event) {
            if plan.summarise {
                self.summary.observe(&event);
            }
            if !plan.printed.alerts_only {
                plan.format.event(&event, &plan.context, &mut self.memo, &mut self.bytes);
            }
        }
        if hits.is_empty() {
            return;
        }
        let Some(rules) = self.rules.clone() else { return };
        let event = Arc::new(event);
        for alert in hits.iter().filter_map(|hit| rules.alert(*hit, &event)) {
            self.alert(&Alert { capture: carve, ..alert });
        }
        let positions: Vec<usize> = hits.iter().copied().filter(|hit| rules.is_deferred(*hit)).collect();
        if !positions.is_empty() {
            self.deferred.push(Deferred { at: self.bytes.len(), positions, event, carve });
        }
    }

    /// Formats an alert.
    pub(crate) fn alert(&mut self, alert: &Alert) {
        let plan = self.plan;
        self.alerts += 1;
        if self.is_printed(&alert.event) {
            if plan.summarise {
                self.summary.observe_alert(alert);
            }
            plan.format.alert(alert, &plan.context, &mut self.memo, &mut self.bytes);
        }
    }

    /// Formats what correlations say about the events that wait for that.
    pub(crate) fn settle(&mut self, correlator: &mut Correlator) {
        for deferred in std::mem::take(&mut self.deferred) {
            self.correlate(&deferred, correlator);
        }
    }

    /// Formats what correlations say about an event.
    pub(crate) fn correlate(&mut self, deferred: &Deferred, correlator: &mut Correlator) {
        let mut alerts = Vec::new();
        for position in &deferred.positions {
            correlator.hit(*position, &deferred.event, &mut alerts);
        }
        for mut told in alerts {
            // A correlation that was waiting for its time may be about an earlier event.
            if Arc::ptr_eq(&told.alert.event, &deferred.event) {
                told.alert.capture = deferred.carve;
            }
            self.alert(&told.alert);
        }
    }

    /// Formats what correlations say at the end.
    pub(crate) fn finish(&mut self, correlator: &mut Correlator) {
        let mut alerts = Vec::new();
        correlator.finish(&mut alerts);
        alerts.iter().for_each(|told| self.alert(&told.alert));
    }

    fn is_printed(&self, event: &Event) -> bool {
        self.plan.printed.filter.as_ref().is_none_or(|filter| filter.holds(event))
    }
}
