//! Conversations as they are kept for a load: built once, written again and again with other hosts, ports, numbers.

use super::hosts::{Hosts, Version};
use crate::encoder::{length16, length32};
use crate::packets::checksum::{complement, sum};
use crate::packets::{Datagram, Segment, tcp_flags};
use crate::transport::smb2::SESSION;
use rpcscope_model::{Address, Endpoint, Side};
use std::ops::Range;

/// Who calls, where a template is built.
pub(super) const CLIENT: Address = Address::v4([10, 0, 0, 5]);
/// Who is called, where a template is built.
pub(super) const SERVER: Address = Address::v4([10, 0, 0, 9]);

/// A conversation of any number of connections.
#[derive(Clone, Debug, Default)]
pub(super) struct Template {
    cells: Vec<Cell>,
    /// What stands behind the IP header of each, one after the other.
    bytes: Vec<u8>,
    /// Where ids of SMB2 sessions stand, counted from the start of their frame's part of `bytes`. A server gives each
    /// session another, and sessions of several connections are joined by it.
    sessions: Vec<usize>,
    /// Cells that may be repeated, and how far they move the sequence numbers of client and server.
    repeated: Option<(Range<usize>, [u32; 2])>,
    /// Whether it can only be sent over IPv4, or over nothing at all.
    only_v4: bool,
}

/// One frame of a template.
#[derive(Clone, Debug)]
struct Cell {
    side: Side,
    layer: Layer,
    /// Which connection.
    connection: u8,
    server_port: u16,
    place: Range<usize>,
    /// Sequence and acknowledgement number, counted from the initial numbers of their side.
    numbers: [u32; 2],
    /// Sum of `place`, with ports, numbers, checksum and ids of sessions taken for 0.
    sum: u32,
    /// Those of the template's `sessions` that are in this frame.
    sessions: Range<usize>,
    has_payload: bool,
}

/// What stands behind the Ethernet addresses.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Layer {
    Tcp,
    Udp,
    /// Its checksum does not depend on addresses.
    Icmp,
    /// Something that is not IP, with its Ethernet type or length.
    Link,
}

/// What of a flow a frame tells.
#[derive(Clone, Copy, Debug)]
pub(super) struct Names {
    pub(super) hosts: Hosts,
    /// Port of the client on the first connection; further ones have those above.
    pub(super) port: u16,
    /// Initial sequence numbers of client and server.
    pub(super) initial: [u32; 2],
    /// Lower half of the id of SMB2 sessions.
    pub(super) session: u32,
    /// VLAN, if any.
    pub(super) vlan: Option<u16>,
}

impl Template {
    /// A template of what IP carries between [`CLIENT`] and [`SERVER`].
    ///
    /// # Panics
    /// When a datagram is of another protocol, or there are more than 16 connections.
    pub(super) fn of_datagrams(datagrams: &[Datagram]) -> Self {
        let mut template = Self::default();
        let mut connections: Vec<Known> = Vec::new();
        for datagram in datagrams {
            template.push(datagram, &mut connections);
        }
        template
    }

    /// A template of one TCP connection in which the segments of some messages may be repeated.
    pub(super) fn of_segments(segments: &[Segment], repeated: Option<Range<usize>>) -> Self {
        let datagrams: Vec<Datagram> = segments.iter().map(Datagram::from).collect();
        let mut template = Self::of_datagrams(&datagrams);
        template.repeated = repeated.map(|messages| {
            let handshake = segments.iter().take_while(|segment| segment.flags & tcp_flags::SYN != 0).count();
            // The third segment of a handshake belongs to the first message, too.
            let first = if handshake > 0 { handshake + 1 } else { 0 };
            // The end of the connection belongs to the last message.
            let end = segments.iter().position(|segment| segment.flags & tcp_flags::FIN != 0);
            let segments = &segments[..end.unwrap_or(segments.len())];
            let within = |segment: &Segment| messages.contains(&segment.message);
            let of = |side: Side| {
                let sent =
                    segments.iter().skip(first).filter(|segment| within(segment) && segment.side == side);
                sent.map(|segment| length32(segment.payload.len())).sum::<u32>()
            };
            let from = segments.iter().skip(first).position(within).map_or(0, |place| first + place);
            let count = segments.iter().skip(from).take_while(|segment| within(segment)).count();
            (from..from + count, [of(Side::Client), of(Side::Server)])
        });
        template
    }

    /// A template of datagrams that may all be repeated.
    pub(super) fn of_repeated_datagrams(datagrams: &[Datagram]) -> Self {
        let template = Self::of_datagrams(datagrams);
        Self { repeated: Some((0..template.cells.len(), [0; 2])), ..template }
    }

