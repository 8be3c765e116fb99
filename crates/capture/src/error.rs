//! Why a capture could not be read.

use std::error::Error;
use std::fmt::{self, Write};
use std::io;
use std::path::PathBuf;

use crate::{Damage, Input};

/// Why inputs could not be found or a capture could not be read, or not to its end.
///
/// Offsets are in bytes from the start of the capture; in a compressed one, after decompression.
#[derive(Debug)]
#[non_exhaustive]
pub enum CaptureError {
    /// Nothing has this name.
    NotFound {
        /// What was typed.
        path: PathBuf,
    },
    /// No file matches a pattern.
    NoMatch {
        /// What was typed.
        pattern: String,
    },
    /// A pattern cannot be understood.
    InvalidPattern {
        /// What was typed.
        pattern: String,
        /// Where it is wrong, in characters from its start.
        position: usize,
        /// What is wrong.
        reason: &'static str,
    },
    /// A folder holds no file that looks like a capture.
    NoCaptures {
        /// The folder.
        folder: PathBuf,
    },
    /// A file or folder cannot be opened or listed.
    Unreadable {
        /// What was to be opened.
        input: Input,
        /// Why it could not.
        cause: io::Error,
    },
    /// Reading or decompressing failed on the way. The frames before were delivered, but for the last few kilobytes
    /// before the damage in compressed data.
    ReadFailed {
        /// The capture.
        input: Input,
        /// How far it could be read.
        offset: u64,
        /// Why it could not be read on.
        cause: io::Error,
    },
    /// The input has no bytes at all.
    Empty {
        /// The input.
        input: Input,
    },
    /// The input is something else than a capture.
    NotACapture {
        /// The input.
        input: Input,
        /// Its first bytes, at most [`CaptureError::SHOWN_BYTES`]; after decompression, if it is compressed.
        start: Vec<u8>,
    },
    /// A record or block cannot be what it says, so that its end is not known. The frames before were delivered.
    Damaged {
        /// The capture.
        input: Input,
        /// Where the record or block starts.
        offset: u64,
        /// What is wrong with it.
        damage: Damage,
    },
    /// No interface has this name.
    NoSuchInterface {
        /// What was asked for.
        interface: String,
        /// The names that there are.
        known: Vec<String>,
    },
    /// An interface is switched off.
    InterfaceDown {
        /// Its name.
        interface: String,
    },
    /// The program may not capture.
    NotPermitted {
        /// The interface.
        interface: String,
    },
    /// A filter for live frames cannot be understood.
    InvalidFilter {
        /// The filter.
        filter: String,
        /// What is wrong, in libpcap's words.
        reason: String,
    },
    /// An interface cannot be opened for another reason.
    LiveFailed {
        /// The interface.
        interface: String,
        /// Why, mostly in libpcap's words.
        reason: String,
    },
    /// The interfaces of the machine cannot be listed.
    InterfacesUnlisted {
        /// Why not.
        cause: io::Error,
    },
}

impl CaptureError {
    /// How many of its first bytes are shown of a file that is no capture.
    pub const SHOWN_BYTES: usize = 8;

    /// What the user can do, if anything is known.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::NotFound { .. } => Some("check the spelling; `-` reads standard input"),
            Self::NoMatch { .. } => Some("`*` and `?` stay within one folder, `**` crosses folders"),
            Self::InvalidPattern { .. } => {
                Some("to name a file that has such characters, put them in brackets: `[*]`")
            }
            Self::NoCaptures { .. } => Some(
                "in folders, names that end in .pcap .pcapng .cap .dmp .ntar are taken, also with .gz or .zst; \
                 name other files themselves",
            ),
            Self::Empty { .. } => Some("was the capture still being written?"),
            Self::NotACapture { start, .. } => Some(hint_for_start(start)),
            Self::Damaged { .. } => Some("the frames before were read; the rest of the file was not"),
            Self::NoSuchInterface { .. } => Some("list what there is with `rpcscope watch --list`"),
            Self::InterfaceDown { .. } => Some("switch it on: `ip link set NAME up`"),
            Self::NotPermitted { .. } => Some(
                "run it as root, or allow it: `setcap cap_net_raw+ep FILE`, or under systemd \
                 `AmbientCapabilities=CAP_NET_RAW`",
            ),
            Self::InvalidFilter { .. } => Some("the language is that of tcpdump: see pcap-filter(7)"),
            Self::Unreadable { .. }
            | Self::ReadFailed { .. }
            | Self::LiveFailed { .. }
            | Self::InterfacesUnlisted { .. } => None,
        }
    }

    /// Whether waiting may help: an interface is missing or switched off.
    pub fn may_pass(&self) -> bool {
        matches!(self, Self::NoSuchInterface { .. } | Self::InterfaceDown { .. })
    }
}

