//! PDUs directly over TCP, framed and found again after losses.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| rpcscope_session::fuzz::fuzz_connection(
    rpcscope_session::Protocol::Rpc,
    bytes
));
