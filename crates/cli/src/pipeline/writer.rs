//! Formats events and alerts, and counts them.

use super::Plan;
use rpcscope_model::{Alert, Event, Phase};
use rpcscope_rules::Correlator;
use rpcscope_sinks::{Memo, Summary};
use std::sync::Arc;

/// Formats events and alerts, and counts them.
pub(super) struct Writer<'a> {
    plan: &'a Plan<'a>,
    pub(super) summary: Summary,
    memo: Memo,
    /// What was formatted and not taken yet: whole lines.
    pub(super) bytes: Vec<u8>,
    /// Events that correlations are to be asked about, in order.
    pub(super) deferred: Vec<Deferred>,
    /// Alerts so far.
    pub(super) alerts: u64,
}

/// An event that correlations are to be asked about.
pub(super) struct Deferred {
    /// Where in the bytes that were formatted meanwhile stands what they say.
    pub(super) at: usize,
    /// The rules that hold for it.
    positions: Vec<usize>,
    event: Arc<Event>,
}

impl<'a> Writer<'a> {
    pub(super) fn new(plan: &'a Plan<'a>) -> Self {
        Self {
            plan,
            summary: Summary::default(),
            memo: Memo::default(),
            bytes: Vec::new(),
            deferred: Vec::new(),
            alerts: 0,
        }
    }

    /// Formats an event, and what the rules at these positions say about it.
    pub(super) fn event(&mut self, event: Event, hits: &[usize]) {
        let plan = self.plan;
        if event.header.phase == Phase::Settled && self.is_printed(&event) {
            if plan.summarise {
                self.summary.observe(&event);
            }
            if !plan.printed.alerts_only {
                plan.format.event(&event, &plan.context, &mut self.memo, &mut self.bytes);
            }
        }
        let Some(rules) = plan.rules.as_ref().filter(|_| !hits.is_empty()) else { return };
        let event = Arc::new(event);
        for alert in hits.iter().filter_map(|hit| rules.alert(*hit, &event)) {
            self.alert(&alert);
        }
        let positions: Vec<usize> = hits.iter().copied().filter(|hit| rules.is_deferred(*hit)).collect();
        if !positions.is_empty() {
            self.deferred.push(Deferred { at: self.bytes.len(), positions, event });
        }
    }

    /// Formats an alert.
    pub(super) fn alert(&mut self, alert: &Alert) {
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
    pub(super) fn settle(&mut self, correlator: &mut Correlator) {
        for deferred in std::mem::take(&mut self.deferred) {
            self.correlate(&deferred, correlator);
        }
    }

    /// Formats what correlations say about an event.
    pub(super) fn correlate(&mut self, deferred: &Deferred, correlator: &mut Correlator) {
        let mut alerts = Vec::new();
        for position in &deferred.positions {
            correlator.hit(*position, &deferred.event, &mut alerts);
        }
        alerts.iter().for_each(|told| self.alert(&told.alert));
    }

    /// Formats what correlations say at the end.
    pub(super) fn finish(&mut self, correlator: &mut Correlator) {
        let mut alerts = Vec::new();
        correlator.finish(&mut alerts);
        alerts.iter().for_each(|told| self.alert(&told.alert));
    }

    fn is_printed(&self, event: &Event) -> bool {
        self.plan.printed.filter.as_ref().is_none_or(|filter| filter.holds(event))
    }
}