    /// A template of frames that are not IP: what stands behind the Ethernet addresses.
    pub(super) fn of_frames(frames: &[Vec<u8>]) -> Self {
        let mut template = Self { only_v4: true, ..Self::default() };
        for frame in frames {
            let place = template.append(frame);
            template.cells.push(Cell {
                side: Side::Client,
                layer: Layer::Link,
                connection: 0,
                server_port: 0,
                place,
                numbers: [0; 2],
                sum: 0,
                sessions: 0..0,
                has_payload: false,
            });
        }
        template
    }

    /// Number of frames in one pass.
    pub(super) fn len(&self) -> usize {
        self.cells.len()
    }

    /// Whether it can be sent over IPv6.
    pub(super) fn allows_v6(&self) -> bool {
        !self.only_v4
    }

    /// The frames that may be repeated.
    pub(super) fn repeated(&self) -> Option<Range<usize>> {
        self.repeated.as_ref().map(|(cells, _)| cells.clone())
    }

    /// Bytes of these frames on a link.
    pub(super) fn frame_bytes(&self, frames: Range<usize>, version: Version, tagged: bool) -> u64 {
        let lengths = self.cells[frames].iter().map(|cell| frame_bytes(cell, version, tagged) as u64);
        lengths.sum()
    }

    /// Whether this frame and the one behind it may change places: data of one direction of one connection.
    pub(super) fn may_swap(&self, place: usize) -> bool {
        let Some([one, two]) = self.cells.get(place..place + 2) else { return false };
        one.has_payload && two.has_payload && (one.side, one.connection) == (two.side, two.connection)
    }

    /// Writes a frame for a flow, when the frames that may be repeated were sent `rounds` times before.
    pub(super) fn write(
        &self,
        place: usize,
        rounds: u32,
        names: &Names,
        identification: u16,
        out: &mut Vec<u8>,
    ) {
        let cell = &self.cells[place];
        out.clear();
        names.hosts.write_link(cell.side, out);
        if let Some(vlan) = names.vlan {
            out.extend([0x81, 0, vlan.to_be_bytes()[0], vlan.to_be_bytes()[1]]);
        }
        let body = &self.bytes[cell.place.clone()];
        let transport = match cell.layer {
            Layer::Link => {
                out.extend(body);
                pad(out);
                return;
            }
            Layer::Icmp => out.len() + names.hosts.write_ip(cell.side, 1, body.len(), identification, out),
            Layer::Udp => out.len() + names.hosts.write_ip(cell.side, 17, body.len(), identification, out),
            Layer::Tcp => out.len() + names.hosts.write_ip(cell.side, 6, body.len(), identification, out),
        };
        out.extend(body);
        let header = &mut out[transport..];
        match cell.layer {
            Layer::Udp => {
                let ports = ports(cell, names);
                header[..4].copy_from_slice(&ports.to_be_bytes());
                let sum = cell.sum + halves(ports) + names.hosts.pseudo_header(17, body.len());
                // A checksum that comes out as 0 is sent as all ones (RFC 768).
                let checksum = match complement(sum) {
                    0 => 0xffff,
                    checksum => checksum,
                };
                header[6..8].copy_from_slice(&checksum.to_be_bytes());
            }
            Layer::Tcp => {
                let ports = ports(cell, names);
                let [sequence, acknowledgement] = self.numbers(place, rounds, names);
                header[..4].copy_from_slice(&ports.to_be_bytes());
                header[4..8].copy_from_slice(&sequence.to_be_bytes());
                header[8..12].copy_from_slice(&acknowledgement.to_be_bytes());
                let mut sum = cell.sum + halves(ports) + halves(sequence) + halves(acknowledgement);
                let session = names.session.to_le_bytes();
                for at in &self.sessions[cell.sessions.clone()] {
                    header[*at..at + 4].copy_from_slice(&session);
                    sum += halves(u32::from_be_bytes(session));
                }
                let checksum = complement(sum + names.hosts.pseudo_header(6, body.len()));
                header[16..18].copy_from_slice(&checksum.to_be_bytes());
            }
            Layer::Icmp | Layer::Link => {}
        }
        pad(out);
    }

    fn numbers(&self, place: usize, rounds: u32, names: &Names) -> [u32; 2] {
        let cell = &self.cells[place];
        let moved = self.repeated.as_ref().map_or([0; 2], |(_, by)| by.map(|by| by.wrapping_mul(rounds)));
        // Connections of one flow get unlike numbers.
        let apart = u32::from(cell.connection).wrapping_mul(0x0123_4567);
        let at = |side: Side, number: u32| {
            let initial = names.initial[side.index()].wrapping_add(apart);
            initial.wrapping_add(number).wrapping_add(moved[side.index()])
        };
        let [sequence, acknowledgement] = cell.numbers;
        let acknowledges = self.bytes[cell.place.start + 13] & tcp_flags::ACK != 0;
        let acknowledgement = if acknowledges { at(cell.side.other(), acknowledgement) } else { 0 };
        [at(cell.side, sequence), acknowledgement]
    }

