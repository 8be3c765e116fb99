use super::super::Destination;
use super::*;
use rpcscope_model::Timestamp;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::unix::net::{UnixDatagram, UnixListener, UnixStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// It is 2026-01-02 03:04:05.678901 on sensor1.
fn surroundings() -> Surroundings {
    Surroundings {
        now: Arc::new(|| Timestamp(1_767_323_045_678_901_234)),
        host: Some("sensor1".into()),
        process: Some(42),
    }
}

fn open(text: &str) -> Box<dyn Opened> {
    let destination = Destination::parse(text).expect("a destination");
    destination.target().open(&surroundings()).expect("open")
}

fn write(open: &mut dyn Opened, lines: &str) {
    let mut at = 0;
    while at < lines.len() {
        match open.write(&lines.as_bytes()[at..]).expect("written") {
            Step::Taken(taken) => at += taken,
            Step::Waiting => {}
            step => panic!("{step:?}"),
        }
    }
}

#[test]
fn over_udp_each_line_is_a_datagram() {
    let receiver = UdpSocket::bind("127.0.0.1:0").expect("bound");
    let port = receiver.local_addr().expect("an address").port();
    let mut open = open(&format!("syslog:udp:127.0.0.1:{port}?facility=auth&severity=alert"));
    write(&mut *open, "{\"a\":1}\n{\"ü\":2}\n");
    let mut message = [0; 200];
    for text in ["{\"a\":1}", "{\"ü\":2}"] {
        let length = receiver.recv(&mut message).expect("a message");
        let expected = format!("<33>1 2026-01-02T03:04:05.678901Z sensor1 rpcscope 42 - - {text}");
        assert_eq!(message[..length], *expected.as_bytes());
    }
}

#[test]
fn over_udp_a_message_that_is_too_long_is_refused() {
    let receiver = UdpSocket::bind("127.0.0.1:0").expect("bound");
    let port = receiver.local_addr().expect("an address").port();
    let mut open = open(&format!("syslog:udp:127.0.0.1:{port}?max=480"));
    let long = format!("{}\n", "x".repeat(480));
    assert!(matches!(open.write(long.as_bytes()), Ok(Step::Refused(_))));
    write(&mut *open, "fits\n");
    let mut message = [0; 1000];
    let length = receiver.recv(&mut message).expect("a message");
    assert!(message[..length].ends_with(b" fits"));
}

#[test]
fn over_tcp_each_message_has_its_length_before_it() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("bound");
    let port = listener.local_addr().expect("an address").port();
    let mut open = open(&format!("syslog:tcp:127.0.0.1:{port}?app=ids&host=other"));
    let (mut peer, _) = listener.accept().expect("a connection");
    write(&mut *open, "one\nthree\n");
    drop(open);
    let mut received = String::new();
    peer.read_to_string(&mut received).expect("read");
    let expected = "55 <174>1 2026-01-02T03:04:05.678901Z other ids 42 - - one\
                    57 <174>1 2026-01-02T03:04:05.678901Z other ids 42 - - three";
    assert_eq!(received, expected);
}

#[test]
fn to_this_host_it_goes_in_datagrams_or_lines_as_the_receiver_wants() {
    let folder = tempfile::tempdir().expect("a folder");
    let header = "<174>1 2026-01-02T03:04:05.678901Z sensor1 rpcscope 42 - - ";

    let path = folder.path().join("datagram");
    let receiver = UnixDatagram::bind(&path).expect("bound");
    write(&mut *open(&format!("syslog:{}", path.display())), "one\n");
    let mut message = [0; 200];
    let length = receiver.recv(&mut message).expect("a message");
    assert_eq!(message[..length], *format!("{header}one").as_bytes());

    let path = folder.path().join("stream");
    let listener = UnixListener::bind(&path).expect("bound");
    let mut open = open(&format!("syslog:unix:{}", path.display()));
    let (mut peer, _) = listener.accept().expect("a connection");
    write(&mut *open, "one\ntwo\n");
    drop(open);
    let mut received = String::new();
    peer.read_to_string(&mut received).expect("read");
    assert_eq!(received, format!("{header}one\n{header}two\n"));
}

