//! One shard: the connections of some pairs of hosts, and what they share.

use crate::keep::Keeper;
use crate::table::{Entry, FlowKey, FlowTable};
use crate::watch::{Followed, Probe, State, Watched};
use rpcscope_flow::{Direction, Item, Memory, Packet, Reassembler, TcpSegment, UdpDatagram, checksum_ok};
use rpcscope_model::{
    At, CarveId, Carved, Endpoint, Event, Frame, FrameNumber, KeptFrame, Limits, Secrets, Side, Sizes, Stats,
    Timestamp,
};
use rpcscope_rules::{RuleSet, Watch};
use rpcscope_session::{Datagram, Flow, Recognised, Session, classify, could_become_known};
use std::collections::VecDeque;
use std::sync::Arc;

/// What becomes of packets with a wrong checksum.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum Checksums {
    /// They are read like all others: network cards compute checksums after the capture. Those of connections that
    /// are followed are counted, where the packet brings something that is looked at.
    #[default]
    Accepted,
    /// They are dropped, as the receiver drops them.
    Verified,
}

/// The connections of some pairs of hosts. Takes packets in the order of the capture.
#[derive(Debug)]
pub struct Shard {
    table: FlowTable,
    memory: Memory,
    session: Session,
    stats: Stats,
    checksums: Checksums,
    watch: Option<Watch>,
    /// Connections that were followed and have ended, the one that ended first at the front, by their first frame.
    ended: VecDeque<(FlowKey, FrameNumber)>,
    limit_of_ended: usize,
    keeper: Option<Box<Keeper>>,
    /// Rules that hold for the event that is being told.
    hits: Vec<usize>,
    /// Connections that are followed, and how many may be.
    followed: usize,
    followed_limit: usize,
}

/// Segments after which the hand of the flow table moves, and how far: on average two steps for each segment, so that
/// it comes round sooner than the table can grow. Several at once, since the next steps are in the cache then.
const SEGMENTS_PER_ROUND: u64 = 8;
const STEPS_PER_ROUND: usize = 16;
/// How far the hand moves when no packet comes.
const STEPS_PER_TICK: usize = 256;

impl Shard {
    /// A shard that has seen nothing.
    pub fn new(limits: Limits, checksums: Checksums) -> Self {
        Self {
            table: FlowTable::new(limits.flows, limits.flow_idle_seconds, limits.watched_idle_seconds),
            memory: Memory::new(&limits),
            session: Session::new(limits),
            stats: Stats::default(),
            checksums,
            watch: None,
            ended: VecDeque::new(),
            limit_of_ended: limits.ended_flows,
            keeper: None,
            hits: Vec::new(),
            followed: 0,
            followed_limit: limits.followed_flows.max(1),
        }
    }

    /// The same, that tells secrets or withholds them; it withholds them unless told so.
    pub fn with_secrets(mut self, secrets: Secrets) -> Self {
        self.session = self.session.with_secrets(secrets);
        self
    }

    /// The same, with rules to run over its events.
    pub fn with_rules(mut self, rules: Arc<RuleSet>) -> Self {
        self.reload(Some(rules));
        self
    }

    /// The same, whose calls carry all messages that any rule reads, and not only those that a rule may hold for. A reload ends
    /// that.
    pub fn with_all_messages(mut self) -> Self {
        if let Some(watch) = &self.watch {
            self.session.want(Arc::new(watch.rules().wanted().with_all_messages()));
        }
        self
    }

    /// The same, that carves the sessions that rules want to be kept: at most `session_bytes` bytes of each. It wants to be
    /// given frames by [`keep`](Self::keep) then.
    pub fn with_carving(mut self, limits: &Limits, session_bytes: u64) -> Self {
        let mut keeper = Box::new(Keeper::new(limits, session_bytes));
        keeper.want(self.watch.as_ref().map(|watch| Arc::clone(watch.rules())));
        self.keeper = Some(keeper);
        self
    }

    /// Runs other rules over its events from here on, or none. What is known of connections stays.
    pub fn reload(&mut self, rules: Option<Arc<RuleSet>>) {
        let wanted = rules.as_ref().map(|rules| Arc::clone(rules.wanted()));
        self.session.want(wanted.unwrap_or_default());
        if let Some(keeper) = &mut self.keeper {
            keeper.want(rules.clone());
        }
        match (&mut self.watch, rules) {
            (Some(watch), Some(rules)) => watch.reload(rules),
            (watch, rules) => *watch = rules.map(Watch::new),
        }
    }

