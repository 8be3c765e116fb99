//! What can be typed.

use crate::watch::args::Watch;
use clap::{Args, Parser, Subcommand, ValueEnum};
use rpcscope_sinks::Format;
use rpcscope_sinks::destination::bytes;
use std::ffi::OsString;
use std::path::PathBuf;

/// Passive network sensor for DCE/RPC: who called which operation of which interface on which machine.
#[derive(Parser, Debug)]
#[command(name = "rpcscope", version, max_term_width = 100, arg_required_else_help = true)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) verb: Verb,
}

#[derive(Subcommand, Debug)]
pub(crate) enum Verb {
    Replay(Replay),
    Check(Check),
    Rules(Rules),
    Test(Test),
    Explain(Explain),
    Forge(Forge),
    Watch(Watch),
}

/// Print every remote procedure call in capture files.
///
/// Reads pcap and pcapng, plain or compressed with gzip or zstd, of Ethernet, Linux cooked, raw IP and loopback links,
/// through VLANs and tunnels. Finds RPC on any TCP port, in SMB named pipes, over UDP and over HTTP; a capture may start
/// in the middle of everything.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  rpcscope replay case.pcapng                      a readable table on a terminal
  rpcscope replay case.pcapng > calls.json         JSON lines (EVE) otherwise
  rpcscope replay --join ring/                     the parts of a ring buffer as one capture
  rpcscope replay -r rules/ case.pcapng            with the alerts of rules
  rpcscope replay --where 'user == alice' ring/    only some of it
  rpcscope replay -r rules/ --alerts case.pcapng   alerts only
  rpcscope replay -r rules/ --carve kept/ ring/    with the packets of alerted sessions
  tcpdump -w - -i eth1 | rpcscope replay -         from another program

Exit status: 0 done, 1 a rule alerted (with --fail-on-alert), 2 wrong use, 3 an input or the output failed (other inputs
were read).")]
pub(crate) struct Replay {
    /// Capture files, folders of them, patterns, or `-` for standard input.
    #[arg(required = true, value_name = "CAPTURE")]
    pub(crate) captures: Vec<OsString>,

    /// Run these rules: files of Sigma or Suricata rules, or folders of them.
    #[arg(short, long, value_name = "PATH")]
    pub(crate) rules: Vec<PathBuf>,

    /// What placeholders and variables of rules stand for [default: rpcscope.yaml here, or beside or above the rules].
    #[arg(long, value_name = "FILE", requires = "rules")]
    pub(crate) settings: Option<PathBuf>,

    /// Do not run the other rules when one of them has an error.
    #[arg(long, requires = "rules")]
    pub(crate) strict: bool,

    /// Print only events of which this holds, such as 'interface == "IRemUnknown2" and dest_port == 135'; `rpcscope check
    /// --fields` lists what can be named, and docs/rules/checking.md the operators.
    #[arg(short = 'w', long = "where", value_name = "EXPR")]
    pub(crate) filter: Option<String>,

    /// Print alerts only.
    #[arg(short, long, requires = "rules")]
    pub(crate) alerts: bool,

    /// End with status 1 when a rule alerted.
    #[arg(long, requires = "rules")]
    pub(crate) fail_on_alert: bool,

    /// How to print [default: table on a terminal, eve otherwise].
    #[arg(short, long, value_name = "FORMAT", value_parser = format_parser())]
    pub(crate) format: Option<String>,

    /// Write to a file in place of standard output.
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,

    /// Threads that work; what is printed does not depend on it [default: one per core].
    #[arg(short, long, value_name = "N", value_parser = threads)]
    pub(crate) threads: Option<u16>,

    /// Take all captures, in the order given, as one that goes on from file to file.
    #[arg(short, long)]
    pub(crate) join: bool,

    /// Show binds that succeeded, too (table).
    #[arg(short, long)]
    pub(crate) verbose: bool,

    /// Do not print the summary behind the table.
    #[arg(long)]
    pub(crate) no_summary: bool,

    /// Print seconds since the first frame in place of the time of day (table).
    #[arg(long)]
    pub(crate) relative_time: bool,

    /// Add the community id of each flow (eve).
    #[arg(long)]
    pub(crate) community_id: bool,

    /// Drop packets with a wrong checksum, which are read by default: network cards fill checksums in after the capture.
    #[arg(long)]
    pub(crate) verify_checksums: bool,

    /// Add challenge and response of NTLM authentications, in the format of password crackers, which is a secret (eve).
    #[arg(long)]
    pub(crate) with_hashes: bool,

