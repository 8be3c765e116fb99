//! `rpcscope test`: whether rules find what they are to find, and nothing else.

use crate::args::Test;
use crate::exit::{DONE, Exit, FOUND, UNREADABLE, WRONG_USE};
use crate::output::{self, Output};
use crate::rule_files::{self, counted};
use crate::testing::coverage::Coverage;
use crate::testing::plan::Plan;
use crate::testing::verdict::{Verdict, judge};
use crate::testing::{junit, update};
use crate::{messages, settings, shown};
use rayon::prelude::*;
use std::fmt::Write;

pub(crate) fn run(arguments: &Test) -> Exit {
    let paths = rule_files::paths(&arguments.paths);
    let plan = match settings::load(arguments.settings.as_deref(), &paths) {
        Ok(settings) => Plan::make(&paths, &settings),
        Err(exit) => return exit,
    };
    let plan = match plan {
        Ok(plan) => plan,
        Err(exit) => return exit,
    };
    let broken = plan.tell_findings();
    if plan.files.is_empty() {
        let hint = Some("files of tests are named `*.test.yml` and stand beside their rules");
        messages::error(&"there are no tests", hint);
        return WRONG_USE;
    }
    let verdicts: Vec<Vec<Verdict>> = plan
        .files
        .par_iter()
        .map(|tests| tests.samples.par_iter().map(|sample| judge(&plan, tests, sample)).collect())
        .collect();
    let mut output = Output::stdout();
    output.write(report(&plan, &verdicts, arguments.verbose).as_bytes());
    if arguments.coverage {
        let coverage = Coverage::of(&plan, &verdicts);
        output.write(format!("\n{}", coverage.report(&plan.loaded.rules)).as_bytes());
    }
    let mut exit = DONE;
    let fails = verdicts.iter().flatten().any(|verdict| !verdict.failures.is_empty());
    if broken || (fails && !arguments.update) {
        exit = FOUND;
    }
    if arguments.update {
        exit = exit.max(record(&plan, &verdicts));
    }
    if let Some(path) = &arguments.junit {
        let suites: Vec<junit::Suite<'_>> =
            plan.files.iter().zip(&verdicts).map(|(tests, verdicts)| (tests, verdicts.as_slice())).collect();
        if let Err(error) = junit::document(&suites).and_then(|document| std::fs::write(path, document)) {
            messages::error(&format_args!("{}: cannot write: {error}", path.display()), None);
            exit = exit.max(UNREADABLE);
        }
    }
    exit.max(output.finish(output::STANDARD))
}

/// Tests that do not hold, with why; all tests when asked; and how many there are.
fn report(plan: &Plan, verdicts: &[Vec<Verdict>], verbose: bool) -> String {
    let mut page = String::new();
    let (mut all, mut failed) = (0, 0);
    for (tests, verdicts) in plan.files.iter().zip(verdicts) {
        let name = tests.path.display();
        for (sample, verdict) in tests.samples.iter().zip(verdicts) {
            all += 1;
            failed += usize::from(!verdict.failures.is_empty());
            let _ = match verdict.failures.as_slice() {
                [] if verbose => {
                    let alerts = counted(usize::try_from(verdict.alerts).unwrap_or(usize::MAX), "alert");
                    writeln!(page, "✓ {name}: {} ({alerts})", sample.name)
                }
                [] => Ok(()),
                _ => writeln!(page, "✗ {name}: {}", sample.name),
            };
            for failure in &verdict.failures {
                let (line, column) = (failure.place.line, failure.place.column);
                let _ = writeln!(page, "  {name}:{line}:{column}: {}", failure.cause);
                page.push_str(&shown::indented(&failure.detail, 4));
            }
        }
    }
    let rules = plan.loaded.rules.count();
    let held = all - failed;
    let _ =
        writeln!(page, "{}, {}: {held} hold, {failed} do not", counted(rules, "rule"), counted(all, "test"));
    page
}

/// Writes what was seen into the files of tests.
fn record(plan: &Plan, verdicts: &[Vec<Verdict>]) -> Exit {
    let mut exit = DONE;
    for (tests, verdicts) in plan.files.iter().zip(verdicts) {
        let Some(text) = update::recorded(tests, verdicts) else { continue };
        match std::fs::write(&tests.path, text) {
            Ok(()) => messages::note(&format_args!("{}: recorded", tests.path.display())),
            Err(error) => {
                messages::error(&format_args!("{}: cannot write: {error}", tests.path.display()), None);
                exit = UNREADABLE;
            }
        }
    }
    exit
}