    /// It is `now`, and no packet has come: forgets some of the connections that have been idle for too long.
    pub fn tick(&mut self, now: Timestamp) {
        self.forget_idle(now, STEPS_PER_TICK);
        if let Some(keeper) = &mut self.keeper {
            keeper.tick(now);
        }
    }

    /// Takes a packet.
    pub fn packet(&mut self, packet: &Packet<'_>) {
        if self.checksums == Checksums::Verified && !checksum_ok(packet) {
            self.stats.checksums_wrong += 1;
            return;
        }
        if let Some(segment) = TcpSegment::parse(packet) {
            self.stats.tcp_segments += 1;
            self.segment(packet, segment);
        } else if let Some(datagram) = UdpDatagram::parse(packet) {
            self.stats.udp_datagrams += 1;
            let at = At { time: packet.time, frame: packet.frame };
            let UdpDatagram { source, destination, payload, missing } = datagram;
            let datagram = Datagram { source, destination, payload, missing: missing as usize };
            if self.session.datagram(&datagram, at) {
                self.count_checksum(packet);
            }
        }
    }

    /// Keeps the frame of the packet that was taken last, for rules that want sessions to be carved; `fragments` are the
    /// frames of its other fragments.
    ///
    /// Apart from [`packet`](Self::packet), which is quicker without.
    pub fn keep(&mut self, packet: &Packet<'_>, frame: &Frame<'_>, fragments: &mut Vec<KeptFrame>) {
        let Some(keeper) = self.keeper.as_mut().filter(|keeper| !keeper.is_idle()) else { return };
        if let Some(segment) = TcpSegment::parse(packet) {
            let (key, _) = key_of(packet, &segment);
            let position = self.table.find(&key);
            let Some(entry) = position.and_then(|position| self.table.entry(position)) else { return };
            let flow = entry.opened.0;
            if let Some(joined) = self.session.take_joined() {
                keeper.joined(joined);
            }
            match &entry.state {
                State::Watched(watched) if watched.has_sent() => {}
                State::Watched(_) | State::Probed(_) => keeper.opening(flow, frame, fragments),
                State::Followed(followed) => keeper.followed(flow, frame, fragments, followed.finished),
            }
        } else if let Some(activity) = self.session.take_activity() {
            keeper.followed(activity, frame, fragments, false);
        }
    }

