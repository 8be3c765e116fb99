//! Syslog: each line is the text of a message as [RFC 5424] has it.

use super::datagrams::{Datagrams, LONGEST_UNIX_DATAGRAM, Wording};
use super::spelling::{DestinationError, Setting, Spelling};
use super::stream::{Socket, Stream};
use super::tcp::HostPort;
use super::unix::{self, Connected};
use super::{Needs, Now, Opened, Step, Surroundings, Target};
use crate::{clock, decimal};
use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::path::PathBuf;

/// A syslog receiver, which gets one message per line.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SyslogDestination {
    /// Who receives.
    pub peer: SyslogPeer,
    /// Facility times 8 plus severity ([RFC 5424] 6.2.1).
    pub priority: u8,
    /// Name of the program that the message is from.
    pub app: String,
    /// Name of the host that the message is from, instead of this host's.
    pub host: Option<String>,
    /// Bytes that one message may have. A line that does not fit is not sent: a part of it is of no use.
    pub longest: u64,
}

/// Who receives syslog, and how.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum SyslogPeer {
    /// A Unix socket. Messages over a stream end with a line feed ([RFC 6587] 3.4.2).
    Unix(PathBuf),
    /// UDP, one message per datagram ([RFC 5426] 3.1).
    Udp(HostPort),
    /// TCP, with each message's length before it ([RFC 6587] 3.4.1).
    Tcp(HostPort),
}

impl SyslogDestination {
    pub(super) fn parse(spelling: &Spelling<'_>) -> Result<Self, DestinationError> {
        let peer = SyslogPeer::parse(spelling)?;
        let longest = match peer {
            SyslogPeer::Udp(_) => LONGEST_UDP_MESSAGE,
            SyslogPeer::Unix(_) => LONGEST_UNIX_DATAGRAM,
            SyslogPeer::Tcp(_) => u64::MAX,
        };
        let mut syslog = Self { peer, priority: 0, app: "rpcscope".into(), host: None, longest };
        let (mut facility, mut severity) = (LOCAL5, INFO);
        for option in spelling.options() {
            match option.key() {
                "facility" => facility = number_of(option, "facility", FACILITIES)?,
                "severity" => severity = number_of(option, "severity", SEVERITIES)?,
                "app" => syslog.app = header_name(option, LONGEST_APP)?,
                "host" => syslog.host = Some(header_name(option, LONGEST_HOST)?),
                "max" => syslog.longest = option.bytes()?,
                _ => return Err(option.unknown(&["facility", "severity", "app", "host", "max"])),
            }
        }
        syslog.priority = facility * 8 + severity;
        Ok(syslog)
    }

    fn header(&self, surroundings: &Surroundings) -> Header {
        let host = self.host.as_deref().or(surroundings.host.as_deref());
        let host = host.filter(|host| is_header_name(host, LONGEST_HOST)).unwrap_or("-");
        let process = surroundings.process.map_or_else(|| "-".to_owned(), |process| process.to_string());
        let origin = format!(" {host} {} {process} - - ", self.app).into_bytes();
        Header { priority: self.priority, origin, now: surroundings.now.clone() }
    }
}

impl SyslogPeer {
    fn parse(spelling: &Spelling<'_>) -> Result<Self, DestinationError> {
        let address = spelling.address();
        if address.is_empty() {
            return Ok(Self::Unix(LOCAL.into()));
        }
        if address.starts_with('/') {
            return Ok(Self::Unix(address.into()));
        }
        let word = address.split(':').next().unwrap_or(address);
        let rest = spelling.after((word.len() + 1).min(address.len()));
        match word {
            "unix" => Ok(Self::Unix(rest.path()?.into())),
            "udp" => HostPort::parse(&rest).map(Self::Udp),
            "tcp" => HostPort::parse(&rest).map(Self::Tcp),
            _ => Err(spelling
                .unknown("transport of syslog", word, &["unix", "udp", "tcp"])
                .or_hint("write `syslog:udp:HOST:PORT`, `syslog:tcp:HOST:PORT` or `syslog:unix:PATH`")),
        }
    }
}

