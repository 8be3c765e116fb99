use super::super::{FileDestination, Rotation, Step};
use super::*;
use proptest::prelude::*;
use rpcscope_model::Timestamp;
use std::collections::VecDeque;
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::net::TcpListener;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::time::Instant;

fn surroundings() -> Surroundings {
    Surroundings { now: Arc::new(|| Timestamp::from_parts(1_767_323_045, 0)), host: None, process: None }
}

/// Tries again soon, and lets so much wait.
fn limits(bytes: usize) -> SpoolLimits {
    let (first_retry, last_retry) = (Duration::from_millis(1), Duration::from_millis(20));
    SpoolLimits { bytes, first_retry, last_retry, ..SpoolLimits::default() }
}

fn outlet(text: &str, bytes: usize) -> Outlet {
    let destination = Destination::parse(text).expect("a destination");
    Outlet::spawn(destination, surroundings(), limits(bytes)).expect("a thread")
}

/// Waits until the other threads are so far.
fn wait_until(what: &str, reached: impl Fn() -> bool) {
    let start = Instant::now();
    while !reached() {
        assert!(start.elapsed() < LONG, "{what}");
        thread::sleep(Duration::from_millis(1));
    }
}

/// Far longer than anything here takes.
const LONG: Duration = Duration::from_secs(60);
const PLENTY: usize = 64 << 20;

/// Lines that tell their number.
fn numbered(numbers: impl Iterator<Item = usize>) -> Vec<u8> {
    numbers.flat_map(|number| format!("line {number}\n").into_bytes()).collect()
}

#[test]
fn what_is_offered_is_written_in_order() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("eve.json");
    let outlet = outlet(&path.display().to_string(), PLENTY);
    for batch in 0..100 {
        outlet.offer(numbered(batch * 10..batch * 10 + 10));
    }
    outlet.offer(Vec::new());
    outlet.offer(*b"a line without its end");
    let figures = outlet.close(LONG);
    let expected = [numbered(0..1000), b"a line without its end\n".to_vec()].concat();
    assert_eq!(fs::read(&path).expect("a file"), expected);
    let bytes = expected.len() as u64;
    assert_eq!(
        figures,
        Figures { written_lines: 1001, written_bytes: bytes, openings: 1, ..Figures::default() }
    );
}

#[test]
fn a_file_that_was_moved_away_is_reopened_when_asked() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("eve.json");
    let outlet = outlet(&path.display().to_string(), PLENTY);
    let state = outlet.state();
    outlet.offer(*b"before\n");
    wait_until("written", || state.figures().written_lines == 1);
    fs::rename(&path, folder.path().join("eve.json.1")).expect("moved");
    outlet.reopen();
    wait_until("reopened", || path.exists());
    outlet.offer(*b"after\n");
    outlet.close(LONG);
    assert_eq!(fs::read_to_string(folder.path().join("eve.json.1")).expect("a file"), "before\n");
    assert_eq!(fs::read_to_string(&path).expect("a file"), "after\n");
}

#[test]
fn a_folder_that_goes_and_comes_again_costs_nothing_that_fits_the_spool() {
    let folder = tempfile::tempdir().expect("a folder");
    let inner = folder.path().join("inner");
    let outlet = outlet(&inner.join("eve.json").display().to_string(), PLENTY);
    let state = outlet.state();
    outlet.offer(numbered(0..10));
    wait_until("failed", || matches!(state.condition(), Condition::Failed { .. }));
    assert_eq!(state.last_error().as_deref(), Some("No such file or directory (os error 2)"));
    fs::create_dir(&inner).expect("made");
    wait_until("written", || state.figures().written_lines == 10);
    assert!(matches!(state.condition(), Condition::Open { .. }));
    outlet.close(LONG);
    assert_eq!(fs::read(inner.join("eve.json")).expect("a file"), numbered(0..10));
}

