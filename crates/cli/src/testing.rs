//! Tests of rules: captures replayed, and what rules said compared with what they were to say.

pub(crate) mod coverage;
pub(crate) mod junit;
pub(crate) mod plan;
pub(crate) mod sample_run;
pub(crate) mod update;
pub(crate) mod verdict;
