//! TCP segments of one connection.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| rpcscope_flow::fuzz_reassemble(bytes));
