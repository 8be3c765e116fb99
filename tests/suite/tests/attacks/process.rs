//! Each attack runs in a process of its own, so that the memory of the process is what the sensor has taken.

use std::env;
use std::process::Command;

/// Runs `body` in a process of its own: this test, started again.
pub(crate) fn alone(test: &str, body: impl FnOnce()) {
    if env::var_os(INSIDE).is_some() {
        return body();
    }
    let output = Command::new(env::current_exe().expect("this test"))
        .args([test, "--exact", "--nocapture"])
        .env(INSIDE, "1")
        .output()
        .expect("this test starts again");
    let text = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && text.contains("1 passed"), "{text}{errors}");
    text.lines().filter(|line| line.starts_with(MARK)).for_each(|line| println!("\n{}", &line[MARK.len()..]));
}

/// Anonymous memory of this process, in kilobytes. 0 where it cannot be told: only Linux does.
pub(crate) fn anonymous_kb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:"));
    line.and_then(|rest| rest.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0)
}

/// Whether floods are to have their full size.
pub(crate) fn is_full() -> bool {
    env::var_os("RPCSCOPE_FULL").is_some_and(|value| value == "1")
}

/// Stands before a line that is shown to whoever runs the tests.
pub(crate) const MARK: &str = "attack: ";

/// Set in the process that runs one attack.
const INSIDE: &str = "RPCSCOPE_TEST_ATTACK";
