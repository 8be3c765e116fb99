//! Rule text of Suricata and Snort, on a message.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| rpcscope_rules::fuzz_rule_text(bytes));
