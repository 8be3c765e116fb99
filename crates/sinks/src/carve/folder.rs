//! The folder that sessions are carved to: files, open and closed, and how large they are.

use super::name::is_carved;
use hashlink::LinkedHashMap;
use rpcscope_model::HashState;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// The folder, with the files of this run and those of earlier runs.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    /// Files that will not grow and their sizes, the one that was closed first in front.
    closed: LinkedHashMap<String, u64, HashState>,
    closed_bytes: u64,
    /// Open files, the one that was written to longest ago in front.
    handles: LinkedHashMap<String, File, HashState>,
}

impl Folder {
    /// Looks what is in a folder.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let mut earlier = Vec::new();
        for entry in std::fs::read_dir(path)? {
            let entry = entry?;
            let name = entry.file_name();
            let Some(name) = name.to_str().filter(|name| is_carved(name)) else { continue };
            let metadata = entry.metadata()?;
            if metadata.is_file() {
                earlier.push((metadata.modified()?, name.to_owned(), metadata.len()));
            }
        }
        earlier.sort();
        let hasher = || HashState::default();
        let mut folder = Self {
            path: path.to_owned(),
            closed: LinkedHashMap::with_hasher(hasher()),
            closed_bytes: 0,
            handles: LinkedHashMap::with_hasher(hasher()),
        };
        earlier.into_iter().for_each(|(_, name, bytes)| folder.close(name, bytes));
        Ok(folder)
    }

    /// Where a file is.
    pub(super) fn path_of(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Bytes of the files that will not grow.
    pub(super) const fn closed_bytes(&self) -> u64 {
        self.closed_bytes
    }

    /// Appends to a file of `size` bytes; without any, the file begins, and one of this name is replaced. What cannot be
    /// written whole is taken back.
    pub(super) fn write(&mut self, name: &str, size: u64, bytes: &[u8]) -> io::Result<()> {
        if size == 0 {
            self.forget(name);
            let file = File::create(self.path_of(name))?;
            self.hold(name, file);
        } else if self.handles.to_back(name).is_none() {
            let file = OpenOptions::new().append(true).open(self.path_of(name))?;
            self.hold(name, file);
        }
        let Some(file) = self.handles.get_mut(name) else { return Ok(()) };
        let written = file.write_all(bytes);
        if written.is_err() {
            // A reader wants whole blocks. When this fails, too, it has to do without.
            let _ = file.set_len(size);
            if size == 0 {
                let _ = self.remove(name);
            }
        }
        written
    }

    /// Notes that a file will not grow.
    pub(super) fn close(&mut self, name: String, bytes: u64) {
        self.handles.remove(&name);
        self.forget(&name);
        self.closed_bytes = self.closed_bytes.saturating_add(bytes);
        self.closed.insert(name, bytes);
    }

    /// Removes the file that was closed first. `None` when there is none.
    pub(super) fn remove_oldest(&mut self) -> Option<(String, io::Result<()>)> {
        let (name, bytes) = self.closed.pop_front()?;
        self.closed_bytes = self.closed_bytes.saturating_sub(bytes);
        let removed = std::fs::remove_file(self.path_of(&name));
        Some((name, removed))
    }

    /// Removes a file that is open.
    pub(super) fn remove(&mut self, name: &str) -> io::Result<()> {
        self.handles.remove(name);
        std::fs::remove_file(self.path_of(name))
    }

    fn forget(&mut self, name: &str) {
        if let Some(bytes) = self.closed.remove(name) {
            self.closed_bytes = self.closed_bytes.saturating_sub(bytes);
        }
    }

    fn hold(&mut self, name: &str, file: File) {
        self.handles.insert(name.to_owned(), file);
        if self.handles.len() > MAX_OPEN_FILES {
            self.handles.pop_front();
        }
    }
}

/// Files that are open at once. Systems allow a process 1024 and more; others are opened again when they grow.
const MAX_OPEN_FILES: usize = 256;
