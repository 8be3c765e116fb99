//! The verdicts of `rpcscope-rules` are those of the oracles, but for known faults of these.

use rpcscope_sigma_oracles::engine::{Oracle, load_ours};
use rpcscope_sigma_oracles::event::Event;
use rpcscope_sigma_oracles::faults::{FAULTS, REFUSALS};
use rpcscope_sigma_oracles::random::Random;
use rpcscope_sigma_oracles::rule::{self, Rule};
use rpcscope_sigma_oracles::sample;
use std::collections::BTreeMap;
use std::path::Path;

/// What a comparison found.
#[derive(Default)]
struct Report {
    /// Verdicts that were compared, and how many of them were that the rule holds.
    compared: usize,
    held: usize,
    /// Verdicts that an oracle without any fault there agrees with.
    binding: usize,
    /// How often one fault alone explains a difference, by position.
    faults: BTreeMap<usize, usize>,
    refusals: BTreeMap<usize, usize>,
    /// What nothing explains.
    unexplained: Vec<String>,
}

impl Report {
    fn compare(&mut self, rules: &[Rule], events_of_each: usize, random: &mut Random) {
        let (expressions, findings) = load_ours(rules);
        if expressions.len() < rules.len() {
            self.unexplained.push(findings);
        }
        for rule in rules {
            let Some(ours) = expressions.get(&rule.name) else {
                self.unexplained.push(format!("we refuse {}: {}\n", rule.name, rule.detection));
                continue;
            };
            let mut oracles = Vec::new();
            for oracle in Oracle::ALL {
                match oracle.load(&rule.text) {
                    Ok(loaded) => oracles.push((oracle, loaded)),
                    Err(cause) => self.refused(rule, oracle, &cause),
                }
            }
            for _ in 0..events_of_each {
                let event = sample(rule, random);
                let verdict = ours.holds(&event);
                self.compared += 1;
                self.held += usize::from(verdict);
                let mut bound = false;
                for (oracle, loaded) in &oracles {
                    let faults = concerned(rule, *oracle, &event);
                    bound |= faults.is_empty();
                    if loaded.holds(&event) != verdict {
                        self.differs(rule, *oracle, &event, verdict, &faults);
                    }
                }
                self.binding += usize::from(bound);
            }
        }
    }

    fn refused(&mut self, rule: &Rule, oracle: Oracle, cause: &str) {
        let concerned = REFUSALS
            .iter()
            .enumerate()
            .filter(|(_, refusal)| refusal.oracle == oracle && (refusal.concerns)(rule));
        let concerned: Vec<usize> = concerned.map(|(at, _)| at).collect();
        match concerned.as_slice() {
            [] => self
                .unexplained
                .push(format!("{oracle} refuses {}: {cause}\n{}\n", rule.name, rule.detection)),
            [alone] => *self.refusals.entry(*alone).or_default() += 1,
            _ => {}
        }
    }

    fn differs(&mut self, rule: &Rule, oracle: Oracle, event: &Event, verdict: bool, faults: &[usize]) {
        match faults {
            [] => {
                let (name, detection, event) = (&rule.name, &rule.detection, event.json());
                self.unexplained
                    .push(format!("we say {verdict}, not so {oracle}: {name}\n{detection}\n{event}\n"));
            }
            [alone] => *self.faults.entry(*alone).or_default() += 1,
            _ => {}
        }
    }

    fn assert_explained(&self) {
        let shown: String = self.unexplained.iter().take(SHOWN).map(|found| format!("{found}\n")).collect();
        assert!(self.unexplained.is_empty(), "{} differences:\n{shown}", self.unexplained.len());
    }
}

/// The faults of an oracle that concern a rule and an event, by position.
fn concerned(rule: &Rule, oracle: Oracle, event: &Event) -> Vec<usize> {
    let faults = FAULTS.iter().enumerate().filter(|(_, fault)| {
        let concerns = |item: &rule::Item| {
            let value = item.field.as_ref().and_then(|field| event.0.get(field));
            (fault.concerns)(item, value, event)
        };
        fault.oracle == oracle && rule.items.iter().any(concerns)
    });
    faults.map(|(at, _)| at).collect()
}

/// Differences that a failure shows.
const SHOWN: usize = 20;

#[test]
fn generated_rules_have_the_same_verdicts() {
    let mut random = Random::new(1);
    let rules = rule::generated(3_000, &mut random);
    let mut report = Report::default();
    report.compare(&rules, 25, &mut random);
    report.assert_explained();
    let Report { compared, held, binding, .. } = report;
    println!(
        "{compared} verdicts compared, {binding} with an oracle that has no fault there; {held} times the rule holds"
    );
    let share = held * 100 / compared;
    assert!((20..80).contains(&share), "{share} % of the verdicts are that the rule holds");
    assert!(binding * 2 > compared, "only {binding} of {compared} verdicts have an oracle without fault");
    for (at, fault) in FAULTS.iter().enumerate() {
        assert!(
            report.faults.contains_key(&at),
            "no difference shows: {}, {}",
            fault.oracle,
            fault.construct
        );
    }
    for (at, refusal) in REFUSALS.iter().enumerate() {
        assert!(report.refusals.contains_key(&at), "not refused: {}, {}", refusal.oracle, refusal.construct);
    }
}

#[test]
fn published_rules_have_the_same_verdicts() {
    let Some(folder) = std::env::var_os("RPCSCOPE_SIGMA") else {
        eprintln!("skipped: RPCSCOPE_SIGMA names no folder of published rules");
        return;
    };
    let rules = rule::published(Path::new(&folder)).expect("a folder of rules");
    assert!(!rules.is_empty(), "no rules in {}", folder.display());
    let mut report = Report::default();
    report.compare(&rules, 400, &mut Random::new(2));
    report.assert_explained();
    assert!(report.held * 10 > report.compared, "{} of {} hold", report.held, report.compared);
}
