//! What is told of shares, of the files in them, and of pipes that are opened.

use super::*;

/// `FILE_DELETE_ON_CLOSE`.
const DELETE_ON_CLOSE: u32 = 0x1000;

impl Shard {
    /// Opens a file of the share ADMIN$ as `file`.
    fn open_file(&mut self, name: &str, file: u64) {
        self.map();
        self.client(&Smb2::create(100 + file, name));
        self.server(&Smb2::created_file(100 + file, file));
    }

    fn map(&mut self) {
        self.client(&Smb2::tree_connect(90, "\\\\dc1\\ADMIN$"));
        self.server(&Smb2::tree_connected(90, 1));
    }

    #[track_caller]
    fn tells(&mut self, expected: &[&str]) {
        assert_eq!(self.log.files, expected);
        self.log.files.clear();
    }
}

#[test]
fn a_file_is_told_when_it_is_opened_first_written_and_closed() {
    let mut shard = Shard::new();
    shard.open_file("svc.exe", 7);
    shard.tells(&["open svc.exe"]);
    for id in 3..6 {
        shard.client(&Smb2::write(id, 7, &[0x4d; 200]));
        shard.server(&Smb2::written(id));
    }
    shard.tells(&["write svc.exe 0/200"]);
    shard.client(&Smb2::read(6, 7));
    shard.server(&Smb2::read_done(6, &[1; 50]));
    shard.client(&Smb2::close(7, 7));
    shard.tells(&[]);
    shard.server(&Smb2::closed(7));
    shard.tells(&["close svc.exe 50/600"]);
    assert_eq!((shard.log.stats.smb_files, shard.log.held), (1, 0));
    assert_eq!(shard.log.mapped, ["\\\\dc1\\ADMIN$ disk Some(0)"]);
    assert_eq!(shard.log.lines, [""; 0], "it is no pipe");
}

#[test]
fn an_open_says_what_was_asked_and_what_the_server_did() {
    let (shared, log) = (&mut SmbSessions::new(&Limits::WHOLE), &mut Last::default());
    let mut connection = SmbConnection::new(Endpoint::new(Address::v4([10, 0, 0, 9]), 445), &Limits::WHOLE);
    let create = Smb2::create(4, "dir\\a.dat").asking(0x0012_0116, 5, 0x40);
    for (side, message) in [
        (Client, Smb2::tree_connect(3, "\\\\dc1\\C$")),
        (Server, Smb2::tree_connected(3, 1)),
        (Client, create),
        (Server, Smb2::created_file(4, 7)),
    ] {
        connection.data(side, &message.packet(), AT, shared, log);
    }
    let Some(EventBody::SmbFile(file)) = log.0.take() else { panic!("a file") };
    assert_eq!((file.share.session_id, file.share.tree_id), (0x11, Some(5)));
    assert_eq!(file.share.path.as_deref(), Some("\\\\dc1\\C$"));
    assert_eq!((&*file.name.string, file.access), ("dir\\a.dat", Some(0x0012_0116)));
    assert_eq!(file.disposition.and_then(|disposition| disposition.name()), Some("FILE_OVERWRITE_IF"));
    assert_eq!(file.created.and_then(|action| action.name()), Some("created"));
    assert_eq!((file.size, file.is_directory, file.delete_on_close), (Some(7), Some(false), false));
    assert_eq!(file.times.created, Some(Timestamp::from_parts(1, 0)));
    assert_eq!(file.times.modified, None);
    assert_eq!(file.answer.map(|answer| answer.status), Some(0));
    connection.finish(AT, shared, log);
}

/// Keeps what was told last.
#[derive(Default)]
struct Last(Option<EventBody>, Stats);

impl SmbEvents for Last {
    fn open(&mut self, _: PipeId, _: Option<&str>, _: SmbVersion, _: At) {}
    fn data(&mut self, _: PipeId, _: Side, _: &[u8], _: At, _: Boundary) {}
    fn is_followed(&self, _: PipeId) -> bool {
        true
    }
    fn lost(&mut self, _: PipeId, _: Side, _: u64, _: At) {}
    fn close(&mut self, _: PipeId, _: At) {}
    fn identify(&mut self, _: PipeId, _: &Arc<Identity>) {}
    fn authenticated(&mut self, _: &mut Logon, _: SmbVersion, _: Option<AuthResult>) {}
    fn secrets(&self) -> Secrets {
        Secrets::Withheld
    }
    fn tell(&mut self, _: SmbVersion, _: At, body: EventBody) {
        self.0 = Some(body);
    }
    fn hold(&mut self, _: usize, _: usize) {}
    fn is_full(&self) -> bool {
        false
    }
    fn anomaly(&mut self, _: Anomaly, _: At) {}
    fn stats(&mut self) -> &mut Stats {
        &mut self.1
    }
}

