//! What DCOM adds to calls: headers, references, activation properties.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| rpcscope_wire::dcom::fuzz_dcom(bytes));
