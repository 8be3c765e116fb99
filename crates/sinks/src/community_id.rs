//! Community id: one name of a connection for all tools that see it.

use rpcscope_model::Endpoint;
use sha1::{Digest, Sha1};
use std::net::IpAddr;

/// IP protocol number of TCP.
pub(crate) const TCP: u8 = 6;
/// IP protocol number of UDP.
pub(crate) const UDP: u8 = 17;

const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Appends the community id, version 1, of a connection between `one` and `other`, in whichever order.
///
/// Source: the Community ID Flow Hashing specification, version 1: SHA-1 over seed, lower endpoint's address, higher
/// endpoint's address, protocol, a zero byte and both ports, in network byte order, as base64.
pub(crate) fn push(out: &mut Vec<u8>, seed: u16, protocol: u8, one: Endpoint, other: Endpoint) {
    let (low, high) = if one <= other { (one, other) } else { (other, one) };
    // Two of seed, twice up to 16 of address, two of protocol and padding, four of ports.
    let mut bytes = [0u8; 40];
    let mut length = 0;
    let mut append = |part: &[u8]| {
        for (to, from) in bytes.iter_mut().skip(length).zip(part) {
            *to = *from;
        }
        length += part.len();
    };
    append(&seed.to_be_bytes());
    for endpoint in [low, high] {
        match endpoint.address.to_ip() {
            IpAddr::V4(ip) => append(&ip.octets()),
            IpAddr::V6(ip) => append(&ip.octets()),
        }
    }
    append(&[protocol, 0]);
    append(&low.port.to_be_bytes());
    append(&high.port.to_be_bytes());
    out.extend_from_slice(b"1:");
    push_base64(out, &Sha1::digest(bytes.get(..length).unwrap_or_default()));
}

/// Appends bytes as base64 with padding ([RFC 4648] 4).
fn push_base64(out: &mut Vec<u8>, bytes: &[u8]) {
    for group in bytes.chunks(3) {
        let bits = group.iter().chain(&[0, 0]).take(3).fold(0u32, |bits, byte| bits << 8 | u32::from(*byte));
        for position in 0..4usize {
            let digit = (bits >> (18 - 6 * position)) & 0x3f;
            let character = BASE64.get(digit as usize).copied().unwrap_or(b'=');
            out.push(if position <= group.len() { character } else { b'=' });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rpcscope_model::Address;

    fn endpoint(ip: &str, port: u16) -> Endpoint {
        Endpoint::new(Address::from(ip.parse::<IpAddr>().expect("an address")), port)
    }

    fn id(seed: u16, protocol: u8, one: Endpoint, other: Endpoint) -> String {
        let mut out = Vec::new();
        push(&mut out, seed, protocol, one, other);
        String::from_utf8(out).expect("ASCII")
    }

    #[test]
    fn ids_agree_with_the_specification_in_both_directions() {
        let (client, server) = (endpoint("128.232.110.120", 34855), endpoint("66.35.250.204", 80));
        assert_eq!(id(0, TCP, client, server), "1:LQU9qZlK+B5F3KDmev6m5PMibrg=");
        assert_eq!(id(0, TCP, server, client), "1:LQU9qZlK+B5F3KDmev6m5PMibrg=");
        assert_eq!(id(1, TCP, client, server), "1:3V71V58M3Ksw/yuFALMcW0LAHvc=");
        let (client, server) = (endpoint("192.168.1.52", 54585), endpoint("8.8.8.8", 53));
        assert_eq!(id(0, UDP, client, server), "1:d/FP5EW3wiY1vCndhwleRRKHowQ=");
    }

    #[test]
    fn base64_is_padded() {
        for (bytes, text) in [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg==")]
        {
            let mut out = Vec::new();
            push_base64(&mut out, bytes.as_bytes());
            assert_eq!(String::from_utf8(out).expect("ASCII"), text);
        }
    }
}