#[test]
fn a_refused_or_unanswered_open_is_told_with_its_status() {
    let mut shard = Shard::new();
    shard.map();
    shard.client(&Smb2::create(3, "a"));
    shard.server(&Smb2::failed(5, 3, DENIED));
    shard.client(&Smb2::create(4, "b"));
    shard.tells(&["open a c0000022"]);
    shard.finish(0);
    shard.tells(&["open b"]);
    assert_eq!(shard.log.stats.smb_files, 0);
}

#[test]
fn renames_and_deletions_are_told_when_they_are_answered() {
    let mut shard = Shard::new();
    shard.open_file("a.exe", 7);
    shard.client(&Smb2::rename(3, 7, "b.exe"));
    shard.tells(&["open a.exe"]);
    shard.server(&Smb2::info_set(3));
    shard.client(&Smb2::rename(4, 7, "c.exe"));
    shard.server(&Smb2::failed(17, 4, DENIED));
    shard.client(&Smb2::delete(5, 7));
    shard.server(&Smb2::info_set(5));
    shard.client(&Smb2::close(6, 7));
    shard.server(&Smb2::closed(6));
    shard.tells(&["rename b.exe was a.exe", "rename c.exe was b.exe c0000022", "delete b.exe"]);
    assert_eq!(shard.log.held, 0);
}

#[test]
fn what_is_to_be_deleted_when_it_is_closed_is_told_then() {
    let mut shard = Shard::new();
    shard.map();
    for (file, keeps) in [(7, false), (8, true)] {
        shard.client(&Smb2::create(3, "tmp").asking(0x0001_0000, 1, DELETE_ON_CLOSE));
        shard.server(&Smb2::created_file(3, file));
        if keeps {
            shard.client(&Smb2::keep(4, file));
            shard.server(&Smb2::info_set(4));
        }
        shard.client(&Smb2::close(5, file));
        shard.server(&Smb2::closed(5));
    }
    shard.tells(&["open tmp", "delete tmp", "open tmp"]);
}

#[test]
fn a_compound_opens_writes_and_closes_a_file() {
    let mut shard = Shard::new();
    shard.map();
    let requests = [
        Smb2::create(3, "a"),
        Smb2::write(4, INHERITED, &[7; 30]).related(),
        Smb2::close(5, INHERITED).related(),
    ];
    shard.on(0, Client, &compound(&requests));
    shard.on(0, Server, &compound(&[Smb2::created_file(3, 7), Smb2::written(4), Smb2::closed(5)]));
    shard.tells(&["open a", "write a 0/30", "close a 0/30"]);
}

#[test]
fn a_session_that_ends_ends_its_files() {
    let mut shard = Shard::new();
    shard.open_file("a", 7);
    shard.client(&Smb2::write(3, 7, &[1; 9]));
    shard.server(&Smb2::tree_disconnected(4));
    shard.tells(&["open a", "write a 0/9", "close a 0/9"]);
    shard.open_file("b", 8);
    shard.client(&Smb2::write(5, 8, &[1; 9]));
    shard.finish(0);
    shard.tells(&["open b", "write b 0/9", "close b 0/9"]);
    assert_eq!(shard.log.held, 0);
}

#[test]
fn pipes_that_are_opened_or_refused_are_told() {
    let mut shard = Shard::new();
    shard.client(&Smb2::tree_connect(1, "\\\\dc1\\IPC$"));
    shard.server(&Smb2::tree_connected(1, 2));
    shard.client(&Smb2::create(3, "svcctl").asking(0x0012_019f, 1, 0));
    shard.server(&Smb2::created(3, 7));
    shard.client(&Smb2::create(4, "winreg"));
    shard.server(&Smb2::failed(5, 4, DENIED));
    assert_eq!(shard.log.opened, ["svcctl Some(0) 12019f", "winreg Some(c0000022) 0"]);
    shard.tells(&[]);
    shard.says(&["open 1 svcctl"]);
}

