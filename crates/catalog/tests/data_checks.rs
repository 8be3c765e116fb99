//! Runs the tests of the build script: Cargo does not, and they stand next to the code that they test.

#[path = "../build/main.rs"]
#[allow(dead_code, reason = "the entry point of the build script is not called here")]
mod build;
