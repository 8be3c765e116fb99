//! Where the lines of a live sensor go: files that rotate, sockets that reconnect, syslog, standard output.
//!
//! [`Destination`] is the registry of the kinds; [`Outlet`] feeds one from a thread of its own, behind a bounded queue,
//! so that a full disk or a dead peer never holds up those who make the lines. What a kind has to do is small: open
//! itself, and take some bytes of whole lines. All that is the same for all of them, such as waiting, trying again,
//! counting and starting again at the beginning of a line, is the outlet's.

mod datagrams;
mod file;
mod outlet;
mod rotation;
mod spelling;
mod stdout;
mod stream;
mod syslog;
mod tcp;
mod unix;

pub use file::FileDestination;
pub use outlet::{Condition, Figures, Outlet, OutletState, SpoolLimits};
pub use rotation::Rotation;
pub use spelling::{DestinationError, bytes, seconds};
pub use stdout::StdoutDestination;
pub use syslog::{SyslogDestination, SyslogPeer};
pub use tcp::{HostPort, TcpDestination};
pub use unix::UnixDestination;

use rpcscope_model::Timestamp;
use spelling::Spelling;
use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

/// Declares the kinds of destinations: one row each. A module of that name has the type.
macro_rules! destinations {
    ($($variant:ident $destination:ty, $name:literal $form:literal $meaning:literal;)*) => {
        /// A place that lines go to.
        #[derive(Clone, PartialEq, Eq, Debug)]
        pub enum Destination { $(#[doc = $meaning] $variant($destination),)* }

        impl Destination {
            /// All kinds, in the order of their declaration.
            pub const KINDS: &'static [Kind] = &[$(Kind { name: $name, form: $form, meaning: $meaning },)*];

            fn of_kind(name: &str, spelling: Spelling<'_>) -> Option<Result<Self, DestinationError>> {
                match name {
                    $($name => Some(<$destination>::parse(&spelling).map(Self::$variant)),)*
                    _ => None,
                }
            }

            fn target(&self) -> &dyn Target {
                match self { $(Self::$variant(target) => target,)* }
            }
        }
    };
}

destinations! {
    File FileDestination, "file" "PATH[?rotate=SIZE&every=TIME&keep=NUMBER&budget=SIZE]" "A file, which may rotate.";
    Unix UnixDestination, "unix" "unix:PATH" "A Unix socket: a stream, or datagrams if the peer takes those.";
    Tcp TcpDestination, "tcp" "tcp:HOST:PORT" "A TCP connection.";
    Syslog SyslogDestination, "syslog"
        "syslog:[unix:PATH|udp:HOST:PORT|tcp:HOST:PORT][?facility=NAME&severity=NAME&app=NAME&host=NAME&max=SIZE]"
        "A syslog receiver, one message per line; without an address, that of this host.";
    Stdout StdoutDestination, "stdout" "-" "Standard output.";
}

/// A kind of destination, for help and documents.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Kind {
    /// The word before the first colon.
    pub name: &'static str,
    /// How it is written.
    pub form: &'static str,
    /// What it is, in one sentence.
    pub meaning: &'static str,
}

impl Destination {
    /// Reads a destination from the text of a command line or of settings.
    ///
    /// `KIND:ADDRESS`, then options as `?KEY=VALUE&KEY=VALUE`. A text without a kind is the path of a file, and `-` is
    /// standard output.
    pub fn parse(text: &str) -> Result<Self, DestinationError> {
        if text.is_empty() {
            return Err(DestinationError::at(0, text, "no destination")
                .hint("give a path, or `-` for standard output"));
        }
        if text == "-" {
            return Ok(Self::Stdout(StdoutDestination));
        }
        let (kind, rest) = spelling::kind(text);
        let name = kind.unwrap_or("file");
        Self::of_kind(name, Spelling::split(text, rest)?).unwrap_or_else(|| {
            let names: Vec<&str> = Self::KINDS.iter().map(|kind| kind.name).collect();
            let error = DestinationError::unknown(0, text, "kind of destination", name, &names);
            let is_port = text.get(rest..).is_some_and(|port| port.parse::<u16>().is_ok());
            Err(if is_port {
                error.or_hint(format!("for a TCP connection write `tcp:{text}`"))
            } else {
                error.or_hint(format!("for a file of that name write `./{text}`"))
            })
        })
    }

    /// Looks for what would keep it from ever working: a folder that is not there, a path that is a folder.
    ///
    /// A peer that does not answer is no such thing; it may come.
    pub fn check(&self) -> Result<(), DestinationError> {
        self.target().check()
    }

    /// What a sandbox has to allow so that it can be opened again and again.
    pub fn needs(&self) -> Needs {
        self.target().needs()
    }
}

impl fmt::Display for Destination {
    /// As messages call it: without options.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.target().name(f)
    }
}

