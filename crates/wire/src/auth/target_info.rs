//! What a server says about itself in its NTLM challenge, and a client repeats in its response.

use crate::utf16::{Encoding, Text};
use crate::{ByteOrder, Data, Reader};

/// A sequence of AV_PAIR structures ([MS-NLMP] 2.2.2.1).
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct AvPairs<'a>(pub(super) Data<'a>);

/// What a pair says. Unknown values survive.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct AvId(pub u16);

#[allow(missing_docs)]
impl AvId {
    pub const EOL: Self = Self(0);
    pub const NB_COMPUTER_NAME: Self = Self(1);
    pub const NB_DOMAIN_NAME: Self = Self(2);
    pub const DNS_COMPUTER_NAME: Self = Self(3);
    pub const DNS_DOMAIN_NAME: Self = Self(4);
    pub const DNS_TREE_NAME: Self = Self(5);
    pub const FLAGS: Self = Self(6);
    pub const TIMESTAMP: Self = Self(7);
    pub const SINGLE_HOST: Self = Self(8);
    pub const TARGET_NAME: Self = Self(9);
    pub const CHANNEL_BINDINGS: Self = Self(10);
}

/// What the pairs say. Of a pair that is there twice, the first counts.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct TargetInfo<'a> {
    /// NetBIOS name of the server.
    pub nb_computer: Option<Text<'a>>,
    /// NetBIOS name of its domain.
    pub nb_domain: Option<Text<'a>>,
    /// DNS name of the server.
    pub dns_computer: Option<Text<'a>>,
    /// DNS name of its domain.
    pub dns_domain: Option<Text<'a>>,
    /// DNS name of its forest.
    pub dns_tree: Option<Text<'a>>,
    /// 1 the account is constrained, 2 the response has an integrity code, 4 the name of the target is from a source
    /// that is not trusted.
    pub flags: Option<u32>,
    /// The server's time, in units of 100 ns since 1601.
    pub timestamp: Option<u64>,
    /// The service principal that the client wants to reach; in a response only.
    pub target_name: Option<Text<'a>>,
    /// A hash of the TLS channel around the authentication, all zeros for none; in a response only.
    pub channel_bindings: Option<[u8; 16]>,
}

impl<'a> AvPairs<'a> {
    /// The pairs up to the terminator, as far as they are there, at most [`MAX_AV_PAIRS`].
    pub fn iter(&self) -> impl Iterator<Item = (AvId, Data<'a>)> + use<'a> {
        let mut rest = self.0;
        let pairs = std::iter::from_fn(move || {
            let mut reader = Reader::new("ntlmssp av_pair", ByteOrder::Little, rest.bytes);
            let id = AvId(reader.u16("AvId").ok()?);
            let length = usize::from(reader.u16("AvLen").ok()?);
            let value = Data::locate(rest.bytes, rest.length, 4, length);
            rest = rest.skip(4 + value.length);
            (id != AvId::EOL).then_some((id, value))
        });
        pairs.take(MAX_AV_PAIRS)
    }

    /// What the pairs say.
    pub fn target_info(&self) -> TargetInfo<'a> {
        let mut info = TargetInfo::default();
        for (id, value) in self.iter() {
            let text =
                || Text { bytes: value.bytes, encoding: Encoding::Utf16, complete: value.missing() == 0 };
            match id {
                AvId::NB_COMPUTER_NAME => _ = info.nb_computer.get_or_insert_with(text),
                AvId::NB_DOMAIN_NAME => _ = info.nb_domain.get_or_insert_with(text),
                AvId::DNS_COMPUTER_NAME => _ = info.dns_computer.get_or_insert_with(text),
                AvId::DNS_DOMAIN_NAME => _ = info.dns_domain.get_or_insert_with(text),
                AvId::DNS_TREE_NAME => _ = info.dns_tree.get_or_insert_with(text),
                AvId::TARGET_NAME => _ = info.target_name.get_or_insert_with(text),
                AvId::FLAGS => {
                    info.flags = info.flags.or(value.bytes.first_chunk().copied().map(u32::from_le_bytes));
                }
                AvId::TIMESTAMP => {
                    let timestamp = value.bytes.first_chunk().copied().map(u64::from_le_bytes);
                    info.timestamp = info.timestamp.or(timestamp);
                }
                AvId::CHANNEL_BINDINGS => {
                    info.channel_bindings = info.channel_bindings.or(value.bytes.first_chunk().copied());
                }
                _ => {}
            }
        }
        info
    }
}

/// Pairs that are read. There are eleven kinds; a message could hold 16,000 empty pairs.
pub const MAX_AV_PAIRS: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    fn info(bytes: &[u8]) -> TargetInfo<'_> {
        AvPairs(Data { bytes, length: bytes.len() }).target_info()
    }

    #[test]
    fn pairs_are_read_up_to_the_terminator() {
        let bytes = [
            2, 0, 4, 0, b'L', 0, b'B', 0, // NetBIOS domain
            6, 0, 4, 0, 2, 0, 0, 0, // flags
            7, 0, 8, 0, 1, 2, 0, 0, 0, 0, 0, 0, // time
            0, 0, 0, 0, // end
            1, 0, 2, 0, b'X', 0,
        ];
        let info = info(&bytes);
        assert_eq!(info.nb_domain.map(|name| name.to_string()).as_deref(), Some("LB"));
        assert_eq!((info.flags, info.timestamp, info.nb_computer), (Some(2), Some(0x201), None));
    }

    #[test]
    fn the_first_of_two_equal_pairs_counts() {
        let info = info(&[1, 0, 2, 0, b'A', 0, 1, 0, 2, 0, b'B', 0]);
        assert_eq!(info.nb_computer.map(|name| name.to_string()).as_deref(), Some("A"));
    }

    #[test]
    fn a_value_ends_with_the_pairs() {
        let info = info(&[1, 0, 0xff, 0xff, b'A', 0]);
        assert!(info.nb_computer.is_some_and(|name| name.to_string() == "A" && name.complete));
        let cut = AvPairs(Data { bytes: &[1, 0, 4, 0, b'A', 0], length: 8 }).target_info();
        assert!(cut.nb_computer.is_some_and(|name| !name.complete));
    }

    #[test]
    fn a_flood_of_pairs_ends() {
        let flood = [[5_u8, 0, 0, 0]; 10_000].concat();
        assert_eq!(AvPairs(Data { bytes: &flood, length: flood.len() }).iter().count(), MAX_AV_PAIRS);
    }
}
