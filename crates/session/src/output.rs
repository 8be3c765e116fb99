//! Where a session puts what it has to say.

use crate::flow::Ends;
use crate::{At, Flow};
use rpcscope_model::{Anomaly, Event, EventBody, EventHeader, Limits, Stats, Transport};

/// Events and counters of one shard, and the limits that it keeps.
#[derive(Debug)]
pub(crate) struct Output {
    pub(crate) events: Vec<Event>,
    pub(crate) stats: Stats,
    pub(crate) limits: Limits,
}

impl Output {
    pub(crate) fn new(limits: Limits) -> Self {
        Self { events: Vec::new(), stats: Stats::default(), limits }
    }

    pub(crate) fn event(&mut self, ends: &Ends, transport: Transport, at: At, body: EventBody) {
        match &body {
            EventBody::Call(call) => {
                self.stats.calls += 1;
                if matches!(
                    call.reply,
                    Some((rpcscope_model::Reply::Fault(_) | rpcscope_model::Reply::Reject(_), _))
                ) {
                    self.stats.faults += 1;
                }
            }
            EventBody::Bind(_) => self.stats.binds += 1,
            EventBody::Anomaly(_) => {}
        }
        let header = EventHeader {
            time: at.time,
            frame: at.frame,
            flow_id: ends.id,
            client: ends.client,
            server: ends.server,
            transport,
        };
        self.events.push(Event { header, body });
    }

    /// Reports an anomaly, or only counts it when its flow had enough of that kind.
    pub(crate) fn anomaly(
        &mut self,
        flow: &mut Flow,
        transport: Transport,
        at: At,
        anomaly: impl Into<Anomaly>,
    ) {
        let anomaly = anomaly.into();
        self.stats.anomalies += 1;
        if flow.may_report(anomaly.kind, self.limits.anomalies_per_flow) {
            self.event(&flow.ends, transport, at, EventBody::Anomaly(anomaly));
        } else {
            self.stats.anomalies_not_reported += 1;
        }
    }
}
