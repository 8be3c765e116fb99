//! Challenge and response as password crackers read them, for those who ask for it.

use super::ntlmssp::{Authenticate, PROOF_BYTES};
use crate::utf16::Text;
use rpcscope_model::NtlmVersion;
use std::fmt::Write;

impl Authenticate<'_> {
    /// One line, without its end, that lets a password be tried offline: the NetNTLM formats that hashcat numbers 5500
    /// (version 1) and 5600 (version 2) and John the Ripper calls `netntlm` and `netntlmv2`.
    ///
    /// This is a secret. `None` when there is no response of these versions, when part of it is missing, or when a name
    /// cannot stand in a line: the names are part of what is hashed, and so are written as they are or not at all.
    pub fn crackable_line(&self, server_challenge: &[u8; 8]) -> Option<String> {
        let (lm, nt) = (self.lm_response, self.nt_response);
        if nt.missing() > 0 || lm.missing() > 0 {
            return None;
        }
        let mut line = String::new();
        push_name(&mut line, self.user)?;
        line.push_str("::");
        push_name(&mut line, self.domain)?;
        match self.ntlm_version()? {
            NtlmVersion::V2 => {
                let (proof, client_challenge) = nt.bytes.split_at_checked(PROOF_BYTES)?;
                for part in [server_challenge, proof, client_challenge] {
                    line.push(':');
                    push_hex(&mut line, part)?;
                }
            }
            NtlmVersion::V1 | NtlmVersion::V1Extended => {
                for part in [lm.bytes, nt.bytes, server_challenge] {
                    line.push(':');
                    push_hex(&mut line, part)?;
                }
            }
            NtlmVersion::Lm => return None,
        }
        Some(line)
    }
}

/// Appends a name that has nothing in it that would end a field or a line, or that was not read as it is.
fn push_name(line: &mut String, name: Option<Text<'_>>) -> Option<()> {
    let Some(name) = name else {
        return Some(());
    };
    if !name.complete || name.bytes.len() > MAX_NAME_BYTES {
        return None;
    }
    for c in name.chars() {
        if c == ':' || c.is_control() || c == char::REPLACEMENT_CHARACTER {
            return None;
        }
        line.push(c);
    }
    Some(())
}

fn push_hex(line: &mut String, bytes: &[u8]) -> Option<()> {
    bytes.iter().try_for_each(|byte| write!(line, "{byte:02x}")).ok()
}

/// Bytes of a name. Those that anybody has are shorter.
const MAX_NAME_BYTES: usize = 1024;