    /// What is carved since it was last taken, in order. To be asked when the events of the packet have been told.
    pub fn carved(&mut self) -> impl Iterator<Item = Carved> + '_ {
        self.keeper.iter_mut().flat_map(|keeper| keeper.carved().drain(..))
    }

    /// Reports what is still open, at the end of the capture.
    pub fn finish(&mut self) {
        for (entry, last_seen) in self.table.take_all() {
            self.close(entry, last_seen);
        }
        self.session.finish_datagrams();
    }

    /// What there is to say since it was last taken, in order.
    pub fn events(&mut self) -> &mut Vec<Event> {
        self.session.events()
    }

    /// Gives what there is to say since it was last taken, in order, each event with the positions of the rules that hold
    /// for it.
    pub fn tell(&mut self, sink: &mut impl FnMut(Event, &[usize])) {
        self.tell_carved(&mut |event, hits, _| sink(event, hits));
    }

    /// The same, with where the session of the event is carved to, when one of these rules wants that.
    pub fn tell_carved(&mut self, sink: &mut impl FnMut(Event, &[usize], Option<CarveId>)) {
        let Self { session, watch, keeper, hits, .. } = self;
        if session.events().is_empty() {
            // The usual case.
            return;
        }
        for event in session.events().drain(..) {
            hits.clear();
            if let Some(watch) = watch {
                watch.event(&event, hits);
            }
            let carve = keeper.as_mut().and_then(|keeper| keeper.event(&event, hits));
            sink(event, hits, carve);
        }
    }

    /// The counters of this shard.
    pub fn stats(&self) -> Stats {
        let mut stats = self.stats;
        stats.add(&self.memory.stats);
        stats.add(self.session.stats());
        if let Some(keeper) = &self.keeper {
            stats.add(&keeper.stats());
        }
        stats
    }

    /// How full its tables are.
    pub fn sizes(&self) -> Sizes {
        Sizes {
            flows: self.table.len() as u64,
            reassembly_bytes: self.memory.used() as u64,
            ..self.session.sizes()
        }
    }

    fn segment(&mut self, packet: &Packet<'_>, segment: TcpSegment<'_>) {
        if self.stats.tcp_segments.is_multiple_of(SEGMENTS_PER_ROUND) {
            self.forget_idle(packet.time, STEPS_PER_ROUND);
        }
        let (key, direction) = key_of(packet, &segment);
        let position = match self.table.find(&key) {
            Some(position) => position,
            None => self.begin(key, At { time: packet.time, frame: packet.frame }),
        };
        let Some(entry) = self.table.see(position, packet.time) else { return };
        let is_of_interest = match &mut entry.state {
            State::Watched(watched) => watch(watched, direction, &segment),
            State::Probed(_) | State::Followed(_) => true,
        };
        // The usual case is that it is not, nor could become so.
        if is_of_interest {
            self.take(position, direction, &{ segment }, packet);
        }
    }

    /// Takes a segment of a connection that is of interest, or that becomes so.
    #[inline(never)]
    fn take(&mut self, position: usize, direction: Direction, segment: &TcpSegment<'_>, packet: &Packet<'_>) {
        let at = At { time: packet.time, frame: packet.frame };
        let Some(entry) = self.table.entry(position) else { return };
        match &mut entry.state {
            State::Followed(followed) if !followed.reassembler.is_reopened_by(direction, segment) => {
                if followed.reassembler.is_unchanged_by(direction, segment) {
                    return;
                }
                self.stats.checksums_wrong +=
                    u64::from(self.checksums == Checksums::Accepted && !checksum_ok(packet));
                let had_ended = followed.finished;
                follow(followed, direction, segment, at, &mut self.session, &mut self.memory);
                if followed.finished && !had_ended {
                    self.ended.push_back((entry.key, entry.opened));
                    self.forget_ended(at.time);
                }
            }
            _ => self.change(position, direction, segment, at),
        }
    }

    /// Takes a segment that may change how far its connection is understood.
    #[inline(never)]
    fn change(&mut self, position: usize, direction: Direction, segment: &TcpSegment<'_>, at: At) {
        let Some(entry) = self.table.entry(position) else { return };
        let key = entry.key;
        // The state is taken out of the table while it works, so that it can use the rest of the shard.
        let mut state = std::mem::take(&mut entry.state);
        let mut opened = entry.opened.0;
        if state.is_reopened_by(direction, segment) {
            let old = Entry { key, opened: entry.opened, state };
            self.close(old, at.time);
            opened = at.frame.0;
            state = State::default();
            self.stats.flows += 1;
        }
        let state = match state {
            State::Watched(watched) => self.recognise(watched, opened, key, direction, segment, at),
            State::Probed(probe) => self.probe(probe, opened, key, direction, segment, at),
            followed @ State::Followed(_) => followed,
        };
        if let Some(entry) = self.table.entry(position) {
            entry.state = state;
            entry.opened.0 = opened;
            // For how long it is remembered depends on its state.
            self.table.see(position, at.time);
        }
    }

    fn forget_idle(&mut self, now: Timestamp, mut steps: usize) {
        while let Some((idle, last_seen)) = self.table.pass(now, &mut steps) {
            self.close(idle, last_seen);
        }
    }

    /// Forgets what was said on the connection that ended first, when too many have ended: there may be many in a short
    /// time, long before they have been idle for long enough.
    #[inline(never)]
    fn forget_ended(&mut self, now: Timestamp) {
        if self.ended.len() <= self.limit_of_ended {
            return;
        }
        let Some((key, opened)) = self.ended.pop_front() else { return };
        let Some(position) = self.table.find(&key) else { return };
        let Some(entry) = self.table.entry(position) else { return };
        // It may have gone on since, or be another connection.
        if entry.opened == opened && matches!(&entry.state, State::Followed(followed) if followed.finished) {
            let state = std::mem::replace(&mut entry.state, State::Watched(Watched::of_no_interest()));
            // It is forgotten as soon as others of no interest are.
            self.table.see(position, now);
            self.close(Entry { key, opened, state }, now);
        }
    }

    #[inline(never)]
    fn begin(&mut self, key: FlowKey, at: At) -> usize {
        if let Some((oldest, last_seen)) = self.table.make_room() {
            self.stats.flows_evicted += 1;
            self.close(oldest, last_seen);
        }
        self.stats.flows += 1;
        self.table.insert(Entry { key, opened: at.frame, state: State::default() }, at.time)
    }

    /// Looks at a segment of a connection that was of no interest so far.
    fn recognise(
        &mut self,
        watched: Watched,
        opened: u64,
        key: FlowKey,
        direction: Direction,
        segment: &TcpSegment<'_>,
        at: At,
    ) -> State {
        if let Some(recognised) = classify(segment.payload) {
            let reassembler = watched.reassembler(direction, segment);
            let mut followed = self.begin_to_follow(recognised, opened, key, direction, reassembler);
            follow(&mut followed, direction, segment, at, &mut self.session, &mut self.memory);
            return State::Followed(followed);
        }
        let probe = Probe::new(watched.reassembler(direction, segment));
        self.probe(Box::new(probe), opened, key, direction, segment, at)
    }

    /// Collects the first bytes until they tell what they are.
    fn probe(
        &mut self,
        mut probe: Box<Probe>,
        opened: u64,
        key: FlowKey,
        direction: Direction,
        segment: &TcpSegment<'_>,
        at: At,
    ) -> State {
        let Probe { reassembler, heads, hopeless } = &mut *probe;
        let mut collect = |direction: Direction, item: Item<'_>| {
            match item {
                Item::Data { bytes, .. } => Probe::collect(heads, hopeless, direction, bytes),
                Item::Gap { .. } | Item::Closed { .. } => *hopeless = true,
                Item::Conflict { .. } => {}
            }
            0
        };
        reassembler.push(direction, segment, at, &mut self.memory, &mut collect);
        let known = [Direction::Forward, Direction::Backward]
            .into_iter()
            .find_map(|direction| Some((direction, classify(&probe.heads[direction.index()])?)));
        if let Some((sender, recognised)) = known {
            let Probe { reassembler, heads, .. } = *probe;
            let mut followed = self.begin_to_follow(recognised, opened, key, sender, reassembler);
            for direction in [sender, sender.other()] {
                let bytes = &heads[direction.index()];
                let side = followed.side(direction);
                self.session.data(&mut followed.connection, side, bytes, at);
            }
            return State::Followed(followed);
        }
        let undecided = probe.heads.iter().all(|head| could_become_known(head));
        if undecided && !probe.hopeless {
            return State::Probed(probe);
        }
        probe.reassembler.finish(at, &mut self.memory, &mut |_, _| 0);
        State::Watched(Watched::of_no_interest())
    }

    fn begin_to_follow(
        &mut self,
        recognised: Recognised,
        opened: u64,
        key: FlowKey,
        sender: Direction,
        reassembler: Reassembler,
    ) -> Box<Followed> {
        let client = match recognised.sender {
            Side::Client => sender,
            Side::Server => sender.other(),
        };
        let (client_end, server_end): (Endpoint, Endpoint) = (key.sender(client), key.sender(client.other()));
        if self.followed >= self.followed_limit {
            self.follow_one_less();
        }
        self.followed += 1;
        let flow = Flow::new(opened, client_end, server_end);
        let connection = self.session.open(recognised.protocol, flow);
        Box::new(Followed { reassembler, connection, client, closed: [false; 2], finished: false })
    }

    /// Forgets what was sent on an old connection that is followed. It may be recognised again by what follows.
    fn follow_one_less(&mut self) {
        let is_followed = |entry: &Entry| matches!(entry.state, State::Followed(_));
        let Some((entry, last_seen)) = self.table.find_old(is_followed) else { return };
        let state = std::mem::replace(&mut entry.state, State::Watched(Watched::of_no_interest()));
        let forgotten = Entry { key: entry.key, opened: entry.opened, state };
        self.stats.flows_evicted += 1;
        self.close(forgotten, last_seen);
    }

    /// Reports what is open on a connection that is forgotten.
    fn close(&mut self, entry: Entry, last_seen: Timestamp) {
        let at = At { time: last_seen, frame: entry.opened };
        match entry.state {
            State::Watched(_) => {}
            State::Probed(mut probe) => probe.reassembler.finish(at, &mut self.memory, &mut |_, _| 0),
            State::Followed(mut followed) => {
                self.followed = self.followed.saturating_sub(1);
                end(&mut followed, at, &mut self.session, &mut self.memory);
                if let Some(keeper) = &mut self.keeper {
                    keeper.closed(entry.opened.0);
                }
            }
        }
    }

    fn count_checksum(&mut self, packet: &Packet<'_>) {
        if self.checksums == Checksums::Accepted && !checksum_ok(packet) {
            self.stats.checksums_wrong += 1;
        }
    }
}

