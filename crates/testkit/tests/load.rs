//! Loads are what they say they are: frames that others can read, the same for the same seed, of the size asked for.

use etherparse::{NetSlice, SlicedPacket, TransportSlice};
use rpcscope_testkit::load::{Generator, Ledger, Load, Profile};
use std::collections::BTreeMap;

const MIXED: Load = Load::new(Profile::Mixed, 30_000_000, 1);
const RPC: Load = Load::new(Profile::Rpc, 10_000_000, 1);

fn capture(load: Load) -> (Vec<u8>, Ledger) {
    let mut bytes = Vec::new();
    let ledger = load.write(&mut bytes).expect("memory takes everything");
    (bytes, ledger)
}

/// Gives each frame of a load to `look`.
fn for_each(load: Load, mut look: impl FnMut(&SlicedPacket<'_>, &[u8])) -> Ledger {
    let mut generator = Generator::new(load);
    while let Some(frame) = generator.next_frame() {
        let packet = SlicedPacket::from_ethernet(frame.bytes).expect("a frame that can be read");
        look(&packet, frame.bytes);
    }
    generator.ledger().clone()
}

#[test]
fn one_seed_gives_one_load() {
    let small = Load { bytes: 3_000_000, flows: 200, duplicated_per_mille: 5, reordered_per_mille: 5, ..RPC };
    assert!(capture(small) == capture(small));
    assert!(capture(small).0 != capture(Load { seed: 2, ..small }).0);
}

#[test]
fn a_load_has_the_size_and_the_share_of_rpc_that_it_should() {
    for (load, share) in [(MIXED, 0.015..0.045), (RPC, 0.93..0.99)] {
        let (bytes, ledger) = capture(load);
        #[allow(clippy::cast_precision_loss)] // shares need no more than three digits
        let ratio = |part: u64, whole: u64| part as f64 / whole as f64;
        let size = ratio(bytes.len() as u64, load.bytes);
        assert!((0.98..1.15).contains(&size), "{:?}: {size}\n{ledger}", load.profile);
        let rpc = ratio(ledger.rpc_bytes, ledger.frame_bytes);
        assert!(share.contains(&rpc), "{:?}: {rpc}\n{ledger}", load.profile);
        assert_eq!(bytes.len() as u64, 24 + 16 * ledger.frames + ledger.frame_bytes);
    }
}

#[test]
fn mixed_traffic_has_frames_of_usual_sizes() {
    let mut longest = 0;
    let ledger = for_each(MIXED, |_, bytes| longest = longest.max(bytes.len()));
    let average = ledger.frame_bytes / ledger.frames;
    assert!((500..900).contains(&average), "{average}");
    assert_eq!(longest, 1534, "a full segment over IPv6");
}

#[test]
fn checksums_are_right() {
    let load = Load { bytes: 8_000_000, flows: 300, ipv6_percent: 50, vlan_percent: 30, ..MIXED };
    let mut seen = BTreeMap::<&str, u32>::new();
    for_each(load, |packet, _| {
        let mut count = |what| *seen.entry(what).or_default() += 1;
        if packet.vlan().is_some() {
            count("vlan");
        }
        let Some(transport) = &packet.transport else {
            return count("other");
        };
        match (packet.net.as_ref().expect("a transport is within IP"), transport) {
            (NetSlice::Ipv4(ip), TransportSlice::Tcp(tcp)) => {
                let header = ip.header().to_header();
                assert_eq!(header.header_checksum, header.calc_header_checksum());
                let right = tcp.to_header().calc_checksum_ipv4(&header, tcp.payload()).expect("short");
                assert_eq!(tcp.checksum(), right);
                count("tcp4");
            }
            (NetSlice::Ipv6(ip), TransportSlice::Tcp(tcp)) => {
                let right = tcp.to_header().calc_checksum_ipv6(&ip.header().to_header(), tcp.payload());
                assert_eq!(tcp.checksum(), right.expect("short"));
                count("tcp6");
            }
            (NetSlice::Ipv4(ip), TransportSlice::Udp(udp)) => {
                let right = udp.to_header().calc_checksum_ipv4(&ip.header().to_header(), udp.payload());
                assert_eq!(udp.checksum(), right.expect("short"));
                count("udp4");
            }
            (NetSlice::Ipv6(ip), TransportSlice::Udp(udp)) => {
                let right = udp.to_header().calc_checksum_ipv6(&ip.header().to_header(), udp.payload());
                assert_eq!(udp.checksum(), right.expect("short"));
                count("udp6");
            }
            (_, TransportSlice::Icmpv4(icmp)) => {
                let header = icmp.header();
                assert_eq!(header.checksum, header.icmp_type.calc_checksum(icmp.payload()));
                count("icmp");
            }
            other => panic!("what is {other:?}"),
        }
    });
    for what in ["vlan", "other", "tcp4", "tcp6", "udp4", "udp6", "icmp"] {
        assert!(seen.get(what).is_some_and(|count| *count > 10), "{what}: {seen:?}");
    }
}

/// Sequence numbers of a direction of a connection: each segment begins where the one before ended.
#[test]
fn segments_continue_each_other() {
    let load = Load { bytes: 10_000_000, flows: 500, ..MIXED };
    let mut next = BTreeMap::new();
    let mut segments = 0;
    for_each(load, |packet, _| {
        let Some(TransportSlice::Tcp(tcp)) = &packet.transport else { return };
        let addresses = match packet.net.as_ref() {
            Some(NetSlice::Ipv4(ip)) => [ip.header().source().to_vec(), ip.header().destination().to_vec()],
            Some(NetSlice::Ipv6(ip)) => [ip.header().source().to_vec(), ip.header().destination().to_vec()],
            _ => panic!("TCP without IP"),
        };
        let length = u32::try_from(tcp.payload().len()).expect("short") + u32::from(tcp.syn() || tcp.fin());
        let end = tcp.sequence_number().wrapping_add(length);
        let flow = (addresses, tcp.source_port(), tcp.destination_port());
        if let Some(expected) = next.insert(flow, end) {
            assert_eq!(tcp.sequence_number(), expected, "{tcp:?}");
            segments += 1;
        }
    });
    assert!(segments > 5000, "{segments}");
}

#[test]
fn frames_are_lost_duplicated_and_late_as_often_as_wanted() {
    let load = Load { lost_per_mille: 50, duplicated_per_mille: 20, reordered_per_mille: 100, ..MIXED };
    let mut before = Vec::new();
    let mut twice = 0;
    let ledger = for_each(load, |_, bytes| {
        twice += u64::from(before == bytes);
        before = bytes.to_vec();
    });
    assert!(ledger.lost * 1000 / ledger.frames > 40, "{ledger}");
    // Frames of protocols without a number, such as ARP, may be the same without being sent twice.
    assert!(ledger.duplicated > ledger.frames / 100 && twice >= ledger.duplicated, "{ledger}, {twice}");
    assert!(ledger.reordered > ledger.frames / 100, "{ledger}");
    assert_eq!(ledger.planted, capture(MIXED).1.planted, "what was said does not depend on what was lost");
}
