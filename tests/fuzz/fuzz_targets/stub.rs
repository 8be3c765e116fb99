//! The stub of a request and of a response.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| rpcscope_wire::stub::fuzz_stub(bytes));
