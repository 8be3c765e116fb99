//! A Unix socket, of either kind.

use super::datagrams::{Datagrams, LONGEST_UNIX_DATAGRAM, Plain};
use super::spelling::{DestinationError, Spelling};
use super::stream::Stream;
use super::{Needs, Opened, Surroundings, Target};
use std::fmt;
use std::io;
use std::os::unix::net::{UnixDatagram, UnixStream};
use std::path::{Path, PathBuf};

/// A Unix socket that somebody else listens at. A stream gets lines as they are, a datagram socket each as a message.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct UnixDestination {
    /// Where it is.
    pub path: PathBuf,
}

impl UnixDestination {
    pub(super) fn parse(spelling: &Spelling<'_>) -> Result<Self, DestinationError> {
        spelling.no_options()?;
        Ok(Self { path: spelling.path()?.into() })
    }
}

impl Target for UnixDestination {
    fn open(&self, _: &Surroundings) -> io::Result<Box<dyn Opened>> {
        Ok(match connect(&self.path)? {
            Connected::Stream(socket) => Box::new(Stream::new(socket)?),
            Connected::Datagram(socket) => Box::new(Datagrams::new(socket, Plain, LONGEST_UNIX_DATAGRAM)?),
        })
    }

    fn needs(&self) -> Needs {
        Needs { peers: vec![self.path.clone()], ..Needs::default() }
    }

    fn name(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "unix:{}", self.path.display())
    }
}

/// A socket of the kind that the peer has.
pub(super) enum Connected {
    Stream(UnixStream),
    Datagram(UnixDatagram),
}

/// Connects as the peer wants it.
pub(super) fn connect(path: &Path) -> io::Result<Connected> {
    match UnixStream::connect(path) {
        Err(error) if error.raw_os_error() == Some(EPROTOTYPE) => {
            let socket = UnixDatagram::unbound()?;
            socket.connect(path)?;
            Ok(Connected::Datagram(socket))
        }
        stream => stream.map(Connected::Stream),
    }
}

/// Linux's number for a peer of another kind; the standard library has no name for it.
const EPROTOTYPE: i32 = 91;

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::net::UnixListener;

    #[test]
    fn the_peer_decides_between_stream_and_datagrams() {
        let folder = tempfile::tempdir().expect("a folder");
        let (stream, datagram) = (folder.path().join("stream"), folder.path().join("datagram"));
        let _listener = UnixListener::bind(&stream).expect("bound");
        let _receiver = UnixDatagram::bind(&datagram).expect("bound");
        assert!(matches!(connect(&stream), Ok(Connected::Stream(_))));
        assert!(matches!(connect(&datagram), Ok(Connected::Datagram(_))));
        let absent = connect(&folder.path().join("absent")).map(|_| ()).map_err(|error| error.kind());
        assert_eq!(absent, Err(io::ErrorKind::NotFound));
    }
}
