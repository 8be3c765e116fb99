//! What can be typed behind `rpcscope watch`.

use crate::args::{When, budget, format_parser, threads};
use clap::Args;
use rpcscope_sinks::destination::{bytes, seconds};
use std::net::SocketAddr;
use std::path::PathBuf;

/// Watch network interfaces, such as a SPAN or TAP port, until told to stop.
///
/// Prints every remote procedure call and what rules say about it, as replay does. Needs the right to capture: run it as
/// root with --user, as the service that comes with it does, or give the binary the capability cap_net_raw.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  rpcscope watch -i eth1                                     a readable table on a terminal
  rpcscope watch -i eth1 -r rules/ -o /var/log/rpcscope/eve.json
  rpcscope watch -i rx0 -i tx0 -r rules/ --alerts            both directions of a TAP
  rpcscope watch -i eth1 -o 'eve.json?rotate=1G&keep=10' -o syslog: --metrics 127.0.0.1:9464
  rpcscope watch --list                                      interfaces

Signals: HUP loads rules and settings again and opens output files anew, USR1 says how full the tables are, INT and TERM
end it: open calls are told and outputs written.

Exit status: 0 told to stop, 2 wrong use, 3 an interface or an output failed.")]
pub(crate) struct Watch {
    /// Interfaces to watch.
    #[arg(short, long = "interface", value_name = "NAME", required_unless_present = "list")]
    pub(super) interfaces: Vec<String>,

    /// List the interfaces that can be watched.
    #[arg(long)]
    pub(super) list: bool,

    /// Watch only frames that this filter takes (pcap-filter(7)), such as 'not port 443'.
    #[arg(short = 'b', long = "bpf", value_name = "FILTER")]
    pub(super) packet_filter: Option<String>,

    /// Run these rules: files of Sigma or Suricata rules, or folders of them.
    #[arg(short, long, value_name = "PATH")]
    pub(super) rules: Vec<PathBuf>,

    /// What placeholders and variables of rules stand for [default: rpcscope.yaml here, or beside or above the rules].
    #[arg(long, value_name = "FILE", requires = "rules")]
    pub(super) settings: Option<PathBuf>,

    /// Do not start when one of the rules has an error; without it the others run.
    #[arg(long, requires = "rules")]
    pub(super) strict: bool,

    /// Print only events of which this holds, such as 'interface == "IRemUnknown2"'.
    #[arg(short = 'w', long = "where", value_name = "EXPR")]
    pub(super) filter: Option<String>,

    /// Print alerts only.
    #[arg(short, long, requires = "rules")]
    pub(super) alerts: bool,

    /// How to print [default: table on a terminal, eve otherwise].
    #[arg(short, long, value_name = "FORMAT", value_parser = format_parser())]
    pub(super) format: Option<String>,

    /// Where to write: a file, `-`, `unix:PATH`, `tcp:HOST:PORT` or `syslog:…`, see docs/OUTPUTS.md; several get the same
    /// lines [default: -].
    #[arg(short, long = "output", value_name = "DESTINATION")]
    pub(super) outputs: Vec<String>,

    /// Sockets for each interface that share its frames, and as many threads that run the shards.
    #[arg(short, long, value_name = "N", value_parser = threads, default_value_t = 1)]
    pub(super) threads: u16,

    /// Keep the packets of sessions that rules with `capture: session` alert on, each in a pcapng file in this folder.
    #[arg(long, value_name = "DIR", requires = "rules")]
    pub(super) carve: Option<PathBuf>,

    /// Room for carved files, those of earlier runs included; the oldest are removed.
    #[arg(long, value_name = "SIZE", requires = "carve", default_value = "1GB", value_parser = budget)]
    pub(super) carve_budget: u64,

    /// Say every so often how it goes: an event `stats`, and a line on a terminal; 0 says it at the end only.
    #[arg(long, value_name = "TIME", value_parser = time, default_value = "60s")]
    pub(super) stats: u64,

    /// Serve counters for Prometheus at this address, such as 127.0.0.1:9464.
    #[arg(long, value_name = "ADDRESS")]
    pub(super) metrics: Option<SocketAddr>,

    /// Become this user once interfaces are open; only root can.
    #[arg(short, long, value_name = "NAME")]
    pub(super) user: Option<String>,

    /// Keep all privileges, files and system calls.
    #[arg(long, conflicts_with = "user")]
    pub(super) no_sandbox: bool,

    /// End when an interface is missing or goes away; without it the sensor waits for it.
    #[arg(long)]
    pub(super) once: bool,

    /// Memory for frames that wait to be read, for each socket.
    #[arg(long, value_name = "SIZE", value_parser = size, default_value = "64MiB")]
    pub(super) buffer: u32,

    /// Bytes that are captured of each frame.
    #[arg(long, value_name = "BYTES", value_parser = clap::value_parser!(u32).range(64..=262_144), default_value_t = 262_144)]
    pub(super) snap_length: u32,

    /// Take only frames that are for this host.
    #[arg(long)]
    pub(super) no_promiscuous: bool,

    /// Show binds that succeeded, too (table).
    #[arg(short, long)]
    pub(super) verbose: bool,

    /// Add the community id of each flow (eve).
    #[arg(long)]
    pub(super) community_id: bool,

    /// Drop packets with a wrong checksum.
    #[arg(long)]
    pub(super) verify_checksums: bool,

    /// Add challenge and response of NTLM authentications, in the format of password crackers, which is a secret (eve).
    #[arg(long)]
    pub(super) with_hashes: bool,

    /// When to use colours.
    #[arg(long, value_name = "WHEN", value_enum, default_value_t = When::Auto)]
    pub(super) color: When,
}

/// A number of seconds.
fn time(text: &str) -> Result<u64, &'static str> {
    match text {
        "0" => Ok(0),
        text => seconds(text).ok_or("want a number with s, m, h or d, such as 10s"),
    }
}

/// A size of memory.
fn size(text: &str) -> Result<u32, &'static str> {
    bytes(text)
        .and_then(|bytes| u32::try_from(bytes).ok())
        .filter(|bytes| (64 << 10..=2 << 30).contains(bytes))
        .ok_or("want a size from 64KiB to 2GiB, such as 64MiB")
}
