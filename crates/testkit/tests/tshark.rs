//! Wireshark's dissector understands what the testkit builds. Skipped, with a printed line, when tshark is not installed.

mod support;

use rpcscope_model::{Address, AuthLevel, Endpoint, LinkType, SyntaxId};
use rpcscope_testkit::capture::{Pcap, Pcapng, Resolution};
use rpcscope_testkit::conversation::{Activity, Answer, Call, Conversation};
use rpcscope_testkit::packets::{
    Disturbance, Framing, Link, OwnedFrame, Tag, TcpFlow, TcpStart, Tunnel, UdpFlow,
};
use rpcscope_testkit::pdu::{Fault, Format, Offer, Verifier, dg_ptype, ptype};
use rpcscope_testkit::transport::{
    HttpV1, HttpV2, Message, PipeStyle, Smb1, Smb2, SmbFraming, SmbStart, plain,
};
use rpcscope_testkit::{ByteOrder, Ntlm, Rng};
use support::{count, dissect, dissect_with, expect_calls, interfaces};
use uuid::Uuid;

const SVCCTL: SyntaxId =
    SyntaxId { uuid: Uuid::from_u128(0x367abb81_9844_35f1_ad32_98f038001003), major: 2, minor: 0 };
/// An interface that Wireshark does not know, so that any stub will do.
const OTHER: SyntaxId =
    SyntaxId { uuid: Uuid::from_u128(0x5e57_0000_1111_2222_3333_4444_5555_6666), major: 1, minor: 3 };

/// CloseServiceHandle: a handle of 20 bytes, then a handle and a status.
fn close_handle() -> Call {
    Call::new(0, 0).stub([0x11; 20]).returns([0; 24])
}

/// Several contexts, fragments, a fault, an object, calls open at once.
fn conversation(format: Format) -> Conversation {
    let mut rng = Rng::new(11);
    let calls: Vec<Call> =
        (10..14).map(|opnum| Call::new(7, opnum).stub(vec![1; 90]).returns(vec![2; 120])).collect();
    Conversation::new()
        .format(format)
        .bind(&[
            (Offer::ndr(0, SVCCTL), Answer::NDR),
            (Offer::ndr64(1, SVCCTL), Answer::UNKNOWN_TRANSFER_SYNTAX),
            (Offer::features(2, SVCCTL, 3), Answer::features(3)),
        ])
        .call(close_handle())
        .alter_context(&[(Offer::ndr(7, OTHER), Answer::NDR)])
        .call(Call::new(7, 3).object(Uuid::from_u128(0xabcd)).stub([3; 40]).returns([4; 8]))
        .call(Call::new(7, 99).faults(Fault::OP_RANGE))
        .fragment_bytes(50)
        .interleaved(&calls, &mut rng)
}

fn frames(flow: &TcpFlow, messages: &[Message]) -> Vec<OwnedFrame> {
    Framing::default().segments(&flow.segments(messages))
}

/// The conversation is there, with both interfaces and nothing else.
fn check(name: &str, capture: &[u8], conversation: &Conversation) {
    check_with(name, capture, conversation, &[]);
}

/// The same with further arguments for tshark.
fn check_with(name: &str, capture: &[u8], conversation: &Conversation, arguments: &[&str]) {
    let Some(rows) = dissect_with(name, capture, arguments) else { return };
    assert_eq!(interfaces(&rows), [SVCCTL, OTHER].map(|syntax| syntax.uuid.to_string()), "{name}");
    expect_calls(name, &rows, &[conversation.expected()]);
    assert_eq!(count(&rows, ptype::FAULT), 1, "{name}");
    assert_eq!(count(&rows, ptype::ALTER_CONTEXT_RESP), 1, "{name}");
}

#[test]
fn tcp_in_both_byte_orders_is_understood() {
    for (name, format) in [("tcp-little", Format::LITTLE), ("tcp-big", Format::BIG)] {
        let conversation = conversation(format);
        let frames = frames(&TcpFlow::default(), &plain(conversation.steps()));
        check(name, &Pcap::default().encode(&frames), &conversation);
    }
}

