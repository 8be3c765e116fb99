//! The table.

use crate::Sample;
use crate::contestant::{Contestant, Kind};
use crate::measure::Memory;
use std::fmt::Write;

/// How much a capture holds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Volume {
    pub(crate) frames: u64,
    /// Length of the file.
    pub(crate) bytes: u64,
    /// Calls in it, when it is known.
    pub(crate) calls: Option<u64>,
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

    pub(crate) fn cpu(&self) -> Vec<f64> {
        self.samples.iter().map(|sample| sample.cpu.as_secs_f64()).collect()
    }

    pub(crate) fn peak(&self) -> Memory {
        self.samples.iter().fold(Memory::default(), |peak, sample| peak.max(sample.peak))
    }

    pub(crate) fn wall(&self) -> Vec<f64> {
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

/// The figures of all contestants on one capture. Throughput is what a second of a processor's time does.
pub(crate) fn table(
    name: &str,
    volume: Volume,
    rules: usize,
    contestants: &[Contestant],
    rows: &[Row],
) -> String {
    let mut page = String::new();
    let rounds = rows.first().map_or(0, |row| row.samples.len());
    let Volume { frames, bytes, calls } = volume;
    // Writing to a string cannot fail.
    let _ = writeln!(page, "{name}: {bytes} bytes, {frames} frames, {rules} rules, {rounds} rounds");
    let _ = writeln!(
        page,
        "{:28} {:>8} {:>8} {:>8} {:>8} {:>11} {:>10} {:>7} {:>7} {:>7}",
        "", "cpu s", "cpu min", "wall s", "MB/s cpu", "kframes/s", "kcalls/s", "RSS MB", "anon MB", "x walk"
    );
    let of_kind = |kind| contestants.iter().zip(rows).find(|(one, _)| one.kind == kind).map(|(_, row)| row);
    for row in rows {
        let cpu = median(&row.cpu());
        let peak = row.peak();
        let times = of_kind(Kind::Walk).map_or(f64::NAN, |walk| ratio(&row.cpu(), &walk.cpu()));
        let calls = calls.map_or("-".to_owned(), |calls| format!("{:.1}", per_second(calls, cpu) / 1e3));
        let _ = writeln!(
            page,
            "{:28} {:>8.3} {:>8.3} {:>8.3} {:>8.0} {:>11.0} {:>10} {:>7.1} {:>7.1} {:>7.2}",
            row.name,
            cpu,
            least(&row.cpu()),
            median(&row.wall()),
            per_second(bytes, cpu) / 1e6,
            per_second(frames, cpu) / 1e3,
            calls,
            per_second(peak.resident, 1e6),
            per_second(peak.anonymous, 1e6),
            times,
        );
    }
    if let Some(one) = of_kind(Kind::OneThread) {
        for (_, peer) in contestants.iter().zip(rows).filter(|(peer, _)| peer.kind == Kind::Peer) {
            let (cpu, wall) = (ratio(&peer.cpu(), &one.cpu()), ratio(&peer.wall(), &one.wall()));
            let _ = writeln!(page, "{} / rpcscope on 1 thread: cpu {cpu:.2}, wall {wall:.2}", peer.name);
        }
        if let Some(walk) = of_kind(Kind::Walk) {
            let wall = ratio(&one.wall(), &walk.wall());
            let _ = writeln!(page, "rpcscope on 1 thread / bare walk, wall: {wall:.2}");
        }
        if let Some(all) = of_kind(Kind::AllThreads) {
            let times = ratio(&one.wall(), &all.wall());
            let _ = writeln!(page, "1 thread / all threads, wall: {times:.2}");
        }
    }
    page
}

/// One line on how long a start takes.
pub(crate) fn start_up(row: &Row) -> String {
    let milliseconds = |seconds: f64| 1e3 * seconds;
    let (median, least) = (milliseconds(median(&row.wall())), milliseconds(least(&row.wall())));
    format!("{}: {median:.1} ms, at least {least:.1} ms\n", row.name)
}

/// The median of the ratios of each round.
fn ratio(of: &[f64], to: &[f64]) -> f64 {
    median(&of.iter().zip(to).map(|(of, to)| of / to).collect::<Vec<_>>())
}

/// The least of the values.
pub(crate) fn least(values: &[f64]) -> f64 {
    values.iter().copied().fold(f64::INFINITY, f64::min)
}

/// The middle of the sorted values; of an even number, the mean of the two middle ones.
pub(crate) fn median(values: &[f64]) -> f64 {
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
            let peak = Memory { resident: 5_000_000, anonymous: 2_000_000 };
            row.samples.push(Sample { cpu, wall, peak, succeeded: true });
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
        let volume = Volume { frames: 600_000, bytes: 300_000_000, calls: Some(9000) };
        assert_eq!(
            table("a.pcap", volume, 7, &contestants, &rows),
            "\
a.pcap: 300000000 bytes, 600000 frames, 7 rules, 1 rounds
                                cpu s  cpu min   wall s MB/s cpu   kframes/s   kcalls/s  RSS MB anon MB  x walk
walk                            0.100    0.100    0.100     3000        6000       90.0     5.0     2.0    1.00
one                             0.300    0.300    0.300     1000        2000       30.0     5.0     2.0    3.00
all                             0.360    0.360    0.200      833        1667       25.0     5.0     2.0    3.60
peer                            3.000    3.000    3.100      100         200        3.0     5.0     2.0   30.00
peer / rpcscope on 1 thread: cpu 10.00, wall 10.33
rpcscope on 1 thread / bare walk, wall: 3.00
1 thread / all threads, wall: 1.50
"
        );
    }
}
