//! Bodies of the fuzz targets: a session fed with what an attacker could send.

use crate::{At, Connection, Flow, Protocol, Session};
use rpcscope_model::{Address, Endpoint, EventBody, FrameNumber, Learned, Limits, Outcome, Side, Timestamp};
use rpcscope_wire::dcerpc::HEADER_BYTES;

/// Feeds a connection of `protocol` with pieces: two bytes length (bit 15 the side, bit 14 a gap), then that many
/// bytes, or a gap of that size.
pub fn fuzz_connection(protocol: Protocol, input: &[u8]) {
    let limits = Limits { open_calls: 64, contexts: 32, pipes: 16, ..Limits::WHOLE };
    let mut tap = Tap::new(protocol, limits);
    let mut rest = input;
    while let Some(([low, high], tail)) = rest.split_first_chunk::<2>() {
        let side = if high & 0x80 == 0 { Side::Client } else { Side::Server };
        let length = usize::from(u16::from_le_bytes([*low, high & 0x3f]));
        if high & 0x40 != 0 {
            tap.gap(side, length as u64);
            rest = tail;
        } else {
            let (bytes, tail) = tail.split_at_checked(length).unwrap_or((tail, &[]));
            tap.data(side, bytes);
            rest = tail;
        }
    }
    tap.finish();
}

/// Feeds one association, directly over TCP, with PDUs whose headers are right, so that little of the input is spent
/// on finding them: type, side and flags (one byte each), a byte that chooses call id, byte order and damage, two bytes
/// length, then that many bytes of body.
pub fn fuzz_association(input: &[u8]) {
    let limits = Limits { open_calls: 4, contexts: 4, security_contexts: 2, fragments: 4, ..Limits::WHOLE };
    let mut tap = Tap::new(Protocol::Rpc, limits);
    let mut rest = input;
    while let Some(([pdu_type, side, flags, choice, low, high], tail)) = rest.split_first_chunk::<6>() {
        let length = usize::from(u16::from_le_bytes([*low, high & 0x0f]));
        let (body, tail) = tail.split_at_checked(length).unwrap_or((tail, &[]));
        rest = tail;
        let is_big = choice & 0x08 != 0;
        // One PDU in sixteen says that it carries a verifier; what stands at its end is taken for one.
        let auth_length = if choice & 0xf0 == 0xf0 { 8 } else { 0 };
        let frag_length = u16::try_from(HEADER_BYTES + body.len()).unwrap_or(u16::MAX);
        let half = |value: u16| if is_big { value.to_be_bytes() } else { value.to_le_bytes() };
        let call_id = u32::from(choice & 0x07);
        let mut pdu = vec![5, 0, pdu_type % 21, *flags, if is_big { 0 } else { 0x10 }, 0, 0, 0];
        pdu.extend(half(frag_length));
        pdu.extend(half(auth_length));
        pdu.extend(if is_big { call_id.to_be_bytes() } else { call_id.to_le_bytes() });
        pdu.extend_from_slice(body);
        match side {
            0x00..=0x7f => tap.data(Side::Client, &pdu),
            0x80..=0xf7 => tap.data(Side::Server, &pdu),
            0xf8..=0xfb => tap.gap(Side::Client, u64::from(frag_length)),
            _ => tap.gap(Side::Server, u64::from(frag_length)),
        }
    }
    tap.finish();
}

/// One connection, and a clock that goes on with each piece.
struct Tap {
    session: Session,
    connection: Connection,
    pieces: u32,
}

impl Tap {
    fn new(protocol: Protocol, limits: Limits) -> Self {
        let mut session = Session::new(limits);
        let client = Endpoint::new(Address::v4([10, 0, 0, 5]), 50123);
        let server = Endpoint::new(Address::v4([10, 0, 0, 9]), 445);
        let connection = session.open(protocol, Flow::new(1, client, server));
        Self { session, connection, pieces: 0 }
    }

    fn data(&mut self, side: Side, bytes: &[u8]) {
        let at = self.next();
        self.session.data(&mut self.connection, side, bytes, at);
        self.check();
    }

    fn gap(&mut self, side: Side, bytes: u64) {
        let at = self.next();
        self.session.gap(&mut self.connection, side, bytes, at);
        self.check();
    }

    fn finish(mut self) {
        let at = self.next();
        self.session.finish(&mut self.connection, at);
        self.session.finish_datagrams();
        assert_eq!(self.session.held_bytes(), 0, "nothing waits when all is over");
        self.check();
    }

    /// What holds for every event, whatever came in.
    fn check(&mut self) {
        for event in self.session.events().drain(..) {
            let EventBody::Call(call) = event.body else { continue };
            assert!(call.request.is_some() || call.reply.is_some(), "a call of which something was seen");
            assert_eq!(call.interface.is_none(), call.learned == Learned::Unknown);
            assert_eq!(call.request.is_some(), call.opnum.is_some() || call.activity.is_some());
            let is_replied = matches!(call.outcome, Outcome::Replied | Outcome::Faulted | Outcome::Rejected);
            assert_eq!(call.reply.is_some(), is_replied);
        }
    }

    fn next(&mut self) -> At {
        self.pieces = self.pieces.saturating_add(1);
        let frame = u64::from(self.pieces);
        At { time: Timestamp(i64::from(self.pieces) * 1_000_000), frame: FrameNumber(frame) }
    }
}
