//! Keeps the frames of sessions that rules want carved.
//!
//! ```text
//! frame ──► of a flow that is carved? ── no ──► ring of the flow, which forgets
//!                      │ yes                         │ a rule alerts on the flow,
//!                      ▼                             ▼ or its activation belongs to a session that is carved
//!                 carved pieces  ◄───────────────────┘
//! ```
//!
//! All connections of two hosts are in one shard, and so is what an activation led to: what is carved is the same for
//! any number of threads.

mod carve;
mod rings;

use carve::Carve;
use hashbrown::HashMap;
use hashlink::LinkedHashMap;
use rings::{RingLimits, Rings};
use rpcscope_model::{
    ActivationId, CarveEnd, CarveId, Carved, CarvedAlert, CarvedPiece, Event, EventBody, Frame, HashState,
    Interface, KeptFrame, Limits, Opnum, Stats, Timestamp, Transport,
};
use rpcscope_rules::{Keeps, RuleSet};
use smallvec::SmallVec;
use std::sync::Arc;

/// Keeps frames of one shard.
#[derive(Debug)]
pub(crate) struct Keeper {
    rules: Option<Arc<RuleSet>>,
    /// Whether a rule may want frames.
    is_wanted: bool,
    limits: Limits,
    /// Bytes of frames that one session may have.
    session_bytes: u64,
    /// Connections of which it is not known yet whether they will be followed.
    opening: Rings,
    /// Flows that are followed, and not carved.
    followed: Rings,
    /// Sessions that are carved, the one that had no frame for the longest time first.
    carves: LinkedHashMap<CarveId, Carve, HashState>,
    /// The connections of these sessions.
    members: HashMap<u64, Member, HashState>,
    /// Flows that belong together, those that were heard of longest ago first.
    links: LinkedHashMap<Bond, Link, HashState>,
    /// The flow of the frame that is being looked at, when it is followed.
    current: Option<u64>,
    /// Pieces with the frame that is being looked at. Events that it leads to may alert.
    pending: Vec<Carved>,
    /// Flows that have ended, about which there may yet be something to tell.
    closed: Vec<u64>,
    out: Vec<Carved>,
    now: Timestamp,
    /// When to look next which sessions are over.
    next_look: Timestamp,
    stats: Stats,
}

/// A connection of a session that is carved.
#[derive(Clone, Copy, Debug)]
struct Member {
    carve: CarveId,
    /// Whether a rule has alerted on it: what its activations lead to is carved, too.
    alerted: bool,
    is_over: bool,
}

/// Why flows belong together.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Bond {
    /// An activation: the flow of the call that asked for it, and those of calls on what it made.
    Activation(ActivationId),
    /// The connections that carry one association of RPC over HTTP with this one.
    VirtualConnection(u64),
}

/// Flows that belong together.
#[derive(Debug, Default)]
struct Link {
    flows: SmallVec<[u64; 2]>,
    /// Where these are carved to.
    carve: Option<CarveId>,
}

impl Keeper {
    /// Has seen nothing. A session ends with `session_bytes` bytes of frames.
    pub(crate) fn new(limits: &Limits, session_bytes: u64) -> Self {
        let hasher = || HashState::default();
        Self {
            rules: None,
            is_wanted: false,
            limits: *limits,
            session_bytes,
            opening: Rings::new(RingLimits::opening(limits)),
            followed: Rings::new(RingLimits::followed(limits)),
            carves: LinkedHashMap::with_hasher(hasher()),
            members: HashMap::with_hasher(hasher()),
            links: LinkedHashMap::with_hasher(hasher()),
            current: None,
            pending: Vec::new(),
            closed: Vec::new(),
            out: Vec::new(),
            now: Timestamp::MIN,
            next_look: Timestamp::MIN,
            stats: Stats::default(),
        }
    }

    /// Keeps what these rules want from here on. Sessions that are carved go on.
    pub(crate) fn want(&mut self, rules: Option<Arc<RuleSet>>) {
        self.is_wanted = rules.as_ref().is_some_and(|rules| rules.carves());
        self.rules = rules;
    }

    /// Whether it has use for frames.
    pub(crate) fn is_idle(&self) -> bool {
        !self.is_wanted && self.carves.is_empty()
    }

    /// Takes a frame of a connection of which it is not known yet whether it will be followed.
    pub(crate) fn opening(&mut self, flow: u64, frame: &Frame<'_>, fragments: &mut Vec<KeptFrame>) {
        self.now = self.now.max(frame.time);
        self.current = None;
        for frame in fragments.drain(..).chain([frame.into()]) {
            self.opening.push(flow, frame);
        }
    }

