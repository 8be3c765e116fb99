//! The connectionless protocol: calls as datagrams, paired by activity and sequence number.
//!
//! Source: [C706] 9.5, 12.5, [MS-RPCE] 3.2.

use crate::arguments::{CallArguments, Decoder, HandleTable, Piece};
use crate::bounded::Bounded;
use crate::endpoint_map::endpoint_map;
use crate::kept::{First, Kept};
use crate::output::Output;
use crate::{At, Flow};
use rpcscope_model::{
    Address, Anomaly, AnomalyKind, AuthLevel, AuthType, Call, CallId, Calls, Endpoint, EventBody, Interface,
    Learned, Limits, Outcome, Part, Reply, Security, Side, Timestamp, Transport,
};
use rpcscope_wire::dcerpc::PduType;
use rpcscope_wire::dcerpc::connectionless::Pdu;
use rpcscope_wire::stub::{Operation, Syntax};
use smallvec::SmallVec;
use uuid::Uuid;

/// A UDP datagram.
#[derive(Clone, Copy, Debug)]
pub struct Datagram<'a> {
    /// Who sent it.
    pub source: Endpoint,
    /// To whom.
    pub destination: Endpoint,
    /// Its data, as captured.
    pub payload: &'a [u8],
    /// Bytes of data that were not captured.
    pub missing: usize,
}

/// The activities of one shard ([C706] 9.5, [MS-RPCE] 3.2.2.1.4), the one that was silent for longest first.
#[derive(Debug)]
pub(crate) struct Activities {
    known: Bounded<Key, Activity>,
    /// Nanoseconds of silence after which one is forgotten.
    idle_ns: u64,
    /// The flow of the last PDU, until somebody asks.
    last: Option<u64>,
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
    /// The highest sequence number seen.
    sequence: u32,
    /// The calls that wait for their reply, oldest first. There is one, unless the client makes unrelated calls
    /// meanwhile ([MS-RPCE] 3.2.1.5.2).
    open: SmallVec<[OpenCall; 1]>,
    /// What the context handles are called that its calls have opened.
    handles: HandleTable,
    /// Where the first request went; a reply may come from another port ([MS-RPCE] 4.5).
    server: Endpoint,
    last_seen: Timestamp,
}

/// Calls that one activity may have open. A client that never gets an answer could otherwise grow memory.
const MAX_OPEN_CALLS: usize = 16;

#[derive(Debug)]
struct OpenCall {
    sequence: u32,
    at: At,
    interface: Interface,
    procedure: Option<&'static str>,
    opnum: rpcscope_model::Opnum,
    object: Uuid,
    security: Option<Security>,
    request: Option<Progress>,
    reply: Option<Progress>,
    /// What its stubs say, when the operation is one that is decoded and the stubs are in clear.
    arguments: Option<Box<CallArguments>>,
    /// Its PDUs, when they are wanted.
    kept: Kept,
    /// How many arguments were told when the request was, if it was.
    announced: Option<usize>,
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
        if self.has(pdu) {
            return;
        }
        self.damaged |= pdu.fragment != self.next || pdu.body.len() < usize::from(pdu.length);
        self.next = pdu.fragment.saturating_add(1);
        self.fragments = self.fragments.saturating_add(1);
        self.stub_bytes = self.stub_bytes.saturating_add(pdu.body.len() as u64);
        self.ended = pdu.is_last();
    }

    /// The body of a fragment, which is part of what `side` says. `so_far` is what was seen of that before.
    fn piece<'b>(so_far: Option<&Self>, pdu: &Pdu<'b>, side: Side) -> Piece<'b> {
        Piece {
            side,
            bytes: pdu.body,
            order: pdu.order,
            is_first: pdu.fragment == 0,
            is_last: pdu.is_last(),
            is_behind_loss: so_far.is_none_or(|progress| progress.next != pdu.fragment),
            is_cut: pdu.body.len() < usize::from(pdu.length),
        }
    }

    /// Whether a fragment was seen before.
    fn has(&self, pdu: &Pdu<'_>) -> bool {
        pdu.fragment < self.next || self.ended
    }

    fn part(self) -> Part {
        let Self { at, fragments, stub_bytes, ended, damaged, .. } = self;
        Part { time: at.time, frame: at.frame, fragments, stub_bytes, complete: ended && !damaged }
    }
}

