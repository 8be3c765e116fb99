//! Files of shares: what there is to tell of them while they are open.

use super::handle::Scope;
use crate::At;
use crate::bounded::Bounded;
use crate::session::pipe_endpoint;
use rpcscope_model::{
    Disposition, EventBody, FileAction, FileTimes, Identity, Pipe, Share, SmbAnswer, SmbFile, SmbMapping,
    Text,
};
use rpcscope_wire::{FileChange, FileInformation, utf16};
use std::hash::Hash;
use std::sync::Arc;

/// What a create asks for, in either version.
#[derive(Clone, Copy, Debug)]
pub(super) struct Creation<'a> {
    pub(super) name: utf16::Text<'a>,
    pub(super) access: u32,
    pub(super) disposition: u32,
    pub(super) options: u32,
}

/// Options of a create ([MS-SMB2] 2.2.13).
const DIRECTORY_FILE: u32 = 0x0001;
const NON_DIRECTORY_FILE: u32 = 0x0040;
const DELETE_ON_CLOSE: u32 = 0x1000;

/// A file that is open, or that a create asks for.
#[derive(Debug)]
pub(super) struct OpenFile {
    /// What its events tell.
    told: SmbFile,
    /// When the create came.
    asked: At,
    is_open: bool,
    /// Its deletion was told.
    is_deleted: bool,
}

impl OpenFile {
    /// A file that a create asks for.
    pub(super) fn asked(creation: &Creation<'_>, share: Share, at: At) -> Box<Self> {
        let has = |option| creation.options & option != 0;
        let is_directory = match (has(DIRECTORY_FILE), has(NON_DIRECTORY_FILE)) {
            (true, false) => Some(true),
            (false, true) => Some(false),
            _ => None,
        };
        let told = SmbFile {
            is_directory,
            access: Some(creation.access),
            disposition: Some(Disposition(creation.disposition)),
            delete_on_close: has(DELETE_ON_CLOSE),
            ..named(FileAction::Open, share, text(&creation.name))
        };
        Box::new(Self { told, asked: at, is_open: false, is_deleted: false })
    }

    /// Its name, as the client wrote it.
    pub(super) fn name(&self) -> &str {
        &self.told.name.string
    }

    /// Notes who opens it.
    pub(super) fn identify(&mut self, identity: Option<&Arc<Identity>>) {
        self.told.identity = identity.cloned();
    }

    /// Reports that the server has opened it.
    pub(super) fn opened(&mut self, file: &FileInformation, answer: SmbAnswer, scope: &mut Scope<'_>) {
        scope.out.stats().smb_files += 1;
        self.told.created = Some(file.action);
        self.told.size = Some(file.size);
        self.told.times = file.times;
        self.told.is_directory = Some(file.is_directory());
        self.is_open = true;
        // Requests of its compound may have written it before the answer came.
        let written = std::mem::take(&mut self.told.bytes_written);
        self.tell(FileAction::Open, self.asked, Some(answer), scope);
        if written > 0 {
            self.told.bytes_written = written;
            self.tell(FileAction::Write, self.asked, None, scope);
        }
    }

    /// Reports that it was not opened: the server refused, or no answer was seen.
    pub(super) fn failed(&self, answer: Option<SmbAnswer>, scope: &mut Scope<'_>) {
        self.tell(FileAction::Open, self.asked, answer, scope);
    }

    /// Reports that it is a pipe, and how the server answered.
    pub(super) fn was_pipe(&self, answer: Option<SmbAnswer>, scope: &mut Scope<'_>) {
        let SmbFile { share, name, access, identity, .. } = &self.told;
        let pipe = Pipe {
            share: share.clone(),
            endpoint: pipe_endpoint(&name.string),
            name: name.clone(),
            access: access.unwrap_or_default(),
            answer,
            identity: identity.clone(),
        };
        scope.out.tell(scope.version, self.asked, EventBody::Pipe(Box::new(pipe)));
    }

