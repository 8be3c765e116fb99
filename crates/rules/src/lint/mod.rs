//! What is suspicious about rules that can be loaded: one file for each thing that is looked for.

mod attack_tag;
mod capture;
mod conjunction;
mod contradiction;
mod duplicate;
mod impossible_operation;
mod missing;
mod port_of_interface;
mod repeated_value;
mod slow_regex;

use crate::finding::{Finding, Place, Severity};
use crate::rule_set::{Rule, RuleSet};
use std::sync::Arc;

/// Something that is looked for in rules.
#[derive(Clone, Copy, Debug)]
pub struct Lint {
    /// Its name in output: words joined by `-`.
    pub name: &'static str,
    /// How much it matters.
    pub severity: Severity,
    /// What it is, in one sentence.
    pub meaning: &'static str,
    look: Look,
}

/// What is looked at.
#[derive(Clone, Copy, Debug)]
enum Look {
    /// Each rule.
    Rule(fn(&Rule, &mut Report<'_>)),
    /// All rules together.
    Set(fn(&RuleSet, &mut Report<'_>)),
}

/// All lints, in the order in which they are run.
pub fn lints() -> &'static [Lint] {
    &LINTS
}

/// The name of findings that the loader makes: what cannot be read, or names what there is not.
pub const LOADER: &str = "load";

/// Looks for everything that is suspicious in rules, in the order of the lints.
pub fn lint(rules: &RuleSet) -> Vec<Finding> {
    let mut findings = Vec::new();
    for lint in &LINTS {
        let mut report = Report { lint, findings: &mut findings };
        match lint.look {
            Look::Rule(look) => {
                let written = rules.rules().iter().filter(|rule| !rule.is_second_half());
                written.for_each(|rule| look(rule, &mut report));
            }
            Look::Set(look) => look(rules, &mut report),
        }
    }
    findings
}

/// Takes what a lint finds.
struct Report<'a> {
    lint: &'static Lint,
    findings: &'a mut Vec<Finding>,
}

impl Report<'_> {
    fn add(&mut self, file: &Arc<str>, place: Place, cause: impl Into<String>) -> &mut Finding {
        self.findings.push(Finding {
            file: file.clone(),
            place,
            severity: self.lint.severity,
            lint: self.lint.name,
            cause: cause.into(),
            hint: None,
        });
        self.findings.last_mut().expect("one was just put there")
    }
}

const fn of_rule(
    name: &'static str,
    severity: Severity,
    meaning: &'static str,
    look: fn(&Rule, &mut Report<'_>),
) -> Lint {
    Lint { name, severity, meaning, look: Look::Rule(look) }
}

const fn of_set(
    name: &'static str,
    severity: Severity,
    meaning: &'static str,
    look: fn(&RuleSet, &mut Report<'_>),
) -> Lint {
    Lint { name, severity, meaning, look: Look::Set(look) }
}

use Severity::{Note, Warning};

static LINTS: [Lint; 14] = [
    of_rule(
        "contradiction",
        Warning,
        "Conditions that no event meets at once: the rule, or a branch of it, never holds.",
        contradiction::look,
    ),
    of_rule(
        "impossible-operation",
        Warning,
        "An operation that the interface beside it does not have, or a number above its last one.",
        impossible_operation::look,
    ),
    of_rule(
        "port-of-interface",
        Warning,
        "A port on which the interface is not reached: 135 only tells where, objects have ports of their own.",
        port_of_interface::look,
    ),
    of_rule("repeated-value", Warning, "A value that is wanted twice.", repeated_value::look),
    of_rule(
        "slow-regex",
        Warning,
        "A regular expression that becomes very large: long counted repetitions of large classes.",
        slow_regex::look,
    ),
    of_set("duplicate-sid", Warning, "A signature id that several rules have.", duplicate::sid),
    of_set("duplicate-title", Warning, "A title that several rules have.", duplicate::title),
    of_rule(
        "attack-tag",
        Warning,
        "A tag that is no technique or tactic of ATT&CK, or one that was given up.",
        attack_tag::look,
    ),
    of_set(
        "capture-of-correlation",
        Warning,
        "A correlation that wants packets to be kept: its rules have to say so.",
        capture::of_correlation,
    ),
    of_rule(
        "capture-of-host",
        Note,
        "A rule that wants the packets of a host to be kept: those of the session are.",
        capture::of_host,
    ),
    of_rule("no-uuid", Warning, "An id that is no UUID, as Sigma wants it.", missing::uuid),
    of_set("no-id", Note, "A rule without an id: alerts cannot be traced to it over versions.", missing::id),
    of_set("no-level", Note, "A rule without a level: its alerts are of severity 3.", missing::level),
    of_set(
        "no-falsepositives",
        Note,
        "A rule that does not say what else could be behind it.",
        missing::false_positives,
    ),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Loader, Placeholders};

    /// The findings of one lint, as shown, for a rule about calls with this `detection`.
    pub(super) fn found(lint: &str, detection: &str) -> Vec<String> {
        found_in(
            lint,
            &format!(
                "title: T\nlogsource: {{product: rpcscope, service: call}}\ndetection: {{{detection}}}\n"
            ),
        )
    }

    pub(super) fn found_in(lint: &str, text: &str) -> Vec<String> {
        let mut loader = Loader::new(Placeholders::new());
        loader.add("a.yml", text);
        let (set, findings) = loader.finish();
        assert!(findings.iter().all(|finding| finding.severity != Severity::Error), "{findings:?}");
        let found = super::lint(&set);
        found.iter().filter(|finding| finding.lint == lint).map(ToString::to_string).collect()
    }

    #[test]
    fn lints_have_names_of_their_own_and_say_what_they_are() {
        let mut names: Vec<&str> = lints().iter().map(|lint| lint.name).collect();
        assert!(lints().iter().all(|lint| lint.meaning.ends_with('.') && lint.name != LOADER));
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), lints().len());
    }
}
