//! What is printed does not depend on the number of threads.

mod support;

use rpcscope_model::{Address, Endpoint, SyntaxId, Timestamp};
use rpcscope_testkit::Rng;
use rpcscope_testkit::capture::Pcapng;
use rpcscope_testkit::conversation::{Activity, Answer, Call, Conversation};
use rpcscope_testkit::packets::{
    Datagram, Disturbance, Framing, OwnedFrame, TcpEnd, TcpFlow, Tunnel, UdpFlow,
};
use rpcscope_testkit::pdu::Offer;
use rpcscope_testkit::transport::{HttpV2, Message, Smb1, Smb2, plain};
use support::{run, workspace};

const THREADS: [&str; 4] = ["2", "3", "7", "40"];

/// Some conversation between two of many hosts, over any transport, disturbed, in order of time within itself.
fn conversation(rng: &mut Rng) -> Vec<OwnedFrame> {
    let address =
        |rng: &mut Rng, net| Address::v4([10, net, 0, u8::try_from(rng.below(40)).expect("below 40")]);
    let port = u16::try_from(rng.between(1025, 65_535)).expect("a port");
    let client = Endpoint::new(address(rng, 1), port);
    let interface = SyntaxId { uuid: rng.uuid(), major: 1, minor: 0 };
    let calls: Vec<Call> = (0..4)
        .map(|opnum| {
            let call = Call::new(0, opnum).stub(rng.bytes(200));
            match rng.below(4) {
                0 => call.unanswered(),
                1 => call.faults(5),
                _ => call.returns(rng.bytes(300)),
            }
        })
        .collect();
    let made = Conversation::new().fragment_bytes(90).bind(&[(Offer::ndr(0, interface), Answer::NDR)]);
    let made = made.interleaved(&calls, rng);
    let (messages, port): (Vec<Message>, u16) = match rng.below(5) {
        0 => (Smb1::default().carry(&[("samr", made.steps())]), 445),
        1 => (Smb2::default().carry(&[("samr", made.steps())]), 445),
        2 => (HttpV2 { seed: rng.next_u64(), ..HttpV2::default() }.carry(made.steps()), 80),
        3 => {
            let activity = calls.iter().cloned().fold(Activity::new(rng.uuid(), interface), Activity::call);
            let flow = UdpFlow { client, server: Endpoint::new(address(rng, 2), 1026) };
            let framing = Framing { fragment_bytes: Some(128), ..framing(rng) };
            return framing.datagrams(&flow.datagrams(&plain(activity.steps())));
        }
        _ => (plain(made.steps()), 49_670),
    };
    let end = if rng.chance(50) { TcpEnd::Open } else { TcpEnd::Finish };
    let flow = TcpFlow { end, ..TcpFlow::between(client, Endpoint::new(address(rng, 2), port)) };
    let drop_percent = if rng.chance(30) { 5 } else { 0 };
    let disturbance = Disturbance { drop_percent, ..Disturbance::harmless(rng.next_u64()) };
    let segments = disturbance.apply(flow.segments(&messages));
    let datagrams: Vec<Datagram> = segments.iter().map(Datagram::from).collect();
    framing(rng).datagrams(&datagrams)
}

/// Begins at any time, so that conversations overlap; sometimes in fragments or in a tunnel.
fn framing(rng: &mut Rng) -> Framing {
    let start = Framing::default().start;
    let later = i64::try_from(rng.below(20_000_000)).expect("a small number");
    Framing {
        start: Timestamp(start.0 + later),
        fragment_bytes: rng.chance(20).then_some(64),
        tunnels: if rng.chance(20) { vec![Tunnel::Erspan2(7)] } else { Vec::new() },
        ..Framing::default()
    }
}

/// All frames of many conversations, in order of time.
fn capture(seed: u64, conversations: usize) -> Vec<u8> {
    let mut rng = Rng::new(seed);
    let mut frames: Vec<OwnedFrame> = (0..conversations).flat_map(|_| conversation(&mut rng)).collect();
    frames.sort_by_key(|frame| frame.time);
    Pcapng::default().encode(&frames)
}

