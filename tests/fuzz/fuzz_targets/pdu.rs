//! One PDU.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| rpcscope_wire::dcerpc::fuzz_pdu(bytes));
