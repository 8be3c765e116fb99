//! A file: it may rotate, be moved away by others, and its disk may be full.

use super::rotation::{self, Rotation};
use super::spelling::{DestinationError, Spelling};
use super::{Needs, Now, Opened, Step, Surroundings, Target};
use rpcscope_model::Timestamp;
use std::fmt;
use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{FileExt, FileTypeExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// A file, which may rotate. A device or a pipe of that name is written to as well; it never rotates.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FileDestination {
    /// Where it is.
    pub path: PathBuf,
    /// When it is put aside.
    pub rotation: Rotation,
}

impl FileDestination {
    /// A file that does not rotate.
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), rotation: Rotation::default() }
    }

    pub(super) fn parse(spelling: &Spelling<'_>) -> Result<Self, DestinationError> {
        let mut file = Self::at(spelling.path()?);
        let rotation = &mut file.rotation;
        for option in spelling.options() {
            match option.key() {
                "rotate" => rotation.size = Some(option.bytes()?),
                "every" => rotation.every = Some(option.seconds()?),
                "keep" => rotation.keep = Some(number_of_files(option)?),
                "budget" => rotation.budget = Some(option.bytes()?),
                _ => return Err(option.unknown(&["rotate", "every", "keep", "budget"])),
            }
        }
        let rotates = rotation.size.is_some() || rotation.every.is_some();
        match spelling.options().iter().find(|option| matches!(option.key(), "keep" | "budget")) {
            Some(option) if !rotates => Err(option
                .key_error(format!("`{}` needs `rotate` or `every`", option.key()))
                .hint("nothing rotates without")),
            _ => Ok(file),
        }
    }

    /// The path without links, as far as there is something.
    fn real_path(&self) -> PathBuf {
        fs::canonicalize(&self.path).unwrap_or_else(|_| self.path.clone())
    }

    /// Whether something that is no ordinary file has this name.
    fn is_device(&self) -> bool {
        fs::metadata(&self.path).is_ok_and(|meta| !meta.is_file() && !meta.is_dir())
    }
}

fn number_of_files(option: &super::spelling::Setting<'_>) -> Result<u64, DestinationError> {
    let value = option.value();
    value.parse().ok().filter(|number| *number > 0).ok_or_else(|| {
        let error = option.error(format!("`{value}` is no number of files"));
        match super::bytes(value) {
            Some(_) => error.hint(format!("for a size write `budget={value}`")),
            None => error.hint("write a number above 0"),
        }
    })
}

impl Target for FileDestination {
    fn open(&self, surroundings: &Surroundings) -> io::Result<Box<dyn Opened>> {
        Ok(Box::new(OpenFile::new(self.clone(), surroundings.now.clone())?))
    }

    fn check(&self) -> Result<(), DestinationError> {
        let error = |message: String| Err(DestinationError { column: 1, message, hint: None });
        let shown = self.path.display();
        if self.path.is_dir() || self.path.file_name().is_none() {
            return error(format!("`{shown}` is a folder, not a file"));
        }
        if fs::metadata(&self.path).is_ok_and(|meta| meta.file_type().is_socket()) {
            let (message, hint) = (format!("`{shown}` is a socket"), Some(format!("write `unix:{shown}`")));
            return Err(DestinationError { column: 1, message, hint });
        }
        let folder = rotation::folder(&self.path);
        match fs::metadata(folder) {
            Ok(meta) if meta.is_dir() => Ok(()),
            Ok(_) => error(format!("`{}` is no folder, so that `{shown}` cannot be made", folder.display())),
            Err(cause) => {
                let hint = (cause.kind() == io::ErrorKind::NotFound)
                    .then(|| format!("make it with `mkdir -p {}`", folder.display()));
                let message = format!("the folder of `{shown}` cannot be used: {cause}");
                Err(DestinationError { column: 1, message, hint })
            }
        }
    }

    fn needs(&self) -> Needs {
        if self.is_device() {
            Needs { peers: vec![self.path.clone()], ..Needs::default() }
        } else {
            let mut folders = vec![rotation::folder(&self.path).to_owned()];
            if fs::symlink_metadata(&self.path).is_ok_and(|meta| meta.is_symlink()) {
                folders.push(rotation::folder(&self.real_path()).to_owned());
            }
            Needs { folders, ..Needs::default() }
        }
    }

    fn name(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.path.display())
    }
}

/// A file that is open.
struct OpenFile {
    file: File,
    destination: FileDestination,
    /// Where it really is, when its path is a link: there it rotates.
    path: PathBuf,
    now: Now,
    /// Whether it is an ordinary file, which can rotate and be cut.
    regular: bool,
    /// Bytes that it has.
    length: u64,
    /// Length that it may have; grows when putting it aside fails, so that this is not tried for every batch.
    limit: u64,
    /// The stretch of time that it is about.
    period: i64,
    /// Whether what it has ends with the end of a line.
    whole: bool,
    complaint: Option<io::Error>,
}

