//! Runs rules over the events of one shard, in their order.

use crate::suricata::{Action, Flows};
use crate::{EventType, Rule, RuleSet, Trace};
use rpcscope_model::{Event, EventBody, Phase, Side};
use std::sync::Arc;

/// Runs a rule set over the events of one shard. What a rule remembers of earlier events of a flow is kept here; what
/// must be known of all flows is for [`RuleSet::correlations`] and thresholds, after the shards.
#[derive(Debug)]
pub struct Watch {
    rules: Arc<RuleSet>,
    flows: Flows,
}

impl Watch {
    /// Has seen no event.
    pub fn new(rules: Arc<RuleSet>) -> Self {
        Self { rules, flows: Flows::new() }
    }

    /// Runs other rules from here on. What was remembered of flows stays: bits have names, whoever sets them.
    pub fn reload(&mut self, rules: Arc<RuleSet>) {
        self.rules = rules;
    }

    /// The rules that it runs.
    pub fn rules(&self) -> &Arc<RuleSet> {
        &self.rules
    }

    /// Takes the next event, and adds to `hits` the position of each rule that it is the first to hold for, in ascending
    /// order. A call comes twice when its request was announced; a rule looks at it once.
    ///
    /// Rules of rule text stand in the order in which they are run: those about what the client sent before those about
    /// what the server sent, among them `pass` before all others, and who sets bits before who asks for them.
    pub fn event(&mut self, event: &Event, hits: &mut Vec<usize>) {
        let rules = Arc::clone(&self.rules);
        let mut passed = [false; 2];
        for at in rules.candidates(event) {
            let Some(rule) = rules.rules().get(at).filter(|rule| rule.is_due(event)) else { continue };
            let Some(text) = &rule.text else {
                if rule.expression.holds(&self.flows.seen(event, Side::Client)) {
                    hits.push(at);
                }
                continue;
            };
            let has_passed = &mut passed[text.sender.index()];
            if *has_passed || !rule.expression.holds(&self.flows.seen(event, text.sender)) {
                continue;
            }
            *has_passed = text.action == Action::Pass;
            self.flows.change(event, text.sender, &text.flowbits);
            if rules.alerts(at) {
                hits.push(at);
            }
        }
        self.flows.settle(event);
    }

    /// Why the rule at a position holds for the next event, or does not, with what is remembered of its flow; `None` when
    /// the rule does not look at it. To be asked before the event is taken.
    pub fn trace(&self, event: &Event, position: usize) -> Option<Trace> {
        let rule = self.rules.rules().get(position).filter(|rule| rule.looks_at(event))?;
        let sender = rule.text.as_ref().map_or(Side::Client, |text| text.sender);
        Some(rule.expression.trace(&self.flows.seen(event, sender)))
    }
}

impl Rule {
    /// Whether the rule looks at an event: it is of its log source, and for a call it is the first event that has all
    /// fields that the rule reads.
    pub fn looks_at(&self, event: &Event) -> bool {
        self.is_about(EventType::of(event)) && self.source.has(event) && self.is_due(event)
    }

    /// Whether this is the event that the rule looks at, of those that tell of one call: the first that has all fields that
    /// it reads.
    pub(crate) fn is_due(&self, event: &Event) -> bool {
        let is_first = |announced: bool| match event.header.phase {
            Phase::Requested => self.is_of_request(),
            Phase::Settled => !(announced && self.is_of_request()),
        };
        let call = match &event.body {
            EventBody::Call(call) => call,
            EventBody::Activation(activation) => return is_first(activation.announced),
            EventBody::Wmi(wmi) => return is_first(wmi.announced),
            _ => return true,
        };
        let has = |told: usize| {
            let arguments = call.arguments.as_ref();
            self.arguments.iter().all(|wanted| {
                let names = arguments.into_iter().flat_map(|arguments| arguments.iter()).take(told);
                names.into_iter().any(|(name, _)| name == &**wanted)
            })
        };
        match (event.header.phase, call.announced) {
            (Phase::Requested, _) => self.is_of_request() && has(usize::MAX),
            (Phase::Settled, Some(told)) => !(self.is_of_request() && has(told)),
            (Phase::Settled, None) => true,
        }
    }
}
