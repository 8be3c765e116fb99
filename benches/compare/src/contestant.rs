//! The programs that run against each other.

use crate::Error;
use crate::args::CompareArguments;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// A program with its arguments.
pub(crate) struct Contestant {
    pub(crate) name: String,
    pub(crate) kind: Kind,
    pub(crate) program: PathBuf,
    pub(crate) arguments: Vec<OsString>,
}

/// What a contestant is measured for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    /// The least that any reader of the capture has to do.
    Walk,
    /// This build of rpcscope on one thread.
    OneThread,
    /// This build of rpcscope on all cores.
    AllThreads,
    /// Another program, or another build of rpcscope.
    Peer,
}

/// All programs that are to run on a capture: the walk first, then rpcscope, then what is installed of the peers.
pub(crate) fn all(
    capture: &Path,
    scratch: &Path,
    arguments: &CompareArguments,
) -> Result<Vec<Contestant>, Error> {
    let capture = &capture.canonicalize()?;
    let own = std::env::current_exe()?;
    let mut all = Vec::new();
    let mut add = |name: &str, kind, program: &Path, words: &[&str], file: &Path| {
        let arguments = words.iter().map(OsString::from).chain([file.into()]).collect();
        all.push(Contestant { name: name.to_owned(), kind, program: program.to_owned(), arguments });
    };
    let cores = std::thread::available_parallelism()?.to_string();
    let one = ["replay", "--format", "eve", "--threads", "1"];
    add("bare walk", Kind::Walk, &own, &["walk"], capture);
    add("rpcscope, 1 thread", Kind::OneThread, &own, &one, capture);
    let all_cores = ["replay", "--format", "eve", "--threads", &cores];
    add(&format!("rpcscope, {cores} threads"), Kind::AllThreads, &own, &all_cores, capture);
    for other in &arguments.beside {
        let program = other.canonicalize().map_err(|error| format!("{}: {error}", other.display()))?;
        add(&format!("{}, 1 thread", other.display()), Kind::Peer, &program, &one, capture);
    }
    if let Some(program) = installed("tcpdump").filter(|_| !arguments.no_peers) {
        add("tcpdump -w", Kind::Peer, &program, &["-n", "-w", "/dev/null", "-r"], capture);
    }
    if let Some(program) = installed("suricata").filter(|_| !arguments.no_peers) {
        let settings = scratch.join("suricata.yaml");
        std::fs::write(&settings, SURICATA_SETTINGS)?;
        let settings = settings.to_string_lossy();
        let words = ["-c", &settings, "-k", "none", "--runmode", "single", "-l", ".", "-r"];
        add("Suricata, dcerpc and smb", Kind::Peer, &program, &words, capture);
    }
    if arguments.tshark {
        let program = installed("tshark").ok_or("tshark is not installed")?;
        let words = ["-n", "-Y", "dcerpc", "-T", "fields", "-e", "frame.number", "-e", "dcerpc.opnum", "-r"];
        add("tshark, dcerpc fields", Kind::Peer, &program, &words, capture);
    }
    Ok(all)
}

/// The file of a program that can be run by its name.
fn installed(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(program)).find(|file| file.is_file())
}

/// Suricata 7 with its dcerpc and smb parsers and nothing else.
const SURICATA_SETTINGS: &str = include_str!("../suricata.yaml");
