//! Sigma rules from text to verdict.

mod correlations;
mod indexed;
mod malformed;
mod published;
mod semantics;
mod sources;
mod specification;
mod support;
