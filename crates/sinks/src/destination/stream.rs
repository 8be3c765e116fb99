//! Stream sockets: what TCP and Unix sockets have in common.

use super::{Opened, PATIENCE, Step};
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::time::Duration;

/// What is needed of a connected stream socket.
pub(super) trait Socket: Read + Write + Send {
    fn set_nonblocking(&self, on: bool) -> io::Result<()>;
    fn set_write_timeout(&self, timeout: Option<Duration>) -> io::Result<()>;
}

impl Socket for TcpStream {
    fn set_nonblocking(&self, on: bool) -> io::Result<()> {
        self.set_nonblocking(on)
    }

    fn set_write_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
        self.set_write_timeout(timeout)
    }
}

impl Socket for UnixStream {
    fn set_nonblocking(&self, on: bool) -> io::Result<()> {
        self.set_nonblocking(on)
    }

    fn set_write_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
        self.set_write_timeout(timeout)
    }
}

/// A connection over which bytes go as they are.
pub(super) struct Stream<S> {
    socket: S,
    patience: Patience,
}

impl<S: Socket> Stream<S> {
    pub(super) fn new(socket: S) -> io::Result<Self> {
        socket.set_write_timeout(Some(PATIENCE))?;
        Ok(Self { socket, patience: Patience::default() })
    }

    /// Hands `bytes` to the system. Tells how many it took; 0 when it has no room for now.
    pub(super) fn send(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.socket.write(bytes) {
            Ok(0) => Err(io::ErrorKind::WriteZero.into()),
            Ok(taken) => {
                self.patience = Patience::default();
                Ok(taken)
            }
            Err(error) => self.patience.with(error).map(|()| 0),
        }
    }

    /// Fails when the peer has closed the connection.
    ///
    /// The system takes what is written to a TCP connection that the peer has closed and forgets it; only the write
    /// after that fails. What the peer says is read and means nothing.
    pub(super) fn look_for_the_end(&mut self) -> io::Result<()> {
        self.socket.set_nonblocking(true)?;
        let end = self.read_on();
        self.socket.set_nonblocking(false)?;
        end
    }

    fn read_on(&mut self) -> io::Result<()> {
        let mut buffer = [0; 4096];
        for _ in 0..MOST_READS {
            match self.socket.read(&mut buffer) {
                Ok(0) => {
                    return Err(io::Error::new(
                        io::ErrorKind::ConnectionAborted,
                        "the peer closed the connection",
                    ));
                }
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

impl<S: Socket> Opened for Stream<S> {
    fn write(&mut self, lines: &[u8]) -> io::Result<Step> {
        self.send(lines).map(|taken| if taken == 0 { Step::Waiting } else { Step::Taken(taken) })
    }

    fn tend(&mut self) -> io::Result<()> {
        self.look_for_the_end()
    }
}

/// How long a peer has taken nothing.
#[derive(Default)]
pub(super) struct Patience {
    waits: u32,
}

impl Patience {
    /// Whether to wait on after `error`. Fails with it when it is more than waiting, or when that took too long.
    pub(super) fn with(&mut self, error: io::Error) -> io::Result<()> {
        match error.kind() {
            io::ErrorKind::Interrupted => Ok(()),
            io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => {
                self.waits += 1;
                if self.waits < MOST_WAITS {
                    return Ok(());
                }
                Err(io::Error::new(io::ErrorKind::TimedOut, "the peer has taken nothing for a minute"))
            }
            _ => Err(error),
        }
    }
}

/// Times [`PATIENCE`] after which a peer that takes nothing is given up and connected to anew: a minute. Without it, a peer
/// that vanished without a word would hold everything up until the system gives up, a quarter of an hour later.
const MOST_WAITS: u32 = 300;
/// Reads of what a peer says, each time that it is looked at. Without a bound, one that talks without end would keep the
/// thread.
const MOST_READS: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_that_the_peer_closed_is_found_before_anything_is_lost_in_it() {
        let (ours, mut theirs) = UnixStream::pair().expect("sockets");
        let mut stream = Stream::new(ours).expect("a stream");
        assert!(stream.tend().is_ok());
        theirs.write_all(b"what a peer says").expect("written");
        assert!(stream.tend().is_ok());
        drop(theirs);
        assert_eq!(stream.tend().map_err(|error| error.kind()), Err(io::ErrorKind::ConnectionAborted));
    }

    #[test]
    fn a_peer_that_takes_nothing_is_given_up_after_a_minute() {
        let mut patience = Patience::default();
        let waits = (0..).take_while(|_| patience.with(io::ErrorKind::WouldBlock.into()).is_ok()).count();
        assert_eq!(PATIENCE * u32::try_from(waits + 1).expect("few"), Duration::from_secs(60));
    }

    #[test]
    fn a_full_socket_waits_and_goes_on_when_it_is_read() {
        let (ours, mut theirs) = UnixStream::pair().expect("sockets");
        let mut stream = Stream::new(ours).expect("a stream");
        let lines = vec![b'\n'; 1 << 16];
        let mut sent = 0;
        while let Step::Taken(taken) = stream.write(&lines).expect("written") {
            sent += taken;
        }
        let mut read = vec![0; sent];
        theirs.read_exact(&mut read).expect("read");
        assert!(matches!(stream.write(b"on\n"), Ok(Step::Taken(3))));
    }
}