    /// Notes that a client writes it, and reports that the first time.
    pub(super) fn wrote(&mut self, bytes: usize, scope: &mut Scope<'_>) {
        let is_first = self.told.bytes_written == 0;
        self.told.bytes_written = self.told.bytes_written.saturating_add(bytes as u64);
        if is_first && bytes > 0 && self.is_open {
            self.tell(FileAction::Write, scope.at, None, scope);
        }
    }

    /// Notes that a client has read it.
    pub(super) fn read(&mut self, bytes: usize) {
        self.told.bytes_read = self.told.bytes_read.saturating_add(bytes as u64);
    }

    /// Reports what became of it. `asked` is when the client asked for that.
    fn change(&mut self, change: &Change, asked: At, answer: Option<SmbAnswer>, scope: &mut Scope<'_>) {
        let is_done = !answer.is_some_and(|answer| answer.is_error());
        match change {
            Change::Rename(name) => {
                let previous = std::mem::replace(&mut self.told.name, name.clone());
                self.told.previous_name = Some(previous);
                self.tell(FileAction::Rename, asked, answer, scope);
                if let Some(previous) = self.told.previous_name.take()
                    && !is_done
                {
                    self.told.name = previous;
                }
            }
            Change::Delete if !self.is_deleted => {
                self.is_deleted = is_done;
                self.tell(FileAction::Delete, asked, answer, scope);
            }
            Change::Delete => {}
            Change::Keep => {
                self.is_deleted &= !is_done;
                self.told.delete_on_close &= !is_done;
            }
        }
    }

    /// Reports that it was closed, when that says something. `answer` is `None` when its session just ended.
    fn close(&self, asked: At, answer: Option<SmbAnswer>, scope: &mut Scope<'_>) {
        if self.told.bytes_read > 0 || self.told.bytes_written > 0 {
            self.tell(FileAction::Close, asked, answer, scope);
        }
        if self.told.delete_on_close && !self.is_deleted && answer.is_some() {
            self.tell(FileAction::Delete, asked, answer, scope);
        }
    }

    fn tell(&self, action: FileAction, at: At, answer: Option<SmbAnswer>, scope: &mut Scope<'_>) {
        let file = SmbFile { action, answer, ..self.told.clone() };
        scope.out.tell(scope.version, at, EventBody::SmbFile(Box::new(file)));
    }

    /// Bytes that it takes, about.
    fn cost(&self) -> usize {
        let SmbFile { name, previous_name, .. } = &self.told;
        size_of::<Self>() + name.string.len() + previous_name.as_ref().map_or(0, |name| name.string.len())
    }
}

/// What is to become of an open file.
#[derive(Clone, Debug)]
pub(super) enum Change {
    Rename(Text),
    Delete,
    Keep,
}

impl Change {
    pub(super) fn of(change: &FileChange<'_>) -> Self {
        match change {
            FileChange::Rename(name) => Self::Rename(text(name)),
            FileChange::Delete => Self::Delete,
            FileChange::Keep => Self::Keep,
        }
    }
}

/// The open files of one session, or of one connection of SMB 1.
#[derive(Debug)]
pub(super) struct Files<K>(Bounded<K, (K, Box<OpenFile>)>);

impl<K: Copy + Eq + Hash> Files<K> {
    pub(super) fn new(limit: usize) -> Self {
        Self(Bounded::new(limit))
    }

    /// Adds a file that was opened. The oldest of too many are forgotten.
    pub(super) fn insert(&mut self, key: K, file: Box<OpenFile>, scope: &mut Scope<'_>) {
        // A server that uses a number again has closed what it stood for.
        if let Some(before) = self.take(key, scope) {
            before.close(scope.at, None, scope);
        }
        scope.out.hold(0, file.cost());
        if let Some((_, oldest)) = self.0.insert(key, (key, file)) {
            self.evict(&oldest, scope);
        }
        // Too many in all: whoever opens one more pays for it.
        while scope.out.is_full()
            && let Some((_, (_, oldest))) = self.0.pop_oldest()
        {
            self.evict(&oldest, scope);
        }
    }

