//! Runs one process and tells what it used.

use crate::Error;
use std::ffi::OsString;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use wait4::Wait4;

/// What one run of a process used.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sample {
    /// Time of all its threads, in user mode and in the kernel.
    pub(crate) cpu: Duration,
    /// Time from start to end.
    pub(crate) wall: Duration,
    /// Most memory that was resident at once, in bytes. Pages of a mapped capture count as well.
    pub(crate) peak_bytes: u64,
    pub(crate) succeeded: bool,
}

/// Runs a program in the folder `scratch`, without input and output.
pub(crate) fn run(program: &Path, arguments: &[OsString], scratch: &Path) -> Result<Sample, Error> {
    let started = Instant::now();
    let child = Command::new(program)
        .args(arguments)
        .current_dir(scratch)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| format!("cannot run {}: {error}", program.display()))?;
    let used = child.wait4()?;
    Ok(Sample {
        cpu: used.rusage.utime + used.rusage.stime,
        wall: started.elapsed(),
        peak_bytes: used.rusage.maxrss,
        succeeded: used.status.success(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Sample {
        let scratch = tempfile::tempdir().expect("a folder");
        run(Path::new("/bin/sh"), &["-c".into(), script.into()], scratch.path()).expect("a shell")
    }

    #[test]
    fn work_costs_cpu_time_and_waiting_does_not() {
        let busy = shell("i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done");
        let idle = shell("sleep 0.2");
        assert!(busy.cpu > idle.cpu, "{busy:?} {idle:?}");
        assert!(idle.wall >= Duration::from_millis(200) && idle.cpu < Duration::from_millis(200), "{idle:?}");
        assert!(busy.peak_bytes > 100_000, "{busy:?}");
    }

    #[test]
    fn a_failure_is_told() {
        assert!(shell("exit 0").succeeded);
        assert!(!shell("exit 3").succeeded);
    }
}
