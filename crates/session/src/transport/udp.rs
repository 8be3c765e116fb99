//! The connectionless protocol: calls as datagrams, paired by activity and sequence number.
//!
//! Source: [C706] chapters 10.2 and 12.5.

use crate::bounded::Bounded;
use crate::output::Output;
use crate::{At, Flow};
use rpcscope_model::{
    AnomalyKind, AuthLevel, AuthType, Call, CallId, Endpoint, EventBody, Interface, Learned, Limits, Outcome,
    Part, Reply, Security, Side, Transport,
};
use rpcscope_wire::dcerpc::PduType;
use rpcscope_wire::dcerpc::connectionless::Pdu;
use uuid::Uuid;

/// The activities of one shard. An activity has one call open at a time ([C706] 10.2.6).
#[derive(Debug)]
pub(crate) struct Activities {
    known: Bounded<Key, Activity>,
}

/// Who runs an activity against whom: the same UUID between other hosts is another activity.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
struct Key {
    uuid: Uuid,
    client: Endpoint,
}

#[derive(Debug)]
struct Activity {
    uuid: Uuid,
    flow: Flow,
    sequence: u32,
    call: Option<OpenCall>,
    /// Server port of the first request; a reply may come from another ([C706] 10.2.3).
    server: Endpoint,
}

#[derive(Debug)]
struct OpenCall {
    at: At,
    interface: Interface,
    procedure: Option<&'static str>,
    opnum: Option<rpcscope_model::Opnum>,
    object: Uuid,
    auth_type: u8,
    request: Option<Progress>,
    reply: Option<Progress>,
    cancelled: bool,
}

/// What was seen of a request or response.
#[derive(Clone, Copy, Debug)]
struct Progress {
    at: At,
    fragments: u32,
    stub_bytes: u64,
    /// Number of the fragment that comes next.
    next: u16,
    ended: bool,
    damaged: bool,
}

impl Progress {
    fn begin(pdu: &Pdu<'_>, at: At) -> Self {
        let mut progress = Self {
            at,
            fragments: 0,
            stub_bytes: 0,
            next: pdu.fragment,
            ended: false,
            damaged: pdu.fragment != 0,
        };
        progress.grow(pdu);
        progress
    }

    /// Adds a fragment; one that was seen before is passed over.
    fn grow(&mut self, pdu: &Pdu<'_>) {
        if pdu.fragment < self.next || self.ended {
            return;
        }
        self.damaged |= pdu.fragment != self.next || pdu.body.len() < usize::from(pdu.length);
        self.next = pdu.fragment.saturating_add(1);
        self.fragments = self.fragments.saturating_add(1);
        self.stub_bytes = self.stub_bytes.saturating_add(pdu.body.len() as u64);
        self.ended = pdu.is_last();
    }

    fn part(self) -> Part {
        let Self { at, fragments, stub_bytes, ended, damaged, .. } = self;
        Part { time: at.time, frame: at.frame, fragments, stub_bytes, complete: ended && !damaged }
    }
}

impl Activities {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self { known: Bounded::new(limits.activities) }
    }

    /// Takes a datagram. Returns whether it was a PDU of the connectionless protocol.
    pub(crate) fn datagram(
        &mut self,
        flow_id: u64,
        source: Endpoint,
        destination: Endpoint,
        payload: &[u8],
        at: At,
        output: &mut Output,
    ) -> bool {
        // The version decides for almost every datagram.
        if payload.first() != Some(&4) {
            return false;
        }
        let Ok(pdu) = Pdu::parse(payload) else { return false };
        if !pdu.is_plausible() {
            return false;
        }
        output.stats.pdus += 1;
        let side = sender(pdu.pdu_type);
        let (client, server) = match side {
            Side::Client => (source, destination),
            Side::Server => (destination, source),
        };
        let key = Key { uuid: pdu.activity, client };
        if self.known.refresh(&key).is_none() {
            if !matches!(
                pdu.pdu_type,
                PduType::REQUEST | PduType::RESPONSE | PduType::FAULT | PduType::REJECT
            ) {
                return true;
            }
            let flow = Flow::new(flow_id, client, server);
            let new = Activity { uuid: pdu.activity, flow, sequence: pdu.sequence, call: None, server };
            if let Some(mut evicted) = self.known.insert(key, new) {
                output.stats.activities_evicted += 1;
                evicted.close(Outcome::Unanswered, None, output);
            }
            if let Some(activity) = self.known.get_mut(&key) {
                activity.pdu(&pdu, at, true, output);
            }
        } else if let Some(activity) = self.known.get_mut(&key) {
            activity.pdu(&pdu, at, false, output);
        }
        true
    }

    /// Reports what is still open.
    pub(crate) fn finish(&mut self, output: &mut Output) {
        while let Some((_, mut activity)) = self.known.pop_oldest() {
            activity.close(Outcome::Unanswered, None, output);
        }
    }
}