impl fmt::Display for CaptureError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound { path } => write!(f, "{}: no such file or folder", path.display()),
            Self::NoMatch { pattern } => write!(f, "{pattern}: no file matches"),
            Self::InvalidPattern { pattern, position, reason } => {
                write!(f, "{pattern}: invalid pattern at character {}: {reason}", position.saturating_add(1))
            }
            Self::NoCaptures { folder } => write!(f, "{}: no captures in this folder", folder.display()),
            Self::Unreadable { input, cause } => write!(f, "{input}: cannot open: {cause}"),
            Self::ReadFailed { input, offset, cause } => {
                write!(f, "{input}: cannot read on at byte {offset}: {cause}")
            }
            Self::Empty { input } => write!(f, "{input}: not a capture: it is empty"),
            Self::NotACapture { input, start } => {
                write!(f, "{input}: not a capture: it starts with")?;
                start.iter().try_for_each(|byte| write!(f, " {byte:02x}"))?;
                f.write_str(" (`")?;
                for byte in start {
                    let shown =
                        if byte.is_ascii_graphic() || *byte == b' ' { char::from(*byte) } else { '.' };
                    f.write_char(shown)?;
                }
                f.write_str("`)")
            }
            Self::Damaged { input, offset, damage } => {
                write!(f, "{input}: damaged at byte {offset}: {damage}")
            }
            Self::NoSuchInterface { interface, known } => {
                write!(f, "{interface}: no such interface")?;
                match nearest(interface, known) {
                    Some(nearest) => write!(f, "; did you mean `{nearest}`?"),
                    None if known.is_empty() => Ok(()),
                    None => write!(f, "; there are {}", known.join(", ")),
                }
            }
            Self::InterfaceDown { interface } => write!(f, "{interface}: interface is down"),
            Self::NotPermitted { interface } => {
                write!(f, "{interface}: not permitted to capture: CAP_NET_RAW is missing")
            }
            Self::InvalidFilter { filter, reason } => write!(f, "invalid filter `{filter}`: {reason}"),
            Self::LiveFailed { interface, reason } => write!(f, "{interface}: cannot capture: {reason}"),
            Self::InterfacesUnlisted { cause } => write!(f, "cannot list the interfaces: {cause}"),
        }
    }
}

impl Error for CaptureError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Unreadable { cause, .. }
            | Self::ReadFailed { cause, .. }
            | Self::InterfacesUnlisted { cause } => Some(cause),
            _ => None,
        }
    }
}

/// The interface whose name was probably meant: one that differs in a letter or two of at least twice as many.
fn nearest<'a>(name: &str, known: &'a [String]) -> Option<&'a str> {
    let distance = |other: &str| strsim::osa_distance(&name.to_lowercase(), &other.to_lowercase());
    let nearest = known.iter().min_by_key(|other| distance(other))?;
    (distance(nearest) <= 2.min(name.chars().count() / 2)).then_some(nearest)
}

/// What to do with a file that is no capture, told from its first bytes.
fn hint_for_start(start: &[u8]) -> &'static str {
    /// First bytes of what people mistake for captures, or have to convert.
    const KNOWN: &[(&[u8], &str)] = &[
        (b"PK\x03\x04", UNPACK),
        (b"BZh", UNPACK),
        (b"\xfd7zXZ", UNPACK),
        (b"7z\xbc\xaf", UNPACK),
        (b"\x04\x22\x4d\x18", UNPACK),
        (b"\x1f\x8b", "it is compressed twice; unpack it once"),
        (b"\x28\xb5\x2f\xfd", "it is compressed twice; unpack it once"),
        (b"GMBU", CONVERT),
        (b"RTSS", CONVERT),
        (b"snoop\0", CONVERT),
        (b"XCP\0", CONVERT),
        (b"version ", "it looks like a Git LFS pointer; fetch the file with `git lfs pull`"),
    ];
    const UNPACK: &str = "unpack it first; only gzip and zstd are read compressed";
    const CONVERT: &str = "convert it first: `editcap -F pcapng IN OUT.pcapng`";

    KNOWN
        .iter()
        .find(|(magic, _)| start.starts_with(magic))
        .map_or("pcap and pcapng are read, plain or compressed with gzip or zstd", |(_, hint)| hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_no_capture_is_named_with_its_first_bytes() {
        let error = CaptureError::NotACapture {
            input: Input::File("case/notes.txt".into()),
            start: b"# Notes\n".to_vec(),
        };
        assert_eq!(
            error.to_string(),
            "case/notes.txt: not a capture: it starts with 23 20 4e 6f 74 65 73 0a (`# Notes.`)"
        );
        assert_eq!(error.hint(), Some("pcap and pcapng are read, plain or compressed with gzip or zstd"));
    }

    #[test]
    fn an_archive_has_a_hint_of_its_own() {
        let error =
            CaptureError::NotACapture { input: Input::Stdin, start: b"PK\x03\x04\x14\0\0\0".to_vec() };
        assert_eq!(error.hint(), Some("unpack it first; only gzip and zstd are read compressed"));
    }

    #[test]
    fn an_unknown_interface_is_told_with_the_nearest_name_or_all() {
        let error = |interface: &str| CaptureError::NoSuchInterface {
            interface: interface.to_owned(),
            known: ["lo", "eth0", "wlp3s0"].map(str::to_owned).to_vec(),
        };
        assert_eq!(error("etho").to_string(), "etho: no such interface; did you mean `eth0`?");
        assert_eq!(error("WLP2s0").to_string(), "WLP2s0: no such interface; did you mean `wlp3s0`?");
        assert_eq!(error("span").to_string(), "span: no such interface; there are lo, eth0, wlp3s0");
        assert!(error("span").may_pass());
    }

    #[test]
    fn damage_is_told_with_its_offset() {
        let damage = Damage::TooLong { field: "captured length", value: 4_000_000_000, at_most: 262_144 };
        let error = CaptureError::Damaged { input: Input::File("a.pcap".into()), offset: 24, damage };
        assert_eq!(
            error.to_string(),
            "a.pcap: damaged at byte 24: captured length 4000000000 is impossible, at most 262144 bytes can be"
        );
    }
}