impl Target for SyslogDestination {
    fn open(&self, surroundings: &Surroundings) -> io::Result<Box<dyn Opened>> {
        let header = self.header(surroundings);
        Ok(match &self.peer {
            SyslogPeer::Unix(path) => match unix::connect(path)? {
                Connected::Stream(socket) => {
                    Box::new(Messages::new(Stream::new(socket)?, header, Framing::LineFeed, self.longest))
                }
                Connected::Datagram(socket) => Box::new(Datagrams::new(socket, header, self.longest)?),
            },
            SyslogPeer::Udp(peer) => Box::new(Datagrams::new(udp(peer)?, header, self.longest)?),
            SyslogPeer::Tcp(peer) => Box::new(Messages::new(
                Stream::new(peer.connect()?)?,
                header,
                Framing::OctetCount,
                self.longest,
            )),
        })
    }

    fn needs(&self) -> Needs {
        match &self.peer {
            SyslogPeer::Unix(path) => Needs { peers: vec![path.clone()], ..Needs::default() },
            SyslogPeer::Udp(peer) => Needs { udp: true, host_names: peer.is_name(), ..Needs::default() },
            SyslogPeer::Tcp(peer) => {
                Needs { tcp_ports: vec![peer.port], host_names: peer.is_name(), ..Needs::default() }
            }
        }
    }

    fn name(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.peer {
            SyslogPeer::Unix(path) => write!(f, "syslog:{}", path.display()),
            SyslogPeer::Udp(peer) => write!(f, "syslog:udp:{peer}"),
            SyslogPeer::Tcp(peer) => write!(f, "syslog:tcp:{peer}"),
        }
    }
}

/// Makes a socket that sends to the first address of the peer.
fn udp(peer: &HostPort) -> io::Result<UdpSocket> {
    let address = peer.addresses()?.next();
    let address =
        address.ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "the host has no address"))?;
    let any: SocketAddr = match address {
        SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
        SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
    };
    let socket = UdpSocket::bind(any)?;
    socket.connect(address)?;
    Ok(socket)
}

/// What stands before the text of each message.
struct Header {
    priority: u8,
    /// From the space before HOSTNAME to the space before MSG ([RFC 5424] 6).
    origin: Vec<u8>,
    now: Now,
}

impl Wording for Header {
    /// The text goes without a mark that it is UTF-8 ([RFC 5424] 6.4, MSG-ANY): readers of JSON stumble over one.
    fn message(&self, line: &[u8], out: &mut Vec<u8>) {
        out.push(b'<');
        decimal::push(out, self.priority.into());
        out.extend_from_slice(b">1 ");
        clock::push_rfc3339(out, (self.now)());
        out.extend_from_slice(&self.origin);
        out.extend_from_slice(line.strip_suffix(b"\n").unwrap_or(line));
    }
}

/// How messages are told apart in a stream.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Framing {
    /// Length in decimal and a space before each.
    OctetCount,
    /// A line feed behind each.
    LineFeed,
}

/// A connection over which messages go.
struct Messages<S> {
    stream: Stream<S>,
    header: Header,
    framing: Framing,
    longest: u64,
    /// Messages that are on their way, one behind the other, and how much of that is sent.
    bytes: Vec<u8>,
    sent: usize,
    /// Of each message that is not sent to its end: where that is in `bytes`, and the length of its line.
    ends: VecDeque<(usize, usize)>,
    message: Vec<u8>,
}

impl<S: Socket> Messages<S> {
    fn new(stream: Stream<S>, header: Header, framing: Framing, longest: u64) -> Self {
        let (bytes, message) = (Vec::new(), Vec::new());
        Self { stream, header, framing, longest, bytes, sent: 0, ends: VecDeque::new(), message }
    }

