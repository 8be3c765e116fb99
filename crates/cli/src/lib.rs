//! The command line: arguments, one file per verb, threads.

mod args;
mod check;
mod exit;
mod explain;
mod feed;
mod filter;
mod finding_text;
mod forge;
mod messages;
mod output;
mod pipeline;
mod progress;
mod replay;
mod rule_files;
mod rules;
mod settings;
mod shown;
mod test;
mod testing;
mod watch;

use args::{Arguments, Verb};
use clap::Parser;
use std::process::ExitCode;

/// Runs what the command line asks for.
pub fn run() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            let _ = error.print();
            return if error.use_stderr() { exit::WRONG_USE.into() } else { ExitCode::SUCCESS };
        }
    };
    let status = match arguments.verb {
        Verb::Explain(explain) => explain::run(&explain),
        Verb::Test(test) => test::run(&test),
        Verb::Check(check) => check::run(&check),
        Verb::Forge(forge) => forge::run(&forge),
        Verb::Rules(rules) => rules::run(&rules),
        Verb::Replay(replay) => replay::run(&replay),
        Verb::Watch(watch) => watch::run(&watch),
    };
    status.into()
}