#[test]
fn authenticated_pdus_are_understood() {
    let mut rng = Rng::new(1);
    let ntlm = Ntlm::new("CORP", "alice", "WS1");
    let verifier = |token: Vec<u8>| Verifier::ntlm(AuthLevel::PKT_PRIVACY, 3, token).aligned_to(16);
    let conversation = Conversation::new()
        .security(Some(verifier(ntlm.challenge(&mut rng))))
        .bind(&[(Offer::ndr(0, OTHER), Answer::NDR)])
        .auth3(ntlm.authenticate(&mut rng))
        .security(Some(verifier([1, 0, 0, 0].into_iter().chain(rng.bytes(12)).collect())))
        .call(Call::new(0, 4).stub(rng.bytes(37)).returns(rng.bytes(5)))
        .co_cancel(2)
        .orphaned(2)
        .shutdown();
    let frames = frames(&TcpFlow::default(), &plain(conversation.steps()));
    let Some(rows) = dissect("auth", &Pcap::default().encode(&frames)) else { return };
    expect_calls("auth", &rows, &[conversation.expected()]);
    for control in [ptype::AUTH3, ptype::CO_CANCEL, ptype::ORPHANED, ptype::SHUTDOWN] {
        assert_eq!(count(&rows, control), 1, "type {control}");
    }
}

#[test]
fn refused_bind_is_understood() {
    let conversation = Conversation::new().bind_refused(&[Offer::ndr(0, OTHER)], 4);
    let frames = frames(&TcpFlow::default(), &plain(conversation.steps()));
    let Some(rows) = dissect("nak", &Pcap::default().encode(&frames)) else { return };
    assert_eq!((count(&rows, ptype::BIND), count(&rows, ptype::BIND_NAK)), (1, 1));
}

#[test]
fn pipes_over_smb2_are_understood_in_every_style() {
    for style in [PipeStyle::WriteRead, PipeStyle::Transact, PipeStyle::Chained] {
        for framing in [SmbFraming::Direct, SmbFraming::NetBios] {
            let conversation = conversation(Format::LITTLE);
            let smb = Smb2 { style, framing, ..Smb2::default() };
            let port = if framing == SmbFraming::Direct { 445 } else { 139 };
            let messages = smb.carry(&[("svcctl", conversation.steps())]);
            let frames = frames(&TcpFlow::to_port(port), &messages);
            check(&format!("smb2-{style:?}-{framing:?}"), &Pcap::default().encode(&frames), &conversation);
        }
    }
}

#[test]
fn interim_responses_and_several_pipes_over_smb2_are_understood() {
    let first = conversation(Format::LITTLE);
    let second = Conversation::new()
        .next_call_id(100)
        .bind(&[(Offer::ndr(0, OTHER), Answer::NDR)])
        .call(Call::new(0, 200).stub([5; 30]).returns([6; 30]));
    let smb = Smb2 { interim: true, ..Smb2::default() };
    let messages = smb.carry(&[("svcctl", first.steps()), ("other", second.steps())]);
    let frames = frames(&TcpFlow::to_port(445), &messages);
    let Some(rows) = dissect("smb2-two", &Pcap::default().encode(&frames)) else { return };
    expect_calls("smb2-two", &rows, &[first.expected(), second.expected()]);
    // Each pipe has its own file id.
    let files = |wanted: fn(u32) -> bool| {
        let called = rows.iter().filter(|row| row.call_ids.iter().all(|id| id.parse().is_ok_and(wanted)));
        let mut files: Vec<String> = called.flat_map(|row| row.files.clone()).collect();
        files.dedup();
        files
    };
    let (of_first, of_second) = (files(|id| id < 100), files(|id| id >= 100));
    assert_eq!((of_first.len(), of_second.len()), (1, 1));
    assert_ne!(of_first, of_second);
}

#[test]
fn pipes_over_smb1_are_understood_in_every_style() {
    for (name, style) in [
        ("smb1-write-read", PipeStyle::WriteRead),
        ("smb1-chained", PipeStyle::Chained),
        ("smb1-transact", PipeStyle::Transact),
    ] {
        let conversation = conversation(Format::LITTLE);
        let smb = Smb1 { style, ..Smb1::default() };
        let messages = smb.carry(&[("svcctl", conversation.steps())]);
        let frames = frames(&TcpFlow::to_port(445), &messages);
        check(name, &Pcap::default().encode(&frames), &conversation);
    }
}

