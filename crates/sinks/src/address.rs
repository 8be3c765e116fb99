//! Network addresses as text.

use crate::decimal;
use rpcscope_model::Address;
use std::net::IpAddr;

/// Appends a network address as text.
pub(crate) fn push(out: &mut Vec<u8>, address: Address) {
    match address.to_ip() {
        IpAddr::V4(ip) => {
            let [a, b, c, d] = ip.octets();
            [a, b, c].into_iter().for_each(|octet| decimal::push_ended(out, octet.into(), b'.'));
            decimal::push(out, d.into());
        }
        IpAddr::V6(ip) => push_groups(out, &ip.segments()),
    }
}

/// Appends the groups of an IPv6 address as hexadecimal numbers, of which the first longest run of zeros is left out
/// ([RFC 5952] 4).
fn push_groups(out: &mut Vec<u8>, groups: &[u16; 8]) {
    let (mut longest, mut run) = (0..1, 0..0);
    for (at, group) in groups.iter().enumerate() {
        run = if *group == 0 { run.start..at + 1 } else { at + 1..at + 1 };
        if run.len() > longest.len() {
            longest = run.clone();
        }
    }
    for (at, group) in groups.iter().enumerate() {
        if longest.len() < 2 || !longest.contains(&at) {
            decimal::push_hex_ended(out, *group, b':');
        } else if at == longest.start {
            out.extend_from_slice(if at == 0 { b"::" } else { b":" });
        }
    }
    if longest.len() < 2 || longest.end < groups.len() {
        out.pop();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn addresses_agree_with_the_standard_library(groups: [u16; 8], zeros: u8, small: u8) {
            let mut groups = groups;
            for (at, group) in groups.iter_mut().enumerate() {
                *group >>= if small >> at & 1 == 1 { 12 } else { 0 };
                *group *= u16::from(zeros >> at & 1);
            }
            let mut out = Vec::new();
            push_groups(&mut out, &groups);
            let ip = std::net::Ipv6Addr::from(groups);
            prop_assume!(ip.to_ipv4_mapped().is_none());
            prop_assert_eq!(String::from_utf8(out).expect("ASCII"), ip.to_string());
        }
    }
}