impl State {
    /// Whether a segment belongs to a later connection between the same endpoints.
    fn is_reopened_by(&self, direction: Direction, segment: &TcpSegment<'_>) -> bool {
        match self {
            Self::Watched(_) => false,
            Self::Probed(probe) => probe.reassembler.is_reopened_by(direction, segment),
            Self::Followed(followed) => followed.reassembler.is_reopened_by(direction, segment),
        }
    }
}

/// The connection that a segment belongs to, and which way it goes there.
#[inline]
fn key_of(packet: &Packet<'_>, segment: &TcpSegment<'_>) -> (FlowKey, Direction) {
    FlowKey::of(packet.hosts, packet.direction, [segment.source_port, segment.destination_port])
}

/// Looks at a segment of a connection of no interest. Returns whether it could have become interesting.
#[inline]
fn watch(watched: &mut Watched, direction: Direction, segment: &TcpSegment<'_>) -> bool {
    if segment.flags.syn() {
        watched.note_syn(direction, segment.sequence);
    }
    if segment.payload.is_empty() {
        return false;
    }
    if classify(segment.payload).is_some() {
        return true;
    }
    watched.is_in_doubt(direction, segment)
}

/// Takes a segment of a connection that carries remote procedure calls.
fn follow(
    followed: &mut Followed,
    direction: Direction,
    segment: &TcpSegment<'_>,
    at: At,
    session: &mut Session,
    memory: &mut Memory,
) {
    let (reassembler, mut sink) = into_session(followed, session);
    reassembler.push(direction, segment, at, memory, &mut sink);
    drop(sink);
    if followed.closed == [true; 2] && !followed.finished {
        // Both sides are done: what is open stays without an answer. The state is kept, since a forged FIN or RST must
        // not blind the sensor.
        end(followed, at, session, memory);
        followed.finished = true;
    }
}

