//! `rpcscope rules`: which rules there are, and what they look for.

mod list;
mod show;

use crate::args::{Rules, RulesVerb, RulesWhere};
use crate::exit::Exit;
use crate::output::{self, Output};
use crate::rule_files::{self, Loaded};
use crate::{messages, settings};
use rpcscope_rules::{RuleSet, Settings, Severity};
use std::path::PathBuf;

pub(crate) fn run(arguments: &Rules) -> Exit {
    let page = match &arguments.verb {
        RulesVerb::List(list) => load(&list.rules).map(|(loaded, _, _)| list::page(&loaded, list.format)),
        RulesVerb::Show(show) => load(&show.rules)
            .and_then(|(loaded, paths, settings)| show::page(&loaded, &show.name, &paths, &settings)),
    };
    let page = match page {
        Ok(page) => page,
        Err(exit) => return exit,
    };
    let mut output = Output::stdout();
    output.write(page.as_bytes());
    output.finish(output::STANDARD)
}

/// Loads rules, with the paths and settings that were used. What is wrong is left out, and said in a word.
fn load(wanted: &RulesWhere) -> Result<(Loaded, Vec<PathBuf>, Settings), Exit> {
    let paths = rule_files::paths(&wanted.rules);
    let settings = settings::load(wanted.settings.as_deref(), &paths)?;
    let loaded =
        rule_files::load(&paths, &settings).map_err(|failed| rule_files::tell_unreadable(&failed))?;
    let errors = rule_files::counted(loaded.count(Severity::Error), "error");
    if loaded.count(Severity::Error) > 0 {
        messages::warning(&format_args!("{errors} in the rules; `rpcscope check` tells all"));
    }
    Ok((loaded, paths, settings))
}

/// The techniques of ATT&CK that a rule names.
fn techniques(rules: &RuleSet, position: usize) -> Vec<String> {
    let signature = match rules.rules().get(position) {
        Some(rule) => Some(&rule.signature),
        None => correlation(rules, position).map(|correlation| &correlation.signature),
    };
    let metadata = signature.into_iter().flat_map(|signature| &signature.metadata);
    let techniques = metadata.filter(|(name, _)| name == "mitre_technique_id");
    techniques.flat_map(|(_, values)| values.clone()).collect()
}

/// The correlation at a position; `None` when a rule is there.
fn correlation(rules: &RuleSet, position: usize) -> Option<&rpcscope_rules::Correlation> {
    rules.correlations().get(position.checked_sub(rules.rules().len())?)
}

/// The events that a rule is about, in short: `rpcscope/call`.
fn source(rules: &RuleSet, position: usize) -> String {
    let Some(rule) = rules.rules().get(position) else { return "correlation".to_owned() };
    match rule.source.service.or(rule.source.category) {
        Some(service) => format!("{}/{service}", rule.source.product),
        None => rule.source.product.to_owned(),
    }
}
