//! What machines of a company say to each other besides: names, time, tickets, directories, databases, terminals, and
//! frames that are no IP.

use super::stream::Stream;
use super::template::{CLIENT, SERVER, Template};
use crate::Rng;
use crate::encoder::{ByteOrder, Encoder, length16, length32};
use crate::packets::checksum::{complement, sum};
use crate::packets::{Datagram, UdpFlow};
use crate::transport::Message;
use rpcscope_model::{Endpoint, Side};

/// DNS: a question and an answer of one to eight records.
pub(super) fn dns(rng: &mut Rng) -> Vec<Template> {
    (1..=8)
        .map(|records| {
            let id = rng.bytes(2);
            let host = format!("host{}", rng.below(10_000));
            let message = |flags: u16, answers: u16| {
                let mut out = Encoder::new(ByteOrder::Big);
                out.raw(&id).u16(flags).u16(1).u16(answers).u16(0).u16(0);
                for label in [host.as_str(), "corp", "example"] {
                    out.u8(u8::try_from(label.len()).expect("a short label")).raw(label.as_bytes());
                }
                out.u8(0).u16(1).u16(1);
                for answer in 0..answers {
                    // The name of the question, an address for ten minutes.
                    out.u16(0xc00c).u16(1).u16(1).u32(600).u16(4).u16(0x0a01).u16(answer);
                }
                out.finish()
            };
            udp(53, [(Side::Client, message(0x0100, 0)), (Side::Server, message(0x8180, records))])
        })
        .collect()
}

/// NTP: four timestamps.
pub(super) fn ntp(rng: &mut Rng) -> Vec<Template> {
    let mut message = |first: u8| {
        let mut bytes = rng.bytes(48);
        bytes[..4].copy_from_slice(&[first, 2, 6, 0xe9]);
        bytes
    };
    vec![udp(123, [(Side::Client, message(0x23)), (Side::Server, message(0x24))])]
}

/// Kerberos over TCP: AS and TGS exchanges, tickets in them as good as random.
pub(super) fn kerberos(rng: &mut Rng) -> Vec<Template> {
    let mut exchange = |request: u8, asked: usize, reply: u8, answered: usize| {
        let mut message = |tag: u8, length: usize| {
            let mut out = Encoder::new(ByteOrder::Big);
            // The length of the message; an application tag, a sequence (RFC 4120 7.2.2, 5.4).
            out.u32(length32(length + 8)).u8(tag).u8(0x82).u16(length16(length + 4));
            out.u8(0x30).u8(0x82).u16(length16(length)).raw(&rng.bytes(length));
            out.finish()
        };
        Stream::to(88).client(message(request, asked)).server(message(reply, answered)).template()
    };
    vec![exchange(0x6a, 230, 0x7e, 190), exchange(0x6a, 310, 0x6b, 1520), exchange(0x6c, 1600, 0x6d, 1580)]
}

/// LDAP: a bind, searches, entries.
pub(super) fn ldap(rng: &mut Rng) -> Vec<Template> {
    let message = |id: u8, tag: u8, body: &[u8]| {
        let mut out = Encoder::new(ByteOrder::Big);
        // Lengths in four bytes, as Windows writes them (RFC 4511 4.1.1).
        out.u8(0x30).u8(0x84).u32(length32(body.len() + 9)).u8(2).u8(1).u8(id);
        out.u8(tag).u8(0x84).u32(length32(body.len())).raw(body);
        out.finish()
    };
    let mut stream = Stream::to(389);
    stream = stream.client(message(1, 0x60, &rng.bytes(900))).server(message(1, 0x61, &rng.bytes(120)));
    let search =
        b"DC=corp,DC=example (&(objectClass=user)(sAMAccountName=*)) memberOf userAccountControl objectSid";
    let entry = b"CN=some user,OU=staff,DC=corp,DC=example objectClass top person organizationalPerson user ";
    let stream = stream.repeat(|mut stream| {
        for id in 2..8 {
            let entries = (0..rng.between(1, 9)).flat_map(|_| message(id, 0x64, &entry.repeat(6)));
            let answer: Vec<u8> = entries.chain(message(id, 0x65, &[10, 1, 0, 4, 0, 4, 0])).collect();
            stream = stream.client(message(id, 0x63, search)).server(answer);
        }
        stream
    });
    vec![stream.template()]
}

