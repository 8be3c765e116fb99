//! What rule text looks for in bytes: a chain of steps, each of which may depend on where the one before was met.
//!
//! The evaluator goes back to the next place that meets a step when a later one fails, as far as a budget allows.

mod content;
mod number;
mod pcre;

pub(super) use content::{Content, Needle};
pub(super) use number::{
    Align, ByteOrder, Coding, Extract, Jump, MAX_DIGITS, NumberTest, Operator, Origin, Reading,
};
pub(super) use pcre::Pcre;

use crate::field::{Field, FieldId};
use crate::matcher::Comparison;
use crate::value::{FieldValue, Fields};

/// Steps that all must be met by the bytes of one field.
#[derive(Clone, Debug)]
pub(crate) struct Program {
    pub(super) steps: Vec<Step>,
    /// Which of the bytes it looks at.
    pub(super) section: Section,
    /// The field that says in which byte order the bytes are.
    pub(super) order: FieldId,
}

/// A part of a PDU.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Section {
    Whole,
    /// The common header ([C706] 12.6.3.1).
    Header,
    /// What follows the common header.
    Body,
}

/// One thing that must be met.
#[derive(Clone, Debug)]
pub(super) enum Step {
    Content(Content),
    Pcre(Pcre),
    Test(NumberTest),
    Jump(Jump),
    Extract(Extract),
    /// There are bytes up to an offset, or there are none.
    IsDataAt {
        offset: Value,
        relative: bool,
        negated: bool,
    },
    /// How many bytes there are: one of the comparisons of each list holds.
    Size(Vec<Vec<(Comparison, usize)>>),
}

/// A number of a rule, or one that an earlier step took from the bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Value {
    Number(i64),
    /// The variable of this position.
    Variable(usize),
}

impl Program {
    /// The byte order of numbers in what an event carries.
    pub(crate) fn byte_order(&self, event: &dyn Fields) -> ByteOrder {
        let values = event.values(&Field::Known(self.order));
        match values.first() {
            Some(FieldValue::Text(order)) if order == "big" => ByteOrder::Big,
            _ => ByteOrder::Little,
        }
    }

    /// The longest content that must be there, in some case: without it the steps are not met.
    pub(crate) fn literal(&self) -> Option<&[u8]> {
        self.steps.iter().filter_map(Step::literal).max_by_key(|bytes| bytes.len())
    }

    /// Whether the bytes meet all steps.
    pub(crate) fn holds(&self, bytes: &[u8], order: ByteOrder) -> bool {
        let header = bytes.len().min(HEADER_BYTES);
        let (head, body) = bytes.split_at(header);
        let bytes = match self.section {
            Section::Whole => bytes,
            Section::Header => head,
            Section::Body => body,
        };
        Run { steps: &self.steps, bytes, order, variables: [0; MAX_VARIABLES], budget: BUDGET }.from(0, 0)
    }
}

/// One evaluation.
struct Run<'a> {
    steps: &'a [Step],
    bytes: &'a [u8],
    /// Of the PDU.
    order: ByteOrder,
    variables: [i64; MAX_VARIABLES],
    /// What may still be spent, about one for each byte that is looked at. With nothing left no step is met.
    budget: usize,
}

impl Run<'_> {
    /// Whether the steps from `at` on are met, the last one before having ended at `cursor`.
    fn from(&mut self, at: usize, cursor: usize) -> bool {
        let steps = self.steps;
        let Some(step) = steps.get(at) else { return true };
        match step {
            Step::Content(content) => self.content(content, at, cursor),
            Step::Pcre(pcre) => self.pcre(pcre, at, cursor),
            Step::Test(test) => self.number_test(test, cursor) == Some(true) && self.from(at + 1, cursor),
            Step::Jump(jump) => match self.jump(jump, cursor) {
                Some(cursor) => self.from(at + 1, cursor),
                None => false,
            },
            Step::Extract(extract) => self.extract(extract, cursor).is_some() && self.from(at + 1, cursor),
            Step::IsDataAt { offset, relative, negated } => {
                let offset = self.value(*offset);
                let length = length(self.bytes);
                // As Suricata has it: a relative offset may be the end of the data, an absolute one is a byte of it.
                let is_there = if *relative {
                    length_of(cursor).saturating_add(offset) <= length
                } else {
                    offset < length
                };
                is_there != *negated && self.from(at + 1, cursor)
            }
            Step::Size(alternatives) => {
                let size = self.bytes.len();
                let holds = |all: &Vec<(Comparison, usize)>| {
                    all.iter().all(|(comparison, wanted)| comparison.holds(size.cmp(wanted)))
                };
                alternatives.iter().any(holds) && self.from(at + 1, cursor)
            }
        }
    }

    /// Whether a step after this one depends on where this one was met.
    fn matters(&self, at: usize) -> bool {
        for step in self.steps.iter().skip(at + 1) {
            match step {
                step if step.is_relative() => return true,
                Step::Content(content) if !content.negated => return false,
                Step::Pcre(pcre) if !pcre.negated => return false,
                Step::Jump(_) => return false,
                _ => {}
            }
        }
        false
    }

    fn value(&self, value: Value) -> i64 {
        match value {
            Value::Number(number) => number,
            Value::Variable(at) => self.variables.get(at).copied().unwrap_or(0),
        }
    }

    /// Spends some of the budget; false when it is used up.
    fn spend(&mut self, cost: usize) -> bool {
        match self.budget.checked_sub(cost.saturating_add(STEP_COST)) {
            Some(rest) => {
                self.budget = rest;
                true
            }
            None => {
                self.budget = 0;
                false
            }
        }
    }
}

impl Step {
    /// A content that must be there, in some case.
    pub(super) fn literal(&self) -> Option<&[u8]> {
        match self {
            Self::Content(content) if !content.negated => Some(content.needle.bytes()),
            _ => None,
        }
    }

    /// Whether it depends on where an earlier step was met.
    fn is_relative(&self) -> bool {
        match self {
            Self::Content(content) => content.is_relative(),
            Self::Pcre(pcre) => pcre.relative,
            Self::Test(test) => test.reading.relative,
            Self::Jump(jump) => jump.reading.relative,
            Self::Extract(extract) => extract.reading.relative,
            Self::IsDataAt { relative, .. } => *relative,
            Self::Size(_) => false,
        }
    }
}

fn length(bytes: &[u8]) -> i64 {
    length_of(bytes.len())
}

fn length_of(length: usize) -> i64 {
    i64::try_from(length).unwrap_or(i64::MAX)
}

/// Bytes of the common header ([C706] 12.6.3.1).
const HEADER_BYTES: usize = 16;
/// Variables of one chain.
pub(super) const MAX_VARIABLES: usize = 8;
/// Steps of one chain: each may call the next.
pub(super) const MAX_STEPS: usize = 128;
/// What an evaluation may spend. Without a limit a rule with several short contents would take time that grows with a power
/// of the length of a message that somebody made for it.
const BUDGET: usize = 4 << 20;
/// What a step costs beside the bytes that it looks at.
const STEP_COST: usize = 64;