#[test]
fn a_share_that_is_refused_is_told() {
    let mut shard = Shard::new();
    shard.client(&Smb2::tree_connect(3, "\\\\dc1\\C$"));
    shard.server(&Smb2::failed(3, 3, DENIED));
    shard.client(&Smb2::tree_connect(4, "\\\\dc1\\D$"));
    shard.finish(0);
    assert_eq!(shard.log.mapped, ["\\\\dc1\\C$ ? Some(c0000022)", "\\\\dc1\\D$ ? None"]);
}

#[test]
fn of_an_unknown_share_files_are_told_by_their_times_and_pipes_by_their_data() {
    let mut shard = Shard::new();
    shard.client(&Smb2::create(3, "a.txt"));
    shard.server(&Smb2::created_file(3, 7));
    shard.client(&Smb2::create(4, "svcctl"));
    shard.server(&Smb2::created(4, 8));
    shard.client(&Smb2::write(5, 8, &pdu(1, 40)));
    shard.tells(&["open a.txt"]);
    shard.says(&["open 1 svcctl", "1 client 1"]);
}

#[test]
fn files_of_smb_1_are_told_alike() {
    let mut shard = Shard::new();
    for (side, packet) in [
        (Client, smb1(1).tree_connect("\\\\dc1\\C$")),
        (Server, smb1(1).tree_connected("A:")),
        (Client, smb1(2).create("\\a.exe")),
        (Server, smb1(2).created(0x4005, 0)),
        (Client, smb1(3).write(0x4005, &[7; 80])),
        (Client, smb1(4).read(0x4005)),
        (Server, smb1(4).read_done(&[1; 20])),
        (Client, smb1(5).set_information(0x4005, 0x0102, &[1])),
        (Server, smb1(5).done(0x32)),
        (Client, smb1(6).close(0x4005)),
        (Server, smb1(6).done(0x04)),
        (Client, smb1(7).rename("\\b", "\\c")),
        (Server, smb1(7).done(0x07)),
        (Client, smb1(8).delete("\\c")),
        (Server, smb1(8).status(DENIED).failed(0x06)),
        (Client, smb1(9).create("\\d")),
        (Server, smb1(9).status(DENIED).failed(0xa2)),
    ] {
        assert_eq!(shard.on(0, side, &packet), 0);
    }
    shard.tells(&[
        "open \\a.exe",
        "write \\a.exe 0/80",
        "delete \\a.exe 20/80",
        "close \\a.exe 20/80",
        "rename \\c was \\b",
        "delete \\c c0000022",
        "open \\d c0000022",
    ]);
    assert_eq!(shard.log.mapped, ["\\\\dc1\\C$ disk Some(0)"]);
    assert_eq!((shard.log.held, shard.log.lines.len()), (0, 0));
}

#[test]
fn pipes_of_smb_1_are_told_alike() {
    let mut shard = Shard::new();
    for (side, packet) in [
        (Server, smb1(1).tree_connected("IPC")),
        (Client, smb1(2).create("\\winreg")),
        (Server, smb1(2).created(0x4005, 2)),
        (Client, smb1(3).create("\\svcctl")),
        (Server, smb1(3).status(DENIED).failed(0xa2)),
    ] {
        shard.on(0, side, &packet);
    }
    assert_eq!(shard.log.opened, ["\\winreg Some(0) 0", "\\svcctl Some(c0000022) 0"]);
    shard.tells(&[]);
}

#[test]
fn open_files_are_bounded_in_a_session_and_in_all() {
    for limits in [Limits { smb_files: 3, ..Limits::WHOLE }, Limits { held_bytes: 2000, ..Limits::WHOLE }] {
        let mut shard = Shard::with(&limits, 1);
        shard.map();
        for file in 0..20 {
            shard.client(&Smb2::create(200 + file, "a"));
            shard.server(&Smb2::created_file(200 + file, file));
            assert!(shard.log.held <= 3000, "{}", shard.log.held);
        }
        assert!(shard.log.stats.smb_files_evicted > 10);
        shard.finish(0);
        assert_eq!((shard.log.held, shard.log.files.len()), (0, 20));
    }
}
