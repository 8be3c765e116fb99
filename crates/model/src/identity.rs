//! Who a client says it is, to whom, and what the server said to it.

use crate::{AuthType, Text};
use std::fmt;

/// What the tokens of one authentication say, those of both directions together.
///
/// A client *claims* to be somebody; whether the server believed it is in `result`, as far as the tokens tell. Without
/// SPNEGO they do not tell for NTLM: then the status of the SMB session setup or the fate of the first call does.
/// What no token said is `None`. Nothing here is secret: challenges and responses are not part of it.
///
/// Bounded: texts hold at most [`Identity::MAX_NAME_CHARS`] characters of the wire.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Identity {
    /// The service that authenticates: NTLMSSP, Kerberos, Netlogon or Schannel, also when SPNEGO carried its tokens.
    pub auth_type: Option<AuthType>,
    /// Whether SPNEGO carried the tokens.
    pub spnego: bool,
    /// The user. Kerberos encrypts it; there it is known from an error message only.
    pub user: Option<Text>,
    /// The domain of the user, or of the machine for a Netlogon secure channel.
    pub domain: Option<Text>,
    /// The client's machine, as the client calls it.
    pub workstation: Option<Text>,
    /// The version of the client's operating system, as the client says it. Tools make it up.
    pub os_version: Option<OsVersion>,
    /// Whether the client asked for no identity at all ([MS-NLMP] 3.2.5.1.2).
    pub anonymous: bool,
    /// Whether the server took the client for a guest (SMB).
    pub guest: bool,
    /// How the client proved to know the password (NTLM).
    pub ntlm_version: Option<NtlmVersion>,
    /// The realm of the service that the client asked for (Kerberos).
    pub realm: Option<Text>,
    /// The service principal that the client asked for, such as `cifs/dc1.lab.test`: of the Kerberos ticket, or of
    /// the NTLM version 2 response (`MsvAvTargetName`, [MS-NLMP] 2.2.2.1).
    pub service: Option<Text>,
    /// What the Kerberos messages say besides.
    pub kerberos: Option<Kerberos>,
    /// How the server names itself (NTLM).
    pub server: ServerIdentity,
    /// What the server said to the claim.
    pub result: Option<AuthResult>,
}

/// Whether what lets passwords be tried offline may leave the sensor.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum Secrets {
    /// It never does.
    #[default]
    Withheld,
    /// Authentications tell it: somebody who investigates has asked for it.
    Told,
}

/// How a server names itself in its NTLM challenge ([MS-NLMP] 2.2.1.2).
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ServerIdentity {
    /// The domain that the server is a member of, or its own name when there is none (`TargetName`).
    pub target: Option<Text>,
    /// NetBIOS name of the server.
    pub nb_computer: Option<Text>,
    /// NetBIOS name of its domain.
    pub nb_domain: Option<Text>,
    /// DNS name of the server.
    pub dns_computer: Option<Text>,
    /// DNS name of its domain.
    pub dns_domain: Option<Text>,
    /// DNS name of its forest.
    pub dns_tree: Option<Text>,
    /// Version of its operating system.
    pub os_version: Option<OsVersion>,
}

/// What is in clear in the Kerberos messages of one authentication.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Kerberos {
    /// How the ticket is encrypted, with the key of the service.
    pub ticket_encryption: Option<EncryptionType>,
    /// How the authenticator is encrypted, with the session key.
    pub authenticator_encryption: Option<EncryptionType>,
    /// Whether the client wants the server to authenticate, too (`mutual-required`).
    pub mutual: bool,
    /// Whether the ticket is encrypted with the session key of the server's own ticket (`use-session-key`).
    pub session_key: bool,
    /// The error code of a KRB-ERROR message ([RFC4120] 7.5.9).
    pub error: Option<i32>,
}

/// What the server said to a claim.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum AuthResult {
    /// It accepted it.
    Accepted,
    /// It rejected it.
    Rejected,
}

/// How an NTLM client proves to know the password ([MS-NLMP] 3.3).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum NtlmVersion {
    /// With the LAN Manager response only.
    Lm,
    /// NTLM version 1.
    V1,
    /// NTLM version 1 with extended session security, where the client adds a challenge of its own.
    V1Extended,
    /// NTLM version 2.
    V2,
}

/// Version of an operating system as NTLM carries it ([MS-NLMP] 2.2.2.10).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct OsVersion {
    /// Major version; 10 since Windows 10.
    pub major: u8,
    /// Minor version.
    pub minor: u8,
    /// Build number.
    pub build: u16,
}

/// An encryption type of Kerberos ([RFC3961] 8). Unknown values survive.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct EncryptionType(pub i32);

impl Identity {
    /// Characters of one name. The longest DNS name has 255.
    pub const MAX_NAME_CHARS: usize = 256;

    /// Whether the tokens name a user, a machine or a service, or say that there is nobody to name.
    pub const fn says_who(&self) -> bool {
        self.anonymous || self.user.is_some() || self.workstation.is_some() || self.service.is_some()
    }
}

impl AuthResult {
    /// The word used in output.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Rejected => "rejected",
        }
    }
}

impl NtlmVersion {
    /// The name used in output.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Lm => "LM",
            Self::V1 => "NTLMv1",
            Self::V1Extended => "NTLMv1-ESS",
            Self::V2 => "NTLMv2",
        }
    }
}

impl EncryptionType {
    /// The name used in output, or `None` for a number that is not in use.
    pub const fn name(self) -> Option<&'static str> {
        Some(match self.0 {
            1 => "des-cbc-crc",
            2 => "des-cbc-md4",
            3 => "des-cbc-md5",
            16 => "des3-cbc-sha1",
            17 => "aes128-cts-hmac-sha1-96",
            18 => "aes256-cts-hmac-sha1-96",
            19 => "aes128-cts-hmac-sha256-128",
            20 => "aes256-cts-hmac-sha384-192",
            23 => "rc4-hmac",
            24 => "rc4-hmac-exp",
            _ => return None,
        })
    }
}

impl fmt::Display for OsVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.build)
    }
}

impl fmt::Display for EncryptionType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "{}", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_encryption_type_keeps_its_number() {
        assert_eq!(EncryptionType(18).to_string(), "aes256-cts-hmac-sha1-96");
        assert_eq!(EncryptionType(-135).to_string(), "-135");
    }

    #[test]
    fn nobody_is_an_answer_and_nothing_is_none() {
        assert!(!Identity::default().says_who());
        assert!(Identity { anonymous: true, ..Identity::default() }.says_who());
        let service = Some(Text::whole("cifs/dc1.lab.test"));
        assert!(Identity { service, ..Identity::default() }.says_who());
    }
}
