//! Live capture over pairs of virtual interfaces, each test in a network namespace of its own.
//!
//! Needs root, `unshare` and `ip`; says that it is skipped otherwise.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};
use std::{env, fs, thread};

use pcap::{Active, Capture};
use rpcscope_capture::CaptureError;
use rpcscope_capture::live::{
    Absence, InterfaceState, LiveSettings, LiveSource, Notice, Share, Supply, interfaces,
};
use rpcscope_model::LinkType;

#[test]
fn frames_arrive_whole_with_their_time_in_nanoseconds() {
    in_a_network_of_its_own("frames_arrive_whole_with_their_time_in_nanoseconds", || {
        let mut wire = Wire::new();
        let mut source = open(LiveSettings::default());
        let sent: Vec<Vec<u8>> = (0..20).map(|number| udp(1, 2, 1000, 53, 18 + 70 * number)).collect();
        let before = nanoseconds_now();
        sent.iter().for_each(|frame| wire.send(frame));
        let received = read(&mut source, sent.len());
        let after = nanoseconds_now();

        assert_eq!(
            received.iter().map(|frame| &frame.bytes).collect::<Vec<_>>(),
            sent.iter().collect::<Vec<_>>()
        );
        for (frame, number) in received.iter().zip(1..) {
            assert_eq!((frame.number, frame.link_type), (number, LinkType::ETHERNET));
            assert_eq!(frame.original_length as usize, frame.bytes.len());
            assert!((before..=after).contains(&frame.time), "{before} <= {} <= {after}", frame.time);
        }
        assert!(received.windows(2).all(|pair| pair[0].time <= pair[1].time));
        assert!(received.iter().any(|frame| frame.time % 1000 != 0), "times are in whole microseconds");
        assert_eq!(source.notice(), None);
    });
}

#[test]
fn a_frame_is_cut_at_the_snap_length() {
    in_a_network_of_its_own("a_frame_is_cut_at_the_snap_length", || {
        let mut wire = Wire::new();
        let mut source = open(LiveSettings { snap_length: 96, ..LiveSettings::default() });
        let sent = udp(1, 2, 1000, 53, 900);
        wire.send(&sent);
        let received = read(&mut source, 1);
        assert_eq!(received[0].bytes, sent[..96]);
        assert_eq!(received[0].original_length as usize, sent.len());
    });
}

#[test]
fn as_many_frames_as_asked_for_are_read_at_once() {
    in_a_network_of_its_own("as_many_frames_as_asked_for_are_read_at_once", || {
        let mut wire = Wire::new();
        let mut source = open(LiveSettings::default());
        (0..10).for_each(|port| wire.send(&udp(1, 2, port, 53, 30)));
        // By now the kernel has handed over all blocks.
        thread::sleep(Duration::from_millis(100));
        let mut numbers = Vec::new();
        let reading = source.read(4, &mut |frame| numbers.push(frame.number.0));
        assert_eq!((reading.frames, reading.supply), (4, Supply::More));
        let reading = source.read(100, &mut |frame| numbers.push(frame.number.0));
        assert_eq!((reading.frames, reading.supply), (6, Supply::Empty));
        assert_eq!(numbers, (1..=10).collect::<Vec<_>>());

        let start = Instant::now();
        assert_eq!(source.read(100, &mut |_| {}).frames, 0);
        assert!((5..500).contains(&start.elapsed().as_millis()), "waited {:?}", start.elapsed());
    });
}

#[test]
fn only_what_the_filter_passes_is_read() {
    in_a_network_of_its_own("only_what_the_filter_passes_is_read", || {
        let mut wire = Wire::new();
        let filter = Some("udp dst port 53".to_owned());
        let mut source = open(LiveSettings { filter, ..LiveSettings::default() });
        for port in [53, 54, 55, 53] {
            wire.send(&udp(1, 2, 1000, port, 30));
        }
        let received = read(&mut source, 2);
        assert!(received.iter().all(|frame| frame.bytes == udp(1, 2, 1000, 53, 30)));
        assert_eq!(source.read(100, &mut |_| {}).frames, 0);
        assert_eq!(source.counters().received, 2);
    });
}

