//! A shard that writes down what is reported.

use super::*;

/// What is reported, in short lines: `open 1 svcctl`, `1 client 5`, where 5 is the call id of the PDU that was written.
#[derive(Default)]
pub(super) struct Log {
    pub(super) lines: Vec<String>,
    /// What was done with files, pipes that were opened, and shares: apart, since most tests are about pipes' data.
    pub(super) files: Vec<String>,
    pub(super) opened: Vec<String>,
    pub(super) mapped: Vec<String>,
    pub(super) held: usize,
    pub(super) room: usize,
    pub(super) stats: Stats,
    /// All bytes of each pipe and side.
    pub(super) bytes: BTreeMap<(u64, usize), Vec<u8>>,
}

impl SmbEvents for Log {
    fn open(&mut self, pipe: PipeId, name: Option<&str>, version: SmbVersion, _at: At) {
        assert!(matches!(version, SmbVersion::Smb1 | SmbVersion::Smb2));
        self.lines.push(format!("open {} {}", pipe.0, name.unwrap_or("?")));
    }

    fn data(&mut self, pipe: PipeId, side: Side, bytes: &[u8], _: At, boundary: Boundary) {
        let side_name = if side == Client { "client" } else { "server" };
        let more = if boundary == Boundary::Continues { "+" } else { "" };
        let what = match bytes {
            [5, 0, 0, 3, _, _, _, _, _, _, _, _, id, ..] => format!("{id}"),
            other => format!("{} bytes", other.len()),
        };
        self.lines.push(format!("{} {side_name} {more}{what}", pipe.0));
        self.bytes.entry((pipe.0, side.index())).or_default().extend_from_slice(bytes);
    }

    fn is_followed(&self, _: PipeId) -> bool {
        true
    }

    fn lost(&mut self, pipe: PipeId, _: Side, bytes: u64, _: At) {
        self.lines.push(format!("{} lost {bytes}", pipe.0));
    }

    fn close(&mut self, pipe: PipeId, _: At) {
        self.lines.push(format!("close {}", pipe.0));
    }

    fn identify(&mut self, pipe: PipeId, identity: &Arc<Identity>) {
        self.lines.push(format!("{} is of {}", pipe.0, user(identity)));
    }

    fn authenticated(&mut self, logon: &mut Logon, _: SmbVersion, result: Option<AuthResult>) {
        if let Some(claim) = logon.settle(result) {
            let result = claim.identity.result.map_or("unknown", AuthResult::name);
            self.lines.push(format!("{} {result}", user(&claim.identity)));
            assert_eq!(claim.crackable, None);
        }
    }

    fn tell(&mut self, _: SmbVersion, at: At, body: EventBody) {
        match body {
            EventBody::SmbFile(file) => self.files.push(told(&file, at)),
            EventBody::Pipe(pipe) => {
                let answer = pipe.answer.map(|answer| answer.status);
                self.opened.push(format!("{} {:x?} {:x}", pipe.name, answer, pipe.access));
            }
            EventBody::SmbMapping(mapping) => {
                let path = mapping.share.path.as_deref().unwrap_or("?");
                let kind = mapping.share.share_type.map_or("?", rpcscope_model::ShareType::name);
                self.mapped.push(format!("{path} {kind} {:x?}", mapping.answer.map(|answer| answer.status)));
            }
            other => panic!("{other:?}"),
        }
    }

    fn hold(&mut self, before: usize, after: usize) {
        self.held = self.held.checked_sub(before).expect("what was held") + after;
    }

    fn is_full(&self) -> bool {
        self.held > self.room
    }

    fn secrets(&self) -> Secrets {
        Secrets::Withheld
    }

    fn anomaly(&mut self, anomaly: Anomaly, _: At) {
        self.lines.push(anomaly.kind.name().into());
    }

    fn stats(&mut self) -> &mut Stats {
        &mut self.stats
    }
}

/// An event of a file: what, when, which, and what stands out.
fn told(file: &rpcscope_model::SmbFile, at: At) -> String {
    let mut line = format!("{} {}", file.action.name(), file.name);
    if let Some(previous) = &file.previous_name {
        line += &format!(" was {previous}");
    }
    if file.bytes_read + file.bytes_written > 0 {
        line += &format!(" {}/{}", file.bytes_read, file.bytes_written);
    }
    if let Some(answer) = file.answer.filter(|answer| answer.status != 0) {
        line += &format!(" {:x}", answer.status);
    }
    assert_eq!(at, AT);
    line
}

fn user(identity: &Identity) -> &str {
    identity.user.as_ref().map_or("nobody", |user| &user.string)
}

/// A shard with some connections to one server.
pub(super) struct Shard {
    pub(super) shared: SmbSessions,
    pub(super) connections: Vec<SmbConnection>,
    pub(super) log: Log,
}

pub(super) const AT: At = At { time: Timestamp(7), frame: FrameNumber(1) };

impl Shard {
    pub(super) fn with(limits: &Limits, connections: usize) -> Self {
        let server = Endpoint::new(Address::v4([10, 0, 0, 9]), 445);
        Self {
            shared: SmbSessions::new(limits),
            connections: (0..connections).map(|_| SmbConnection::new(server, limits)).collect(),
            log: Log { room: limits.held_bytes, ..Log::default() },
        }
    }

    pub(super) fn new() -> Self {
        Self::with(&Limits::WHOLE, 1)
    }

    pub(super) fn on(&mut self, connection: usize, side: Side, bytes: &[u8]) -> u64 {
        self.connections[connection].data(side, bytes, AT, &mut self.shared, &mut self.log)
    }

    pub(super) fn client(&mut self, message: &Smb2) {
        assert_eq!(self.on(0, Client, &message.packet()), 0);
    }

    pub(super) fn server(&mut self, message: &Smb2) {
        assert_eq!(self.on(0, Server, &message.packet()), 0);
    }

    pub(super) fn finish(&mut self, connection: usize) {
        self.connections[connection].finish(AT, &mut self.shared, &mut self.log);
    }

    /// Opens a pipe as `file`.
    pub(super) fn open(&mut self, name: &str, file: u64) {
        let id = 1000 + file;
        self.server(&Smb2::tree_connected(1, 2));
        self.client(&Smb2::create(id, name));
        self.server(&Smb2::created(id, file));
    }

    #[track_caller]
    pub(super) fn says(&mut self, expected: &[&str]) {
        assert_eq!(self.log.lines, expected);
        self.log.lines.clear();
    }
}
