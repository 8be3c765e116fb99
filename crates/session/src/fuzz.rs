//! Bodies of the fuzz targets: a session fed with what an attacker could send.

use crate::{At, Connection, Flow, Protocol, Session};
use rpcscope_model::{
    Address, CallId, Calls, Endpoint, Event, EventBody, FrameNumber, Learned, Limits, Outcome, Phase, Side,
    Timestamp, Wanted,
};
use rpcscope_wire::dcerpc::HEADER_BYTES;
use std::collections::HashMap;
use std::sync::Arc;

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

/// One connection, and a clock that goes on with each piece. Two sessions see it: one that is asked for nothing, and one
/// that is asked for everything.
struct Tap {
    plain: (Session, Connection),
    asked: (Session, Connection),
    /// Calls whose request was told and whose outcome was not: how many of each frame and id.
    announced: HashMap<(FrameNumber, CallId), u32>,
    pieces: u32,
}

impl Tap {
    fn new(protocol: Protocol, limits: Limits) -> Self {
        let client = Endpoint::new(Address::v4([10, 0, 0, 5]), 50123);
        let server = Endpoint::new(Address::v4([10, 0, 0, 9]), 445);
        let open = |mut session: Session| {
            let connection = session.open(protocol, Flow::new(1, client, server));
            (session, connection)
        };
        let wanted = Wanted { requests: Calls::All, wire: Calls::All, contents: None };
        Self {
            plain: open(Session::new(limits)),
            asked: open(Session::new(limits).with_wanted(Arc::new(wanted))),
            announced: HashMap::new(),
            pieces: 0,
        }
    }

    fn data(&mut self, side: Side, bytes: &[u8]) {
        let at = self.next();
        let passed = [&mut self.plain, &mut self.asked]
            .map(|(session, connection)| session.data(connection, side, bytes, at));
        assert_eq!(passed[0], passed[1]);
        self.check();
    }

    fn gap(&mut self, side: Side, bytes: u64) {
        let at = self.next();
        for (session, connection) in [&mut self.plain, &mut self.asked] {
            session.gap(connection, side, bytes, at);
        }
        self.check();
    }

    fn finish(mut self) {
        let at = self.next();
        for (session, connection) in [&mut self.plain, &mut self.asked] {
            session.finish(connection, at);
            session.finish_datagrams();
            assert_eq!(session.held_bytes(), 0, "nothing waits when all is over");
        }
        assert_eq!(self.plain.0.stats(), self.asked.0.stats());
        self.check();
        assert!(self.announced.values().all(|told| *told == 0), "every call is told with its outcome");
    }

    /// What holds for every event, whatever came in.
    fn check(&mut self) {
        let mut plain = self.plain.0.events().drain(..);
        for mut event in self.asked.0.events().drain(..) {
            check_event(&event, &mut self.announced);
            if event.header.phase == Phase::Settled {
                forget_what_was_asked_for(&mut event);
                assert_eq!(plain.next(), Some(event), "the same as when nothing is asked for");
            }
        }
        assert_eq!(plain.next(), None);
    }

    fn next(&mut self) -> At {
        self.pieces = self.pieces.saturating_add(1);
        let frame = u64::from(self.pieces);
        At { time: Timestamp(i64::from(self.pieces) * 1_000_000), frame: FrameNumber(frame) }
    }
}

fn check_event(event: &Event, announced: &mut HashMap<(FrameNumber, CallId), u32>) {
    let EventBody::Call(call) = &event.body else { return };
    assert!(call.request.is_some() || call.reply.is_some(), "a call of which something was seen");
    assert_eq!(call.interface.is_none(), call.learned == Learned::Unknown);
    assert_eq!(call.request.is_some(), call.opnum.is_some() || call.activity.is_some());
    let is_replied = matches!(call.outcome, Outcome::Replied | Outcome::Faulted | Outcome::Rejected);
    assert_eq!(call.reply.is_some(), is_replied);
    let wire = call.wire.as_deref().expect("PDUs were asked for");
    assert_eq!(
        (wire.request.is_some(), wire.reply.is_some()),
        (call.request.is_some(), call.reply.is_some())
    );
    let told = announced.entry((event.header.frame, call.call_id)).or_default();
    match event.header.phase {
        Phase::Requested => {
            assert_eq!((call.outcome, call.announced), (Outcome::Pending, None));
            *told += 1;
        }
        Phase::Settled => {
            assert_ne!(call.outcome, Outcome::Pending);
            if call.announced.is_some() {
                *told = told.checked_sub(1).expect("its request was told");
            }
        }
    }
}

fn forget_what_was_asked_for(event: &mut Event) {
    match &mut event.body {
        EventBody::Call(call) => (call.announced, call.wire) = (None, None),
        EventBody::Bind(bind) => bind.wire = None,
        EventBody::Activation(activation) => activation.announced = false,
        EventBody::Wmi(wmi) => wmi.announced = false,
        EventBody::Authentication(_)
        | EventBody::EndpointMap(_)
        | EventBody::SmbMapping(_)
        | EventBody::Pipe(_)
        | EventBody::SmbFile(_)
        | EventBody::Anomaly(_) => {}
    }
}
