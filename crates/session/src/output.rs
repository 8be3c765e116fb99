//! Where a session puts what it has to say, and what all its connections need for that.

use crate::association::OpenCall;
use crate::bounded::Bounded;
use crate::flow::Ends;
use crate::objects::Objects;
use crate::{At, Flow};
use rpcscope_model::{
    Address, Anomaly, AuthResult, Event, EventBody, EventHeader, Identity, Limits, Phase, Reply, Secrets,
    Stats, Transport, Wanted,
};
use rpcscope_wire::stub::Decoded;
use std::sync::Arc;

/// Events and counters of one shard, the limits that it keeps, and what one connection tells of others.
#[derive(Debug)]
pub(crate) struct Output {
    pub(crate) events: Vec<Event>,
    pub(crate) stats: Stats,
    pub(crate) limits: Limits,
    pub(crate) secrets: Secrets,
    pub(crate) wanted: Arc<Wanted>,
    /// DCOM objects that calls on any connection may name.
    pub(crate) objects: Objects,
    /// Calls that are open, in all associations.
    pub(crate) open_calls: usize,
    /// Presentation contexts in all associations, and in binds that wait for their answer.
    pub(crate) contexts: usize,
    /// Bytes that wait for something: of PDUs and stubs for their rest, of arguments for the end of their call, of names
    /// for calls that use them.
    held_bytes: usize,
    /// Memory of calls that are over, for the next ones: at most [`MAX_SPARE_CALLS`].
    #[allow(clippy::vec_box)] // it is the boxes that are kept
    spare_calls: Vec<Box<OpenCall>>,
    /// Where responses are decoded, one after the other; it says nothing in between.
    pub(crate) response: Decoded,
    /// Who was last believed to be at a client's address.
    hints: Bounded<Address, Arc<Identity>>,
}

/// Calls whose memory is kept for others. Of most shards fewer are open at once.
const MAX_SPARE_CALLS: usize = 16;

impl Output {
    pub(crate) fn new(limits: Limits) -> Self {
        let objects = Objects::new(&limits);
        Self {
            events: Vec::new(),
            stats: Stats::default(),
            limits,
            secrets: Secrets::default(),
            wanted: Arc::default(),
            objects,
            open_calls: 0,
            contexts: 0,
            held_bytes: 0,
            spare_calls: Vec::new(),
            response: Decoded::default(),
            hints: Bounded::new(limits.identity_hints),
        }
    }

    /// Puts a call that begins into memory.
    pub(crate) fn begin_call(&mut self, call: OpenCall) -> Box<OpenCall> {
        match self.spare_calls.pop() {
            Some(mut spare) => {
                *spare = call;
                spare
            }
            None => Box::new(call),
        }
    }

    /// Takes the memory of a call that is over and was told.
    pub(crate) fn end_call(&mut self, call: Box<OpenCall>) {
        if self.spare_calls.len() < MAX_SPARE_CALLS {
            self.spare_calls.push(call);
        }
    }

    /// Tells what will not change any more.
    pub(crate) fn event(&mut self, ends: &Ends, transport: Transport, at: At, body: EventBody) {
        match &body {
            EventBody::Call(call) => {
                self.stats.calls += 1;
                let failed = matches!(call.reply, Some((Reply::Fault(_) | Reply::Reject(_), _)));
                self.stats.faults += u64::from(failed);
            }
            EventBody::Bind(_) => self.stats.binds += 1,
            EventBody::Authentication(authentication) => {
                self.stats.authentications += 1;
                let result = authentication.identity.result;
                self.stats.authentications_rejected += u64::from(result == Some(AuthResult::Rejected));
                if result == Some(AuthResult::Accepted) && authentication.identity.user.is_some() {
                    self.hints.insert(ends.client.address, Arc::clone(&authentication.identity));
                }
            }
            EventBody::Activation(_) => self.stats.activations += 1,
            EventBody::Wmi(_)
            | EventBody::EndpointMap(_)
            | EventBody::SmbMapping(_)
            | EventBody::Pipe(_)
            | EventBody::SmbFile(_)
            | EventBody::Anomaly(_) => {}
        }
        self.tell(ends, transport, at, Phase::Settled, body);
    }

    /// Tells of a request whose reply is to come. What it led to is told when that is known.
    pub(crate) fn announce(&mut self, ends: &Ends, transport: Transport, at: At, body: EventBody) {
        self.tell(ends, transport, at, Phase::Requested, body);
    }

    fn tell(&mut self, ends: &Ends, transport: Transport, at: At, phase: Phase, mut body: EventBody) {
        if let EventBody::Call(call) = &mut body
            && call.identity.is_none()
        {
            call.identity_hint = self.hints.get(&ends.client.address).cloned();
        }
        let header = EventHeader {
            time: at.time,
            frame: at.frame,
            flow_id: ends.id,
            client: ends.client,
            server: ends.server,
            transport,
            phase,
        };
        self.events.push(Event { header, body });
    }

    /// Notes that somebody who held `before` bytes holds `after` now. Returns whether that is too much, so that it must
    /// give them up: without a bound, many connections that never complete a PDU could fill memory.
    pub(crate) fn hold(&mut self, before: usize, after: usize) -> bool {
        self.held_bytes = self.held_bytes.saturating_sub(before).saturating_add(after);
        after > before && self.is_full(0)
    }

    /// Bytes that wait for something.
    pub(crate) const fn held_bytes(&self) -> usize {
        self.held_bytes
    }

    /// Whether `bytes` more would be too much.
    pub(crate) const fn is_full(&self, bytes: usize) -> bool {
        self.held_bytes.saturating_add(bytes) > self.limits.held_bytes
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
