//! Frames to events.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| rpcscope_engine::fuzz_engine(bytes));
