//! Seeds from the testkit: what the captures do not show.

use crate::script;
use crate::{MOST_FRAME_BYTES, MOST_STREAM_BYTES, Seeds};
use rpcscope_model::{Address, AuthLevel, Endpoint, Side};
use rpcscope_suite::carry::{Carrier, every_carrier};
use rpcscope_suite::scenario::{SAMR, SVCCTL, UNKNOWN};
use rpcscope_testkit::capture::{Pcap, Pcapng, Resolution};
use rpcscope_testkit::conversation::{Activity, Answer, Call, Conversation, Step};
use rpcscope_testkit::packets::{
    Disturbance, Framing, Link, Overlap, OwnedFrame, Tag, TcpEnd, TcpFlow, TcpStart, Tunnel, UdpFlow,
};
use rpcscope_testkit::pdu::{Format, Offer, Rts, Verifier};
use rpcscope_testkit::transport::{Message, plain};
use rpcscope_testkit::{ByteOrder, Rng};
use std::collections::BTreeMap;
use std::io::Write;
use uuid::Uuid;

/// Adds all of them.
pub(crate) fn add(targets: &mut BTreeMap<&'static str, Seeds>) {
    let mut add = |target: &'static str, name: String, bytes: Vec<u8>| {
        targets.entry(target).or_default().insert(name, bytes);
    };
    add_conversations(&mut add);
    add_carriers(&mut add);
    add_segments(&mut add);
    add_frames(&mut add);
    add_files(&mut add);
}

