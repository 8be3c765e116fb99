//! Texts that end up in fields of two bytes.

use super::error::ScenarioError;
use super::fields::{Fields, Parsed, text};
use crate::ntlm::Ntlm;
use rpcscope_text::Node;

/// A name of at most 255 bytes: users, domains, computers, pipes, servers.
pub(crate) fn limited(node: &Node) -> Parsed<&str> {
    let typed = text(node)?;
    if typed.len() > LONGEST_NAME {
        let cause = format!("this name has {} bytes, the limit is {LONGEST_NAME}", typed.len());
        return Err(ScenarioError::new(node.place, cause));
    }
    Ok(typed)
}

/// Who authenticates: `user: CORP\alice` or `user: alice` with `domain`, and `workstation`.
pub(crate) fn user(node: &Node) -> Parsed<Ntlm> {
    user_of(Fields::new(node, "user")?)
}

/// The same from a map of which other keys were read.
pub(crate) fn user_of(fields: Fields<'_>) -> Parsed<Ntlm> {
    let name = fields.get("user", limited)?.unwrap_or("CORP\\alice");
    let (domain, name) = name.split_once('\\').map_or((None, name), |(domain, name)| (Some(domain), name));
    let domain = fields.get("domain", limited)?.or(domain).unwrap_or("CORP");
    let workstation = fields.get("workstation", limited)?.unwrap_or("WS1");
    fields.finish()?;
    Ok(Ntlm::new(domain, name, workstation))
}

/// Longest name, in bytes.
const LONGEST_NAME: usize = 255;
