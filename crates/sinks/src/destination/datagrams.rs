//! Datagram sockets: one message for each line.

use super::stream::Patience;
use super::{Opened, PATIENCE, Step};
use std::io;
use std::net::UdpSocket;
use std::os::unix::net::UnixDatagram;
use std::time::Duration;

/// What is needed of a connected datagram socket.
pub(super) trait Socket: Send {
    fn send(&self, message: &[u8]) -> io::Result<usize>;
    fn set_write_timeout(&self, timeout: Option<Duration>) -> io::Result<()>;
}

impl Socket for UdpSocket {
    fn send(&self, message: &[u8]) -> io::Result<usize> {
        self.send(message)
    }

    fn set_write_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
        self.set_write_timeout(timeout)
    }
}

impl Socket for UnixDatagram {
    fn send(&self, message: &[u8]) -> io::Result<usize> {
        self.send(message)
    }

    fn set_write_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
        self.set_write_timeout(timeout)
    }
}

/// What a line becomes on its way.
pub(super) trait Wording: Send {
    /// Appends the message of a line, which comes with its end.
    fn message(&self, line: &[u8], out: &mut Vec<u8>);
}

/// The line as it is, with its end, so that datagrams one after the other are lines again.
pub(super) struct Plain;

impl Wording for Plain {
    fn message(&self, line: &[u8], out: &mut Vec<u8>) {
        out.extend_from_slice(line);
    }
}

/// A socket that takes one message for each line.
pub(super) struct Datagrams<S, W> {
    socket: S,
    wording: W,
    /// Bytes that a message may have. A line cannot be cut, so that a longer one is refused.
    longest: u64,
    message: Vec<u8>,
    patience: Patience,
}

impl<S: Socket, W: Wording> Datagrams<S, W> {
    pub(super) fn new(socket: S, wording: W, longest: u64) -> io::Result<Self> {
        socket.set_write_timeout(Some(PATIENCE))?;
        Ok(Self { socket, wording, longest, message: Vec::new(), patience: Patience::default() })
    }

    fn too_long(&self) -> io::Error {
        let message = format!("a line of {} bytes does not fit a datagram", self.message.len());
        io::Error::new(io::ErrorKind::InvalidData, message)
    }
}

impl<S: Socket, W: Wording> Opened for Datagrams<S, W> {
    fn write(&mut self, lines: &[u8]) -> io::Result<Step> {
        let Some(line) = lines.split_inclusive(|byte| *byte == b'\n').next() else {
            return Ok(Step::Waiting);
        };
        self.message.clear();
        self.wording.message(line, &mut self.message);
        if self.message.len() as u64 > self.longest {
            return Ok(Step::Refused(self.too_long()));
        }
        match self.socket.send(&self.message) {
            Ok(_) => {
                self.patience = Patience::default();
                Ok(Step::Taken(line.len()))
            }
            Err(error) if error.raw_os_error() == Some(EMSGSIZE) => Ok(Step::Refused(self.too_long())),
            Err(error) => self.patience.with(error).map(|()| Step::Waiting),
        }
    }
}

/// Linux's number for a message that is too long for its socket; the standard library has no name for it.
const EMSGSIZE: i32 = 90;

/// Bytes that a datagram of a Unix socket may have, unless the system says less: its default for what a socket holds.
pub(super) const LONGEST_UNIX_DATAGRAM: u64 = 212_992;

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(longest: u64) -> (Datagrams<UnixDatagram, Plain>, UnixDatagram) {
        let (ours, theirs) = UnixDatagram::pair().expect("sockets");
        (Datagrams::new(ours, Plain, longest).expect("datagrams"), theirs)
    }

    #[test]
    fn each_line_is_a_message() {
        let (mut datagrams, theirs) = pair(100);
        assert!(matches!(datagrams.write(b"one\ntwo\n"), Ok(Step::Taken(4))));
        assert!(matches!(datagrams.write(b"two\n"), Ok(Step::Taken(4))));
        let mut message = [0; 100];
        for expected in [b"one\n", b"two\n"] {
            let length = theirs.recv(&mut message).expect("a message");
            assert_eq!(message[..length], *expected);
        }
    }

    #[test]
    fn a_line_that_is_too_long_is_refused_by_us_or_by_the_system() {
        let (mut datagrams, _theirs) = pair(3);
        assert!(matches!(datagrams.write(b"one\n"), Ok(Step::Refused(_))));
        let (mut datagrams, _theirs) = pair(u64::MAX);
        let mut long = vec![b'x'; 100 << 20];
        long.push(b'\n');
        assert!(matches!(datagrams.write(&long), Ok(Step::Refused(_))));
    }

    #[test]
    fn a_receiver_that_does_not_read_is_waited_for() {
        let (mut datagrams, theirs) = pair(100);
        let sent = (0..10_000).take_while(|_| matches!(datagrams.write(b"x\n"), Ok(Step::Taken(2)))).count();
        assert!((1..10_000).contains(&sent), "{sent}");
        theirs.recv(&mut [0; 10]).expect("a message");
        assert!(matches!(datagrams.write(b"x\n"), Ok(Step::Taken(2))));
    }
}
