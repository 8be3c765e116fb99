//! The table.

use crate::Sample;
use crate::contestant::{Contestant, Kind};
use std::fmt::Write;
use std::path::Path;

/// How much a capture holds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Volume {
    pub(crate) frames: u64,
    /// Length of the file.
    pub(crate) bytes: u64,
}

/// What was measured of one contestant.
pub(crate) struct Row {
    name: String,
    pub(crate) samples: Vec<Sample>,
}

impl Row {
    pub(crate) const fn new(name: String) -> Self {
        Self { name, samples: Vec::new() }
    }

    fn cpu(&self) -> Vec<f64> {
        self.samples.iter().map(|sample| sample.cpu.as_secs_f64()).collect()
    }

    fn wall(&self) -> Vec<f64> {
        self.samples.iter().map(|sample| sample.wall.as_secs_f64()).collect()
    }
}

/// One line on the machine: figures of different ones cannot be compared.
pub(crate) fn machine() -> String {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let about = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = about.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let busy = load.split(' ').next().unwrap_or("unknown");
    format!(
        "{cores} cores, {}; load average before: {busy}\n",
        model.map_or("unknown processor", |(_, name)| name)
    )
}

/// The figures of all contestants on one capture.
pub(crate) fn table(capture: &Path, volume: Volume, contestants: &[Contestant], rows: &[Row]) -> String {
    let mut page = String::new();
    let rounds = rows.first().map_or(0, |row| row.samples.len());
    let Volume { frames, bytes } = volume;
    // Writing to a string cannot fail.
    let _ = writeln!(page, "\n{}: {bytes} bytes, {frames} frames, {rounds} rounds", capture.display());
    let _ = writeln!(
        page,
        "{:28} {:>9} {:>9} {:>9} {:>7} {:>9} {:>8} {:>7}",
        "", "cpu s", "cpu min", "wall s", "GB/s", "Mframes/s", "peak MB", "x walk"
    );
    let of_kind = |kind| contestants.iter().zip(rows).find(|(one, _)| one.kind == kind).map(|(_, row)| row);
    for row in rows {
        let wall = median(&row.wall());
        let peak = row.samples.iter().map(|sample| sample.peak_bytes).max().unwrap_or_default();
        let times = of_kind(Kind::Walk).map_or(f64::NAN, |walk| ratio(&row.cpu(), &walk.cpu()));
        let _ = writeln!(
            page,
            "{:28} {:>9.3} {:>9.3} {:>9.3} {:>7.2} {:>9.2} {:>8.1} {:>7.2}",
            row.name,
            median(&row.cpu()),
            row.cpu().into_iter().fold(f64::INFINITY, f64::min),
            wall,
            per_second(bytes, wall) / 1e9,
            per_second(frames, wall) / 1e6,
            per_second(peak, 1e6),
            times,
        );
    }
    if let Some(one) = of_kind(Kind::OneThread) {
        for (_, peer) in contestants.iter().zip(rows).filter(|(peer, _)| peer.kind == Kind::Peer) {
            let times = ratio(&peer.cpu(), &one.cpu());
            let _ = writeln!(page, "{} / rpcscope on 1 thread, cpu: {times:.2}", peer.name);
        }
        if let Some(all) = of_kind(Kind::AllThreads) {
            let times = ratio(&one.wall(), &all.wall());
            let _ = writeln!(page, "1 thread / all threads, wall: {times:.2}");
        }
    }
    page
}

/// The median of the ratios of each round.
fn ratio(of: &[f64], to: &[f64]) -> f64 {
    median(&of.iter().zip(to).map(|(of, to)| of / to).collect::<Vec<_>>())
}

/// The middle of the sorted values; of an even number, the mean of the two middle ones.
fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match (sorted.get(middle.wrapping_sub(1)), sorted.get(middle)) {
        (Some(low), Some(high)) if sorted.len().is_multiple_of(2) => (low + high) / 2.0,
        (_, Some(middle)) => *middle,
        _ => f64::NAN,
    }
}

fn per_second(amount: u64, seconds: f64) -> f64 {
    #[allow(clippy::cast_precision_loss)] // a figure for people
    let amount = amount as f64;
    amount / seconds
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;
    use std::time::Duration;

    #[test]
    fn ratios_are_taken_within_a_round() {
        // The machine was ten times as slow in the second round.
        assert_eq!(ratio(&[3.0, 30.0, 3.0], &[1.0, 10.0, 1.0]), 3.0);
        assert_eq!(median(&[4.0, 1.0, 3.0, 2.0]), 2.5);
        assert!(median(&[]).is_nan());
    }

    #[test]
    fn the_table_compares_with_the_walk_and_with_each_peer() {
        let contestant = |name: &str, kind| Contestant {
            name: name.to_owned(),
            kind,
            program: PathBuf::new(),
            arguments: Vec::new(),
        };
        let row = |contestant: &Contestant, cpu_ms, wall_ms| {
            let mut row = Row::new(contestant.name.clone());
            let (cpu, wall) = (Duration::from_millis(cpu_ms), Duration::from_millis(wall_ms));
            row.samples.push(Sample { cpu, wall, peak_bytes: 5_000_000, succeeded: true });
            row
        };
        let contestants = [
            contestant("walk", Kind::Walk),
            contestant("one", Kind::OneThread),
            contestant("all", Kind::AllThreads),
            contestant("peer", Kind::Peer),
        ];
        let times = [(100, 100), (300, 300), (360, 200), (3000, 3100)];
        let rows: Vec<_> =
            contestants.iter().zip(times).map(|(one, (cpu, wall))| row(one, cpu, wall)).collect();
        let volume = Volume { frames: 600_000, bytes: 300_000_000 };
        assert_eq!(
            table(Path::new("a.pcap"), volume, &contestants, &rows),
            "
a.pcap: 300000000 bytes, 600000 frames, 1 rounds
                                 cpu s   cpu min    wall s    GB/s Mframes/s  peak MB  x walk
walk                             0.100     0.100     0.100    3.00      6.00      5.0    1.00
one                              0.300     0.300     0.300    1.00      2.00      5.0    3.00
all                              0.360     0.360     0.200    1.50      3.00      5.0    3.60
peer                             3.000     3.000     3.100    0.10      0.19      5.0   30.00
peer / rpcscope on 1 thread, cpu: 10.00
1 thread / all threads, wall: 1.50
"
        );
    }
}
