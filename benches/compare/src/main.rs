//! Measures rpcscope beside a bare walk over the frames and its peers, in one run.
//!
//! ```text
//! load or capture ──► rounds of all contestants ──► table
//!                     one process each, wait4
//! ```
//!
//! The program runs itself for what it measures of its own: `replay` is rpcscope as this build has it, and `walk` the bare
//! walk. `load` and `rules` write these and do nothing else; `growth` measures loads in which one thing grows, and draws curves.

mod args;
mod contestant;
mod curve;
mod growth;
mod load;
mod measure;
mod report;
mod walk;

use args::{Arguments, CompareArguments, Verb};
use clap::Parser;
use contestant::{Contestant, Kind};
use measure::Sample;
use report::{Row, Volume};
use rpcscope_capture::{Input, inputs};
use rpcscope_testkit::load::{Load, Profile};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

type Error = Box<dyn std::error::Error>;

fn main() -> ExitCode {
    let own: Vec<OsString> = std::env::args_os().skip(1).collect();
    let verb = own.first().and_then(|verb| verb.to_str()).map(str::to_owned);
    let done = match (verb.as_deref(), own.get(1..).unwrap_or_default()) {
        (Some("replay"), _) => return rpcscope_cli::run(),
        (Some("walk"), [capture]) => walk::run(Path::new(capture)).map(|frames| println!("{frames}")),
        _ => match Arguments::parse() {
            Arguments { verb: Some(Verb::Load(wanted)), .. } => load::run(&wanted),
            Arguments { verb: Some(Verb::Rules { count, folder }), .. } => {
                contestant::write_rules(count, &folder)
            }
            Arguments { verb: Some(Verb::Growth(wanted)), .. } => growth::run(&wanted),
            Arguments { verb: None, compare: wanted } => compare(&wanted),
        },
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn compare(wanted: &CompareArguments) -> Result<(), Error> {
    let scratch = tempfile::tempdir()?;
    let mut page = report::machine();
    print!("{page}");
    let mut tell = |table: &str| {
        print!("{table}");
        page.push_str(table);
    };
    let to = scratch.path().join("load.pcap");
    if wanted.captures.is_empty() {
        for profile in [Profile::Mixed, Profile::Rpc] {
            let load = Load::new(profile, wanted.megabytes.saturating_mul(1_000_000), wanted.seed);
            let ledger = load::write(load, &to)?;
            let volume = Volume {
                frames: ledger.frames,
                bytes: std::fs::metadata(&to)?.len(),
                calls: Some(ledger.planted.all_calls()),
            };
            let rules = if profile == Profile::Rpc { wanted.rules.unwrap_or(1000) } else { 0 };
            tell(&format!("\n{}: {ledger}\n", profile.name()));
            tell(&measure_all(profile.name(), &to, volume, rules, scratch.path(), wanted)?);
        }
    }
    for capture in &files(&wanted.captures)? {
        let volume =
            Volume { frames: walk::run(capture)?, bytes: std::fs::metadata(capture)?.len(), calls: None };
        let name = capture.display().to_string();
        tell(&measure_all(&name, capture, volume, wanted.rules.unwrap_or(0), scratch.path(), wanted)?);
    }
    Load::new(Profile::Rpc, 0, wanted.seed).write(&mut std::fs::File::create(&to)?)?;
    tell(&start_up(&to, scratch.path(), wanted)?);
    if let Some(to) = &wanted.out {
        std::fs::write(to, page)?;
    }
    Ok(())
}

/// Runs all contestants on one capture, in turn, and returns the table.
fn measure_all(
    name: &str,
    capture: &Path,
    volume: Volume,
    rules: usize,
    scratch: &Path,
    wanted: &CompareArguments,
) -> Result<String, Error> {
    let (contestants, missing) = contestant::all(capture, rules, scratch, wanted)?;
    let mut rows: Vec<Row> = contestants.iter().map(|contestant| Row::new(contestant.name.clone())).collect();
    for round in 0..=wanted.rounds.get() {
        for (contestant, row) in contestants.iter().zip(&mut rows) {
            let sample = run(contestant, scratch)?;
            // The first round brings the capture into memory and does not count.
            if round > 0 {
                row.samples.push(sample);
            }
        }
    }
    Ok(report::table(name, volume, rules, &contestants, &rows) + &missing)
}

/// How long it takes to load rules and find an empty capture.
fn start_up(empty: &Path, scratch: &Path, wanted: &CompareArguments) -> Result<String, Error> {
    let mut page = String::new();
    for rules in [0, wanted.rules.unwrap_or(1000)] {
        let arguments = [contestant::replay(rules, scratch)?, vec![empty.into()]].concat();
        let name = format!("start-up with {rules} rules");
        let program = std::env::current_exe()?;
        let contestant = Contestant { name, kind: Kind::OneThread, program, arguments };
        let mut row = Row::new(contestant.name.clone());
        for _ in 0..wanted.rounds.get().saturating_mul(4) {
            row.samples.push(run(&contestant, scratch)?);
        }
        page.push_str(&report::start_up(&row));
    }
    Ok(page)
}

fn run(contestant: &Contestant, scratch: &Path) -> Result<Sample, Error> {
    let Contestant { name, program, arguments, .. } = contestant;
    let sample = measure::run(program, arguments, scratch)?;
    if sample.succeeded {
        return Ok(sample);
    }
    Err(format!("{name} failed; run it by hand: {program:?} {arguments:?}").into())
}

/// The files that the captures named on the command line stand for.
fn files(captures: &[PathBuf]) -> Result<Vec<PathBuf>, Error> {
    let mut files = Vec::new();
    for input in inputs::expand(captures) {
        match input? {
            Input::File(path) => files.push(path),
            Input::Stdin => return Err("standard input cannot be measured: it can be read only once".into()),
        }
    }
    Ok(files)
}