fn add_conversations(add: &mut impl FnMut(&'static str, String, Vec<u8>)) {
    for (name, conversation) in conversations() {
        let messages = plain(conversation.steps());
        for step in conversation.steps() {
            add("pdu", script::pdu_name(&step.pdu), step.pdu.clone());
        }
        add("rpc_connection", format!("built-{name}"), script::pieces(&messages, usize::MAX));
        add("association", format!("built-{name}"), script::association(&messages, usize::MAX));
        let (first, then) = messages.split_at(2);
        let mut lossy = script::pieces(first, usize::MAX);
        lossy.extend(script::gap(Side::Server, 24));
        lossy.extend(script::pieces(then, usize::MAX));
        add("rpc_connection", format!("built-{name}-gap"), lossy);
        let mut lossy = script::association(first, usize::MAX);
        lossy.extend(script::association_gap(Side::Server, 24));
        lossy.extend(script::association(then, usize::MAX));
        add("association", format!("built-{name}-gap"), lossy);
    }
    let rts = [Rts::conn_a1(Uuid::max(), Uuid::nil()), Rts::conn_c2(), Rts::ping(), Rts::conn_a3()];
    for (number, rts) in rts.iter().enumerate() {
        add("pdu", format!("rts-{number}"), rts.encode());
    }
    for step in activity(Format::BIG).steps().iter().chain(activity(Format::LITTLE).steps()) {
        let name = script::connectionless_name(&step.pdu).expect("a connectionless PDU");
        add("pdu", name, step.pdu.clone());
    }
}

fn add_carriers(add: &mut impl FnMut(&'static str, String, Vec<u8>)) {
    let steps = short().steps().to_vec();
    for (number, carrier) in every_carrier().iter().enumerate() {
        let messages = carrier.messages(&steps);
        let target = match carrier {
            Carrier::Tcp => continue,
            Carrier::Smb1(_) | Carrier::Smb2(_) => "smb_connection",
            Carrier::HttpV1(_) | Carrier::HttpV2(_) => "http_connection",
        };
        for connection in 0..2 {
            let own: Vec<Message> =
                messages.iter().filter(|message| message.connection == connection).cloned().collect();
            let pieces = script::pieces(&own, MOST_STREAM_BYTES);
            if !pieces.is_empty() {
                add(target, format!("built-{number:02}-{connection}"), pieces);
            }
        }
        for message in script::smb_messages(&messages) {
            if let Some((target, name)) = script::smb_name(&message) {
                add(target, format!("built-{name}"), message);
            }
        }
        let frames = Framing::default().segments(&carrier.flow().segments(&messages));
        if number % 3 == 0 {
            add("engine", format!("built-carrier-{number:02}"), script::frames(&frames, MOST_FRAME_BYTES));
        }
    }
}

fn add_segments(add: &mut impl FnMut(&'static str, String, Vec<u8>)) {
    let mut rng = Rng::new(3);
    let messages: Vec<Message> = [Side::Client, Side::Server, Side::Client, Side::Server, Side::Server]
        .map(|side| Message::new(side, rng.bytes(60)))
        .to_vec();
    let flow = TcpFlow { client_sequence: 0xffd0, server_sequence: 100, ..TcpFlow::default() };
    let flows = [
        ("whole", flow.clone()),
        ("midstream", TcpFlow { start: TcpStart::MidStream, end: TcpEnd::Open, ..flow.clone() }),
        ("reset", TcpFlow { end: TcpEnd::Reset, ..flow }),
    ];
    for (name, flow) in flows {
        let segments = flow.segments(&messages);
        add("reassembly", name.to_owned(), script::segments(&segments));
        for seed in 0..4 {
            let cut = Disturbance { cut: Some(20), ..Disturbance::harmless(seed) };
            let conflicting =
                Disturbance { overlap: Overlap::Conflicting, overlap_percent: 40, ..cut.clone() };
            let lossy = Disturbance { drop_percent: 25, ..cut.clone() };
            for (how, disturbance) in [("mixed", cut), ("conflicting", conflicting), ("lossy", lossy)] {
                let disturbed = script::segments(&disturbance.apply(segments.clone()));
                add("reassembly", format!("{name}-{how}-{seed}"), disturbed);
            }
        }
    }
}

fn add_frames(add: &mut impl FnMut(&'static str, String, Vec<u8>)) {
    for (name, frames) in framings() {
        add("decode", name.to_owned(), script::decoder_frames(&frames, 1_500));
        add("engine", format!("built-{name}"), script::frames(&frames, MOST_FRAME_BYTES));
    }
    let datagrams = plain(activity(Format::BIG).steps());
    let frames = Framing::default().datagrams(&UdpFlow::default().datagrams(&datagrams));
    add("engine", "built-udp".to_owned(), script::frames(&frames, MOST_FRAME_BYTES));
}

fn add_files(add: &mut impl FnMut(&'static str, String, Vec<u8>)) {
    let mut frames: Vec<OwnedFrame> =
        Framing::default().segments(&TcpFlow::default().segments(&plain(short().steps())));
    frames.truncate(6);
    let big = Pcap { order: ByteOrder::Big, nanoseconds: true, snap_length: 0 };
    let resolutions = vec![Resolution::Decimal(9), Resolution::Binary(20)];
    let odd = Pcapng { order: ByteOrder::Big, resolutions, simple: false, unknown_blocks: true };
    let files = [
        ("pcap", Pcap::default().encode(&frames)),
        ("pcap-big", big.encode(&frames)),
        ("pcapng", Pcapng::default().encode(&frames)),
        ("pcapng-odd", odd.encode(&frames)),
        ("pcapng-simple", Pcapng { simple: true, ..Pcapng::default() }.encode(&frames)),
    ];
    for (name, file) in files {
        add("capture", format!("{name}-cut"), file[..file.len() - 7].to_vec());
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        gzip.write_all(&file).expect("memory can be written");
        add("capture", format!("{name}-gzip"), gzip.finish().expect("memory can be written"));
        let zstd = zstd::bulk::compress(&file, 3).expect("memory can be written");
        add("capture", format!("{name}-zstd"), zstd);
        let twice = [file.clone(), file.clone()].concat();
        add("capture", format!("{name}-twice"), twice);
        add("capture", name.to_owned(), file);
    }
}

/// A bind, an answered call and a fault.
fn short() -> Conversation {
    Conversation::new()
        .bind(&[(Offer::ndr(0, SVCCTL), Answer::NDR)])
        .call(Call::new(0, 12).stub([1; 40]).returns([2; 24]))
        .call(Call::new(0, 3).faults(5))
}

fn conversations() -> Vec<(&'static str, Conversation)> {
    let offers = [
        (Offer::ndr(0, SAMR), Answer::UNKNOWN_INTERFACE),
        (Offer::ndr64(1, SAMR), Answer::NDR64),
        (Offer::features(2, SAMR, 3), Answer::features(3)),
    ];
    let calls = [1, 2, 3].map(|opnum| Call::new(1, opnum).stub([7; 70]).returns([8; 90]));
    let secured = Conversation::new().security(Some(Verifier::ntlm(AuthLevel::PKT_PRIVACY, 7, [9; 16])));
    vec![
        ("short", short()),
        ("big-endian", Conversation::new().format(Format::BIG).bind(&offers).call(calls[0].clone())),
        (
            "interleaved",
            Conversation::new().fragment_bytes(32).bind(&offers).interleaved(&calls, &mut Rng::new(4)),
        ),
        (
            "secured",
            secured
                .bind(&[(Offer::ndr(0, UNKNOWN), Answer::NDR)])
                .auth3([3; 40])
                .call(Call::new(0, 9).object(Uuid::max()).stub([1; 24]).returns([2; 24])),
        ),
        (
            "altered",
            short()
                .alter_context(&[(Offer::ndr(0, SAMR), Answer::NDR), (Offer::ndr(4, UNKNOWN), Answer::NDR)])
                .call(Call::new(0, 5).cancelled())
                .orphaned(4)
                .call(Call::new(4, 5).unanswered())
                .shutdown(),
        ),
        ("refused", Conversation::new().bind_refused(&[Offer::ndr(0, SVCCTL)], 4).call(Call::new(0, 1))),
        ("late", short().without_first(2)),
    ]
}

fn activity(format: Format) -> Activity {
    Activity::new(Uuid::from_u128(0xac71), UNKNOWN)
        .format(format)
        .fragment_bytes(40)
        .call(Call::new(0, 2).stub([1; 100]).returns([2; 90]))
        .slow_call(Call::new(0, 4).rejected(0x1c01_0003))
        .call(Call::new(0, 5).faults(5))
        .call(Call::new(0, 6).cancelled())
}

/// A short conversation on every link layer and in every tunnel, in fragments, cut, and in IPv6.
fn framings() -> Vec<(&'static str, Vec<OwnedFrame>)> {
    let flow = TcpFlow::default();
    let ends = [flow.client, flow.server].map(|end| {
        let address =
            Address::v6([0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, end.port.to_le_bytes()[0]]);
        Endpoint { address, ..end }
    });
    let steps: Vec<Step> = short().steps().to_vec();
    let messages = plain(&steps);
    let (v4, v6) = (flow.segments(&messages), TcpFlow::between(ends[0], ends[1]).segments(&messages));
    let link = |link| Framing { link, ..Framing::default() };
    let tags = |tags: &[Tag]| link(Link::Ethernet(tags.to_vec()));
    let tunnel = |tunnel| Framing { tunnels: vec![tunnel], ..Framing::default() };
    let framings = [
        ("tagged", tags(&[Tag::ServiceVlan(7), Tag::Vlan(9)])),
        ("mpls", tags(&[Tag::Mpls(16), Tag::Mpls(17)])),
        ("pppoe", tags(&[Tag::Pppoe(1)])),
        ("linux-cooked", link(Link::LinuxCooked)),
        ("linux-cooked-2", link(Link::LinuxCooked2)),
        ("raw", link(Link::Raw)),
        ("null", link(Link::Null(ByteOrder::Big))),
        ("loop", link(Link::Loop)),
        ("ip-in-ip", tunnel(Tunnel::IpInIp)),
        ("gre", tunnel(Tunnel::Gre(Some(5)))),
        ("gre-ethernet", tunnel(Tunnel::GreEthernet)),
        ("erspan-1", tunnel(Tunnel::Erspan1)),
        ("erspan-2", tunnel(Tunnel::Erspan2(3))),
        ("erspan-3", tunnel(Tunnel::Erspan3(3))),
        ("vxlan", tunnel(Tunnel::Vxlan(9))),
        ("geneve", tunnel(Tunnel::Geneve(9))),
        ("fragments", Framing { fragment_bytes: Some(24), ..Framing::default() }),
        ("cut", Framing { snap_length: Some(100), ..Framing::default() }),
    ];
    let mut all: Vec<(&'static str, Vec<OwnedFrame>)> =
        framings.iter().map(|(name, framing)| (*name, framing.segments(&v4))).collect();
    let fragments = Framing { fragment_bytes: Some(24), ..Framing::default() };
    all.push(("v6", Framing::default().segments(&v6)));
    all.push(("v6-fragments", fragments.segments(&v6)));
    all
}