#[test]
fn pipes_that_were_opened_before_the_capture_are_understood() {
    let conversation = conversation(Format::LITTLE);
    let flow = TcpFlow { start: TcpStart::MidStream, ..TcpFlow::to_port(445) };
    let steps = conversation.steps();
    let two = Smb2 { start: SmbStart::Opened, ..Smb2::default() }.carry(&[("svcctl", steps)]);
    check("smb2-late", &Pcap::default().encode(&frames(&flow, &two)), &conversation);
}

#[test]
fn both_versions_of_rpc_over_http_are_understood() {
    let conversation = conversation(Format::LITTLE);
    let steps = conversation.steps();
    let v1 = frames(&TcpFlow::to_port(593), &HttpV1::default().carry(steps));
    check("http-v1", &Pcap::default().encode(&v1), &conversation);
    // No ping: Wireshark 4.0 calls an RTS PDU without commands malformed.
    let http = HttpV2 { acknowledge_every: Some(300), ..HttpV2::default() };
    let v2 = frames(&TcpFlow::to_port(80), &http.carry(steps));
    // Wireshark's HTTP does not look into the endless bodies of the channels; without it, its RPC does.
    let no_http = ["--disable-protocol", "http"];
    let Some(rows) = dissect_with("http-v2", &Pcap::default().encode(&v2), &no_http) else { return };
    expect_calls("http-v2", &rows, &[conversation.expected()]);
    // CONN/A1, B1, A3 and C2, then acknowledgements.
    assert!(count(&rows, ptype::RTS) > 5, "{rows:?}");
}

#[test]
fn connectionless_calls_are_understood_in_both_byte_orders() {
    for (name, format) in [("udp-little", Format::LITTLE), ("udp-big", Format::BIG)] {
        let activity = Activity::new(Uuid::from_u128(0xac), OTHER)
            .format(format)
            .call(Call::new(0, 3).stub([1; 30]).returns([2; 10]))
            .slow_call(Call::new(0, 4).faults(Fault::ACCESS_DENIED))
            .call(Call::new(0, 5).rejected(Fault::UNKNOWN_INTERFACE))
            .call(Call::new(0, 6).cancelled())
            .fragment_bytes(100)
            .call(Call::new(0, 7).stub([3; 250]).returns([4; 150]));
        let datagrams = UdpFlow::default().datagrams(&plain(activity.steps()));
        let capture = Pcap::default().encode(&Framing::default().datagrams(&datagrams));
        let Some(rows) = dissect(name, &capture) else { continue };
        assert_eq!(interfaces(&rows), [OTHER.uuid.to_string()]);
        expect_calls(name, &rows, &[activity.expected()]);
        for (kind, expected) in [
            (dg_ptype::REQUEST, 7),
            (dg_ptype::RESPONSE, 3),
            (dg_ptype::FAULT, 1),
            (dg_ptype::REJECT, 1),
            (dg_ptype::CANCEL_ACK, 1),
            (dg_ptype::FACK, 3),
            (dg_ptype::WORKING, 1),
        ] {
            assert_eq!(count(&rows, kind), expected, "{name} type {kind}");
        }
    }
}

