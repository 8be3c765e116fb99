use super::*;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime};
use tempfile::TempDir;

/// A file in a folder of its own, and a clock that can be set.
struct Case {
    folder: TempDir,
    clock: Arc<AtomicI64>,
    rotation: Rotation,
}

impl Case {
    /// It is 2026-01-02 03:04:05.
    fn new(rotation: Rotation) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        Self { folder, clock: Arc::new(AtomicI64::new(START)), rotation }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("eve.json")
    }

    fn open(&self) -> io::Result<OpenFile> {
        let clock = Arc::clone(&self.clock);
        let now: Now = Arc::new(move || Timestamp::from_parts(clock.load(Ordering::Relaxed), 0));
        OpenFile::new(FileDestination { path: self.path(), rotation: self.rotation }, now)
    }

    fn pass(&self, seconds: i64) {
        self.clock.fetch_add(seconds, Ordering::Relaxed);
    }

    /// All files by name, with what they hold.
    fn files(&self) -> Vec<(String, String)> {
        let mut files: Vec<_> = fs::read_dir(self.folder.path())
            .expect("a folder")
            .map(|entry| entry.expect("an entry").path())
            .map(|path| {
                let name = path.file_name().expect("a name").to_string_lossy().into_owned();
                (name, fs::read_to_string(path).expect("a file"))
            })
            .collect();
        files.sort();
        files
    }
}

const START: i64 = 1_767_323_045;

fn write(open: &mut OpenFile, lines: &str) {
    let mut at = 0;
    while at < lines.len() {
        match open.write(&lines.as_bytes()[at..]).expect("written") {
            Step::Taken(taken) => at += taken,
            Step::Waiting => {}
            step => panic!("{step:?}"),
        }
    }
}

fn named(files: &[(&str, &str)]) -> Vec<(String, String)> {
    files.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
}

#[test]
fn a_file_that_would_grow_too_long_is_put_aside_first() {
    let case = Case::new(Rotation { size: Some(10), ..Rotation::default() });
    let mut open = case.open().expect("open");
    write(&mut open, "12345\n");
    write(&mut open, "789\n");
    write(&mut open, "x\n");
    case.pass(1);
    write(&mut open, "a batch longer than a file\n");
    write(&mut open, "y\n");
    let files = named(&[
        ("eve-20260102T030405Z.json", "12345\n789\n"),
        ("eve-20260102T030406Z.1.json", "a batch longer than a file\n"),
        ("eve-20260102T030406Z.json", "x\n"),
        ("eve.json", "y\n"),
    ]);
    assert_eq!(case.files(), files);
}

#[test]
fn a_line_that_came_in_two_writes_stays_in_one_file() {
    let case = Case::new(Rotation { size: Some(4), ..Rotation::default() });
    let mut open = case.open().expect("open");
    assert!(matches!(open.write(b"abcd"), Ok(Step::Taken(4))));
    write(&mut open, "efgh\n");
    write(&mut open, "i\n");
    assert_eq!(case.files(), named(&[("eve-20260102T030405Z.json", "abcdefgh\n"), ("eve.json", "i\n")]));
}

#[test]
fn a_file_is_put_aside_at_the_full_hour_even_when_nothing_is_written() {
    let case = Case::new(Rotation { every: Some(3600), ..Rotation::default() });
    let mut open = case.open().expect("open");
    write(&mut open, "a\n");
    case.pass(55 * 60);
    open.tend().expect("tended");
    assert_eq!(case.files(), named(&[("eve.json", "a\n")]), "03:59:05");
    case.pass(55);
    open.tend().expect("tended");
    let files = named(&[("eve-20260102T040000Z.json", "a\n"), ("eve.json", "")]);
    assert_eq!(case.files(), files);
    case.pass(7200);
    open.tend().expect("tended");
    assert_eq!(case.files(), files, "an empty file stays");
}

#[test]
fn a_clock_that_is_set_back_does_not_rotate() {
    let case = Case::new(Rotation { every: Some(60), ..Rotation::default() });
    let mut open = case.open().expect("open");
    write(&mut open, "a\n");
    case.pass(-86_400);
    open.tend().expect("tended");
    assert_eq!(case.files().len(), 1);
    case.pass(60);
    open.tend().expect("tended");
    assert_eq!(case.files().len(), 2);
}

#[test]
fn a_file_of_yesterday_is_put_aside_after_a_restart() {
    let case = Case::new(Rotation { every: Some(86_400), ..Rotation::default() });
    write(&mut case.open().expect("open"), "yesterday\n");
    let modified = SystemTime::UNIX_EPOCH + Duration::from_secs(START.unsigned_abs());
    File::open(case.path()).expect("open").set_modified(modified).expect("set");
    let mut open = case.open().expect("open");
    open.tend().expect("tended");
    assert_eq!(case.files().len(), 1);
    case.pass(86_400);
    let mut open = case.open().expect("open");
    open.tend().expect("tended");
    write(&mut open, "today\n");
    assert_eq!(case.files(), named(&[("eve-20260103T030405Z.json", "yesterday\n"), ("eve.json", "today\n")]));
}

#[test]
fn as_many_files_are_kept_as_were_asked_for() {
    let case = Case::new(Rotation { size: Some(2), keep: Some(2), ..Rotation::default() });
    let mut open = case.open().expect("open");
    for line in ["1\n", "2\n", "3\n", "4\n", "5\n"] {
        write(&mut open, line);
        case.pass(1);
    }
    let kept = ["3\n", "4\n", "5\n"];
    assert_eq!(case.files().into_iter().map(|(_, text)| text).collect::<Vec<_>>(), kept);
}

