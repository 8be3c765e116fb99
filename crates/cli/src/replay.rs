//! `rpcscope replay`: every remote procedure call in capture files.

use crate::args::Replay;
use crate::exit::{DONE, Exit, FOUND, UNREADABLE, WRONG_USE};
use crate::feed::{Feed, FeedFigures};
use crate::output::{self, Output};
use crate::pipeline::{self, Plan, Printed, Results};
use crate::rule_files::{self, Strictness};
use crate::{filter, messages, progress, shown};
use rpcscope_capture::{Input, inputs};
use rpcscope_engine::Checksums;
use rpcscope_model::{Secrets, Stats};
use rpcscope_rules::RuleSet;
use rpcscope_sinks::{Carver, Clock, Context, Detail, Format, RunFigures, Summary};
use std::io::{ErrorKind, IsTerminal};
use std::sync::Arc;
use std::time::Instant;

pub(crate) fn run(arguments: &Replay) -> Exit {
    let started = Instant::now();
    let rules = match rules(arguments) {
        Ok(rules) => rules,
        Err(exit) => return exit,
    };
    let filter = match filter::parse(arguments.filter.as_deref()) {
        Ok(filter) => filter,
        Err(exit) => return exit,
    };
    let mut carver = match carver(arguments, rules.as_deref()) {
        Ok(carver) => carver,
        Err(exit) => return exit,
    };
    let mut figures = FeedFigures::default();
    let inputs = readable(arguments, &mut figures);
    let on_terminal = arguments.output.is_none() && std::io::stdout().is_terminal();
    let format = shown::format(arguments.format.as_deref(), on_terminal);
    let colour = shown::colour(arguments.color, on_terminal);
    let mut output = match &arguments.output {
        None => Output::stdout(),
        Some(path) => match Output::file(path) {
            Ok(output) => output,
            Err(error) => {
                let hint = (error.kind() == ErrorKind::NotFound).then_some("its folder has to exist");
                messages::error(&format_args!("{}: cannot create: {error}", path.display()), hint);
                return WRONG_USE;
            }
        },
    };
    let threads = match arguments.threads {
        Some(threads) => usize::from(threads),
        None => std::thread::available_parallelism().map_or(1, usize::from),
    };
    let captures: Vec<Vec<Input>> = if arguments.join && !inputs.is_empty() {
        vec![inputs]
    } else {
        inputs.into_iter().map(|input| vec![input]).collect()
    };
    let summarise = format == Format::Table && !arguments.no_summary;
    let mut summary = Summary::default();
    let mut stats = Stats::default();
    let several = captures.len() > 1;
    for inputs in captures {
        let name = match inputs.as_slice() {
            [only] => Some(only.to_string()),
            // Frames of joined files are counted through, so no one file is where an event is found.
            _ => None,
        };
        let bar = progress::bar(&inputs);
        let mut feed = Feed::new(inputs);
        let first = feed.first_time(pipeline::BATCH_FRAMES);
        if feed.figures.read == 0 {
            // There is nothing to say of what could not be read, but that it could not.
            figures.add(feed.figures);
            continue;
        }
        let plan = Plan {
            format,
            context: Context {
                capture: name.as_deref(),
                interfaces: &[],
                community_id: arguments.community_id.then_some(0),
                clock: first.filter(|_| arguments.relative_time).map_or(Clock::Utc, Clock::Since),
                colour,
                detail: if arguments.verbose { Detail::Everything } else { Detail::Calls },
                columns: shown::columns(),
            },
            checksums: if arguments.verify_checksums { Checksums::Verified } else { Checksums::Accepted },
            secrets: if arguments.with_hashes { Secrets::Told } else { Secrets::Withheld },
            threads,
            summarise,
            rules: rules.clone(),
            printed: Printed { filter: filter.clone(), alerts_only: arguments.alerts },
            carve_bytes: carver.as_ref().map(|_| Carver::session_bytes(arguments.carve_budget)),
        };
        let mut line = Vec::new();
        if let Some(name) = name.as_deref().filter(|_| several && format == Format::Table) {
            let gap = if figures.read > 0 { "\n" } else { "" };
            line.extend_from_slice(format!("{gap}{name}\n").as_bytes());
        }
        format.begin(&plan.context, &mut line);
        output.write(&line);
        let results = Results { output: &mut output, carver: carver.as_mut() };
        let findings = pipeline::run(&plan, &mut feed, &bar, results);
        bar.finish_and_clear();
        if let Some(failure) = carver.as_mut().and_then(Carver::take_failure) {
            messages::error(&failure, failure.hint());
        }
        line.clear();
        format.end(&findings.stats, findings.last, &plan.context, &mut line);
        output.write(&line);
        summary.merge(&findings.summary);
        stats.add(&findings.stats);
        figures.add(feed.figures);
        if output.is_stopped() {
            break;
        }
    }
    if summarise {
        let run = RunFigures {
            files: figures.read,
            files_failed: figures.failed,
            warnings: figures.warnings,
            elapsed: started.elapsed(),
            stats,
        };
        let mut page = Vec::new();
        summary.write(&run, colour, &mut page);
        output.write(&page);
    }
    if stats.carve_files_removed > 0 {
        let removed = stats.carve_files_removed;
        messages::warning(&format_args!("{removed} carved files were removed to keep within the budget"));
    }
    let name = arguments.output.as_ref().map(|path| path.display().to_string());
    let written = output.finish(name.as_deref().unwrap_or(output::STANDARD));
    if figures.failed > 0 || stats.carve_failures > 0 {
        UNREADABLE
    } else if written != DONE {
        written
    } else if arguments.fail_on_alert && stats.alerts > 0 {
        FOUND
    } else {
        DONE
    }
}

/// The rules that are to run.
fn rules(arguments: &Replay) -> Result<Option<Arc<RuleSet>>, Exit> {
    if arguments.rules.is_empty() {
        return Ok(None);
    }
    let strictness = if arguments.strict { Strictness::Strict } else { Strictness::Lenient };
    rule_files::load_to_run(&arguments.rules, arguments.settings.as_deref(), strictness).map(Some)
}

/// Where sessions are carved to, when that is asked for and a rule wants it.
fn carver(arguments: &Replay, rules: Option<&RuleSet>) -> Result<Option<Carver>, Exit> {
    let Some(folder) = &arguments.carve else { return Ok(None) };
    if !rules.is_some_and(RuleSet::carves) {
        messages::warning(&"no rule wants a session to be carved");
        return Ok(None);
    }
    Carver::new(folder, arguments.carve_budget).map(Some).map_err(|error| {
        messages::error(&error, error.hint());
        WRONG_USE
    })
}

/// The inputs that exist; what does not is said and counted.
fn readable(arguments: &Replay, figures: &mut FeedFigures) -> Vec<Input> {
    let mut found = Vec::new();
    for input in inputs::expand(&arguments.captures) {
        match input {
            Ok(input) => found.push(input),
            Err(error) => {
                messages::error(&error, error.hint());
                figures.failed += 1;
            }
        }
    }
    found
}
