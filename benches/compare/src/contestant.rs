//! The programs that run against each other.

use crate::Error;
use crate::args::CompareArguments;
use rpcscope_testkit::load::{rules, suricata_rules};
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

/// All programs that are to run on a capture: the walk first, then rpcscope, then what is installed of the peers. What
/// is not installed is told by a line.
pub(crate) fn all(
    capture: &Path,
    rule_count: usize,
    scratch: &Path,
    wanted: &CompareArguments,
) -> Result<(Vec<Contestant>, String), Error> {
    let capture = &capture.canonicalize()?;
    let own = std::env::current_exe()?;
    let mut all = Vec::new();
    let mut missing = String::new();
    let mut add = |name: &str, kind, program: &Path, words: &[OsString]| {
        let arguments = words.iter().cloned().chain([capture.into()]).collect();
        all.push(Contestant { name: name.to_owned(), kind, program: program.to_owned(), arguments });
    };
    let replay = replay(rule_count, scratch)?;
    let on = |threads: &str| [replay.as_slice(), &strings(&["--threads", threads])].concat();
    let cores = std::thread::available_parallelism()?.to_string();
    add("bare walk", Kind::Walk, &own, &strings(&["walk"]));
    add("rpcscope, 1 thread", Kind::OneThread, &own, &on("1"));
    add(&format!("rpcscope, {cores} threads"), Kind::AllThreads, &own, &on(&cores));
    for other in &wanted.beside {
        let program = other.canonicalize().map_err(|error| format!("{}: {error}", other.display()))?;
        add(&format!("{}, 1 thread", other.display()), Kind::Peer, &program, &on("1"));
    }
    let mut peer = |program: &str| {
        let found = installed(program);
        if found.is_none() {
            missing.push_str(&format!("{program} is not installed and takes no part\n"));
        }
        found
    };
    if !wanted.no_peers {
        if let Some(program) = peer("tcpdump") {
            add("tcpdump -w", Kind::Peer, &program, &strings(&["-n", "-w", "/dev/null", "-r"]));
        }
        if let Some(program) = peer("suricata") {
            let bare = suricata(0, scratch)?;
            add("Suricata, dcerpc and smb", Kind::Peer, &program, &bare);
            if rule_count > 0 {
                let name = format!("Suricata, {rule_count} rules");
                add(&name, Kind::Peer, &program, &suricata(rule_count, scratch)?);
            }
        }
    }
    if wanted.tshark
        && let Some(program) = peer("tshark")
    {
        let fields = ["-n", "-Y", "dcerpc", "-T", "fields", "-e", "frame.number", "-e", "dcerpc.opnum", "-r"];
        add("tshark, dcerpc fields", Kind::Peer, &program, &strings(&fields));
    }
    Ok((all, missing))
}

/// Arguments of a replay with so many rules, but for threads and capture.
pub(crate) fn replay(rule_count: usize, scratch: &Path) -> Result<Vec<OsString>, Error> {
    let mut arguments = strings(&["replay", "--format", "eve"]);
    if rule_count > 0 {
        let folder = scratch.join(format!("rules-{rule_count}"));
        write_rules(rule_count, &folder)?;
        arguments.extend(["--rules".into(), folder.into()]);
    }
    Ok(arguments)
}

/// Writes so many rules into a folder.
pub(crate) fn write_rules(count: usize, folder: &Path) -> Result<(), Error> {
    std::fs::create_dir_all(folder)?;
    for file in rules(count) {
        std::fs::write(folder.join(file.name), file.text)?;
    }
    Ok(())
}

/// Arguments of Suricata with its settings and so many rules, but for the capture.
fn suricata(rule_count: usize, scratch: &Path) -> Result<Vec<OsString>, Error> {
    let (settings, rules) = (scratch.join("suricata.yaml"), scratch.join(format!("{rule_count}.rules")));
    std::fs::write(&settings, SURICATA_SETTINGS)?;
    std::fs::write(&rules, suricata_rules(rule_count))?;
    let mut arguments = strings(&["-k", "none", "--runmode", "single", "-l", "."]);
    arguments.extend(["-c".into(), settings.into(), "-S".into(), rules.into(), "-r".into()]);
    Ok(arguments)
}

fn strings(words: &[&str]) -> Vec<OsString> {
    words.iter().map(OsString::from).collect()
}

/// The file of a program that can be run by its name.
fn installed(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(program)).find(|file| file.is_file())
}

/// Suricata 7 with its dcerpc and smb parsers and nothing else.
const SURICATA_SETTINGS: &str = include_str!("../suricata.yaml");