/// What a destination needs of the system whenever it opens itself, besides reading and writing what is open.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Needs {
    /// Folders in which it lists, makes, reads, writes, renames, cuts and removes files.
    pub folders: Vec<PathBuf>,
    /// Paths that it opens for writing or connects to and that others make: devices, pipes, sockets. They need not exist
    /// yet.
    pub peers: Vec<PathBuf>,
    /// Ports of TCP that it connects to.
    pub tcp_ports: Vec<u16>,
    /// Whether it sends UDP.
    pub udp: bool,
    /// Whether it looks up the name of a host, each time that it connects: the C library then reads [`RESOLVER_FILES`],
    /// loads its modules from the system's library folders and asks servers over UDP and TCP port 53.
    pub host_names: bool,
}

/// What the C library reads to look up the name of a host. Some exist on some systems only.
pub const RESOLVER_FILES: &[&str] = &[
    "/etc/resolv.conf",
    "/etc/hosts",
    "/etc/host.conf",
    "/etc/nsswitch.conf",
    "/etc/gai.conf",
    "/etc/services",
    "/run/systemd/resolve",
];

/// What the time is. Nothing here reads a clock itself.
pub type Now = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// What a destination is told about where it runs.
#[derive(Clone)]
pub struct Surroundings {
    /// What the time is: for rotation, for the stamps of syslog, and to say since when something fails.
    pub now: Now,
    /// Name of this host, for syslog.
    pub host: Option<String>,
    /// Number of this process, for syslog.
    pub process: Option<u32>,
}

impl fmt::Debug for Surroundings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { now: _, host, process } = self;
        f.debug_struct("Surroundings").field("host", host).field("process", process).finish_non_exhaustive()
    }
}

/// What a kind of destination can do.
trait Target {
    /// Opens it. Called again after every failure.
    fn open(&self, surroundings: &Surroundings) -> io::Result<Box<dyn Opened>>;

    /// See [`Destination::check`].
    fn check(&self) -> Result<(), DestinationError> {
        Ok(())
    }

    /// See [`Destination::needs`].
    fn needs(&self) -> Needs;

    /// Writes what messages call it.
    fn name(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result;
}

/// A destination that is open.
trait Opened: Send {
    /// Takes some of `lines`, from their beginning. They end with a line's end; they begin at a line's beginning, unless
    /// they are the rest of what was taken in part.
    ///
    /// Comes back within [`PATIENCE`] as far as the system allows. After an error it is closed.
    fn write(&mut self, lines: &[u8]) -> io::Result<Step>;

    /// Looks after itself between two batches, and every second when there are none: is the peer still there, is it
    /// time to rotate?
    fn tend(&mut self) -> io::Result<()> {
        Ok(())
    }

    /// Opens anew what somebody else may have moved away.
    fn reopen(&mut self) -> io::Result<()> {
        Ok(())
    }

    /// Takes back the last bytes that it took, the beginning of a line that cannot be finished.
    fn take_back(&mut self, _bytes: usize) {}

    /// Something that went wrong without stopping it, told once.
    fn complaint(&mut self) -> Option<io::Error> {
        None
    }
}

/// What became of lines that were handed to an open destination.
#[derive(Debug)]
enum Step {
    /// So many bytes were taken, perhaps to the middle of a line.
    Taken(usize),
    /// Nothing was taken for now.
    Waiting,
    /// The first line can never be taken.
    Refused(io::Error),
    /// Nobody will ever read again.
    Ended,
}

/// Longest time that one write to a socket waits, so that the thread can be told to stop.
const PATIENCE: std::time::Duration = std::time::Duration::from_millis(200);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_without_a_kind_is_a_path() {
        let file = |path: &str| Destination::File(FileDestination::at(path));
        assert_eq!(Destination::parse("eve.json"), Ok(file("eve.json")));
        assert_eq!(Destination::parse("/var/log/a:b"), Ok(file("/var/log/a:b")));
        assert_eq!(Destination::parse("./a:b"), Ok(file("./a:b")));
        assert_eq!(Destination::parse("file:a:b"), Ok(file("a:b")));
        assert_eq!(Destination::parse("-"), Ok(Destination::Stdout(StdoutDestination)));
    }

    #[test]
    fn every_kind_is_called_by_its_address() {
        for (text, name) in [
            ("/var/log/eve.json?rotate=1G", "/var/log/eve.json"),
            ("unix:/run/eve.sock", "unix:/run/eve.sock"),
            ("tcp:[::1]:5170", "tcp:[::1]:5170"),
            ("syslog:", "syslog:/dev/log"),
            ("syslog:udp:log.example:514?facility=auth", "syslog:udp:log.example:514"),
            ("-", "standard output"),
        ] {
            assert_eq!(
                Destination::parse(text).map(|destination| destination.to_string()).as_deref(),
                Ok(name)
            );
        }
    }

