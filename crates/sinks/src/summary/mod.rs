//! What a whole run showed: counts of interfaces, operations, hosts, outcomes and anomalies.
//!
//! Counts do not depend on the order of events, nor on how they were split over several summaries that are merged.

mod figures;
mod report;
mod tally;

use crate::table;
use hashbrown::HashMap;
use rpcscope_model::{
    Address, Alert, AnomalyKind, Bind, BindResult, Call, Event, EventBody, HashState, Interface, Opnum,
    Outcome, Phase, Signature, Stats, SyntaxId, Timestamp, Transport,
};
use std::collections::BTreeMap;
use std::time::Duration;
use tally::{Rank, Tally};

/// Interfaces and operations counted one by one. The catalogue's names fit in; what a hostile peer makes up beyond
/// that is counted together.
const MOST_NAMES: usize = 1 << 15;
/// Hosts counted one by one. A scan with forged addresses could otherwise grow memory without end.
const MOST_HOSTS: usize = 1 << 16;
/// Statuses of faults counted one by one.
const MOST_STATUSES: usize = 1 << 12;

/// How a run went, as only the one who ran it knows.
#[derive(Clone, Copy, Default, Debug)]
pub struct RunFigures {
    /// Captures that were read.
    pub files: u64,
    /// Captures that could not be read.
    pub files_failed: u64,
    /// Warnings that were given.
    pub warnings: u64,
    /// How long it took.
    pub elapsed: Duration,
    /// Counters of all parts of the sensor.
    pub stats: Stats,
}

/// Counts events.
#[derive(Clone, Default, Debug)]
pub struct Summary {
    interfaces: Tally<InterfaceKey>,
    operations: Tally<OperationKey>,
    servers: Tally<Address>,
    clients: Tally<Address>,
    statuses: Tally<u32>,
    outcomes: [u64; Outcome::COUNT],
    transports: HashMap<Transport, u64, HashState>,
    anomalies: HashMap<AnomalyKind, u64, HashState>,
    binds: Binds,
    /// As many as there are rules.
    alerts: BTreeMap<AlertKey, u64>,
    calls: u64,
    calls_sealed: u64,
    calls_inferred: u64,
    /// Earliest and latest time of an event.
    span: Option<(Timestamp, Timestamp)>,
}

/// What became of binds and alter_contexts.
#[derive(Clone, Copy, Default, Debug)]
struct Binds {
    all: u64,
    rejected: u64,
    faulted: u64,
    unanswered: u64,
}

/// An interface that calls named.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
enum InterfaceKey {
    /// The catalogue knows it, whatever the version.
    Named(&'static str, u128),
    /// The catalogue does not know it.
    Unnamed(SyntaxId),
    /// It was not seen.
    Unknown,
}

/// A rule that alerted, the worst first.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
struct AlertKey {
    severity: u8,
    title: String,
    level: &'static str,
}

/// An operation that was called.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
struct OperationKey {
    interface: InterfaceKey,
    procedure: Option<&'static str>,
    opnum: Option<Opnum>,
}

impl Summary {
    /// Counts one event, unless another one will tell more of it.
    pub fn observe(&mut self, event: &Event) {
        if event.header.phase == Phase::Requested {
            return;
        }
        let time = event.header.time;
        self.widen((time, time));
        match &event.body {
            EventBody::Call(call) => {
                self.servers.add(event.header.server.address, 1, MOST_HOSTS);
                self.clients.add(event.header.client.address, 1, MOST_HOSTS);
                *self.transports.entry(event.header.transport).or_default() += 1;
                self.observe_call(call);
            }
            EventBody::Bind(bind) => self.binds.observe(bind),
            EventBody::Authentication(_)
            | EventBody::Activation(_)
            | EventBody::Wmi(_)
            | EventBody::EndpointMap(_)
            | EventBody::SmbMapping(_)
            | EventBody::Pipe(_)
            | EventBody::SmbFile(_) => {}
            EventBody::Anomaly(anomaly) => *self.anomalies.entry(anomaly.kind).or_default() += 1,
        }
    }

    /// Counts an alert.
    pub fn observe_alert(&mut self, alert: &Alert) {
        let Signature { severity, title, .. } = &*alert.rule;
        let level = table::level(&alert.rule);
        let key = AlertKey { severity: *severity, title: title.clone(), level };
        *self.alerts.entry(key).or_default() += 1;
    }

    /// Adds what another summary counted.
    pub fn merge(&mut self, other: &Self) {
        self.interfaces.merge(&other.interfaces, MOST_NAMES);
        self.operations.merge(&other.operations, MOST_NAMES);
        self.servers.merge(&other.servers, MOST_HOSTS);
        self.clients.merge(&other.clients, MOST_HOSTS);
        for (rule, count) in &other.alerts {
            *self.alerts.entry(rule.clone()).or_default() += count;
        }
        self.statuses.merge(&other.statuses, MOST_STATUSES);
        for (count, more) in self.outcomes.iter_mut().zip(&other.outcomes) {
            *count += more;
        }
        for (transport, more) in &other.transports {
            *self.transports.entry(*transport).or_default() += more;
        }
        for (kind, more) in &other.anomalies {
            *self.anomalies.entry(*kind).or_default() += more;
        }
        self.binds.all += other.binds.all;
        self.binds.rejected += other.binds.rejected;
        self.binds.faulted += other.binds.faulted;
        self.binds.unanswered += other.binds.unanswered;
        self.calls += other.calls;
        self.calls_sealed += other.calls_sealed;
        self.calls_inferred += other.calls_inferred;
        if let Some(span) = other.span {
            self.widen(span);
        }
    }