/// Reports what is open on a connection, and gives back the memory of its reassembler.
fn end(followed: &mut Followed, at: At, session: &mut Session, memory: &mut Memory) {
    let (reassembler, mut sink) = into_session(followed, session);
    reassembler.finish(at, memory, &mut sink);
    drop(sink);
    session.finish(&mut followed.connection, at);
}

/// The reassembler of a connection, and the sink that hands its items to the session. The sink returns how many of the
/// following bytes are not needed.
fn into_session<'a>(
    followed: &'a mut Followed,
    session: &'a mut Session,
) -> (&'a mut Reassembler, impl FnMut(Direction, Item<'_>) -> u64 + 'a) {
    let Followed { reassembler, connection, client, closed, finished } = followed;
    let client = *client;
    let sink = move |direction: Direction, item: Item<'_>| {
        let side = if direction == client { Side::Client } else { Side::Server };
        match item {
            Item::Data { bytes, at } => {
                *finished = false;
                return session.data(connection, side, bytes, at);
            }
            Item::Gap { bytes, at } => session.gap(connection, side, bytes, at),
            Item::Conflict { at } => session.conflict(connection, at),
            Item::Closed { .. } => closed[direction.index()] = true,
        }
        0
    };
    (reassembler, sink)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rpcscope_flow::Decoder;
    use rpcscope_model::{EventBody, Phase, SyntaxId};
    use rpcscope_rules::{Loader, Placeholders};
    use rpcscope_testkit::conversation::{Answer, Call, Conversation};
    use rpcscope_testkit::packets::{Framing, TcpEnd, TcpFlow};
    use rpcscope_testkit::pdu::Offer;
    use rpcscope_testkit::transport::plain;

    fn memory_after(end: TcpEnd) -> usize {
        let interface = SyntaxId { major: 1, ..SyntaxId::default() };
        let conversation = Conversation::new()
            .bind(&[(Offer::ndr(0, interface), Answer::NDR)])
            .call(Call::new(0, 1).stub([7; 3000]));
        let flow = TcpFlow { end, ..TcpFlow::to_port(49670) };
        let frames = Framing::default().segments(&flow.segments(&plain(conversation.steps())));
        let mut decoder = Decoder::new(&Limits::WHOLE);
        let mut shard = Shard::new(Limits::WHOLE, Checksums::Accepted);
        for (number, frame) in (1..).zip(&frames) {
            if let Some(packet) = decoder.decode(&frame.as_frame(number)) {
                shard.packet(&packet);
            }
        }
        shard.memory.used()
    }

    #[test]
    fn of_connections_that_ended_long_ago_only_their_end_is_remembered() {
        let interface = SyntaxId { major: 1, ..SyntaxId::default() };
        let conversation =
            Conversation::new().bind(&[(Offer::ndr(0, interface), Answer::NDR)]).call(Call::new(0, 1));
        let mut decoder = Decoder::new(&Limits::WHOLE);
        let mut shard = Shard::new(Limits { ended_flows: 2, ..Limits::WHOLE }, Checksums::Accepted);
        let mut number = 0;
        for client_port in 50_000..50_005 {
            let usual = TcpFlow::to_port(49670);
            let client = Endpoint::new(usual.client.address, client_port);
            let flow = TcpFlow { end: TcpEnd::Finish, client, ..usual };
            for frame in Framing::default().segments(&flow.segments(&plain(conversation.steps()))) {
                number += 1;
                if let Some(packet) = decoder.decode(&frame.as_frame(number)) {
                    shard.packet(&packet);
                }
            }
        }
        let entries = shard.table.take_all();
        let is_followed = |state: &State| matches!(state, State::Followed(_));
        let followed: Vec<bool> = entries.iter().map(|(entry, _)| is_followed(&entry.state)).collect();
        assert_eq!(followed, [false, false, false, true, true]);
        let calls = shard.events().iter().filter(|event| matches!(event.body, EventBody::Call(_))).count();
        assert_eq!(calls, 5, "each call is told, once");
    }

    #[test]
    fn a_rule_that_reads_the_request_only_hits_before_the_reply_comes() {
        let rule = "title: T\nlogsource: {product: rpcscope, service: call}\ndetection: {s: {opnum: 1}, condition: s}\n";
        let mut loader = Loader::new(Placeholders::new());
        loader.add("rule.yml", rule);
        let (rules, findings) = loader.finish();
        assert!(findings.is_empty(), "{findings:?}");
        let interface = SyntaxId { major: 1, ..SyntaxId::default() };
        let conversation = Conversation::new()
            .bind(&[(Offer::ndr(0, interface), Answer::NDR)])
            .call(Call::new(0, 1))
            .call(Call::new(0, 2));
        let frames =
            Framing::default().segments(&TcpFlow::to_port(49670).segments(&plain(conversation.steps())));
        let mut decoder = Decoder::new(&Limits::WHOLE);
        let mut shard = Shard::new(Limits::WHOLE, Checksums::Accepted).with_rules(Arc::new(rules));
        let mut told = Vec::new();
        for (number, frame) in (1..).zip(&frames) {
            if let Some(packet) = decoder.decode(&frame.as_frame(number)) {
                shard.packet(&packet);
                shard.tell(&mut |event, hits| {
                    if let EventBody::Call(call) = &event.body {
                        told.push((
                            number,
                            event.header.phase,
                            call.opnum.map(|opnum| opnum.0),
                            hits.to_vec(),
                        ));
                    }
                });
            }
        }
        let hits: Vec<_> =
            told.iter().map(|(_, phase, opnum, hits)| (*phase, *opnum, hits.as_slice())).collect();
        let (once, never): (&[usize], &[usize]) = (&[0], &[]);
        assert_eq!(
            hits,
            [
                (Phase::Requested, Some(1), once),
                (Phase::Settled, Some(1), never),
                (Phase::Settled, Some(2), never)
            ]
        );
        assert!(told[0].0 < told[1].0, "it does not wait for the reply");
    }

    #[test]
    fn a_connection_that_ends_gives_its_memory_back_at_once() {
        assert!(memory_after(TcpEnd::Open) > 0);
        assert_eq!(memory_after(TcpEnd::Finish), 0);
        assert_eq!(memory_after(TcpEnd::Reset), 0);
    }
}
