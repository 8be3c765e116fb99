//! Measures rpcscope beside a bare walk over the frames and its peers, in one run.
//!
//! ```text
//! captures ──(--build)──► load ──► rounds of all contestants ──► table
//!                                  one process each, wait4
//! ```
//!
//! The program runs itself for what it measures of its own: `replay` is rpcscope as this build has it, `walk` the bare
//! walk, and `build` makes a load, in a process of its own so that its memory is not counted for others.

mod args;
mod contestant;
mod load;
mod measure;
mod report;
mod walk;

use args::{Arguments, CompareArguments, Verb};
use clap::Parser;
use contestant::Contestant;
use measure::Sample;
use report::{Row, Volume};
use rpcscope_capture::{Input, inputs};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

type Error = Box<dyn std::error::Error>;

fn main() -> ExitCode {
    let own: Vec<OsString> = std::env::args_os().skip(1).collect();
    let verb = own.first().and_then(|verb| verb.to_str()).map(str::to_owned);
    let done = match (verb.as_deref(), own.get(1..).unwrap_or_default()) {
        (Some("replay"), _) => return rpcscope_cli::run(),
        (Some("walk"), [capture]) => walk::run(Path::new(capture)).map(|frames| println!("{frames}")),
        _ => match Arguments::parse() {
            Arguments { verb: Some(Verb::Load(wanted)), .. } => load::run(&wanted),
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

fn compare(arguments: &CompareArguments) -> Result<(), Error> {
    let scratch = tempfile::tempdir()?;
    let captures = files(&arguments.captures)?;
    let mut page = report::machine();
    print!("{page}");
    for capture in &captures {
        let table = measure_all(capture, scratch.path(), arguments)?;
        print!("{table}");
        page.push_str(&table);
    }
    if let Some(to) = &arguments.out {
        std::fs::write(to, page)?;
    }
    Ok(())
}

/// Runs all contestants on one capture, in turn, and returns the table.
fn measure_all(capture: &Path, scratch: &Path, arguments: &CompareArguments) -> Result<String, Error> {
    let volume = volume(capture)?;
    let contestants = contestant::all(capture, scratch, arguments)?;
    let mut rows: Vec<Row> = contestants.iter().map(|contestant| Row::new(contestant.name.clone())).collect();
    for round in 0..=arguments.rounds.get() {
        for (Contestant { name, program, arguments, .. }, row) in contestants.iter().zip(&mut rows) {
            let sample = measure::run(program, arguments, scratch)?;
            if !sample.succeeded {
                return Err(format!("{name} failed; run it by hand: {program:?} {arguments:?}").into());
            }
            // The first round brings the capture into memory and does not count.
            if round > 0 {
                row.samples.push(sample);
            }
        }
    }
    Ok(report::table(capture, volume, &contestants, &rows))
}

/// Counts the frames of a capture by a walk in a process of its own: the peak memory of this one would be counted for
/// all that it starts.
fn volume(capture: &Path) -> Result<Volume, Error> {
    let walked =
        Command::new(std::env::current_exe()?).arg("walk").arg(capture).stderr(Stdio::inherit()).output()?;
    if !walked.status.success() {
        return Err(format!("{} could not be read", capture.display()).into());
    }
    let frames = String::from_utf8(walked.stdout)?.trim().parse()?;
    Ok(Volume { frames, bytes: std::fs::metadata(capture)?.len() })
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