#[test]
fn what_comes_while_a_peer_is_away_reaches_it_when_it_is_back() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("socket");
    let listener = UnixListener::bind(&path).expect("bound");
    let outlet = outlet(&format!("unix:{}", path.display()), PLENTY);
    let state = outlet.state();
    outlet.offer(numbered(0..10));
    let mut peer = listener.accept().expect("a connection").0;
    let mut received = vec![0; numbered(0..10).len()];
    peer.read_exact(&mut received).expect("read");
    assert_eq!(received, numbered(0..10));
    drop((peer, listener));
    fs::remove_file(&path).expect("removed");
    wait_until("failed", || matches!(state.condition(), Condition::Failed { .. }));
    for batch in 1..10 {
        outlet.offer(numbered(batch * 10..batch * 10 + 10));
    }
    assert_eq!(state.figures().shed_lines, 0);
    let listener = UnixListener::bind(&path).expect("bound");
    let mut peer = listener.accept().expect("a connection").0;
    let figures = outlet.close(LONG);
    let mut received = Vec::new();
    peer.read_to_end(&mut received).expect("read");
    assert_eq!(received, numbered(10..100));
    assert_eq!((figures.written_lines, figures.shed_lines, figures.openings), (100, 0, 2));
}

#[test]
fn after_a_connection_broke_the_next_begins_with_a_whole_line() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("bound");
    let port = listener.local_addr().expect("an address").port();
    let outlet = outlet(&format!("tcp:127.0.0.1:{port}"), PLENTY);
    const LINES: usize = 2_000_000;
    outlet.offer(numbered(0..LINES));
    let mut first = listener.accept().expect("a connection").0;
    first.read_exact(&mut [0; 100_001]).expect("read");
    drop(first);
    let second = BufReader::new(listener.accept().expect("a connection").0);
    let reader = thread::spawn(move || {
        let numbers = second.lines().map(|line| line.expect("read")).map(|line| {
            line.strip_prefix("line ").and_then(|number| number.parse::<usize>().ok()).expect("a whole line")
        });
        numbers.collect::<Vec<_>>()
    });
    let figures = outlet.close(LONG);
    let numbers = reader.join().expect("whole lines");
    assert!(numbers.windows(2).all(|pair| pair[0] + 1 == pair[1]), "nothing twice, nothing left out");
    assert_eq!(numbers.last(), Some(&(LINES - 1)));
    assert_eq!((figures.written_lines, figures.shed_lines), (LINES as u64, 0));
    assert_eq!(figures.openings, 2);
}

#[test]
fn what_does_not_fit_the_spool_is_shed_in_whole_batches_and_counted() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("socket");
    let outlet = outlet(&format!("unix:{}", path.display()), 350);
    let batch = |number: usize| format!("{number:0>49}\n{number:0>49}\n").into_bytes();
    for number in 0..10 {
        outlet.offer(batch(number));
    }
    let figures = outlet.state().figures();
    assert_eq!((figures.queued_batches, figures.queued_lines, figures.queued_bytes), (3, 6, 300));
    assert_eq!((figures.shed_batches, figures.shed_lines, figures.shed_bytes), (7, 14, 700));
    let listener = UnixListener::bind(&path).expect("bound");
    let mut peer = listener.accept().expect("a connection").0;
    let figures = outlet.close(LONG);
    let mut received = Vec::new();
    peer.read_to_end(&mut received).expect("read");
    assert_eq!(received, (0..3).flat_map(batch).collect::<Vec<_>>());
    assert_eq!((figures.written_lines, figures.shed_lines, figures.queued_bytes), (6, 14, 0));
}

#[test]
fn the_number_of_batches_is_bounded_too() {
    let folder = tempfile::tempdir().expect("a folder");
    let destination = Destination::parse(&format!("unix:{}", folder.path().join("absent").display()));
    let limits = SpoolLimits { batches: 4, ..limits(PLENTY) };
    let outlet =
        Outlet::spawn(destination.expect("a destination"), surroundings(), limits).expect("a thread");
    for _ in 0..100 {
        outlet.offer(*b"x\n");
    }
    // One more may be in the thread's hands.
    let figures = outlet.state().figures();
    assert!((4..=5).contains(&figures.queued_batches), "{figures:?}");
    assert_eq!(figures.queued_batches + figures.shed_batches, 100);
}