    fn push(&mut self, datagram: &Datagram, connections: &mut Vec<Known>) {
        let side = if datagram.source.address == CLIENT { Side::Client } else { Side::Server };
        let ends = match side {
            Side::Client => [datagram.source, datagram.destination],
            Side::Server => [datagram.destination, datagram.source],
        };
        let place = self.append(&datagram.bytes);
        let header = &mut self.bytes[place.clone()];
        let layer = match datagram.protocol {
            6 => Layer::Tcp,
            17 => Layer::Udp,
            1 => Layer::Icmp,
            other => panic!("a load knows no IP protocol {other}"),
        };
        self.only_v4 |= layer == Layer::Icmp;
        let number = connections.iter().position(|known| known.ends == ends).unwrap_or_else(|| {
            connections.push(Known { ends, initial: [None; 2] });
            connections.len() - 1
        });
        assert!(number < MOST_CONNECTIONS, "more than {MOST_CONNECTIONS} connections in one conversation");
        let mut numbers = [0; 2];
        match layer {
            Layer::Tcp => {
                numbers = connections[number].numbers(side, header);
                header[..12].fill(0);
                header[16..18].fill(0);
            }
            Layer::Udp => {
                header[..4].fill(0);
                header[6..8].fill(0);
            }
            Layer::Icmp | Layer::Link => {}
        }
        let sessions = self.sessions.len();
        if layer == Layer::Tcp {
            for at in session_ids(header) {
                header[at..at + 4].fill(0);
                self.sessions.push(at);
            }
        }
        let header_bytes = if layer == Layer::Tcp { usize::from(header[12] >> 4) * 4 } else { 8 };
        let (sum, has_payload) = (sum(header), header.len() > header_bytes);
        self.cells.push(Cell {
            side,
            layer,
            connection: u8::try_from(number).expect("below 16"),
            server_port: ends[1].port,
            place,
            numbers,
            sum,
            sessions: sessions..self.sessions.len(),
            has_payload,
        });
    }

    fn append(&mut self, bytes: &[u8]) -> Range<usize> {
        let start = self.bytes.len();
        self.bytes.extend(bytes);
        start..self.bytes.len()
    }
}

/// A connection while its template is built.
struct Known {
    ends: [Endpoint; 2],
    /// Number that counts as 0, of client and server.
    initial: [Option<u32>; 2],
}

impl Known {
    /// Sequence and acknowledgement number of a segment, from the first that was seen of their side.
    fn numbers(&mut self, side: Side, header: &[u8]) -> [u32; 2] {
        let word =
            |at: usize| u32::from_be_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]]);
        let (sequence, acknowledgement) = (word(4), word(8));
        let own = *self.initial[side.index()].get_or_insert(sequence);
        if header[13] & tcp_flags::ACK == 0 {
            return [sequence.wrapping_sub(own), 0];
        }
        let other = *self.initial[side.other().index()].get_or_insert(acknowledgement);
        [sequence.wrapping_sub(own), acknowledgement.wrapping_sub(other)]
    }
}

/// Where the id of the session stands that [`Smb2`](crate::transport::Smb2) writes, in plain and encrypted messages.
///
/// # Panics
/// When it is at an odd place, where it would count otherwise in a checksum.
fn session_ids(bytes: &[u8]) -> Vec<usize> {
    let id = SESSION.to_le_bytes();
    let places = bytes.windows(id.len()).enumerate().filter(|(_, window)| **window == id);
    places.map(|(at, _)| at).inspect(|at| assert!(at.is_multiple_of(2), "an odd place: {at}")).collect()
}

/// Source and destination port.
fn ports(cell: &Cell, names: &Names) -> u32 {
    let client = u32::from(names.port.wrapping_add(u16::from(cell.connection)));
    let server = u32::from(cell.server_port);
    match cell.side {
        Side::Client => client << 16 | server,
        Side::Server => server << 16 | client,
    }
}

fn frame_bytes(cell: &Cell, version: Version, tagged: bool) -> usize {
    let ip_bytes = if cell.layer == Layer::Link { 0 } else { version.header_bytes() + 2 };
    (12 + if tagged { 4 } else { 0 } + ip_bytes + cell.place.len()).max(SHORTEST_FRAME)
}

/// A short frame is filled up with zeros.
fn pad(frame: &mut Vec<u8>) {
    if frame.len() < SHORTEST_FRAME {
        frame.resize(SHORTEST_FRAME, 0);
    }
}

/// The two words of a number, added.
fn halves(number: u32) -> u32 {
    (number >> 16) + (number & 0xffff)
}

/// The length as a word to add.
pub(super) fn length_word(length: usize) -> u32 {
    u32::from(length16(length))
}

/// Ports of this many connections belong to one flow.
pub(super) const MOST_CONNECTIONS: usize = 16;

/// Shortest frame of Ethernet (IEEE 802.3), without the check sequence, in bytes.
const SHORTEST_FRAME: usize = 60;
