//! Virtual connections and the HTTP messages that carry them.

use crate::Protocol;
use crate::harness::{SVCCTL, Seen, Tap};
use rpcscope_model::{AnomalyKind, Limits, Outcome, Side, Transport};
use rpcscope_testkit::conversation::{Answer, Call, Conversation};
use rpcscope_testkit::pdu::{Offer, Rts};
use rpcscope_testkit::transport::{HttpV1, HttpV2, Message};
use uuid::Uuid;

fn conversation() -> Conversation {
    Conversation::new()
        .bind(&[(Offer::ndr(0, SVCCTL), Answer::NDR)])
        .call(Call::new(0, 12).stub([1; 100]).returns([2; 50]))
        .call(Call::new(0, 3).stub([3; 40]).returns([4; 60]))
}

fn two(protocol: Protocol) -> Tap {
    Tap::of(protocol, 2, Limits::WHOLE)
}

fn over_http(messages: &[Message]) -> Seen {
    two(Protocol::Http).messages(messages).finish()
}

fn on(connection: usize, side: Side, bytes: impl Into<Vec<u8>>) -> Message {
    Message { connection, side, bytes: bytes.into() }
}

#[test]
fn in_and_out_channel_are_one_association() {
    for (ping, acknowledge_every) in [(false, None), (true, Some(100))] {
        let http = HttpV2 { ping, acknowledge_every, ..HttpV2::default() };
        let seen = over_http(&http.carry(conversation().steps()));
        seen.assert_is(conversation().expected());
        let last = seen.events.last().expect("an event").header;
        assert_eq!((last.transport, last.flow_id), (Transport::NcacnHttp, HttpV2::IN as u64));
    }
}

#[test]
fn the_channels_may_come_in_either_order() {
    let mut messages = HttpV2::default().carry(conversation().steps());
    // The OUT channel's two messages come first; the IN channel's two after them.
    messages[..4].rotate_left(2);
    assert_eq!(messages[0].connection, HttpV2::IN);
    over_http(&messages).assert_is(conversation().expected());
}

#[test]
fn chunks_are_joined() {
    let http = HttpV2 { chunked: true, ..HttpV2::default() };
    over_http(&http.carry(conversation().steps())).assert_is(conversation().expected());
}

#[test]
fn a_401_and_its_body_come_before_the_channel() {
    let refused =
        b"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: NTLM\r\nContent-Length: 9\r\n\r\nnot here\n";
    let mut messages = Vec::new();
    for (connection, method) in [(HttpV2::IN, "RPC_IN_DATA"), (HttpV2::OUT, "RPC_OUT_DATA")] {
        let asked = format!("{method} /rpc/rpcproxy.dll?server:49670 HTTP/1.1\r\nContent-Length: 0\r\n\r\n");
        messages.push(on(connection, Side::Client, asked));
        messages.push(on(connection, Side::Server, refused.as_slice()));
    }
    messages.extend(HttpV2::default().carry(conversation().steps()));
    over_http(&messages).assert_is(conversation().expected());
}

#[test]
fn a_401_in_chunks_comes_before_the_channel() {
    let refused = b"HTTP/1.1 401 Unauthorized\r\nTransfer-Encoding: chunked\r\n\r\n4;x=y\r\nnot \r\n5\r\nhere\n\r\n0\r\n\r\n";
    let asked = "RPC_OUT_DATA /rpc/rpcproxy.dll?server:49670 HTTP/1.1\r\nContent-Length: 0\r\n\r\n";
    let mut messages =
        vec![on(HttpV2::OUT, Side::Client, asked), on(HttpV2::OUT, Side::Server, refused.as_slice())];
    messages.extend(HttpV2::default().carry(conversation().steps()));
    over_http(&messages).assert_is(conversation().expected());
}

