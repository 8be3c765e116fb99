//! Files that are read back.

use super::*;
use pcap_parser::{Block, parse_block_le};
use rpcscope_model::{Address, Endpoint, EventHeader, FrameNumber, Phase, Signature, Transport};
use std::path::PathBuf;
use std::sync::Arc;
use tempfile::TempDir;

fn id(flow_id: u64) -> CarveId {
    let host = |last| Address::v4([10, 0, 0, last]);
    CarveId { time: time(flow_id), sid: 7, client: host(5), server: host(9), flow_id }
}

fn time(number: u64) -> Timestamp {
    Timestamp(1_767_323_045_678_901_234 + i64::try_from(number).expect("small") * 1_000_000_007)
}

fn frame(number: u64, link_type: LinkType, length: usize) -> KeptFrame {
    let fill = u8::try_from(number % 251).expect("below 251");
    KeptFrame {
        number: FrameNumber(number),
        time: time(number),
        link_type,
        original_length: 1500,
        bytes: vec![fill; length].into(),
    }
}

fn alert(title: &str, frame: u64) -> rpcscope_model::CarvedAlert {
    let rule = Signature { sid: 7, title: title.into(), ..Signature::default() };
    let header = EventHeader {
        time: time(frame),
        frame: FrameNumber(frame),
        flow_id: 1,
        client: Endpoint::new(id(1).client, 50_123),
        server: Endpoint::new(id(1).server, 135),
        transport: Transport::NcacnIpTcp,
        phase: Phase::Settled,
    };
    rpcscope_model::CarvedAlert { rule: Arc::new(rule), header, operation: None }
}

fn piece(id: CarveId, frame: KeptFrame) -> Carved {
    Carved { id, piece: CarvedPiece::Frame(frame, Vec::new()) }
}

fn end(id: CarveId) -> Carved {
    Carved { id, piece: CarvedPiece::End(CarveEnd::Over) }
}

fn files(folder: &TempDir) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder.path()).expect("a folder");
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    files.sort();
    files
}

fn size(path: &Path) -> u64 {
    std::fs::metadata(path).expect("a file").len()
}

/// Times, link types, lengths on the wire, and bytes.
fn read_back(path: &Path) -> Vec<(Timestamp, LinkType, u32, Vec<u8>)> {
    let bytes = std::fs::read(path).expect("a file");
    let (mut rest, mut link_types, mut frames) = (bytes.as_slice(), Vec::new(), Vec::new());
    while !rest.is_empty() {
        let (behind, block) = parse_block_le(rest).expect("whole blocks");
        rest = behind;
        match block {
            Block::InterfaceDescription(interface) => {
                assert_eq!((interface.if_tsresol, interface.snaplen), (9, 0));
                link_types.push(LinkType(u16::try_from(interface.linktype.0).expect("a link type")));
            }
            Block::EnhancedPacket(packet) => {
                let time = i64::from(packet.ts_high) << 32 | i64::from(packet.ts_low);
                let data = &packet.data[..usize::try_from(packet.caplen).expect("small")];
                frames.push((
                    Timestamp(time),
                    link_types[usize::try_from(packet.if_id).expect("small")],
                    packet.origlen,
                    data.to_vec(),
                ));
            }
            Block::SectionHeader(_) | Block::InterfaceStatistics(_) => {}
            other => panic!("{other:?}"),
        }
    }
    frames
}