#[test]
fn generated_captures_of_many_hosts_print_the_same() {
    let folder = tempfile::tempdir().expect("a folder");
    for seed in 0..3 {
        std::fs::write(folder.path().join("many.pcapng"), capture(seed, 300)).expect("a file");
        let one = run(folder.path(), &["replay", "-f", "eve", "--threads", "1", "many.pcapng"]);
        assert_eq!((one.status, one.stderr.as_str()), (0, ""));
        assert!(one.text().lines().count() > 1000, "{}", one.text().lines().count());
        for threads in THREADS {
            let more = run(folder.path(), &["replay", "-f", "eve", "--threads", threads, "many.pcapng"]);
            assert!(
                more.stdout == one.stdout,
                "seed {seed}, {threads} threads: {}",
                first_difference(&one, &more)
            );
        }
    }
}

#[test]
fn rules_and_correlations_say_the_same() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("many.pcapng"), capture(7, 300)).expect("a file");
    std::fs::write(folder.path().join("rules.yml"), RULES).expect("a file");
    let arguments =
        |threads| ["replay", "-f", "eve", "--alerts", "-r", "rules.yml", "--threads", threads, "many.pcapng"];
    let one = run(folder.path(), &arguments("1"));
    assert_eq!((one.status, one.stderr.as_str()), (0, ""));
    for title in ["third", "Many", "Both"] {
        let count = one.text().matches(&format!("\"signature\":\"{title}")).count();
        assert!(count > 10, "{title}: {count}");
    }
    for threads in THREADS {
        let more = run(folder.path(), &arguments(threads));
        assert!(more.stdout == one.stdout, "{threads} threads: {}", first_difference(&one, &more));
    }
}

/// Rules about some calls and about what happens on many connections.
const RULES: &str = "
title: third operation
name: third
logsource: {product: rpcscope, service: call}
detection: {s: {opnum: 3}, condition: s}
---
title: a fault
name: fault
logsource: {product: rpcscope, service: call}
detection: {s: {outcome: faulted}, condition: s}
---
title: Many
correlation: {type: value_count, rules: [third], group-by: [server_ip], timespan: 1h, condition: {field: client_ip, gte: 2}, generate: true}
---
title: Both
correlation: {type: temporal_ordered, rules: [third, fault], group-by: [client_ip], timespan: 1h}
";

#[test]
fn own_captures_print_the_same_in_every_format() {
    for format in [&["-f", "eve"][..], &["-f", "table", "--no-summary", "--verbose"]] {
        for join in [&[][..], &["--join"]] {
            let arguments = |threads| [&["replay", "--threads", threads, "pcaps"], format, join].concat();
            let one = run(&workspace(), &arguments("1"));
            assert_eq!((one.status, one.stderr.as_str()), (0, ""));
            for threads in THREADS {
                let more = run(&workspace(), &arguments(threads));
                assert!(more.stdout == one.stdout, "{threads} threads: {}", first_difference(&one, &more));
            }
        }
    }
}

#[test]
fn the_summary_counts_the_same() {
    let summary = |threads| {
        let text = run(&workspace(), &["replay", "-f", "table", "--threads", threads, "pcaps"]).text();
        let lines = text.lines().filter(|line| !line.starts_with("Read "));
        lines.map(str::to_owned).collect::<Vec<_>>()
    };
    let one = summary("1");
    for threads in THREADS {
        assert_eq!(summary(threads), one, "{threads} threads");
    }
}

fn first_difference(one: &support::Run, more: &support::Run) -> String {
    let (one, more) = (one.text(), more.text());
    let lines = one.lines().zip(more.lines()).find(|(one, more)| one != more);
    let (left, right) = lines.unwrap_or(("", "only the length differs"));
    format!("\n{left}\n{right}")
}
