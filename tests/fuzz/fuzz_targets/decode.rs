//! Frames to packets: link layers, tunnels and fragments.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| rpcscope_flow::fuzz_decode(bytes));
