//! Sigma: rules, correlations and filters as their files have them.

mod condition;
mod correlation;
mod detection;
mod document;
mod filter;
mod lower;
mod lower_value;
mod modifier;
mod operation_names;
mod placeholders;

pub use correlation::{Alias, Correlation, CorrelationKind, Criterion};
pub(crate) use correlation::{AliasText, CorrelationText};
pub(crate) use detection::{Detections, Item, Scalar};
pub(crate) use document::{Body, Document, Source, parse};
pub use document::{Capture, Level, Meta, Status};
pub(crate) use filter::Effect;
pub(crate) use filter::{Filter, Targets};
pub(crate) use lower::Lowering;
pub(crate) use lower::find_field;
pub(crate) use modifier::{Chain, Form};
pub(crate) use operation_names::OperationNames;
pub use placeholders::Placeholders;
