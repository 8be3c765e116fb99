//! Tokens of one authentication.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| rpcscope_wire::auth::fuzz_auth(bytes));