#[test]
fn a_peer_that_never_reads_holds_nobody_up() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("socket");
    let listener = UnixListener::bind(&path).expect("bound");
    let outlet = outlet(&format!("unix:{}", path.display()), 1 << 20);
    let peer = listener.accept().expect("a connection").0;
    let batch: Arc<[u8]> = numbered(0..8000).into();
    const BATCHES: u64 = 1000;
    let start = Instant::now();
    for _ in 0..BATCHES {
        outlet.offer(Arc::clone(&batch));
    }
    assert!(start.elapsed() < LONG, "a write that waits takes a minute before it is given up");
    let figures = outlet.close(Duration::from_millis(50));
    assert!(start.elapsed() < LONG);
    assert!(figures.shed_batches > BATCHES / 2, "{figures:?}");
    assert_eq!(figures.written_lines + figures.shed_lines, BATCHES * 8000);
    assert_eq!(figures.queued_batches, 0);
    drop(peer);
}

#[test]
fn a_named_pipe_is_written_to_and_without_a_reader_left_behind() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("pipe");
    assert!(Command::new("mkfifo").arg(&path).status().expect("run").success());
    let outlet = outlet(&path.display().to_string(), PLENTY);
    let state = outlet.state();
    outlet.offer(numbered(0..10));
    wait_until("written", || state.figures().written_lines == 10);
    let mut received = vec![0; numbered(0..10).len()];
    fs::File::open(&path).and_then(|mut pipe| pipe.read_exact(&mut received)).expect("read");
    assert_eq!(received, numbered(0..10));
    outlet.offer(vec![b'\n'; 1 << 20]);
    wait_until("in hand", || state.figures().queued_batches == 1);
    let figures = outlet.close(Duration::from_millis(10));
    assert_eq!((figures.written_lines, figures.shed_lines, figures.queued_lines), (10, 0, 1 << 20));
}

#[test]
fn closing_gives_up_after_its_deadline_and_counts_what_is_left() {
    let folder = tempfile::tempdir().expect("a folder");
    let outlet = outlet(&format!("unix:{}", folder.path().join("absent").display()), PLENTY);
    for _ in 0..3 {
        outlet.offer(numbered(0..10));
    }
    let figures = outlet.close(Duration::from_millis(10));
    assert_eq!((figures.shed_batches, figures.shed_lines, figures.queued_batches), (3, 30, 0));
    assert!(figures.errors > 0);
}

#[test]
fn a_full_device_is_told_and_nothing_is_taken_for_written() {
    let outlet = outlet("/dev/full", PLENTY);
    let state = outlet.state();
    outlet.offer(numbered(0..10));
    wait_until("failed", || matches!(state.condition(), Condition::Failed { .. }));
    wait_until("tried again", || state.figures().errors > 3);
    assert_eq!(state.last_error().as_deref(), Some("No space left on device (os error 28)"));
    assert_eq!(state.figures().queued_lines, 10);
    let figures = outlet.close(Duration::ZERO);
    assert_eq!((figures.written_lines, figures.shed_lines), (0, 10));
}

#[test]
fn a_line_that_no_datagram_holds_is_shed_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("socket");
    let receiver = std::os::unix::net::UnixDatagram::bind(&path).expect("bound");
    let outlet = outlet(&format!("unix:{}", path.display()), PLENTY);
    outlet.offer([b"one\n", "x".repeat(1 << 20).as_bytes(), b"\ntwo\n"].concat());
    let figures = outlet.close(LONG);
    assert_eq!((figures.written_lines, figures.shed_lines, figures.shed_bytes), (2, 1, (1 << 20) + 1));
    let mut message = [0; 10];
    for line in [b"one\n", b"two\n"] {
        let length = receiver.recv(&mut message).expect("a message");
        assert_eq!(message[..length], *line);
    }
}

#[test]
fn when_the_reader_is_gone_for_good_everything_is_shed_at_once() {
    struct Gone;
    impl Opened for Gone {
        fn write(&mut self, _: &[u8]) -> io::Result<Step> {
            Ok(Step::Ended)
        }
    }
    let outlet = spawn_with(PLENTY, Box::new(|| Ok(Box::new(Gone))));
    let state = outlet.state();
    outlet.offer(numbered(0..10));
    wait_until("ended", || state.condition() == Condition::Ended);
    outlet.offer(numbered(0..10));
    let figures = outlet.close(LONG);
    assert_eq!((figures.shed_batches, figures.shed_lines, figures.errors), (2, 20, 0));
}

fn spawn_with(bytes: usize, open: Opener) -> Outlet {
    Outlet::spawn_with("made up".into(), surroundings().now, limits(bytes), open).expect("a thread")
}