impl OpenFile {
    fn new(destination: FileDestination, now: Now) -> io::Result<Self> {
        let file = append_to(&destination.path)?;
        let meta = file.metadata()?;
        let regular = meta.is_file();
        let mut length = if regular { meta.len() } else { 0 };
        // A last line that was cut when the host died must not swallow the next one.
        if length > 0 && !ends_with_a_line(&file, length) {
            (&file).write_all(b"\n")?;
            length += 1;
        }
        let path = destination.real_path();
        let rotation = destination.rotation;
        let last_written = Timestamp::from_parts(meta.mtime(), 0);
        let begun = if length > 0 { last_written.min(now()) } else { now() };
        let limit = rotation.size.filter(|_| regular).unwrap_or(u64::MAX);
        let period = rotation.period(begun);
        Ok(Self {
            file,
            destination,
            path,
            now,
            regular,
            length,
            limit,
            period,
            whole: true,
            complaint: None,
        })
    }

    /// Puts the file aside when its time is over.
    fn turn(&mut self) -> io::Result<()> {
        let period = self.destination.rotation.period((self.now)());
        if !self.regular || period == self.period {
            return Ok(());
        }
        // A clock that was set back is no reason to rotate.
        let over = period > self.period;
        self.period = period;
        if over && self.length > 0 { self.rotate() } else { Ok(()) }
    }

    /// Puts the file aside and opens a new one. Fails only when there is no file to write to any more.
    fn rotate(&mut self) -> io::Result<()> {
        let path = self.path.clone();
        if !self.is_moved()? {
            let aside = rotation::free_name(&path, (self.now)());
            let aside = match aside.and_then(|aside| fs::rename(&path, &aside).map(|()| aside)) {
                Ok(aside) => aside,
                Err(error) => {
                    self.limit =
                        self.length.saturating_add(self.destination.rotation.size.unwrap_or(u64::MAX));
                    self.complaint = Some(told(&error, "cannot put the file aside"));
                    return Ok(());
                }
            };
            self.reopen()?;
            if let Err(error) = self.destination.rotation.prune(&path, &aside) {
                self.complaint = Some(told(&error, "cannot remove old files"));
            }
            return Ok(());
        }
        self.reopen()
    }

    /// Whether the path is no longer that of the file that is open.
    fn is_moved(&self) -> io::Result<bool> {
        let identity = |meta: &Metadata| (meta.dev(), meta.ino());
        match fs::metadata(&self.destination.path) {
            Ok(meta) => Ok(identity(&meta) != identity(&self.file.metadata()?)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(true),
            Err(error) => Err(error),
        }
    }
}

impl Opened for OpenFile {
    fn write(&mut self, lines: &[u8]) -> io::Result<Step> {
        let length = self.length.saturating_add(lines.len() as u64);
        if self.whole && self.length > 0 && length > self.limit {
            self.rotate()?;
        }
        match self.file.write(lines) {
            Ok(0) => Err(io::ErrorKind::WriteZero.into()),
            Ok(taken) => {
                self.length = self.length.saturating_add(taken as u64);
                self.whole = lines.get(..taken).is_some_and(|taken| taken.ends_with(b"\n"));
                Ok(Step::Taken(taken))
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(Step::Waiting),
            Err(error) => Err(error),
        }
    }

    /// A file that somebody moved or removed without saying so is opened anew: else what is written would be lost.
    fn tend(&mut self) -> io::Result<()> {
        self.turn()?;
        if self.regular && self.is_moved()? { self.reopen() } else { Ok(()) }
    }

    fn reopen(&mut self) -> io::Result<()> {
        let complaint = self.complaint.take();
        *self = Self::new(self.destination.clone(), self.now.clone())?;
        self.complaint = complaint;
        Ok(())
    }

    /// Cuts the file, unless somebody else has written to it. When that cannot be, the next opening ends the line.
    fn take_back(&mut self, bytes: usize) {
        let length = self.length.saturating_sub(bytes as u64);
        let ours = self.file.metadata().is_ok_and(|meta| meta.len() == self.length);
        if bytes > 0 && self.regular && ours && self.file.set_len(length).is_ok() {
            self.length = length;
        }
    }

    fn complaint(&mut self) -> Option<io::Error> {
        self.complaint.take()
    }
}

/// Opens a file so that each write goes to its end, whoever else writes.
///
/// It is opened for reading, too, to look at its last byte; a pipe that has no reader yet can be opened that way only.
fn append_to(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).append(true).create(true).mode(MODE).open(path)
}

fn ends_with_a_line(file: &File, length: u64) -> bool {
    let mut last = [0];
    file.read_exact_at(&mut last, length - 1).is_ok_and(|()| last == *b"\n")
}

fn told(error: &io::Error, what: &str) -> io::Error {
    io::Error::new(error.kind(), format!("{what}: {error}"))
}

/// Who may read what a sensor writes: its user and its group.
const MODE: u32 = 0o640;

#[cfg(test)]
mod tests;