#[test]
fn an_echo_request_holds_no_pdus() {
    let asked =
        "RPC_OUT_DATA /rpc/rpcproxy.dll?server:49670 HTTP/1.1\r\nContent-Length: 16\r\n\r\n5555555555555555";
    let mut answer =
        b"HTTP/1.1 200 Success\r\nContent-Type: application/rpc\r\nContent-Length: 20\r\n\r\n".to_vec();
    answer.extend(Rts::new(0x40, []).encode());
    let mut messages = vec![on(HttpV2::OUT, Side::Client, asked), on(HttpV2::OUT, Side::Server, answer)];
    messages.extend(HttpV2::default().carry(conversation().steps()));
    over_http(&messages).assert_is(conversation().expected());
}

#[test]
fn a_gap_in_the_out_channel_costs_what_fell_into_it() {
    let messages = HttpV2::default().carry(conversation().steps());
    let mut tap = two(Protocol::Http);
    let lost = messages.iter().rposition(|message| message.side == Side::Server).expect("a response");
    for (number, message) in messages.iter().enumerate() {
        if number == lost - 2 {
            // The first response.
            tap.lose_on(message.connection, message.side, message.bytes.len());
        } else {
            tap.send_on(message.connection, message.side, &message.bytes);
        }
    }
    let seen = tap.finish();
    assert_eq!(seen.anomalies(), [AnomalyKind::TcpGap]);
    let mut outcomes: Vec<_> = seen.calls().iter().map(|call| (call.call_id.0, call.outcome)).collect();
    outcomes.sort_by_key(|(id, _)| *id);
    assert_eq!(outcomes, [(2, Outcome::Lost), (3, Outcome::Replied)]);
}

#[test]
fn a_gap_in_the_headers_is_survived() {
    let messages = HttpV2::default().carry(conversation().steps());
    let mut tap = two(Protocol::Http);
    for message in &messages {
        if message.bytes.starts_with(b"HTTP/") {
            tap.lose_on(message.connection, message.side, message.bytes.len());
        } else {
            tap.send_on(message.connection, message.side, &message.bytes);
        }
    }
    let seen = tap.finish();
    assert_eq!(seen.outcomes(), [Outcome::Replied; 2]);
}

#[test]
fn one_channel_alone_is_an_anomaly_and_is_read() {
    for (only, calls) in [(HttpV2::IN, Outcome::Unanswered), (HttpV2::OUT, Outcome::Replied)] {
        let mut messages = HttpV2::default().carry(conversation().steps());
        messages.retain(|message| message.connection == only);
        let seen = over_http(&messages);
        assert!(seen.anomalies().contains(&AnomalyKind::HttpChannelUnpaired));
        assert_eq!(seen.outcomes(), [calls; 2]);
    }
}

#[test]
fn too_many_virtual_connections_evict_the_oldest() {
    let limits = Limits { http_connections: 1, ..Limits::WHOLE };
    let mut messages = HttpV2::default().carry(conversation().steps());
    let call = Conversation::new().call(Call::new(0, 9).unanswered());
    messages.push(on(HttpV2::IN, Side::Client, call.steps()[0].pdu.clone()));
    for message in (HttpV2 { seed: 2, ..HttpV2::default() }).carry(conversation().steps()) {
        messages.push(Message { connection: message.connection + 2, ..message });
    }
    let seen = Tap::of(Protocol::Http, 4, limits).messages(&messages).finish();
    let mut outcomes = seen.outcomes();
    // The call that was open when its connection was evicted, before those of the next connection.
    assert_eq!(outcomes.remove(2), Outcome::Unanswered);
    assert_eq!(outcomes, [Outcome::Replied; 4]);
}

#[test]
fn the_greeting_of_a_server_is_passed_over() {
    let messages = HttpV1::default().carry(conversation().steps());
    let seen = two(Protocol::HttpGreeting).messages(&messages).finish();
    seen.assert_is(conversation().expected());
    assert_eq!(seen.events[0].header.transport, Transport::NcacnHttp);
}

#[test]
fn a_gap_of_the_client_does_not_end_the_greeting() {
    let messages = HttpV1::default().carry(conversation().steps());
    let seen = two(Protocol::HttpGreeting)
        .send(Side::Server, &messages[0].bytes[..5])
        .lose(Side::Client, 10)
        .send(Side::Server, &messages[0].bytes[5..])
        .messages(&messages[1..])
        .finish();
    assert_eq!(seen.anomalies(), [AnomalyKind::TcpGap]);
}