    fn observe_call(&mut self, call: &Call) {
        let interface = InterfaceKey::of(call.interface.as_ref());
        self.interfaces.add(interface, 1, MOST_NAMES);
        let operation = OperationKey { interface, procedure: call.procedure, opnum: call.opnum };
        self.operations.add(operation, 1, MOST_NAMES);
        if let Some(count) = self.outcomes.get_mut(call.outcome.index()) {
            *count += 1;
        }
        if let Some((rpcscope_model::Reply::Fault(status) | rpcscope_model::Reply::Reject(status), _)) =
            call.reply
        {
            self.statuses.add(status, 1, MOST_STATUSES);
        }
        self.calls += 1;
        self.calls_sealed += u64::from(call.sealed);
        self.calls_inferred += u64::from(table::is_inferred(call));
    }

    fn widen(&mut self, (first, last): (Timestamp, Timestamp)) {
        self.span = Some(match self.span {
            Some((earliest, latest)) => (earliest.min(first), latest.max(last)),
            None => (first, last),
        });
    }
}

impl Binds {
    fn observe(&mut self, bind: &Bind) {
        self.all += 1;
        match bind.result {
            BindResult::Acknowledged { .. } => {}
            BindResult::Rejected { .. } => self.rejected += 1,
            BindResult::Faulted(_) => self.faulted += 1,
            BindResult::Unanswered => self.unanswered += 1,
        }
    }
}

impl InterfaceKey {
    fn of(interface: Option<&Interface>) -> Self {
        match interface {
            Some(Interface { syntax, name: Some(name) }) => Self::Named(name, syntax.uuid.as_u128()),
            Some(Interface { syntax, name: None }) => Self::Unnamed(*syntax),
            None => Self::Unknown,
        }
    }
}

/// What the catalogue names is kept before what anybody can make up.
impl Rank for InterfaceKey {
    fn is_bounded(&self) -> bool {
        !matches!(self, Self::Unnamed(_))
    }
}

impl Rank for OperationKey {
    fn is_bounded(&self) -> bool {
        self.procedure.is_some()
    }
}

impl Rank for Address {}
impl Rank for u32 {}

/// Position of an outcome in the order of the report.
trait OutcomeIndex {
    /// Number of outcomes.
    const COUNT: usize = 6;
    fn index(self) -> usize;
}

impl OutcomeIndex for Outcome {
    fn index(self) -> usize {
        match self {
            Self::Replied => 0,
            Self::Faulted => 1,
            Self::Rejected => 2,
            Self::Cancelled => 3,
            Self::Lost => 4,
            // Events of this phase are not counted; the one that follows them is.
            Self::Unanswered | Self::Pending => 5,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Colour, samples};
    use proptest::prelude::*;

    fn run() -> RunFigures {
        RunFigures {
            files: 3,
            files_failed: 1,
            warnings: 2,
            elapsed: Duration::from_millis(1_240),
            stats: Stats {
                frames: 2_130_000,
                bytes: 1_040_000_000,
                flows: 5_120,
                flows_followed: 312,
                tcp_gaps: 3,
                tcp_gap_bytes: 4_380,
                smb_encrypted: 96,
                pdus_malformed: 1,
                ..Stats::default()
            },
        }
    }

    fn report(summary: &Summary, run: &RunFigures, colour: Colour) -> String {
        let mut out = Vec::new();
        summary.write(run, colour, &mut out);
        String::from_utf8(out).expect("UTF-8")
    }

    fn summary<'a>(events: impl IntoIterator<Item = &'a Event>) -> Summary {
        let mut summary = Summary::default();
        events.into_iter().for_each(|event| summary.observe(event));
        summary
    }

    #[test]
    fn a_busy_run_is_told_on_one_page() {
        insta::assert_snapshot!(report(&summary(&samples::busy_hour()), &run(), Colour::Plain));
    }

    #[test]
    fn a_run_without_calls_says_so() {
        let run = RunFigures {
            files: 1,
            elapsed: Duration::from_micros(350),
            stats: Stats { frames: 14, bytes: 1_502, ..Stats::default() },
            ..RunFigures::default()
        };
        insta::assert_snapshot!(report(&Summary::default(), &run, Colour::Plain));
    }

    #[test]
    fn what_will_be_told_with_its_outcome_is_not_counted_before() {
        let mut requested = samples::busy_hour();
        requested.iter_mut().for_each(|event| event.header.phase = Phase::Requested);
        let nothing = report(&Summary::default(), &run(), Colour::Plain);
        assert_eq!(report(&summary(&requested), &run(), Colour::Plain), nothing);
    }

    #[test]
    fn colours_are_used_only_when_told() {
        let events = samples::busy_hour();
        assert!(report(&summary(&events), &run(), Colour::Ansi).contains("\u{1b}["));
        assert!(!report(&summary(&events), &run(), Colour::Plain).contains('\u{1b}'));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn counts_do_not_depend_on_order_or_split(
            events in proptest::collection::vec(samples::any_event(), 0..40),
            parts in proptest::collection::vec(0usize..4, 40),
        ) {
            let whole = report(&summary(&events), &run(), Colour::Plain);
            let part = |number: usize| summary(
                events.iter().zip(&parts).filter(|(_, part)| **part == number).map(|(event, _)| event).rev(),
            );
            let mut forwards = Summary::default();
            (0..4).for_each(|number| forwards.merge(&part(number)));
            let mut backwards = Summary::default();
            (0..4).rev().for_each(|number| backwards.merge(&part(number)));
            prop_assert_eq!(&whole, &report(&forwards, &run(), Colour::Plain));
            prop_assert_eq!(&whole, &report(&backwards, &run(), Colour::Plain));
        }
    }
}
