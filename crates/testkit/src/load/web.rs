//! The web: TLS, HTTP and QUIC.

use super::stream::Stream;
use super::template::{CLIENT, SERVER, Template};
use crate::Rng;
use crate::encoder::{ByteOrder, Encoder, length16};
use crate::packets::UdpFlow;
use crate::transport::Message;
use rpcscope_model::{Endpoint, Side};
use std::fmt::Write;

/// HTTPS: a handshake, then downloads and uploads, one of which goes on for as long as wanted.
pub(super) fn tls(rng: &mut Rng) -> Vec<Template> {
    let session = |rng: &mut Rng, asked: usize| {
        let hello = record(22, 517, rng);
        let answer = [record(22, 122, rng), record(20, 1, rng), record(23, 3100, rng)].concat();
        Stream::to(443)
            .client(hello)
            .server(answer)
            .client([record(20, 1, rng), record(23, 53, rng)].concat())
            .client(record(23, asked, rng))
    };
    let mut templates = Vec::new();
    for asked in [380, 620, 900] {
        let stream = session(rng, asked).server(record(23, 1800, rng)).client(record(23, 420, rng));
        templates.push(stream.repeat(|stream| stream.server(record(23, 16_400, rng))).template());
    }
    let upload =
        session(rng, 700).repeat(|stream| stream.client(record(23, 8200, rng)).server(record(23, 40, rng)));
    templates.push(upload.template());
    // Many small questions: what an application does that polls.
    let polls = session(rng, 500).repeat(|mut stream| {
        for _ in 0..6 {
            let answer = rng.between(200, 3000);
            stream = stream.client(record(23, 330, rng)).server(record(23, answer, rng));
        }
        stream
    });
    templates.push(polls.template());
    templates
}

/// HTTP/1.1 in clear: pages of text.
pub(super) fn http(rng: &mut Rng) -> Vec<Template> {
    let mut page = |stream: Stream, length: usize| {
        let body = words(length, rng);
        let question = format!(
            "GET /intranet/page{} HTTP/1.1\r\nHost: intranet.corp.example\r\nUser-Agent: Mozilla/5.0 (Windows NT \
             10.0; Win64; x64)\r\nAccept: text/html,application/xhtml+xml\r\nAccept-Language: en\r\nCookie: \
             session={:016x}\r\nConnection: keep-alive\r\n\r\n",
            rng.below(1000),
            rng.next_u64()
        );
        let answer = format!(
            "HTTP/1.1 200 OK\r\nServer: Microsoft-IIS/10.0\r\nContent-Type: text/html; charset=utf-8\r\n\
             Content-Length: {}\r\nCache-Control: private\r\n\r\n{body}",
            body.len()
        );
        stream.client(question).server(answer)
    };
    let mut templates = Vec::new();
    for length in [900, 5_000, 24_000] {
        let stream = page(Stream::to(80), 3_000).repeat(|stream| page(stream, length));
        templates.push(stream.template());
    }
    templates
}

/// QUIC: long headers, then full datagrams that the client acknowledges.
pub(super) fn quic(rng: &mut Rng) -> Vec<Template> {
    let mut datagram = |side, first: u8, length: usize| {
        let mut bytes = rng.bytes(length);
        bytes[0] = first | bytes[0] & 0x0f;
        Message::new(side, bytes)
    };
    let flow = UdpFlow { client: Endpoint::new(CLIENT, 50_000), server: Endpoint::new(SERVER, 443) };
    let mut repeated = Vec::new();
    for _ in 0..8 {
        repeated.push(datagram(Side::Server, 0x40, 1252));
        repeated.push(datagram(Side::Server, 0x40, 1252));
        repeated.push(datagram(Side::Client, 0x40, 41));
    }
    let handshake = [
        datagram(Side::Client, 0xc0, 1250),
        datagram(Side::Server, 0xc0, 1250),
        datagram(Side::Client, 0xe0, 180),
    ];
    vec![
        Template::of_repeated_datagrams(&flow.datagrams(&repeated)),
        Template::of_datagrams(&flow.datagrams(&handshake)),
    ]
}

/// A record of TLS (RFC 8446 5.1) whose content nobody can read.
fn record(content_type: u8, length: usize, rng: &mut Rng) -> Vec<u8> {
    let mut out = Encoder::new(ByteOrder::Big);
    for piece in vec![0; length].chunks(16_384) {
        out.u8(content_type).u16(0x0303).u16(length16(piece.len())).raw(&rng.bytes(piece.len()));
    }
    out.finish()
}

/// Text of about this length.
fn words(length: usize, rng: &mut Rng) -> String {
    const WORDS: [&str; 12] = [
        "the", "report", "of", "every", "quarter", "shows", "what", "services", "and", "machines", "have",
        "done",
    ];
    let mut text = String::with_capacity(length + 64);
    while text.len() < length {
        // Writing to a string cannot fail.
        let _ = write!(text, "<p>{} {}</p>\r\n", WORDS[rng.below(12)], WORDS[rng.below(12)]);
    }
    text
}