#[test]
fn rpc_connect_carries_both_directions_after_its_headers() {
    let mut messages = vec![
        on(0, Side::Client, "RPC_CONNECT server:593 HTTP/1.1\r\nPragma: No-cache\r\nUser-Agent: RPC\r\n\r\n"),
        on(0, Side::Server, "HTTP/1.1 204 OK\r\n\r\n"),
    ];
    messages.extend(HttpV1::default().carry(conversation().steps()).into_iter().skip(1));
    over_http(&messages).assert_is(conversation().expected());
}

#[test]
fn behind_the_proxy_two_greeted_connections_are_one_association() {
    let [connection, in_channel, out_channel, group] = [1, 2, 3, 4].map(Uuid::from_u128);
    let address = "10.0.0.7".parse().expect("an address");
    let greeting = b"ncacn_http/1.0".as_slice();
    let mut messages = vec![
        on(1, Side::Server, greeting),
        on(1, Side::Client, Rts::conn_a2(connection, out_channel).encode()),
        on(0, Side::Server, greeting),
        on(0, Side::Client, Rts::conn_b2(connection, in_channel, group, address).encode()),
        on(0, Side::Server, Rts::conn_b3().encode()),
        on(1, Side::Server, Rts::conn_c1().encode()),
    ];
    for step in conversation().steps() {
        messages.push(on(if step.side == Side::Client { 0 } else { 1 }, step.side, step.pdu.clone()));
    }
    let seen = two(Protocol::HttpGreeting).messages(&messages).finish();
    seen.assert_is(conversation().expected());
    // Calls are reported under the IN channel, over which the requests come, though it was joined last.
    assert!(seen.events.iter().all(|event| event.header.flow_id == 0));
}

#[test]
fn a_connection_before_the_proxy_and_one_behind_it_are_two() {
    let before = HttpV2::default().carry(conversation().steps());
    let cookie = Uuid::from_bytes_le(before[1].bytes[32..48].try_into().expect("16 bytes"));
    let mut seen = before;
    seen.push(on(2, Side::Server, b"ncacn_http/1.0".as_slice()));
    seen.push(on(2, Side::Client, Rts::conn_a2(cookie, Uuid::from_u128(9)).encode()));
    let mut tap = Tap::of(Protocol::Http, 2, Limits::WHOLE);
    let behind = tap.open(Protocol::HttpGreeting);
    assert_eq!(behind, 2);
    for step in conversation().steps().iter().filter(|step| step.side == Side::Server) {
        seen.push(on(behind, Side::Server, step.pdu.clone()));
    }
    let seen = tap.messages(&seen).finish();
    // Two calls with their requests, and the same two again, of which only the replies were captured.
    let requests: Vec<_> = seen.calls().iter().map(|call| call.request.is_some()).collect();
    assert_eq!(requests, [true, true, false, false]);
}

#[test]
fn headers_without_end_are_an_anomaly_and_pdus_after_them_are_found() {
    let endless = vec![b'x'; 70_000];
    let mut tap = two(Protocol::Http).send(Side::Client, b"RPC_IN_DATA /rpc/rpcproxy.dll HTTP/1.1\r\n");
    tap = tap.send(Side::Client, &endless);
    for step in conversation().steps().iter().filter(|step| step.side == Side::Client) {
        tap = tap.send(step.side, &step.pdu);
    }
    let seen = tap.finish();
    assert_eq!(seen.anomalies()[0], AnomalyKind::HttpMalformed);
    assert_eq!(seen.calls().len(), 2);
}

#[test]
fn an_impossible_chunk_length_is_an_anomaly() {
    let answer = "HTTP/1.1 200 Success\r\nTransfer-Encoding: chunked\r\n\r\nno number\r\n";
    let seen = over_http(&[on(0, Side::Server, answer)]);
    assert_eq!(seen.anomalies(), [AnomalyKind::HttpMalformed]);
}
