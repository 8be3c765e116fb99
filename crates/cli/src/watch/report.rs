//! How the sensor is doing, from what all threads have counted.

use super::running::{Counted, Running};
use super::teller::Told;
use rpcscope_capture::live::LiveCounters;
use rpcscope_model::{Health, Stats};
use rpcscope_sinks::destination::{Condition, OutletState};
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

/// How the sensor is doing.
pub(super) struct Report {
    pub(super) stats: Stats,
    pub(super) health: Health,
    /// What the kernel counted, by interface.
    pub(super) interfaces: Vec<(Box<str>, LiveCounters)>,
    pub(super) outputs: Vec<OutputReport>,
}

/// How an output is doing.
pub(super) struct OutputReport {
    pub(super) name: String,
    pub(super) is_open: bool,
    queued_bytes: u64,
    last_error: Option<String>,
}

/// Where reports are made from.
pub(super) struct Reporter {
    pub(super) started: Instant,
    pub(super) running: Arc<Running>,
    pub(super) told: Arc<Told>,
    /// What the carver has counted.
    pub(super) carved: Arc<Mutex<Stats>>,
    pub(super) outputs: Vec<Arc<OutletState>>,
    /// The interface of each socket.
    pub(super) interfaces: Vec<Box<str>>,
    pub(super) reloads: Reloads,
}

/// What became of the rules.
#[derive(Default, Debug)]
pub(super) struct Reloads {
    pub(super) rules: AtomicU64,
    pub(super) done: AtomicU64,
    pub(super) failed: AtomicU64,
}

impl Reporter {
    pub(super) fn report(&self) -> Report {
        let Counted { mut stats, sizes } = self.running.counted();
        stats.alerts += self.told.alerts.load(Ordering::Relaxed);
        stats.correlation_groups_evicted += self.told.groups_evicted.load(Ordering::Relaxed);
        stats.add(&self.carved.lock().unwrap_or_else(PoisonError::into_inner));
        let mut interfaces: Vec<(Box<str>, LiveCounters)> = Vec::new();
        for (name, counters) in self.interfaces.iter().zip(self.running.counters()) {
            match interfaces.iter_mut().find(|(known, _)| known == name) {
                Some((_, sum)) => {
                    sum.received += counters.received;
                    sum.dropped += counters.dropped;
                    // Each socket tells those of the interface.
                    sum.interface_dropped = sum.interface_dropped.max(counters.interface_dropped);
                }
                None => interfaces.push((name.clone(), counters)),
            }
        }
        let mut health = Health {
            uptime_seconds: self.started.elapsed().as_secs(),
            packets_shed: self.running.packets_shed.load(Ordering::Relaxed),
            pieces_shed: self.running.pieces_shed.load(Ordering::Relaxed),
            batches_shed: self.running.batches_shed.load(Ordering::Relaxed),
            rules_loaded: self.reloads.rules.load(Ordering::Relaxed),
            reloads: self.reloads.done.load(Ordering::Relaxed),
            reloads_failed: self.reloads.failed.load(Ordering::Relaxed),
            sizes,
            ..Health::default()
        };
        for (_, counters) in &interfaces {
            health.kernel_packets += counters.received;
            health.kernel_drops += counters.dropped;
            health.kernel_ifdrops += counters.interface_dropped;
        }
        let mut outputs = Vec::new();
        for state in &self.outputs {
            let figures = state.figures();
            health.lines_written += figures.written_lines;
            health.lines_shed += figures.shed_lines;
            health.output_errors += figures.errors;
            outputs.push(OutputReport {
                name: state.name().to_owned(),
                is_open: matches!(state.condition(), Condition::Open { .. } | Condition::Starting),
                queued_bytes: figures.queued_bytes,
                last_error: state.last_error(),
            });
        }
        Report { stats, health, interfaces, outputs }
    }
}

impl Report {
    /// How it goes, in one line.
    pub(super) fn line(&self) -> String {
        let Self { stats, health, .. } = self;
        let mut line = format!(
            "up {}: {} frames, {} dropped, {} calls, {} alerts, {} flows",
            Uptime(health.uptime_seconds),
            health.kernel_packets,
            health.kernel_drops + health.packets_shed,
            stats.calls,
            stats.alerts,
            health.sizes.flows
        );
        if health.lines_shed + health.batches_shed > 0 {
            line += &format!(", {} lines and {} batches not written", health.lines_shed, health.batches_shed);
        }
        for output in self.outputs.iter().filter(|output| !output.is_open) {
            let why = output.last_error.as_deref().unwrap_or("closed");
            line += &format!(", {}: {why} ({} bytes wait)", output.name, output.queued_bytes);
        }
        line
    }

    /// How full the tables are, a line each.
    pub(super) fn sizes(&self) -> String {
        let rows = self.health.sizes.rows();
        let width = rows.iter().map(|(name, ..)| name.len()).max().unwrap_or(0);
        let lines = rows.iter().map(|(name, meaning, value)| format!("{name:width$} {value:>12}  {meaning}"));
        let outputs = self.outputs.iter().map(|output| {
            format!(
                "{:width$} {:>12}  Bytes that wait for {}.",
                "queued_bytes", output.queued_bytes, output.name
            )
        });
        lines.chain(outputs).collect::<Vec<_>>().join("\n")
    }
}

/// Seconds, as a person says them.
struct Uptime(u64);

impl fmt::Display for Uptime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            seconds @ 0..=119 => write!(f, "{seconds} s"),
            seconds @ 120..=7199 => write!(f, "{} min", seconds / 60),
            seconds @ 7200..=172_799 => write!(f, "{} h", seconds / 3600),
            seconds => write!(f, "{} days", seconds / 86_400),
        }
    }
}