    /// Keep the packets of the sessions that rules with `capture` or `tag` alert on: one pcapng file for each, in this
    /// folder.
    #[arg(long, value_name = "DIR", requires = "rules")]
    pub(crate) carve: Option<PathBuf>,

    /// Room for carved files, those of earlier runs included; the oldest are removed.
    #[arg(long, value_name = "SIZE", requires = "carve", default_value = "1GB", value_parser = budget)]
    pub(crate) carve_budget: u64,

    /// When to use colours.
    #[arg(long, value_name = "WHEN", value_enum, default_value_t = When::Auto)]
    pub(crate) color: When,
}

/// Say what is wrong with rules, before they run.
///
/// Each finding has its file, line and column, and a hint what to write instead.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  rpcscope check                                   the rules in the folder rules, or here
  rpcscope check --strict packs/ extra.yml         warnings count as errors
  rpcscope check --format sarif > check.sarif      for a code host
  rpcscope check --fix snort.rules                 writes what is certainly meant
  rpcscope check --fields                          what rules can name

Exit status: 0 no error, 1 errors were found, 2 wrong use or wrong settings, 3 a file could not be read.")]
pub(crate) struct Check {
    /// Files of rules, or folders of them [default: the folder `rules`, else the working directory].
    #[arg(value_name = "PATH")]
    pub(crate) rules: Vec<PathBuf>,

    /// What placeholders and variables stand for [default: rpcscope.yaml here, or beside or above the rules].
    #[arg(long, value_name = "FILE")]
    pub(crate) settings: Option<PathBuf>,

    /// How to print.
    #[arg(short, long, value_name = "FORMAT", value_enum, default_value_t = CheckFormat::Text)]
    pub(crate) format: CheckFormat,

    /// Warnings count as errors.
    #[arg(long)]
    pub(crate) strict: bool,

    /// Name rules without a test, too.
    #[arg(long)]
    pub(crate) tests: bool,

    /// Mend rule text where it is certain what is meant, and check what remains: the direction follows `flow`, variables
    /// get their `$`, quotation marks become plain.
    #[arg(long)]
    pub(crate) fix: bool,

    /// Show all fields that rules can name, for each log source.
    #[arg(long, conflicts_with_all = ["rules", "settings", "strict", "tests", "fix"])]
    pub(crate) fields: bool,
}

/// Show which rules there are, and what they look for.
#[derive(Args, Debug)]
pub(crate) struct Rules {
    #[command(subcommand)]
    pub(crate) verb: RulesVerb,
}

#[derive(Subcommand, Debug)]
pub(crate) enum RulesVerb {
    List(RulesList),
    Show(RulesShow),
}

/// Show a line for each rule.
#[derive(Args, Debug)]
pub(crate) struct RulesList {
    #[command(flatten)]
    pub(crate) rules: RulesWhere,

    /// How to print.
    #[arg(short, long, value_name = "FORMAT", value_enum, default_value_t = ListFormat::Table)]
    pub(crate) format: ListFormat,
}

/// Show all that is known of a rule: what describes it, what it reads and when, its condition as it was compiled, and the
/// tests that it has.
#[derive(Args, Debug)]
pub(crate) struct RulesShow {
    /// Its id, signature id, name or title, or a part of the title.
    #[arg(value_name = "RULE")]
    pub(crate) name: String,

    #[command(flatten)]
    pub(crate) rules: RulesWhere,
}

/// Where rules and settings are.
#[derive(Args, Debug)]
pub(crate) struct RulesWhere {
    /// Files of rules, or folders of them [default: the folder `rules`, else the working directory].
    #[arg(value_name = "PATH")]
    pub(crate) rules: Vec<PathBuf>,

    /// What placeholders and variables stand for [default: rpcscope.yaml here, or beside or above the rules].
    #[arg(long, value_name = "FILE")]
    pub(crate) settings: Option<PathBuf>,
}

/// How rules are listed.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum, Debug)]
pub(crate) enum ListFormat {
    /// Columns for people.
    Table,
    /// One array of objects.
    Json,
}

/// How findings are printed.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum, Debug)]
pub(crate) enum CheckFormat {
    /// Lines for people.
    Text,
    /// One object.
    Json,
    /// SARIF 2.1.0, for code hosts.
    Sarif,
}

/// Prove rules on captures: whether they find what they are to find, and nothing else.
///
/// Replays the captures that files named `*.test.yml` beside the rules name, and compares the alerts with what is
/// expected. A test that does not hold is shown with the event that came nearest, condition by condition.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  rpcscope test                                    all rules below rules/
  rpcscope test rules/lateral-movement --verbose   every test by its name
  rpcscope test --coverage                         what no test proves
  rpcscope test new-rule.yml --update              record what the rules say now

