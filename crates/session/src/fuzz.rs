//! Bodies of the fuzz targets: a session fed with what an attacker could send.

use crate::{At, Flow, Protocol, Session};
use rpcscope_model::{Address, Endpoint, FrameNumber, Limits, Side, Timestamp};

/// Feeds a connection of `protocol` with pieces: two bytes length (bit 15 the side, bit 14 a gap), then that many
/// bytes, or a gap of that size.
pub fn fuzz_connection(protocol: Protocol, input: &[u8]) {
    let limits = Limits { open_calls: 64, contexts: 32, pipes: 16, ..Limits::WHOLE };
    let mut session = Session::new(limits);
    let client = Endpoint::new(Address::v4([10, 0, 0, 5]), 50123);
    let server = Endpoint::new(Address::v4([10, 0, 0, 9]), 445);
    let mut connection = session.open(protocol, Flow::new(1, client, server));
    let mut rest = input;
    let mut number = 0;
    let mut at = At::default();
    while let Some(([low, high], tail)) = rest.split_first_chunk::<2>() {
        let side = if high & 0x80 == 0 { Side::Client } else { Side::Server };
        let length = usize::from(u16::from_le_bytes([*low, high & 0x3f]));
        number += 1;
        at = At { time: Timestamp(number * 1_000_000), frame: FrameNumber(number.unsigned_abs()) };
        if high & 0x40 != 0 {
            session.gap(&mut connection, side, length as u64, at);
            rest = tail;
        } else {
            let (bytes, tail) = tail.split_at_checked(length).unwrap_or((tail, &[]));
            session.data(&mut connection, side, bytes, at);
            rest = tail;
        }
        session.events().clear();
    }
    session.finish(&mut connection, at);
    session.finish_datagrams();
}

/// Feeds one association, directly over TCP.
pub fn fuzz_association(input: &[u8]) {
    fuzz_connection(Protocol::Rpc, input);
}
