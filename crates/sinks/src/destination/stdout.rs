//! Standard output.

use super::spelling::{DestinationError, Spelling};
use super::{Needs, Opened, Step, Surroundings, Target};
use std::fmt;
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsFd;

/// Standard output. When its reader goes away it has ended, and nothing more is ever written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct StdoutDestination;

impl StdoutDestination {
    pub(super) fn parse(spelling: &Spelling<'_>) -> Result<Self, DestinationError> {
        if !spelling.address().is_empty() {
            return Err(spelling.error(0, "standard output has no address"));
        }
        spelling.no_options().map(|()| Self)
    }
}

impl Target for StdoutDestination {
    /// Takes a descriptor of its own: the standard library's handle keeps bytes back and does not tell how many.
    fn open(&self, _: &Surroundings) -> io::Result<Box<dyn Opened>> {
        let descriptor = io::stdout().as_fd().try_clone_to_owned()?;
        Ok(Box::new(OpenStdout { file: File::from(descriptor) }))
    }

    fn needs(&self) -> Needs {
        Needs::default()
    }

    fn name(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("standard output")
    }
}

struct OpenStdout {
    file: File,
}

impl Opened for OpenStdout {
    fn write(&mut self, lines: &[u8]) -> io::Result<Step> {
        match self.file.write(lines) {
            Ok(0) => Err(io::ErrorKind::WriteZero.into()),
            Ok(taken) => Ok(Step::Taken(taken)),
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(Step::Ended),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(Step::Waiting),
            Err(error) => Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::fd::OwnedFd;

    #[test]
    fn a_reader_that_went_away_is_the_end() {
        let (reader, writer) = io::pipe().expect("a pipe");
        let mut open = OpenStdout { file: File::from(OwnedFd::from(writer)) };
        assert!(matches!(open.write(b"a\n"), Ok(Step::Taken(2))));
        drop(reader);
        assert!(matches!(open.write(b"b\n"), Ok(Step::Ended)));
    }
}