impl Activity {
    fn pdu(&mut self, pdu: &Pdu<'_>, at: At, is_new: bool, output: &mut Output) {
        let is_call =
            matches!(pdu.pdu_type, PduType::REQUEST | PduType::RESPONSE | PduType::FAULT | PduType::REJECT);
        if !is_new && pdu.sequence != self.sequence {
            // Sequence numbers grow and wrap; an older one is a late copy.
            if pdu.sequence.wrapping_sub(self.sequence) > u32::MAX / 2 || !is_call {
                return;
            }
            self.close(Outcome::Unanswered, None, output);
            self.sequence = pdu.sequence;
            self.begin(pdu, at);
        } else if is_new {
            self.begin(pdu, at);
        } else if self.call.is_none() {
            // A copy of something that was reported.
            return;
        }
        let Some(call) = &mut self.call else { return };
        match pdu.pdu_type {
            PduType::REQUEST => match &mut call.request {
                Some(request) => request.grow(pdu),
                request => *request = Some(Progress::begin(pdu, at)),
            },
            PduType::RESPONSE => {
                match &mut call.reply {
                    Some(reply) => reply.grow(pdu),
                    reply => *reply = Some(Progress::begin(pdu, at)),
                }
                if call.reply.is_some_and(|reply| reply.ended) {
                    self.close(Outcome::Replied, Some(Reply::Response), output);
                }
            }
            PduType::FAULT | PduType::REJECT => match pdu.status() {
                Ok(status) => {
                    call.reply = Some(Progress { ended: true, ..Progress::begin(pdu, at) });
                    let (outcome, reply) = if pdu.pdu_type == PduType::FAULT {
                        (Outcome::Faulted, Reply::Fault(status))
                    } else {
                        (Outcome::Rejected, Reply::Reject(status))
                    };
                    self.close(outcome, Some(reply), output);
                }
                Err(error) => {
                    output.stats.pdus_malformed += 1;
                    let anomaly =
                        rpcscope_model::Anomaly { error: Some(error), ..AnomalyKind::PduMalformed.into() };
                    output.anomaly(&mut self.flow, Transport::NcadgIpUdp, at, anomaly);
                }
            },
            PduType::CL_CANCEL => call.cancelled = true,
            _ => {}
        }
    }

    fn begin(&mut self, pdu: &Pdu<'_>, at: At) {
        let catalogued = rpcscope_catalog::interface(&pdu.interface.uuid);
        let interface =
            Interface { syntax: pdu.interface, name: catalogued.and_then(|interface| interface.name) };
        self.call = Some(OpenCall {
            at,
            interface,
            procedure: catalogued.and_then(|interface| interface.procedure(pdu.opnum.0)),
            opnum: Some(pdu.opnum),
            object: pdu.object,
            auth_type: pdu.auth_type,
            request: None,
            reply: None,
            cancelled: false,
        });
    }

    fn close(&mut self, outcome: Outcome, reply: Option<Reply>, output: &mut Output) {
        let Some(call) = self.call.take() else { return };
        let reply = reply.or(call.reply.map(|_| Reply::Response)).zip(call.reply.map(Progress::part));
        let outcome = match reply {
            Some((Reply::Response, _)) => Outcome::Replied,
            None if call.cancelled => Outcome::Cancelled,
            _ => outcome,
        };
        // The header names the service only; the level stands inside the verifier, whose form is the service's own.
        let security = (call.auth_type != 0).then_some(Security {
            auth_type: AuthType(call.auth_type),
            level: AuthLevel(0),
            context_id: 0,
        });
        let event = Call {
            endpoint: self.server.port.to_string().into(),
            rpc_version: (4, 0),
            call_id: CallId(self.sequence),
            context_id: None,
            interface: Some(call.interface),
            learned: Learned::Header,
            assumed: false,
            transfer_syntax: None,
            opnum: call.opnum,
            procedure: call.procedure,
            object: (!call.object.is_nil()).then_some(call.object),
            security,
            sealed: false,
            request: call.request.map(Progress::part),
            reply,
            outcome,
            activity: Some(self.uuid),
        };
        output.event(&self.flow, Transport::NcadgIpUdp, call.at, EventBody::Call(Box::new(event)));
    }
}

/// Which side sends PDUs of a type ([C706] 12.5.1).
const fn sender(pdu_type: PduType) -> Side {
    match pdu_type {
        PduType::RESPONSE
        | PduType::FAULT
        | PduType::WORKING
        | PduType::NOCALL
        | PduType::REJECT
        | PduType::CANCEL_ACK => Side::Server,
        _ => Side::Client,
    }
}
