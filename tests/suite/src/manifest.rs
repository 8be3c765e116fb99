//! The list of the project's own captures.

use crate::corpus::workspace;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// `pcaps/MANIFEST.yaml`.
#[derive(Deserialize, Debug)]
pub struct Manifest {
    /// One entry for each file.
    pub captures: Vec<Entry>,
}

/// One capture.
#[derive(Deserialize, Debug)]
pub struct Entry {
    /// Name of the file.
    pub file: String,
    /// What can be seen in it.
    pub shows: String,
    /// How it was recorded.
    pub command: String,
    /// What decrypts it: accounts of the lab.
    #[serde(default)]
    pub secrets: Secrets,
    /// SHA-256 of the file, in hexadecimal.
    pub sha256: String,
    /// What Wireshark's dissectors find in it.
    pub claims: Claims,
}

/// Accounts whose passwords decrypt a capture.
#[derive(Deserialize, Default, Debug)]
#[serde(default)]
pub struct Secrets {
    /// Domain of `user`.
    pub domain: String,
    /// The account that most clients use.
    pub user: String,
    /// Its password.
    pub password: String,
    /// Other accounts, with their passwords.
    pub accounts: BTreeMap<String, String>,
}

/// What a capture shows.
#[derive(Deserialize, Debug)]
pub struct Claims {
    /// Calls, counted by transport, operation and outcome.
    pub calls: Vec<ClaimedCalls>,
    /// Type and level of authentication, such as `NTLMSSP pkt_privacy`.
    pub auth: Vec<String>,
    /// Names of the transfer syntaxes that servers accepted.
    pub transfer_syntaxes: Vec<String>,
    /// Presentation contexts that servers rejected.
    pub rejected: Vec<ClaimedRejection>,
    /// Reasons of bind_nak PDUs.
    pub bind_naks: Vec<u16>,
    /// Statuses of faults, in hexadecimal.
    pub faults: Vec<String>,
    /// Number of encrypted SMB3 messages.
    pub smb_encrypted: u64,
}

/// Calls of one operation with one outcome.
#[derive(Deserialize, PartialEq, Eq, PartialOrd, Ord, Clone, Debug)]
pub struct ClaimedCalls {
    /// The protocol sequence, with the version of SMB for pipes: `ncacn_np/smb2`.
    pub transport: String,
    /// The catalogue's name of the interface, or its UUID.
    pub interface: String,
    /// UUID of the interface.
    pub uuid: String,
    /// The catalogue's name of the operation, or its number.
    pub operation: String,
    /// Number of the operation.
    pub opnum: u16,
    /// What became of the calls.
    pub outcome: String,
    /// How many there are.
    pub count: u64,
}

/// A presentation context that a server rejected.
#[derive(Deserialize, PartialEq, Eq, PartialOrd, Ord, Clone, Debug)]
pub struct ClaimedRejection {
    /// The catalogue's name of the interface, or its UUID.
    pub interface: String,
    /// UUID of the interface.
    pub uuid: String,
    /// Result ([C706] 12.6.4.4).
    pub result: u16,
    /// Reason.
    pub reason: u16,
}

/// The folder of the project's own captures.
pub fn own_captures() -> PathBuf {
    workspace().join("pcaps")
}

/// Reads the list.
pub fn manifest() -> Manifest {
    let path = own_captures().join("MANIFEST.yaml");
    let text = std::fs::read_to_string(&path).expect("the list of captures");
    serde_yaml::from_str(&text).expect("a list of captures as this file describes it")
}
