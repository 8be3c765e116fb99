//! All shards behind one decoder, on one thread.

use crate::{Checksums, SHARDS, Shard, shard_limits, shard_of};
use rpcscope_flow::{Decoder, Packet};
use rpcscope_model::{Event, Frame, FrameNumber, Limits, LinkType, Secrets, Stats, Timestamp};

/// A whole sensor on one thread.
#[derive(Debug)]
pub struct Engine {
    decoder: Decoder,
    shards: Vec<Shard>,
}

impl Engine {
    /// A sensor that has seen nothing.
    pub fn new(checksums: Checksums) -> Self {
        Self {
            decoder: Decoder::new(&Limits::WHOLE),
            shards: (0..SHARDS).map(|_| Shard::new(shard_limits(), checksums)).collect(),
        }
    }

    /// The same, that tells secrets or withholds them; it withholds them unless told so.
    pub fn with_secrets(mut self, secrets: Secrets) -> Self {
        self.shards = self.shards.into_iter().map(|shard| shard.with_secrets(secrets)).collect();
        self
    }

    /// Takes a frame, and gives what it showed to `sink`.
    #[inline]
    pub fn push(&mut self, frame: &Frame<'_>, sink: &mut impl FnMut(Event)) {
        let Some(packet) = self.decoder.decode(frame) else { return };
        push_packet(&mut self.shards, &packet, sink);
    }

    /// Gives what is still open to `sink`, in the order of the frames in which it began.
    pub fn finish(&mut self, sink: &mut impl FnMut(Event)) {
        self.decoder.finish();
        let mut events = Vec::new();
        for shard in &mut self.shards {
            shard.finish();
            events.append(shard.events());
        }
        sort_final_events(&mut events);
        events.into_iter().for_each(sink);
    }

    /// The counters of all parts.
    pub fn stats(&self) -> Stats {
        let mut stats = *self.decoder.stats();
        for shard in &self.shards {
            stats.add(&shard.stats());
        }
        stats
    }
}

#[inline]
fn push_packet(shards: &mut [Shard], packet: &Packet<'_>, sink: &mut impl FnMut(Event)) {
    if let Some(shard) = shards.get_mut(shard_of(packet)) {
        shard.packet(packet);
        shard.events().drain(..).for_each(sink);
    }
}

/// Puts the events of the end of a capture in order: by the frame in which each began, the shards in their order.
pub fn sort_final_events(events: &mut [Event]) {
    events.sort_by_key(|event| event.header.frame);
}

/// Reads arbitrary bytes as frames of arbitrary link types, to the end: the body of a fuzz target.
///
/// Each frame is one byte link type, two bytes length, and that many bytes.
pub fn fuzz_engine(input: &[u8]) {
    const LINK_TYPES: [LinkType; 8] = [
        LinkType::ETHERNET,
        LinkType::ETHERNET,
        LinkType::RAW,
        LinkType::LINUX_SLL,
        LinkType::LINUX_SLL2,
        LinkType::NULL,
        LinkType::LOOP,
        LinkType::IPV6,
    ];
    let mut engine = Engine::new(Checksums::Accepted);
    let mut rest = input;
    let mut number = 0_u64;
    while let Some(([link, low, high], tail)) = rest.split_first_chunk::<3>() {
        let length = usize::from(u16::from_le_bytes([*low, *high]));
        let (bytes, tail) = tail.split_at_checked(length).unwrap_or((tail, &[]));
        rest = tail;
        number += 1;
        let frame = Frame {
            number: FrameNumber(number),
            time: Timestamp(i64::try_from(number).unwrap_or(i64::MAX).saturating_mul(1_000_000)),
            link_type: LINK_TYPES[usize::from(*link) % LINK_TYPES.len()],
            original_length: u32::try_from(length).unwrap_or(u32::MAX),
            bytes,
        };
        engine.push(&frame, &mut drop);
    }
    engine.finish(&mut drop);
}