Exit status: 0 all tests hold, 1 some do not, 2 wrong use, 3 a file could not be read or written.")]
pub(crate) struct Test {
    /// Files of rules or of tests, or folders of them [default: the folder `rules`, else the working directory].
    #[arg(value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,

    /// What placeholders and variables stand for [default: rpcscope.yaml here, or beside or above the rules].
    #[arg(long, value_name = "FILE")]
    pub(crate) settings: Option<PathBuf>,

    /// Show tests that hold, too.
    #[arg(short, long)]
    pub(crate) verbose: bool,

    /// Tell which rules no sample fires, which none keeps silent, and which conditions never decided.
    #[arg(long)]
    pub(crate) coverage: bool,

    /// Write the results in the format of JUnit.
    #[arg(long, value_name = "FILE")]
    pub(crate) junit: Option<PathBuf>,

    /// Record the numbers of alerts that were seen in the files of tests.
    #[arg(long)]
    pub(crate) update: bool,
}

/// Show why a rule holds for events of a capture, or does not.
///
/// Shows the events that came nearest to what the rule wants, with each condition: what was wanted, what was seen, and
/// whether it held.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  rpcscope explain rules/wmi/wmi-login.yml case.pcap
  rpcscope explain 4103009 case.pcap -r rules/     by signature id, id, name or title
  rpcscope explain my.yml case.pcap --events 20

Exit status: 0 done, 2 wrong use, 3 a file could not be read.")]
pub(crate) struct Explain {
    /// A file of rules; or the id, signature id, name or title of one.
    #[arg(value_name = "RULE")]
    pub(crate) rule: String,

    /// A capture file.
    #[arg(value_name = "CAPTURE")]
    pub(crate) capture: PathBuf,

    /// Where rules are, when one is named otherwise than by its file [default: the folder `rules`].
    #[arg(short, long, value_name = "PATH")]
    pub(crate) rules: Vec<PathBuf>,

    /// What placeholders and variables stand for [default: rpcscope.yaml here, or beside or above the rules].
    #[arg(long, value_name = "FILE")]
    pub(crate) settings: Option<PathBuf>,

    /// How many events to show, the nearest first.
    #[arg(long, value_name = "N", default_value_t = 3)]
    pub(crate) events: usize,
}

/// Make a capture out of a few lines of YAML.
///
/// A scenario names hosts, binds, calls and replies; every transport, protection and disturbance of the network is a
/// parameter. The same scenario gives the same bytes. docs/WRITING-TESTS.md describes the language.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  rpcscope forge scenario.yml                      writes scenario.pcap beside it
  rpcscope forge scenario.yml -o sample.pcapng     pcapng by its extension
  rpcscope forge scenario.yml -o - | rpcscope replay -
  rpcscope forge --list                            what a scenario can name

Exit status: 0 done, 2 wrong use or a mistake in the scenario, 3 a file could not be read or written.")]
pub(crate) struct Forge {
    /// The scenario, or `-` for standard input.
    #[arg(required_unless_present = "list", value_name = "SCENARIO")]
    pub(crate) scenario: Option<PathBuf>,

    /// Where to write: pcapng when the name ends so, else pcap; `-` for standard output [default: the scenario's name
    /// with .pcap].
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,

    /// Show items, names, and the operations whose arguments can be written.
    #[arg(long, exclusive = true)]
    pub(crate) list: bool,
}

/// When to do something that only suits a terminal.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum, Debug)]
pub(crate) enum When {
    /// On a terminal.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

pub(crate) fn threads(text: &str) -> Result<u16, &'static str> {
    match text.parse() {
        Ok(threads @ 1..=MAX_THREADS) => Ok(threads),
        _ => Err("want a number from 1 to 1024"),
    }
}

/// The room for carved files: `500MB`, `2GiB`.
pub(crate) fn budget(text: &str) -> Result<u64, &'static str> {
    let wanted = "want a size such as 500MB or 2GiB, at least 1MB";
    bytes(text).filter(|bytes| *bytes >= MIN_BUDGET).ok_or(wanted)
}

/// Less would not hold one session.
const MIN_BUDGET: u64 = 1_000_000;

/// More than any machine has use for; without a bound, a slip of the finger could start threads without end.
const MAX_THREADS: u16 = 1024;

pub(crate) fn format_parser() -> clap::builder::PossibleValuesParser {
    Format::ALL
        .iter()
        .map(|format| clap::builder::PossibleValue::new(format.name()).help(format.meaning()))
        .into()
}