/// What a made-up destination does next.
#[derive(Clone, Copy, Debug)]
enum Deed {
    RefuseToOpen,
    Take(usize),
    Wait,
    Fail,
    FailAfter(usize),
}

fn deed() -> impl Strategy<Value = Deed> {
    prop_oneof![
        Just(Deed::RefuseToOpen),
        (1usize..60).prop_map(Deed::Take),
        Just(Deed::Wait),
        Just(Deed::Fail),
        (1usize..60).prop_map(Deed::FailAfter),
    ]
}

/// What came over each connection of a made-up destination, and what is still to go wrong.
#[derive(Default)]
struct Peer {
    deeds: VecDeque<Deed>,
    connections: Vec<Vec<u8>>,
    /// Whether what was taken of a line can be taken back, as from a file.
    forgets: bool,
}

struct Connection(Arc<Mutex<Peer>>);

impl Connection {
    fn open(peer: &Arc<Mutex<Peer>>) -> io::Result<Box<dyn Opened>> {
        let mut locked = peer.lock().expect("no panic");
        match locked.deeds.pop_front() {
            Some(Deed::RefuseToOpen) => return Err(io::ErrorKind::ConnectionRefused.into()),
            Some(deed) => locked.deeds.push_front(deed),
            None => {}
        }
        locked.connections.push(Vec::new());
        Ok(Box::new(Self(Arc::clone(peer))))
    }
}

impl Opened for Connection {
    fn write(&mut self, lines: &[u8]) -> io::Result<Step> {
        let mut peer = self.0.lock().expect("no panic");
        let Peer { deeds, connections, .. } = &mut *peer;
        let deed = deeds.pop_front();
        let connection = connections.last_mut().expect("open");
        let mut take = |most: usize| {
            let taken = most.min(lines.len());
            connection.extend_from_slice(&lines[..taken]);
            Ok(Step::Taken(taken))
        };
        match deed {
            None => take(usize::MAX),
            Some(Deed::Take(most)) => take(most),
            Some(Deed::Wait) => Ok(Step::Waiting),
            Some(Deed::Fail | Deed::RefuseToOpen) => Err(io::ErrorKind::BrokenPipe.into()),
            Some(Deed::FailAfter(most)) => {
                deeds.push_front(Deed::Fail);
                take(most)
            }
        }
    }

