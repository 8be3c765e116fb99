//! Streams made to be slow: whatever one side sends, and however small the pieces, a frame costs little and no more
//! than the one before. What is searched again from the start, or copied again, for each byte that comes would show.

use rpcscope_engine::{Checksums, Engine};
use rpcscope_model::Side;
use rpcscope_suite::scenario::SVCCTL;
use rpcscope_testkit::Rng;
use rpcscope_testkit::conversation::{Answer, Call, Conversation};
use rpcscope_testkit::packets::{Framing, OwnedFrame, Segment, TcpEnd, TcpFlow};
use rpcscope_testkit::pdu::{Format, Offer, Request};
use rpcscope_testkit::transport::smb2::{Header, compound};
use rpcscope_testkit::transport::{Message, plain};
use std::time::{Duration, Instant};

/// Bytes of a stream, each in a segment of its own.
const BYTES: usize = 60_000;
/// The most that a frame may cost on average; unoptimised and beside other work, a tenth of it is usual.
const FRAME_TIME: Duration = Duration::from_micros(20);
/// Whatever else the machine does makes frames slow too; the best reading counts.
const READINGS: usize = 5;

#[test]
fn messages_that_never_end_cost_no_more_with_each_byte() {
    let endless = |start: &[u8]| [start, &[b'a'; BYTES][..BYTES - start.len()]].concat();
    let longest_pdu = Request::new(2, 0, 5, vec![7; 65_000]).encode(Format::LITTLE);
    let smb2 = |command| framed(0xff_ffff, &compound(&[(header(command), vec![0; 48])]));
    let smb1 = [&[0, 0xff, 0xff, 0xff, 0xff], &b"SMB\x25\0\0\0\0\x18\x07\xc8"[..], &[0; 40]].concat();
    check("pdu", 135, &[bound(), client(longest_pdu)]);
    check("smb1 message", 445, &[client(endless(&smb1))]);
    check("smb2 create", 445, &[client(endless(&smb2(5)))]);
    check("smb2 write", 445, &[client(endless(&smb2(9)))]);
    check("http header", 80, &[client(endless(b"RPC_IN_DATA /rpc/rpcproxy.dll?a:1 HTTP/1.1\r\n"))]);
    check("http line", 80, &[client(endless(b"RPC_IN_DATA "))]);
    check(
        "chunk size",
        80,
        &[out_channel(), server(endless(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"))],
    );
}

#[test]
fn junk_behind_a_message_costs_no_more_with_each_byte() {
    let junk: [(&str, &[u8]); 9] = [
        ("zeros", &[0]),
        ("fives", &[5]),
        ("half headers", &[5, 0, 0, 3, 0x10, 0, 0, 0, 16, 0]),
        ("headers of long PDUs", &[5, 0, 0, 3, 0x10, 0, 0, 0, 0xff, 0xff, 0, 0, 1, 0, 0, 0]),
        ("headers of short PDUs", &[5, 0, 0, 3, 0x10, 0, 0, 0, 24, 0, 0, 0, 1, 0, 0, 0]),
        ("smb ids", b"\xfeSMB"),
        ("session headers", b"\0\0\0\x40\xfeSMB"),
        ("keepalives", &[0x85, 0, 0, 0]),
        ("line ends", b"\r\n"),
    ];
    let http = b"RPC_IN_DATA /rpc HTTP/1.1\r\nContent-Length: 1000000\r\n\r\n".to_vec();
    let create = compound(&[(header(5), vec![0; 48])]);
    for (name, pattern) in junk {
        let junk: Vec<u8> = pattern.iter().copied().cycle().take(BYTES).collect();
        check(&format!("{name} behind a PDU"), 135, &[bound(), client(junk.clone())]);
        check(
            &format!("{name} behind a create"),
            445,
            &[client(framed(create.len(), &create)), client(junk.clone())],
        );
        check(&format!("{name} behind an http header"), 80, &[client(http.clone()), client(junk)]);
    }
}

#[test]
fn segments_in_any_order_cost_no_more_with_each_that_is_held_back() {
    let segments = flow(135).segments(&[&bound()[..], &client(vec![7; BYTES])[..]].concat());
    let (before, bytes) = segments.split_at(segments.len() - BYTES);
    let mut shuffled = bytes.to_vec();
    Rng::new(1).shuffle(&mut shuffled);
    let reversed: Vec<Segment> = bytes.iter().rev().cloned().collect();
    let (even, odd): (Vec<_>, Vec<_>) = bytes.iter().cloned().partition(|segment| segment.sequence % 2 == 0);
    let mut rng = Rng::new(2);
    let astray = bytes.iter().cloned().map(|mut segment| {
        let [bytes @ .., _, _, _, _] = rng.next_u64().to_be_bytes();
        segment.sequence = u32::from_be_bytes(bytes);
        segment
    });
    let astray: Vec<Segment> = astray.collect();
    for (name, segments) in [
        ("reversed", &[&reversed[..]][..]),
        ("shuffled", &[&shuffled]),
        ("with holes", &[&even]),
        ("with holes that are filled", &[&even, &odd]),
        ("with any sequence number", &[&astray]),
    ] {
        check_segments(name, &[before, &segments.concat()].concat());
    }
}

fn check(name: &str, port: u16, messages: &[Vec<Message>]) {
    check_segments(name, &flow(port).segments(&messages.concat()));
}

/// Reads the segments until a reading is fast enough.
fn check_segments(name: &str, segments: &[Segment]) {
    let frames = Framing { interval_ns: 1_000, ..Framing::default() }.segments(segments);
    let most = FRAME_TIME * u32::try_from(frames.len()).expect("few frames");
    let times: Vec<Duration> = (0..READINGS).map(|_| read(&frames)).take_while(|time| *time > most).collect();
    assert!(times.len() < READINGS, "{name}: {} frames take {times:?}", frames.len());
}

fn read(frames: &[OwnedFrame]) -> Duration {
    let mut engine = Engine::new(Checksums::Accepted);
    let begin = Instant::now();
    for (number, frame) in (1..).zip(frames) {
        engine.push(&frame.as_frame(number), &mut drop);
    }
    engine.finish(&mut drop);
    let time = begin.elapsed();
    assert_eq!(engine.stats().flows_followed, 1, "what nobody follows costs nothing");
    time
}

/// A flow that is cut into single bytes.
fn flow(port: u16) -> TcpFlow {
    TcpFlow { max_segment_bytes: 1, acknowledge: false, end: TcpEnd::Open, ..TcpFlow::to_port(port) }
}

fn client(bytes: Vec<u8>) -> Vec<Message> {
    vec![Message::new(Side::Client, bytes)]
}

fn server(bytes: Vec<u8>) -> Vec<Message> {
    vec![Message::new(Side::Server, bytes)]
}

/// A bind and a call.
fn bound() -> Vec<Message> {
    let conversation = Conversation::new().bind(&[(Offer::ndr(0, SVCCTL), Answer::NDR)]);
    plain(conversation.call(Call::new(0, 1).stub([1; 40]).returns([2; 8])).steps())
}

/// The request of an OUT channel.
fn out_channel() -> Vec<Message> {
    client(b"RPC_OUT_DATA /rpc/rpcproxy.dll?a:1 HTTP/1.1\r\nContent-Length: 76\r\n\r\n".to_vec())
}

fn header(command: u16) -> Header {
    Header { command, session_id: 0x11, tree_id: 5, ..Header::default() }
}

/// The start of a session message of `length` bytes.
fn framed(length: usize, start: &[u8]) -> Vec<u8> {
    let [.., high, middle, low] = length.to_be_bytes();
    [&[0, high, middle, low], start].concat()
}
