//! Rule languages, one compiled rule set, verdicts on events.
//!
//! [`Loader`] takes the text of Sigma files and of rule files of Suricata and Snort, and makes a [`RuleSet`]; every finding
//! has its place. [`RuleSet::each_match`]
//! says which rules hold for an event; [`Expression::trace`] says why, with the same evaluator.
//!
//! Rules are trusted more than packets but not blindly: nesting, sizes of regular expressions and products of lists are
//! bounded. Matching takes time linear in the size of an event for each condition; nothing in an event makes it fail.

mod content_index;
mod correlate;
mod demand;
mod encode;
mod expression;
mod field;
mod filter_expression;
mod finding;
mod glob;
mod keeps;
mod lint;
mod loader;
mod matcher;
mod outline;
mod pattern;
mod proof;
mod rule_set;
mod settings;
mod sigma;
mod signature;
mod suricata;
mod trace;
mod value;
mod watch;
mod word_index;
mod yaml;

pub use correlate::{Correlator, Moved};
pub use demand::Key;
pub use expression::{Expression, Test};
pub use field::{EventType, Field, FieldId, Kind, Known, LogSource, Naming, log_sources};
pub use filter_expression::parse_filter;
pub use finding::{Finding, Place, Severity};
pub use keeps::Keeps;
pub use lint::{LOADER, Lint, lint, lints};
pub use loader::Loader;
pub use matcher::{Comparison, Number};
pub use proof::{Expectation, Near, Nearest, Sample, SampleSource, TestFile, Told};
pub(crate) use rule_set::Signed;
pub use rule_set::{Rule, RuleSet};
pub use settings::Settings;
pub use sigma::{Alias, Capture, Correlation, CorrelationKind, Criterion, Level, Meta, Placeholders, Status};
pub use suricata::{
    Action, Change, Fixed, Flowbit, Party, RuleText, Tag, Threshold, ThresholdKind, Track, Unit, fix,
    fuzz_rule_text,
};
pub use trace::{Step, Trace};
pub use value::{FieldValue, FieldValues, Fields};
pub use watch::Watch;