    fn take_back(&mut self, bytes: usize) {
        let mut peer = self.0.lock().expect("no panic");
        if peer.forgets {
            let connection = peer.connections.last_mut().expect("open");
            connection.truncate(connection.len() - bytes);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn whatever_fails_whole_lines_arrive_in_order_and_all_is_counted(
        deeds in prop::collection::vec(deed(), 0..30),
        sizes in prop::collection::vec(1usize..9, 0..20),
        room in prop_oneof![Just(PLENTY), 50usize..400],
        forgets: bool,
    ) {
        let peer = Arc::new(Mutex::new(Peer { deeds: deeds.into(), forgets, ..Peer::default() }));
        let theirs = Arc::clone(&peer);
        let outlet = spawn_with(room, Box::new(move || Connection::open(&theirs)));
        let mut offered = 0;
        for size in sizes {
            outlet.offer(numbered(offered..offered + size));
            offered += size;
        }
        let figures = outlet.close(LONG);
        let peer = peer.lock().expect("no panic");
        let mut received = Vec::new();
        for connection in &peer.connections {
            let whole = connection.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
            prop_assert!(!peer.forgets || whole == connection.len(), "the beginning of a line was left");
            let text = std::str::from_utf8(&connection[..whole]).expect("ASCII");
            for line in text.lines() {
                let number = line.strip_prefix("line ").and_then(|number| number.parse::<usize>().ok());
                received.push(number.expect("a whole line"));
            }
        }
        prop_assert!(received.windows(2).all(|pair| pair[0] < pair[1]), "out of order: {received:?}");
        prop_assert_eq!(figures.written_lines, received.len() as u64);
        prop_assert_eq!(figures.written_lines + figures.shed_lines, offered as u64);
        prop_assert_eq!(figures.written_bytes, numbered(received.into_iter()).len() as u64);
        prop_assert_eq!((figures.queued_batches, figures.queued_lines, figures.queued_bytes), (0, 0, 0));
        prop_assert!(room < PLENTY || figures.shed_lines == 0, "shed what had room");
    }
}

/// Runs one test of this file alone, in a process of its own, through a shell. `None` when it cannot be run.
fn run_alone(shell: &str, test: &str, folder: &Path) -> Command {
    let mut command = Command::new("sh");
    let program = std::env::current_exe().expect("a program");
    command.args(["-c", shell]).arg(program).args(["--exact", "--ignored", "--nocapture"]);
    command.arg(format!("destination::outlet::tests::{test}")).env("FOLDER", folder);
    command
}

/// The folder that the test gave which runs this one alone.
fn folder_of_the_parent() -> Option<PathBuf> {
    std::env::var_os("FOLDER").map(PathBuf::from)
}

#[test]
fn a_full_disk_is_waited_for_and_holds_whole_lines_only() {
    let folder = tempfile::tempdir().expect("a folder");
    let mount = "mount -t tmpfs -o size=64k tmpfs \"$FOLDER\"";
    let may_mount = run_alone(&format!("unshare -m sh -c '{mount}' 2>&1"), "", folder.path()).output();
    if !may_mount.is_ok_and(|output| output.status.success()) {
        eprintln!("skipped: needs the right to mount");
        return;
    }
    let shell = format!("exec unshare -m sh -c '{mount} && exec \"$@\"' sh \"$0\" \"$@\"");
    let output = run_alone(&shell, "on_a_disk_of_64_kilobytes", folder.path()).output().expect("run");
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && told.contains("1 passed"), "{told}");
}

#[test]
#[ignore = "run by `a_full_disk_is_waited_for_and_holds_whole_lines_only`"]
fn on_a_disk_of_64_kilobytes() {
    let Some(folder) = folder_of_the_parent() else { return };
    let (path, ballast) = (folder.join("eve.json"), folder.join("ballast"));
    fs::write(&ballast, vec![0; 40_000]).expect("written");
    let outlet = outlet(&path.display().to_string(), PLENTY);
    let state = outlet.state();
    let lines = numbered(0..4_000);
    for batch in 0..40 {
        outlet.offer(numbered(batch * 100..batch * 100 + 100));
    }
    wait_until("full", || matches!(state.condition(), Condition::Failed { .. }));
    wait_until("tried again", || state.figures().errors > 3);
    let on_disk = fs::read(&path).expect("a file");
    assert!(!on_disk.is_empty() && on_disk.len() < lines.len());
    assert!(lines.starts_with(&on_disk) && on_disk.ends_with(b"\n"), "whole lines");
    assert_eq!(state.figures().written_bytes, on_disk.len() as u64);
    fs::remove_file(&ballast).expect("removed");
    let figures = outlet.close(LONG);
    assert!(fs::read(&path).expect("a file") == lines, "each line once, in order");
    assert_eq!((figures.written_lines, figures.shed_lines), (4_000, 0));
}

#[test]
fn what_is_on_disk_when_it_is_killed_is_whole_lines_but_perhaps_the_last() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("eve.json");
    let mut child = run_alone("exec \"$0\" \"$@\" >/dev/null", "writing_without_end", folder.path())
        .spawn()
        .expect("run");
    wait_until("much is written", || fs::metadata(&path).is_ok_and(|meta| meta.len() > 1 << 20));
    child.kill().expect("killed");
    child.wait().expect("over");
    let text = fs::read_to_string(&path).expect("ASCII");
    let whole = text.rfind('\n').map_or(0, |end| end + 1);
    for (number, line) in text[..whole].lines().enumerate() {
        assert_eq!(line, format!("line {number}"));
    }
    let rest = &text[whole..];
    assert!(format!("line {}", text[..whole].lines().count()).starts_with(rest), "{rest}");
}

#[test]
#[ignore = "run by `what_is_on_disk_when_it_is_killed_is_whole_lines_but_perhaps_the_last`"]
fn writing_without_end() {
    let Some(folder) = folder_of_the_parent() else { return };
    let path = folder.join("eve.json");
    let destination = FileDestination { path, rotation: Rotation::default() };
    let outlet =
        Outlet::spawn(Destination::File(destination), surroundings(), limits(PLENTY)).expect("a thread");
    let state = outlet.state();
    for batch in 0.. {
        outlet.offer(numbered(batch * 1000..batch * 1000 + 1000));
        wait_until("room", || state.figures().queued_batches < 10);
    }
}
