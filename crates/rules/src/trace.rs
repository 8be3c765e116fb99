//! Why a rule held for an event, or did not.

use crate::finding::Place;
use std::fmt;
use std::sync::Arc;

/// One condition with what came of it, and the conditions that it is made of.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Trace {
    /// The condition.
    pub step: Step,
    /// Whether it held.
    pub held: bool,
    /// The conditions that it is made of, in the order of the rule.
    pub parts: Vec<Trace>,
}

/// A condition.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Step {
    /// All parts must hold.
    All,
    /// One part must hold.
    Any,
    /// The part must not hold.
    Not,
    /// A selection of the rule.
    Named(Arc<str>),
    /// A condition on a field.
    Test {
        /// Where the rule has it.
        place: Place,
        /// The field with its modifiers, as the rule has it.
        field: Box<str>,
        /// Whether all of the wanted are wanted, or one of them.
        all: bool,
        /// What was wanted.
        wanted: Vec<Box<str>>,
        /// What the event had; empty when it does not have the field, `None` for keywords, which look everywhere.
        seen: Option<Vec<String>>,
    },
}

impl Trace {
    /// Conditions on fields that held, and all of them: how near an event came.
    pub fn nearness(&self) -> (usize, usize) {
        let own = match self.step {
            Step::Test { .. } => (usize::from(self.held), 1),
            _ => (0, 0),
        };
        self.parts.iter().map(Self::nearness).fold(own, |sum, part| (sum.0 + part.0, sum.1 + part.1))
    }

    /// Calls `visit` with each condition on a field.
    pub fn each_test(&self, visit: &mut impl FnMut(&Step)) {
        if let Step::Test { .. } = self.step {
            visit(&self.step);
        }
        self.parts.iter().for_each(|part| part.each_test(visit));
    }

    /// Calls `visit` with each condition on a field that decided: had it come out differently, so had the whole.
    pub fn each_decisive(&self, visit: &mut impl FnMut(&Step)) {
        match self.step {
            Step::Test { .. } => visit(&self.step),
            Step::Not | Step::Named(_) => self.parts.iter().for_each(|part| part.each_decisive(visit)),
            Step::All | Step::Any => {
                // What is wanted of all the others, so that one part decides.
                let neutral = matches!(self.step, Step::All);
                let against = self.parts.iter().filter(|part| part.held != neutral).count();
                for part in &self.parts {
                    if against == usize::from(part.held != neutral) {
                        part.each_decisive(visit);
                    }
                }
            }
        }
    }

    fn show(&self, f: &mut fmt::Formatter<'_>, depth: usize) -> fmt::Result {
        let mark = if self.held { '+' } else { '-' };
        write!(f, "{:indent$}{mark} ", "", indent = depth * 2)?;
        match &self.step {
            Step::All => writeln!(f, "all of")?,
            Step::Any => writeln!(f, "one of")?,
            Step::Not => writeln!(f, "not")?,
            Step::Named(name) => writeln!(f, "{name}")?,
            Step::Test { place, field, all, wanted, seen } => {
                write!(f, "{field} (line {}): wanted ", place.line)?;
                match wanted.as_slice() {
                    [] => f.write_str("one of an empty list")?,
                    wanted => list(f, wanted, if *all { " and " } else { " or " })?,
                }
                match seen.as_deref() {
                    None => {}
                    Some([]) => f.write_str(", the event has none")?,
                    Some(seen) => {
                        f.write_str(", seen ")?;
                        list(f, seen, ", ")?;
                    }
                }
                writeln!(f)?;
            }
        }
        self.parts.iter().try_for_each(|part| part.show(f, depth + 1))
    }
}

fn list(f: &mut fmt::Formatter<'_>, texts: &[impl AsRef<str>], between: &str) -> fmt::Result {
    for (at, text) in texts.iter().take(SHOWN).enumerate() {
        let text = text.as_ref();
        let cut = text.char_indices().nth(SHOWN_CHARS).map_or(text.len(), |(at, _)| at);
        let (head, rest) = text.split_at(cut);
        write!(
            f,
            "{}`{head}{}`",
            if at == 0 { "" } else { between },
            if rest.is_empty() { "" } else { "…" }
        )?;
    }
    match texts.len().saturating_sub(SHOWN) {
        0 => Ok(()),
        more => write!(f, "{between}{more} more"),
    }
}

impl fmt::Display for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.show(f, 0)
    }
}

/// Builds a trace while an expression is evaluated.
#[derive(Default)]
pub(crate) struct Recorder {
    /// The parts, so far, of each condition that is being evaluated. The last entry is the innermost.
    open: Vec<Vec<Trace>>,
    done: Option<Trace>,
}

impl Recorder {
    pub(crate) fn open(&mut self) {
        self.open.push(Vec::new());
    }

    pub(crate) fn close(&mut self, step: Step, held: bool) {
        let trace = Trace { step, held, parts: self.open.pop().unwrap_or_default() };
        match self.open.last_mut() {
            Some(parts) => parts.push(trace),
            None => self.done = Some(trace),
        }
    }

    pub(crate) fn finish(self) -> Trace {
        self.done.expect("an evaluation closes what it opens")
    }
}

/// Values that are shown of a list.
const SHOWN: usize = 8;
/// Characters that are shown of a value.
const SHOWN_CHARS: usize = 120;
