//! One direction of a connection of RPC over HTTP: from bytes to requests and PDUs.

use super::GREETING;
use crate::framer::{Framed, Framer};

/// What the client asked the proxy for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Role {
    Unknown,
    In,
    Out,
    /// Version 1: after the headers, PDUs in both directions.
    Connect,
}

/// One direction of a connection: headers, then a body, then headers again.
#[derive(Debug, Default)]
pub(super) struct Direction {
    state: State,
    /// A line or header lines that are not complete.
    lines: Vec<u8>,
    framer: Framer,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
enum State {
    #[default]
    Headers,
    /// This many bytes of a body, or of a chunk of one, follow.
    Body { left: u64, content: Content, is_chunk: bool },
    /// The length of a chunk follows ([RFC 9112] 7.1).
    ChunkSize(Content),
    /// This many bytes of the greeting follow, then PDUs to the end.
    Greeting(u64),
    /// PDUs follow to the end.
    Endless,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Content {
    Pdus,
    Other,
}

/// What is found in one direction.
pub(super) enum Found<'a> {
    Request(Role),
    Malformed,
    Framed(Framed<'a>),
}

impl Direction {
    /// PDUs from the start.
    pub(super) fn of_pdus() -> Self {
        Self { state: State::Endless, ..Self::default() }
    }

    /// A greeting, then PDUs.
    pub(super) fn greeted() -> Self {
        Self { state: State::Greeting(GREETING.len() as u64), ..Self::default() }
    }

    /// Bytes of a PDU that wait for its rest.
    pub(super) const fn held(&self) -> usize {
        self.framer.held()
    }