/// A database: packets of TDS with a query, and tables in answer ([MS-TDS]).
pub(super) fn database(rng: &mut Rng) -> Vec<Template> {
    let mut packet = |kind: u8, length: usize| {
        let mut out = Encoder::new(ByteOrder::Big);
        out.u8(kind).u8(1).u16(length16(length + 8)).u16(52).u8(1).u8(0).raw(&rng.bytes(length));
        out.finish()
    };
    let mut templates = Vec::new();
    for answers in [300, 1200, 7000] {
        let stream = Stream::to(1433).client(packet(18, 90)).server(packet(4, 60)).client(packet(16, 400));
        let stream = stream.server(packet(4, 500)).repeat(|mut stream| {
            for asked in [120, 260, 700] {
                stream = stream.client(packet(3, asked)).server(packet(4, answers));
            }
            stream
        });
        templates.push(stream.template());
    }
    templates
}

/// SSH: a terminal, key by key.
pub(super) fn ssh(rng: &mut Rng) -> Vec<Template> {
    let stream = Stream::to(22).client("SSH-2.0-OpenSSH_9.2\r\n").server("SSH-2.0-OpenSSH_9.2\r\n");
    let stream = stream.client(rng.bytes(1400)).server(rng.bytes(1100)).repeat(|mut stream| {
        for _ in 0..10 {
            let answer = 36 + 16 * rng.below(10);
            stream = stream.client(rng.bytes(36)).server(rng.bytes(answer));
        }
        stream
    });
    vec![stream.template()]
}

/// ICMP: echo requests and replies.
pub(super) fn icmp(rng: &mut Rng) -> Vec<Template> {
    let mut datagrams = Vec::new();
    for number in 0..4_u16 {
        let data = rng.bytes(56);
        for (kind, source, destination) in [(8, CLIENT, SERVER), (0, SERVER, CLIENT)] {
            let mut out = Encoder::new(ByteOrder::Big);
            out.u8(kind).u8(0).u16(0).u16(1).u16(number).raw(&data);
            let mut bytes = out.finish();
            let checksum = complement(sum(&bytes));
            bytes[2..4].copy_from_slice(&checksum.to_be_bytes());
            let [source, destination] = [source, destination].map(|address| Endpoint::new(address, 0));
            datagrams.push(Datagram { source, destination, protocol: 1, bytes });
        }
    }
    vec![Template::of_datagrams(&datagrams)]
}

/// ARP, and what switches say: LLDP and the spanning tree.
pub(super) fn link(rng: &mut Rng) -> Vec<Template> {
    let mut arp = Encoder::new(ByteOrder::Big);
    arp.u16(0x0806).u16(1).u16(0x0800).u8(6).u8(4).u16(1).raw(&rng.bytes(20));
    let mut lldp = Encoder::new(ByteOrder::Big);
    lldp.u16(0x88cc).raw(&rng.bytes(120));
    let mut spanning_tree = Encoder::new(ByteOrder::Big);
    // A length in the place of a type, then LLC.
    spanning_tree.u16(38).raw(&[0x42, 0x42, 3]).raw(&rng.bytes(35));
    [arp, lldp, spanning_tree].map(|frame| Template::of_frames(&[frame.finish()])).into()
}

fn udp<const COUNT: usize>(port: u16, messages: [(Side, Vec<u8>); COUNT]) -> Template {
    let flow = UdpFlow { client: Endpoint::new(CLIENT, 50_000), server: Endpoint::new(SERVER, port) };
    let messages = messages.map(|(side, bytes)| Message::new(side, bytes));
    Template::of_datagrams(&flow.datagrams(&messages))
}
