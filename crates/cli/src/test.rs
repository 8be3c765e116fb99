//! `rpcscope test`: whether rules find what they are to find, and nothing else.

use crate::args::Test;
use crate::exit::{DONE, Exit, FOUND, UNREADABLE, WRONG_USE};
use crate::output::{self, Output};
use crate::rule_files::{self, counted};
use crate::testing::coverage::Coverage;
use crate::testing::plan::{Plan, Tests};
use crate::testing::verdict::{Verdict, judge};
use crate::testing::{junit, update};
use crate::{messages, settings, shown};
use rayon::prelude::*;
use std::fmt::Write;

pub(crate) fn run(arguments: &Test) -> Exit {
    let paths = rule_files::paths(&arguments.paths);
    let plan = settings::load(arguments.settings.as_deref(), &paths)
        .and_then(|settings| Ok((Plan::make(&paths, &settings)?, settings)));
    let (mut plan, settings) = match plan {
        Ok(plan) => plan,
        Err(exit) => return exit,
    };
    let mut verdicts = judge_all(&plan);
    let mut exit = DONE;
    if arguments.update {
        exit = record(&plan, &verdicts);
        // What is told is what holds now: not everything can be recorded.
        plan = match Plan::make(&paths, &settings) {
            Ok(plan) => plan,
            Err(exit) => return exit,
        };
        verdicts = judge_all(&plan);
    }
    let broken = plan.tell_findings();
    if plan.files.is_empty() {
        let hint = Some("files of tests are named `*.test.yml` and stand beside their rules");
        messages::error(&"there are no tests", hint);
        return WRONG_USE;
    }
    let mut output = Output::stdout();
    output.write(report(&plan, &verdicts, arguments.verbose).as_bytes());
    if arguments.coverage {
        let coverage = Coverage::of(&plan, &verdicts);
        output.write(format!("\n{}", coverage.report(&plan.loaded.rules)).as_bytes());
    }
    if broken || verdicts.iter().flatten().any(|verdict| !verdict.failures.is_empty()) {
        exit = exit.max(FOUND);
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

fn judge_all(plan: &Plan) -> Vec<Vec<Verdict>> {
    let of_file = |tests: &Tests| tests.samples.par_iter().map(|sample| judge(plan, tests, sample)).collect();
    plan.files.par_iter().map(of_file).collect()
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
