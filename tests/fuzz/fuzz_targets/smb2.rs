//! One SMB2 compound.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| rpcscope_wire::smb2::fuzz_smb2(bytes));
