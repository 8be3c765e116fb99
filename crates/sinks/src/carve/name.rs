//! What carved files are called.

use crate::clock;
use crate::text::push_display;
use rpcscope_model::CarveId;

/// The name of the file that a session is carved to:
/// `20260102T030405.678901Z-4103022-10.0.0.5-10.0.0.9-51.pcapng`, which is time, signature id, client, server and flow of
/// the first alert. Nothing but letters, digits, `.`, `-` and, in place of the colons of IPv6 addresses, `_`.
pub fn carved_file_name(id: &CarveId) -> String {
    let mut name = Vec::new();
    clock::push_compact(&mut name, id.time);
    for part in [&id.sid as &dyn std::fmt::Display, &id.client, &id.server, &id.flow_id] {
        name.push(b'-');
        push_display(&mut name, part);
    }
    name.extend_from_slice(EXTENSION.as_bytes());
    name.iter_mut().filter(|byte| **byte == b':').for_each(|byte| *byte = b'_');
    String::from_utf8(name).expect("digits, addresses and signs are ASCII")
}

/// Whether a file of this name was carved: others in the same folder are none of our business.
pub(super) fn is_carved(name: &str) -> bool {
    let Some((time, rest)) = name.split_once("Z-") else { return false };
    let is_time = time.len() == TIME_SHAPE.len()
        && time.bytes().zip(TIME_SHAPE.bytes()).all(|(byte, shape)| match shape {
            b'0' => byte.is_ascii_digit(),
            _ => byte == shape,
        });
    let parts = rest.strip_suffix(EXTENSION).map(|rest| rest.split('-').collect::<Vec<_>>());
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    is_time && matches!(parts.as_deref(), Some([sid, _, _, flow]) if is_number(sid) && is_number(flow))
}

const EXTENSION: &str = ".pcapng";

/// What a time looks like; 0 stands for any digit.
const TIME_SHAPE: &str = "00000000T000000.000000";

#[cfg(test)]
mod tests {
    use super::*;
    use rpcscope_model::{Address, Timestamp};

    pub(crate) fn id(client: &str) -> CarveId {
        let address = |text: &str| Address::from(text.parse::<std::net::IpAddr>().expect("an address"));
        CarveId {
            time: Timestamp(1_767_323_045_678_901_234),
            sid: 4_103_022,
            client: address(client),
            server: address("10.0.0.9"),
            flow_id: 51,
        }
    }

    #[test]
    fn names_are_readable_and_safe() {
        let name = carved_file_name(&id("10.0.0.5"));
        assert_eq!(name, "20260102T030405.678901Z-4103022-10.0.0.5-10.0.0.9-51.pcapng");
        let name = carved_file_name(&id("fe80::1"));
        assert_eq!(name, "20260102T030405.678901Z-4103022-fe80__1-10.0.0.9-51.pcapng");
        assert!(is_carved(&name));
    }

    #[test]
    fn files_of_others_are_told_apart() {
        for name in [
            "case.pcapng",
            "20260102T030405.678901Z-4103022-10.0.0.5-10.0.0.9-51.pcap",
            "20260102T030405.678901Z-evidence-10.0.0.5-10.0.0.9-51.pcapng",
            "20260102T030405.678901Z-4103022-10.0.0.5-10.0.0.9-51-copy.pcapng",
            "2026-01-02T03:04:05Z-4103022-10.0.0.5-10.0.0.9-51.pcapng",
            "Z-.pcapng",
            "",
        ] {
            assert!(!is_carved(name), "{name}");
        }
    }
}
