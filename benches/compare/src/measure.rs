//! Runs one process and tells what it used.

use crate::Error;
use std::ffi::OsString;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use wait4::Wait4;

/// What one run of a process used.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sample {
    /// Time of all its threads, in user mode and in the kernel.
    pub(crate) cpu: Duration,
    /// Time from start to end.
    pub(crate) wall: Duration,
    pub(crate) peak: Memory,
    pub(crate) succeeded: bool,
}

/// Memory of a process, in bytes, as it was seen some hundred times a second.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(crate) struct Memory {
    /// All that was resident. Pages of a mapped capture and of the program count as well.
    pub(crate) resident: u64,
    /// What was resident and is not of a file.
    pub(crate) anonymous: u64,
}

impl Memory {
    /// `VmHWM` and `RssAnon` of a process (proc(5)); 0 where they are not told. What `wait4` tells of a process includes
    /// what its parent had when it began.
    fn read(status: &str) -> Self {
        let bytes = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            let kilobytes = line.and_then(|line| line.trim().strip_suffix("kB")?.trim().parse().ok());
            kilobytes.map_or(0, |kilobytes: u64| kilobytes.saturating_mul(1024))
        };
        Self { resident: bytes("VmHWM:"), anonymous: bytes("RssAnon:") }
    }

    /// The larger figures of both.
    pub(crate) fn max(self, other: Self) -> Self {
        Self { resident: self.resident.max(other.resident), anonymous: self.anonymous.max(other.anonymous) }
    }
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
    let (process, ended) = (child.id(), AtomicBool::new(false));
    let (used, wall, peak) = std::thread::scope(|scope| {
        let watched = scope.spawn(|| watch_memory(process, &ended));
        let used = child.wait4();
        let wall = started.elapsed();
        ended.store(true, Ordering::Relaxed);
        (used, wall, watched.join().unwrap_or_default())
    });
    let used = used?;
    Ok(Sample { cpu: used.rusage.utime + used.rusage.stime, wall, peak, succeeded: used.status.success() })
}

/// Looks at the memory of a process until it has ended, and returns the most.
fn watch_memory(process: u32, ended: &AtomicBool) -> Memory {
    let status = format!("/proc/{process}/status");
    let mut most = Memory::default();
    while !ended.load(Ordering::Relaxed) {
        most = most.max(std::fs::read_to_string(&status).map_or_else(|_| most, |text| Memory::read(&text)));
        std::thread::sleep(WATCHED_EVERY);
    }
    most
}

/// Often enough to see what a program keeps for a while, seldom enough not to disturb it.
const WATCHED_EVERY: Duration = Duration::from_millis(5);

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
        assert!(busy.peak.resident > 100_000, "{busy:?}");
    }

    #[test]
    fn memory_of_its_own_is_seen_while_a_process_lives() {
        // A shell that holds a long text.
        let holder = shell("x=$(head -c 20000000 /dev/zero | tr '\\0' x); sleep 0.3");
        assert!(holder.peak.anonymous > 15_000_000, "{holder:?}");
        assert!(holder.peak.anonymous <= holder.peak.resident, "{holder:?}");
        let read = Memory::read("Name:\tx\nVmHWM:\t    1000 kB\nRssAnon:\t     528 kB\n");
        assert_eq!(read, Memory { resident: 1_024_000, anonymous: 540_672 });
        assert_eq!(Memory::read("Name:\tx\n"), Memory::default());
    }

    #[test]
    fn a_failure_is_told() {
        assert!(shell("exit 0").succeeded);
        assert!(!shell("exit 3").succeeded);
    }
}
