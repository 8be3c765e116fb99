//! The rules that are loaded, and which of them an event is about.

use crate::demand::Index;
use crate::expression::Expression;
use crate::field::{EventType, Known, LogSource};
use crate::sigma::{Correlation, Meta};
use rpcscope_model::{Event, EventBody};
use std::sync::Arc;

/// A rule, made ready.
#[derive(Clone, Debug)]
pub struct Rule {
    /// What describes it.
    pub meta: Meta,
    /// The file that has it.
    pub file: Arc<str>,
    /// The events that it is about.
    pub source: &'static LogSource,
    /// What must hold, filters included.
    pub expression: Expression,
    /// When all that it reads is known.
    pub known: Known,
}

/// All rules that are loaded.
#[derive(Debug)]
pub struct RuleSet {
    rules: Vec<Rule>,
    correlations: Vec<Correlation>,
    /// Whether a rule alerts on its own, by position.
    alerts: Vec<bool>,
    calls: Index,
    /// Rules about events that are no calls, by type.
    others: [Vec<usize>; EventType::ALL.len()],
}

impl RuleSet {
    pub(crate) fn new(rules: Vec<Rule>, correlations: Vec<Correlation>, counted: &[usize]) -> Self {
        let mut alerts = vec![true; rules.len() + correlations.len()];
        let members = correlations.iter().flat_map(|correlation| &correlation.members);
        for quiet in members.chain(counted) {
            alerts[*quiet] = false;
        }
        let generated = correlations.iter().filter(|correlation| correlation.generate);
        for loud in generated.flat_map(|correlation| &correlation.members) {
            alerts[*loud] = true;
        }
        let about = |event: EventType| {
            let all = rules.iter().enumerate();
            all.filter(move |(_, rule)| rule.source.events.contains(&event))
        };
        let calls = Index::new(about(EventType::Call).map(|(at, rule)| (at, &rule.expression)));
        let others = EventType::ALL.map(|event| about(event).map(|(at, _)| at).collect());
        Self { rules, correlations, alerts, calls, others }
    }

    /// Calls `matched` with the position of each rule that holds for an event, in ascending order.
    pub fn each_match(&self, event: &Event, mut matched: impl FnMut(usize, &Rule)) {
        let mut look = |at: usize| {
            if let Some(rule) = self.rules.get(at).filter(|rule| rule.expression.holds(event)) {
                matched(at, rule);
            }
        };
        match &event.body {
            EventBody::Call(call) => self.calls.candidates(call).into_iter().for_each(&mut look),
            _ => {
                let event = EventType::of(event);
                let at = EventType::ALL.iter().position(|known| Some(*known) == event);
                let rules = at.and_then(|at| self.others.get(at)).map_or(&[][..], Vec::as_slice);
                rules.iter().copied().for_each(&mut look);
            }
        }
    }

    /// All rules. Their positions are the numbers that [`each_match`](Self::each_match) gives and correlations use.
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// All correlations, each after those that it is about. Their positions follow those of the rules.
    pub fn correlations(&self) -> &[Correlation] {
        &self.correlations
    }

    /// Whether the rule or correlation at a position alerts on its own, and not only within a correlation.
    pub fn alerts(&self, position: usize) -> bool {
        self.alerts.get(position).copied().unwrap_or(false)
    }
}
