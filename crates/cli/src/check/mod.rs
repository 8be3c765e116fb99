//! `rpcscope check`: what is wrong with rules, before they run.

mod fields;
mod fix;
mod json;
mod sarif;
mod text;
mod untested;

use crate::args::{Check, CheckFormat};
use crate::exit::{DONE, Exit, FOUND};
use crate::output::{self, Output};
use crate::rule_files::{self, Loaded};
use crate::settings;
use rpcscope_rules::Severity;
use std::path::{Path, PathBuf};

pub(crate) fn run(arguments: &Check) -> Exit {
    if arguments.fields {
        return print(&match arguments.format {
            CheckFormat::Text => fields::text(),
            CheckFormat::Json | CheckFormat::Sarif => fields::json(),
        });
    }
    let paths = rule_files::paths(&arguments.rules);
    if arguments.fix
        && let Err(failed) = fix::mend(&paths)
    {
        return rule_files::tell_unreadable(&[failed]);
    }
    let settings = match settings::load(arguments.settings.as_deref(), &paths) {
        Ok(settings) => settings,
        Err(exit) => return exit,
    };
    let mut loaded = match rule_files::load(&paths, &settings) {
        Ok(loaded) => loaded,
        Err(failed) => return rule_files::tell_unreadable(&failed),
    };
    loaded.findings.extend(rpcscope_rules::lint(&loaded.rules));
    if arguments.tests {
        match untested::findings(&loaded, &paths, &settings) {
            Ok(findings) => loaded.findings.extend(findings),
            Err(exit) => return exit,
        }
    }
    loaded.findings.sort_by(|a, b| (&a.file, a.place, &a.cause).cmp(&(&b.file, b.place, &b.cause)));
    let page = match arguments.format {
        CheckFormat::Text => text::page(&loaded),
        CheckFormat::Json => json::page(&loaded),
        CheckFormat::Sarif => sarif::page(&loaded),
    };
    let printed = print(&page);
    let counted = if arguments.strict { Severity::Warning } else { Severity::Error };
    let wrong = loaded.findings.iter().any(|finding| finding.severity <= counted);
    printed.max(if wrong { FOUND } else { DONE })
}

/// Writes to standard output.
fn print(page: &str) -> Exit {
    let mut output = Output::stdout();
    output.write(page.as_bytes());
    output.finish(output::STANDARD)
}

/// How many rules were loaded, correlations included.
fn rules(loaded: &Loaded) -> usize {
    loaded.rules.count()
}

/// A path with slashes, on every system.
fn slashed(path: &str) -> String {
    Path::new(path).components().collect::<PathBuf>().to_string_lossy().replace('\\', "/")
}
