//! What the tests of several crates share: reading frames and captures with the whole sensor, random conversations,
//! the transports that carry them, and what a test may compare.

pub mod carry;
pub mod corpus;
pub mod expectation;
pub mod manifest;
pub mod packs;
pub mod reading;
pub mod scenario;
pub mod told;

use proptest::test_runner::Config;

/// So many generated cases. A failure prints its shrunk input; nothing is written beside the tests.
pub fn cases(count: u32) -> Config {
    Config { failure_persistence: None, ..Config::with_cases(count) }
}