    /// Makes messages of the first of `lines`, up to the first that is too long.
    fn frame(&mut self, lines: &[u8]) {
        self.bytes.clear();
        self.sent = 0;
        for line in lines.split_inclusive(|byte| *byte == b'\n') {
            self.message.clear();
            self.header.message(line, &mut self.message);
            if self.message.len() as u64 > self.longest {
                return;
            }
            if self.framing == Framing::OctetCount {
                decimal::push(&mut self.bytes, self.message.len() as u64);
                self.bytes.push(b' ');
            }
            self.bytes.extend_from_slice(&self.message);
            if self.framing == Framing::LineFeed {
                self.bytes.push(b'\n');
            }
            self.ends.push_back((self.bytes.len(), line.len()));
            if self.bytes.len() >= ENOUGH {
                return;
            }
        }
    }
}

impl<S: Socket> Opened for Messages<S> {
    /// Tells only of lines whose messages were sent to their end, so that `lines` begins with those on their way.
    fn write(&mut self, lines: &[u8]) -> io::Result<Step> {
        if self.ends.is_empty() {
            self.frame(lines);
        }
        if self.ends.is_empty() {
            let message = format!("a message of {} bytes is longer than `max`", self.message.len());
            return Ok(Step::Refused(io::Error::new(io::ErrorKind::InvalidData, message)));
        }
        self.sent += self.stream.send(self.bytes.get(self.sent..).unwrap_or(&[]))?;
        let mut taken = 0;
        while let Some((_, line)) = self.ends.pop_front_if(|(end, _)| *end <= self.sent) {
            taken += line;
        }
        Ok(if taken == 0 { Step::Waiting } else { Step::Taken(taken) })
    }

    fn tend(&mut self) -> io::Result<()> {
        self.stream.look_for_the_end()
    }
}

fn number_of(option: &Setting<'_>, what: &str, names: &[&str]) -> Result<u8, DestinationError> {
    let number = names.iter().position(|name| *name == option.value());
    number.and_then(|number| u8::try_from(number).ok()).ok_or_else(|| option.unknown_value(what, names))
}

fn header_name(option: &Setting<'_>, longest: usize) -> Result<String, DestinationError> {
    let name = option.value();
    if is_header_name(name, longest) {
        return Ok(name.to_owned());
    }
    let error = option.error(format!("`{name}` is no name for a header of syslog"));
    Err(error.hint(format!("printable ASCII without spaces, at most {longest} letters")))
}

/// Whether a field of the header may have this value ([RFC 5424] 6, PRINTUSASCII).
fn is_header_name(name: &str, longest: usize) -> bool {
    (1..=longest).contains(&name.len()) && name.bytes().all(|letter| letter.is_ascii_graphic())
}

/// Where this host receives syslog.
const LOCAL: &str = "/dev/log";
/// Facilities by their numbers ([RFC 5424] 6.2.1), called as syslog programs call them.
const FACILITIES: &[&str] = &[
    "kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp",
    "ntp", "audit", "alert", "clock", "local0", "local1", "local2", "local3", "local4", "local5", "local6",
    "local7",
];
/// Severities by their numbers ([RFC 5424] 6.2.1).
const SEVERITIES: &[&str] = &["emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"];
/// The facility that Suricata uses when nothing is said.
const LOCAL5: u8 = 21;
const INFO: u8 = 6;
/// Letters of APP-NAME and HOSTNAME ([RFC 5424] 6).
const LONGEST_APP: usize = 48;
const LONGEST_HOST: usize = 255;
/// Bytes of a message over UDP, when nothing is said: what rsyslog takes when nothing is said. Every receiver takes 480,
/// and should take 2048 ([RFC 5424] 6.1).
const LONGEST_UDP_MESSAGE: u64 = 8192;
/// Bytes of messages that are handed to the system at once.
const ENOUGH: usize = 64 << 10;

#[cfg(test)]
mod tests;
