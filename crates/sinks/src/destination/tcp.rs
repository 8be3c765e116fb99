//! A TCP connection.

use super::spelling::{DestinationError, Spelling};
use super::stream::Stream;
use super::{Needs, Opened, Surroundings, Target};
use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr, TcpStream, ToSocketAddrs};
use std::time::Duration;

/// A TCP connection, over which lines go as they are. When it breaks, the next one begins with a whole line.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TcpDestination {
    /// Who listens.
    pub peer: HostPort,
}

impl TcpDestination {
    pub(super) fn parse(spelling: &Spelling<'_>) -> Result<Self, DestinationError> {
        spelling.no_options()?;
        Ok(Self { peer: HostPort::parse(spelling)? })
    }
}

impl Target for TcpDestination {
    fn open(&self, _: &Surroundings) -> io::Result<Box<dyn Opened>> {
        Ok(Box::new(Stream::new(self.peer.connect()?)?))
    }

    fn needs(&self) -> Needs {
        Needs { tcp_ports: vec![self.peer.port], host_names: self.peer.is_name(), ..Needs::default() }
    }

    fn name(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "tcp:{}", self.peer)
    }
}

/// A host, by name or address, and a port. The name is looked up at each connection.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct HostPort {
    /// Name or address; IPv6 without brackets.
    pub host: String,
    /// Port, not 0.
    pub port: u16,
}

impl HostPort {
    /// Reads `HOST:PORT` or `[IPV6]:PORT`.
    pub(super) fn parse(spelling: &Spelling<'_>) -> Result<Self, DestinationError> {
        let text = spelling.address();
        let (host, port_at) = if let Some(rest) = text.strip_prefix('[') {
            let (host, rest) = rest.split_once(']').ok_or_else(|| spelling.error(0, "`[` without `]`"))?;
            let at = host.len() + 2;
            if !rest.starts_with(':') {
                return Err(spelling.error(at, "no port").hint("write HOST:PORT"));
            }
            (host, at + 1)
        } else {
            match text.rsplit_once(':') {
                Some((host, _)) if host.contains(':') => {
                    let error = spelling.error(0, format!("`{host}` has colons"));
                    return Err(error.hint(format!("write IPv6 addresses in brackets: `[{host}]:PORT`")));
                }
                Some((host, _)) => (host, host.len() + 1),
                None if text.is_empty() => return Err(spelling.error(0, "no host").hint("write HOST:PORT")),
                None => return Err(spelling.error(text.len(), "no port").hint("write HOST:PORT")),
            }
        };
        if host.is_empty() {
            return Err(spelling.error(0, "no host").hint("write HOST:PORT"));
        }
        if host.contains(['/', ' ']) {
            return Err(spelling.error(0, format!("`{host}` is no host")).hint("write HOST:PORT"));
        }
        let port = text.get(port_at..).unwrap_or("");
        match port.parse().ok().filter(|port| *port > 0) {
            Some(port) => Ok(Self { host: host.to_owned(), port }),
            None => {
                let error = spelling.error(port_at, format!("`{port}` is no port"));
                Err(error.hint("ports are 1 to 65535"))
            }
        }
    }

    /// Whether the host has to be looked up.
    pub(super) fn is_name(&self) -> bool {
        self.host.parse::<IpAddr>().is_err()
    }

    /// The addresses of the host, as they are just now.
    pub(super) fn addresses(&self) -> io::Result<impl Iterator<Item = SocketAddr>> {
        (self.host.as_str(), self.port).to_socket_addrs()
    }

    /// Connects to the first address that answers.
    pub(super) fn connect(&self) -> io::Result<TcpStream> {
        let mut failure = io::Error::new(io::ErrorKind::NotFound, "the host has no address");
        for address in self.addresses()?.take(MOST_ADDRESSES) {
            match TcpStream::connect_timeout(&address, CONNECT_TIME) {
                Ok(stream) => return Ok(stream),
                Err(error) => failure = error,
            }
        }
        Err(failure)
    }
}

impl fmt::Display for HostPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, port } = self;
        if host.contains(':') { write!(f, "[{host}]:{port}") } else { write!(f, "{host}:{port}") }
    }
}

/// Time that an address has to answer.
const CONNECT_TIME: Duration = Duration::from_secs(3);
/// Addresses of one host that are tried. Without a bound, a name with hundreds of dead ones would take minutes.
const MOST_ADDRESSES: usize = 4;