    /// Takes a frame of a flow that is followed. `is_over` says that both sides have closed it.
    pub(crate) fn followed(
        &mut self,
        flow: u64,
        frame: &Frame<'_>,
        fragments: &mut Vec<KeptFrame>,
        is_over: bool,
    ) {
        self.now = self.now.max(frame.time);
        self.current = Some(flow);
        let frames = fragments.drain(..).chain([frame.into()]);
        let carve = self.members.get_mut(&flow).and_then(|member| {
            member.is_over = is_over;
            Some((member.carve, self.carves.to_back(&member.carve)?))
        });
        let Some((id, carve)) = carve else {
            for frame in self.opening.take(flow).chain(frames) {
                self.followed.push(flow, frame);
            }
            return;
        };
        carve.last = self.now;
        for frame in frames {
            if carve.ended.is_some() {
                continue;
            }
            if carve.allowance.covers(frame.time) {
                carve.allowance.spend(frame.bytes.len() as u64);
                add(id, carve, frame, self.session_bytes, &mut self.pending, &mut self.stats);
            } else {
                self.followed.push(flow, frame);
            }
        }
    }

    /// Notes that a connection has ended. What its events say is taken before that counts.
    pub(crate) fn closed(&mut self, flow: u64) {
        if self.members.contains_key(&flow) {
            self.closed.push(flow);
        }
    }

    /// Notes that two connections carry one association.
    pub(crate) fn joined(&mut self, (one, other): (u64, u64)) {
        for flow in [one, other] {
            self.link(Bond::VirtualConnection(flow), [one, other]);
        }
    }

    /// It is `now`, and no frame has come.
    pub(crate) fn tick(&mut self, now: Timestamp) {
        self.now = self.now.max(now);
    }

    /// Takes an event with the positions of the rules that hold for it. Returns where its session is carved to, when one
    /// of these rules wants that.
    pub(crate) fn event(&mut self, event: &Event, hits: &[usize]) -> Option<CarveId> {
        let flow = event.header.flow_id;
        let bonds = bonds(event);
        if let Some(activation) = activation(event) {
            // The class of one that is sealed is told when the client turns to what it has activated.
            let turned = self.current.filter(|_| is_guessed(event));
            self.link(Bond::Activation(activation), [activation.flow_id, turned.unwrap_or(flow)]);
        }
        let wanting = self.wanting(event, hits);
        let Some((first, _)) = wanting.first() else {
            bonds.iter().for_each(|bond| self.follow(*bond, flow));
            return None;
        };
        let sid = first.rule.sid;
        let known = self.carve_of(flow, &bonds);
        let id = known.unwrap_or_else(|| self.begin(event, sid));
        self.join(id, flow);
        if let Some(member) = self.members.get_mut(&flow).filter(|member| member.carve == id) {
            member.alerted = true;
        }
        if let Some(carve) = self.carves.to_back(&id) {
            carve.last = self.now;
            for (_, keeps) in &wanting {
                carve.allowance.grant(*keeps, self.now);
            }
        }
        bonds.iter().for_each(|bond| self.follow(*bond, flow));
        self.gather(id);
        self.mark(id, wanting.into_iter().map(|(alert, _)| alert));
        Some(id)
    }

    /// Pieces since they were last taken, in order. To be asked when the events that went with them have been taken.
    pub(crate) fn carved(&mut self) -> &mut Vec<Carved> {
        while let Some(flow) = self.closed.pop() {
            if let Some(member) = self.members.get_mut(&flow) {
                member.is_over = true;
            }
        }
        if self.now >= self.next_look && !self.carves.is_empty() {
            self.next_look = Timestamp(self.now.0.saturating_add(LOOK_NS));
            self.end_what_is_over();
        }
        self.out.append(&mut self.pending);
        &mut self.out
    }

    /// The counters.
    pub(crate) fn stats(&self) -> Stats {
        Stats { carve_bytes_evicted: self.followed.evicted_bytes, ..self.stats }
    }

    /// The rules that want the session of an event carved, as they are told, and how much of it.
    fn wanting(&self, event: &Event, hits: &[usize]) -> Vec<(CarvedAlert, Keeps)> {
        let Some(rules) = &self.rules else { return Vec::new() };
        let rules = hits.iter().filter_map(|hit| rules.rules().get(*hit));
        rules
            .filter_map(|rule| {
                let keeps = rule.keeps()?;
                let rule = Arc::clone(&rule.signature);
                Some((CarvedAlert { rule, header: event.header, operation: operation(event) }, keeps))
            })
            .collect()
    }

