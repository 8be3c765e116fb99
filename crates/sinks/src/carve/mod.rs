//! Writes the frames of sessions that rules want kept, each session to a pcapng file of its own.

mod comment;
mod folder;
mod name;
mod pcapng;
#[cfg(test)]
mod tests;

pub use name::carved_file_name;

use folder::Folder;
use hashlink::LinkedHashMap;
use rpcscope_model::{
    CarveEnd, CarveId, Carved, CarvedPiece, HashState, KeptFrame, LinkType, Stats, Timestamp,
};
use std::path::{Path, PathBuf};
use std::{error, fmt, io};

/// Writes carved sessions to a folder, within a budget.
///
/// Nothing that goes wrong stops the run: a session that cannot be written is given up and counted.
#[derive(Debug)]
pub struct Carver {
    folder: Folder,
    budget_bytes: u64,
    /// Sessions that may still grow, the one that was silent for longest first.
    sessions: LinkedHashMap<CarveId, Session, HashState>,
    /// Bytes of their files.
    open_bytes: u64,
    stats: Stats,
    failure: Option<CarveError>,
}

/// A session that may still grow.
#[derive(Debug)]
struct Session {
    name: String,
    /// The interfaces that its file has.
    link_types: Vec<LinkType>,
    /// Whole blocks that are not written yet.
    buffer: Vec<u8>,
    /// Bytes that are written.
    written: u64,
    /// Comments for the next frame.
    comments: Vec<String>,
    last: Timestamp,
    /// Whether nothing more is written of it.
    given_up: bool,
}

/// A file or folder that cannot be carved to.
#[derive(Debug)]
pub struct CarveError {
    /// The file or folder.
    pub path: PathBuf,
    /// Why.
    pub cause: io::Error,
}

impl fmt::Display for CarveError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: cannot carve: {}", self.path.display(), self.cause)
    }
}

impl error::Error for CarveError {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        Some(&self.cause)
    }
}

impl CarveError {
    /// What can be done.
    pub fn hint(&self) -> Option<&'static str> {
        match self.cause.kind() {
            io::ErrorKind::NotFound => Some("the folder has to exist"),
            io::ErrorKind::StorageFull => Some("make room, or carve with a smaller budget"),
            _ => None,
        }
    }
}

impl Carver {
    /// Carves to a folder, of whose carved files those of earlier runs count, too.
    pub fn new(folder: &Path, budget_bytes: u64) -> Result<Self, CarveError> {
        let path = folder;
        let folder = Folder::open(path).map_err(|cause| CarveError { path: path.to_owned(), cause })?;
        let sessions = LinkedHashMap::with_hasher(HashState::default());
        let stats = Stats::default();
        let mut carver = Self { folder, budget_bytes, sessions, open_bytes: 0, stats, failure: None };
        carver.keep_within_budget(None);
        Ok(carver)
    }

    /// Bytes of frames that one session may have, of a budget.
    pub const fn session_bytes(budget_bytes: u64) -> u64 {
        budget_bytes / SESSION_PART
    }

    /// Takes the next piece.
    pub fn take(&mut self, carved: Carved) {
        let Carved { id, piece } = carved;
        match piece {
            CarvedPiece::Frame(frame, alerts) => self.grow(id, |session| {
                session.comments.extend(alerts.iter().map(comment::of_alert));
                session.frame(&frame);
            }),
            CarvedPiece::Alert(alert) => self.grow(id, |session| session.comment(&comment::of_alert(&alert))),
            CarvedPiece::End(end) => self.end(&id, end),
        }
    }

    /// Writes what is not written yet.
    pub fn flush(&mut self) {
        let ids: Vec<CarveId> = self.sessions.keys().copied().collect();
        ids.iter().for_each(|id| self.write(id));
    }

    /// The capture is over, and so are all its sessions.
    pub fn finish(&mut self) {
        while let Some(id) = self.sessions.keys().next().copied() {
            self.end(&id, CarveEnd::Over);
        }
    }

    /// The counters since they were last taken.
    pub fn take_stats(&mut self) -> Stats {
        std::mem::take(&mut self.stats)
    }

    /// The first thing that went wrong, once.
    pub fn take_failure(&mut self) -> Option<CarveError> {
        self.failure.take()
    }

    /// Adds something to a session, which begins with it if it is new.
    fn grow(&mut self, id: CarveId, add: impl FnOnce(&mut Session)) {
        if self.sessions.to_back(&id).is_none() {
            self.sessions.insert(id, Session::new(&id));
        }
        let Some(session) = self.sessions.get_mut(&id) else { return };
        // What stands before the first frame counts with it.
        let before = if session.is_new() { 0 } else { session.bytes() };
        add(session);
        self.open_bytes = (self.open_bytes + session.bytes()).saturating_sub(before);
        if session.buffer.len() >= BUFFER_BYTES {
            self.write(&id);
        }
        self.keep_within_budget(Some(id));
    }

