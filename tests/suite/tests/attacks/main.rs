//! Attacks on the sensor: floods through a whole sensor with rules. Each keeps anonymous memory bounded, calls that are
//! made meanwhile and afterwards are told rightly and alert, and what was forgotten is counted.
//!
//! An ordinary run sends a small part of each flood to a sensor whose tables are as much smaller; `RPCSCOPE_FULL=1` sends
//! all of it to one of full size, which takes some minutes in a release build:
//!
//! ```text
//! RPCSCOPE_FULL=1 cargo test --release -p rpcscope-suite --test attacks -- --nocapture --test-threads 1
//! ```
//!
//! Each test prints a line: frames, nanoseconds for each in the first and in the last tenth, and memory. Nothing fails
//! on a time.

mod alerts;
mod calls;
mod connections;
mod frames;
mod pipes;
mod process;
mod segments;
mod sensor;