impl Activities {
    pub(crate) fn new(limits: &Limits) -> Self {
        let idle_ns = u64::from(limits.flow_idle_seconds) * 1_000_000_000;
        Self { known: Bounded::new(limits.activities), idle_ns, last: None }
    }

    /// How many are followed.
    pub(crate) fn len(&self) -> usize {
        self.known.len()
    }

    /// Takes a datagram. Returns whether it was a PDU of the connectionless protocol.
    pub(crate) fn datagram(&mut self, datagram: &Datagram<'_>, at: At, output: &mut Output) -> bool {
        let Datagram { source, destination, payload, missing } = *datagram;
        // The version decides for almost every datagram.
        if payload.first() != Some(&4) {
            return false;
        }
        let Ok(pdu) = Pdu::parse(payload) else { return false };
        if !pdu.is_plausible(missing) {
            return false;
        }
        output.stats.pdus += 1;
        self.forget_idle(at.time, output);
        let (client, server) = match sender(pdu.pdu_type) {
            Side::Client => (source, destination),
            Side::Server => (destination, source),
        };
        let key = Key { uuid: pdu.activity, client };
        if self.known.refresh(&key).is_none() {
            if !is_of_call(pdu.pdu_type) {
                return true;
            }
            let new = Activity {
                uuid: pdu.activity,
                flow: Flow::new(at.frame.0, client, server),
                // The first call is a new one.
                sequence: pdu.sequence.wrapping_sub(1),
                open: SmallVec::new(),
                handles: HandleTable::new(&output.limits),
                server,
                last_seen: at.time,
            };
            if let Some(mut evicted) = self.known.insert(key, new) {
                output.stats.activities_evicted += 1;
                evicted.end(output);
            }
        }
        if let Some(activity) = self.known.get_mut(&key) {
            activity.last_seen = at.time;
            self.last = Some(activity.flow.ends.id);
            activity.pdu(&pdu, at, output);
        }
        true
    }

    /// The flow of the last PDU, once.
    pub(crate) fn take_last(&mut self) -> Option<u64> {
        self.last.take()
    }

    /// Reports what is still open.
    pub(crate) fn finish(&mut self, output: &mut Output) {
        while let Some((_, mut activity)) = self.known.pop_oldest() {
            activity.end(output);
        }
    }

    fn forget_idle(&mut self, now: Timestamp, output: &mut Output) {
        while let Some((_, oldest)) = self.known.oldest()
            && now.since_ns(oldest.last_seen) > self.idle_ns
            && let Some((_, mut idle)) = self.known.pop_oldest()
        {
            idle.end(output);
        }
    }
}

