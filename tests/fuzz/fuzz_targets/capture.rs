//! A capture file: pcap, pcapng, compressed.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| rpcscope_capture::fuzz::fuzz_capture(bytes));