#[test]
fn a_line_counts_when_its_message_is_sent_to_its_end() {
    let (ours, mut theirs) = UnixStream::pair().expect("sockets");
    let destination = SyslogDestination::parse(&super::super::Spelling::split("", 0).expect("nothing"));
    let header = destination.expect("a destination").header(&surroundings());
    let stream = Stream::new(ours).expect("a stream");
    let mut open = Messages::new(stream, header, Framing::OctetCount, u64::MAX);
    let line = format!("{}\n", "x".repeat(9999));
    let lines = line.repeat(100);
    let mut taken = 0;
    // Until the peer, who does not read, has no room.
    let mut waits = 0;
    while taken < lines.len() && waits < 2 {
        match open.write(&lines.as_bytes()[taken..]).expect("written") {
            Step::Taken(more) => (taken, waits) = (taken + more, 0),
            step => waits += u32::from(matches!(step, Step::Waiting)),
        }
    }
    assert!(taken > 0 && taken < lines.len() && taken % line.len() == 0, "{taken}");
    let reader = std::thread::spawn(move || {
        let mut received = Vec::new();
        theirs.read_to_end(&mut received).expect("read");
        received
    });
    write(&mut open, &lines[taken..]);
    drop(open);
    let received = reader.join().expect("read");
    let message = format!("<174>1 2026-01-02T03:04:05.678901Z sensor1 rpcscope 42 - - {}", line.trim_end());
    let expected = format!("{} {message}", message.len()).repeat(100).into_bytes();
    assert!(received == expected, "each message once, in order and whole");
}

/// A socket that takes one byte at a time.
struct Narrow(Arc<Mutex<Vec<u8>>>);

impl Read for Narrow {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(io::ErrorKind::WouldBlock.into())
    }
}

impl Write for Narrow {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("no panic").extend_from_slice(&bytes[..1]);
        Ok(1)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Socket for Narrow {
    fn set_nonblocking(&self, _: bool) -> io::Result<()> {
        Ok(())
    }

    fn set_write_timeout(&self, _: Option<Duration>) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_line_counts_with_the_last_byte_of_its_message() {
    let received = Arc::new(Mutex::new(Vec::new()));
    let spelling = super::super::Spelling::split("", 0).expect("nothing");
    let header = SyslogDestination::parse(&spelling).expect("a destination").header(&surroundings());
    let stream = Stream::new(Narrow(Arc::clone(&received))).expect("a stream");
    let mut open = Messages::new(stream, header, Framing::LineFeed, u64::MAX);
    let lines = b"one\nthree\n";
    let mut taken = 0;
    while taken < lines.len() {
        let step = open.write(&lines[taken..]).expect("written");
        let whole = received.lock().expect("no panic").ends_with(b"\n");
        assert_eq!(matches!(step, Step::Taken(_)), whole);
        if let Step::Taken(more) = step {
            taken += more;
        }
    }
    let received = received.lock().expect("no panic");
    assert_eq!(received.iter().filter(|byte| **byte == b'\n').count(), 2);
}

#[test]
fn a_host_name_that_no_header_may_have_is_left_out() {
    let surroundings = Surroundings { host: Some("a host".into()), process: None, ..surroundings() };
    let spelling = super::super::Spelling::split("", 0).expect("nothing");
    let header = SyslogDestination::parse(&spelling).expect("a destination").header(&surroundings);
    assert_eq!(header.origin, b" - rpcscope - - - ");
}

#[test]
fn what_the_receiver_says_is_read_and_means_nothing() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("bound");
    let port = listener.local_addr().expect("an address").port();
    let mut open = open(&format!("syslog:tcp:127.0.0.1:{port}"));
    let (mut peer, _) = listener.accept().expect("a connection");
    peer.write_all(b"hello").expect("written");
    assert!(open.tend().is_ok());
    write(&mut *open, "one\n");
}