    /// Writes what a session has in its buffer.
    fn write(&mut self, id: &CarveId) {
        let Some(session) = self.sessions.get_mut(id).filter(|session| !session.buffer.is_empty()) else {
            return;
        };
        let buffer = std::mem::take(&mut session.buffer);
        match self.folder.write(&session.name, session.written, &buffer) {
            Ok(()) => {
                session.written += buffer.len() as u64;
                self.stats.carve_bytes += buffer.len() as u64;
            }
            Err(cause) => {
                session.given_up = true;
                self.open_bytes = self.open_bytes.saturating_sub(buffer.len() as u64);
                let path = self.folder.path_of(&session.name);
                self.failed(CarveError { path, cause });
            }
        }
    }

    fn end(&mut self, id: &CarveId, end: CarveEnd) {
        let Some(text) = self.sessions.get(id).map(|_| comment::of_end(end)) else { return };
        if let Some(text) = text {
            self.grow(*id, |session| session.comment(text));
        }
        self.write(id);
        let Some(session) = self.sessions.remove(id) else { return };
        self.open_bytes = self.open_bytes.saturating_sub(session.bytes());
        if session.written > 0 {
            self.folder.close(session.name, session.written);
        }
        self.keep_within_budget(None);
    }

    /// Removes files until all together are within the budget: closed ones first, then those of sessions that were
    /// silent for longest. When only one is left, it ends.
    fn keep_within_budget(&mut self, growing: Option<CarveId>) {
        while self.folder.closed_bytes().saturating_add(self.open_bytes) > self.budget_bytes {
            if let Some((name, removed)) = self.folder.remove_oldest() {
                self.removed(&name, removed);
                continue;
            }
            let mut others = self.sessions.iter_mut().filter(|(id, _)| Some(**id) != growing);
            if let Some((_, silent)) = others.find(|(_, session)| !session.given_up) {
                silent.given_up = true;
                self.open_bytes = self.open_bytes.saturating_sub(silent.bytes());
                silent.buffer.clear();
                if std::mem::take(&mut silent.written) > 0 {
                    let name = silent.name.clone();
                    let removed = self.folder.remove(&name);
                    self.removed(&name, removed);
                }
                continue;
            }
            if let Some(session) = growing.and_then(|id| self.sessions.get_mut(&id)) {
                session.given_up = true;
                self.open_bytes = self.open_bytes.saturating_sub(session.buffer.len() as u64);
                session.buffer.clear();
            }
            return;
        }
    }

    fn removed(&mut self, name: &str, removed: io::Result<()>) {
        match removed {
            Ok(()) => self.stats.carve_files_removed += 1,
            // Somebody else has made room.
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => {}
            Err(cause) => {
                let path = self.folder.path_of(name);
                self.failed(CarveError { path, cause });
            }
        }
    }

    fn failed(&mut self, error: CarveError) {
        self.stats.carve_failures += 1;
        self.failure.get_or_insert(error);
    }
}

impl Session {
    fn new(id: &CarveId) -> Self {
        let mut buffer = Vec::new();
        pcapng::push_section(&mut buffer, &comment::of_session(id));
        Self {
            name: carved_file_name(id),
            link_types: Vec::new(),
            buffer,
            written: 0,
            comments: Vec::new(),
            last: id.time,
            given_up: false,
        }
    }

    fn frame(&mut self, frame: &KeptFrame) {
        if self.given_up {
            return;
        }
        let known = self.link_types.iter().position(|link_type| *link_type == frame.link_type);
        let interface = known.unwrap_or_else(|| {
            pcapng::push_interface(&mut self.buffer, frame.link_type);
            self.link_types.push(frame.link_type);
            self.link_types.len() - 1
        });
        let interface = u32::try_from(interface).unwrap_or(u32::MAX);
        pcapng::push_packet(&mut self.buffer, interface, frame, &self.comments);
        self.comments.clear();
        self.last = frame.time;
    }

    /// Tells something that belongs to no frame. Without a frame before it there is no interface that it could stand with:
    /// then it waits for the next one.
    fn comment(&mut self, text: &str) {
        if self.given_up {
            return;
        }
        if self.link_types.is_empty() {
            if self.comments.len() < MAX_COMMENTS {
                self.comments.push(text.to_owned());
            }
        } else {
            pcapng::push_comment(&mut self.buffer, self.last, text);
        }
    }

    const fn is_new(&self) -> bool {
        self.link_types.is_empty() && self.comments.is_empty()
    }

    fn bytes(&self) -> u64 {
        self.written + self.buffer.len() as u64
    }
}

/// One session may have so small a part of the budget.
const SESSION_PART: u64 = 4;

/// Bytes of a session that are collected before they are written.
const BUFFER_BYTES: usize = 8 << 10;

/// Comments that wait for a frame.
const MAX_COMMENTS: usize = 16;
