//! Tests of rules: what is to be found in which capture, and whether it was.

mod expectation;
mod nearest;
mod test_file;

pub use expectation::{Expectation, Told};
pub use nearest::{Near, Nearest};
pub use test_file::{Sample, SampleSource, TestFile};
