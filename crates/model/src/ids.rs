//! Identifiers of the RPC protocol.

use std::fmt;
use uuid::Uuid;

/// Names a presentation context within one association (`p_cont_id`, [C706] 12.6.3.1).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Debug)]
pub struct ContextId(pub u16);

/// Pairs a request with its reply within one association (`call_id`, [C706] 12.6.3.1).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Debug)]
pub struct CallId(pub u32);

/// Number of an operation within its interface.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Debug)]
pub struct Opnum(pub u16);

/// An interface or a transfer syntax with its version (`p_syntax_id_t`, [C706] 12.6.3.1).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Debug)]
pub struct SyntaxId {
    /// The UUID.
    pub uuid: Uuid,
    /// Major version.
    pub major: u16,
    /// Minor version.
    pub minor: u16,
}

impl fmt::Display for SyntaxId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} v{}.{}", self.uuid, self.major, self.minor)
    }
}

/// The NDR transfer syntax, version 2 ([C706] 14, appendix I).
pub const NDR: Uuid = Uuid::from_u128(0x8a885d04_1ceb_11c9_9fe8_08002b104860);
/// The NDR64 transfer syntax, version 1 ([MS-RPCE] 2.2.5).
pub const NDR64: Uuid = Uuid::from_u128(0x71710533_beba_4937_8319_b5dbef9ccc36);

/// The features that a bind-time feature negotiation offers, when `uuid` is one ([MS-RPCE] 2.2.2.14).
///
/// The last eight bytes of the UUID are a bit mask: 1 multiple security contexts, 2 keep connection on orphan.
pub fn bind_time_feature_negotiation(uuid: Uuid) -> Option<u64> {
    const PREFIX: [u8; 8] = [0x6c, 0xb7, 0x1c, 0x2c, 0x98, 0x12, 0x45, 0x40];
    let (prefix, mask) = uuid.as_bytes().split_at(8);
    (prefix == PREFIX).then(|| mask.iter().rev().fold(0, |bits, byte| bits << 8 | u64::from(*byte)))
}

/// Authentication service of a security context (`auth_type`, [MS-RPCE] 2.2.1.1.7). Unknown values survive.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct AuthType(pub u8);

impl AuthType {
    /// The name used in output, or `None` for a number that no standard names.
    pub const fn name(self) -> Option<&'static str> {
        Some(match self.0 {
            0x00 => "none",
            0x01 => "dce_private",
            0x02 => "dce_public",
            0x09 => "SPNEGO",
            0x0a => "NTLMSSP",
            0x0e => "Schannel",
            0x10 => "Kerberos",
            0x11 => "DPA",
            0x12 => "MSN",
            0x14 => "kernel",
            0x15 => "Digest",
            0x1e => "NegoExtender",
            0x1f => "PKU2U",
            0x44 => "Netlogon",
            0x64 => "MQ",
            0xff => "default",
            _ => return None,
        })
    }
}

/// Protection of a security context (`auth_level`, [MS-RPCE] 2.2.1.1.8). Unknown values survive.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct AuthLevel(pub u8);

impl AuthLevel {
    /// Not authenticated.
    pub const NONE: Self = Self(1);
    /// Authenticated once, at connect.
    pub const CONNECT: Self = Self(2);
    /// Every PDU is authenticated.
    pub const PKT: Self = Self(4);
    /// Every PDU is signed.
    pub const PKT_INTEGRITY: Self = Self(5);
    /// Every PDU is signed and its stub is encrypted.
    pub const PKT_PRIVACY: Self = Self(6);

    /// The name used in output, or `None` for a number that no standard names.
    pub const fn name(self) -> Option<&'static str> {
        Some(match self.0 {
            0 => "default",
            1 => "none",
            2 => "connect",
            3 => "call",
            4 => "pkt",
            5 => "pkt_integrity",
            6 => "pkt_privacy",
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn feature_negotiation_is_told_from_its_prefix() {
        let offered = Uuid::from_u128(0x6cb71c2c_9812_4540_0300_000000000000);
        assert_eq!(bind_time_feature_negotiation(offered), Some(3));
        assert_eq!(bind_time_feature_negotiation(NDR), None);
    }
}
