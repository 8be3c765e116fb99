//! What can be typed.

use clap::Parser;
use std::num::NonZeroU32;
use std::path::PathBuf;

/// Measure `rpcscope replay` beside a bare walk over the frames and the peers that are installed.
///
/// All programs run in turn, several rounds of it, each as a process of its own whose output goes to /dev/null. Ratios
/// are taken within a round, so that a busy machine disturbs both sides alike.
#[derive(Parser, Debug)]
#[command(name = "rpcscope-compare", max_term_width = 100)]
pub(crate) struct Arguments {
    /// Captures, or folders of them, each measured alone; with --build, what the load is made of.
    #[arg(value_name = "CAPTURE", default_value = "pcaps")]
    pub(crate) captures: Vec<PathBuf>,

    /// Make one load of about MB megabytes from the captures, and measure that.
    #[arg(long, value_name = "MB")]
    pub(crate) build: Option<u64>,

    /// Keep the load that --build makes in this file.
    #[arg(long, value_name = "FILE", requires = "build")]
    pub(crate) keep: Option<PathBuf>,

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