    /// Notes that a client writes a file. Returns whether it is known.
    pub(super) fn wrote(&mut self, key: K, bytes: usize, scope: &mut Scope<'_>) -> bool {
        let file = self.0.get_mut(&key);
        file.map(|(_, file)| file.wrote(bytes, scope)).is_some()
    }

    /// Notes that a client has read a file. Returns whether it is known.
    pub(super) fn read(&mut self, key: K, bytes: usize) -> bool {
        let file = self.0.get_mut(&key);
        file.map(|(_, file)| file.read(bytes)).is_some()
    }

    /// Reports what became of a file.
    pub(super) fn change(
        &mut self,
        key: K,
        change: &Change,
        asked: At,
        answer: Option<SmbAnswer>,
        scope: &mut Scope<'_>,
    ) {
        if let Some((_, file)) = self.0.get_mut(&key) {
            let before = file.cost();
            file.change(change, asked, answer, scope);
            scope.out.hold(before, file.cost());
        }
    }

    /// Reports that a file was closed.
    pub(super) fn close(&mut self, key: K, asked: At, answer: SmbAnswer, scope: &mut Scope<'_>) {
        if let Some(file) = self.take(key, scope) {
            file.close(asked, Some(answer), scope);
        }
    }

    /// Reports the files of a share, or of a user, that is gone.
    pub(super) fn end_of(&mut self, is_gone: impl Fn(&Share) -> bool, scope: &mut Scope<'_>) {
        let gone = self.0.values().filter(|(_, file)| is_gone(&file.told.share)).map(|(key, _)| *key);
        for key in gone.collect::<Vec<_>>() {
            if let Some(file) = self.take(key, scope) {
                file.close(scope.at, None, scope);
            }
        }
    }

    /// Reports all files: their session is over.
    pub(super) fn end(&mut self, scope: &mut Scope<'_>) {
        while let Some((_, (_, file))) = self.0.pop_oldest() {
            scope.out.hold(file.cost(), 0);
            file.close(scope.at, None, scope);
        }
    }

    fn evict(&self, file: &OpenFile, scope: &mut Scope<'_>) {
        scope.out.hold(file.cost(), 0);
        scope.out.stats().smb_files_evicted += 1;
        file.close(scope.at, None, scope);
    }

    fn take(&mut self, key: K, scope: &mut Scope<'_>) -> Option<Box<OpenFile>> {
        let (_, file) = self.0.remove(&key)?;
        scope.out.hold(file.cost(), 0);
        Some(file)
    }
}

/// Something that is done to a file by its name.
pub(super) fn named(action: FileAction, share: Share, name: Text) -> SmbFile {
    SmbFile {
        action,
        share,
        name,
        previous_name: None,
        is_directory: None,
        access: None,
        disposition: None,
        delete_on_close: false,
        created: None,
        size: None,
        times: FileTimes::default(),
        bytes_read: 0,
        bytes_written: 0,
        answer: None,
        identity: None,
    }
}

/// A connection to a share that a client asks for.
pub(super) fn mapping(session_id: u64, path: Option<&utf16::Text<'_>>) -> Box<SmbMapping> {
    let path = path.map(|path| text(path).string).filter(|path| !path.is_empty());
    let share = Share { session_id, path: path.map(Arc::from), ..Share::default() };
    let told = SmbMapping { share, service: None, native_file_system: None, answer: None, identity: None };
    Box::new(told)
}

/// A text of the wire, as events tell it.
pub(super) fn text(wire: &utf16::Text<'_>) -> Text {
    let mut chars = wire.chars();
    let string: String = chars.by_ref().take(Text::MAX_CHARS).collect();
    Text { string: string.into(), cut: !wire.complete || chars.next().is_some() }
}
