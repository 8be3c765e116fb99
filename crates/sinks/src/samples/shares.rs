//! Shares, files, pipes and endpoints.

use super::*;

fn share(path: &str, share_type: ShareType) -> Share {
    Share {
        session_id: 0x4000_0000_0011,
        tree_id: Some(5),
        path: Some(path.into()),
        share_type: Some(share_type),
    }
}

fn answer(status: u32, after_us: i64, frame: u64) -> Option<SmbAnswer> {
    Some(SmbAnswer { status, time: Timestamp(START.0 + after_us * 1000), frame: FrameNumber(frame) })
}

/// `STATUS_ACCESS_DENIED`.
const DENIED: u32 = 0xc000_0022;

/// Connections to shares, pipes, and what is done to a file.
pub(crate) fn shares() -> Vec<Event> {
    let event = |transport, frame, body| Event { header: header(transport, 16_000, frame), body };
    let smb2 = |frame, body| event(Transport::NcacnNpSmb2, frame, body);
    let mapping = SmbMapping {
        share: share("\\\\dc1\\ADMIN$", ShareType::Disk),
        service: None,
        native_file_system: None,
        answer: answer(0, 16_400, 102),
        identity: Some(Arc::new(identity())),
    };
    let old = SmbMapping {
        service: Some(Text::whole("A:")),
        native_file_system: Some(Text::whole("NTFS")),
        identity: None,
        ..mapping.clone()
    };
    let unknown = Share { tree_id: None, path: Some("\\\\dc1\\C$".into()), ..Share::default() };
    let refused = SmbMapping { share: unknown, answer: answer(DENIED, 16_400, 104), ..mapping.clone() };
    let pipe = Pipe {
        share: share("\\\\dc1\\IPC$", ShareType::Pipe),
        endpoint: "\\pipe\\svcctl".into(),
        name: Text::whole("svcctl"),
        access: 0x0012_019f,
        answer: answer(0, 16_500, 106),
        identity: Some(Arc::new(identity())),
    };
    let shut = Pipe { answer: answer(DENIED, 16_500, 107), identity: None, ..pipe.clone() };
    let opened = SmbFile {
        action: FileAction::Open,
        share: share("\\\\dc1\\ADMIN$", ShareType::Disk),
        name: Text::whole("svc\u{1b}.exe"),
        previous_name: None,
        is_directory: Some(false),
        access: Some(0x0012_0116),
        disposition: Some(Disposition(5)),
        delete_on_close: false,
        created: Some(CreateAction(2)),
        size: Some(0),
        times: FileTimes {
            created: Some(Timestamp(1_767_323_000_000_000_000)),
            accessed: Some(Timestamp(1_767_323_000_500_000_000)),
            modified: Some(Timestamp(-5)),
            changed: None,
        },
        bytes_read: 0,
        bytes_written: 0,
        answer: answer(0, 16_900, 109),
        identity: Some(Arc::new(identity())),
    };
    let step = |action| SmbFile { action, answer: None, ..opened.clone() };
    let written = SmbFile { bytes_written: 65_536, ..step(FileAction::Write) };
    let renamed = SmbFile {
        previous_name: Some(Text::whole("svc.tmp")),
        name: Text { string: "svc.exe".into(), cut: true },
        answer: answer(0, 17_000, 112),
        ..step(FileAction::Rename)
    };
    let closed = SmbFile { bytes_read: 10, bytes_written: 131_072, ..step(FileAction::Close) };
    let directory = SmbFile { is_directory: Some(true), delete_on_close: true, ..step(FileAction::Delete) };
    let unseen = SmbFile {
        share: Share { session_id: 100, ..Share::default() },
        disposition: Some(Disposition(77)),
        created: None,
        access: None,
        answer: answer(0xc000_0034, 17_000, 113),
        ..step(FileAction::Open)
    };
    vec![
        smb2(101, EventBody::SmbMapping(Box::new(mapping))),
        event(Transport::NcacnNpSmb1, 101, EventBody::SmbMapping(Box::new(old))),
        smb2(103, EventBody::SmbMapping(Box::new(refused))),
        smb2(105, EventBody::Pipe(Box::new(pipe))),
        smb2(106, EventBody::Pipe(Box::new(shut))),
        smb2(108, EventBody::SmbFile(Box::new(opened))),
        smb2(110, EventBody::SmbFile(Box::new(written))),
        smb2(111, EventBody::SmbFile(Box::new(renamed))),
        smb2(112, EventBody::SmbFile(Box::new(closed))),
        smb2(113, EventBody::SmbFile(Box::new(directory))),
        event(Transport::NcacnNpSmb1, 113, EventBody::SmbFile(Box::new(unseen))),
    ]
}

/// Answers of endpoint mappers.
pub(crate) fn endpoints() -> Vec<Event> {
    let entry = MappedEndpoint {
        interface: named(SVCCTL, "svcctl", 2),
        transport: Some("ncacn_ip_tcp"),
        host: Some(Text::whole("10.0.0.9")),
        port: Some(49_664),
        ..MappedEndpoint::default()
    };
    let pipe = MappedEndpoint {
        annotation: Some(Text::whole("Service \"Control\"")),
        object: Some(UNNAMED),
        transport: Some("ncacn_np"),
        host: Some(Text::whole("DC1")),
        port: None,
        endpoint: Some(Text::whole("\\pipe\\svcctl")),
        ..entry.clone()
    };
    let map = EndpointMap {
        endpoint: "135".into(),
        opnum: Opnum(3),
        procedure: Some("ept_map"),
        asked: named(SVCCTL, "svcctl", 0),
        entries: vec![entry],
        omitted: 0,
        security: None,
        identity: None,
        outcome: Outcome::Replied,
        status: Some(0),
        answered: Some((Timestamp(START.0 + 17_000_000), FrameNumber(115))),
    };
    let lookup = EndpointMap {
        opnum: Opnum(2),
        procedure: Some("ept_lookup"),
        asked: None,
        entries: vec![pipe, MappedEndpoint::default()],
        omitted: 7,
        ..map.clone()
    };
    let event = |frame, map| Event {
        header: header(Transport::NcacnIpTcp, 16_500, frame),
        body: EventBody::EndpointMap(Box::new(map)),
    };
    vec![event(114, map), event(116, lookup)]
}
