//! The pcapng file format.
//!
//! Source: draft-ietf-opsawg-pcapng, section 4 (block definitions). Blocks are
//!
//! ```text
//! type (4) | total length (4) | body, padded to 4 bytes | total length again (4)
//! ```
//!
//! in the byte order of their section. The end of a block is known twice; while both agree, a packet that contradicts
//! itself costs that packet only.

use rpcscope_model::Timestamp;

use crate::batch::{Record, Sink};
use crate::format::{Detected, Format, Stop};
use crate::words::{halves, word, words};
use crate::{Damage, MAX_RECORD_BYTES};

mod interface;

use interface::Interface;

/// A pcapng file.
#[derive(Default)]
pub(crate) struct Pcapng {
    big_endian: bool,
    /// Of the current section. At most [`MAX_INTERFACES`].
    interfaces: Vec<Interface>,
    /// Of the last packet that had one.
    last_time: Timestamp,
    skipped: Option<Skipped>,
}

/// Packets that had to be left out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Skipped {
    /// Where the block of the first of them starts in the capture.
    pub(crate) offset: u64,
    /// What is wrong with the first of them.
    pub(crate) damage: Damage,
    /// How many there were.
    pub(crate) packets: u64,
}

impl Pcapng {
    /// Tells a pcapng file from its first bytes. The section header itself is read as a block.
    pub(crate) fn detect(start: &[u8]) -> Detected {
        if !start.starts_with(&SECTION_HEADER.to_be_bytes()) {
            return Detected::Nothing;
        }
        match start.get(8..12) {
            None => Detected::Short { needed: SECTION_HEADER_BYTES as usize },
            Some([0x1a, 0x2b, 0x3c, 0x4d] | [0x4d, 0x3c, 0x2b, 0x1a]) => {
                Detected::Format { format: Format::Pcapng(Self::default()), at: 0 }
            }
            Some(_) => Detected::Nothing,
        }
    }

    /// See [`Format::walk`].
    pub(crate) fn walk(&mut self, window: &[u8], base: u64, at: &mut usize, sink: &mut Sink<'_>) -> Stop {
        loop {
            // A section header changes the byte order, and therefore ends the inner walk.
            let rest = window.get(*at..).unwrap_or_default();
            if rest.starts_with(&SECTION_HEADER.to_be_bytes()) {
                match rest.get(8..12) {
                    None => return Stop::Short { needed: SECTION_HEADER_BYTES as usize },
                    Some([0x1a, 0x2b, 0x3c, 0x4d]) => self.big_endian = true,
                    Some([0x4d, 0x3c, 0x2b, 0x1a]) => self.big_endian = false,
                    Some(magic) => {
                        let magic = magic.first_chunk().copied().unwrap_or_default();
                        return Stop::Damaged(Damage::UnknownByteOrder { magic });
                    }
                }
            }
            let stop = if self.big_endian {
                self.walk_section::<true>(window, base, at, sink)
            } else {
                self.walk_section::<false>(window, base, at, sink)
            };
            if let Some(stop) = stop {
                return stop;
            }
        }
    }

    /// What had to be left out so far.
    pub(crate) fn skipped(&self) -> Option<Skipped> {
        self.skipped
    }

    /// Walks up to the next section header, for which it returns `None`; a section header that stands at `at` is read.
    fn walk_section<const BIG: bool>(
        &mut self,
        window: &[u8],
        base: u64,
        at: &mut usize,
        sink: &mut Sink<'_>,
    ) -> Option<Stop> {
        let begin = *at;
        while !sink.is_full() {
            let rest = window.get(*at..).unwrap_or_default();
            let Some([kind, length]) = words::<BIG, 2>(rest) else {
                return Some(Stop::Short { needed: BLOCK_BYTES as usize });
            };
            if kind == SECTION_HEADER && *at != begin {
                return None;
            }
            let block = match block::<BIG>(rest, kind, length) {
                Ok(block) => block,
                Err(stop) => return Some(stop),
            };
            match self.read_block::<BIG>(kind, block, *at) {
                Ok(Some(record)) => sink.push(record),
                Ok(None) => {}
                Err(damage) => {
                    let offset = base.saturating_add(u64::try_from(*at).unwrap_or(u64::MAX));
                    let skipped = self.skipped.get_or_insert(Skipped { offset, damage, packets: 0 });
                    skipped.packets = skipped.packets.saturating_add(1);
                }
            }
            *at += block.len();
        }
        Some(Stop::Full)
    }

    /// Reads a block, of which `block` is the whole and `start` the place in the window.
    #[inline(always)]
    fn read_block<const BIG: bool>(
        &mut self,
        kind: u32,
        block: &[u8],
        start: usize,
    ) -> Result<Option<Record>, Damage> {
        match kind {
            ENHANCED_PACKET => self.enhanced_packet::<BIG>(block, start).map(Some),
            SIMPLE_PACKET => self.simple_packet::<BIG>(block, start).map(Some),
            OBSOLETE_PACKET => self.obsolete_packet::<BIG>(block, start).map(Some),
            INTERFACE_DESCRIPTION => {
                if self.interfaces.len() < MAX_INTERFACES {
                    self.interfaces.extend(Interface::read::<BIG>(block));
                }
                Ok(None)
            }
            SECTION_HEADER => {
                self.interfaces.clear();
                Ok(None)
            }
            _ => Ok(None),
        }
    }