    /// Gives up the PDU that waits for its rest, to save memory.
    pub(super) fn give_up_pdu(&mut self, found: impl FnMut(Framed<'_>)) {
        self.framer.give_up(found);
    }

    pub(super) fn push(&mut self, mut bytes: &[u8], mut role: Role, mut found: impl FnMut(Found<'_>)) {
        while !bytes.is_empty() {
            match self.state {
                State::Headers => match self.collect(bytes, b"\r\n\r\n", MAX_HEADER_BYTES) {
                    Lines::Complete(head, used) => {
                        let head = Head::read(&head);
                        if let Some(asked) = head.role {
                            role = asked;
                            found(Found::Request(asked));
                        }
                        self.state = head.body(role);
                        self.framer = Framer::default();
                        bytes = bytes.get(used..).unwrap_or_default();
                    }
                    Lines::Incomplete => return,
                    Lines::Malformed => self.give_up(&mut found),
                },
                State::ChunkSize(content) => match self.collect(bytes, b"\n", MAX_CHUNK_SIZE_BYTES) {
                    Lines::Complete(line, used) => {
                        bytes = bytes.get(used..).unwrap_or_default();
                        match chunk_size(&line) {
                            // The line that ends the chunk before.
                            ChunkSize::Empty => {}
                            ChunkSize::Last => self.state = State::Headers,
                            ChunkSize::Bytes(left) => {
                                self.state = State::Body { left, content, is_chunk: true };
                            }
                            ChunkSize::Malformed => self.give_up(&mut found),
                        }
                    }
                    Lines::Incomplete => return,
                    Lines::Malformed => self.give_up(&mut found),
                },
                State::Body { left, content, is_chunk } => {
                    let (body, rest) = split_up_to(bytes, left);
                    let left = left - body.len() as u64;
                    if content == Content::Pdus {
                        self.framer.push(body, false, |framed| found(Found::Framed(framed)));
                    }
                    self.state = match (left, is_chunk) {
                        (1.., _) => State::Body { left, content, is_chunk },
                        (0, true) => State::ChunkSize(content),
                        (0, false) => {
                            self.framer.finish(|framed| found(Found::Framed(framed)));
                            State::Headers
                        }
                    };
                    bytes = rest;
                }
                State::Greeting(left) => {
                    let (greeting, rest) = split_up_to(bytes, left);
                    let left = left - greeting.len() as u64;
                    self.state = if left == 0 { State::Endless } else { State::Greeting(left) };
                    bytes = rest;
                }
                State::Endless => {
                    self.framer.push(bytes, false, |framed| found(Found::Framed(framed)));
                    return;
                }
            }
        }
    }

    pub(super) fn gap(&mut self, missing: u64, found: impl FnMut(Framed<'_>)) {
        match self.state {
            State::Body { left, content, is_chunk } if missing < left => {
                self.state = State::Body { left: left - missing, content, is_chunk };
                if content == Content::Pdus {
                    self.framer.gap(missing, found);
                }
            }
            State::Greeting(left) if missing < left => self.state = State::Greeting(left - missing),
            // Where the next message starts is not known: from here on only PDUs are looked for.
            _ => {
                self.lines = Vec::new();
                self.state = State::Endless;
                self.framer.gap(missing, found);
            }
        }
    }

    /// Adds bytes to the lines that are being collected, up to and with `end`. Says how many of `bytes` were used.
    fn collect(&mut self, bytes: &[u8], end: &[u8], limit: usize) -> Lines {
        let before = self.lines.len();
        self.lines.extend_from_slice(bytes.get(..limit).unwrap_or(bytes));
        // The end may straddle what was there before.
        let from = before.saturating_sub(end.len() - 1);
        match memchr::memmem::find(self.lines.get(from..).unwrap_or_default(), end) {
            Some(at) => {
                let mut lines = std::mem::take(&mut self.lines);
                lines.truncate(from + at + end.len());
                let used = lines.len().saturating_sub(before);
                Lines::Complete(lines, used)
            }
            None if self.lines.len() < limit => Lines::Incomplete,
            None => Lines::Malformed,
        }
    }

    /// Looks only for PDUs from here on: what follows is not HTTP.
    fn give_up(&mut self, found: &mut impl FnMut(Found<'_>)) {
        found(Found::Malformed);
        self.lines = Vec::new();
        self.state = State::Endless;
        self.framer = Framer::out_of_step();
    }
}

/// Lines as far as they were collected.
enum Lines {
    /// Complete, with how many of the bytes given last belong to them.
    Complete(Vec<u8>, usize),
    Incomplete,
    Malformed,
}

/// The first `count` bytes, or all, and the rest.
fn split_up_to(bytes: &[u8], count: u64) -> (&[u8], &[u8]) {
    let count = usize::try_from(count).unwrap_or(usize::MAX);
    bytes.split_at_checked(count).unwrap_or((bytes, &[]))
}

/// What the line before a chunk says.
enum ChunkSize {
    Empty,
    Last,
    Bytes(u64),
    Malformed,
}

fn chunk_size(line: &[u8]) -> ChunkSize {
    let digits = line.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii();
    if digits.is_empty() {
        return ChunkSize::Empty;
    }
    let number = std::str::from_utf8(digits).ok().and_then(|digits| u64::from_str_radix(digits, 16).ok());
    match number {
        Some(0) => ChunkSize::Last,
        Some(bytes) => ChunkSize::Bytes(bytes),
        None => ChunkSize::Malformed,
    }
}

/// What the header lines of a message say.
struct Head {
    role: Option<Role>,
    status: Option<u64>,
    length: Length,
}

/// How long the body of a message is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Length {
    Bytes(u64),
    Chunked,
    Untold,
}

impl Head {
    fn read(bytes: &[u8]) -> Self {
        let mut lines = bytes.trim_ascii_start().split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
        let first = lines.next().unwrap_or_default();
        let mut words = first.split(|byte| *byte == b' ');
        let (role, status) = match words.next().unwrap_or_default() {
            b"RPC_IN_DATA" => (Some(Role::In), None),
            b"RPC_OUT_DATA" => (Some(Role::Out), None),
            b"RPC_CONNECT" => (Some(Role::Connect), None),
            version if version.starts_with(b"HTTP/") => (None, words.next().and_then(number)),
            _ => (Some(Role::Unknown), None),
        };
        let mut length = Length::Untold;
        for line in lines {
            let Some((name, value)) =
                memchr::memchr(b':', line).and_then(|colon| line.split_at_checked(colon))
            else {
                continue;
            };
            let value = value.get(1..).unwrap_or_default().trim_ascii();
            if name.eq_ignore_ascii_case(b"transfer-encoding") && value.eq_ignore_ascii_case(b"chunked") {
                length = Length::Chunked;
            } else if name.eq_ignore_ascii_case(b"content-length")
                && length == Length::Untold
                && let Some(bytes) = number(value)
            {
                length = Length::Bytes(bytes);
            }
        }
        Self { role, status, length }
    }

    /// What follows the header lines of a message about a channel of this role.
    fn body(&self, role: Role) -> State {
        let carries_pdus = match self.status {
            None => self.role != Some(Role::Unknown),
            Some(status) => (200..300).contains(&status),
        };
        let content = if carries_pdus { Content::Pdus } else { Content::Other };
        match (self.length, content) {
            // Version 1 gives no length ([MS-RPCH] 2.1.1.1.1, 2.1.1.1.2).
            (_, Content::Pdus) if role == Role::Connect => State::Endless,
            (Length::Chunked, content) => State::ChunkSize(content),
            // An answer without a length goes on to the end of the connection ([RFC 9112] 6.3).
            (Length::Untold, Content::Pdus) if self.status.is_some() => State::Endless,
            (Length::Untold | Length::Bytes(0), _) => State::Headers,
            // An echo request holds anything, at most 16 bytes ([MS-RPCH] 2.1.2.1.5).
            (Length::Bytes(left @ ..=MAX_ECHO_BYTES), _) => {
                State::Body { left, content: Content::Other, is_chunk: false }
            }
            (Length::Bytes(left), content) => State::Body { left, content, is_chunk: false },
        }
    }
}

/// Largest body of an echo request, in bytes: too short for any PDU of a channel.
const MAX_ECHO_BYTES: u64 = 16;

/// Reads a decimal number.
fn number(digits: &[u8]) -> Option<u64> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}

/// Longest header lines of a message, in bytes. Without a bound, a peer that never ends them would fill memory.
const MAX_HEADER_BYTES: usize = 16 << 10;

/// Longest line before a chunk, in bytes.
const MAX_CHUNK_SIZE_BYTES: usize = 256;
