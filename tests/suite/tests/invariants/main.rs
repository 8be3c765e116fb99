//! The invariants of the sensor (docs/ARCHITECTURE.md), each with generated cases.
//!
//! That the number of threads does not matter is tested with the binary, in `crates/cli/tests`.

mod encapsulation;
mod gaps;
mod segmentation;
mod transport;