    /// Source: section 4.3.
    #[inline(always)]
    fn enhanced_packet<const BIG: bool>(&mut self, block: &[u8], start: usize) -> Result<Record, Damage> {
        let Some([_, _, interface, high, low, captured, original]) = words::<BIG, 7>(block) else {
            return Err(too_short(block, ENHANCED_PACKET_BYTES));
        };
        self.packet(interface, high, low, captured, original, block, start)
    }

    /// Source: appendix A of the format: an interface of 16 bits is followed by a count of drops.
    fn obsolete_packet<const BIG: bool>(&mut self, block: &[u8], start: usize) -> Result<Record, Damage> {
        let Some([_, _, interface_and_drops, high, low, captured, original]) = words::<BIG, 7>(block) else {
            return Err(too_short(block, ENHANCED_PACKET_BYTES));
        };
        let [interface, _drops] = halves::<BIG>(interface_and_drops);
        self.packet(u32::from(interface), high, low, captured, original, block, start)
    }

    /// The common part of enhanced and obsolete packets, whose bytes both begin at 28.
    #[allow(clippy::too_many_arguments)]
    #[inline(always)]
    fn packet(
        &mut self,
        interface: u32,
        high: u32,
        low: u32,
        captured: u32,
        original: u32,
        block: &[u8],
        start: usize,
    ) -> Result<Record, Damage> {
        const HEADER_BYTES: usize = 28;
        let described = self.interfaces.len();
        let Some(interface) = self.interfaces.get(interface as usize) else {
            return Err(Damage::UnknownInterface { interface, described });
        };
        let room = frame_room(block, HEADER_BYTES);
        if captured > room {
            return Err(Damage::TooLong { field: "captured packet length", value: captured, at_most: room });
        }
        let time = interface.time(u64::from(high) << 32 | u64::from(low));
        self.last_time = time;
        Ok(Record {
            time,
            start: start.saturating_add(HEADER_BYTES),
            captured_length: captured,
            original_length: original,
            link_type: interface.link_type,
        })
    }

    /// Source: section 4.4. A simple packet belongs to the first interface and has no time; it gets that of the packet
    /// before it, since the order of the file is all that is known.
    fn simple_packet<const BIG: bool>(&self, block: &[u8], start: usize) -> Result<Record, Damage> {
        const HEADER_BYTES: usize = 12;
        let Some([_, _, original, _]) = words::<BIG, 4>(block) else {
            return Err(too_short(block, SIMPLE_PACKET_BYTES));
        };
        let Some(interface) = self.interfaces.first() else {
            return Err(Damage::UnknownInterface { interface: 0, described: 0 });
        };
        let limit = if interface.snap_length == 0 { u32::MAX } else { interface.snap_length };
        Ok(Record {
            time: self.last_time,
            start: start.saturating_add(HEADER_BYTES),
            captured_length: original.min(limit).min(frame_room(block, HEADER_BYTES)),
            original_length: original,
            link_type: interface.link_type,
        })
    }
}

/// The whole block at the start of `rest`, padding included.
#[inline(always)]
fn block<const BIG: bool>(rest: &[u8], kind: u32, length: u32) -> Result<&[u8], Stop> {
    const FIELD: &str = "block total length";
    let at_least = if kind == SECTION_HEADER { SECTION_HEADER_BYTES } else { BLOCK_BYTES };
    if length < at_least {
        return Err(Stop::Damaged(Damage::TooShort { field: FIELD, value: length, at_least }));
    }
    if length > MAX_RECORD_BYTES {
        return Err(Stop::Damaged(Damage::TooLong {
            field: FIELD,
            value: length,
            at_most: MAX_RECORD_BYTES,
        }));
    }
    // Some writers leave the padding out of the length, though not out of the file; Wireshark reads them likewise.
    let needed = length.next_multiple_of(4) as usize;
    let Some(block) = rest.get(..needed) else { return Err(Stop::Short { needed }) };
    let last = block.last_chunk().map_or(length, |bytes| word::<BIG>(*bytes));
    if last != length {
        return Err(Stop::Damaged(Damage::LengthsDiffer { first: length, last }));
    }
    Ok(block)
}

/// How long a frame can be that stands in `block` behind `header_bytes`: up to the length that closes the block.
#[inline(always)]
fn frame_room(block: &[u8], header_bytes: usize) -> u32 {
    let room = block.len().saturating_sub(header_bytes).saturating_sub(4);
    u32::try_from(room).unwrap_or(u32::MAX)
}

fn too_short(block: &[u8], at_least: u32) -> Damage {
    let value = u32::try_from(block.len()).unwrap_or(u32::MAX);
    Damage::TooShort { field: "block total length", value, at_least }
}

// Block types; that of the section header is the same in both byte orders.
const SECTION_HEADER: u32 = 0x0a0d_0d0a;
const INTERFACE_DESCRIPTION: u32 = 1;
const OBSOLETE_PACKET: u32 = 2;
const SIMPLE_PACKET: u32 = 3;
const ENHANCED_PACKET: u32 = 6;

// The least lengths of blocks, both total lengths included.
const BLOCK_BYTES: u32 = 12;
const SECTION_HEADER_BYTES: u32 = 28;
const ENHANCED_PACKET_BYTES: u32 = 32;
const SIMPLE_PACKET_BYTES: u32 = 16;

/// Interfaces remembered per section. A forged file of nothing but interface descriptions could otherwise grow memory
/// without end; packets of further interfaces are left out with a warning.
const MAX_INTERFACES: usize = 65_536;

#[cfg(test)]
mod tests;
