//! How costs grow: with flows, with rules, with what is open.

use crate::contestant::{Contestant, Kind, replay};
use crate::curve::{Curve, Figure};
use crate::report::{Row, least, machine};
use crate::{Error, load};
use clap::Args;
use rpcscope_testkit::load::{Ledger, Load, OPEN_CALLS_OF_A_FLOW, OPEN_PIPES_OF_A_FLOW, Profile};
use std::ffi::OsString;
use std::fmt::Write;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};

/// Where curves go, and how far they reach.
#[derive(Args, Debug)]
pub(crate) struct GrowthArguments {
    /// Folder that the table and the curves are written into.
    #[arg(short, long, value_name = "FOLDER", default_value = "docs/performance")]
    out: PathBuf,

    /// Runs of each program; the least counts, since other work on the machine only adds.
    #[arg(long, value_name = "N", default_value = "3")]
    rounds: NonZeroU32,

    /// Leave out the points above this number.
    #[arg(long, value_name = "N", default_value = "1000000")]
    most: usize,
}

/// Measures, and writes the table and the curves.
pub(crate) fn run(wanted: &GrowthArguments) -> Result<(), Error> {
    let scratch = tempfile::tempdir()?;
    let bench = Bench { wanted, capture: scratch.path().join("load.pcap"), scratch: scratch.path() };
    let mut page = format!("# How costs grow\n\n{}", machine());
    std::fs::create_dir_all(&wanted.out)?;
    for (file, figure) in bench.figures()? {
        figure.draw(&wanted.out.join(&file))?;
        // Writing to a string cannot fail.
        let _ = write!(page, "\n## {}\n\n{}\n![{}]({file})\n", figure.title, figure.table(), figure.title);
    }
    print!("{page}");
    std::fs::write(wanted.out.join("growth.md"), page)?;
    Ok(())
}

struct Bench<'a> {
    wanted: &'a GrowthArguments,
    capture: PathBuf,
    scratch: &'a Path,
}

/// What runs over a load used, in seconds and bytes.
struct Used {
    cpu: f64,
    anonymous: f64,
}

impl Bench<'_> {
    fn figures(&self) -> Result<Vec<(String, Figure)>, Error> {
        let (by_flows, memory_of_flows) = self.flows()?;
        let rules = self.rules()?;
        let memory = Figure {
            title: "Memory".to_owned(),
            x: "open at once".to_owned(),
            y: "MB of anonymous memory".to_owned(),
            curves: vec![
                memory_of_flows,
                self.open(Profile::OpenCalls, "open calls", OPEN_CALLS_OF_A_FLOW)?,
                self.open(Profile::OpenPipes, "open pipes", OPEN_PIPES_OF_A_FLOW)?,
            ],
        };
        let figures = [("cost-by-flows.svg", by_flows), ("cost-by-rules.svg", rules), ("memory.svg", memory)];
        Ok(figures.map(|(file, figure)| (file.to_owned(), figure)).into())
    }

    /// Cost of a frame, and memory, against the number of flows that are open at once.
    fn flows(&self) -> Result<(Figure, Curve), Error> {
        let mut replayed = Curve::new("rpcscope, 1 thread");
        let mut walked = Curve::new("bare walk");
        let mut memory = Curve::new("flows");
        for flows in self.steps(1_000, 1_000_000) {
            let load = Load { flows, ..Load::new(Profile::ManyFlows, FLOW_LOAD_BYTES, 1) };
            let frames = number(self.make(load)?.frames);
            let used = self.measure(&replay(0, self.scratch)?)?;
            replayed.push(flows, 1e9 * used.cpu / frames);
            memory.push(flows, used.anonymous / 1e6);
            walked.push(flows, 1e9 * self.measure(&["walk".into()])?.cpu / frames);
        }
        let figure = Figure {
            title: "Cost of a frame by flows".to_owned(),
            x: "flows open at once".to_owned(),
            y: "ns of processor time for a frame".to_owned(),
            curves: vec![replayed, walked],
        };
        Ok((figure, memory))
    }

    /// Cost of a call against the number of rules, without what it costs to load them.
    fn rules(&self) -> Result<Figure, Error> {
        let mut curve = Curve::new("rpcscope, 1 thread");
        for rules in self.steps(10, 10_000) {
            let arguments = replay(rules, self.scratch)?;
            self.make(Load::new(Profile::Rpc, 0, 1))?;
            let loading = self.measure(&arguments)?.cpu;
            let calls = number(self.make(Load::new(Profile::Rpc, RULE_LOAD_BYTES, 1))?.planted.all_calls());
            curve.push(rules, 1e6 * (self.measure(&arguments)?.cpu - loading) / calls);
        }
        Ok(Figure {
            title: "Cost of a call by rules".to_owned(),
            x: "rules".to_owned(),
            y: "µs of processor time for a call".to_owned(),
            curves: vec![curve],
        })
    }

    /// Memory against what is left open.
    fn open(&self, profile: Profile, name: &str, in_flow: usize) -> Result<Curve, Error> {
        let mut curve = Curve::new(name);
        for open in self.steps(1_000, 1_000_000) {
            self.make(Load { flows: open.div_ceil(in_flow), ..Load::new(profile, 0, 1) })?;
            curve.push(open, self.measure(&replay(0, self.scratch)?)?.anonymous / 1e6);
        }
        Ok(curve)
    }

    /// Powers of ten.
    fn steps(&self, first: usize, last: usize) -> impl Iterator<Item = usize> + use<> {
        let last = last.min(self.wanted.most);
        std::iter::successors(Some(first), |step| step.checked_mul(10)).take_while(move |step| *step <= last)
    }

    fn make(&self, load: Load) -> Result<Ledger, Error> {
        load::write(load, &self.capture)
    }

    /// Runs rpcscope on one thread, or the walk, over the load.
    fn measure(&self, arguments: &[OsString]) -> Result<Used, Error> {
        let threads: &[OsString] = match arguments.first() {
            Some(verb) if verb == "replay" => &["--threads".into(), "1".into()],
            _ => &[],
        };
        let capture = [self.capture.clone().into_os_string()];
        let contestant = Contestant {
            name: "rpcscope".to_owned(),
            kind: Kind::OneThread,
            program: std::env::current_exe()?,
            arguments: [arguments, threads, &capture].concat(),
        };
        let mut row = Row::new(contestant.name.clone());
        for _ in 0..self.wanted.rounds.get() {
            row.samples.push(crate::run(&contestant, self.scratch)?);
        }
        Ok(Used { cpu: least(&row.cpu()), anonymous: number(row.peak().anonymous) })
    }
}

fn number(count: u64) -> f64 {
    #[allow(clippy::cast_precision_loss)] // a figure for people
    let number = count as f64;
    number
}

/// Enough for a million flows to begin, say something, and end.
const FLOW_LOAD_BYTES: u64 = 1_200_000_000;
const RULE_LOAD_BYTES: u64 = 100_000_000;
