//! The input formats of the fuzz targets, as the bodies describe them, and names for their seeds.

use rpcscope_model::{LinkType, Side};
use rpcscope_testkit::packets::{OwnedFrame, Segment};
use rpcscope_testkit::transport::{Message, stream};
use rpcscope_wire::dcerpc::{HEADER_BYTES, Header, PduType, connectionless};
use rpcscope_wire::{ByteOrder, nbss, smb1, smb2};

/// Pieces of a connection: two bytes length, of which bit 15 is the side, then the bytes.
pub(crate) fn pieces(messages: &[Message], most_bytes: usize) -> Vec<u8> {
    let mut out = Vec::new();
    for message in messages {
        for piece in message.bytes.chunks(0x3fff) {
            let piece = piece.get(..most_bytes.saturating_sub(out.len())).unwrap_or(piece);
            let side = if message.side == Side::Client { 0 } else { 0x8000 };
            let length = u16::try_from(piece.len()).expect("cut above");
            if length > 0 {
                out.extend((length | side).to_le_bytes());
                out.extend(piece);
            }
        }
    }
    out
}

/// A gap of `bytes` that `side` sent, at most 0x3fff, as a piece.
pub(crate) fn gap(side: Side, bytes: u16) -> [u8; 2] {
    let side = if side == Side::Client { 0 } else { 0x8000 };
    (bytes & 0x3fff | 0x4000 | side).to_le_bytes()
}

/// Frames for the engine: one byte link type, two bytes length, the frame.
pub(crate) fn frames(frames: &[OwnedFrame], most_bytes: usize) -> Vec<u8> {
    script_frames(frames, most_bytes, &ENGINE_LINK_TYPES, u16::to_le_bytes)
}

/// Frames for the decoder: the same, with the length in network order and other numbers for link types.
pub(crate) fn decoder_frames(frames: &[OwnedFrame], most_bytes: usize) -> Vec<u8> {
    script_frames(frames, most_bytes, &DECODER_LINK_TYPES, u16::to_be_bytes)
}

fn script_frames(
    frames: &[OwnedFrame],
    most_bytes: usize,
    link_types: &[LinkType],
    order: fn(u16) -> [u8; 2],
) -> Vec<u8> {
    let mut out = Vec::new();
    for frame in frames {
        let link_type = link_types.iter().position(|known| *known == frame.link_type);
        let Ok(length) = u16::try_from(frame.bytes.len()) else { continue };
        if out.len() + frame.bytes.len() > most_bytes {
            break;
        }
        out.push(u8::try_from(link_type.expect("a link type that the target has")).expect("few link types"));
        out.extend(order(length));
        out.extend(&frame.bytes);
    }
    out
}

/// Segments of one connection: eight bytes each, then the payload.
pub(crate) fn segments(segments: &[Segment]) -> Vec<u8> {
    let mut out = Vec::new();
    for segment in segments {
        let direction = if segment.side == Side::Client { 0 } else { 1 };
        let acknowledges = if segment.flags & 0x10 == 0 { 0 } else { 2 };
        out.push(direction | acknowledges | (segment.flags & 7) << 2);
        out.push(0);
        out.extend(low_half(segment.sequence));
        out.extend(low_half(segment.acknowledgement));
        out.extend(u16::try_from(segment.payload.len()).expect("a short payload").to_be_bytes());
        out.extend(&segment.payload);
    }
    out
}

fn low_half(number: u32) -> [u8; 2] {
    let [_, _, high, low] = number.to_be_bytes();
    [high, low]
}

/// PDUs for an association: type, side, flags, a choice, two bytes length of the body, then the body.
///
/// The choice holds the call id, bit 3 for big-endian, and all of the upper bits for a PDU with a verifier.
pub(crate) fn association(messages: &[Message], most_bytes: usize) -> Vec<u8> {
    let mut out = Vec::new();
    for message in messages {
        let mut rest = message.bytes.as_slice();
        while let Some(header) = Header::is_plausible(rest) {
            let Some((pdu, after)) = rest.split_at_checked(usize::from(header.frag_length)) else { break };
            rest = after;
            let body = pdu.get(HEADER_BYTES..).unwrap_or_default();
            let (PduType(number), [.., call_id]) = (header.pdu_type, header.call_id.0.to_be_bytes());
            let order = if header.order == ByteOrder::Big { 8 } else { 0 };
            let verifier = if header.auth_length == 8 { 0xf0 } else { 0 };
            // Lengths have 12 bits.
            let Ok(length @ 0..=0xfff) = u16::try_from(body.len()) else { continue };
            if out.len() + body.len() > most_bytes {
                return out;
            }
            out.extend([number, if message.side == Side::Client { 0 } else { 0x80 }, header.flags.0]);
            out.push(call_id & 7 | order | verifier);
            out.extend(length.to_le_bytes());
            out.extend(body);
        }
    }
    out
}