    #[test]
    fn mistakes_are_told_with_place_and_hint() {
        for (text, message) in [
            ("", "1: no destination\n  hint: give a path, or `-` for standard output"),
            ("tcpp:a:1", "1: unknown kind of destination `tcpp`\n  hint: did you mean `tcp`?"),
            (
                "zzzzz:b",
                "1: unknown kind of destination `zzzzz`\n  hint: for a file of that name write `./zzzzz:b`",
            ),
            (
                "10.0.0.1:5170",
                "1: unknown kind of destination `10.0.0.1`\n  hint: for a TCP connection write `tcp:10.0.0.1:5170`",
            ),
            ("file:", "6: no path"),
            ("/ü?rotat=1M", "4: unknown option `rotat`\n  hint: did you mean `rotate`?"),
            ("/a?rotate", "4: option `rotate` has no value\n  hint: write `rotate=VALUE`"),
            ("/a?keep=1&keep=2", "11: option `keep` is given twice"),
            ("/a?rotate=1X", "11: `1X` is no size\n  hint: write a number with k, M, G or T, such as `100M`"),
            ("/a?rotate=0", "11: `0` is no size\n  hint: write a number with k, M, G or T, such as `100M`"),
            ("/a?every=5", "10: `5` is no time\n  hint: write a number with s, m, h or d, such as `1h`"),
            ("/a?keep=1G", "9: `1G` is no number of files\n  hint: for a size write `budget=1G`"),
            ("/a?keep=2", "4: `keep` needs `rotate` or `every`\n  hint: nothing rotates without"),
            ("unix:", "6: no path"),
            ("unix:/a?keep=1", "9: unknown option `keep`\n  hint: it has no options"),
            ("tcp:", "5: no host\n  hint: write HOST:PORT"),
            ("tcp:host", "9: no port\n  hint: write HOST:PORT"),
            ("tcp:host:99999", "10: `99999` is no port\n  hint: ports are 1 to 65535"),
            ("tcp:::1:5170", "5: `::1` has colons\n  hint: write IPv6 addresses in brackets: `[::1]:PORT`"),
            ("tcp://host:5170", "5: `//host` is no host\n  hint: write HOST:PORT"),
            ("tcp:[::1:5170", "5: `[` without `]`"),
            ("syslog:udq:a:1", "8: unknown transport of syslog `udq`\n  hint: did you mean `udp`?"),
            (
                "syslog:?facility=locol3",
                "18: unknown facility `locol3`\n  hint: did you mean `local3`, `local0`, `local1`?",
            ),
            (
                "syslog:?severity=bad",
                "18: unknown severity `bad`\n  hint: one of emerg, alert, crit, err, warning, notice, info, debug",
            ),
            (
                "syslog:?app=a b",
                "13: `a b` is no name for a header of syslog\n  hint: printable ASCII without spaces, at most 48 letters",
            ),
            ("-x:", "1: unknown kind of destination `-x`\n  hint: for a file of that name write `./-x:`"),
            ("stdout:x", "8: standard output has no address"),
        ] {
            let told = Destination::parse(text).map_err(|error| error.to_string());
            assert_eq!(told.as_ref().map_err(String::as_str), Err(message), "{text}");
        }
    }

    #[test]
    fn what_a_sandbox_has_to_allow_is_told() {
        let needs = |text: &str| Destination::parse(text).map(|destination| destination.needs());
        assert_eq!(needs("eve.json"), Ok(Needs { folders: vec![".".into()], ..Needs::default() }));
        assert_eq!(needs("/dev/null"), Ok(Needs { peers: vec!["/dev/null".into()], ..Needs::default() }));
        assert_eq!(needs("unix:/run/x"), Ok(Needs { peers: vec!["/run/x".into()], ..Needs::default() }));
        assert_eq!(needs("tcp:10.0.0.1:7"), Ok(Needs { tcp_ports: vec![7], ..Needs::default() }));
        assert_eq!(needs("tcp:[::1]:7"), Ok(Needs { tcp_ports: vec![7], ..Needs::default() }));
        assert_eq!(
            needs("tcp:log:7"),
            Ok(Needs { tcp_ports: vec![7], host_names: true, ..Needs::default() })
        );
        assert_eq!(needs("syslog:udp:log:7"), Ok(Needs { udp: true, host_names: true, ..Needs::default() }));
        assert_eq!(needs("syslog:"), Ok(Needs { peers: vec!["/dev/log".into()], ..Needs::default() }));
        assert_eq!(needs("-"), Ok(Needs::default()));
    }
}
