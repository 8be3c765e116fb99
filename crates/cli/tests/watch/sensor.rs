//! A running sensor.

use crate::support::rpcscope;
use serde_json::Value;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

/// A running sensor, and what it has said on standard error.
pub(crate) struct Sensor {
    child: Child,
    said: Arc<Mutex<Vec<String>>>,
    folder: PathBuf,
}

impl Sensor {
    /// Starts `rpcscope watch` in a folder, and waits until it watches.
    pub(crate) fn start(folder: &Path, arguments: &[&str]) -> Self {
        let sensor = Self::launch(folder, arguments);
        sensor.hears("watching ");
        sensor
    }

    /// Starts `rpcscope watch` in a folder.
    pub(crate) fn launch(folder: &Path, arguments: &[&str]) -> Self {
        let mut child = rpcscope(folder)
            .arg("watch")
            .args(arguments)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary runs");
        let said = Arc::new(Mutex::new(Vec::new()));
        let lines = BufReader::new(child.stderr.take().expect("a pipe")).lines();
        let to = Arc::clone(&said);
        thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                to.lock().expect("nobody panics").push(line);
            }
        });
        Self { child, said, folder: folder.to_owned() }
    }

    /// Waits until it has said this on standard error.
    pub(crate) fn hears(&self, text: &str) {
        self.until(&format!("`{text}`"), || self.said().contains(text));
    }

    /// Waits until something is so.
    pub(crate) fn until(&self, what: &str, is_so: impl Fn() -> bool) {
        let start = Instant::now();
        while !is_so() {
            assert!(start.elapsed() < PATIENCE, "no {what} after {PATIENCE:?}:\n{}", self.said());
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// Waits until a file has so many events that `is_meant`.
    pub(crate) fn writes(&self, file: &str, count: usize, is_meant: impl Fn(&Value) -> bool) {
        self.until(&format!("{count} events in {file}"), || {
            self.events(file).iter().filter(|event| is_meant(event)).count() >= count
        });
    }

    /// What it has said on standard error.
    pub(crate) fn said(&self) -> String {
        self.said.lock().expect("nobody panics").join("\n")
    }

    /// The events in a file of its folder, as far as it is there. The last line may be there in part.
    pub(crate) fn events(&self, file: &str) -> Vec<Value> {
        let text = fs::read_to_string(self.folder.join(file)).unwrap_or_default();
        let whole = text.rfind('\n').map_or("", |end| &text[..end]);
        whole.lines().map(|line| serde_json::from_str(line).expect("a line is JSON")).collect()
    }

    /// Sends a signal, such as `HUP`.
    pub(crate) fn signal(&self, name: &str) {
        let id = self.id().to_string();
        let status = Command::new("kill").args(["-s", name, &id]).status().expect("kill starts");
        assert!(status.success(), "kill -s {name} {id}");
    }

    /// Its process id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits for its end. Returns its status; `None` when a signal has killed it.
    pub(crate) fn wait(&mut self) -> Option<i32> {
        let start = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().expect("a child") {
                return status.code();
            }
            assert!(start.elapsed() < PATIENCE, "it does not end:\n{}", self.said());
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// Tells it to end, and waits for that.
    pub(crate) fn end(&mut self) {
        self.signal("TERM");
        let status = self.wait();
        assert_eq!(status, Some(0), "{}", self.said());
    }
}

impl Drop for Sensor {
    fn drop(&mut self) {
        // It has ended, unless a test fails.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Whether an event is a call.
pub(crate) fn is_call(event: &Value) -> bool {
    event["event_type"] == "dcerpc" && event["dcerpc"]["request"] == "REQUEST"
}

/// Whether an event is an alert.
pub(crate) fn is_alert(event: &Value) -> bool {
    event["event_type"] == "alert"
}

/// Whether an event tells how the sensor is doing.
pub(crate) fn is_stats(event: &Value) -> bool {
    event["event_type"] == "stats"
}

/// Longer than anything takes.
pub(crate) const PATIENCE: Duration = Duration::from_secs(15);
