//! Objects of WMI.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| rpcscope_wire::wmi::fuzz_wmi(bytes));