#[test]
fn every_link_and_tunnel_is_understood() {
    let conversation = conversation(Format::LITTLE);
    let v6 =
        |last| Endpoint::new(Address::v6([0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, last]), 50_000);
    let links = [
        Link::ETHERNET,
        Link::Ethernet(vec![Tag::ServiceVlan(5), Tag::Vlan(6)]),
        Link::Ethernet(vec![Tag::Mpls(16), Tag::Mpls(17)]),
        Link::Ethernet(vec![Tag::Vlan(6), Tag::Pppoe(7)]),
        Link::LinuxCooked,
        Link::LinuxCooked2,
        Link::Raw,
        Link::Null(ByteOrder::Little),
        Link::Loop,
    ];
    let tunnels = [
        Tunnel::IpInIp,
        Tunnel::Gre(Some(9)),
        Tunnel::GreEthernet,
        Tunnel::Erspan1,
        Tunnel::Erspan2(9),
        Tunnel::Erspan3(9),
        Tunnel::Vxlan(9),
        Tunnel::Geneve(9),
    ];
    let plain_link = |link| Framing { link, ..Framing::default() };
    let in_tunnel = |tunnel| Framing { tunnels: vec![tunnel], ..Framing::default() };
    let framings = links.into_iter().map(plain_link).chain(tunnels.into_iter().map(in_tunnel));

    // All in one capture, told apart by the client's port, so that tshark starts only once.
    let mut frames = Vec::new();
    let mut flows = 0;
    for framing in framings {
        for flow in [TcpFlow::default(), TcpFlow::between(v6(5), v6(9))] {
            let client = Endpoint { port: 51_000 + flows, ..flow.client };
            let segments = TcpFlow { client, ..flow }.segments(&plain(conversation.steps()));
            frames.extend(framing.segments(&segments));
            flows += 1;
        }
    }
    let Some(rows) = dissect("links", &Pcapng::default().encode(&frames)) else { return };
    expect_calls("links", &rows, &[conversation.expected()]);
    for kind in [ptype::BIND, ptype::BIND_ACK, ptype::FAULT] {
        assert_eq!(count(&rows, kind), usize::from(flows), "type {kind}");
    }
    let fragments: usize = conversation.expected().iter().map(|call| call.request_fragments).sum();
    assert_eq!(count(&rows, ptype::REQUEST), usize::from(flows) * fragments);
}

#[test]
fn fragments_of_ip_are_understood() {
    let conversation = conversation(Format::LITTLE);
    let v6 = |last| Endpoint::new(Address::v6([last; 16]), 50_000);
    for (name, flow) in [("frag-v4", TcpFlow::default()), ("frag-v6", TcpFlow::between(v6(0x25), v6(0x29)))] {
        let framing = Framing { fragment_bytes: Some(64), ..Framing::default() };
        let frames = framing.segments(&flow.segments(&plain(conversation.steps())));
        check(name, &Pcap::default().encode(&frames), &conversation);
    }
}

#[test]
fn disturbed_segments_are_understood() {
    let conversation = conversation(Format::LITTLE);
    let flow = TcpFlow { client_sequence: u32::MAX - 300, ..TcpFlow::default() };
    let cut = Disturbance { cut: Some(1), ..Disturbance::default() };
    let none = Disturbance::default();
    let repeated = Disturbance { cut: Some(64), duplicate_percent: 10, ..none.clone() };
    let reordered = Disturbance { cut: Some(64), reorder_window: 4, ..none };
    // Wireshark does not recognise RPC by its first bytes alone.
    let decode_as = ["-d", "tcp.port==49670,dcerpc"];
    for (name, disturbance) in [("one-byte", cut), ("repeated", repeated), ("reordered", reordered)] {
        let segments = disturbance.apply(flow.segments(&plain(conversation.steps())));
        let capture = Pcap::default().encode(&Framing::default().segments(&segments));
        check_with(name, &capture, &conversation, &decode_as);
    }
}

#[test]
fn every_capture_format_is_understood() {
    let conversation = conversation(Format::LITTLE);
    let messages = plain(conversation.steps());
    let ethernet = frames(&TcpFlow::default(), &messages);
    let segments = TcpFlow::default().segments(&messages);
    // Two interfaces of different link types in one file.
    let raw = Framing { link: Link::Raw, ..Framing::default() }.segments(&segments);
    let mixed: Vec<OwnedFrame> = ethernet
        .iter()
        .zip(&raw)
        .enumerate()
        .map(|(at, pair)| if at % 2 == 0 { pair.0 } else { pair.1 })
        .cloned()
        .collect();
    assert!(mixed.iter().any(|frame| frame.link_type == LinkType::RAW));
    for order in [ByteOrder::Little, ByteOrder::Big] {
        for nanoseconds in [false, true] {
            let pcap = Pcap { order, nanoseconds, ..Pcap::default() };
            check("pcap", &pcap.encode(&ethernet), &conversation);
        }
        let resolutions = vec![Resolution::Decimal(9), Resolution::Binary(20)];
        let pcapng = Pcapng { order, resolutions, simple: false, unknown_blocks: true };
        check("pcapng", &pcapng.encode(&mixed), &conversation);
    }
    let simple = Pcapng { simple: true, ..Pcapng::default() };
    check("pcapng-simple", &simple.encode(&ethernet), &conversation);
}
