//! An association, fed arbitrary pieces.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| rpcscope_session::fuzz::fuzz_association(bytes));