#[test]
fn what_cannot_be_opened_is_told_precisely() {
    in_a_network_of_its_own("what_cannot_be_opened_is_told_precisely", || {
        let _wire = Wire::new();
        let error = |interface: &str, filter: Option<&str>| {
            let settings = LiveSettings { filter: filter.map(str::to_owned), ..LiveSettings::default() };
            let opened = LiveSource::new(interface.to_owned(), Arc::new(settings), None).open();
            opened.expect_err("it cannot be opened")
        };
        let missing = error("listn", None);
        assert_eq!(missing.to_string(), "listn: no such interface; did you mean `listen`?");
        assert!(missing.may_pass());
        for interface in ["listen", "missing"] {
            let wrong = error(interface, Some("udp prot 53"));
            assert_eq!(
                wrong.to_string(),
                "invalid filter `udp prot 53`: can't parse filter expression: syntax error"
            );
            assert!(!wrong.may_pass());
        }
        ip("link set listen down");
        assert!(matches!(error("listen", None), CaptureError::InterfaceDown { .. }));
    });
}

#[test]
fn sources_of_one_group_get_each_frame_once_and_pairs_of_addresses_whole() {
    in_a_network_of_its_own("sources_of_one_group_get_each_frame_once_and_pairs_of_addresses_whole", || {
        let mut wire = Wire::new();
        let mut answers = Wire { handle: talk_on("listen") };
        let share = Share::new();
        let mut sources = [(); 2].map(|()| open_in("listen", LiveSettings::default(), Some(share.clone())));
        let mut pair_of_frame = BTreeMap::new();
        for pair in 0..40 {
            let (one, other) = (pair, 100 + pair * 3);
            // Questions are received by the interface, answers are sent by it.
            for (from, to, wire) in [(one, other, &mut wire), (other, one, &mut answers)] {
                let v4 = [
                    udp(from, to, 1000, 135, 30),
                    udp(from, to, 1001, 49667, 30),
                    fragment(from, to, 0),
                    fragment(from, to, 185),
                    tagged(&[0x8100], &udp(from, to, 445, 1002, 30)),
                    tagged(&[0x88a8, 0x8100], &udp(from, to, 1002, 445, 30)),
                ];
                let v6 = [udp_v6(from, to, 1000, 135), tagged(&[0x8100], &udp_v6(from, to, 445, 1002))];
                let v4 = v4.into_iter().map(|frame| (frame, ("v4", pair)));
                for (frame, pair) in v4.chain(v6.into_iter().map(|frame| (frame, ("v6", pair)))) {
                    wire.send(&frame);
                    assert_eq!(pair_of_frame.insert(frame, pair), None);
                }
            }
        }

        let [first, second] = sources.each_mut().map(read_until_silent);
        assert_eq!(first.len() + second.len(), pair_of_frame.len(), "each frame once");
        let pairs =
            |frames: &[Read]| frames.iter().map(|frame| pair_of_frame[&frame.bytes]).collect::<BTreeSet<_>>();
        let (first, second) = (pairs(&first), pairs(&second));
        assert_eq!(first.intersection(&second).count(), 0, "a pair in both");
        assert_eq!(first.len() + second.len(), 80);
        for version in ["v4", "v6"] {
            let of_first = first.iter().filter(|(of, _)| *of == version).count();
            assert!((10..=30).contains(&of_first), "{of_first} of 40 pairs of {version} in one source");
        }
    });
}

#[test]
fn a_group_is_found_again_after_its_interface_was_made_again() {
    in_a_network_of_its_own("a_group_is_found_again_after_its_interface_was_made_again", || {
        let wire = Wire::new();
        let share = Share::new();
        let mut sources = [(); 2].map(|()| open_in("listen", LiveSettings::default(), Some(share.clone())));
        drop(wire);
        ip("link del listen");
        sources.iter_mut().for_each(|source| assert_eq!(told(source), gone(Absence::Missing)));
        let mut wire = Wire::new();
        sources.iter_mut().for_each(|source| assert!(is_back(&told(source))));
        (0..40).for_each(|address| wire.send(&udp(address, 200, 1000, 135, 30)));
        let [first, second] = sources.each_mut().map(|source| read_until_silent(source).len());
        assert_eq!(first + second, 40);
        assert!(first > 0 && second > 0, "{first} and {second}");
    });
}