impl Activity {
    fn pdu(&mut self, pdu: &Pdu<'_>, at: At, output: &mut Output) {
        // Sequence numbers grow and wrap.
        let is_new = pdu.sequence.wrapping_sub(self.sequence).wrapping_sub(1) < u32::MAX / 2;
        if is_new && is_of_call(pdu.pdu_type) {
            // A call ends those before it, unless it says that it does not.
            if !pdu.is_unrelated() {
                self.finish(output);
            } else if self.open.len() >= MAX_OPEN_CALLS {
                output.stats.calls_evicted += 1;
                self.close(0, Outcome::Unanswered, None, output);
            }
            self.sequence = pdu.sequence;
            let mut call = OpenCall::new(pdu, at, self.flow.ends.server.address);
            call.kept = Kept::new(call.is_among(&output.wanted.wire));
            self.open.push(call);
        }
        // What is about no open call is a late copy of something that was reported.
        let Some(index) = self.open.iter().position(|call| call.sequence == pdu.sequence) else { return };
        let Some(call) = self.open.get_mut(index) else { return };
        match pdu.pdu_type {
            PduType::REQUEST => {
                call.argue(Side::Client, pdu, &mut self.handles, output);
                match &mut call.request {
                    Some(request) => request.grow(pdu),
                    request => *request = Some(Progress::begin(pdu, at)),
                }
                if call.is_wanted(output) {
                    let request = call.arguments.as_deref().map(CallArguments::request).unwrap_or_default();
                    let arguments = request.arguments.cloned();
                    call.announced = Some(arguments.as_ref().map_or(0, |arguments| arguments.len()));
                    let event = Call {
                        arguments,
                        wire: call.kept.so_far(),
                        ..call.event(self.uuid, self.server, None, Outcome::Pending)
                    };
                    let body = EventBody::Call(Box::new(event));
                    output.announce(&self.flow.ends, Transport::NcadgIpUdp, call.at, body);
                }
            }
            PduType::RESPONSE => {
                call.argue(Side::Server, pdu, &mut self.handles, output);
                match &mut call.reply {
                    Some(reply) => reply.grow(pdu),
                    reply => *reply = Some(Progress::begin(pdu, at)),
                }
                if call.reply.is_some_and(|reply| reply.ended) {
                    self.close(index, Outcome::Replied, Some(Reply::Response), output);
                }
            }
            PduType::FAULT | PduType::REJECT => match pdu.status() {
                Ok(status) => {
                    call.kept.begin(Side::Server, message(pdu), output);
                    call.reply = Some(Progress { ended: true, ..Progress::begin(pdu, at) });
                    let (outcome, reply) = if pdu.pdu_type == PduType::FAULT {
                        (Outcome::Faulted, Reply::Fault(status))
                    } else {
                        (Outcome::Rejected, Reply::Reject(status))
                    };
                    self.close(index, outcome, Some(reply), output);
                }
                Err(error) => {
                    output.stats.pdus_malformed += 1;
                    let anomaly = Anomaly { error: Some(error), ..AnomalyKind::PduMalformed.into() };
                    output.anomaly(&mut self.flow, Transport::NcadgIpUdp, at, anomaly);
                }
            },
            PduType::CL_CANCEL => call.cancelled = true,
            _ => {}
        }
    }

    /// Reports what is still open.
    fn finish(&mut self, output: &mut Output) {
        while !self.open.is_empty() {
            self.close(0, Outcome::Unanswered, None, output);
        }
    }

    /// Ends it.
    fn end(&mut self, output: &mut Output) {
        self.finish(output);
        self.handles.clear(output);
    }

    /// Reports an open call. `outcome` is what became of it when there is no reply.
    fn close(&mut self, index: usize, outcome: Outcome, reply: Option<Reply>, output: &mut Output) {
        if index >= self.open.len() {
            return;
        }
        let mut call = self.open.remove(index);
        let reply = reply.or(call.reply.map(|_| Reply::Response)).zip(call.reply.map(Progress::part));
        let outcome = match reply {
            Some((Reply::Response, _)) => Outcome::Replied,
            None if call.cancelled => Outcome::Cancelled,
            _ => outcome,
        };
        let replied = outcome == Outcome::Replied;
        let finished =
            call.arguments.take().map(|mut arguments| arguments.finish(replied, &mut self.handles, output));
        let finished = finished.unwrap_or_default();
        let towers = finished.response.towers;
        output.objects.mapped(&self.flow.ends, &towers, &mut output.stats);
        let event = Call {
            arguments: finished.arguments,
            announced: call.announced,
            wire: call.kept.finish(output),
            ..call.event(self.uuid, self.server, reply, outcome)
        };
        let map = endpoint_map(&event, towers);
        let mut tell = |body| output.event(&self.flow.ends, Transport::NcadgIpUdp, call.at, body);
        tell(EventBody::Call(Box::new(event)));
        map.into_iter().for_each(|map| tell(EventBody::EndpointMap(map)));
    }
}

