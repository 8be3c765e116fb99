//! An RPC over HTTP connection.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| rpcscope_session::fuzz::fuzz_connection(
    rpcscope_session::Protocol::Http,
    bytes
));
