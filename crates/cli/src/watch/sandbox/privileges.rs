//! Users and capabilities.

use super::Refused;
use caps::{CapSet, Capability, CapsHashSet};
use nix::unistd::{self, User};
use std::fmt;

/// What is left of the privileges.
#[derive(Debug)]
pub(super) struct Kept {
    user: String,
    capabilities: Vec<Capability>,
}

/// The privilege to open an interface.
const NEEDED: Capability = Capability::CAP_NET_RAW;

/// Becomes a user, when the process is run by root, and gives up all capabilities but the one that opens interfaces.
pub(super) fn reduce(user: Option<&str>) -> Result<Kept, Refused> {
    let had: CapsHashSet = capabilities(CapSet::Permitted)?;
    if let Some(name) = user {
        become_user(name)?;
    }
    let kept: CapsHashSet = had.into_iter().filter(|capability| *capability == NEEDED).collect();
    let refused = |error| Refused::new("give up capabilities", error);
    // What stands in the bounding set could be had again by running another program, which the filter of system calls
    // forbids anyway; it needs a privilege of its own to be cleared.
    if caps::has_cap(None, CapSet::Effective, Capability::CAP_SETPCAP).map_err(refused)? {
        caps::clear(None, CapSet::Bounding).map_err(refused)?;
    }
    caps::clear(None, CapSet::Ambient).map_err(refused)?;
    caps::set(None, CapSet::Effective, &kept).map_err(refused)?;
    caps::set(None, CapSet::Permitted, &kept).map_err(refused)?;
    caps::set(None, CapSet::Inheritable, &CapsHashSet::new()).map_err(refused)?;
    let uid = unistd::geteuid();
    let user = User::from_uid(uid).ok().flatten().map_or_else(|| uid.to_string(), |user| user.name);
    Ok(Kept { user, capabilities: kept.into_iter().collect() })
}

/// Becomes another user with its groups, and keeps the capabilities that the process has.
fn become_user(name: &str) -> Result<(), Refused> {
    let refused = |error: &dyn fmt::Display| Refused::new("change the user", format!("{name}: {error}"));
    let found = User::from_name(name).map_err(|error| refused(&error))?;
    let Some(user) = found else {
        let mut refused = refused(&"no such user");
        refused.hint =
            Some("make one: useradd --system --home-dir /nonexistent --shell /usr/sbin/nologin NAME");
        return Err(refused);
    };
    if unistd::geteuid() == user.uid {
        return Ok(());
    }
    if !unistd::geteuid().is_root() {
        return Err(refused(&"only root can become another user"));
    }
    caps::securebits::set_keepcaps(true).map_err(|error| refused(&error))?;
    unistd::setgroups(&[user.gid]).map_err(|error| refused(&error))?;
    unistd::setgid(user.gid).map_err(|error| refused(&error))?;
    unistd::setuid(user.uid).map_err(|error| refused(&error))?;
    // They are kept as permitted ones; the change of the user takes their effect away.
    let permitted = capabilities(CapSet::Permitted)?;
    caps::set(None, CapSet::Effective, &permitted).map_err(|error| refused(&error))?;
    caps::securebits::set_keepcaps(false).map_err(|error| refused(&error))
}

fn capabilities(set: CapSet) -> Result<CapsHashSet, Refused> {
    caps::read(None, set).map_err(|error| Refused::new("read capabilities", error))
}

impl fmt::Display for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "user {}", self.user)?;
        match self.capabilities.as_slice() {
            [] => f.write_str(", no capability"),
            kept => kept.iter().try_for_each(|capability| write!(f, ", {capability}")),
        }
    }
}
