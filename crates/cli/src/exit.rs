//! Exit statuses.

use std::process::ExitCode;

/// How the program ends.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Exit(u8);

/// All was done.
pub(crate) const DONE: Exit = Exit(0);
/// What was asked about has something wrong with it.
pub(crate) const FOUND: Exit = Exit(1);
/// Wrong use or configuration.
pub(crate) const WRONG_USE: Exit = Exit(2);
/// Some input could not be read, or some output not be written.
pub(crate) const UNREADABLE: Exit = Exit(3);

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.0)
    }
}