fn has(path: &Path, text: &str) -> bool {
    let bytes = std::fs::read(path).expect("a file");
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

#[test]
fn what_was_carved_is_read_back() {
    let folder = TempDir::new().expect("a folder");
    let mut carver = Carver::new(folder.path(), 1 << 20).expect("a folder");
    let frames: Vec<KeptFrame> = (1..=200)
        .map(|number| {
            let link_type = if number % 3 == 0 { LinkType::RAW } else { LinkType::ETHERNET };
            frame(number, link_type, usize::try_from(number).expect("small"))
        })
        .collect();
    for frame in &frames {
        let alerts =
            if frame.number.0 == 50 { vec![alert("first", 50), alert("second", 50)] } else { Vec::new() };
        carver.take(Carved { id: id(1), piece: CarvedPiece::Frame(frame.clone(), alerts) });
    }
    carver.take(Carved { id: id(1), piece: CarvedPiece::Alert(alert("afterwards", 200)) });
    carver.take(end(id(1)));
    let [path] = files(&folder).try_into().expect("one file");
    assert_eq!(path.file_name().and_then(|name| name.to_str()), Some(&*carved_file_name(&id(1))));
    let expected: Vec<_> = frames
        .iter()
        .map(|frame| (frame.time, frame.link_type, frame.original_length, frame.bytes.to_vec()))
        .collect();
    assert_eq!(read_back(&path), expected);
    for text in [
        "rpcscope: session 10.0.0.5 → 10.0.0.9, flow 1, first alert [7] at 2026-01-02 03:04:06 UTC",
        "rpcscope: [7] first, 10.0.0.5:50123 → 10.0.0.9:135, frame 50",
        "rpcscope: [7] second, ",
        "rpcscope: [7] afterwards, ",
    ] {
        assert!(has(&path, text), "{text}");
    }
    let stats = carver.take_stats();
    assert_eq!((stats.carve_bytes, stats.carve_files_removed, stats.carve_failures), (size(&path), 0, 0));
}

#[test]
fn an_alert_before_any_frame_stands_with_the_next_one() {
    let folder = TempDir::new().expect("a folder");
    let mut carver = Carver::new(folder.path(), 1 << 20).expect("a folder");
    carver.take(Carved { id: id(1), piece: CarvedPiece::Alert(alert("early", 1)) });
    carver.take(piece(id(1), frame(1, LinkType::ETHERNET, 60)));
    carver.finish();
    let [path] = files(&folder).try_into().expect("one file");
    assert_eq!(read_back(&path).len(), 1);
    assert!(has(&path, "early"));
}

#[test]
fn a_session_that_ends_early_says_why() {
    let folder = TempDir::new().expect("a folder");
    let mut carver = Carver::new(folder.path(), 1 << 20).expect("a folder");
    for (flow, why) in [(1, CarveEnd::Full), (2, CarveEnd::Evicted)] {
        carver.take(piece(id(flow), frame(flow, LinkType::ETHERNET, 60)));
        carver.take(Carved { id: id(flow), piece: CarvedPiece::End(why) });
    }
    let files = files(&folder);
    assert!(has(&files[0], "has had the bytes that one session may have"));
    assert!(has(&files[1], "too many sessions were carved at once"));
}

#[test]
fn more_sessions_than_files_may_be_open_are_written() {
    let folder = TempDir::new().expect("a folder");
    let mut carver = Carver::new(folder.path(), 1 << 24).expect("a folder");
    for round in 0..3 {
        for flow in 1..=300 {
            carver.take(piece(id(flow), frame(flow + round * 1000, LinkType::ETHERNET, 60)));
            carver.flush();
        }
    }
    carver.finish();
    let files = files(&folder);
    assert_eq!(files.len(), 300);
    assert!(files.iter().all(|path| read_back(path).len() == 3));
    assert!(carver.take_failure().is_none());
}

#[test]
fn the_file_that_was_closed_first_is_removed_when_the_budget_is_spent() {
    let folder = TempDir::new().expect("a folder");
    let other = folder.path().join("evidence.pcapng");
    std::fs::write(&other, [0; 100_000]).expect("a file of somebody else");
    let mut carver = Carver::new(folder.path(), 30_000).expect("a folder");
    for flow in 1..=10 {
        (0..4).for_each(|number| carver.take(piece(id(flow), frame(number, LinkType::ETHERNET, 1000))));
        carver.take(end(id(flow)));
    }
    let removed = carver.take_stats().carve_files_removed;
    let left: Vec<PathBuf> = files(&folder).into_iter().filter(|path| *path != other).collect();
    assert!(left.iter().map(|path| size(path)).sum::<u64>() <= 30_000);
    let newest: Vec<String> = (5..=10).map(|flow| carved_file_name(&id(flow))).collect();
    let names: Vec<&str> = left.iter().filter_map(|path| path.file_name()?.to_str()).collect();
    assert_eq!((removed, names), (4, newest.iter().map(String::as_str).collect()));
    assert!(other.exists(), "a file of somebody else is left alone");
}

#[test]
fn files_of_earlier_runs_count_and_go_first() {
    let folder = TempDir::new().expect("a folder");
    for flow in 1..=2 {
        let mut carver = Carver::new(folder.path(), 30_000).expect("a folder");
        (0..9).for_each(|number| carver.take(piece(id(flow), frame(number, LinkType::ETHERNET, 1000))));
        carver.finish();
    }
    assert_eq!(files(&folder).len(), 2);
    let mut carver = Carver::new(folder.path(), 30_000).expect("a folder");
    (0..14).for_each(|number| carver.take(piece(id(3), frame(number, LinkType::ETHERNET, 1000))));
    carver.finish();
    let left: Vec<String> =
        files(&folder).iter().filter_map(|path| Some(path.file_name()?.to_str()?.to_owned())).collect();
    assert_eq!(left, [carved_file_name(&id(2)), carved_file_name(&id(3))]);
    // With less room, a new run begins by making it.
    let mut carver = Carver::new(folder.path(), 20_000).expect("a folder");
    assert_eq!((files(&folder).len(), carver.take_stats().carve_files_removed), (1, 1));
}

#[test]
fn a_session_that_is_carved_again_replaces_its_file() {
    let folder = TempDir::new().expect("a folder");
    for _ in 0..3 {
        let mut carver = Carver::new(folder.path(), 1 << 20).expect("a folder");
        carver.take(piece(id(1), frame(1, LinkType::ETHERNET, 60)));
        carver.finish();
        assert_eq!(carver.folder.closed_bytes(), size(&files(&folder)[0]));
    }
    let [path] = files(&folder).try_into().expect("one file");
    assert_eq!(read_back(&path).len(), 1);
}

#[test]
fn open_sessions_give_way_to_those_that_are_heard_of_later() {
    let folder = TempDir::new().expect("a folder");
    let mut carver = Carver::new(folder.path(), 60_000).expect("a folder");
    for number in 0..15 {
        carver.take(piece(id(1), frame(number, LinkType::ETHERNET, 2000)));
    }
    for number in 0..20 {
        carver.take(piece(id(2), frame(number, LinkType::ETHERNET, 2000)));
        assert!(carver.folder.closed_bytes() + carver.open_bytes <= 60_000);
    }
    carver.take(piece(id(1), frame(30, LinkType::ETHERNET, 2000)));
    // Alone, a session ends where the budget does.
    for number in 20..90 {
        carver.take(piece(id(2), frame(number, LinkType::ETHERNET, 2000)));
    }
    carver.finish();
    let [path] = files(&folder).try_into().expect("the second one");
    let kept = read_back(&path).len();
    assert!((24..30).contains(&kept), "{kept} frames");
    assert_eq!(carver.take_stats().carve_files_removed, 1);
}

#[test]
fn a_folder_that_is_not_there_is_an_error_with_a_hint() {
    let folder = TempDir::new().expect("a folder");
    let error = Carver::new(&folder.path().join("missing"), 1 << 20).expect_err("no folder");
    assert!(error.to_string().contains("missing: cannot carve: "), "{error}");
    assert_eq!(error.hint(), Some("the folder has to exist"));
}

#[test]
fn what_cannot_be_written_is_told_once_and_counted() {
    let folder = TempDir::new().expect("a folder");
    let mut carver = Carver::new(folder.path(), 1 << 20).expect("a folder");
    folder.close().expect("removed");
    for flow in 1..=3 {
        carver.take(piece(id(flow), frame(1, LinkType::ETHERNET, 60)));
    }
    carver.finish();
    assert!(carver.take_failure().is_some() && carver.take_failure().is_none());
    let stats = carver.take_stats();
    assert_eq!((stats.carve_failures, stats.carve_bytes), (3, 0));
    assert_eq!((carver.open_bytes, carver.folder.closed_bytes()), (0, 0));
}
