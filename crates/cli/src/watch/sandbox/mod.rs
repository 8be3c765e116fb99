//! Reduces what the process may do to what a sensor needs: it reads what attackers send.
//!
//! To be entered by the first thread before others are started, which inherit it. Sockets, which need a privilege, are
//! opened before; `CAP_NET_RAW` is kept all the same, since an interface that went away is opened again.

mod files;
mod privileges;
mod system_calls;

pub(super) use files::Files;

use std::fmt;

/// What the process is confined to.
pub(super) struct Confinement<'a> {
    /// The user to become, when the process is run by root.
    pub(super) user: Option<&'a str>,
    pub(super) files: &'a Files,
}

/// What the process may still do.
#[derive(Debug)]
pub(super) struct Kept {
    privileges: privileges::Kept,
    files: files::Kept,
    system_calls: usize,
}

/// Why the process could not be confined.
#[derive(Debug)]
pub(super) struct Refused {
    /// What was to be done.
    what: &'static str,
    cause: String,
    pub(super) hint: Option<&'static str>,
}

/// Confines the process. When it fails, some of it may have been done.
pub(super) fn enter(confinement: &Confinement<'_>) -> Result<Kept, Refused> {
    let privileges = privileges::reduce(confinement.user)?;
    let files = files::restrict(confinement.files)?;
    let system_calls = system_calls::restrict()?;
    Ok(Kept { privileges, files, system_calls })
}

impl Refused {
    fn new(what: &'static str, cause: impl fmt::Display) -> Self {
        Self { what, cause: cause.to_string(), hint: Some("run with --no-sandbox where this cannot be had") }
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sandbox: cannot {}: {}", self.what, self.cause)
    }
}

impl fmt::Display for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sandbox: {}; {}; {} system calls", self.privileges, self.files, self.system_calls)
    }
}
