//! What of the file system may be read and written.

use super::Refused;
use crate::rule_files::counted;
use landlock::{
    ABI, Access, AccessFs, CompatLevel, Compatible, PathBeneath, PathFd, Ruleset, RulesetAttr,
    RulesetCreatedAttr, RulesetStatus,
};
use rpcscope_sinks::destination::RESOLVER_FILES;
use std::fmt;
use std::path::{Path, PathBuf};

/// Files and folders that a sensor needs once it runs.
#[derive(Default, Debug)]
pub(in crate::watch) struct Files {
    read: Vec<PathBuf>,
    written: Vec<PathBuf>,
}

/// What is enforced of that.
#[derive(Debug)]
pub(super) struct Kept {
    read: usize,
    written: Vec<PathBuf>,
    status: RulesetStatus,
}

/// What the C library, libpcap and the kernel's view of the process are read from.
const SYSTEM: [&str; 7] =
    ["/etc/localtime", "/lib", "/usr/lib", "/proc", "/sys/class/net", "/sys/devices", "/dev/null"];

impl Files {
    /// Adds a file or folder that is read; of a file its folder, since editors replace files.
    pub(in crate::watch) fn read(&mut self, path: &Path) {
        let folder = if path.is_dir() { path } else { parent(path) };
        if !self.read.iter().any(|known| known == folder) {
            self.read.push(folder.to_path_buf());
        }
    }

    /// Adds a folder in which files are made, written, renamed and removed.
    pub(in crate::watch) fn write(&mut self, folder: &Path) {
        self.written.push(folder.to_path_buf());
    }
}

/// The folder of a file.
fn parent(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Restricts this thread, and those that it starts, to these files.
pub(super) fn restrict(files: &Files) -> Result<Kept, Refused> {
    let refused = |error: &dyn fmt::Display| Refused::new("restrict the file system", error);
    let abi = ABI::V5;
    let mut ruleset = Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(abi))
        .and_then(Ruleset::create)
        .map_err(|error| refused(&error))?;
    let system = SYSTEM.iter().chain(RESOLVER_FILES).map(Path::new);
    let read =
        system.chain(files.read.iter().map(PathBuf::as_path)).map(|path| (path, AccessFs::from_read(abi)));
    let devices = [(Path::new("/dev/null"), AccessFs::WriteFile.into())];
    let written =
        files.written.iter().map(|path| (path.as_path(), AccessFs::from_all(abi) & !AccessFs::Execute));
    for (path, access) in read.chain(devices).chain(written) {
        // What is not there cannot be used.
        let Ok(file) = PathFd::new(path) else { continue };
        let access = if path.is_dir() { access } else { access & AccessFs::from_file(abi) };
        ruleset = ruleset.add_rule(PathBeneath::new(file, access)).map_err(|error| refused(&error))?;
    }
    let status = ruleset.restrict_self().map_err(|error| refused(&error))?;
    Ok(Kept { read: files.read.len(), written: files.written.clone(), status: status.ruleset })
}

impl fmt::Display for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.status == RulesetStatus::NotEnforced {
            return f.write_str("all files (this kernel has no landlock)");
        }
        write!(f, "reads the system's files and {}, writes ", counted(self.read, "folder"))?;
        let mut written = self.written.iter();
        match written.next() {
            None => f.write_str("none")?,
            Some(first) => write!(f, "{}", first.display())?,
        }
        written.try_for_each(|folder| write!(f, ", {}", folder.display()))
    }
}
