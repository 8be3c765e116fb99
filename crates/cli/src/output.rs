//! Where results are written.

use crate::exit::{DONE, Exit, UNREADABLE};
use crate::messages;
use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

/// What messages call standard output.
pub(crate) const STANDARD: &str = "standard output";

/// A file or standard output. After the first failure nothing more is written.
pub(crate) struct Output {
    to: Box<dyn Write + Send>,
    failure: Option<io::Error>,
}

impl Output {
    /// Writes to standard output.
    pub(crate) fn stdout() -> Self {
        Self::to(Box::new(io::stdout()))
    }

    /// Writes to a new file.
    pub(crate) fn file(path: &Path) -> io::Result<Self> {
        Ok(Self::to(Box::new(File::create(path)?)))
    }

    fn to(to: Box<dyn Write + Send>) -> Self {
        Self { to, failure: None }
    }

    /// Writes whole lines. The caller hands over large pieces; there is no buffer behind.
    pub(crate) fn write(&mut self, bytes: &[u8]) {
        if bytes.is_empty() || self.is_stopped() {
            return;
        }
        if let Err(error) = self.to.write_all(bytes).and_then(|()| self.to.flush()) {
            self.failure = Some(error);
        }
    }

    /// Whether writing has failed, so that reading on is of no use.
    pub(crate) fn is_stopped(&self) -> bool {
        self.failure.is_some()
    }

    /// Nothing more is written. Says why writing to `name` failed, if it did, and gives how the program ends for it.
    pub(crate) fn finish(self, name: &str) -> Exit {
        match self.failure() {
            None => DONE,
            Some(error) => {
                messages::error(&format_args!("{name}: cannot write: {error}"), None);
                UNREADABLE
            }
        }
    }

    /// Why writing failed. That the reader closed its end is no failure: it has seen what it wanted.
    fn failure(self) -> Option<io::Error> {
        self.failure.filter(|error| error.kind() != io::ErrorKind::BrokenPipe)
    }
}
