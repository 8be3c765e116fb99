//! Rule text of Suricata and Snort, from text to alerts.

mod flowbits;
mod hostile;
mod keywords;
mod kpn;
mod malformed;
mod messages;
#[path = "../sigma/support.rs"]
#[allow(dead_code)]
mod support;