#[test]
fn an_interface_that_is_missing_is_waited_for() {
    in_a_network_of_its_own("an_interface_that_is_missing_is_waited_for", || {
        let mut source = LiveSource::new("listen".to_owned(), Arc::default(), None);
        assert_eq!(source.read(10, &mut |_| {}).supply, Supply::Waiting);
        assert_eq!(source.notice(), Some(gone(Absence::Missing)));
        let start = Instant::now();
        assert_eq!(source.read(10, &mut |_| {}).supply, Supply::Waiting);
        assert!(start.elapsed() < Duration::from_millis(500), "waited {:?}", start.elapsed());
        assert_eq!(source.notice(), None);

        let mut wire = Wire::new();
        assert!(is_back(&told(&mut source)));
        wire.send(&udp(1, 2, 1000, 53, 30));
        assert_eq!(read(&mut source, 1)[0].number, 1);
    });
}

#[test]
fn an_interface_that_went_down_and_came_up_is_read_on() {
    in_a_network_of_its_own("an_interface_that_went_down_and_came_up_is_read_on", || {
        let mut wire = Wire::new();
        let mut source = open(LiveSettings::default());
        wire.send(&udp(1, 2, 1000, 53, 30));
        read(&mut source, 1);
        ip("link set listen down");
        assert_eq!(told(&mut source), gone(Absence::Down));
        assert_eq!(source.read(10, &mut |_| {}).supply, Supply::Waiting);
        ip("link set listen up");
        assert!(is_back(&told(&mut source)));
        wire.send(&udp(1, 2, 1001, 53, 30));
        assert_eq!(read(&mut source, 1)[0].number, 2);
        assert_eq!(source.notice(), None);
    });
}

#[test]
fn an_interface_without_a_carrier_is_told() {
    in_a_network_of_its_own("an_interface_without_a_carrier_is_told", || {
        let wire = Wire::new();
        let mut source = open(LiveSettings::default());
        drop(wire);
        ip("link set talk down");
        assert_eq!(told(&mut source), gone(Absence::NoCarrier));
        ip("link set talk up");
        assert!(is_back(&told(&mut source)));
        Wire::open().send(&udp(1, 2, 1000, 53, 30));
        assert_eq!(read(&mut source, 1)[0].number, 1);
    });
}

#[test]
fn an_interface_that_was_deleted_and_made_again_is_read_on_and_counted_on() {
    in_a_network_of_its_own("an_interface_that_was_deleted_and_made_again_is_read_on_and_counted_on", || {
        let mut wire = Wire::new();
        let mut source = open(LiveSettings::default());
        (0..5).for_each(|port| wire.send(&udp(1, 2, port, 53, 30)));
        read(&mut source, 5);
        assert_eq!(source.counters().received, 5);
        // Counted, but not read and not asked for before the interface goes.
        (0..2).for_each(|port| wire.send(&udp(1, 2, port, 53, 30)));
        drop(wire);
        ip("link del listen");
        assert_eq!(told(&mut source), gone(Absence::Missing));

        let mut wire = Wire::new();
        assert!(is_back(&told(&mut source)));
        (0..3).for_each(|port| wire.send(&udp(1, 2, port, 53, 30)));
        let received = read(&mut source, 3);
        let numbers: Vec<u64> = received.iter().map(|frame| frame.number).collect();
        assert_eq!(numbers, [8, 9, 10], "numbered on from what was read");
        assert_eq!(source.counters().received, 10);
        assert_eq!(source.counters().dropped, 0);
    });
}

#[test]
fn the_name_counts_when_interfaces_are_renamed() {
    in_a_network_of_its_own("the_name_counts_when_interfaces_are_renamed", || {
        let wire = Wire::new();
        let mut source = open(LiveSettings::default());
        drop(wire);
        ip("link set listen down");
        ip("link set listen name elsewhere");
        ip("link set elsewhere up");
        assert_eq!(told(&mut source), gone(Absence::Missing));
        ip("link set talk down");
        ip("link set talk name listen");
        ip("link set listen up");
        assert!(is_back(&told(&mut source)));
        let mut wire = Wire { handle: talk_on("elsewhere") };
        wire.send(&udp(1, 2, 1000, 53, 30));
        assert_eq!(read(&mut source, 1)[0].bytes, udp(1, 2, 1000, 53, 30));
    });
}

