//! Runs rules over the events of one shard, in their order.

use crate::{EventType, Rule, RuleSet};
use rpcscope_model::{Event, EventBody, Phase};
use std::sync::Arc;

/// Runs a rule set over the events of one shard. What a rule remembers of earlier events of a flow is kept here; what
/// must be known of all flows is for [`RuleSet::correlations`], after the shards.
#[derive(Debug)]
pub struct Watch {
    rules: Arc<RuleSet>,
}

impl Watch {
    /// Has seen no event.
    pub fn new(rules: Arc<RuleSet>) -> Self {
        Self { rules }
    }

    /// Takes the next event, and adds to `hits` the position of each rule that it is the first to hold for, in ascending
    /// order. A call comes twice when its request was announced; a rule looks at it once.
    pub fn event(&mut self, event: &Event, hits: &mut Vec<usize>) {
        self.rules.each_match(event, |at, rule| {
            if rule.is_due(event) {
                hits.push(at);
            }
        });
    }
}

impl Rule {
    /// Whether the rule looks at an event: it is of its log source, and for a call it is the first event that has all
    /// fields that the rule reads.
    pub fn looks_at(&self, event: &Event) -> bool {
        EventType::of(event).is_some_and(|kind| self.source.events.contains(&kind)) && self.is_due(event)
    }

    /// Whether this is the event of a call that the rule looks at: the first that has all fields that it reads.
    pub(crate) fn is_due(&self, event: &Event) -> bool {
        let EventBody::Call(call) = &event.body else { return true };
        let has = |told: usize| {
            let arguments = call.arguments.as_deref();
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
