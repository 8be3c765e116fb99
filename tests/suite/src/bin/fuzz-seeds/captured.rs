//! Takes a capture apart: frames, UDP payloads, and what the two sides of each TCP connection said.

use rpcscope_capture::{Batch, CaptureError, Input, Reader};
use rpcscope_flow::{At, Decoder, Direction, Item, Memory, Reassembler, TcpSegment, UdpDatagram};
use rpcscope_model::{Endpoint, Limits, Side};
use rpcscope_session::{Protocol, classify};
use rpcscope_testkit::packets::OwnedFrame;
use rpcscope_testkit::transport::Message;
use std::collections::BTreeMap;
use std::path::Path;

/// What is in a capture.
pub(crate) struct Capture {
    /// All frames.
    pub(crate) frames: Vec<OwnedFrame>,
    /// The payloads of UDP datagrams.
    pub(crate) datagrams: Vec<Vec<u8>>,
    /// The TCP connections, by their endpoints.
    pub(crate) connections: Vec<Connection>,
}

/// A TCP connection.
pub(crate) struct Connection {
    /// What it carries, if that is of interest.
    pub(crate) protocol: Option<Protocol>,
    /// What was said, in order; one message for each piece that the reassembler gave.
    pub(crate) messages: Vec<Message>,
}

struct Open {
    reassembler: Reassembler,
    /// Of the first segment.
    client: Direction,
    messages: Vec<Message>,
}

impl Open {
    fn say(&mut self, direction: Direction, item: Item<'_>) {
        if let Item::Data { bytes, .. } = item {
            let side = if direction == self.client { Side::Client } else { Side::Server };
            self.messages.push(Message::new(side, bytes.to_vec()));
        }
    }
}

/// Reads a capture to its end.
pub(crate) fn read(path: &Path) -> Result<Capture, CaptureError> {
    let mut decoder = Decoder::new(&Limits::WHOLE);
    let mut memory = Memory::new(&Limits::WHOLE);
    let (mut frames, mut datagrams) = (Vec::new(), Vec::new());
    let mut open: BTreeMap<(Endpoint, Endpoint), Open> = BTreeMap::new();
    let mut last = At::default();
    let mut reader = Reader::open(&Input::File(path.to_owned()))?;
    let mut batch = Batch::new(64);
    while reader.next_batch(&mut batch)? {
        for frame in &batch {
            last = At { time: frame.time, frame: frame.number };
            frames.push(OwnedFrame {
                time: frame.time,
                link_type: frame.link_type,
                original_length: frame.original_length,
                bytes: frame.bytes.to_vec(),
            });
            let Some(packet) = decoder.decode(&frame) else { continue };
            if let Some(segment) = TcpSegment::parse(&packet) {
                let source = Endpoint::new(packet.source(), segment.source_port);
                let destination = Endpoint::new(packet.destination(), segment.destination_port);
                let direction = Direction::of(source, destination);
                let ends = (source.min(destination), source.max(destination));
                let connection = open.entry(ends).or_insert_with(|| Open {
                    reassembler: Reassembler::new(),
                    client: direction,
                    messages: Vec::new(),
                });
                let mut reassembler = std::mem::take(&mut connection.reassembler);
                reassembler.push(direction, &segment, last, &mut memory, &mut |direction, item| {
                    connection.say(direction, item);
                    0
                });
                connection.reassembler = reassembler;
            } else if let Some(datagram) = UdpDatagram::parse(&packet) {
                datagrams.push(datagram.payload.to_vec());
            }
        }
    }
    let connections = open.into_values().map(|mut connection| {
        let mut reassembler = std::mem::take(&mut connection.reassembler);
        reassembler.finish(last, &mut memory, &mut |direction, item| {
            connection.say(direction, item);
            0
        });
        let recognised = connection.messages.iter().find_map(|message| classify(&message.bytes));
        Connection { protocol: recognised.map(|it| it.protocol), messages: connection.messages }
    });
    let connections = connections.collect();
    Ok(Capture { frames, datagrams, connections })
}
