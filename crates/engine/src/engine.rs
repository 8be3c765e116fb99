//! All shards behind one decoder, on one thread.

use crate::{Checksums, SHARDS, Shard, shard_limits, shard_of};
use rpcscope_flow::Decoder;
use rpcscope_model::{
    CarveId, Carved, Event, Frame, FrameNumber, KeptFrame, Limits, LinkType, Secrets, Stats, Timestamp,
};
use rpcscope_rules::RuleSet;
use std::sync::Arc;

/// A whole sensor on one thread.
#[derive(Debug)]
pub struct Engine {
    decoder: Decoder,
    shards: Vec<Shard>,
    /// Frames of the other fragments of a packet.
    fragments: Vec<KeptFrame>,
}

impl Engine {
    /// A sensor that has seen nothing.
    pub fn new(checksums: Checksums) -> Self {
        Self {
            decoder: Decoder::new(&Limits::WHOLE),
            shards: (0..SHARDS).map(|_| Shard::new(shard_limits(), checksums)).collect(),
            fragments: Vec::new(),
        }
    }

    /// The same, that tells secrets or withholds them; it withholds them unless told so.
    pub fn with_secrets(mut self, secrets: Secrets) -> Self {
        self.shards = self.shards.into_iter().map(|shard| shard.with_secrets(secrets)).collect();
        self
    }

    /// The same, with rules to run over its events.
    pub fn with_rules(mut self, rules: &Arc<RuleSet>) -> Self {
        self.shards = self.shards.into_iter().map(|shard| shard.with_rules(Arc::clone(rules))).collect();
        self
    }

    /// The same, whose calls carry all messages that any rule reads, and not only those that a rule may hold for: for whoever
    /// asks why it does not.
    pub fn with_all_messages(mut self) -> Self {
        self.shards = self.shards.into_iter().map(Shard::with_all_messages).collect();
        self
    }

    /// The same, that carves the sessions that rules want to be kept: at most `session_bytes` bytes of each. To be given
    /// frames by [`push_carving`](Self::push_carving).
    pub fn with_carving(mut self, session_bytes: u64) -> Self {
        let carving = |shard: Shard| shard.with_carving(&shard_limits(), session_bytes);
        self.shards = self.shards.into_iter().map(carving).collect();
        self
    }

    /// Takes a frame, and gives what it showed to `sink`.
    #[inline]
    pub fn push(&mut self, frame: &Frame<'_>, sink: &mut impl FnMut(Event)) {
        self.push_judged(frame, &mut |event, _| sink(event));
    }

    /// Takes a frame, and gives what it showed to `sink`, each event with the positions of the rules that hold for it.
    #[inline]
    pub fn push_judged(&mut self, frame: &Frame<'_>, sink: &mut impl FnMut(Event, &[usize])) {
        let Some(packet) = self.decoder.decode(frame) else { return };
        if let Some(shard) = self.shards.get_mut(shard_of(&packet)) {
            shard.packet(&packet);
            shard.tell(sink);
        }
    }

    /// Takes a frame, and gives what it showed to `sink`, each event with the positions of the rules that hold for it and
    /// where its session is carved to, and then what is carved to `carver`.
    pub fn push_carving(
        &mut self,
        frame: &Frame<'_>,
        sink: &mut impl FnMut(Event, &[usize], Option<CarveId>),
        carver: &mut impl FnMut(Carved),
    ) {
        let Some(packet) = self.decoder.decode_keeping(frame, &mut self.fragments) else { return };
        if let Some(shard) = self.shards.get_mut(shard_of(&packet)) {
            shard.packet(&packet);
            shard.keep(&packet, frame, &mut self.fragments);
            shard.tell_carved(sink);
            shard.carved().for_each(carver);
        }
    }

    /// Gives what is still open to `sink`, in the order of the frames in which it began.
    pub fn finish(&mut self, sink: &mut impl FnMut(Event)) {
        self.finish_judged(&mut |event, _| sink(event));
    }

    /// Gives what is still open to `sink`, in the order of the frames in which it began, each event with the positions of
    /// the rules that hold for it.
    pub fn finish_judged(&mut self, sink: &mut impl FnMut(Event, &[usize])) {
        self.finish_carving(&mut |event, hits, _| sink(event, hits), &mut drop);
    }

    /// The same, with where sessions are carved to, and then what is carved to `carver`, the shards in their order.
    pub fn finish_carving(
        &mut self,
        sink: &mut impl FnMut(Event, &[usize], Option<CarveId>),
        carver: &mut impl FnMut(Carved),
    ) {
        self.decoder.finish();
        let (mut last, mut carved) = (Vec::new(), Vec::new());
        for shard in &mut self.shards {
            shard.finish();
            shard.tell_carved(&mut |event, hits, carve| last.push((event, (hits.to_vec(), carve))));
            carved.extend(shard.carved());
        }
        sort_final_events(&mut last);
        last.into_iter().for_each(|(event, (hits, carve))| sink(event, &hits, carve));
        carved.into_iter().for_each(carver);
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

/// Puts the events of the end of a capture, each with what is said about it, in order: by the frame in which each began, the shards in their order.
pub fn sort_final_events<T>(events: &mut [(Event, T)]) {
    events.sort_by_key(|(event, _)| event.header.frame);
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