impl OpenCall {
    fn new(pdu: &Pdu<'_>, at: At, server: Address) -> Self {
        let catalogued = rpcscope_catalog::interface(&pdu.interface.uuid);
        let interface =
            Interface { syntax: pdu.interface, name: catalogued.and_then(|interface| interface.name) };
        let security = (pdu.auth_type != 0).then_some(Security {
            auth_type: AuthType(pdu.auth_type),
            // Level 0 is the default of the service, of which no more is known.
            level: pdu.auth_level.unwrap_or(AuthLevel(0)),
            context_id: 0,
        });
        Self {
            sequence: pdu.sequence,
            at,
            interface,
            procedure: catalogued.and_then(|interface| interface.procedure(pdu.opnum.0)),
            opnum: pdu.opnum,
            object: pdu.object,
            security,
            request: None,
            reply: None,
            arguments: decoded_operation(pdu)
                .filter(|_| !security.is_some_and(Security::seals))
                .map(|operation| Decoder { operation: Some(operation), syntax: Syntax::Ndr, server })
                .map(|decoder| Box::new(CallArguments::new(decoder))),
            kept: Kept::default(),
            announced: None,
            cancelled: false,
        }
    }

    /// Whether its request is complete, and is to be told now.
    fn is_wanted(&self, output: &Output) -> bool {
        self.announced.is_none()
            && self.request.is_some_and(|request| request.ended)
            && (self.is_among(&output.wanted.requests) || self.kept.has_contents(Side::Client))
    }

    fn is_among(&self, calls: &Calls) -> bool {
        calls.include(self.interface().map(|interface| interface.syntax.uuid), self.opnum)
    }

    /// The header of a reply may leave the interface out, and the request may not have been seen.
    fn interface(&self) -> Option<Interface> {
        (!self.interface.syntax.uuid.is_nil()).then_some(self.interface)
    }

    /// What is known of it, arguments and PDUs aside.
    fn event(
        &self,
        activity: Uuid,
        server: Endpoint,
        reply: Option<(Reply, Part)>,
        outcome: Outcome,
    ) -> Call {
        let interface = self.interface();
        Call {
            endpoint: server.port.to_string().into(),
            rpc_version: (4, 0),
            call_id: CallId(self.sequence),
            context_id: None,
            interface,
            learned: if interface.is_some() { Learned::Header } else { Learned::Unknown },
            assumed: false,
            transfer_syntax: None,
            opnum: Some(self.opnum),
            procedure: self.procedure,
            object: (!self.object.is_nil()).then_some(self.object),
            instance: None,
            security: self.security,
            sealed: self.security.is_some_and(Security::seals),
            request: self.request.map(Progress::part),
            reply,
            outcome,
            activity: Some(activity),
            identity: None,
            identity_hint: None,
            arguments: None,
            announced: None,
            wire: None,
        }
    }

    /// Reads what a fragment says of the arguments, and keeps it if that is wanted.
    fn argue(&mut self, side: Side, pdu: &Pdu<'_>, handles: &mut HandleTable, output: &mut Output) {
        let so_far = match side {
            Side::Client => self.request.as_ref(),
            Side::Server => self.reply.as_ref(),
        };
        if so_far.is_some_and(|progress| progress.has(pdu)) {
            return;
        }
        match so_far {
            None => self.kept.begin(side, message(pdu), output),
            Some(_) => self.kept.grow(side, pdu.body, output),
        }
        if let Some(arguments) = &mut self.arguments {
            arguments.piece(Progress::piece(so_far, pdu, side), handles, output);
        }
    }
}

/// What decodes the arguments of a call. Its header names the interface and has no place for a transfer syntax: it is
/// NDR.
fn decoded_operation(pdu: &Pdu<'_>) -> Option<&'static Operation> {
    rpcscope_wire::stub::interface(pdu.interface.uuid)?.operation(pdu.opnum)
}

/// The message that begins with a PDU.
fn message<'p>(pdu: &Pdu<'p>) -> First<'p> {
    // A fault or rejection ends its call, whatever follows.
    let is_last = pdu.is_last() || matches!(pdu.pdu_type, PduType::FAULT | PduType::REJECT);
    First { pdu: pdu.bytes, stub: pdu.body, order: pdu.order, is_last }
}

/// Whether PDUs of a type are a call or its end; the others only manage it.
const fn is_of_call(pdu_type: PduType) -> bool {
    matches!(pdu_type, PduType::REQUEST | PduType::RESPONSE | PduType::FAULT | PduType::REJECT)
}

/// Which side sends PDUs of a type ([C706] 12.5.3).
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

#[cfg(test)]
mod tests;