    /// Notes that flows belong together.
    fn link(&mut self, bond: Bond, flows: [u64; 2]) {
        if self.links.to_back(&bond).is_none() {
            self.links.insert(bond, Link::default());
            if self.links.len() > self.limits.exporters {
                self.links.pop_front();
            }
        }
        if let Some(link) = self.links.get_mut(&bond) {
            for flow in flows {
                if link.flows.len() < MAX_FLOWS && !link.flows.contains(&flow) {
                    link.flows.push(flow);
                }
            }
        }
    }

    /// Where a flow belongs to that is alerted on, when it or one that belongs to it is carved.
    fn carve_of(&self, flow: u64, bonds: &[Bond]) -> Option<CarveId> {
        let of_flow = |flow: u64| self.members.get(&flow).map(|member| member.carve);
        of_flow(flow).or_else(|| {
            let links = || bonds.iter().filter_map(|bond| self.links.get(bond));
            let running = links().filter_map(|link| link.carve).find(|id| self.carves.contains_key(id));
            running.or_else(|| links().flat_map(|link| &link.flows).copied().find_map(of_flow))
        })
    }

    /// Carves the flows that belong to one of which there is an event, when that is alerted on.
    fn follow(&mut self, bond: Bond, flow: u64) {
        let asking = match bond {
            Bond::Activation(activation) => activation.flow_id,
            Bond::VirtualConnection(flow) => flow,
        };
        let members = [flow, asking].into_iter().filter_map(|flow| self.members.get(&flow));
        let alerted = members.filter(|member| member.alerted).map(|member| member.carve).next();
        let Some(link) = self.links.get_mut(&bond) else { return };
        let Some(id) = link.carve.filter(|id| self.carves.contains_key(id)).or(alerted) else { return };
        link.carve = Some(id);
        let mut joined = false;
        for flow in link.flows.clone() {
            joined |= self.join(id, flow);
        }
        if joined {
            self.gather(id);
        }
    }

    /// Begins to carve a session.
    fn begin(&mut self, event: &Event, sid: u32) -> CarveId {
        let header = &event.header;
        let (client, server) = (header.client.address, header.server.address);
        let id = CarveId { time: header.time, sid, client, server, flow_id: header.flow_id };
        while self.carves.len() >= self.limits.carves.max(1)
            && let Some(oldest) = self.carves.keys().next().copied()
        {
            self.stats.carves_evicted += 1;
            self.end(oldest, CarveEnd::Evicted);
        }
        self.stats.carves += 1;
        self.carves.insert(id, Carve { last: self.now, ..Carve::default() });
        id
    }

    /// Adds a flow to a session. Returns whether it is new there.
    fn join(&mut self, id: CarveId, flow: u64) -> bool {
        let Some(carve) = self.carves.get_mut(&id) else { return false };
        if self.members.contains_key(&flow) || carve.flows.len() >= MAX_FLOWS {
            return false;
        }
        carve.flows.push(flow);
        self.members.insert(flow, Member { carve: id, alerted: false, is_over: false });
        true
    }

    /// Carves the frames of a session that were remembered, in the order of the capture.
    fn gather(&mut self, id: CarveId) {
        let Some(carve) = self.carves.get_mut(&id) else { return };
        if carve.ended.is_some() || !carve.allowance.covers(self.now) {
            return;
        }
        let mut frames: Vec<KeptFrame> =
            carve.flows.iter().flat_map(|flow| self.followed.take(*flow)).collect();
        frames.sort_by_key(|frame| frame.number);
        for frame in frames {
            add(id, carve, frame, self.session_bytes, &mut self.pending, &mut self.stats);
        }
    }

    /// Tells alerts with the frame that their event begins with, or else with the last one that is at hand.
    fn mark(&mut self, id: CarveId, alerts: impl Iterator<Item = CarvedAlert>) {
        for alert in alerts {
            let frames = self.pending.iter_mut().filter(|piece| piece.id == id);
            let mut place = None;
            for piece in frames {
                if let CarvedPiece::Frame(frame, alerts) = &mut piece.piece {
                    let is_it = frame.number == alert.header.frame;
                    place = Some(alerts);
                    if is_it {
                        break;
                    }
                }
            }
            match place {
                Some(alerts) if alerts.len() < MAX_ALERTS_PER_FRAME => alerts.push(alert),
                Some(_) => {}
                None if self.carves.get(&id).is_some_and(|carve| carve.ended.is_none()) => {
                    self.pending.push(Carved { id, piece: CarvedPiece::Alert(alert) });
                }
                None => {}
            }
        }
    }