/// A loss of `bytes` that `side` sent, as a PDU for an association.
pub(crate) fn association_gap(side: Side, bytes: u16) -> Vec<u8> {
    let side = if side == Side::Client { 0xf8 } else { 0xff };
    let [low, high] = bytes.to_le_bytes();
    let mut out = vec![0, side, 0, 0, low, high];
    out.resize(out.len() + usize::from(bytes), 0);
    out
}

/// The PDUs of a connection that carries nothing else.
pub(crate) fn pdus(messages: &[Message]) -> Vec<Vec<u8>> {
    cut(messages, |bytes| Some((0, usize::from(Header::is_plausible(bytes)?.frag_length))))
}

/// The SMB messages of a connection, without their framing.
pub(crate) fn smb_messages(messages: &[Message]) -> Vec<Vec<u8>> {
    cut(messages, |bytes| Some((nbss::HEADER_BYTES, nbss::Header::plausible(bytes)?.length)))
}

/// Cuts both streams of a connection into messages. `measure` gives the bytes before and in the first one.
fn cut(messages: &[Message], measure: impl Fn(&[u8]) -> Option<(usize, usize)>) -> Vec<Vec<u8>> {
    let mut cut = Vec::new();
    for side in [Side::Client, Side::Server] {
        let bytes = stream(messages, 0, side);
        let mut rest = bytes.as_slice();
        while let Some((before, length)) = measure(rest) {
            let Some(message) = rest.get(before..before + length) else { break };
            cut.push(message.to_vec());
            rest = &rest[before + length..];
        }
    }
    cut
}

/// A name for a PDU. Those that are alike to a parser share one.
pub(crate) fn pdu_name(pdu: &[u8]) -> String {
    let header = Header::parse(pdu).expect("a PDU");
    let verifier = if header.auth_length > 0 { "-with-verifier" } else { "" };
    let PduType(number) = header.pdu_type;
    format!("type-{number:02}-flags-{:02x}-{:?}{verifier}", header.flags.0, header.order).to_lowercase()
}

/// A name for a connectionless PDU, if `datagram` is one.
pub(crate) fn connectionless_name(datagram: &[u8]) -> Option<String> {
    let pdu = connectionless::Pdu::parse(datagram).ok()?;
    let PduType(number) = pdu.pdu_type;
    Some(format!("connectionless-{number:02}-flags-{:02x}-{:?}", pdu.flags1, pdu.order).to_lowercase())
}

/// The target and a name for an SMB message, if `message` is one.
pub(crate) fn smb_name(message: &[u8]) -> Option<(&'static str, String)> {
    let (id, rest) = message.split_first_chunk::<4>()?;
    if *id == smb1::PROTOCOL_ID {
        let (command, flags) = (rest.first()?, rest.get(5)?);
        let chained = rest.get(29).is_some_and(|command| *command != 0xff);
        let form = if chained { "-chain" } else { "" };
        return Some(("smb1", format!("command-{command:02x}-{}{form}", kind(flags & 0x80 != 0))));
    }
    if *id != smb2::PROTOCOL_ID {
        return Some(("smb2", format!("protocol-{:02x}", id[0])));
    }
    let (command, flags, next) = (rest.get(8)?, rest.get(12)?, rest.get(16)?);
    let form = if *next == 0 { "" } else { "-compound" };
    Some(("smb2", format!("command-{command:02x}-{}{form}", kind(flags & 1 != 0))))
}

const fn kind(response: bool) -> &'static str {
    if response { "response" } else { "request" }
}

/// By their numbers in `rpcscope_engine::fuzz_engine`.
const ENGINE_LINK_TYPES: [LinkType; 8] = [
    LinkType::ETHERNET,
    LinkType::ETHERNET,
    LinkType::RAW,
    LinkType::LINUX_SLL,
    LinkType::LINUX_SLL2,
    LinkType::NULL,
    LinkType::LOOP,
    LinkType::IPV6,
];

/// By their numbers in `rpcscope_flow::fuzz_decode`.
const DECODER_LINK_TYPES: [LinkType; 8] = [
    LinkType::ETHERNET,
    LinkType::NULL,
    LinkType::RAW,
    LinkType::RAW_12,
    LinkType::RAW_14,
    LinkType::LOOP,
    LinkType::LINUX_SLL,
    LinkType::LINUX_SLL2,
];