#[test]
fn what_nobody_reads_is_counted_as_dropped() {
    in_a_network_of_its_own("what_nobody_reads_is_counted_as_dropped", || {
        let mut wire = Wire::new();
        let mut source = open(LiveSettings { buffer_bytes: 1 << 20, ..LiveSettings::default() });
        let sent = 4000;
        (0..sent).for_each(|_| wire.send(&udp(1, 2, 1000, 53, 1400)));
        let read = read_until_silent(&mut source).len() as u64;
        let counters = source.counters();
        assert_eq!(counters.received, sent);
        assert!(counters.dropped > 0 && read > 0, "{counters:?}, {read} read");
        assert_eq!(counters.received, read + counters.dropped);
    });
}

#[test]
fn all_interfaces_can_be_watched_as_one() {
    in_a_network_of_its_own("all_interfaces_can_be_watched_as_one", || {
        let mut wire = Wire::new();
        let mut source = open_in("any", LiveSettings::default(), None);
        wire.send(&udp(1, 2, 1000, 53, 30));
        // What one end sends the other one receives.
        let received = read(&mut source, 2);
        assert!(received.iter().all(|frame| frame.link_type == LinkType::LINUX_SLL));
    });
}

#[test]
fn interfaces_are_listed_with_state_and_addresses() {
    in_a_network_of_its_own("interfaces_are_listed_with_state_and_addresses", || {
        let _wire = Wire::new();
        ip("address add 192.0.2.1/24 dev listen");
        ip("link set talk down");
        let interfaces = interfaces().expect("a list");
        let find = |name: &str| interfaces.iter().find(|known| known.name == name).expect("it is there");
        assert_eq!(find("listen").state, InterfaceState::NoCarrier);
        assert_eq!(find("listen").addresses, ["192.0.2.1".parse::<std::net::IpAddr>().expect("an address")]);
        assert_eq!((find("talk").state, find("talk").is_loopback), (InterfaceState::Down, false));
        assert!(find("lo").is_loopback);
    });
}

/// Runs `body` in a process with a network namespace of its own: this test, started again by `unshare`.
fn in_a_network_of_its_own(test: &str, body: impl FnOnce()) {
    if env::var_os(INSIDE).is_some() {
        // Without this, the kernel greets its neighbours on each new interface.
        let silent = fs::write("/proc/sys/net/ipv6/conf/default/disable_ipv6", "1");
        silent
            .or_else(|error| if error.kind() == std::io::ErrorKind::NotFound { Ok(()) } else { Err(error) })
            .expect("a silent network");
        return body();
    }
    let can = |program: &str, arguments: &[&str]| {
        Command::new(program).args(arguments).output().is_ok_and(|output| output.status.success())
    };
    if !can("unshare", &["--net", "true"]) || !can("ip", &["-Version"]) {
        eprintln!("skipped: needs root, `unshare` and `ip`");
        return;
    }
    let output = Command::new("unshare")
        .arg("--net")
        .arg(env::current_exe().expect("this test"))
        .args([test, "--exact", "--nocapture"])
        .env(INSIDE, "1")
        .output()
        .expect("unshare starts");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && text.contains("1 passed"),
        "{text}{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// Set in the process that has a network namespace of its own.
const INSIDE: &str = "RPCSCOPE_TEST_NETWORK";

/// Two interfaces joined by a wire: `listen`, and `talk`, on which frames are sent.
struct Wire {
    handle: Capture<Active>,
}

impl Wire {
    fn new() -> Self {
        ip("link add listen type veth peer name talk");
        ip("link set listen up");
        ip("link set talk up");
        Self::open()
    }

    fn open() -> Self {
        Self { handle: talk_on("talk") }
    }

    fn send(&mut self, frame: &[u8]) {
        self.handle.sendpacket(frame).expect("the frame is sent");
    }
}

fn talk_on(interface: &str) -> Capture<Active> {
    Capture::from_device(interface).expect("an interface").open().expect("an open interface")
}

fn ip(arguments: &str) {
    let status = Command::new("ip").args(arguments.split(' ')).status().expect("ip starts");
    assert!(status.success(), "ip {arguments}");
}

fn open(settings: LiveSettings) -> LiveSource {
    open_in("listen", settings, None)
}

fn open_in(interface: &str, settings: LiveSettings, share: Option<Share>) -> LiveSource {
    let mut source = LiveSource::new(interface.to_owned(), Arc::new(settings), share);
    source.open().expect("an open source");
    source
}

/// A frame that was read.
struct Read {
    number: u64,
    time: i64,
    link_type: LinkType,
    original_length: u32,
    bytes: Vec<u8>,
}

/// Reads exactly `count` frames.
fn read(source: &mut LiveSource, count: usize) -> Vec<Read> {
    let mut frames = Vec::new();
    let start = Instant::now();
    while frames.len() < count {
        assert!(start.elapsed() < PATIENCE, "only {} frames of {count}", frames.len());
        read_some(source, &mut frames);
    }
    assert_eq!(frames.len(), count);
    frames
}

/// Reads until no frame has come for a tenth of a second.
fn read_until_silent(source: &mut LiveSource) -> Vec<Read> {
    let mut frames = Vec::new();
    let mut last = Instant::now();
    while last.elapsed() < Duration::from_millis(100) {
        if read_some(source, &mut frames) > 0 {
            last = Instant::now();
        }
    }
    frames
}

fn read_some(source: &mut LiveSource, frames: &mut Vec<Read>) -> usize {
    let mut keep = |frame: &rpcscope_model::Frame<'_>| {
        frames.push(Read {
            number: frame.number.0,
            time: frame.time.0,
            link_type: frame.link_type,
            original_length: frame.original_length,
            bytes: frame.bytes.to_vec(),
        });
    };
    source.read(1000, &mut keep).frames
}

