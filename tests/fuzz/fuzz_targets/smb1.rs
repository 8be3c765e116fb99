//! One SMB1 message.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| rpcscope_wire::smb1::fuzz_smb1(bytes));