#[test]
fn what_was_moved_away_is_written_to_until_it_is_reopened() {
    let case = Case::new(Rotation::default());
    let mut open = case.open().expect("open");
    write(&mut open, "a\n");
    fs::rename(case.path(), case.folder.path().join("eve.json.1")).expect("moved");
    write(&mut open, "b\n");
    open.reopen().expect("reopened");
    write(&mut open, "c\n");
    assert_eq!(case.files(), named(&[("eve.json", "c\n"), ("eve.json.1", "a\nb\n")]));
}

#[test]
fn a_file_that_somebody_removed_is_made_again() {
    let case = Case::new(Rotation { size: Some(4), ..Rotation::default() });
    let mut open = case.open().expect("open");
    write(&mut open, "a\n");
    fs::remove_file(case.path()).expect("removed");
    open.tend().expect("tended");
    write(&mut open, "b\n");
    assert_eq!(case.files(), named(&[("eve.json", "b\n")]));
    fs::rename(case.path(), case.folder.path().join("eve.json.1")).expect("moved");
    write(&mut open, "cde\n");
    assert_eq!(
        case.files(),
        named(&[("eve.json", "cde\n"), ("eve.json.1", "b\n")]),
        "rotated by two at once"
    );
}

#[test]
fn a_line_that_was_cut_when_the_host_died_stands_alone() {
    let case = Case::new(Rotation::default());
    fs::write(case.path(), "whole\ncu").expect("written");
    write(&mut case.open().expect("open"), "next\n");
    assert_eq!(case.files(), named(&[("eve.json", "whole\ncu\nnext\n")]));
}

#[test]
fn the_beginning_of_a_line_is_cut_off_again() {
    let case = Case::new(Rotation::default());
    let mut open = case.open().expect("open");
    assert!(matches!(open.write(b"one\ntw"), Ok(Step::Taken(6))));
    open.take_back(2);
    assert_eq!(case.files(), named(&[("eve.json", "one\n")]));
    assert!(matches!(open.write(b"tw"), Ok(Step::Taken(2))));
    fs::write(case.path(), "somebody else wrote\n").expect("written");
    open.take_back(2);
    assert_eq!(case.files(), named(&[("eve.json", "somebody else wrote\n")]));
}

#[test]
fn a_file_that_cannot_be_put_aside_is_written_on_and_told() {
    let case = Case::new(Rotation { size: Some(4), ..Rotation::default() });
    let mut open = case.open().expect("open");
    write(&mut open, "abc\n");
    for number in 0..1000 {
        let number = if number == 0 { String::new() } else { format!(".{number}") };
        fs::write(case.folder.path().join(format!("eve-20260102T030405Z{number}.json")), "")
            .expect("written");
    }
    write(&mut open, "d\n");
    let complaint = open.complaint().expect("a complaint").to_string();
    assert_eq!(complaint, "cannot put the file aside: too many files of the same second");
    write(&mut open, "e\n");
    assert!(open.complaint().is_none(), "not tried for every batch");
    case.pass(1);
    write(&mut open, "f\n");
    assert_eq!(fs::read_to_string(case.path()).expect("a file"), "f\n");
}

#[test]
fn what_can_never_be_opened_is_found_at_the_start() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("file");
    fs::write(&file, "").expect("written");
    let check = |path: &Path| FileDestination::at(path).check().map_err(|error| error.to_string());
    let shown = folder.path().display();
    assert_eq!(check(&file), Ok(()));
    assert_eq!(check(Path::new("eve.json")), Ok(()));
    assert_eq!(check(folder.path()), Err(format!("1: `{shown}` is a folder, not a file")));
    let socket = folder.path().join("socket");
    let _listener = std::os::unix::net::UnixListener::bind(&socket).expect("bound");
    assert_eq!(
        check(&socket),
        Err(format!("1: `{shown}/socket` is a socket\n  hint: write `unix:{shown}/socket`"))
    );
    assert_eq!(
        check(&folder.path().join("absent/eve.json")),
        Err(format!(
            "1: the folder of `{shown}/absent/eve.json` cannot be used: No such file or directory (os error 2)\n  \
             hint: make it with `mkdir -p {shown}/absent`"
        ))
    );
    assert_eq!(
        check(&file.join("eve.json")),
        Err(format!("1: `{shown}/file` is no folder, so that `{shown}/file/eve.json` cannot be made"))
    );
}

#[test]
fn a_link_stays_and_its_file_rotates_where_it_is() {
    let case = Case::new(Rotation { size: Some(2), ..Rotation::default() });
    let elsewhere = tempfile::tempdir().expect("a folder");
    let real = elsewhere.path().join("real.json");
    fs::write(&real, "").expect("written");
    std::os::unix::fs::symlink(&real, case.path()).expect("a link");
    let mut open = case.open().expect("open");
    write(&mut open, "1\n");
    write(&mut open, "2\n");
    assert_eq!(case.files(), named(&[("eve.json", "2\n")]));
    let aside = elsewhere.path().join("real-20260102T030405Z.json");
    assert_eq!(fs::read_to_string(aside).expect("a file"), "1\n");
    assert_eq!(fs::read_to_string(real).expect("a file"), "2\n");
    let folders = FileDestination::at(case.path()).needs().folders;
    let elsewhere = fs::canonicalize(elsewhere.path()).expect("a folder");
    assert_eq!(folders, [case.folder.path().to_owned(), elsewhere]);
}

#[test]
fn only_user_and_group_may_read_what_is_written() {
    let case = Case::new(Rotation::default());
    let open = case.open().expect("open");
    let mode = open.file.metadata().expect("metadata").mode();
    assert_eq!(mode & 0o007, 0, "{mode:o}");
}
