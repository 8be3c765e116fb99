//! Runs the binary.

// Each test binary uses a part of this.
#![allow(dead_code)]

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// What a run of the binary gave.
pub(crate) struct Run {
    pub(crate) status: i32,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: String,
}

impl Run {
    /// Standard output as text.
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.stdout.clone()).expect("output is UTF-8")
    }

    /// All of it as one text, for a snapshot.
    pub(crate) fn page(&self) -> String {
        let Self { status, stderr, .. } = self;
        format!("exit status {status}\n--- standard output\n{}--- standard error\n{stderr}", self.text())
    }
}

/// The binary, in a folder, with nothing of the surrounding that could change its output.
pub(crate) fn rpcscope(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rpcscope"));
    command.current_dir(folder).stdin(Stdio::null());
    for variable in ["COLUMNS", "NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "TERM", "LANG", "LC_ALL"] {
        command.env_remove(variable);
    }
    command
}

/// Runs it to its end.
pub(crate) fn run(folder: &Path, arguments: &[&str]) -> Run {
    finished(&rpcscope(folder).args(arguments).output().expect("the binary runs"))
}

/// Runs it to its end with this standard input.
pub(crate) fn run_with_input(folder: &Path, arguments: &[&str], input: &[u8]) -> Run {
    let mut child = rpcscope(folder)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary runs");
    let mut stdin = child.stdin.take().expect("a pipe");
    std::thread::scope(|scope| {
        // The binary may stop reading early, which closes the pipe.
        scope.spawn(move || drop(stdin.write_all(input)));
        finished(&child.wait_with_output().expect("the binary ends"))
    })
}

/// The top of the workspace, where `pcaps` stands.
pub(crate) fn workspace() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// One of the project's own captures.
pub(crate) fn own_capture(name: &str) -> Vec<u8> {
    std::fs::read(workspace().join("pcaps").join(name)).expect("a capture of our own")
}

fn finished(output: &Output) -> Run {
    Run {
        status: output.status.code().expect("the binary ends by itself"),
        stdout: output.stdout.clone(),
        stderr: String::from_utf8(output.stderr.clone()).expect("messages are UTF-8"),
    }
}
