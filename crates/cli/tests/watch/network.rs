//! Network namespaces and the wires in them.

use pcap::{Active, Capture};
use std::path::Path;
use std::process::Command;
use std::{env, fs};

/// Runs `body` in a process with a network namespace and mounts of its own: this test, started again by `unshare`.
pub(crate) fn alone(test: &str, body: impl FnOnce()) {
    if env::var_os(INSIDE).is_some() {
        // Without this, the kernel greets its neighbours on each new interface.
        let setting = Path::new("/proc/sys/net/ipv6/conf/default/disable_ipv6");
        if setting.exists() {
            fs::write(setting, "1").expect("a silent network");
        }
        ip("link set lo up");
        return body();
    }
    let can = |program: &str, arguments: &[&str]| {
        Command::new(program).args(arguments).output().is_ok_and(|output| output.status.success())
    };
    if !can("unshare", &["--net", "--mount", "true"]) || !can("ip", &["-Version"]) {
        eprintln!("skipped: needs root, `unshare` and `ip`");
        return;
    }
    let output = Command::new("unshare")
        .args(["--net", "--mount"])
        .arg(env::current_exe().expect("this test"))
        .args([test, "--exact", "--nocapture"])
        .env(INSIDE, "1")
        .output()
        .expect("unshare starts");
    let text = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && text.contains("1 passed"), "{text}{errors}");
}

/// Set in the process that has a network namespace of its own.
const INSIDE: &str = "RPCSCOPE_TEST_WATCH";

/// Two interfaces joined by a wire: one that is watched, and one on which frames are sent.
pub(crate) struct Wire {
    handle: Capture<Active>,
}

impl Wire {
    /// A new wire, whose watched end has this name.
    pub(crate) fn new(watched: &str) -> Self {
        // Frames that were captured behind offloading are longer than any on a real wire.
        ip(&format!("link add {watched} mtu 65535 type veth peer name {watched}-far mtu 65535"));
        ip(&format!("link set {watched} up"));
        ip(&format!("link set {watched}-far up"));
        Self::of(watched)
    }

    /// The wire whose watched end has this name.
    pub(crate) fn of(watched: &str) -> Self {
        let far = format!("{watched}-far");
        let handle = Capture::from_device(far.as_str()).expect("an interface").open();
        Self { handle: handle.expect("an open interface") }
    }

    pub(crate) fn send(&mut self, frame: &[u8]) {
        self.handle.sendpacket(frame).expect("the frame is sent");
    }
}

/// Runs `ip`.
pub(crate) fn ip(arguments: &str) {
    let status = Command::new("ip").args(arguments.split(' ')).status().expect("ip starts");
    assert!(status.success(), "ip {arguments}");
}
