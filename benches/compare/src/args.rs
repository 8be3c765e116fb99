//! What can be typed.

use crate::growth::GrowthArguments;
use crate::load::LoadArguments;
use clap::{Parser, Subcommand};
use std::num::NonZeroU32;
use std::path::PathBuf;

/// Measure `rpcscope replay` beside a bare walk over the frames and the peers that are installed.
///
/// All programs run in turn, several rounds of it, each as a process of its own whose output goes to /dev/null. Ratios
/// are taken within a round, so that a busy machine disturbs both sides alike.
#[derive(Parser, Debug)]
#[command(name = "rpcscope-compare", max_term_width = 100, args_conflicts_with_subcommands = true)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) verb: Option<Verb>,

    #[command(flatten)]
    pub(crate) compare: CompareArguments,
}

/// What else can be done.
#[derive(Subcommand, Debug)]
pub(crate) enum Verb {
    /// Write a load: a capture as large as wanted, the same for the same seed.
    Load(LoadArguments),
    /// Write rules into a folder, the same for the same number.
    Rules {
        /// How many.
        count: usize,
        /// The folder.
        folder: PathBuf,
    },
    /// Measure how costs grow with flows, rules, open calls and open pipes, and draw it.
    Growth(GrowthArguments),
}

/// What is compared on what.
#[derive(clap::Args, Debug)]
pub(crate) struct CompareArguments {
    /// Captures, or folders of them, each measured alone. Without any, two loads are made: mixed traffic with 2 % RPC, and
    /// RPC alone, the latter with rules.
    #[arg(value_name = "CAPTURE")]
    pub(crate) captures: Vec<PathBuf>,

    /// Size of the loads, in megabytes.
    #[arg(long, value_name = "MB", default_value = "500", conflicts_with = "captures")]
    pub(crate) megabytes: u64,

    /// Decides what is left to chance in the loads.
    #[arg(long, value_name = "N", default_value = "1", conflicts_with = "captures")]
    pub(crate) seed: u64,

    /// Run rpcscope with so many rules over captures that are named, and over the load of RPC. By default 1000 over the
    /// load of RPC, none over captures.
    #[arg(long, value_name = "N")]
    pub(crate) rules: Option<usize>,

    /// Write the tables to a file, too.
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,

    /// Rounds that count; one more comes before them, to read the capture into memory.
    #[arg(long, value_name = "N", default_value = "5")]
    pub(crate) rounds: NonZeroU32,

    /// Another build of rpcscope to run beside this one, such as that of the commit before. May be given again.
    #[arg(long, value_name = "PROGRAM")]
    pub(crate) beside: Vec<PathBuf>,

    /// Run tshark, too. It takes some hundred times as long.
    #[arg(long)]
    pub(crate) tshark: bool,

    /// Leave out Suricata and tcpdump.
    #[arg(long)]
    pub(crate) no_peers: bool,
}