/// The next notice.
fn told(source: &mut LiveSource) -> Notice {
    let start = Instant::now();
    loop {
        if let Some(notice) = source.notice() {
            return notice;
        }
        assert!(start.elapsed() < PATIENCE, "nothing is said");
        source.read(1000, &mut |_| {});
    }
}

fn gone(reason: Absence) -> Notice {
    Notice::Gone { reason }
}

fn is_back(notice: &Notice) -> bool {
    matches!(notice, Notice::Back { .. })
}

fn nanoseconds_now() -> i64 {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("a time after 1970");
    i64::try_from(now.as_nanos()).expect("a time before 2262")
}

/// Longer than anything takes.
const PATIENCE: Duration = Duration::from_secs(8);

/// A UDP datagram in an Ethernet frame, from 10.0.0.`from` to 10.0.0.`to`.
fn udp(from: u8, to: u8, from_port: u16, to_port: u16, payload_bytes: u16) -> Vec<u8> {
    let datagram = udp_datagram(from_port, to_port, payload_bytes);
    [ETHERNET, &0x0800u16.to_be_bytes(), &ipv4(from, to, 0x4000, &datagram)].concat()
}

/// A fragment of a datagram, at `offset` times 8 bytes; another one follows.
fn fragment(from: u8, to: u8, offset: u16) -> Vec<u8> {
    [ETHERNET, &0x0800u16.to_be_bytes(), &ipv4(from, to, 0x2000 | offset, &[7; 64])].concat()
}

fn udp_v6(from: u8, to: u8, from_port: u16, to_port: u16) -> Vec<u8> {
    let datagram = udp_datagram(from_port, to_port, 30);
    let length = u16::try_from(datagram.len()).expect("a short datagram").to_be_bytes();
    let address = |last: u8| [0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, last];
    let header = [&[0x60, 0, 0, 0][..], &length, &[17, 64], &address(from), &address(to)].concat();
    [ETHERNET, &0x86ddu16.to_be_bytes(), &header, &datagram].concat()
}

/// Puts VLAN tags of the given types into a frame.
fn tagged(types: &[u16], frame: &[u8]) -> Vec<u8> {
    let tags = types.iter().flat_map(|kind| [kind.to_be_bytes(), [0, 100]].concat());
    frame[..12].iter().copied().chain(tags).chain(frame[12..].iter().copied()).collect()
}

fn udp_datagram(from_port: u16, to_port: u16, payload_bytes: u16) -> Vec<u8> {
    let words = [from_port, to_port, 8 + payload_bytes, 0];
    let header = words.into_iter().flat_map(u16::to_be_bytes);
    header.chain((0..payload_bytes).map(|at| at.to_le_bytes()[0])).collect()
}

fn ipv4(from: u8, to: u8, fragment: u16, payload: &[u8]) -> Vec<u8> {
    let total = u16::try_from(20 + payload.len()).expect("a short packet");
    let words = [0x4500, total, 0, fragment, 0x4011, 0, 0x0a00, u16::from(from), 0x0a00, u16::from(to)];
    words.into_iter().flat_map(u16::to_be_bytes).chain(payload.iter().copied()).collect()
}

/// Destination and source of a frame.
const ETHERNET: &[u8] = &[2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1];