    /// Ends the sessions that have no connection any more, once it is unlikely that an activation of theirs leads to
    /// another one, and those that were silent for as long as makes a flow forgotten.
    fn end_what_is_over(&mut self) {
        let idle_ns = u64::from(self.limits.flow_idle_seconds) * 1_000_000_000;
        let over = self.carves.iter().filter(|(_, carve)| {
            let is_over = |flow: &u64| self.members.get(flow).is_none_or(|member| member.is_over);
            let wait = if carve.flows.iter().all(is_over) { LINGER_NS } else { idle_ns };
            self.now.since_ns(carve.last) >= wait
        });
        let over: Vec<CarveId> = over.map(|(id, _)| *id).collect();
        over.into_iter().for_each(|id| self.end(id, CarveEnd::Over));
    }

    fn end(&mut self, id: CarveId, why: CarveEnd) {
        let Some(carve) = self.carves.remove(&id) else { return };
        for flow in &carve.flows {
            self.members.remove(flow);
        }
        // What is full has been ended before.
        if carve.ended.is_none() {
            self.pending.push(Carved { id, piece: CarvedPiece::End(why) });
        }
    }
}

/// Carves a frame, unless the session has had as much as it may.
fn add(
    id: CarveId,
    carve: &mut Carve,
    frame: KeptFrame,
    session_bytes: u64,
    pieces: &mut Vec<Carved>,
    stats: &mut Stats,
) {
    if carve.ended.is_some() {
        return;
    }
    let bytes = carve.bytes.saturating_add(frame.bytes.len() as u64 + RECORD_BYTES);
    if bytes > session_bytes {
        carve.ended = Some(CarveEnd::Full);
        stats.carves_full += 1;
        pieces.push(Carved { id, piece: CarvedPiece::End(CarveEnd::Full) });
        return;
    }
    carve.bytes = bytes;
    pieces.push(Carved { id, piece: CarvedPiece::Frame(frame, Vec::new()) });
}

/// The activation that led to an event, or that it tells of.
fn activation(event: &Event) -> Option<ActivationId> {
    match &event.body {
        EventBody::Call(call) => Some(call.instance.as_ref()?.activation?.0),
        EventBody::Activation(activation) => Some(activation.id),
        EventBody::Wmi(wmi) => Some(wmi.activation?.0),
        _ => None,
    }
}

/// Whether an event tells of an activation whose class was guessed.
fn is_guessed(event: &Event) -> bool {
    let EventBody::Activation(activation) = &event.body else { return false };
    activation.class.is_some_and(|class| class.guess.is_some())
}

/// Why the flow of an event may belong to others.
fn bonds(event: &Event) -> SmallVec<[Bond; 2]> {
    let is_virtual = event.header.transport == Transport::NcacnHttp;
    let connection = is_virtual.then_some(Bond::VirtualConnection(event.header.flow_id));
    activation(event).map(Bond::Activation).into_iter().chain(connection).collect()
}

/// The operation that an event is about.
fn operation(event: &Event) -> Operation {
    match &event.body {
        EventBody::Call(call) => Some((call.interface, call.opnum, call.procedure)),
        EventBody::Activation(activation) => {
            Some((Some(activation.interface), Some(activation.opnum), activation.procedure))
        }
        _ => None,
    }
}

type Operation = Option<(Option<Interface>, Option<Opnum>, Option<&'static str>)>;

/// Connections of one session, and of one activation. A client that binds anew for each call could otherwise make them
/// without end.
const MAX_FLOWS: usize = 64;

/// Alerts that are told with one frame.
const MAX_ALERTS_PER_FRAME: usize = 16;

/// What a frame takes in a file beside its bytes: the headers of an enhanced packet block.
const RECORD_BYTES: u64 = 32;

/// Time of the capture between two looks at which sessions are over.
const LOOK_NS: i64 = 10_000_000_000;

/// Time for which a session waits for another connection that its activations lead to, when all others have ended.
const LINGER_NS: u64 = 60_000_000_000;

#[cfg(test)]
mod tests;
