//! Connections of a scenario as packets, each with its moment.

use super::network::Network;
use crate::conversation::Step;
use crate::packets::{Datagram, Framing, OwnedFrame, Segment, TcpEnd, TcpFlow, TcpStart};
use crate::rng::Rng;
use crate::transport::{HttpV1, HttpV2, Message, Smb1, Smb2};
use rpcscope_model::{Endpoint, Side, Timestamp};

/// What carries the PDUs.
#[derive(Clone, Debug)]
pub(crate) enum Carrier {
    Tcp,
    Udp,
    Smb1(Smb1),
    Smb2(Smb2),
    HttpV1(HttpV1),
    HttpV2(HttpV2),
}

/// One PDU on its way.
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    /// Which of the connection's pipes.
    pub(crate) pipe: usize,
    pub(crate) step: Step,
    /// When, in nanoseconds since the start; unlike for all PDUs.
    pub(crate) at_ns: i64,
    /// Whether the capture lacks it.
    pub(crate) lost: bool,
}

/// A connection, or the several that carry one session of SMB or HTTP.
#[derive(Clone, Debug)]
pub(crate) struct Connection {
    pub(crate) carrier: Carrier,
    pub(crate) client: Endpoint,
    pub(crate) server: Endpoint,
    pub(crate) network: Network,
    pub(crate) pipes: Vec<String>,
    pub(crate) sent: Vec<Sent>,
    pub(crate) start: TcpStart,
    pub(crate) end: TcpEnd,
    pub(crate) seed: u64,
}

/// A packet of a connection.
struct Packet<'a> {
    at_ns: i64,
    captured: bool,
    network: &'a Network,
    datagram: Datagram,
}

/// When frames are captured.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    pub(crate) start: Timestamp,
    /// Nanoseconds between frames that have nothing to wait for.
    pub(crate) interval_ns: i64,
}

/// The frames of all connections, in the order of their moments.
pub(crate) fn frames(connections: &[Connection], clock: Clock) -> Vec<OwnedFrame> {
    let mut packets: Vec<Packet<'_>> = connections.iter().flat_map(Connection::packets).collect();
    packets.sort_by_key(|packet| packet.at_ns);
    let mut frames = Vec::new();
    let mut next = clock.start.0;
    let mut passed = 0;
    for (number, Packet { at_ns, captured, network, datagram }) in packets.into_iter().enumerate() {
        let framing = Framing {
            link: network.link.clone(),
            tunnels: network.tunnels.clone(),
            fragment_bytes: network.ip_fragment,
            snap_length: network.snap_length,
            start: clock.start,
            interval_ns: 0,
        };
        for frame in framing.frames_of(&datagram, number, passed) {
            let time = next.max(clock.start.0.saturating_add(at_ns));
            next = time.saturating_add(clock.interval_ns);
            passed += 1;
            if captured {
                frames.push(OwnedFrame { time: Timestamp(time), ..frame });
            }
        }
    }
    frames
}

impl Connection {
    fn packets(&self) -> Vec<Packet<'_>> {
        let packets = match self.carrier {
            Carrier::Udp => self.datagrams(),
            _ => self.segments(),
        };
        let network = &self.network;
        let mut latest = i64::MIN;
        let packets = packets.into_iter().zip(1..).map(|((at_ns, datagram), number)| {
            // What a disturbance puts later is later.
            latest = latest.max(at_ns);
            let captured = !network.lose_frames.contains(&number);
            Packet { at_ns: latest, captured, network, datagram }
        });
        packets.collect()
    }

    fn segments(&self) -> Vec<(i64, Datagram)> {
        let placed = self.messages();
        let (steps, messages): (Vec<usize>, Vec<Message>) = placed.into_iter().unzip();
        let flow = TcpFlow {
            client: self.client,
            server: self.server,
            start: self.start,
            end: self.end,
            client_sequence: sequence(self.seed),
            server_sequence: sequence(self.seed ^ u64::MAX),
            max_segment_bytes: self.network.max_segment_bytes,
            acknowledge: self.network.acknowledge,
        };
        let sent = |segment: &Segment| steps.get(segment.message).and_then(|step| self.sent.get(*step));
        let mut segments = flow.segments(&messages);
        segments.retain(|segment| {
            let lost = sent(segment).is_some_and(|sent| sent.lost && sent.step.side == segment.side);
            let captured = self.network.only.is_none_or(|side| side == segment.side);
            captured && (!lost || segment.payload.is_empty())
        });
        let disturbance = crate::packets::Disturbance { seed: self.seed, ..self.network.disturbance.clone() };
        let segments = disturbance.apply(segments);
        let at_ns = |segment: &Segment| sent(segment).map_or(0, |sent| sent.at_ns);
        segments.iter().map(|segment| (at_ns(segment), Datagram::from(segment))).collect()
    }

    /// The messages, each with the place in `sent` that it belongs to.
    fn messages(&self) -> Vec<(usize, Message)> {
        let steps = || self.sent.iter().map(|sent| sent.step.clone()).collect::<Vec<Step>>();
        let pipes: Vec<&str> = self.pipes.iter().map(String::as_str).collect();
        let script =
            || self.sent.iter().map(|sent| (sent.pipe, sent.step.clone())).collect::<Vec<(usize, Step)>>();
        match &self.carrier {
            Carrier::Tcp | Carrier::Udp => {
                crate::transport::plain(&steps()).into_iter().enumerate().collect()
            }
            Carrier::Smb1(smb) => smb.carry_script(&pipes, &script()),
            Carrier::Smb2(smb) => smb.carry_script(&pipes, &script()),
            Carrier::HttpV1(http) => http.carry_script(&steps()),
            Carrier::HttpV2(http) => http.carry_script(&steps()),
        }
    }

    fn datagrams(&self) -> Vec<(i64, Datagram)> {
        let mut rng = Rng::new(self.seed);
        let disturbance = &self.network.disturbance;
        let mut datagrams = Vec::new();
        for sent in &self.sent {
            let side = sent.step.side;
            let captured = !sent.lost && self.network.only.is_none_or(|only| only == side);
            if !captured || rng.chance(disturbance.drop_percent) {
                continue;
            }
            let (source, destination) = match side {
                Side::Client => (self.client, self.server),
                Side::Server => (self.server, self.client),
            };
            let datagram = Datagram::udp(source, destination, &sent.step.pdu);
            if rng.chance(disturbance.duplicate_percent) {
                datagrams.push((sent.at_ns, datagram.clone()));
            }
            datagrams.push((sent.at_ns, datagram));
        }
        datagrams
    }
}

/// An initial sequence number.
fn sequence(seed: u64) -> u32 {
    u32::try_from(Rng::new(seed).next_u64() >> 33).expect("31 bits")
}
