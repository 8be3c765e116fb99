//! The engines behind one interface.

use crate::event::Event;
use crate::rule::Rule;
use rpcscope_rules::{Expression, Loader, Placeholders};
use std::collections::HashMap;
use std::{fmt, panic};

/// An engine to compare with.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Oracle {
    /// `rsigma-parser` and `rsigma-eval`.
    Rsigma,
    /// `sigma-rust`.
    SigmaRust,
}

impl Oracle {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Rsigma, Self::SigmaRust];

    /// Loads a rule; why not, otherwise.
    pub fn load(self, text: &str) -> Result<Loaded, String> {
        match self {
            Self::Rsigma => {
                let collection = rsigma_parser::parse_sigma_yaml(text).map_err(|error| error.to_string())?;
                let rule = collection.rules.first().ok_or_else(|| collection.errors.join("; "))?;
                let compiled = rsigma_eval::compile_rule(rule).map_err(|error| error.to_string())?;
                Ok(Loaded::Rsigma(Box::new(compiled)))
            }
            Self::SigmaRust => {
                let rule = panic::catch_unwind(|| sigma_rust::rule_from_yaml(text));
                let rule = rule.map_err(|_| "it panics".to_owned())?.map_err(|error| error.to_string())?;
                Ok(Loaded::SigmaRust(Box::new(rule)))
            }
        }
    }
}

impl fmt::Display for Oracle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Rsigma => "rsigma",
            Self::SigmaRust => "sigma-rust",
        })
    }
}

/// A rule in an oracle.
pub enum Loaded {
    /// In `rsigma-eval`.
    Rsigma(Box<rsigma_eval::CompiledRule>),
    /// In `sigma-rust`.
    SigmaRust(Box<sigma_rust::Rule>),
}

impl Loaded {
    /// Whether the rule holds for an event.
    ///
    /// # Panics
    /// When the oracle cannot read the event, which is a JSON object.
    pub fn holds(&self, event: &Event) -> bool {
        let json = event.json();
        match self {
            Self::Rsigma(rule) => {
                rsigma_eval::evaluate_rule(rule, &rsigma_eval::JsonEvent::borrow(&json)).is_some()
            }
            Self::SigmaRust(rule) => {
                rule.is_match(&sigma_rust::Event::try_from(json).expect("an object is an event"))
            }
        }
    }
}

/// Loads rules with `rpcscope-rules`: what each, by its name, wants; and the findings.
pub fn load_ours(rules: &[Rule]) -> (HashMap<String, Expression>, String) {
    let mut loader = Loader::new(Placeholders::new()).with_foreign_rules();
    for rule in rules {
        loader.add(&rule.name, &rule.text);
    }
    let (loaded, findings) = loader.finish();
    let expressions = loaded.rules().iter().map(|rule| (rule.file.to_string(), rule.expression.clone()));
    (expressions.collect(), findings.iter().map(|finding| format!("{finding}\n")).collect())
}
